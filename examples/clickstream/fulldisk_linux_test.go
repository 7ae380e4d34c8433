package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// limitVariable makes this test binary run the program under a limit on the size of files, which fails writes
// just as a full disk does.
const limitVariable = "CLICKSTREAM_TEST_FILE_LIMIT"

func TestMain(m *testing.M) {
	if os.Getenv(limitVariable) == "" {
		os.Exit(m.Run())
	}
	limit := syscall.Rlimit{Cur: 1 << 17, Max: 1 << 17}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		panic(err)
	}
	main()
}

func TestFullDisk_leaves_the_previous_output(t *testing.T) {
	dir := t.TempDir()
	reported(t, "-out", dir, "-events", "2000")
	before := tree(t, dir)
	large := filepath.Join(t.TempDir(), "large")
	reported(t, "-out", large, "-events", "30000")
	input := filepath.Join(large, "input", "events.ndjson")

	cmd := exec.CommandContext(t.Context(), os.Args[0], "-out", dir, input)
	cmd.Env = append(os.Environ(), limitVariable+"=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, string(out))
	require.Equal(t, exitIO, exit.ExitCode(), string(out))
	require.Contains(t, string(out), "file too large")
	require.Equal(t, before, tree(t, dir))
}
