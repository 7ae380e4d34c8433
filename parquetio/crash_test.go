package parquetio

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/atomicfile"
	"github.com/millrace-go/millrace/stream"
)

var killIterations = flag.Int("kill.iterations", 20, "how often the writer is killed")

const killSeed = 20260102

// TestMain doubles as the writer that is killed: it overwrites the dataset or the file it is told, and dies at the
// file operation it is told.
func TestMain(m *testing.M) {
	dir, file := os.Getenv("PARQUETIO_TEST_DATASET"), os.Getenv("PARQUETIO_TEST_FILE")
	if dir != "" || file != "" {
		at, _ := strconv.Atoi(os.Getenv("PARQUETIO_TEST_KILL_AT"))
		n := 0
		die := func(atomicfile.Op, string) error {
			if n++; n == at {
				p, _ := os.FindProcess(os.Getpid())
				p.Kill()
				select {}
			}
			return nil
		}
		var err error
		if dir != "" {
			err = crashRun(context.Background(), dir, newRows(), die)
		} else {
			_, err = writeFile(file, of(newRows()), WriteOptions{}, die)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		fmt.Println(n)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The dataset holds oldRows and is overwritten with newRows, over a range that includes a day without new rows
// and one without old ones.
func oldRows() []click { return clicks(300, 3) }

func newRows() []click {
	rows := clicks(400, 4)
	kept := rows[:0]
	for _, r := range rows {
		if r.day() != Day(day0) {
			r.User = "new-" + r.User
			kept = append(kept, r)
		}
	}
	return kept
}

func crashRange() []Partition { return Days(day0, day0.AddDate(0, 0, 4)) }

func crashRun(ctx context.Context, dir string, rows []click, faults atomicfile.Faults) error {
	// Row groups of 40 rows and little memory, so that every kind of file operation is met.
	d, err := NewDataset[click](dir, DatasetOptions{Write: WriteOptions{RowGroupRows: 40}})
	if err != nil {
		return err
	}
	d.faults = faults
	_, err = d.Overwrite(ctx, of(rows), click.day, OverwriteOptions[click]{
		Requested: crashRange(), Resources: stream.Resources{Memory: 8 << 10},
	})
	return err
}

// oldOrNew fails unless every partition is whole, of one of the two versions. It returns how many are new.
func oldOrNew(t *testing.T, dir string) int {
	t.Helper()
	d := newClicks(t, dir, DatasetOptions{})
	before, after := byDay(oldRows()), byDay(newRows())
	fresh := 0
	for _, p := range crashRange() {
		got, err := collectAll(d.Read(p))
		if errors.Is(err, stream.ErrMissing) {
			require.Empty(t, before[p], "partition %s was committed and is gone", p)
			continue
		}
		require.NoError(t, err)
		if fmt.Sprint(got) == fmt.Sprint(after[p]) {
			fresh++
			continue
		}
		require.Equal(t, before[p], got, "partition %s is neither old nor new", p)
	}
	return fresh
}

// reference is the tree after an undisturbed run, and the number of file operations of one.
func reference(t *testing.T) ([]string, int) {
	t.Helper()
	dir := quickDir(t)
	require.NoError(t, crashRun(t.Context(), dir, oldRows(), nil))
	n := 0
	require.NoError(t, crashRun(t.Context(), dir, newRows(), func(atomicfile.Op, string) error { n++; return nil }))
	require.Equal(t, 4, oldOrNew(t, dir))
	return tree(t, dir), n
}

// A failure at any file operation changes nothing, or leaves each partition old or new; no temp file stays, and
// the next run gives what an undisturbed one gives.
func TestOverwrite_FaultAtEachOperation(t *testing.T) {
	want, ops := reference(t)
	full := errors.New("no space left on device")
	for at := 1; at <= ops; at++ {
		dir := quickDir(t)
		require.NoError(t, crashRun(t.Context(), dir, oldRows(), nil))
		before := tree(t, dir)
		n := 0
		var op atomicfile.Op
		err := crashRun(t.Context(), dir, newRows(), func(o atomicfile.Op, _ string) error {
			if n++; n == at {
				op = o
				return full
			}
			return nil
		})
		var commit *CommitError
		switch {
		case op == atomicfile.OpRemove:
			require.NoError(t, err, "old files are garbage for the next run")
		case errors.As(err, &commit):
			require.ErrorIs(t, err, full)
			require.GreaterOrEqual(t, oldOrNew(t, dir), len(commit.Committed))
		default:
			require.ErrorIs(t, err, full, "operation %d, %s", at, op)
			require.Equal(t, before, tree(t, dir), "operation %d, %s", at, op)
		}
		oldOrNew(t, dir)
		for _, f := range tree(t, dir) {
			require.NotContains(t, f, ".tmp", "operation %d, %s", at, op)
		}
		require.NoError(t, crashRun(t.Context(), dir, newRows(), nil))
		require.Equal(t, want, tree(t, dir), "operation %d, %s", at, op)
	}
	t.Logf("%d operations", ops)
}

// A writer killed at a file operation leaves each partition old or new, and the next run gives the bytes of an
// undisturbed one.
func TestOverwrite_Killed(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	want, ops := reference(t)
	rng := rand.New(rand.NewPCG(killSeed, 1))
	order := rng.Perm(ops)
	for i := range *killIterations {
		at := order[i%ops] + 1
		dir := quickDir(t)
		require.NoError(t, crashRun(t.Context(), dir, oldRows(), nil))
		out, killed := runKilled(t, dir, at, 0)
		require.True(t, killed, "operation %d of %d: %s", at, ops, out)
		fresh := oldOrNew(t, dir)
		require.NoError(t, crashRun(t.Context(), dir, newRows(), nil), "after a kill at operation %d", at)
		require.Equal(t, want, tree(t, dir), "after a kill at operation %d with %d partitions new", at, fresh)
	}
}

// The same, killed after a random time.
func TestOverwrite_KilledAnyTime(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	want, _ := reference(t)
	rng := rand.New(rand.NewPCG(killSeed, 2))
	dir := quickDir(t)
	require.NoError(t, crashRun(t.Context(), dir, oldRows(), nil))
	for range max(*killIterations/4, 1) {
		runKilled(t, dir, 0, time.Duration(rng.IntN(60))*time.Millisecond)
		oldOrNew(t, dir)
	}
	require.NoError(t, crashRun(t.Context(), dir, newRows(), nil))
	require.Equal(t, want, tree(t, dir))
}

// runKilled starts a writer that dies at an operation, or is killed after a time.
func runKilled(t *testing.T, dir string, at int, after time.Duration) (string, bool) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "PARQUETIO_TEST_DATASET="+dir, "PARQUETIO_TEST_KILL_AT="+strconv.Itoa(at))
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, &out
	require.NoError(t, child.Start())
	if after > 0 {
		time.AfterFunc(after, func() { child.Process.Kill() })
	}
	err := child.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 3 {
		t.Fatalf("writer failed: %s", out.String())
	}
	return out.String(), err != nil
}

// Readers that run beside a writer see whole partitions only.
func TestDataset_ReadersBesideWriter(t *testing.T) {
	dir := quickDir(t)
	require.NoError(t, crashRun(t.Context(), dir, oldRows(), nil))
	stop := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			rows := newRows()
			if i%2 == 1 {
				rows = oldRows()
			}
			if err := crashRun(context.Background(), dir, rows, nil); err != nil {
				done <- err
				return
			}
		}
	}()
	for range 60 {
		d := newClicks(t, dir, DatasetOptions{})
		a, b := byDay(oldRows()), byDay(newRows())
		for _, p := range crashRange()[:3] {
			got, err := collectAll(d.Read(p))
			require.NoError(t, err)
			if s := fmt.Sprint(got); s != fmt.Sprint(a[p]) && s != fmt.Sprint(b[p]) {
				t.Fatalf("partition %s is a mix: %d rows", p, len(got))
			}
		}
	}
	close(stop)
	require.NoError(t, <-done)
}

