package session_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

var update = flag.Bool("update", false, "rewrite golden files")

func at(user string, seconds ...int64) (out []click) {
	for _, s := range seconds {
		out = append(out, click{user: user, at: second(s)})
	}
	return out
}

func TestIntervals_Table(t *testing.T) {
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		name    string
		events  []click
		gap     time.Duration
		atLeast bool
		want    string // start-end*events in seconds, in output order
	}{
		{"empty", nil, 10 * time.Second, false, ""},
		{"one_event", at("a", 5), 10 * time.Second, false, "a 5-5*1"},
		{"equal_times", at("a", 5, 5, 5), 10 * time.Second, true, "a 5-5*3"},
		{"gap_exactly_equal_stays", at("a", 0, 10), 10 * time.Second, false, "a 0-10*2"},
		{"gap_exactly_equal_splits_at_least", at("a", 0, 10), 10 * time.Second, true, "a 0-0*1 a 10-10*1"},
		{"one_more_splits", at("a", 0, 11), 10 * time.Second, false, "a 0-0*1 a 11-11*1"},
		{"late_event_extends_backwards", at("a", 9, 2), 10 * time.Second, false, "a 2-9*2"},
		{"late_event_bridges", at("a", 0, 20, 10), 10 * time.Second, false, "a 0-20*3"},
		{"late_event_bridges_three", at("a", 0, 40, 20, 10, 30), 10 * time.Second, false, "a 0-40*5"},
		{"event_inside_a_session", at("a", 0, 8, 4), 10 * time.Second, false, "a 0-8*3"},
		{"keys_do_not_touch", append(at("a", 0, 8), at("b", 4)...), 10 * time.Second, false, "b 4-4*1 a 0-8*2"},
		{"output_by_end_then_start", append(at("a", 0, 9), at("b", 5, 9)...), 10 * time.Second, false, "a 0-9*2 b 5-9*2"},
		{"before_1970", at("a", -25, -5, -15), 10 * time.Second, false, "a -25--5*3"},
		{
			"year_1678_and_2262", []click{{user: "a", at: year(2262)}, {user: "a", at: year(1678)}, {user: "a", at: year(2262)}},
			math.MaxInt64, false, "a -9214560000--9214560000*1 a 9214646400-9214646400*2",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := drain(session.Intervals(of(c.events...), c.gap, userOf, atOf, session.Options[click]{AtLeast: c.atLeast}))
			require.NoError(t, err)
			var out []string
			for _, s := range got {
				out = append(out, fmt.Sprintf("%s %d-%d*%d", s.Key, s.Start.Unix(), s.End.Unix(), s.Events))
			}
			require.Equal(t, c.want, strings.Join(out, " "))
		})
	}
}

func TestSession_Reason(t *testing.T) {
	events := append(at("a", 0, 100, 109), append(at("b", 50), at("c", 100)...)...)
	got, err := drain(session.ByGap(of(events...), 9*time.Second, userOf, atOf))
	require.NoError(t, err)
	reasons := map[string]session.Reason{}
	for _, s := range got {
		reasons[fmt.Sprint(s.Key, s.End.Unix())] = s.Reason
	}
	require.Equal(t, map[string]session.Reason{
		"a0": session.ReasonGap, "b50": session.ReasonGap,
		"c100": session.ReasonEnd, // the latest event is exactly the gap away: one of c's may still come
		"a109": session.ReasonEnd,
	}, reasons)
	require.Equal(t, "gap, end of input, Reason(9)", fmt.Sprintf("%v, %v, %v", session.ReasonGap, session.ReasonEnd, session.Reason(9)))
}

