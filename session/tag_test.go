package session_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// Tag gives each event the session that Run puts it in, and its place there, in whatever order it does so.
func TestTag_Oracle(t *testing.T) {
	hunted(t, func(t *rapid.T) {
		s := scripts(false).Draw(t, "script")
		s.o.Sources, s.o.Lateness, s.o.EveryChange, s.o.Disorder = 0, 0, false, max(s.o.Disorder, 1)
		events := s.onTime()
		o := s.o
		o.Rejects = stream.Discard[session.Reject[visit]]("not of interest")
		type place struct {
			id    session.ID
			index int
		}
		want := map[int]place{}
		var inTurn []int
		sessions, err := drain(session.Run(of(events...), time.Duration(s.gap), visit.user, visit.at, kept(), o))
		require.NoError(t, err)
		for _, one := range sessions {
			for i, v := range one.Value {
				want[v.Pos] = place{one.ID, i}
				inTurn = append(inTurn, v.Pos)
			}
		}
		check := func(o session.Options[visit], events []visit, turn []int) {
			var stats session.Stats
			o.Stats = &stats
			tagged, err := drain(session.Tag(of(events...), time.Duration(s.gap), visit.user, visit.at, o))
			require.NoError(t, err)
			got := map[int]place{}
			var gotTurn []int
			for _, v := range tagged {
				got[v.Event.Pos] = place{v.Session, v.Index}
				gotTurn = append(gotTurn, v.Event.Pos)
			}
			require.Equal(t, want, got)
			require.Equal(t, turn, gotTurn)
			require.EqualValues(t, len(sessions), stats.Sessions)
			require.EqualValues(t, len(want), stats.Events)
		}
		check(o, events, inTurn)
		o.Disorder = 0
		check(o, events, inTurn)
		slices.SortStableFunc(events, func(a, b visit) int { return cmp.Compare(a.At, b.At) })
		o.Ordered = true
		if o.Tie == nil { // at once
			inTurn = nil
			for _, v := range events {
				if _, ok := want[v.Pos]; ok {
					inTurn = append(inTurn, v.Pos)
				}
			}
		}
		check(o, events, inTurn)
	})
}

// In order of time an event is tagged before the next is read, and keys whose session is over are forgotten.
func TestTag_AtOnce(t *testing.T) {
	read := 0
	source := func(yield func(click, error) bool) {
		for i := range int64(50_000) {
			read++
			if !yield(click{user: fmt.Sprint("user", i), at: second(i)}, nil) {
				return
			}
		}
	}
	n := 0
	o := session.Options[click]{Ordered: true, Resources: stream.Resources{Memory: 64 << 10}}
	for v, err := range session.Tag(source, 30*time.Second, userOf, atOf, o) {
		require.NoError(t, err)
		n++
		require.Equal(t, n, read)
		require.Zero(t, v.Index)
	}
	require.Equal(t, 50_000, n)

	_, err := drain(session.Tag(of(at("a", 5, 4)...), time.Second, userOf, atOf, o))
	order := (*session.OrderError)(nil)
	require.ErrorAs(t, err, &order)
	require.Equal(t, "Tag", order.Func)
	for name, o := range map[string]session.Options[click]{"Lateness": {Lateness: 1}, "EveryChange": {EveryChange: true}, "Sources": {Sources: 2}} {
		_, err = drain(session.Tag(of(at("a", 5)...), time.Second, userOf, atOf, o))
		option := (*stream.OptionError)(nil)
		require.ErrorAs(t, err, &option)
		require.Equal(t, name, option.Option)
	}
}

func TestOptions_RefusedOfNew(t *testing.T) {
	for name, c := range map[string]struct {
		gap  time.Duration
		o    session.Options[click]
		want string
	}{
		"gap":             {0, session.Options[click]{}, "session: New: gap must be positive, got 0s"},
		"length":          {1, session.Options[click]{MaxLength: -1}, "session: New: MaxLength must be 0 or positive, got -1ns"},
		"events":          {1, session.Options[click]{MaxEvents: -1}, "session: New: MaxEvents must be 0 or positive, got -1"},
		"disorder":        {1, session.Options[click]{Disorder: -1}, "session: New: Disorder must be 0 or positive, got -1ns"},
		"lateness":        {1, session.Options[click]{Lateness: -1}, "session: New: Lateness must be 0 or positive, got -1ns"},
		"two_orders":      {1, session.Options[click]{Ordered: true, Disorder: 1}, "session: New: Disorder must be 0 where the input is Ordered, got 1ns"},
		"sources":         {1, session.Options[click]{Sources: -1}, "session: New: Sources must be 0 or positive, got -1"},
		"ordered_sources": {1, session.Options[click]{Sources: 2, Ordered: true}, "session: New: Sources must be 0 or 1 where the input is Ordered, got 2"},
	} {
		_, err := session.New(c.gap, userOf, atOf, sum(), c.o)
		require.EqualError(t, err, c.want, name)
	}
	require.PanicsWithValue(t, "session: New: nil key", func() { _, _ = session.New[click, string](1, nil, atOf, sum(), session.Options[click]{}) })
	require.PanicsWithValue(t, "session: New: nil Fold.Add", func() {
		_, _ = session.New(1, userOf, atOf, stream.Fold[click, int]{}, session.Options[click]{})
	})
	require.PanicsWithValue(t, "session: By: nil function", func() { session.By[click, int](nil) })
	s, err := session.New(1, userOf, atOf, sum(), session.Options[click]{})
	require.NoError(t, err)
	require.PanicsWithValue(t, "session: State.Push: nil out", func() { _ = s.Push(click{}, nil) })
	require.PanicsWithValue(t, "session: State.Idle: source 1, want one of 1", func() { _ = s.Idle(1, func(session.Folded[string, int]) error { return nil }) })
}

