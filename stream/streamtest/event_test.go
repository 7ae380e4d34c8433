package streamtest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// parseEvent reads one line by the schema that WriteNDJSON documents, plainly: the oracle of the generator.
func parseEvent(line []byte) (streamtest.Event, error) {
	var e streamtest.Event
	if !utf8.Valid(line) {
		return e, errMalformed
	}
	if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
		return e, errMalformed
	}
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if d.Decode(&fields) != nil {
		return e, errMalformed
	}
	if _, err := d.Token(); err != io.EOF {
		return e, errMalformed
	}
	text := func(key string) (string, error) {
		s, ok := fields[key].(string)
		if !ok || s == "" || s == "null" {
			return "", fmt.Errorf("%s: %v", key, fields[key])
		}
		return s, nil
	}
	var err error
	if e.EventID, err = text("event_id"); err != nil {
		return e, err
	}
	if e.UserID, err = strconv.ParseInt(fmt.Sprint(fields["user_id"]), 10, 64); err != nil {
		return e, err
	}
	if e.Type, err = text("event_type"); err != nil || !slices.Contains(streamtest.EventTypes(), e.Type) {
		return e, fmt.Errorf("event_type: %v", e.Type)
	}
	for key, at := range map[string]*time.Time{"ts": &e.Time, "ingested_at": &e.IngestTime} {
		s, err := text(key)
		if err != nil {
			return e, err
		}
		if *at, err = time.Parse(time.RFC3339, s); err != nil {
			return e, err
		}
	}
	switch by, given := fields["updated_by"]; v := by.(type) {
	case string:
		e.UpdatedBy = stream.Present(v)
		if v == "null" {
			e.UpdatedBy = stream.Null[string]()
		}
	case nil:
		if given {
			e.UpdatedBy = stream.Null[string]()
		}
	default:
		return e, fmt.Errorf("updated_by: %v", by)
	}
	if page, given := fields["page"]; given {
		s, ok := page.(string)
		if !ok {
			return e, fmt.Errorf("page: %v", page)
		}
		e.Page = s
	}
	if amount, given := fields["amount"]; given {
		if e.Amount, err = strconv.ParseFloat(fmt.Sprint(amount), 64); err != nil {
			return e, err
		}
	}
	return e, nil
}

var errMalformed = errors.New("malformed")

// The lines that the oracle accepts are exactly Events, in order, and the counts are exact.
func TestWriteNDJSON_OracleAgreesWithEvents(t *testing.T) {
	for seed := range uint64(3) {
		o := streamtest.EventOptions{Seed: seed, N: 10_000, BrokenRatio: 0.05}
		var b bytes.Buffer
		stats, err := streamtest.WriteNDJSON(&b, o)
		require.NoError(t, err)
		require.EqualValues(t, b.Len(), stats.Bytes)

		var events []streamtest.Event
		var seen streamtest.EventStats
		seen.Bytes = int64(b.Len())
		ids := make(map[string]bool)
		for line := range bytes.Lines(b.Bytes()) {
			require.NotEmpty(t, bytes.TrimSpace(line))
			seen.Lines++
			e, err := parseEvent(bytes.TrimSuffix(line, []byte("\n")))
			switch {
			case err == errMalformed:
				seen.Malformed++
				seen.Broken++
			case err != nil:
				seen.Invalid++
				seen.Broken++
			default:
				seen.Valid++
				if ids[e.EventID] {
					seen.Duplicates++
				} else {
					seen.Distinct++
				}
				ids[e.EventID] = true
				events = append(events, e)
			}
		}
		require.Equal(t, seen, stats)
		require.NotZero(t, stats.Malformed)
		require.NotZero(t, stats.Invalid)
		streamtest.Equal(t, streamtest.Events(o), events...)
	}
}

func TestEvents_Defaults(t *testing.T) {
	o := streamtest.EventOptions{N: 100_000}
	latest := make(map[string]streamtest.Event)
	users, types, days := make(map[int64]int), make(map[string]int), make(map[string]int)
	n, repeats, ties, unknown, descents := 0, 0, 0, 0, 0
	var before time.Time
	for e, err := range streamtest.Events(o) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		users[e.UserID]++
		types[e.Type]++
		days[e.Time.Format(time.DateOnly)]++
		if e.UserID <= 0 || e.UserID > math.MaxInt32 || len(e.EventID) != 16 || e.Amount != math.Round(e.Amount*100)/100 {
			t.Fatalf("%+v", e)
		}
		if !e.HasUpdater() {
			unknown++
		}
		if e.Time.Before(before) {
			descents++
		}
		before = e.Time
		if old, ok := latest[e.EventID]; ok {
			repeats++
			if e.IngestTime.Before(old.IngestTime) {
				t.Fatalf("%+v arrived after %+v", old, e)
			}
			if e.IngestTime.Equal(old.IngestTime) {
				ties++
			}
			same := e
			same.IngestTime, same.UpdatedBy = old.IngestTime, old.UpdatedBy
			if same != old {
				t.Fatalf("a retry differs in more than arrival and updater: %+v, %+v", old, e)
			}
		}
		latest[e.EventID] = e
	}
	share := func(part, whole int) float64 { return float64(part) / float64(whole) }
	require.InDelta(t, 0.99, share(n, o.N), 0.002)
	require.InDelta(t, 0.15, share(repeats, n), 0.005)
	require.InDelta(t, 0.10, share(ties, repeats), 0.01)
	require.InDelta(t, 0.315, share(unknown, n), 0.01)
	require.Greater(t, share(descents, n), 0.1, "input must not be in time order")
	require.Len(t, types, 12)
	require.Equal(t, []string{"2024-01-15", "2024-01-16", "2024-01-17"}, slices.Sorted(maps.Keys(days)))
	counts := slices.Collect(maps.Values(users))
	slices.Sort(counts)
	require.InDelta(t, 0.117, share(counts[len(counts)-1], n), 0.03, "the first of 5,000 users by 1/rank")
	require.Greater(t, len(users), 1_000)
}

