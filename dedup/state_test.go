package dedup_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

func clickAt(c click) time.Time { return time.Unix(int64(c.At), 0) }

func newClicks(t require.TestingT, o dedup.StateOptions[click]) *dedup.State[click, int] {
	s, err := dedup.New(click.Key, o)
	require.NoError(t, err)
	return s
}

func snapshotOf(t require.TestingT, s stream.State) []byte {
	var b bytes.Buffer
	require.NoError(t, s.Snapshot(&b))
	return b.Bytes()
}

func TestState_Verdicts(t *testing.T) {
	latest := dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}}
	samePage := func(a, b click) bool { return a.Page == b.Page }
	with := func(o dedup.Options[click], change func(*dedup.StateOptions[click])) dedup.StateOptions[click] {
		s := dedup.StateOptions[click]{Options: o}
		if change != nil {
			change(&s)
		}
		return s
	}
	discard := stream.Discard[stream.Late[click]]("the verdict is judged")
	for name, c := range map[string]struct {
		o    dedup.StateOptions[click]
		in   []click
		want string
	}{
		"first":    {o: with(dedup.Options[click]{}, nil), in: []click{{1, "a", 1}, {2, "a", 1}, {1, "b", 2}}, want: "[new new duplicate]"},
		"last":     {o: with(dedup.Options[click]{Tie: dedup.TieLast}, nil), in: []click{{1, "a", 1}, {1, "b", 0}}, want: "[new replaced]"},
		"best":     {o: with(latest, nil), in: []click{{1, "a", 1}, {1, "b", 1}, {1, "c", 2}, {1, "d", 0}}, want: "[new duplicate replaced duplicate]"},
		"same":     {o: with(dedup.Options[click]{Same: samePage}, nil), in: []click{{1, "a", 1}, {1, "a", 2}, {1, "b", 2}}, want: "[new duplicate conflict]"},
		"ties":     {o: with(dedup.Options[click]{By: latest.By, Tie: dedup.TieFail}, nil), in: []click{{1, "a", 1}, {1, "b", 1}, {1, "c", 0}, {1, "d", 2}}, want: "[new conflict duplicate replaced]"},
		"none":     {o: with(dedup.Options[click]{Keep: dedup.KeepNone}, nil), in: []click{{1, "a", 1}, {1, "b", 1}, {1, "c", 1}, {2, "d", 1}}, want: "[new duplicate duplicate new]"},
		"nulls":    {o: with(dedup.Options[click]{NullKey: isNullClick}, nil), in: []click{{0, "a", 1}, {0, "b", 1}}, want: "[null key null key]"},
		"null_set": {o: with(dedup.Options[click]{NullKey: isNullClick, NullKeys: dedup.NullsEqual}, nil), in: []click{{0, "a", 1}, {0, "b", 1}}, want: "[new duplicate]"},
		"nulls_rejected": {o: with(dedup.Options[click]{NullKey: isNullClick, NullKeys: dedup.NullsReject,
			Rejects: stream.Discard[dedup.Reject[click]]("the verdict is judged")}, nil), in: []click{{0, "a", 1}, {1, "b", 1}}, want: "[rejected new]"},
		"expires_at_the_ttl": {o: with(dedup.Options[click]{}, func(o *dedup.StateOptions[click]) {
			o.TTL, o.At, o.Disorder = 10*time.Second, clickAt, time.Hour
		}), in: []click{{1, "a", 5}, {1, "b", 14}, {1, "c", 15}, {1, "d", 24}, {1, "e", 4}}, want: "[new duplicate new duplicate duplicate]"},
		"late": {o: with(dedup.Options[click]{}, func(o *dedup.StateOptions[click]) {
			o.TTL, o.At, o.Disorder, o.Late = 10*time.Second, clickAt, 2*time.Second, discard
		}), in: []click{{1, "a", 5}, {2, "b", 3}, {3, "c", 2}, {1, "d", 2}}, want: "[new new late late]"},
		"refresh_any": {o: with(dedup.Options[click]{}, func(o *dedup.StateOptions[click]) {
			o.TTL, o.At, o.Refresh = 10*time.Second, clickAt, dedup.RefreshAny
		}), in: []click{{1, "a", 0}, {1, "b", 9}, {1, "c", 18}, {1, "d", 28}}, want: "[new duplicate duplicate new]"},
		"refresh_write": {o: with(latest, func(o *dedup.StateOptions[click]) {
			o.TTL, o.At, o.Refresh, o.Disorder = 10*time.Second, clickAt, dedup.RefreshWrite, time.Minute
			o.Expired = stream.Discard[click]("the verdict is judged")
		}), in: []click{{1, "a", 0}, {1, "b", 9}, {1, "c", 8}, {1, "d", 18}, {1, "e", 28}}, want: "[new replaced duplicate replaced new]"},
		"bad_time": {o: with(dedup.Options[click]{}, func(o *dedup.StateOptions[click]) {
			o.TTL, o.At, o.BadTimes = time.Hour, func(c click) time.Time {
				if c.At < 0 {
					return time.Time{}
				}
				return clickAt(c)
			}, stream.Discard[dedup.Reject[click]]("the verdict is judged")
		}), in: []click{{1, "a", 5}, {1, "b", -1}, {1, "c", 1 << 30}, {1, "d", 1 << 29}}, want: "[new rejected new late]"},
		"tombstone": {o: with(dedup.Options[click]{}, func(o *dedup.StateOptions[click]) {
			o.Tombstone = func(c click) bool { return c.Page == "" }
		}), in: []click{{1, "", 0}, {1, "a", 1}, {1, "", 2}, {1, "b", 3}, {1, "c", 4}}, want: "[unknown new deleted new duplicate]"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "bad_time" {
				c.o.Late = discard
			}
			s := newClicks(t, c.o)
			var got []dedup.Verdict
			for _, row := range c.in {
				v, err := s.Push(row)
				require.NoError(t, err)
				got = append(got, v)
			}
			require.Equal(t, c.want, fmt.Sprint(got))
			require.NoError(t, s.Flush(stream.Discard[click]("the verdict is judged")))
			require.Zero(t, s.Len())
		})
	}
}

