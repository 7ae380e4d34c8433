package readmetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// block returns the fenced code that follows the marker in README.md.
func block(t *testing.T, marker string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "<!-- "+marker+" -->")
	require.True(t, ok, "README.md has no marker %q", marker)
	_, rest, ok = strings.Cut(rest, "```")
	require.True(t, ok, "no fence after marker %q", marker)
	_, rest, ok = strings.Cut(rest, "\n")
	require.True(t, ok)
	code, _, ok := strings.Cut(rest, "```")
	require.True(t, ok, "fence after marker %q is not closed", marker)
	return code
}

// consumer makes a module that depends on this checkout by a replace directive and holds one file.
func consumer(t *testing.T, file, code string) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	dir := t.TempDir()
	mod := fmt.Sprintf("module example.com/consumer\n\ngo 1.26\n\nrequire github.com/millrace-go/millrace v0.0.0\n\nreplace github.com/millrace-go/millrace => %s\n", root)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o600))
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(code), 0o600))
	return dir
}

func goTool(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestProgram_runs_as_shown(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program of another module")
	}
	dir := consumer(t, "main.go", block(t, "test:program"))
	out, err := goTool(t, dir, "run", ".")
	require.NoError(t, err, out)
	require.Equal(t, block(t, "test:program-output"), out)
	requireLight(t, dir)
}

// light is what a program with stream, dedup and session may build beside the standard library and this module: what
// the README names.
var light = []string{
	"github.com/millrace-go/millrace/", "github.com/klauspost/compress/", "github.com/cenkalti/backoff/v5", "golang.org/x/sys/",
}

// requireLight proves that the program builds nothing else.
func requireLight(t *testing.T, dir string) {
	t.Helper()
	deps, err := goTool(t, dir, "list", "-deps", ".")
	require.NoError(t, err, deps)
	for dep := range strings.Lines(deps) {
		host, _, _ := strings.Cut(strings.TrimSpace(dep), "/")
		if strings.Contains(host, ".") && !strings.HasPrefix(dep, "example.com/consumer") {
			ours := slices.ContainsFunc(light, func(prefix string) bool { return strings.HasPrefix(dep, prefix) })
			require.True(t, ours, "a package of somebody else: %s", dep)
		}
	}
}

// The failing test that README shows fails as shown.
func TestFailingDiff_is_as_shown(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program of another module")
	}
	dir := consumer(t, "sales_test.go", block(t, "test:failing"))
	out, err := goTool(t, dir, "test", ".")
	require.Error(t, err, "the test of the README passes:\n%s", out)
	for line := range strings.Lines(block(t, "test:failing-output")) {
		require.Contains(t, out, strings.TrimSpace(line))
	}
}
