package parquetio

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/atomicfile"
	"github.com/millrace-go/millrace/stream"
)

type click struct {
	ID   int64     `parquet:"id"`
	User string    `parquet:"user"`
	At   time.Time `parquet:"at"`
	Page stream.Opt[string]
}

func (c click) day() Partition { return Day(c.At) }

var day0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// clicks makes n rows, spread over days in a fixed disorder.
func clicks(n, days int) []click {
	out := make([]click, n)
	for i := range out {
		out[i] = click{
			ID: int64(i), User: fmt.Sprintf("user-%d", i*7%31),
			At: day0.AddDate(0, 0, (i*i+i/3)%days).Add(time.Duration(i) * time.Second),
		}
		switch i % 3 {
		case 0:
			out[i].Page = stream.Present(fmt.Sprintf("/p/%d", i%11))
		case 1:
			out[i].Page = stream.Null[string]()
		default:
			out[i].Page = stream.Null[string]() // Missing is written as null
		}
	}
	return out
}

func of[T any](rows []T) stream.Seq[T] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func collectAll[T any](s stream.Seq[T]) ([]T, error) {
	var out []T
	for v, err := range s {
		if err != nil {
			return out, err
		}
		out = append(out, v)
	}
	return out, nil
}

// byDay is the model of a dataset: each partition's rows in input order.
func byDay(rows []click) map[Partition][]click {
	m := map[Partition][]click{}
	for _, r := range rows {
		m[r.day()] = append(m[r.day()], r)
	}
	return m
}

// tree lists every file below dir with its size, lock file aside.
func tree(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == lockName {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		out = append(out, fmt.Sprintf("%s %d", filepath.ToSlash(rel), info.Size()))
		return nil
	}))
	sort.Strings(out)
	return out
}

func newClicks(t testing.TB, dir string, opts DatasetOptions) *Dataset[click] {
	t.Helper()
	d, err := NewDataset[click](dir, opts)
	require.NoError(t, err)
	return d
}

func checkDataset(t testing.TB, d *Dataset[click], want map[Partition][]click) {
	t.Helper()
	parts, err := d.ListPartitions()
	require.NoError(t, err)
	require.Len(t, parts, len(want))
	for _, p := range parts {
		got, err := collectAll(d.Read(p))
		require.NoError(t, err)
		require.Equal(t, want[p], got, p.String())
	}
}

func TestOverwrite_SplitsAndReplaces(t *testing.T) {
	dir := quickDir(t)
	d := newClicks(t, dir, DatasetOptions{})
	rows := clicks(1000, 5)
	res, err := d.Overwrite(t.Context(), of(rows), click.day, OverwriteOptions[click]{})
	require.NoError(t, err)
	require.EqualValues(t, 1000, res.Rows)
	model := byDay(rows)
	checkDataset(t, d, model)
	for _, p := range res.Partitions {
		require.False(t, p.Replaced)
		require.True(t, p.Changed)
		require.EqualValues(t, len(model[p.Partition]), p.Rows)
	}
	before := tree(t, dir)

	again, err := d.Overwrite(t.Context(), of(rows), click.day, OverwriteOptions[click]{})
	require.NoError(t, err)
	require.Equal(t, before, tree(t, dir))
	require.Equal(t, res.Digest, again.Digest)
	for _, p := range again.Partitions {
		require.True(t, p.Replaced)
		require.False(t, p.Changed)
	}

	// Half of one day replaces that day alone.
	day := Day(day0)
	half := model[day][:len(model[day])/2]
	res, err = d.Overwrite(t.Context(), of(half), click.day, OverwriteOptions[click]{})
	require.NoError(t, err)
	require.Len(t, res.Partitions, 1)
	model[day] = half
	checkDataset(t, d, model)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.parquet"))
	require.NoError(t, err)
	require.Len(t, files, len(model), "a glob sees the committed files")
	require.NotContains(t, fmt.Sprint(tree(t, dir)), atomicfile.TempName(""))
}

// Memory, open files and other partitions never change the bytes.
func TestOverwrite_Law_MemoryDoesNotChangeBytes(t *testing.T) {
	rows := clicks(5000, 40)
	opts := DatasetOptions{Write: WriteOptions{RowGroupRows: 50}}
	var want []string
	for _, mem := range []int64{0, 1 << 20, 64 << 10, 4 << 10, 300} {
		t.Run(fmt.Sprint(mem), func(t *testing.T) {
			dir := quickDir(t)
			d := newClicks(t, dir, opts)
			_, err := d.Overwrite(t.Context(), of(rows), click.day, OverwriteOptions[click]{Resources: stream.Resources{Memory: mem}})
			require.NoError(t, err)
			checkDataset(t, d, byDay(rows))
			got := tree(t, dir)
			if want == nil {
				want = got
			}
			require.Equal(t, want, got)
		})
	}
}

// quickDir is a temp directory in memory where the system has one: the tests that commit hundreds of times
// would otherwise wait for the disk. A killed process loses nothing on either.
func quickDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "millrace-test-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
