package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	out := []string{}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestFile_CommitReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	f, err := Create(path)
	require.NoError(t, err)
	require.True(t, IsTemp(filepath.Base(f.Name())), f.Name())
	_, err = f.Write([]byte("new bytes"))
	require.NoError(t, err)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(got), "before Commit")
	require.NoError(t, f.Commit())
	got, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new bytes", string(got))
	require.Equal(t, []string{"a"}, names(t, dir))

	require.ErrorIs(t, f.Commit(), fs.ErrClosed)
	require.NoError(t, f.Abort())
	require.NoError(t, f.Close())
	_, err = f.Write([]byte("x"))
	require.ErrorIs(t, err, fs.ErrClosed)
	require.Equal(t, []string{"a"}, names(t, dir), "Abort after Commit removes nothing")
}

func TestFile_AbortLeavesTarget(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	f, err := Create(path)
	require.NoError(t, err)
	_, err = f.Write([]byte("new"))
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, f.Abort())
		require.NoError(t, f.Close())
	}
	require.ErrorIs(t, f.Commit(), fs.ErrClosed)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(got))
	require.Equal(t, []string{"a"}, names(t, dir))
}

func TestFile_MissingDirectory(t *testing.T) {
	_, err := Create(filepath.Join(t.TempDir(), "no", "such"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// Every step that can fail before the rename leaves the old file and no temp file.
func TestFile_FaultAtEachStep(t *testing.T) {
	boom := errors.New("boom")
	for _, op := range []Op{OpCreate, OpWrite, OpSync, OpRename} {
		t.Run(string(op), func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a")
			require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
			err := func() error {
				f, err := CreateFaulty(path, func(at Op, _ string) error {
					if at == op {
						return boom
					}
					return nil
				})
				if err != nil {
					return err
				}
				defer f.Abort()
				if n, err := f.Write([]byte("0123456789")); err != nil {
					require.Equal(t, 5, n, "a full disk takes a part")
					_, again := f.Write([]byte("more"))
					require.Equal(t, err, again, "the first error stays")
				}
				return f.Commit()
			}()
			require.ErrorIs(t, err, boom)
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, "old", string(got))
			require.Equal(t, []string{"a"}, names(t, dir))
		})
	}
}

func TestDiskFull(t *testing.T) {
	full := errors.New("no space left")
	f, err := CreateFaulty(filepath.Join(t.TempDir(), "a"), DiskFull(2, full))
	require.NoError(t, err)
	defer f.Abort()
	for range 2 {
		_, err = f.Write([]byte("x"))
		require.NoError(t, err)
	}
	_, err = f.Write([]byte("x"))
	require.ErrorIs(t, err, full)
	require.ErrorIs(t, f.Commit(), full)
}

func TestIsTemp(t *testing.T) {
	for name, want := range map[string]bool{
		".millrace-1-2.tmp": true, TempName("x"): true,
		"a.tmp": false, ".millrace": false, ".millrace-1": false, "x.millrace-1.tmp": false,
	} {
		require.Equal(t, want, IsTemp(name), name)
	}
}
