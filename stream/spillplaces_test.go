package stream_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/stream"
)

// spillOutcome runs an operator in dir, with few bytes of memory, and demands the right rows or a *SpillError that names the
// place, with nothing wrong before it.
func spillOutcome(t *testing.T, name, dir string, workers int, want []string) *stream.SpillError {
	t.Helper()
	got, err := stream.Collect(spillRuns[name](stream.Resources{Workers: workers, TempDir: dir}))
	if err == nil {
		require.Equal(t, want, got)
		return nil
	}
	requireStartOf(t, want, got)
	var typed *stream.SpillError
	require.ErrorAs(t, err, &typed)
	require.Equal(t, name, typed.Func)
	require.True(t, strings.HasPrefix(typed.File, dir), "%s is not in %s", typed.File, dir)
	require.True(t, strings.HasPrefix(err.Error(), "stream: "+name+": spill: "+typed.Op+" "+dir), "%v", err)
	return typed
}

// requireStartOf demands that got, which came before an error, is how want begins.
func requireStartOf(t *testing.T, want, got []string) {
	t.Helper()
	require.LessOrEqual(t, len(got), len(want), "rows before the error")
	require.Equal(t, want[:len(got)], append([]string{}, got...), "rows before the error")
}

// eachSpillRun runs test for each operator and number of workers, with the rows that it must give.
func eachSpillRun(t *testing.T, test func(t *testing.T, name string, workers int, want []string)) {
	for name, run := range spillRuns {
		want, err := stream.Collect(run(stream.Resources{TempDir: t.TempDir()}))
		require.NoError(t, err)
		for _, workers := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/workers=%d", name, workers), func(t *testing.T) { test(t, name, workers, want) })
		}
	}
}

// A place where nothing can be written is told of, by name, before any row.
func TestSpillingOperators_badPlaces(t *testing.T) {
	places := map[string]struct {
		make  func(t *testing.T) string
		class error
	}{
		"missing":      {func(t *testing.T) string { return filepath.Join(t.TempDir(), "no", "such") }, fs.ErrNotExist},
		"below_a_file": {func(t *testing.T) string { return filepath.Join(aFile(t), "below") }, nil},
		"a_file":       {aFile, nil},
		"read_only": {func(t *testing.T) string {
			dir := t.TempDir()
			require.NoError(t, os.Chmod(dir, 0o500))
			t.Cleanup(func() { os.Chmod(dir, 0o700) })
			if probe, err := os.MkdirTemp(dir, ""); err == nil {
				os.Remove(probe)
				t.Skip("this user, or this system, writes to read-only directories")
			}
			return dir
		}, fs.ErrPermission},
		"unreadable": {func(t *testing.T) string {
			dir := t.TempDir()
			require.NoError(t, os.Chmod(dir, 0o300))
			t.Cleanup(func() { os.Chmod(dir, 0o700) })
			if _, err := os.ReadDir(dir); err == nil {
				t.Skip("this user, or this system, reads unreadable directories")
			}
			return dir
		}, fs.ErrPermission},
	}
	eachSpillRun(t, func(t *testing.T, name string, workers int, want []string) {
		for what, place := range places {
			t.Run(what, func(t *testing.T) {
				dir := place.make(t)
				typed := spillOutcome(t, name, dir, workers, want)
				require.NotNil(t, typed)
				if place.class != nil {
					require.ErrorIs(t, typed, place.class)
				}
				require.NotErrorIs(t, typed, stream.ErrCorrupt)
				require.Contains(t, []string{string(spill.OpSweep), string(spill.OpCreate)}, typed.Op)
			})
		}
	})
}

func aFile(t *testing.T) string {
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, []byte("not a directory"), 0o600))
	return name
}

// Where memory suffices the place is not even looked at.
func TestSpillingOperators_placeIsNotNeeded(t *testing.T) {
	nowhere := stream.Resources{Memory: 64 << 20, TempDir: filepath.Join(t.TempDir(), "no", "such")}
	for name, s := range map[string]stream.Seq[string]{
		"Aggregate": shown(stream.Aggregate(killedSales, seller, stream.Fold[sale, int]{Add: func(n *int, v sale) { *n += v.At }}, stream.AggregateOptions{Resources: nowhere})),
		"Sort":      shown(stream.Sort(killedSales, seller, stream.SortOptions{Resources: nowhere})),
		"Join":      shown(stream.Join(killedSales, killedSales, seller, seller, stream.JoinOptions{Resources: nowhere})),
	} {
		n, err := stream.Count(s)
		require.NoError(t, err, name)
		require.Positive(t, n, name)
	}
}

// The disk is full from the n-th write on: the error says so, nothing wrong comes before it, and nothing is left, so that there is
// room again.
func TestSpillingOperators_fullDisk(t *testing.T) {
	eachSpillRun(t, func(t *testing.T, name string, workers int, want []string) {
		full := 0
		for at := 1; ; at += 1 + at/2 {
			dir := t.TempDir()
			restore := spill.Inject(dir, spill.Faults{Op: spill.OpWrite, At: at, Err: syscall.ENOSPC})
			typed := spillOutcome(t, name, dir, workers, want)
			restore()
			require.Empty(t, namesOf(t, dir), "write %d: files are left", at)
			if typed == nil {
				break
			}
			full++
			require.ErrorIs(t, typed, syscall.ENOSPC)
			require.Equal(t, string(spill.OpWrite), typed.Op)
		}
		require.Greater(t, full, 5, "the run writes less than thought")
	})
}

// The directory goes away while the run is on: what is open may still be read, and what is not is an error.
func TestSpillingOperators_placeGoesAway(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("open files cannot be removed")
	}
	rows := manySales(3000)
	want, err := stream.Collect(shown(stream.Sort(stream.Of(rows...), seller, stream.SortOptions{})))
	require.NoError(t, err)
	failed := 0
	for _, at := range []int{1, 500, 1500, 2999} {
		dir := filepath.Join(t.TempDir(), "place")
		require.NoError(t, os.Mkdir(dir, 0o700))
		n := 0
		tapped := stream.Map(stream.Of(rows...), func(v sale) sale {
			if n++; n == at {
				require.NoError(t, os.RemoveAll(dir))
			}
			return v
		})
		got, err := stream.Collect(shown(stream.Sort(tapped, seller, stream.SortOptions{Resources: stream.Resources{Memory: 8 << 10, TempDir: dir}})))
		if err == nil {
			require.Equal(t, want, got, "gone at row %d", at)
			continue
		}
		failed++
		requireStartOf(t, want, got)
		var typed *stream.SpillError
		require.ErrorAs(t, err, &typed, "gone at row %d", at)
	}
	require.Positive(t, failed, "nothing needed the directory after it was gone")
}
