package parquetio

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/atomicfile"
	"github.com/millrace-go/millrace/stream"
)

func nil2(context.Context, Partition) stream.Seq[click] { return of([]click(nil)) }

func TestOverwrite_Requested(t *testing.T) {
	d := newClicks(t, quickDir(t), DatasetOptions{})
	old := clicks(60, 3)
	_, err := d.Overwrite(t.Context(), of(old), click.day, OverwriteOptions[click]{})
	require.NoError(t, err)
	model := byDay(old)

	// Two of three days requested, rows for one of them: the other is committed empty, the third stays.
	two := Days(day0, day0.AddDate(0, 0, 2))
	res, err := d.Overwrite(t.Context(), of(model[two[0]][:5]), click.day, OverwriteOptions[click]{Requested: two})
	require.NoError(t, err)
	require.Len(t, res.Partitions, 2)
	require.EqualValues(t, 5, res.Rows)
	require.Empty(t, res.Partitions[1].SHA256)
	require.True(t, res.Partitions[1].Replaced)
	model[two[0]] = model[two[0]][:5]
	model[two[1]] = nil
	checkDataset(t, d, model)
	files, err := filepath.Glob(filepath.Join(res.Partitions[1].Path, "*.parquet"))
	require.NoError(t, err)
	require.Empty(t, files)

	// A row outside is an error that names it, and changes nothing.
	before := tree(t, d.Dir())
	_, err = d.Overwrite(t.Context(), of(old), click.day, OverwriteOptions[click]{Requested: two})
	var c *ConflictError
	require.ErrorAs(t, err, &c)
	require.ErrorIs(t, err, stream.ErrConflict)
	require.Positive(t, c.Row)
	require.NotContains(t, two, c.Partition)
	require.Equal(t, before, tree(t, d.Dir()))

	// ... or goes to the sink.
	var outside []click
	_, err = d.Overwrite(t.Context(), of(old), click.day, OverwriteOptions[click]{Requested: two, Outside: stream.Into(&outside)})
	require.NoError(t, err)
	full := byDay(old)
	require.Len(t, outside, 60-len(full[two[0]])-len(full[two[1]]))
	checkDataset(t, d, full)
	boom := errors.New("boom")
	_, err = d.Overwrite(t.Context(), of(old), click.day, OverwriteOptions[click]{Requested: two, Outside: func(click) error { return boom }})
	require.ErrorIs(t, err, boom)

	// An empty range requests nothing: no rows are fine, any row is outside.
	none := Days(day0, day0)
	res, err = d.Overwrite(t.Context(), of([]click(nil)), click.day, OverwriteOptions[click]{Requested: none})
	require.NoError(t, err)
	require.Empty(t, res.Partitions)
	_, err = d.Overwrite(t.Context(), of(old), click.day, OverwriteOptions[click]{Requested: none})
	require.ErrorIs(t, err, stream.ErrConflict)
	checkDataset(t, d, full)
}

func TestOverwrite_Refuses(t *testing.T) {
	d := newClicks(t, quickDir(t), DatasetOptions{})
	ctx := t.Context()
	var oe *stream.OptionError
	var none stream.Seq[click] = of([]click(nil))
	p := PartitionOf("date", "x")
	for name, opts := range map[string]OverwriteOptions[click]{
		"negative_memory":  {Resources: stream.Resources{Memory: -1}},
		"zero_partition":   {Requested: []Partition{{}}},
		"same_twice":       {Requested: []Partition{p, p}},
		"mixed_columns":    {Requested: []Partition{p, PartitionOf("hour", "1")}},
		"different_depths": {Requested: []Partition{p, p.With("hour", "1")}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.Overwrite(ctx, none, click.day, opts)
			require.ErrorAs(t, err, &oe)
		})
	}
	_, err := d.Overwrite(ctx, of(clicks(3, 1)), func(click) Partition { return Partition{} }, OverwriteOptions[click]{})
	require.ErrorAs(t, err, &oe)
	require.Contains(t, err.Error(), "row 1")
	_, err = d.Overwrite(ctx, of(clicks(3, 1)), func(c click) Partition {
		if c.ID == 2 {
			return PartitionOf("hour", "1")
		}
		return c.day()
	}, OverwriteOptions[click]{})
	require.ErrorIs(t, err, stream.ErrConflict)
	var le *stream.LimitError
	_, err = d.Overwrite(ctx, of(clicks(3, 1)), click.day, OverwriteOptions[click]{Resources: stream.Resources{Memory: 1}})
	require.ErrorAs(t, err, &le)
	require.PanicsWithValue(t, "parquetio: Dataset.Overwrite: nil by", func() { d.Overwrite(ctx, none, nil, OverwriteOptions[click]{}) })
	require.PanicsWithValue(t, "parquetio: Dataset.Overwrite: nil rows", func() { d.Overwrite(ctx, nil, click.day, OverwriteOptions[click]{}) })
	require.PanicsWithValue(t, "parquetio: Dataset.Rebuild: nil build", func() { d.Rebuild(ctx, nil, nil) })
	require.Empty(t, tree(t, d.Dir()))
}

