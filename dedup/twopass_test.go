package dedup_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// again opens rows from the start.
func again[T any](rows []T) func() stream.Seq[T] {
	return func() stream.Seq[T] { return stream.Of(rows...) }
}

func twoPassEngine(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
	return dedup.TwoPass(again(rows), reading.Key, o)
}

// forTwoPasses makes of a program one that TwoPass takes.
func (p program) forTwoPasses() program {
	ranked := p.rules[:0:0]
	for _, r := range p.rules {
		if !strings.HasSuffix(r.name, "Func") {
			ranked = append(ranked, r)
		}
	}
	p.rules, p.o.Same = ranked, nil
	if len(p.rules) > 0 || p.o.Tie == dedup.TieLast {
		p.o.Order = dedup.OrderWinner
	}
	return p
}

// The law: whatever TwoPass takes, it answers as Run does, rows, order, counts and errors.
func TestTwoPass_Law_EqualsRun(t *testing.T) {
	check := func(t require.TestingT, p program) {
		want, got := p.run(hashEngine, false), p.run(twoPassEngine, false)
		require.Equal(t, want.err, got.err)
		require.Equal(t, text(want.survivors), text(got.survivors))
		require.Equal(t, fmt.Sprint(want.rejected), fmt.Sprint(got.rejected))
		require.Equal(t, want.stats, got.stats)
	}
	if text := os.Getenv("MILLRACE_HUNT"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err, "MILLRACE_HUNT")
		hunt := rapid.Custom(func(t *rapid.T) program { return drawProgram(t).forTwoPasses() })
		for seed := range n {
			check(t, hunt.Example(seed))
		}
		return
	}
	law(t, func(t *rapid.T) { check(t, drawProgram(t).forTwoPasses()) })
}

// A bound on memory may end a run before its first row, but never changes what it yields; and all is given back.
func TestTwoPass_Law_MemoryNeverChangesRows(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawProgram(t).forTwoPasses()
		want := p.run(twoPassEngine, false)
		budget, err := stream.NewBudget(rapid.Int64Range(1, 8<<10).Draw(t, "budget"))
		require.NoError(t, err)
		p.o.Resources = stream.Resources{Memory: rapid.Int64Range(1, 8<<10).Draw(t, "memory"), Budget: budget}
		got := p.run(twoPassEngine, false)
		require.Zero(t, budget.Used())
		if errors.Is(got.err, stream.ErrLimit) {
			require.Equal(t, text(want.survivors[:len(got.survivors)]), text(got.survivors))
			return
		}
		require.Equal(t, want.err, got.err)
		require.Equal(t, text(want.survivors), text(got.survivors))
		require.Equal(t, want.stats, got.stats)
	})
}

// Where rows come out on sight there is one pass, which goes to disk as Run does: more keys than a bound has room for, and
// one open of the source.
func TestTwoPass_OnSightGoesToDisk(t *testing.T) {
	var rows []reading
	for i := range 20_000 {
		rows = append(rows, reading{Port: int(mix(uint64(i)) % 9000), Null: i%1000 == 0, Serial: i})
	}
	parent := t.TempDir()
	o := dedup.Options[reading]{NullKey: reading.IsNull, NullKeys: dedup.NullsEqual}
	run := func(r stream.Resources) ([]reading, dedup.Stats) {
		var stats dedup.Stats
		opened, files := 0, 0
		o := o
		o.Stats, o.Resources = &stats, r
		open := func() stream.Seq[reading] {
			opened++
			return stream.Of(rows...)
		}
		var got []reading
		for r, err := range dedup.TwoPass(open, reading.Key, o) {
			require.NoError(t, err)
			got = append(got, r)
			if left, err := os.ReadDir(parent); len(left) > 0 && err == nil {
				files++
			}
		}
		require.Equal(t, 1, opened)
		require.Equal(t, r.Memory > 0, files > 0, "rows are on disk exactly where memory is bounded")
		left, err := os.ReadDir(parent)
		require.NoError(t, err)
		require.Empty(t, left)
		return got, stats
	}
	want, wantStats := run(stream.Resources{})
	got, gotStats := run(stream.Resources{Memory: 64 << 10, TempDir: parent})
	require.Equal(t, want, got)
	require.Equal(t, wantStats, gotStats)

	seen := dedup.TwoPass(again([]any{1}), as[int], dedup.Options[any]{
		Resources: stream.Resources{Memory: 64 << 10},
	})
	_, err := stream.Collect(seen)
	require.ErrorAs(t, err, new(*stream.OptionError))
}

