package validate

import (
	"os"
	"path/filepath"
	"testing"
)

// testdata finds shared test data, or skips the test: in the folder MILLRACE_TESTDATA, or beside the module in
// ../shared.
func testdata(t *testing.T, path ...string) string {
	t.Helper()
	root := os.Getenv("MILLRACE_TESTDATA")
	if root == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			if dir == filepath.Dir(dir) {
				t.Fatal("no go.mod above the test")
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(filepath.Dir(dir), "shared")
	}
	name := filepath.Join(append([]string{root}, path...)...)
	if _, err := os.Stat(name); err != nil {
		t.Skipf("no shared test data: set MILLRACE_TESTDATA to a folder with %s", filepath.Join(path...))
	}
	return name
}
