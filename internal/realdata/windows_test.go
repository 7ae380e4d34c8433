package realdata

import (
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/fixture"
	"github.com/millrace-go/millrace/stream"
)

// windowAnswers are the published answers on windows: counts per window and type, and how many rows are behind the
// latest time before them by more than a delay.
type windowAnswers struct {
	Rows   int             `json:"rows"`
	Ten    tumblingAnswers `json:"tumbling_10m_by_type"`
	Hourly tumblingAnswers `json:"tumbling_1h_by_type"`
	Daily  tumblingAnswers `json:"tumbling_1d_by_type"`
	Late   map[string]int  `json:"late_in_file_order"`
}

type tumblingAnswers struct {
	Groups  int    `json:"groups"`
	Windows int    `json:"windows"`
	Busiest int    `json:"busiest"`
	SHA256  string `json:"sha256"`
}

func loadWindows(t *testing.T, name string) (string, windowAnswers) {
	t.Helper()
	path, _ := load(t, name)
	text, err := os.ReadFile(fixture.Path(t, "data", "expected_events.json"))
	require.NoError(t, err)
	var all map[string]windowAnswers
	require.NoError(t, json.Unmarshal(text, &all))
	require.NotZero(t, all[name].Daily.Groups, "no answers for %s", name)
	return path, all[name]
}

// requireWindows compares the counts per window and type with the published ones: in file order, whatever that is;
// and hopping windows with sums of tumbling ones.
func requireWindows[T any, K comparable](t *testing.T, want windowAnswers, rows []T, kind func(T) K, at func(T) time.Time, text func(K) string) {
	t.Helper()
	require.Len(t, rows, want.Rows)
	count := stream.Fold[T, int]{Add: func(acc *int, _ T) { *acc++ }}
	type windowKind struct {
		start int64 // milliseconds
		kind  K
	}
	collect := func(size time.Duration, o stream.WindowOptions[T]) (counts map[windowKind]int, got tumblingAnswers) {
		counts = map[windowKind]int{}
		windows := map[int64]int{} // rows of all types
		var lines []string
		var stats stream.WindowStats
		o.Stats, o.Disorder = &stats, math.MaxInt64
		for w, err := range stream.Window(stream.Of(rows...), size, kind, at, count, o) {
			require.NoError(t, err)
			k := windowKind{w.Start.UnixMilli(), w.Key}
			require.Zero(t, counts[k], "%v twice", k)
			counts[k] = w.Value
			windows[k.start] += w.Value
			got.Busiest = max(got.Busiest, windows[k.start])
			lines = append(lines, tabbed(itoa(k.start), text(w.Key), strconv.Itoa(w.Value)))
		}
		got.Groups, got.Windows, got.SHA256 = len(lines), len(windows), digest(lines)
		require.EqualValues(t, len(rows), stats.Counted)
		return counts, got
	}
	_, got := collect(10*time.Minute, stream.WindowOptions[T]{})
	require.Equal(t, want.Ten, got)
	hours, got := collect(time.Hour, stream.WindowOptions[T]{})
	require.Equal(t, want.Hourly, got)
	_, got = collect(24*time.Hour, stream.WindowOptions[T]{})
	require.Equal(t, want.Daily, got)

	// A row that Trailing calls late is farther behind the latest before it than the delay.
	require.Len(t, want.Late, 4)
	for delay, n := range want.Late {
		disorder, err := time.ParseDuration(strings.TrimPrefix(delay, "delay_"))
		require.NoError(t, err)
		var late int
		var stats stream.WindowStats
		o := stream.TrailingOptions[T]{Disorder: disorder, Stats: &stats, Late: func(stream.Late[T]) error { late++; return nil }}
		last := time.Time{}
		for p, err := range stream.Trailing(stream.Of(rows...), time.Hour, kind, at, count, o) {
			require.NoError(t, err)
			require.False(t, at(p.First).Before(last))
			last = at(p.First)
		}
		require.Equal(t, n, late, delay)
		require.EqualValues(t, len(rows)-n, stats.Counted)
	}

	hopping, _ := collect(5*time.Hour, stream.WindowOptions[T]{Every: time.Hour})
	hour := time.Hour.Milliseconds()
	for k, n := range hopping {
		sum := 0
		for i := range int64(5) {
			sum += hours[windowKind{k.start + i*hour, k.kind}]
		}
		if sum != n {
			t.Fatalf("%+v: %d in the hopping window, %d in its hours", k, n, sum)
		}
	}
	for k := range hours {
		for i := range int64(5) {
			if hopping[windowKind{k.start - i*hour, k.kind}] == 0 {
				t.Fatalf("%+v is in no window that starts %d hours before", k, i)
			}
		}
	}
}

// logLine is a row of apache_access: shuffled inside a minute.
type logLine struct {
	Client, Status string
	At             time.Time
}

func (l logLine) status() string { return l.Status }
func (l logLine) at() time.Time  { return l.At }

func logLines(t *testing.T, path string) stream.Seq[logLine] {
	return stream.Map(textLines(t, path), func(line string) logLine {
		client, rest, _ := strings.Cut(line, " ")
		_, rest, _ = strings.Cut(rest, "[")
		stamp, rest, ok := strings.Cut(rest, "] \"")
		require.True(t, ok, line)
		at, err := time.Parse("02/Jan/2006:15:04:05 -0700", stamp)
		require.NoError(t, err)
		// The status follows the request, which may have quotes inside.
		end := strings.Index(rest, "\" ")
		fields := strings.Fields(rest[end+2:])
		return logLine{client, fields[0], at}
	})
}

// textLines are the lines of a compressed file, read once.
func textLines(t *testing.T, path string) stream.Seq[string] {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	return stream.Lines(z, stream.LinesOptions{Name: path})
}

func TestWindows(t *testing.T) {
	same := func(s string) string { return s }
	t.Run("reviews", func(t *testing.T) {
		path, want := loadWindows(t, "vendor_reviews.csv.gz")
		rows, err := stream.Collect(reviews(t, path))
		require.NoError(t, err)
		requireWindows(t, want, rows, func(r review) int64 { return r.Rating }, review.at, itoa)
	})
	t.Run("retail", func(t *testing.T) {
		path, want := loadWindows(t, "online_retail_2010-12-01_2011-08-31.csv.gz")
		rows, err := stream.Collect(sales(t, path))
		require.NoError(t, err)
		requireWindows(t, want, rows, func(s sale) string { return s.Country }, sale.at, same)
	})
	t.Run("file_changes", func(t *testing.T) {
		path, want := loadWindows(t, "file_changes_pinot.csv.gz")
		rows, err := stream.Collect(changes(t, path))
		require.NoError(t, err)
		requireWindows(t, want, rows, func(c change) string { return c.Type }, change.authored, same)
	})
	t.Run("access_log", func(t *testing.T) {
		path, want := loadWindows(t, "apache_access_10k.log.gz")
		rows, err := stream.Collect(logLines(t, path))
		require.NoError(t, err)
		requireWindows(t, want, rows, logLine.status, logLine.at, same)
	})
	t.Run("requests", func(t *testing.T) {
		path, want := loadWindows(t, "llm_requests_conv_2023-11-16.csv.gz")
		rows, err := stream.Collect(stream.TryMap(stream.Skip(textLines(t, path), 1), func(line string) (time.Time, error) {
			stamp, _, _ := strings.Cut(line, ",")
			return time.Parse("2006-01-02 15:04:05.9999999", stamp)
		}))
		require.NoError(t, err)
		requireWindows(t, want, rows, func(time.Time) string { return "request" }, func(at time.Time) time.Time { return at }, same)
	})
}