// Whatever changes between the passes in what decides, rows, keys, ranks or order, does not go unnoticed.
func TestTwoPass_Law_ChangesAreNoticed(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		p.o.Keep, p.o.Tie = dedup.KeepBest, dedup.TieLast
		if p.o.NullKeys == dedup.NullsReject {
			p.o.NullKeys = dedup.NullsEqual
		}
		p.rules = append(p.rules, total)
		p = p.forTwoPasses()
		rows := p.rows
		if len(rows) == 0 {
			return
		}
		changed := append([]reading(nil), rows...)
		i := rapid.IntRange(0, len(rows)-1).Draw(t, "at")
		j := rapid.IntRange(0, len(rows)-1).Draw(t, "other")
		switch rapid.IntRange(0, 5).Draw(t, "change") {
		case 0:
			changed = append(changed[:i], changed[i+1:]...)
		case 1:
			changed = append(changed, rows[j])
		case 2:
			changed[i].Sensor += "x"
			changed[i].Serial++ // the keys of null rows do not count: let the rank differ
		case 3:
			changed[i], changed[j] = changed[j], changed[i]
		case 4:
			changed[i].Serial += 100
		case 5:
			changed[i] = rows[j]
		}
		isPlainNull := func(r reading) bool { return p.o.NullKey != nil && r.Null && p.o.NullKeys == dedup.NullsDistinct }
		equal := len(rows) == len(changed)
		for k := 0; equal && k < len(rows); k++ {
			// Of a row without a key only that is known.
			equal = isPlainNull(rows[k]) && isPlainNull(changed[k]) || fmt.Sprint(rows[k]) == fmt.Sprint(changed[k])
		}
		opened := 0
		var got []reading
		var err error
		for r, e := range dedup.TwoPass(func() stream.Seq[reading] {
			if opened++; opened == 1 {
				return stream.Of(rows...)
			}
			return stream.Of(changed...)
		}, reading.Key, p.options()) {
			if err = e; err == nil {
				got = append(got, r)
			}
		}
		if equal {
			require.NoError(t, err)
			return
		}
		var source *dedup.ChangedError
		require.ErrorAs(t, err, &source)
		require.ErrorIs(t, err, stream.ErrSourceChanged)
		require.LessOrEqual(t, source.Position, int64(max(len(rows), len(changed))))
		keys := map[readingKey]int{}
		for _, r := range got {
			if !r.Null || p.o.NullKey == nil {
				keys[r.Key()]++
				require.Equal(t, 1, keys[r.Key()], "a key came out twice")
			}
		}
	})
}

