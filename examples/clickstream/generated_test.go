package main

import (
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/parquetio"
	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

const someEvents = "20000"

func TestGenerated_answers_are_exact(t *testing.T) {
	dir := t.TempDir()
	r := reported(t, "-out", dir, "-events", someEvents)
	o := streamtest.EventOptions{Seed: 1, N: 20_000}
	made, err := streamtest.WriteNDJSON(io.Discard, o)
	require.NoError(t, err)
	a := r.Answers
	require.EqualValues(t, made.Lines, a.Rows)
	require.EqualValues(t, made.Valid, a.Valid)
	require.EqualValues(t, made.Broken, a.Quarantined)
	require.EqualValues(t, made.Distinct, *a.Deduplicated)
	require.EqualValues(t, made.Duplicates, *a.Duplicates)

	// The rest, by hand from the typed events.
	best := map[string]streamtest.Event{}
	for e, err := range streamtest.Events(o) {
		require.NoError(t, err)
		old, seen := best[e.EventID]
		if !seen || e.IngestTime.After(old.IngestTime) ||
			e.IngestTime.Equal(old.IngestTime) && e.HasUpdater() && !old.HasUpdater() {
			best[e.EventID] = e
		}
	}
	groups := map[streamtest.UserType]int64{}
	users := map[int64]bool{}
	for _, e := range best {
		groups[e.UserType()]++
		users[e.UserID] = true
	}
	require.EqualValues(t, len(groups), *a.UserTypeGroups)
	require.EqualValues(t, len(users), a.DistinctUsers.Exact)
	require.InEpsilon(t, len(users), a.DistinctUsers.Estimated, 0.05)

	// What the files say is what the report says.
	ds, err := parquetio.NewDataset[event](filepath.Join(dir, "events"), parquetio.DatasetOptions{})
	require.NoError(t, err)
	n, err := stream.Count(ds.Read())
	require.NoError(t, err)
	require.Len(t, best, n)
	require.Equal(t, n, must(stream.Count(dedup.Distinct(ds.Read(), event.id))))

	var sessions, total int64
	for s, err := range session.ByGap(ds.Read(), 30*time.Minute, func(e event) string { return e.User.Or("") }, event.at) {
		require.NoError(t, err)
		sessions++
		total += s.Length().Milliseconds()
	}
	require.Equal(t, sessions, *a.Sessions)
	require.Equal(t, total, *a.SessionsTotalMS)

	var counted int64
	for c, err := range parquetio.Read[countRow](filepath.Join(dir, "counts.parquet"), parquetio.ReadOptions{}) {
		require.NoError(t, err)
		counted += c.Count
	}
	require.EqualValues(t, n, counted)
	requireNoTemps(t, dir)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestGenerated_same_output_on_every_run(t *testing.T) {
	dir := t.TempDir()
	first := reported(t, "-out", dir, "-events", someEvents)
	files := tree(t, dir)
	again := reported(t, "-out", dir, "-events", someEvents, "-workers", "1")
	require.Equal(t, first.Digests, again.Digests)
	require.Equal(t, first.Answers, again.Answers)
	require.Equal(t, files, tree(t, dir), "a second run changes no byte")

	elsewhere := reported(t, "-out", t.TempDir(), "-events", someEvents, "-workers", "7")
	require.Equal(t, first.Digests, elsewhere.Digests, "the output does not depend on where it is")

	other := reported(t, "-out", t.TempDir(), "-events", someEvents, "-seed", "2")
	require.NotEqual(t, first.Digests, other.Digests)
}

func TestGenerated_text_report_names_every_stage(t *testing.T) {
	got := start(t.Context(), nil, nil, "-out", t.TempDir(), "-events", someEvents, "-log")
	require.Equal(t, exitOK, got.code, got.stderr)
	for _, want := range []string{
		"parse", "dedup", "write events", "sessions", "counts per user and type", "distinct users", "heavy hitters", "publish",
		"bottleneck", "peak memory", "quarantined", "digests", "top user", `distinct users of "page_view"`,
	} {
		require.Contains(t, got.stdout, want)
	}
	require.Contains(t, got.stderr, `"msg":"stage start","stage":"parse"`)
	require.Contains(t, got.stderr, `"msg":"stage complete","stage":"dedup"`)
}
