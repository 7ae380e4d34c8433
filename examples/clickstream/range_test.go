package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/parquetio"
	"github.com/millrace-go/millrace/stream"
)

// A date range replaces its own dates, rows or no rows, and no other; twice is as good as once.
func TestRange_replaces_its_own_dates_only(t *testing.T) {
	dir := t.TempDir()
	full := []string{"-out", dir, "-events", someEvents}
	reported(t, full...)
	before := tree(t, dir)

	ranged := append(full, "-from", "2024-01-16", "-to", "2024-01-17", "-seed", "9")
	first := reported(t, ranged...)
	after := tree(t, dir)
	for name, text := range before {
		if strings.HasPrefix(name, filepath.Join("events", "date=")) {
			same := after[name] == text
			require.Equal(t, !strings.Contains(name, "date=2024-01-16"), same, name)
		}
	}
	require.Equal(t, first.Digests, reported(t, ranged...).Digests)
	require.Equal(t, after, tree(t, dir))
	require.Less(t, stageNamed(t, first, "write events").Out, *first.Answers.Deduplicated)
}

// A session that crosses the edge of a range is whole, and belongs to the date on which it starts: rebuilding
// the dates one by one gives what one run over all of them gives.
func TestRange_sessions_cross_its_edges(t *testing.T) {
	in := writeFile(t, "visits.csv", `user,at
a,2026-01-01T23:50:00Z
a,2026-01-02T00:05:00Z
a,2026-01-02T00:20:00Z
b,2026-01-01T12:00:00Z
b,2026-01-02T23:59:00Z
b,2026-01-03T00:10:00Z
`)
	columns := []string{"-columns", "user=user,ts=at", in}
	whole, byDay := t.TempDir(), t.TempDir()
	r := reported(t, append([]string{"-out", whole}, columns...)...)
	require.EqualValues(t, 3, *r.Answers.Sessions)
	var sessions int64
	for _, days := range [][2]string{{"2026-01-03", "2026-01-04"}, {"2026-01-01", "2026-01-02"}, {"2026-01-02", "2026-01-03"}, {"2026-01-01", "2026-01-02"}} {
		r := reported(t, append([]string{"-out", byDay, "-from", days[0], "-to", days[1]}, columns...)...)
		sessions += *r.Answers.Sessions
	}
	require.EqualValues(t, 5, sessions, "the two of the first day were found twice")
	read := func(dir string) []sessionRow {
		ds, err := parquetio.NewDataset[sessionRow](filepath.Join(dir, sessionsName), parquetio.DatasetOptions{})
		require.NoError(t, err)
		rows, err := stream.Collect(ds.Read())
		require.NoError(t, err)
		return rows
	}
	require.Equal(t, read(whole), read(byDay))
	var events int64
	for _, s := range read(byDay) {
		events += s.Events
	}
	require.EqualValues(t, 6, events)
	requireNoTemps(t, byDay)
}

func stageNamed(t *testing.T, r report, name string) stageReport {
	t.Helper()
	for _, s := range r.Stages {
		if s.Name == name {
			return s
		}
	}
	require.Failf(t, "no stage", "%q in %v", name, r.Stages)
	return stageReport{}
}

func TestRange_a_day_without_rows_is_committed_empty(t *testing.T) {
	dir := t.TempDir()
	r := reported(t, "-out", dir, "-events", "500", "-from", "2030-05-01", "-to", "2030-05-03")
	require.Zero(t, *r.Answers.Sessions)
	files := tree(t, dir)
	for _, day := range []string{"2030-05-01", "2030-05-02"} {
		require.Contains(t, files, filepath.Join("events", "date="+day, "_manifest.json"))
		require.Contains(t, files, filepath.Join("sessions", "date="+day, "_manifest.json"))
	}
}