func TestState_Refuses(t *testing.T) {
	sink := stream.Discard[click]("nothing comes")
	for name, o := range map[string]dedup.StateOptions[click]{
		"TTL":              {TTL: -1},
		"At":               {TTL: 1},
		"Refresh":          {TTL: 1, At: clickAt, Refresh: 3},
		"Disorder":         {TTL: 1, At: clickAt, Disorder: -1},
		"Late":             {Late: stream.Discard[stream.Late[click]]("nothing comes")},
		"BadTimes":         {BadTimes: stream.Discard[dedup.Reject[click]]("nothing comes")},
		"Expired":          {Expired: sink},
		"Retract":          {Retract: true},
		"Keep":             {Options: dedup.Options[click]{Keep: 77}},
		"Tie":              {Options: dedup.Options[click]{Tie: 77}},
		"By[0]":            {Options: dedup.Options[click]{By: make([]dedup.Comparator[click], 1)}},
		"Resources.Memory": {Options: dedup.Options[click]{Resources: stream.Resources{Memory: -1}}},
	} {
		_, err := dedup.New(click.Key, o)
		var typed *stream.OptionError
		require.ErrorAs(t, err, &typed, name)
		require.Equal(t, name, typed.Option)
	}
	for name, o := range map[string]dedup.StateOptions[click]{
		"Disorder": {Disorder: 1}, "Refresh": {Refresh: dedup.RefreshAny}, "At": {At: clickAt},
		"TTL":     {TTL: 1 << 62, At: clickAt},
		"Expired": {TTL: 1, At: clickAt, Options: dedup.Options[click]{Tie: dedup.TieLast}},
	} {
		_, err := dedup.New(click.Key, o)
		var typed *stream.OptionError
		require.ErrorAs(t, err, &typed, name)
		require.Equal(t, name, typed.Option)
	}
	_, err := dedup.New(func(c click) *click { return &c }, dedup.StateOptions[click]{})
	require.ErrorContains(t, err, "key type")
	require.PanicsWithValue(t, "dedup: New: nil key", func() { _, _ = dedup.New[click, int](nil, dedup.StateOptions[click]{}) })
	require.Panics(t, func() { _, _ = newClicks(t, dedup.StateOptions[click]{}).PushAt(click{}, -1) })
	require.Panics(t, func() { _, _ = newClicks(t, dedup.StateOptions[click]{}).PushAt(click{}, 1<<62) })
}

// After an error the state is finished, its memory given back, until Restore.
func TestState_Finished(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	o := dedup.StateOptions[click]{TTL: time.Second, At: clickAt}
	o.Resources.Budget = budget
	s := newClicks(t, o)
	_, err = s.Push(click{1, "a", 10})
	require.NoError(t, err)
	good := snapshotOf(t, s)
	require.Positive(t, budget.Used())
	_, err = s.Push(click{1, "a", 3})
	var late *stream.LateError
	require.ErrorAs(t, err, &late)
	require.EqualError(t, err, "dedup: State: event 1 is late: its time is 1970-01-01T00:00:03Z, the watermark is 1970-01-01T00:00:10Z, and there is no sink for late events: conflict")
	require.Zero(t, budget.Used())
	_, again := s.Push(click{1, "a", 30})
	require.Equal(t, err, again)
	require.Equal(t, err, s.Advance(time.Unix(99, 0)))
	require.Equal(t, err, s.Flush(stream.Discard[click]("nothing comes")))
	require.Equal(t, err, s.Snapshot(&bytes.Buffer{}))
	require.NoError(t, s.Restore(bytes.NewReader(good)))
	require.Equal(t, good, snapshotOf(t, s))
	_, err = s.Push(click{1, "a", 30})
	require.NoError(t, err)

	s = newClicks(t, o)
	s2, err := dedup.New(func(c click) int { panic(c.Page) }, o)
	require.NoError(t, err)
	require.PanicsWithValue(t, "boom", func() { _, _ = s2.Push(click{Page: "boom"}) })
	_, err = s2.Push(click{})
	require.ErrorContains(t, err, "the call before it did not return")
	_ = s
}

