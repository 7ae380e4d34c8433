package doclint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/millrace-go/millrace/internal/doclint"
)

// TestTheModuleIsDocumented runs every rule over this module. Each line of a failure is one thing to mend;
// the package comment says what each rule demands and why.
func TestTheModuleIsDocumented(t *testing.T) {
	findings, err := doclint.Check(os.DirFS(moduleRoot(t)), doclint.House())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Errorf("%v", f)
	}
	if len(findings) > 0 {
		t.Logf("%d findings", len(findings))
	}
}

// moduleRoot is the nearest folder above the test's own that has a go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatalf("no go.mod above the test")
		}
		dir = parent
	}
}
