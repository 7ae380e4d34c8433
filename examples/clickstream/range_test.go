package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
	require.Less(t, stageNamed(t, first, "date range").Out, *first.Answers.Deduplicated)
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