// Beside an error there is no verdict, whatever the row would have been.
func TestState_NoVerdictBesideAnError(t *testing.T) {
	full := errors.New("full")
	timed := dedup.StateOptions[click]{TTL: 10 * time.Second, At: clickAt}
	reject := dedup.StateOptions[click]{Options: dedup.Options[click]{NullKey: isNullClick, NullKeys: dedup.NullsReject}}
	told := dedup.StateOptions[click]{Changes: func(dedup.Change[click]) error { return full }}
	losers := dedup.StateOptions[click]{Options: dedup.Options[click]{Losers: func(dedup.Loser[click]) error { return full }}}
	require.Zero(t, dedup.VerdictNone)
	for name, c := range map[string]struct {
		o    dedup.StateOptions[click]
		rows []click // the last fails
	}{
		"late":     {timed, []click{{1, "a", 99}, {1, "a", 3}}},
		"bad_time": {dedup.StateOptions[click]{TTL: 10 * time.Second, At: func(click) time.Time { return time.Time{} }}, []click{{1, "a", 1}}},
		"null_key": {reject, []click{{0, "a", 1}}},
		"change":   {told, []click{{1, "a", 1}}},
		"loser":    {losers, []click{{1, "a", 1}, {1, "b", 2}}},
	} {
		s := newClicks(t, c.o)
		for i, row := range c.rows {
			v, err := s.Push(row)
			require.Equal(t, i == len(c.rows)-1, err != nil, name)
			require.Equal(t, err != nil, v == dedup.VerdictNone, name)
		}
		v, err := s.PushAt(click{7, "z", 100}, 50)
		require.Error(t, err)
		require.Zero(t, v)
	}
}

// The zero State says what it is, and a state is not merged into itself.
func TestState_ZeroAndItself(t *testing.T) {
	var zero dedup.State[click, int]
	v, err := zero.Push(click{})
	require.Zero(t, v)
	require.ErrorContains(t, err, "dedup: State: the zero State takes no rows: make one with New")
	_, again := zero.PushAt(click{}, 3)
	sink := stream.Discard[click]("nothing comes")
	s := newClicks(t, dedup.StateOptions[click]{})
	for _, other := range []error{
		again, zero.Advance(time.Unix(0, 0)), zero.Flush(sink), zero.Snapshot(&bytes.Buffer{}), zero.Restore(&bytes.Buffer{}),
		zero.Merge(s), s.Merge(&zero), zero.Merge(new(dedup.State[click, int])),
	} {
		require.Equal(t, err, other)
	}
	require.Zero(t, zero.Len())
	require.Zero(t, zero.Stats())
	_, ok := zero.Watermark()
	require.False(t, ok)
	require.PanicsWithValue(t, "dedup: State.Digest: the zero State: make one with New", func() { zero.Digest() })
	require.PanicsWithValue(t, "dedup: State.Merge: other is the state itself", func() { _ = s.Merge(s) })
	require.PanicsWithValue(t, "dedup: State.Merge: nil other state", func() { _ = s.Merge(nil) })
	_, err = s.Push(click{1, "a", 1})
	require.NoError(t, err, "it is as it was")
}

// Stats is a method of a State: that nobody writes to the option is said.
func TestNew_RefusesStats(t *testing.T) {
	_, err := dedup.New(click.Key, dedup.StateOptions[click]{Options: dedup.Options[click]{Stats: new(dedup.Stats)}})
	var option *stream.OptionError
	require.ErrorAs(t, err, &option)
	require.Equal(t, "Stats", option.Option)
}