// The error of a rejected option comes first; the source is not touched.
func TestOptions_Refused(t *testing.T) {
	untouched := func(func(click, error) bool) { t.Error("source was run") }
	type pointer struct{ P *int }
	for name, s := range map[string]stream.Seq[struct{}]{
		"zero_gap":       erase(session.ByGap(untouched, 0, userOf, atOf)),
		"negative_gap":   erase(session.Intervals(untouched, -time.Second, userOf, atOf, session.Options[click]{})),
		"run":            erase(session.Run(untouched, 0, userOf, atOf, sum(), session.Options[click]{})),
		"ordered":        erase(session.Run(untouched, 0, userOf, atOf, sum(), session.Options[click]{Ordered: true})),
		"memory":         erase(session.Intervals(untouched, 1, userOf, atOf, session.Options[click]{Resources: stream.Resources{Memory: -1}})),
		"pointer_key":    erase(session.ByGap(untouched, 1, func(click) pointer { return pointer{} }, atOf)),
		"channel_key":    erase(session.ByGap(untouched, 1, func(click) chan int { return nil }, atOf)),
		"pointer_in_run": erase(session.Run(untouched, 1, func(click) *int { return nil }, atOf, sum(), session.Options[click]{})),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := drain(s)
			option := (*stream.OptionError)(nil)
			require.ErrorAs(t, err, &option)
			require.Equal(t, "session", option.Package)
			require.Empty(t, got)
		})
	}
	_, err := drain(session.ByGap(untouched, -5*time.Minute, userOf, atOf))
	require.EqualError(t, err, "session: ByGap: gap must be positive, got -5m0s")
}

func erase[T any](s stream.Seq[T]) stream.Seq[struct{}] {
	return func(yield func(struct{}, error) bool) {
		for _, err := range s {
			if !yield(struct{}{}, err) {
				return
			}
		}
	}
}

func TestNil_Panics(t *testing.T) {
	s := of[click]()
	require.PanicsWithValue(t, "session: ByGap: nil sequence", func() { session.ByGap(nil, 1, userOf, atOf) })
	require.PanicsWithValue(t, "session: ByGap: nil key", func() { session.ByGap[click, string](s, 1, nil, atOf) })
	require.PanicsWithValue(t, "session: Intervals: nil at", func() { session.Intervals(s, 1, userOf, nil, session.Options[click]{}) })
	require.PanicsWithValue(t, "session: Run: nil Fold.Add", func() {
		session.Run(s, 1, userOf, atOf, stream.Fold[click, int]{}, session.Options[click]{})
	})
}

// Key and time are not asked of an event that has none.
func TestRejects_Table(t *testing.T) {
	events := []click{{user: "a", at: second(1)}, {at: second(2)}, {user: "a"}, {}, {user: "a", at: second(3)}}
	careful := session.Options[click]{NullKey: nullUser, NullTime: nullTime}
	key := func(c click) string {
		if c.user == "" {
			panic("asked for a null key")
		}
		return c.user
	}
	when := func(c click) time.Time {
		if c.at.IsZero() {
			panic("asked for a null time")
		}
		return c.at
	}
	for _, ordered := range []bool{false, true} {
		var stats session.Stats
		var rejects []session.Reject[click]
		o := careful
		o.Ordered, o.Stats, o.Rejects = ordered, &stats, stream.Into(&rejects)
		got, err := drain(session.Run(of(events...), time.Minute, key, when, collect(), o))
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, []click{events[0], events[4]}, got[0].Value)
		require.Equal(t, session.Stats{In: 5, Events: 2, Sessions: 1, NullKeys: 2, NullTimes: 1}, stats)
		require.Equal(t, []session.Reject[click]{
			{Event: events[1], Position: 1, Reason: session.RejectNullKey},
			{Event: events[2], Position: 2, Reason: session.RejectNullTime},
			{Event: events[3], Position: 3, Reason: session.RejectNullKey},
		}, rejects)

		full := errors.New("disk full")
		o.Rejects = func(session.Reject[click]) error { return full }
		none, err := drain(session.Run(of(events...), time.Minute, key, when, collect(), o))
		require.ErrorIs(t, err, full)
		require.Empty(t, none)
		require.EqualValues(t, 2, stats.In, "Stats tell how far it came")
	}
	require.Equal(t, "null key, null time, bad key, bad time, RejectReason(0)",
		fmt.Sprintf("%v, %v, %v, %v, %v", session.RejectNullKey, session.RejectNullTime, session.RejectKey, session.RejectTime, session.RejectReason(0)))
}