func TestRebuild(t *testing.T) {
	d := newClicks(t, quickDir(t), DatasetOptions{Write: WriteOptions{RowGroupRows: 7}})
	model := byDay(clicks(90, 3))
	days := Days(day0, day0.AddDate(0, 0, 4))
	build := func(_ context.Context, p Partition) stream.Seq[click] { return of(model[p]) }
	res, err := d.Rebuild(t.Context(), days, build)
	require.NoError(t, err)
	require.Len(t, res.Partitions, 4)
	require.EqualValues(t, 90, res.Rows)
	model[days[3]] = nil
	checkDataset(t, d, model)

	// Overwrite with the same rows gives the same bytes.
	before := tree(t, d.Dir())
	over, err := d.Overwrite(t.Context(), of(clicks(90, 3)), click.day, OverwriteOptions[click]{Requested: days})
	require.NoError(t, err)
	require.Equal(t, res.Digest, over.Digest)
	require.Equal(t, before, tree(t, d.Dir()))

	// A failure keeps what was committed before it, and says so.
	boom := errors.New("boom")
	model[days[0]] = model[days[0]][:1]
	res, err = d.Rebuild(t.Context(), days, func(ctx context.Context, p Partition) stream.Seq[click] {
		if p == days[1] {
			return func(yield func(click, error) bool) { yield(click{}, boom) }
		}
		return build(ctx, p)
	})
	require.ErrorIs(t, err, boom)
	require.ErrorContains(t, err, days[1].String())
	require.Len(t, res.Partitions, 1)
	checkDataset(t, d, model)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.Rebuild(ctx, days, build)
	require.ErrorIs(t, err, context.Canceled)
}