func TestWrite_FaultKeepsOldFile(t *testing.T) {
	path := filepath.Join(quickDir(t), "clicks.parquet")
	_, err := Write(path, of(oldRows()), WriteOptions{})
	require.NoError(t, err)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	full := errors.New("no space left on device")
	ops := 0
	_, err = writeFile(filepath.Join(quickDir(t), "x"), of(newRows()), WriteOptions{}, func(atomicfile.Op, string) error { ops++; return nil })
	require.NoError(t, err)
	for at := 1; at < ops; at++ {
		n := 0
		res, err := writeFile(path, of(newRows()), WriteOptions{}, func(atomicfile.Op, string) error {
			if n++; n == at {
				return full
			}
			return nil
		})
		require.ErrorIs(t, err, full)
		require.Zero(t, res)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, before, after)
		require.Len(t, tree(t, filepath.Dir(path)), 1)
	}
	// The last is the sync of the directory, after the rename: the error comes beside a whole new file.
	n := 0
	_, err = writeFile(path, of(newRows()), WriteOptions{}, func(op atomicfile.Op, _ string) error {
		if n++; n == ops {
			require.Equal(t, atomicfile.OpSyncDir, op)
			return full
		}
		return nil
	})
	require.ErrorIs(t, err, full)
	got, err := collectAll(Read[click](path, ReadOptions{}))
	require.NoError(t, err)
	require.Equal(t, newRows(), got)
	require.Len(t, tree(t, filepath.Dir(path)), 1)
}