// The bytes are the same on every machine and in every release: digests are part of other packages' tests.
func TestWriteNDJSON_Golden(t *testing.T) {
	for name, tt := range map[string]struct {
		o    streamtest.EventOptions
		want string
	}{
		"zero_seed": {streamtest.EventOptions{N: 10_000}, "4c1a50217d25ff44"},
		"seed_7":    {streamtest.EventOptions{N: 10_000, Seed: 7}, "759195c4e3454692"},
		"all_knobs": {streamtest.EventOptions{N: 5_000, Seed: 1, Users: 100, Skew: 1.5, Start: time.Date(2020, 2, 28, 23, 0, 0, 0, time.UTC), Span: time.Hour, RetryRatio: 0.5, LateRatio: -1, BrokenRatio: 0.2, DirtyRatio: 1}, "11248f8a7fca7ef5"},
	} {
		t.Run(name, func(t *testing.T) {
			digest := sha256.New()
			_, err := streamtest.WriteNDJSON(digest, tt.o)
			require.NoError(t, err)
			require.Equal(t, tt.want, hex.EncodeToString(digest.Sum(nil)[:8]))
		})
	}
}

func TestEventOptions_None(t *testing.T) {
	stats, err := streamtest.WriteNDJSON(io.Discard, streamtest.EventOptions{N: 1000, RetryRatio: -1, BrokenRatio: -1, DirtyRatio: -1})
	require.NoError(t, err)
	require.Equal(t, streamtest.EventStats{Lines: 1000, Valid: 1000, Distinct: 1000, Bytes: stats.Bytes}, stats)
	stats, err = streamtest.WriteNDJSON(io.Discard, streamtest.EventOptions{N: -1})
	require.NoError(t, err)
	require.Zero(t, stats)
	stats, err = streamtest.WriteNDJSON(io.Discard, streamtest.EventOptions{N: 500, BrokenRatio: 1})
	require.NoError(t, err)
	require.Equal(t, 500, stats.Broken)
}

func TestEventOptions_Wrong(t *testing.T) {
	for option, o := range map[string]streamtest.EventOptions{
		"Users":       {Users: -1},
		"Skew":        {Skew: math.NaN()},
		"Span":        {Span: -time.Hour},
		"RetryRatio":  {RetryRatio: 1.5},
		"LateRatio":   {LateRatio: math.NaN()},
		"BrokenRatio": {BrokenRatio: math.Inf(1)},
		"DirtyRatio":  {DirtyRatio: 15},
	} {
		var wrong *stream.OptionError
		_, err := streamtest.WriteNDJSON(io.Discard, o)
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, option, wrong.Option)
		for _, err := range streamtest.Events(o) {
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, "Events", wrong.Func)
		}
	}
}

func TestWriteNDJSON_WriterFails(t *testing.T) {
	full := errors.New("no space left on device")
	stats, err := streamtest.WriteNDJSON(&brokenWriter{after: 3, err: full}, streamtest.EventOptions{N: 10_000})
	require.ErrorIs(t, err, full)
	require.ErrorContains(t, err, "before line ")
	require.Less(t, stats.Lines, 10_000)
	require.EqualValues(t, 3*64<<10, stats.Bytes&^0xffff, "what was written is counted")
}

type brokenWriter struct {
	after int
	err   error
}

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.after == 0 {
		return 0, w.err
	}
	w.after--
	return len(b), nil
}

// Users of the same seed and options are the same whatever the share of broken and dirty lines looks like in bytes:
// rendering has its own dice.
func TestEvents_DirtDoesNotChangeEvents(t *testing.T) {
	clean := streamtest.Events(streamtest.EventOptions{N: 2000, DirtyRatio: -1})
	var want []streamtest.Event
	for e, err := range clean {
		require.NoError(t, err)
		want = append(want, e)
	}
	streamtest.Equal(t, streamtest.Events(streamtest.EventOptions{N: 2000, DirtyRatio: 1}), want...)
}

func TestEvents_Span(t *testing.T) {
	start := time.Date(1969, 12, 31, 23, 0, 0, 0, time.UTC) // across the epoch
	for e, err := range streamtest.Events(streamtest.EventOptions{N: 5000, Start: start, Span: 2 * time.Hour, LateRatio: 1}) {
		require.NoError(t, err)
		require.False(t, e.Time.Before(start))
		require.True(t, e.Time.Before(start.Add(2*time.Hour)))
	}
}

func TestEventTypes_IsACopy(t *testing.T) {
	streamtest.EventTypes()[0] = "spoiled"
	require.Equal(t, "page_view", streamtest.EventTypes()[0])
	require.False(t, strings.Contains(strings.Join(streamtest.EventTypes(), ","), "spoiled"))
}

func BenchmarkWriteNDJSON(b *testing.B) {
	b.ReportAllocs()
	const n = 200_000
	for b.Loop() {
		stats, err := streamtest.WriteNDJSON(io.Discard, streamtest.EventOptions{N: n})
		if err != nil || stats.Lines != n {
			b.Fatal(stats, err)
		}
		b.SetBytes(stats.Bytes)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/line")
}

func BenchmarkEvents(b *testing.B) {
	b.ReportAllocs()
	const n = 200_000
	for b.Loop() {
		count := 0
		for _, err := range streamtest.Events(streamtest.EventOptions{N: n, BrokenRatio: -1}) {
			if err != nil {
				b.Fatal(err)
			}
			count++
		}
		if count != n {
			b.Fatal(count)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
}