func TestDataset_MissingAndCorrupt(t *testing.T) {
	dir := filepath.Join(quickDir(t), "clicks")
	d := newClicks(t, dir, DatasetOptions{})
	_, err := d.ListPartitions()
	require.ErrorIs(t, err, stream.ErrMissing)
	_, err = collectAll(d.Read())
	require.ErrorIs(t, err, stream.ErrMissing)
	_, err = os.Stat(dir)
	require.ErrorIs(t, err, os.ErrNotExist, "reading creates nothing")

	rows := clicks(30, 2)
	res, err := d.Overwrite(t.Context(), of(rows), click.day, OverwriteOptions[click]{})
	require.NoError(t, err)
	_, err = collectAll(d.Read(PartitionOf("date", "1999-01-01")))
	var me *MissingError
	require.ErrorAs(t, err, &me)

	all, err := collectAll(d.Read())
	require.NoError(t, err)
	require.Len(t, all, 30)

	p := res.Partitions[0]
	files, err := filepath.Glob(filepath.Join(p.Path, "*.parquet"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	text, err := os.ReadFile(filepath.Join(p.Path, manifestName))
	require.NoError(t, err)
	for name, damage := range map[string]func(){
		"file_cut":     func() { require.NoError(t, os.Truncate(files[0], 100)) },
		"file_gone":    func() { require.NoError(t, os.Remove(files[0])) },
		"manifest_cut": func() { require.NoError(t, os.WriteFile(filepath.Join(p.Path, manifestName), text[:50], 0o644)) },
		"manifest_of_other": func() {
			require.NoError(t, os.WriteFile(filepath.Join(p.Path, manifestName), []byte(`{"format":1,"partition":"x=1"}`), 0o644))
		},
		"manifest_leads_out": func() {
			require.NoError(t, os.WriteFile(filepath.Join(p.Path, manifestName), []byte(`{"format":1,"partition":"`+p.Partition.String()+`","files":[{"name":"../x"}]}`), 0o644))
		},
		"manifest_miscounts": func() {
			require.NoError(t, os.WriteFile(filepath.Join(p.Path, manifestName), []byte(`{"format":1,"partition":"`+p.Partition.String()+`","rows":4}`), 0o644))
		},
	} {
		t.Run(name, func(t *testing.T) {
			damage()
			_, err := collectAll(d.Read(p.Partition))
			require.ErrorIs(t, err, stream.ErrCorrupt)
			again, err := d.Overwrite(t.Context(), of(rows), click.day, OverwriteOptions[click]{})
			require.NoError(t, err, "the next run repairs")
			require.Equal(t, res.Digest, again.Digest)
			checkDataset(t, d, byDay(rows))
		})
	}
}

// Files of others in a partition's directory, and live temp files, are left alone.
func TestOverwrite_LeavesStrangersAlone(t *testing.T) {
	d := newClicks(t, quickDir(t), DatasetOptions{})
	res, err := d.Overwrite(t.Context(), of(clicks(10, 1)), click.day, OverwriteOptions[click]{})
	require.NoError(t, err)
	dir := res.Partitions[0].Path
	strangers := []string{"part-00000-abc.parquet", "notes.txt", "part-zz.parquet"}
	for _, s := range strangers {
		require.NoError(t, os.WriteFile(filepath.Join(dir, s), nil, 0o644))
	}
	orphan := filepath.Join(dir, dataName("0123456789abcdef0123456789abcdef"))
	require.NoError(t, os.WriteFile(orphan, nil, 0o644))
	live, err := atomicfile.Create(filepath.Join(dir, "mine.parquet"))
	require.NoError(t, err)
	defer live.Abort()
	_, err = d.Overwrite(t.Context(), of(clicks(11, 1)), click.day, OverwriteOptions[click]{})
	require.NoError(t, err)
	for _, s := range strangers {
		require.FileExists(t, filepath.Join(dir, s))
	}
	require.NoFileExists(t, orphan)
	require.NoError(t, live.Commit())
}

// Thousands of partitions in disorder: one file each, and few descriptors.
func TestOverwrite_ManyPartitions(t *testing.T) {
	const parts, rows = 2000, 20000
	d := newClicks(t, quickDir(t), DatasetOptions{})
	seq := func(yield func(click, error) bool) {
		for i := range rows {
			if i%5000 == 0 {
				if fds, err := os.ReadDir("/proc/self/fd"); err == nil && len(fds) > 100 {
					t.Errorf("%d open files", len(fds))
				}
			}
			if !yield(click{ID: int64(i), At: day0.AddDate(0, 0, i*7919%parts).Add(time.Duration(i) * time.Second)}, nil) {
				return
			}
		}
	}
	res, err := d.Overwrite(t.Context(), seq, click.day, OverwriteOptions[click]{Resources: stream.Resources{Memory: 256 << 10}})
	require.NoError(t, err)
	require.Len(t, res.Partitions, parts)
	require.EqualValues(t, rows, res.Rows)
	files, err := filepath.Glob(filepath.Join(d.Dir(), "*", "*.parquet"))
	require.NoError(t, err)
	require.Len(t, files, parts)
}

// A partition is looked at though no row before it was accepted: else the zero one would pass, and its rows
// would lie where no read finds them.
func TestOverwrite_ZeroPartitionAfterOutside(t *testing.T) {
	d := newClicks(t, quickDir(t), DatasetOptions{})
	a, b := PartitionOf("p", "a"), PartitionOf("p", "b")
	by := map[int64]Partition{1: b, 2: {}, 3: a}
	rows := []click{{ID: 1}, {ID: 2}, {ID: 3}}
	var outside []click
	_, err := d.Overwrite(t.Context(), of(rows), func(c click) Partition { return by[c.ID] },
		OverwriteOptions[click]{Requested: []Partition{a}, Outside: stream.Into(&outside)})
	var oe *stream.OptionError
	require.ErrorAs(t, err, &oe)
	require.Equal(t, "by(row 2)", oe.Option)
	require.Equal(t, rows[:1], outside)
	require.Empty(t, tree(t, d.Dir()))
}

// Partitions of a run have the columns of those that earlier runs committed.
func TestOverwrite_SameColumnsAsCommitted(t *testing.T) {
	a := PartitionOf("p", "a")
	touched := func(func(click, error) bool) { t.Error("the source was touched") }
	rows := clicks(4, 1)
	to := func(p Partition) func(click) Partition { return func(click) Partition { return p } }
	for name, c := range map[string]struct{ first, second Partition }{
		"deeper":      {a, a.With("q", "1")},
		"flatter":     {a.With("q", "1"), a},
		"other_name":  {a, PartitionOf("q", "a")},
		"other_order": {a.With("q", "1"), PartitionOf("q", "1").With("p", "a")},
	} {
		t.Run(name, func(t *testing.T) {
			d := newClicks(t, quickDir(t), DatasetOptions{})
			_, err := d.Overwrite(t.Context(), of(rows), to(c.first), OverwriteOptions[click]{})
			require.NoError(t, err)
			before := tree(t, d.Dir())
			refused := func(row int64, err error) {
				t.Helper()
				var ce *ConflictError
				require.ErrorAs(t, err, &ce)
				require.Equal(t, c.second, ce.Partition)
				require.Equal(t, row, ce.Row)
				require.ErrorContains(t, err, c.first.String())
				require.Equal(t, before, tree(t, d.Dir()))
			}
			_, err = d.Overwrite(t.Context(), of(rows), to(c.second), OverwriteOptions[click]{})
			refused(1, err)
			_, err = d.Stage(t.Context(), touched, to(c.second), OverwriteOptions[click]{Requested: []Partition{c.second}})
			refused(0, err)
			_, err = d.Rebuild(t.Context(), []Partition{c.second}, nil2)
			refused(0, err)

			// A damaged manifest is of a committed partition as well.
			text := filepath.Join(d.partitionDir(c.first), manifestName)
			require.NoError(t, os.WriteFile(text, []byte("{"), 0o644))
			before = tree(t, d.Dir())
			_, err = d.Overwrite(t.Context(), of(rows), to(c.second), OverwriteOptions[click]{})
			refused(1, err)

			// Directories of others are not: without a manifest nothing is committed.
			require.NoError(t, os.Remove(text))
			_, err = d.Overwrite(t.Context(), of(rows), to(c.second), OverwriteOptions[click]{})
			require.NoError(t, err)
			got, err := collectAll(d.Read())
			require.NoError(t, err)
			require.Equal(t, rows, got)
		})
	}
}