// A time outside 1677 to 2262 is a bad record: a reject where there is a place for it, otherwise the end of the stream.
func TestRejects_BadTime(t *testing.T) {
	last := time.Date(2262, 4, 11, 23, 47, 15, 999_999_999, time.UTC)
	events := []click{{user: "a", at: last}, {user: "a", at: last.Add(1)}, {user: "a"}, {user: "a", at: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}}
	for _, ordered := range []bool{false, true} {
		var stats session.Stats
		var rejects []session.Reject[click]
		o := session.Options[click]{Ordered: ordered, Stats: &stats}
		_, err := drain(session.Intervals(of(events...), time.Minute, userOf, atOf, o))
		bad := (*stream.TimeError)(nil)
		require.ErrorAs(t, err, &bad)
		require.ErrorIs(t, err, stream.ErrSchema)
		require.EqualValues(t, 1, bad.Index)
		require.EqualError(t, err, "session: Intervals: time of event 1 is 2262-04-11T23:47:16Z, want 1677-09-21T00:12:44Z to 2262-04-11T23:47:15Z: "+stream.ErrSchema.Error())

		o.Rejects = stream.Into(&rejects)
		got, err := drain(session.Intervals(of(events...), time.Minute, userOf, atOf, o))
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, last, got[0].End)
		require.Equal(t, session.Stats{In: 4, Events: 1, Sessions: 1, BadTimes: 3}, stats)
		require.Len(t, rejects, 3)
		for i, r := range rejects {
			require.Equal(t, session.RejectTime, r.Reason)
			require.EqualValues(t, i+1, r.Position)
			require.ErrorAs(t, r.Err, &bad)
		}
	}
}

// A key whose interface holds a slice is a bad record, not a panic.
func TestRejects_BadKey(t *testing.T) {
	events := []any{"a", []int{1}, "a"}
	key := func(v any) any { return v }
	when := func(any) time.Time { return second(0) }
	_, err := drain(session.ByGap(of(events...), 1, key, when))
	require.ErrorIs(t, err, stream.ErrSchema)
	require.ErrorContains(t, err, "session: ByGap: key of event 1: ")

	var stats session.Stats
	var rejects []session.Reject[any]
	got, err := drain(session.Intervals(of(events...), 1, key, when, session.Options[any]{Stats: &stats, Rejects: stream.Into(&rejects)}))
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, 2, got[0].Events)
	require.Equal(t, session.Stats{In: 3, Events: 2, Sessions: 1, BadKeys: 1}, stats)
	require.Equal(t, session.RejectKey, rejects[0].Reason)
	require.ErrorIs(t, rejects[0].Err, stream.ErrSchema)
}

// NaN is one key, and -0 is 0.
func TestByGap_FloatKeys(t *testing.T) {
	keys := []float64{math.NaN(), math.Copysign(0, -1), math.NaN(), 0}
	got, err := drain(session.ByGap(of(keys...), 1, func(f float64) float64 { return f }, func(float64) time.Time { return second(0) }))
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, 2, got[0].Events)
	require.Equal(t, 2, got[1].Events)
}

func TestByGap_SourceError(t *testing.T) {
	broken := errors.New("connection reset")
	source := func(yield func(click, error) bool) {
		_ = yield(click{user: "a", at: second(1)}, nil) && yield(click{}, broken)
	}
	for _, s := range []stream.Seq[struct{}]{
		erase(session.ByGap(source, 1, userOf, atOf)),
		erase(session.Run(source, 1, userOf, atOf, sum(), session.Options[click]{})),
		erase(session.Run(source, 1, userOf, atOf, sum(), session.Options[click]{Ordered: true})),
	} {
		got, err := drain(s)
		require.ErrorIs(t, err, broken)
		require.Empty(t, got, "no session of half an input")
	}
}

