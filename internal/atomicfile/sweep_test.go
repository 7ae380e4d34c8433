package atomicfile

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("ATOMICFILE_TEST_WRITER"); path != "" {
		f, err := Create(path)
		if err != nil {
			os.Exit(3)
		}
		f.Write([]byte("half"))
		os.Stdout.WriteString("ready\n")
		time.Sleep(time.Minute) // until killed
		os.Exit(4)
	}
	os.Exit(m.Run())
}

// canJudge: Sweep knows live from dead here.
func canJudge(t *testing.T) {
	switch runtime.GOOS {
	case "darwin", "dragonfly", "freebsd", "linux", "netbsd", "openbsd":
	default:
		t.Skip("no advisory locks here: Sweep keeps what it cannot judge")
	}
}

func TestSweep_KeepsLiveRemovesKilled(t *testing.T) {
	canJudge(t)
	dir := t.TempDir()
	target := filepath.Join(dir, "a")
	require.NoError(t, os.WriteFile(target, []byte("old"), 0o644))
	stranger := filepath.Join(dir, ".other-1.tmp")
	require.NoError(t, os.WriteFile(stranger, nil, 0o644))

	mine, err := Create(filepath.Join(dir, "b"))
	require.NoError(t, err)
	defer mine.Abort()

	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "ATOMICFILE_TEST_WRITER="+target)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	_, err = out.Read(make([]byte, 6))
	require.NoError(t, err)

	removed, err := Sweep(dir)
	require.NoError(t, err)
	require.Empty(t, removed, "both writers live")
	require.Len(t, names(t, dir), 4)

	require.NoError(t, child.Process.Kill())
	child.Wait()
	removed, err = Sweep(dir)
	require.NoError(t, err)
	require.Len(t, removed, 1)
	require.ElementsMatch(t, []string{"a", ".other-1.tmp", filepath.Base(mine.Name())}, names(t, dir))

	_, err = mine.Write([]byte("mine"))
	require.NoError(t, err)
	require.NoError(t, mine.Commit())
	got, err := os.ReadFile(filepath.Join(dir, "b"))
	require.NoError(t, err)
	require.Equal(t, "mine", string(got))
}

// SweepTarget takes what a killed writer of that target left, and nothing of another target or a live writer.
func TestSweepTarget_OwnLeftoversOnly(t *testing.T) {
	canJudge(t)
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	kill := func(target string) {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "ATOMICFILE_TEST_WRITER="+target)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		_, err = out.Read(make([]byte, 6))
		require.NoError(t, err)
		removed, err := SweepTarget(target)
		require.NoError(t, err)
		require.Empty(t, removed, "it lives")
		require.NoError(t, child.Process.Kill())
		child.Wait()
	}
	kill(b)
	kill(a)
	live, err := Create(a)
	require.NoError(t, err)
	defer live.Abort()
	require.Len(t, names(t, dir), 3)

	removed, err := SweepTarget(a)
	require.NoError(t, err)
	require.Len(t, removed, 1)
	require.Len(t, names(t, dir), 2)
	require.NoError(t, live.Commit())
	removed, err = SweepTarget(b)
	require.NoError(t, err)
	require.Len(t, removed, 1)
	require.Equal(t, []string{"a"}, names(t, dir))
	_, err = SweepTarget(filepath.Join(dir, "no", "a"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A temp file's name stays within what file systems take, however long the target's is.
func TestCreate_LongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("x", 255))
	f, err := Create(path)
	require.NoError(t, err)
	defer f.Abort()
	require.NoError(t, f.Commit())
	require.FileExists(t, path)
}

// Writers of one target that each sweep first: no commit is lost.
func TestSweepTarget_RaceOfWriters(t *testing.T) {
	canJudge(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	done := make(chan error)
	for w := range 4 {
		go func() {
			done <- func() error {
				for range 50 {
					if _, err := SweepTarget(path); err != nil {
						return err
					}
					f, err := Create(path)
					if err != nil {
						return err
					}
					defer f.Abort()
					if _, err := f.Write([]byte{byte(w)}); err != nil {
						return err
					}
					if err := f.Commit(); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range 4 {
		require.NoError(t, <-done)
	}
	require.Equal(t, []string{"a"}, names(t, dir))
}

// Writers and a sweeper at once: no commit is lost.
func TestSweep_RaceWithWriters(t *testing.T) {
	canJudge(t)
	dir := t.TempDir()
	stop := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if _, err := Sweep(dir); err != nil {
				done <- err
				return
			}
		}
	}()
	path := filepath.Join(dir, "a")
	for i := range 200 {
		f, err := Create(path)
		require.NoError(t, err)
		_, err = f.Write([]byte{byte(i)})
		require.NoError(t, err)
		require.NoError(t, f.Commit())
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, []byte{byte(i)}, got)
	}
	close(stop)
	require.NoError(t, <-done)
	require.Equal(t, []string{"a"}, names(t, dir))
}

func TestSweep_MissingDirectory(t *testing.T) {
	_, err := Sweep(filepath.Join(t.TempDir(), "no"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTryLock(t *testing.T) {
	canJudge(t)
	path := filepath.Join(t.TempDir(), "lock")
	l, err := TryLock(path)
	require.NoError(t, err)
	_, err = TryLock(path)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, l.Unlock())
	require.NoError(t, l.Unlock())
	l, err = TryLock(path)
	require.NoError(t, err)
	require.NoError(t, l.Unlock())
}
