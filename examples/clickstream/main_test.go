package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// outcome is what a run of the program left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// start runs the program in this process, with an environment of its own.
func start(ctx context.Context, env map[string]string, stdin io.Reader, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, func(name string) string { return env[name] }, stdin, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// reported runs the program with -json and returns its report; the run must go well.
func reported(t *testing.T, args ...string) report {
	t.Helper()
	got := start(t.Context(), nil, nil, append([]string{"-json"}, args...)...)
	require.Equal(t, exitOK, got.code, got.stderr)
	var r report
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &r))
	return r
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// tree lists the files below dir with their contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[rel] = string(text)
		return err
	})
	require.NoError(t, err)
	return files
}

// requireNoTemps proves that a run left nothing behind but its output and the lock files of datasets.
func requireNoTemps(t *testing.T, dir string) {
	t.Helper()
	for name := range tree(t, dir) {
		base := filepath.Base(name)
		if base != ".millrace.lock" {
			require.False(t, strings.HasPrefix(base, ".") || strings.HasSuffix(base, ".tmp"), "left behind: %s", name)
		}
	}
}