// Under TieFail without comparators, as with them, what comes out before the tie does not depend on how far the watermark
// stays behind.
func TestWindowed_TiesWaitForTheirTurn(t *testing.T) {
	rows := []click{{1, "a", 0}, {2, "b", 5}, {3, "c", 20}, {3, "d", 21}, {4, "e", 40}}
	var want []click
	for i, disorder := range []time.Duration{0, time.Second, 15 * time.Second, time.Hour, math.MaxInt64} {
		for _, by := range [][]dedup.Comparator[click]{nil, {dedup.Present(func(click) bool { return true })}} {
			got, err := stream.Collect(dedup.Windowed(stream.Of(rows...), click.Key, dedup.StateOptions[click]{
				Options: dedup.Options[click]{Tie: dedup.TieFail, By: by}, TTL: 10 * time.Second, At: clickAt, Disorder: disorder, Hold: true,
			}))
			require.Equal(t, &dedup.TieError{Key: 3, WinnerPosition: 2, Position: 3}, err, "%v", disorder)
			if i == 0 {
				want = got
			}
			require.Equal(t, want, got, "%v", disorder)
		}
	}
	require.Equal(t, rows[:2], want)

	// And a state with such a tie is saved as any other.
	o := dedup.StateOptions[click]{Options: dedup.Options[click]{Tie: dedup.TieFail}, TTL: 10 * time.Second, At: clickAt, Hold: true, Expired: stream.Discard[click]("the tie is judged")}
	s := newClicks(t, o)
	for _, row := range rows[2:4] {
		_, err := s.Push(row)
		require.NoError(t, err)
	}
	s = restored(t, s, newClicks(t, o))
	require.Equal(t, &dedup.TieError{Key: 3, WinnerPosition: 0, Position: 1}, s.Advance(time.Unix(99, 0)))
}

// A bound on memory is an error that says where, and what was held is given back.
func TestState_Limit(t *testing.T) {
	o := dedup.StateOptions[click]{}
	o.Resources.Memory = 4 << 10
	s := newClicks(t, o)
	var err error
	for i := 0; err == nil && i < 10_000; i++ {
		_, err = s.Push(click{ID: i})
	}
	require.ErrorIs(t, err, stream.ErrLimit)
	require.ErrorContains(t, err, "dedup: State: bytes of live state: limit is 4096")
	require.ErrorContains(t, err, "keys alive; a State does not spill to disk")
}

// Keys that expire make room for others: a bound that is too small for all of them is enough for those alive, and what a
// burst took is given back.
func TestState_GivesMemoryBack(t *testing.T) {
	budget, err := stream.NewBudget(1 << 30)
	require.NoError(t, err)
	o := dedup.StateOptions[click]{TTL: 100 * time.Second, At: clickAt}
	o.Resources = stream.Resources{Memory: 64 << 10}
	s := newClicks(t, o)
	for i := range 100_000 {
		v, err := s.Push(click{ID: i, At: i})
		require.NoError(t, err)
		require.Equal(t, dedup.VerdictNew, v)
		require.Equal(t, min(i+1, 100), s.Len())
	}

	o.Resources = stream.Resources{Budget: budget}
	s = newClicks(t, o)
	for i := range 100_000 {
		_, err := s.Push(click{ID: i, At: 0})
		require.NoError(t, err)
	}
	burst := budget.Used()
	require.Greater(t, burst, int64(4<<20))
	require.NoError(t, s.Advance(time.Unix(100, 0)))
	require.Zero(t, s.Len())
	require.Less(t, budget.Used(), int64(4<<10))
	require.NoError(t, s.Flush(stream.Discard[click]("nothing comes")))
	require.Zero(t, budget.Used())
}

// A row that is delivered again, at its position, is a copy of itself and no tie; at another position it is one.
func TestState_RowDeliveredAgainIsNoTie(t *testing.T) {
	for name, by := range map[string][]dedup.Comparator[click]{
		"comparator":     {dedup.Max(func(c click) int { return c.At })},
		"no comparators": nil,
	} {
		o := dedup.StateOptions[click]{Options: dedup.Options[click]{By: by, Tie: dedup.TieFail}}
		s, row := newClicks(t, o), click{ID: 1, At: 7}
		verdict, err := s.PushAt(row, 5)
		require.NoError(t, err, name)
		require.Equal(t, dedup.VerdictNew, verdict)
		for range 3 {
			verdict, err = s.PushAt(row, 5)
			require.NoError(t, err, name)
			require.Equal(t, dedup.VerdictDuplicate, verdict)
			saved := snapshotOf(t, s)
			s = newClicks(t, o)
			require.NoError(t, s.Restore(bytes.NewReader(saved)), name)
			require.Equal(t, saved, snapshotOf(t, s))
		}
		if by == nil {
			_, err = s.PushAt(row, 6)
			require.ErrorAs(t, err, new(*dedup.TieError))
			continue
		}
		other := newClicks(t, o)
		_, err = other.PushAt(row, 5)
		require.NoError(t, err)
		require.NoError(t, s.Merge(other), name)
		require.NoError(t, s.Restore(bytes.NewReader(snapshotOf(t, s))), name)
		_, err = s.PushAt(row, 6)
		require.NoError(t, err)
		require.ErrorAs(t, s.Flush(func(click) error { return nil }), new(*dedup.TieError))
	}
}