// What is said of each kind of change.
func TestTwoPass_Changed(t *testing.T) {
	first := []click{{1, "a", 5}, {2, "b", 5}, {1, "c", 7}, {0, "n", 1}, {3, "d", 5}}
	with := func(i int, c click) []click {
		rows := append([]click(nil), first...)
		rows[i] = c
		return rows
	}
	for name, tt := range map[string]struct {
		second []click
		equal  bool // null keys are one key
		out    int  // rows that come before the error
		want   dedup.ChangedError
	}{
		"one_row_more":           {append(with(0, first[0]), click{4, "e", 0}), false, 4, dedup.ChangedError{5, "rows", "another one", "the end after 5"}},
		"one_row_less":           {first[:4], false, 3, dedup.ChangedError{4, "rows", "the end after 4", "5"}},
		"nothing_left":           {nil, false, 0, dedup.ChangedError{0, "rows", "the end after 0", "5"}},
		"a_key_never_seen":       {with(1, click{9, "b", 5}), false, 0, dedup.ChangedError{1, "key", "9", "one that the first pass had"}},
		"a_null_key_never_seen":  {with(0, click{8, "a", 5}), true, 0, dedup.ChangedError{0, "key", "8", "one that the first pass had"}},
		"winner_of_another_key":  {with(2, click{3, "c", 7}), false, 3, dedup.ChangedError{2, "key", "another one", "1"}},
		"winner_without_a_key":   {with(2, click{0, "c", 7}), false, 4, dedup.ChangedError{2, "key", "another one", "1"}},
		"null_group_gone":        {with(3, click{3, "n", 1}), true, 3, dedup.ChangedError{3, "key", "another one", "null"}},
		"winner_of_another_rank": {with(2, click{1, "c", 8}), false, 1, dedup.ChangedError{2, "rank", "another one of the winner of key 1", "what the comparators saw in the first pass"}},
		"null_rank":              {with(3, click{0, "n", 2}), true, 2, dedup.ChangedError{3, "rank", "another one of the winner of key null", "what the comparators saw in the first pass"}},
	} {
		t.Run(name, func(t *testing.T) {
			opened := 0
			open := func() stream.Seq[click] {
				if opened++; opened == 1 {
					return stream.Of(first...)
				}
				return stream.Of(tt.second...)
			}
			o := dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}, Order: dedup.OrderWinner, NullKey: isNullClick}
			if tt.equal {
				o.NullKeys = dedup.NullsEqual
			}
			got, err := stream.Collect(dedup.TwoPass(open, click.Key, o))
			require.Len(t, got, tt.out)
			require.Equal(t, &tt.want, err)
			require.ErrorIs(t, err, stream.ErrSourceChanged)
		})
	}
	// Losers changed places: no winner shows it, the digest does, by their ranks or by their keys alone.
	for name, tt := range map[string]struct {
		first, second []click
		o             dedup.Options[click]
	}{
		"ranks": {
			[]click{{1, "a", 1}, {1, "b", 2}, {1, "c", 3}}, []click{{1, "b", 2}, {1, "a", 1}, {1, "c", 3}},
			dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}, Order: dedup.OrderWinner},
		},
		"keys": {
			[]click{{1, "a", 0}, {2, "b", 0}, {1, "c", 0}, {2, "d", 0}}, []click{{2, "b", 0}, {1, "a", 0}, {1, "c", 0}, {2, "d", 0}},
			lastByWinner(nil),
		},
	} {
		t.Run("losers_changed_places_by_"+name, func(t *testing.T) {
			opened := 0
			got, err := stream.Collect(dedup.TwoPass(func() stream.Seq[click] {
				if opened++; opened == 1 {
					return stream.Of(tt.first...)
				}
				return stream.Of(tt.second...)
			}, click.Key, tt.o))
			require.NotEmpty(t, got)
			var source *dedup.ChangedError
			require.ErrorAs(t, err, &source)
			require.Equal(t, "keys and ranks", source.What)
			require.EqualValues(t, len(tt.first), source.Position)
			require.ErrorContains(t, err, ": keys and ranks: got digest ")
		})
	}
}

// A key that can no longer be used is a change as well.
func TestTwoPass_KeyGoesBad(t *testing.T) {
	opened := 0
	open := func() stream.Seq[any] {
		if opened++; opened == 1 {
			return stream.Of[any](1, 2, 1)
		}
		return stream.Of[any](1, []int{2}, 1)
	}
	got, err := stream.Collect(dedup.TwoPass(open, func(v any) any { return v }, dedup.Options[any]{Tie: dedup.TieLast, Order: dedup.OrderWinner}))
	require.Empty(t, got)
	var source *dedup.ChangedError
	require.ErrorAs(t, err, &source)
	require.EqualValues(t, 1, source.Position)

	_, err = stream.Collect(dedup.TwoPass(again([]any{1, []int{2}}), func(v any) any { return v }, dedup.Options[any]{Tie: dedup.TieLast, Order: dedup.OrderWinner}))
	var key *dedup.KeyError
	require.ErrorAs(t, err, &key, "in the first pass it is what it is under Run")
	require.EqualValues(t, 1, key.Position)
}