// A gap that is none is a counted reject, or ends the stream where there is no place for it.
func TestRejects_BadGap(t *testing.T) {
	gaps := []time.Duration{time.Second, 0, -time.Second, time.Minute, time.Minute + 1}
	var events []click
	for i := range gaps {
		events = append(events, click{user: "a", at: second(int64(i)), n: i})
	}
	var stats session.Stats
	var rejects []session.Reject[click]
	o := session.Options[click]{GapOf: func(c click) time.Duration { return gaps[c.n] }, Stats: &stats}
	_, err := drain(session.Run(of(events...), time.Minute, userOf, atOf, collect(), o))
	gap := (*session.GapError)(nil)
	require.ErrorAs(t, err, &gap)
	require.ErrorIs(t, err, stream.ErrSchema)
	require.Equal(t, session.GapError{Func: "Run", Position: 1, Gap: 0, Most: time.Minute}, *gap)
	require.ErrorContains(t, err, "session: Run: gap of event 1 is 0s, want positive and at most 1m0s")
	o.Rejects = stream.Into(&rejects)
	got, err := drain(session.Run(of(events...), time.Minute, userOf, atOf, collect(), o))
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, session.Stats{In: 5, Events: 2, Sessions: 2, BadGaps: 3}, stats)
	require.Equal(t, "bad gap", rejects[2].Reason.String())
}

// After an error, of the sink too, a State is finished until Restore; its memory is given back.
func TestState_FinishedByAnError(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	s, err := session.New(time.Second, userOf, atOf, collect(), session.Options[click]{Disorder: time.Second, Resources: stream.Resources{Budget: budget}})
	require.NoError(t, err)
	boom := fmt.Errorf("boom")
	fails := func(session.Folded[string, []click]) error { return boom }
	require.NoError(t, s.Push(click{user: "a", at: second(0)}, fails))
	require.Positive(t, budget.Used())
	require.ErrorIs(t, s.Push(click{user: "a", at: second(10)}, fails), boom)
	require.Zero(t, budget.Used())
	require.ErrorIs(t, s.Flush(fails), boom)
	_, err = s.Carry()
	require.ErrorIs(t, err, boom)

	s, err = session.New(time.Second, userOf, atOf, collect(), session.Options[click]{Disorder: time.Second})
	require.NoError(t, err)
	require.NoError(t, s.Push(click{user: "a", at: second(0)}, fails))
	require.Panics(t, func() { _ = s.Flush(func(session.Folded[string, []click]) error { panic("boom") }) })
	require.ErrorContains(t, s.Push(click{}, fails), "the call before it did not return")
}

// Times at both ends of the range, and a watermark beyond it, overflow nothing.
func TestState_EndsOfTime(t *testing.T) {
	first, last := time.Unix(-9_223_372_036, 0), time.Unix(9_223_372_035, 999_999_999)
	for _, gap := range []time.Duration{1, time.Hour, math.MaxInt64} {
		for _, atLeast := range []bool{false, true} {
			var got []string
			take := func(f session.Folded[string, int]) error {
				got = append(got, fmt.Sprint(f.Start.Year(), f.End.Year(), f.Events, f.Reason))
				return nil
			}
			s, err := session.New(gap, userOf, atOf, sum(), session.Options[click]{AtLeast: atLeast, Disorder: math.MaxInt64, Lateness: math.MaxInt64})
			require.NoError(t, err)
			require.NoError(t, s.Push(click{user: "a", at: last}, take))
			require.NoError(t, s.Push(click{user: "a", at: first}, take))
			require.NoError(t, s.Advance(first, take))
			require.NoError(t, s.Advance(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), take))
			require.NoError(t, s.Flush(take))
			require.Equal(t, []string{"1677 1677 1 gap", "2262 2262 1 " + got[1][len("2262 2262 1 "):]}, got)
			late := (*stream.LateError)(nil)
			require.ErrorAs(t, s.Push(click{user: "b", at: first}, take), &late)
			require.Equal(t, "session", late.Package)
		}
	}
}

func TestSummaries(t *testing.T) {
	bounces, histogram := session.Bounces[string](), session.Histogram[string]()
	require.Zero(t, bounces.Init().Rate())
	rate, counts := bounces.Init(), histogram.Init()
	for _, s := range []session.Session[string]{{Events: 1}, {Events: 3}, {Events: 1}, {Events: 1, Retracted: true}, {Events: 2}, {Events: 3}, {Events: 2, Retracted: true}} {
		bounces.Add(&rate, s)
		histogram.Add(&counts, s)
	}
	require.Equal(t, session.Bounce{Sessions: 3, Bounced: 1}, rate)
	require.InDelta(t, 1.0/3, rate.Rate(), 1e-12)
	require.Equal(t, map[int]int64{1: 1, 3: 2}, counts)
	other := map[int]int64{3: -2, 5: 1}
	histogram.Merge(&counts, &other)
	require.Equal(t, map[int]int64{1: 1, 5: 1}, counts)
	bounces.Merge(&rate, &session.Bounce{Sessions: 1, Bounced: 1})
	require.InDelta(t, 0.5, rate.Rate(), 1e-12)
	require.Positive(t, histogram.Size(&counts))
}