// Every path gives the memory back to a shared budget: end, break, error, limit and panic.
func TestResources_BudgetReturned(t *testing.T) {
	budget, err := stream.NewBudget(64 << 10)
	require.NoError(t, err)
	o := session.Options[click]{Resources: stream.Resources{Budget: budget}}
	few, many := at("a", 1, 2, 100, 200), []click{}
	for i := range int64(10_000) {
		many = append(many, at(fmt.Sprint(i), i*100)...)
	}
	for _, ordered := range []bool{false, true} {
		o.Ordered = ordered
		for range session.Run(of(few...), time.Second, userOf, atOf, collect(), o) {
			require.Positive(t, budget.Used())
			break
		}
		require.Zero(t, budget.Used())
		_, err = drain(session.Run(of(few...), time.Second, userOf, atOf, collect(), o))
		require.NoError(t, err)
		require.Zero(t, budget.Used())
		require.Panics(t, func() {
			_, _ = drain(session.Run(of(few...), time.Second, userOf, func(c click) time.Time { panic(c) }, collect(), o))
		})
		require.Zero(t, budget.Used())
	}
	o.Ordered = false
	_, err = drain(session.Intervals(of(many...), time.Second, userOf, atOf, o))
	require.ErrorIs(t, err, stream.ErrLimit)
	require.ErrorContains(t, err, "session: Intervals: bytes of the shared budget")
	require.Zero(t, budget.Used())

	o.Ordered = true // one session open at a time: the same input fits
	got, err := drain(session.Intervals(of(many...), time.Second, userOf, atOf, o))
	require.NoError(t, err)
	require.Len(t, got, len(many))
	require.Zero(t, budget.Used())
}

// What a fold or an event takes beyond its static size counts too.
func TestRun_Sizes(t *testing.T) {
	events := make([]click, 1000)
	for i := range events {
		events[i] = click{user: "a", at: second(int64(i))}
	}
	bound := session.Options[click]{Resources: stream.Resources{Memory: 1 << 20}}
	_, err := drain(session.Run(of(events...), time.Minute, userOf, atOf, sum(), bound))
	require.NoError(t, err)

	heavy := bound
	heavy.Size = func(click) int { return 4 << 10 }
	_, err = drain(session.Run(of(events...), time.Minute, userOf, atOf, sum(), heavy))
	require.ErrorIs(t, err, stream.ErrLimit)

	fat := sum()
	fat.Size = func(*int) int { return 2 << 20 }
	for _, ordered := range []bool{false, true} {
		bound.Ordered = ordered
		got, err := drain(session.Run(of(events...), time.Minute, userOf, atOf, fat, bound))
		require.ErrorIs(t, err, stream.ErrLimit)
		require.Empty(t, got)
	}

	// One accumulator at a time fits, as often as there are sessions: what is yielded is given back.
	bound.Resources.Memory = 1 << 20
	fat.Size = func(*int) int { return 300 << 10 }
	for _, ordered := range []bool{false, true} {
		bound.Ordered = ordered
		got, err := drain(session.Run(of(at("a", 1, 1000, 2000, 3000, 4000, 5000)...), time.Minute, userOf, atOf, fat, bound))
		require.NoError(t, err)
		require.Len(t, got, 6)
	}
}

func TestOrdered_Descent(t *testing.T) {
	events := []click{{user: "a", at: second(5)}, {user: "a", at: second(5)}, {}, {user: "b", at: second(4)}}
	o := session.Options[click]{Ordered: true, NullKey: nullUser}
	_, err := drain(session.Intervals(of(events...), time.Minute, userOf, atOf, o))
	order := (*session.OrderError)(nil)
	require.ErrorAs(t, err, &order)
	require.ErrorIs(t, err, stream.ErrConflict)
	require.Equal(t, session.OrderError{Func: "Intervals", Position: 3, Time: second(4), PrevPosition: 1, PrevTime: second(5)}, *order)
	require.EqualError(t, err, "session: Intervals: input not in order of event time: event 3 is of 1970-01-01T00:00:04Z after event 1 of 1970-01-01T00:00:05Z: conflict")
}