func TestTwoPass_OptionErrors(t *testing.T) {
	byPage := dedup.Max(func(c click) string { return c.Page }).Named("page")
	for name, tt := range map[string]struct {
		o              dedup.Options[click]
		option, phrase string
	}{
		"no_rank":         {dedup.Options[click]{By: []dedup.Comparator[click]{latestClick(), byPage}, Order: dedup.OrderWinner}, "By[1]", "Run takes every comparator), got page"},
		"no_rank_bytes":   {dedup.Options[click]{By: []dedup.Comparator[click]{dedup.ByBytes[click]()}, Order: dedup.OrderWinner}, "By[0]", "got ByBytes"},
		"losers":          {dedup.Options[click]{Losers: stream.Discard[dedup.Loser[click]]("never called")}, "Losers", "Run has them"},
		"same":            {dedup.Options[click]{Same: func(a, b click) bool { return true }}, "Same", "Run has it"},
		"zero_order":      {dedup.Options[click]{Tie: dedup.TieLast}, "Order", "OrderWinner"},
		"what_run_checks": {dedup.Options[click]{Tie: 7}, "Tie", "TieFirst, TieLast or TieFail"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := stream.Collect(dedup.TwoPass(func() stream.Seq[click] { t.Error("the source was opened"); return stream.Of[click]() }, click.Key, tt.o))
			var option *stream.OptionError
			require.ErrorAs(t, err, &option)
			require.Equal(t, "TwoPass", option.Func)
			require.Equal(t, tt.option, option.Option)
			require.ErrorContains(t, err, tt.phrase)
			require.NotContains(t, err.Error(), "0x")
		})
	}
	type key struct{ Owner *string }
	_, err := stream.Collect(dedup.TwoPass(again([]click{{}}), func(click) key { return key{} }, dedup.Options[click]{}))
	require.ErrorContains(t, err, "dedup: TwoPass: key type")
}

func TestTwoPass_NilArgumentsPanic(t *testing.T) {
	var nilKey func(click) int
	require.PanicsWithValue(t, "dedup: TwoPass: nil open", func() { dedup.TwoPass(nil, click.Key, dedup.Options[click]{}) })
	require.PanicsWithValue(t, "dedup: TwoPass: nil key", func() { dedup.TwoPass(again([]click{}), nilKey, dedup.Options[click]{}) })
	require.PanicsWithValue(t, "dedup: ByBytesFunc: nil function", func() { dedup.ByBytesFunc[click](nil) })
	for _, order := range []dedup.Order{dedup.OrderFirstSeen, dedup.OrderWinner} { // one pass, and two
		tie := dedup.TieFirst
		if order == dedup.OrderWinner {
			tie = dedup.TieLast
		}
		s := dedup.TwoPass(func() stream.Seq[click] { return nil }, click.Key, dedup.Options[click]{Tie: tie, Order: order})
		require.PanicsWithValue(t, "dedup: TwoPass: nil stream from open", func() { _, _ = stream.Collect(s) })
	}
}

// script opens the scripted sources in turn.
func script(sources ...*streamtest.Script[click]) func() stream.Seq[click] {
	opened := 0
	return func() stream.Seq[click] {
		opened++
		return sources[opened-1].Seq()
	}
}

func lastByWinner(stats *dedup.Stats) dedup.Options[click] {
	return dedup.Options[click]{Tie: dedup.TieLast, Order: dedup.OrderWinner, Stats: stats}
}

func TestTwoPass_ErrorsOfEachPass(t *testing.T) {
	rows := []click{{1, "a", 0}, {2, "b", 1}, {1, "c", 2}, {3, "d", 3}}
	broken := errors.New("disk gone")
	whole := func() *streamtest.Script[click] { return &streamtest.Script[click]{Values: rows} }
	faulty := func(n int) *streamtest.Script[click] {
		return &streamtest.Script[click]{Values: rows, At: n, Err: broken}
	}

	var stats dedup.Stats
	second := whole()
	got, err := stream.Collect(dedup.TwoPass(script(faulty(2), second), click.Key, lastByWinner(&stats)))
	require.Equal(t, broken, err)
	require.Empty(t, got)
	require.Zero(t, second.Counts().Starts, "the second pass was not begun")
	require.Equal(t, dedup.Stats{In: 2, Keys: 2}, stats)

	got, err = stream.Collect(dedup.TwoPass(script(whole(), faulty(3)), click.Key, lastByWinner(&stats)))
	require.Equal(t, broken, err)
	require.Equal(t, []int{1, 2}, ids(got))
	require.Equal(t, dedup.Stats{In: 4, Out: 2, Dropped: 1, Keys: 3, Duplicates: 1}, stats)

	// A single-use source is not one for two passes; what it says the second time comes out.
	once := &streamtest.Script[click]{Values: rows, SingleUse: true}
	_, err = stream.Collect(dedup.TwoPass(once.Seq, click.Key, lastByWinner(nil)))
	require.ErrorIs(t, err, stream.ErrConsumed)
}