// What a killed Write leaves is in nobody's way, and the next Write to the same file removes it.
func TestWrite_KilledThenAgain(t *testing.T) {
	switch runtime.GOOS {
	case "darwin", "dragonfly", "freebsd", "linux", "netbsd", "openbsd":
	default:
		t.Skip("leftovers stay here: nothing tells them from a live writer's file")
	}
	dir := quickDir(t)
	path := filepath.Join(dir, "clicks.parquet")
	_, err := Write(path, of(oldRows()), WriteOptions{})
	require.NoError(t, err)
	for _, at := range []int{2, 3, 4} { // write, sync, rename
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "PARQUETIO_TEST_FILE="+path, fmt.Sprintf("PARQUETIO_TEST_KILL_AT=%d", at))
		require.Error(t, child.Run(), "killed")
		require.Len(t, tree(t, dir), 2, "its temp file, and no other: leftovers do not pile up")
	}
	got, err := collectAll(Read[click](path, ReadOptions{}))
	require.NoError(t, err)
	require.Equal(t, oldRows(), got)

	_, err = Write(filepath.Join(dir, "other.parquet"), of(oldRows()), WriteOptions{})
	require.NoError(t, err)
	require.Len(t, tree(t, dir), 3, "leftovers of another target")
	live := func(yield func(click, error) bool) { // another Write to path while this one is under way
		_, err := Write(path, of(newRows()[:1]), WriteOptions{})
		require.NoError(t, err)
		require.Len(t, tree(t, dir), 3, "the leftover is gone, the live temp file is not")
		stream.Of(newRows()...)(yield)
	}
	_, err = Write(path, live, WriteOptions{})
	require.NoError(t, err)
	require.Len(t, tree(t, dir), 2)
	got, err = collectAll(Read[click](path, ReadOptions{}))
	require.NoError(t, err)
	require.Equal(t, newRows(), got)
}

func TestOverwrite_SourceFails(t *testing.T) {
	boom := errors.New("boom")
	dir := quickDir(t)
	require.NoError(t, crashRun(t.Context(), dir, oldRows(), nil))
	before := tree(t, dir)
	d := newClicks(t, dir, DatasetOptions{Write: WriteOptions{RowGroupRows: 10}})
	failing := func(yield func(click, error) bool) {
		for _, r := range newRows() {
			if !yield(r, nil) {
				return
			}
		}
		yield(click{}, boom)
	}
	res, err := d.Overwrite(t.Context(), failing, click.day, OverwriteOptions[click]{})
	require.ErrorIs(t, err, boom)
	require.Zero(t, res)
	require.Equal(t, before, tree(t, dir))

	require.PanicsWithValue(t, "boom", func() {
		d.Overwrite(t.Context(), of(newRows()), func(c click) Partition {
			if c.ID == 301 {
				panic("boom")
			}
			return c.day()
		}, OverwriteOptions[click]{})
	})
	require.Equal(t, before, tree(t, dir))

	ctx, cancel := context.WithCancelCause(t.Context())
	cancelling := func(yield func(click, error) bool) {
		for i, r := range clicks(5000, 3) {
			if i == 3000 {
				cancel(boom)
			}
			if !yield(r, nil) {
				return
			}
		}
	}
	_, err = d.Overwrite(ctx, cancelling, click.day, OverwriteOptions[click]{})
	require.ErrorIs(t, err, boom)
	require.Equal(t, before, tree(t, dir))
	_, err = d.Overwrite(t.Context(), of(oldRows()), click.day, OverwriteOptions[click]{})
	require.NoError(t, err, "the lock is free again")
}

func TestOverwrite_SecondWriter(t *testing.T) {
	dir := quickDir(t)
	d := newClicks(t, dir, DatasetOptions{})
	_, err := d.Overwrite(t.Context(), func(yield func(click, error) bool) {
		_, err := d.Overwrite(t.Context(), of(oldRows()), click.day, OverwriteOptions[click]{})
		var c *ConflictError
		require.ErrorAs(t, err, &c)
		require.ErrorIs(t, err, stream.ErrConflict)
		require.True(t, strings.Contains(err.Error(), "locked"), err)
		yield(oldRows()[0], nil)
	}, click.day, OverwriteOptions[click]{})
	require.NoError(t, err)
}
