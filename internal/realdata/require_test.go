package realdata

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

const halfHour = 30 * time.Minute

func itoa(v int64) string { return strconv.FormatInt(v, 10) }

// requireCounts compares the counts per (user, type) with the published ones; a null user is the empty text.
func requireCounts[K comparable](t *testing.T, want answers, counts stream.Seq[stream.Keyed[K, int]], text func(K) (user, kind string)) {
	t.Helper()
	var lines []string
	total := 0
	for c, err := range counts {
		require.NoError(t, err)
		user, kind := text(c.Key)
		lines = append(lines, tabbed(user, kind, strconv.Itoa(c.Value)))
		total += c.Value
	}
	require.Equal(t, want.Rows, total, "counts must add up to the rows")
	require.Len(t, lines, want.CountByUser.Groups)
	require.Equal(t, want.CountByUser.SHA256, digest(lines))
}

// requireSessions compares the sessions under both boundary rules with the published ones, found by interval
// and by holding rows.
func requireSessions[T any, K comparable](t *testing.T, want answers, rows stream.Seq[T], key func(T) K, at func(T) time.Time, null func(T) bool, text func(K) string) {
	t.Helper()
	for name, atLeast := range map[string]bool{"new_session_when_gap_gt_30m": false, "new_session_when_gap_ge_30m": true} {
		expected, ok := want.Sessions[name]
		require.True(t, ok, name)
		var stats session.Stats
		o := session.Options[T]{AtLeast: atLeast, NullKey: null, Stats: &stats}
		check := func(found stream.Seq[session.Session[K]]) {
			t.Helper()
			var got sessionAnswers
			var lines []string
			for s, err := range found {
				require.NoError(t, err)
				length := s.Length().Milliseconds()
				got.Sessions++
				got.Events += s.Events
				got.TotalLengthMS += length
				got.LongestMS = max(got.LongestMS, length)
				got.MostEvents = max(got.MostEvents, s.Events)
				if s.Events == 1 {
					got.SingleEvent++
				}
				lines = append(lines, tabbed(text(s.Key), itoa(s.Start.UnixMilli()), itoa(s.End.UnixMilli()), strconv.Itoa(s.Events)))
			}
			got.SHA256 = digest(lines)
			require.Equal(t, expected, got, name)
			require.EqualValues(t, want.NullUsers, stats.NullKeys, name)
			require.EqualValues(t, want.Rows, stats.In, name)
		}
		check(session.Intervals(rows, halfHour, key, at, o))
		count := stream.Fold[T, int]{Add: func(acc *int, _ T) { *acc++ }}
		check(stream.Map(session.Run(rows, halfHour, key, at, count, o), func(f session.Folded[K, int]) session.Session[K] {
			require.Equal(t, f.Events, f.Value)
			return f.Session
		}))
	}
}

// requireDedup compares the rows kept with the published ones.
func requireDedup[T any](t *testing.T, want dedupAnswers, kept stream.Seq[T], stats *dedup.Stats, line func(T) string) {
	t.Helper()
	var lines []string
	for v, err := range kept {
		require.NoError(t, err)
		lines = append(lines, line(v))
	}
	require.Len(t, lines, want.Kept)
	require.EqualValues(t, want.Dropped, stats.Dropped)
	require.EqualValues(t, want.Kept+want.Dropped, stats.In)
	require.Equal(t, want.SHA256, digest(lines))
}