// A break ends the pass that runs, and the next run begins anew.
func TestTwoPass_BreakEndsThePass(t *testing.T) {
	source := &streamtest.Script[click]{Values: []click{{1, "a", 0}, {2, "b", 1}, {1, "c", 2}, {3, "d", 3}}}
	var stats dedup.Stats
	s := dedup.TwoPass(source.Seq, click.Key, lastByWinner(&stats))
	require.Zero(t, source.Counts().Starts, "nothing is opened before the first pull")
	for range s {
		break
	}
	c := source.Counts()
	require.Equal(t, 2, c.Starts)
	require.Equal(t, c.Starts, c.Cleanups)
	require.Equal(t, dedup.Stats{In: 4, Out: 1, Dropped: 1, Keys: 3, Duplicates: 1}, stats)
	got, err := stream.Collect(s)
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, ids(got))
}

// Where the first row of a key is bound to survive, one pass does, and rows come out on sight.
func TestTwoPass_OnePassWhereItIsEnough(t *testing.T) {
	source := &streamtest.Script[click]{Values: []click{{1, "a", 0}, {1, "b", 1}, {2, "c", 2}}}
	got, err := stream.Collect(dedup.TwoPass(source.Seq, click.Key, dedup.Options[click]{}))
	require.NoError(t, err)
	require.Equal(t, []int{0, 2}, ids(got))
	require.Equal(t, 1, source.Counts().Starts)
}

func TestTwoPass_TieFail(t *testing.T) {
	best := func(rows ...click) error {
		_, err := stream.Collect(dedup.TwoPass(again(rows), click.Key, dedup.Options[click]{
			By: []dedup.Comparator[click]{latestClick()}, Tie: dedup.TieFail, Order: dedup.OrderWinner,
		}))
		return err
	}
	require.NoError(t, best(click{7, "a", 1}, click{7, "b", 1}, click{7, "c", 2}))
	for range 20 { // of several ties the one whose winner stands first, whatever the order of a Go map
		err := best(click{3, "", 0}, click{4, "", 0}, click{5, "", 0}, click{5, "", 0}, click{4, "", 0}, click{3, "", 0})
		require.Equal(t, &dedup.TieError{Key: 3, WinnerPosition: 0, Position: 5}, err)
	}
}

func TestTwoPass_MemoryLimit(t *testing.T) {
	at := func(message) time.Time { return time.Unix(0, 0) }
	open := func(n, length int) func() stream.Seq[message] {
		return func() stream.Seq[message] {
			return func(yield func(message, error) bool) {
				for i := range n {
					if !yield(message{ID: int64(i), Payload: strings.Repeat("x", length)}, nil) {
						return
					}
				}
			}
		}
	}
	o := dedup.Options[message]{By: []dedup.Comparator[message]{dedup.Latest(at)}, Order: dedup.OrderWinner, Resources: stream.Resources{Memory: 64 << 10}}
	_, err := stream.Count(dedup.TwoPass(open(500, 10_000), message.Key, o))
	require.NoError(t, err, "5 MB of rows count nothing")
	_, err = stream.Count(dedup.TwoPass(open(2000, 1), message.Key, o))
	var limit *stream.LimitError
	require.ErrorAs(t, err, &limit)
	require.Equal(t, "dedup: TwoPass", limit.Where)
	require.ErrorContains(t, err, "at element ")

	// Keys are held, with what they point to.
	_, err = stream.Count(dedup.TwoPass(open(10, 10_000), func(m message) string { return fmt.Sprint(m.ID, m.Payload) }, o))
	require.ErrorIs(t, err, stream.ErrLimit)
}

// A larger input than the laws draw: tables and blocks grow several times, keys come back after long.
func TestTwoPass_Large(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	rows := make([]click, 200_000)
	for i := range rows {
		rows[i] = click{ID: r.IntN(90_000), Page: "p", At: r.IntN(4)}
	}
	for _, tie := range []dedup.Tie{dedup.TieFirst, dedup.TieLast} {
		o := dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}, Tie: tie, Order: dedup.OrderWinner}
		want, err := stream.Collect(dedup.Run(stream.Of(rows...), click.Key, o))
		require.NoError(t, err)
		got, err := stream.Collect(dedup.TwoPass(again(rows), click.Key, o))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