// Sessions come out as soon as the input has passed them, and keys without one are forgotten.
func TestOrdered_EmitsEarly(t *testing.T) {
	read := 0
	source := func(yield func(click, error) bool) {
		for i := range int64(100_000) {
			read++
			if !yield(click{user: fmt.Sprint("user", i%5000), at: second(i * 10)}, nil) {
				return
			}
		}
	}
	o := session.Options[click]{Ordered: true, Resources: stream.Resources{Memory: 64 << 10}}
	n := 0
	for s, err := range session.Intervals(source, 30*time.Second, userOf, atOf, o) {
		require.NoError(t, err)
		n++
		if n < 90_000 { // the last ones come at the end of the input
			require.Equal(t, n+4, read, "a session ends after 30 s: at the fifth event from its own")
		}
		require.Equal(t, 1, s.Events)
	}
	require.Equal(t, 100_000, n)
}

// A sequence runs again, and a break reads no more.
func TestByGap_RunsAgain(t *testing.T) {
	s := session.ByGap(of(at("a", 1, 100, 200)...), time.Second, userOf, atOf)
	first, err := drain(s)
	require.NoError(t, err)
	for range s {
		break
	}
	second, err := drain(s)
	require.NoError(t, err)
	require.Equal(t, first, second)
}

// IDs are persisted by users: these must never change.
func TestID_Golden(t *testing.T) {
	type visit struct {
		shop int32
		user string
	}
	var out bytes.Buffer
	times := []time.Time{second(0), time.Date(2024, 2, 29, 23, 59, 59, 999_999_999, time.UTC), time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2262, 1, 1, 0, 0, 0, 1, time.UTC)}
	for _, salt := range []string{"", "staging"} {
		for _, start := range times {
			o := session.Options[string]{Salt: salt}
			when := func(string) time.Time { return start }
			for _, key := range []string{"", "ann", "日本"} {
				s, err := drain(session.Intervals(of(key), 1, func(k string) string { return k }, when, o))
				require.NoError(t, err)
				fmt.Fprintf(&out, "string %q salt %q at %s: %v\n", key, salt, start.Format(time.RFC3339Nano), s[0].ID)
			}
			s, err := drain(session.Intervals(of("ann"), 1, func(k string) visit { return visit{7, k} }, when, o))
			require.NoError(t, err)
			fmt.Fprintf(&out, "struct {7 ann} salt %q at %s: %v\n", salt, start.Format(time.RFC3339Nano), s[0].ID)
		}
	}
	name := filepath.Join("testdata", "ids.golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(name, out.Bytes(), 0o644))
	}
	golden, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(golden), out.String())

	seen := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		id := strings.TrimSpace(line[strings.LastIndex(line, ": ")+2:])
		raw, err := hex.DecodeString(id)
		require.NoError(t, err)
		require.Len(t, raw, 16)
		require.False(t, seen[id], line)
		seen[id] = true
	}
}

// The gap, the boundary, other keys, later events and the engine do not enter the ID; the first event does.
func TestID_DependsOnFirstEventOnly(t *testing.T) {
	id := func(gap time.Duration, o session.Options[click], events ...click) session.ID {
		got, err := drain(session.Intervals(of(events...), gap, userOf, atOf, o))
		require.NoError(t, err)
		for _, s := range got {
			if s.Key == "a" {
				return s.ID
			}
		}
		return session.ID{}
	}
	o := session.Options[click]{}
	base := id(time.Second, o, at("a", 10)...)
	require.Equal(t, base, id(time.Minute, session.Options[click]{AtLeast: true}, append(at("b", 3, 10), at("a", 20, 10)...)...))
	require.Equal(t, base, id(time.Minute, session.Options[click]{Ordered: true}, at("a", 10, 12)...))
	require.NotEqual(t, base, id(time.Minute, o, at("a", 10, 9)...))
	require.NotEqual(t, base, id(time.Second, session.Options[click]{Salt: "x"}, at("a", 10)...))
}
