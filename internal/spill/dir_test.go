package spill_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/spill"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestDir(t *testing.T) {
	t.Run("nothing_before_the_first_file", func(t *testing.T) {
		parent := t.TempDir()
		d := spill.NewDir(parent)
		require.Empty(t, names(t, parent))
		require.Empty(t, d.Path())
		require.NoError(t, d.Close())
		require.NoError(t, d.Close())
	})
	t.Run("private_and_named_for_the_process", func(t *testing.T) {
		parent := t.TempDir()
		newStore(t, parent, 0)
		require.Len(t, names(t, parent), 1)
		name := names(t, parent)[0]
		require.Regexp(t, fmt.Sprintf(`^millrace-spill-%d-\d+$`, os.Getpid()), name)
		if runtime.GOOS != "windows" {
			info, err := os.Stat(filepath.Join(parent, name))
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
		}
	})
	t.Run("close_with_open_stores", func(t *testing.T) {
		parent := t.TempDir()
		d := spill.NewDir(parent)
		a, err := spill.NewStore(d, eventRows{}, 0)
		require.NoError(t, err)
		b, err := spill.NewStore(d, eventRows{}, 0)
		require.NoError(t, err)
		require.NoError(t, a.Close())
		require.NoError(t, a.Close())
		require.NoError(t, d.Close())
		require.NoError(t, b.Close())
		require.Empty(t, names(t, parent))
		_, err = spill.NewStore(d, eventRows{}, 0)
		require.ErrorIs(t, err, os.ErrClosed)
	})
	t.Run("parent_missing", func(t *testing.T) {
		d := spill.NewDir(filepath.Join(t.TempDir(), "missing"))
		_, err := spill.NewStore(d, eventRows{}, 0)
		var e *spill.Error
		require.ErrorAs(t, err, &e)
		require.ErrorIs(t, err, os.ErrNotExist)
		require.NoError(t, d.Close())
	})
	t.Run("empty_parent_is_the_temp_directory", func(t *testing.T) {
		parent := t.TempDir()
		for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
			t.Setenv(name, parent)
		}
		s := newStore(t, "", 0)
		require.Len(t, names(t, parent), 1)
		require.NoError(t, s.Close())
	})
}

// What the sweep of the next run removes, and what it leaves alone.
func TestDir_Sweep(t *testing.T) {
	parent := t.TempDir()
	make := func(name string, files ...string) {
		require.NoError(t, os.Mkdir(filepath.Join(parent, name), 0o700))
		for _, f := range files {
			require.NoError(t, os.WriteFile(filepath.Join(parent, name, f), []byte("x"), 0o600))
		}
	}
	make("millrace-spill-1-dead", "lock", "blocks-0", "blocks-1")
	make("millrace-spill-2-died-at-once")
	make("millrace-spill-3-not-ours", "letters")
	make("other", "lock", "blocks-0")
	require.NoError(t, os.WriteFile(filepath.Join(parent, "millrace-spill-4-a-file"), nil, 0o600))
	linked := runtime.GOOS != "windows"
	if linked {
		require.NoError(t, os.Symlink(filepath.Join(parent, "other"), filepath.Join(parent, "millrace-spill-5-a-link")))
	}
	live := newStore(t, parent, 0)
	part := live.AddPart()
	require.NoError(t, live.Append(part, &event{1, "a"}))
	require.NoError(t, live.Finish(part))

	next := spill.NewDir(parent)
	_, err := spill.NewStore(next, eventRows{}, 0)
	require.NoError(t, err)
	require.NoError(t, next.Close())

	left := names(t, parent)
	require.NotContains(t, left, "millrace-spill-1-dead")
	require.NotContains(t, left, "millrace-spill-2-died-at-once")
	require.Contains(t, left, "millrace-spill-3-not-ours")
	require.Contains(t, left, "millrace-spill-4-a-file")
	require.Equal(t, []string{"blocks-0", "lock"}, names(t, filepath.Join(parent, "other")))
	got, err := readAll(live.Read(part))
	require.NoError(t, err)
	require.Equal(t, []event{{1, "a"}}, got)
}

// Runs that begin and end at the same time do not take each other's directories.
func TestDir_ConcurrentSweeps(t *testing.T) {
	parent := t.TempDir()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				d := spill.NewDir(parent)
				s, err := spill.NewStore(d, eventRows{}, 0)
				if err != nil {
					t.Errorf("goroutine %d, run %d: %v", g, i, err)
					return
				}
				part := s.AddPart()
				s.Append(part, &event{uint64(g), "x"})
				if err := s.Finish(part); err != nil {
					t.Error(err)
				}
				if got, err := readAll(s.Read(part)); err != nil || len(got) != 1 {
					t.Errorf("%d rows, %v", len(got), err)
				}
				if _, err := os.Stat(d.Path()); err != nil {
					t.Errorf("goroutine %d, run %d: the directory of a live run is gone: %v", g, i, err)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.Empty(t, names(t, parent))
}

// childParent names the parent directory to a child process; childWrite the write at which it dies.
const (
	childParent = "MILLRACE_SPILL_CHILD_PARENT"
	childWrite  = "MILLRACE_SPILL_CHILD_WRITE"
)

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	parent := os.Getenv(childParent)
	if parent == "" {
		os.Exit(m.Run())
	}
	at, err := strconv.Atoi(os.Getenv(childWrite))
	if err != nil {
		panic(err)
	}
	die := func() {
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		if err != nil {
			panic(err)
		}
		select {} // until the kill arrives
	}
	op := spill.OpWrite
	if at <= 2 {
		op = spill.OpCreate
	}
	spill.Inject(parent, spill.Faults{Op: op, At: at, Do: die})
	d := spill.NewDir(parent)
	for {
		s, err := spill.NewStore(d, eventRows{}, 64)
		if err != nil {
			panic(err)
		}
		part := s.AddPart()
		for i := range 100 {
			if err := s.Append(part, &event{uint64(i), "a name"}); err != nil {
				panic(err)
			}
		}
		if err := s.Finish(part); err != nil {
			panic(err)
		}
	}
}

// A process that is killed leaves its directory; the next run in the same parent leaves none.
func TestDir_Killed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the kill is not SIGKILL")
	}
	parent := t.TempDir()
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range cases(t, 3) {
		at := 1 + rng.IntN(200)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childParent+"="+parent, childWrite+"="+strconv.Itoa(at))
		out, err := cmd.CombinedOutput()
		require.ErrorContains(t, err, "signal: killed", "seed %d, kill %d, at write %d: %s", seed, i, at, out)
		if at > 1 {
			require.Len(t, names(t, parent), 1, "seed %d, kill %d, at write %d", seed, i, at)
		}
		require.NoError(t, runOnce(parent))
		require.Empty(t, names(t, parent), "seed %d, kill %d, at write %d", seed, i, at)
	}
}

func runOnce(parent string) error {
	d := spill.NewDir(parent)
	if _, err := spill.NewStore(d, eventRows{}, 0); err != nil {
		return err
	}
	return d.Close()
}
