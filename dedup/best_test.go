package dedup_test

import (
	"cmp"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

func ids(clicks []click) (out []int) {
	for _, c := range clicks {
		out = append(out, c.At)
	}
	return out
}

// The At of each click is its position, unless a case is about At.
func TestRun_Table(t *testing.T) {
	rows := []click{{1, "a", 0}, {2, "b", 1}, {1, "a", 2}, {0, "n", 3}, {3, "c", 4}, {1, "d", 5}, {0, "n", 6}, {2, "b", 7}}
	isNull := func(c click) bool { return c.ID == 0 }
	page := dedup.Max(func(c click) string { return c.Page })
	for name, tt := range map[string]struct {
		o    dedup.Options[click]
		want []int
	}{
		"first_by_default":                 {dedup.Options[click]{}, []int{0, 1, 3, 4}},
		"first_by_winner_is_the_same":      {dedup.Options[click]{Order: dedup.OrderWinner}, []int{0, 1, 3, 4}},
		"last_in_order_of_first_sight":     {dedup.Options[click]{Tie: dedup.TieLast}, []int{5, 7, 6, 4}},
		"last_in_order_of_winner":          {dedup.Options[click]{Tie: dedup.TieLast, Order: dedup.OrderWinner}, []int{4, 5, 6, 7}},
		"best_ties_prefer_first":           {dedup.Options[click]{By: []dedup.Comparator[click]{page}}, []int{5, 1, 3, 4}},
		"best_ties_prefer_last":            {dedup.Options[click]{By: []dedup.Comparator[click]{page}, Tie: dedup.TieLast}, []int{5, 7, 6, 4}},
		"first_spelled_out":                {dedup.Options[click]{Keep: dedup.KeepFirst}, []int{0, 1, 3, 4}},
		"last_spelled_out":                 {dedup.Options[click]{Keep: dedup.KeepLast}, []int{5, 7, 6, 4}},
		"last_with_its_tie_rule":           {dedup.Options[click]{Keep: dedup.KeepLast, Tie: dedup.TieLast, Order: dedup.OrderWinner}, []int{4, 5, 6, 7}},
		"none_keeps_what_is_unique":        {dedup.Options[click]{Keep: dedup.KeepNone}, []int{4}},
		"nulls_distinct_keep_their_places": {dedup.Options[click]{NullKey: isNull, Tie: dedup.TieLast}, []int{5, 7, 3, 4, 6}},
		"nulls_distinct_by_winner":         {dedup.Options[click]{NullKey: isNull, Tie: dedup.TieLast, Order: dedup.OrderWinner}, []int{3, 4, 5, 6, 7}},
		"nulls_distinct_streaming":         {dedup.Options[click]{NullKey: isNull}, []int{0, 1, 3, 4, 6}},
		"nulls_equal_are_one_key":          {dedup.Options[click]{NullKey: isNull, NullKeys: dedup.NullsEqual, Tie: dedup.TieLast}, []int{5, 7, 6, 4}},
		"none_with_nulls_equal":            {dedup.Options[click]{Keep: dedup.KeepNone, NullKey: isNull, NullKeys: dedup.NullsEqual}, []int{4}},
		"none_with_nulls_distinct":         {dedup.Options[click]{Keep: dedup.KeepNone, NullKey: isNull}, []int{3, 4, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := stream.Collect(dedup.Run(stream.Of(rows...), click.Key, tt.o))
			require.NoError(t, err)
			require.Equal(t, tt.want, ids(got))
		})
	}
}

func TestBest_EmptyInput(t *testing.T) {
	var stats dedup.Stats
	got, err := stream.Collect(dedup.Run(stream.Of[click](), click.Key, dedup.Options[click]{Tie: dedup.TieLast, Stats: &stats}))
	require.NoError(t, err)
	require.Empty(t, got)
	require.Zero(t, stats)
}

// The call of the README: one row per id, latest ingested, ties prefer a known updater. In any order of arrival.
func TestBest_LatestThenKnownUpdater(t *testing.T) {
	noon := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	rows := []Order{{Changed: noon}, {Changed: noon.Add(time.Hour)}, {Changed: noon.Add(time.Hour), Editor: "ann"}, {Changed: noon, Editor: "bob"}}
	for range len(rows) {
		rows = append(rows[1:], rows[0])
		got, err := stream.Collect(dedup.Best(stream.Of(rows...), Order.Key, dedup.Latest(Order.ChangedAt), dedup.Present(Order.HasEditor)))
		require.NoError(t, err)
		require.Equal(t, []Order{{Changed: noon.Add(time.Hour), Editor: "ann"}}, got)
	}
}

// Joining the parts of a key to one string is a bug: the seam is not in the string. A struct has no seam.
func TestBest_JoinedStringKeysCollide(t *testing.T) {
	edits := stream.Of(Order{Status: "ab", Editor: "c"}, Order{Status: "a", Editor: "bc"})
	joined, err := stream.Count(dedup.Best(edits, func(o Order) string { return o.Status + o.Editor }))
	require.NoError(t, err)
	require.Equal(t, 1, joined, "two edits taken for one: the bug")
	type key struct{ status, editor string }
	structs, err := stream.Count(dedup.Best(edits, func(o Order) key { return key{o.Status, o.Editor} }))
	require.NoError(t, err)
	require.Equal(t, 2, structs)
}

// as is the accessor of rows that are any value. Each type of rows has engines compiled for it, and tests make do with few.
func as[V any](row any) V { return row.(V) }

func TestRun_Keys(t *testing.T) {
	count := func(n int, err error) int { require.NoError(t, err); return n }

	t.Run("nan_equals_nan_and_zeros_are_one", func(t *testing.T) {
		s := stream.Of[any](math.NaN(), -math.NaN(), 0., math.Copysign(0, -1), 1.)
		require.Equal(t, 3, count(stream.Count(dedup.Distinct(s, as[float64]))))
	})
	t.Run("times_compare_as_instants", func(t *testing.T) {
		at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
		s := stream.Of[any](at, at.In(time.FixedZone("CEST", 7200)), at.Add(1))
		require.Equal(t, 2, count(stream.Count(dedup.Distinct(s, as[time.Time]))))
	})
	t.Run("interfaces_by_type_and_value", func(t *testing.T) {
		s := stream.Of[any](1, int64(1), "1", 1, nil, nil)
		require.Equal(t, 4, count(stream.Count(dedup.Distinct(s, func(v any) any { return v }))))
	})
	t.Run("a_slice_in_an_interface_is_an_error", func(t *testing.T) {
		s := stream.Of[any](1, 2, []int{3})
		got, err := stream.Collect(dedup.Best(s, func(v any) any { return v }))
		require.Equal(t, []any{1, 2}, got)
		var key *dedup.KeyError
		require.ErrorAs(t, err, &key)
		require.EqualValues(t, 2, key.Position)
		require.ErrorIs(t, err, stream.ErrSchema)
		require.EqualError(t, err, "dedup: key of element 2: interface key holds: []int is a slice, which is not comparable, want a comparable type without pointers or channels: schema mismatch")
	})
	t.Run("a_pointer_is_refused_before_the_source_is_touched", func(t *testing.T) {
		type key struct{ Owner *string }
		_, err := stream.Collect(dedup.Best(untouchable[click](t), func(click) key { return key{} }))
		var option *stream.OptionError
		require.ErrorAs(t, err, &option)
		require.Equal(t, "Best", option.Func)
		require.ErrorContains(t, err, "Owner")
	})
}

// untouchable fails the test when it is run.
func untouchable[T any](t *testing.T) stream.Seq[T] {
	return func(func(T, error) bool) { t.Error("the source was touched") }
}

func TestRun_OptionErrors(t *testing.T) {
	sink := stream.Discard[dedup.Reject[click]]("never called")
	isNull := func(click) bool { return false }
	for name, tt := range map[string]struct {
		o      dedup.Options[click]
		option string
	}{
		"zero_comparator":         {dedup.Options[click]{By: []dedup.Comparator[click]{latestClick(), {}}}, "By[1]"},
		"unknown_tie":             {dedup.Options[click]{Tie: 3}, "Tie"},
		"unknown_keep":            {dedup.Options[click]{Keep: 5}, "Keep"},
		"unknown_order":           {dedup.Options[click]{Order: 3}, "Order"},
		"unknown_null_policy":     {dedup.Options[click]{NullKeys: 3, NullKey: isNull}, "NullKeys"},
		"none_with_comparators":   {dedup.Options[click]{Keep: dedup.KeepNone, By: []dedup.Comparator[click]{latestClick()}}, "By"},
		"none_with_tie":           {dedup.Options[click]{Keep: dedup.KeepNone, Tie: dedup.TieFail}, "Tie"},
		"first_with_comparators":  {dedup.Options[click]{Keep: dedup.KeepFirst, By: []dedup.Comparator[click]{latestClick()}}, "By"},
		"first_with_tie_last":     {dedup.Options[click]{Keep: dedup.KeepFirst, Tie: dedup.TieLast}, "Tie"},
		"last_with_comparators":   {dedup.Options[click]{Keep: dedup.KeepLast, By: []dedup.Comparator[click]{latestClick()}}, "By"},
		"last_with_tie_fail":      {dedup.Options[click]{Keep: dedup.KeepLast, Tie: dedup.TieFail}, "Tie"},
		"reducers_without_merge":  {dedup.Options[click]{Merge: []dedup.Reducer[click]{lastPage}}, "Merge"},
		"merge_without_reducers":  {dedup.Options[click]{Keep: dedup.KeepMerge}, "Merge"},
		"merge_of_too_many":       {dedup.Options[click]{Keep: dedup.KeepMerge, Merge: make([]dedup.Reducer[click], 65)}, "Merge"},
		"merge_with_tie_fail":     {dedup.Options[click]{Keep: dedup.KeepMerge, Tie: dedup.TieFail, Merge: []dedup.Reducer[click]{lastPage}}, "Tie"},
		"zero_reducer":            {dedup.Options[click]{Keep: dedup.KeepMerge, Merge: []dedup.Reducer[click]{lastPage, {}}}, "Merge[1]"},
		"one_field_twice":         {dedup.Options[click]{Keep: dedup.KeepMerge, Merge: []dedup.Reducer[click]{lastPage, lastPage}}, "Merge[1]"},
		"policy_without_null_key": {dedup.Options[click]{NullKeys: dedup.NullsEqual}, "NullKey"},
		"place_without_rejection": {dedup.Options[click]{NullKey: isNull, Rejects: sink}, "Rejects"},
		"negative_memory":         {dedup.Options[click]{Resources: stream.Resources{Memory: -1}}, "Resources.Memory"},
		"negative_workers":        {dedup.Options[click]{Resources: stream.Resources{Workers: -1}}, "Resources.Workers"},
	} {
		t.Run(name, func(t *testing.T) {
			for fn, s := range map[string]stream.Seq[click]{
				"Run":    dedup.Run(untouchable[click](t), click.Key, tt.o),
				"Sorted": dedup.Sorted(untouchable[click](t), click.Key, cmp.Compare, tt.o),
			} {
				_, err := stream.Collect(s)
				var option *stream.OptionError
				require.ErrorAs(t, err, &option)
				require.Equal(t, "dedup", option.Package)
				require.Equal(t, fn, option.Func)
				require.Equal(t, tt.option, option.Option)
				require.NotContains(t, err.Error(), "0x", "an option is printed as words")
			}
		})
	}
}

func TestNilArgumentsPanic(t *testing.T) {
	s := stream.Of[click]()
	var nilKey func(click) int
	var nilTime func(click) time.Time
	var nilOptTime func(click) stream.Opt[time.Time]
	var nilInt func(click) int
	var nilOptInt func(click) stream.Opt[int]
	for want, call := range map[string]func(){
		"dedup: Best: nil stream":             func() { dedup.Best[click](nil, click.Key) },
		"dedup: Best: nil key":                func() { dedup.Best(s, nilKey) },
		"dedup: Run: nil key":                 func() { dedup.Run(s, nilKey, dedup.Options[click]{}) },
		"dedup: Distinct: nil key":            func() { dedup.Distinct(s, nilKey) },
		"dedup: Sorted: nil stream":           func() { dedup.Sorted[click](nil, click.Key, cmp.Compare, dedup.Options[click]{}) },
		"dedup: Sorted: nil key":              func() { dedup.Sorted(s, nilKey, cmp.Compare, dedup.Options[click]{}) },
		"dedup: Sorted: nil compare":          func() { dedup.Sorted(s, click.Key, nil, dedup.Options[click]{}) },
		"dedup: Latest: nil accessor":         func() { dedup.Latest(nilTime) },
		"dedup: Earliest: nil accessor":       func() { dedup.Earliest(nilTime) },
		"dedup: Max: nil accessor":            func() { dedup.Max(nilInt) },
		"dedup: Min: nil accessor":            func() { dedup.Min(nilInt) },
		"dedup: Present: nil predicate":       func() { dedup.Present[click](nil) },
		"dedup: MaxFunc: nil function":        func() { dedup.MaxFunc[click](nil) },
		"dedup: MinFunc: nil function":        func() { dedup.MinFunc[click](nil) },
		"dedup: LatestOpt: nil accessor":      func() { dedup.LatestOpt(nilOptTime) },
		"dedup: EarliestOpt: nil accessor":    func() { dedup.EarliestOpt(nilOptTime) },
		"dedup: MaxOpt: nil accessor":         func() { dedup.MaxOpt(nilOptInt) },
		"dedup: MinOpt: nil accessor":         func() { dedup.MinOpt(nilOptInt) },
		"dedup: Comparator.Named: empty name": func() { latestClick().Named("") },
		"dedup: Comparator.NullsFirst: latest has no nulls: use LatestOpt, EarliestOpt, MaxOpt or MinOpt": func() { latestClick().NullsFirst() },
	} {
		require.PanicsWithValue(t, want, call)
	}
}

func TestRun_TieFail(t *testing.T) {
	best := func(s stream.Seq[click], same func(a, b click) bool) ([]click, error) {
		return stream.Collect(dedup.Run(s, click.Key, dedup.Options[click]{
			By: []dedup.Comparator[click]{latestClick()}, Tie: dedup.TieFail, Same: same,
		}))
	}
	a, b, better, other := click{7, "a", 1}, click{7, "b", 1}, click{7, "c", 2}, click{8, "d", 0}

	got, err := best(stream.Of(other, a, b, b), nil)
	require.Empty(t, got)
	require.Equal(t, &dedup.TieError{Key: 7, WinnerPosition: 1, Position: 2}, err)
	require.EqualError(t, err, "dedup: elements 1 and 2 tie for key 7: conflict")
	require.ErrorIs(t, err, stream.ErrConflict)

	// What a better row settles is no tie, wherever that row stands.
	for _, s := range []stream.Seq[click]{stream.Of(better, a, b), stream.Of(a, better, b), stream.Of(a, b, better)} {
		got, err = best(s, nil)
		require.NoError(t, err)
		require.Equal(t, []click{better}, got)
	}

	// A copy is no tie either, where Same says what a copy is.
	equal := func(x, y click) bool { return x == y }
	got, err = best(stream.Of(a, a, other), equal)
	require.NoError(t, err)
	require.Equal(t, []click{a, other}, got)
	_, err = best(stream.Of(a, a, b), equal)
	require.Equal(t, &dedup.TieError{Key: 7, WinnerPosition: 0, Position: 2}, err)

	// Of several ties, the one whose winner stands first is named, whatever the order of a Go map.
	for range 20 {
		_, err = best(stream.Of(click{3, "", 0}, click{4, "", 0}, click{5, "", 0}, click{5, "", 0}, click{4, "", 0}, click{3, "", 0}), nil)
		require.Equal(t, &dedup.TieError{Key: 3, WinnerPosition: 0, Position: 5}, err)
	}
}

// Without comparators TieFail asserts unique keys, and the rows before the first repetition flow.
func TestRun_TieFailAssertsUniqueKeys(t *testing.T) {
	got, err := stream.Collect(dedup.Run(stream.Of(click{1, "", 0}, click{2, "", 1}, click{1, "", 2}, click{3, "", 3}), click.Key,
		dedup.Options[click]{Tie: dedup.TieFail}))
	require.Equal(t, []int{0, 1}, ids(got))
	require.Equal(t, &dedup.TieError{Key: 1, WinnerPosition: 0, Position: 2}, err)
}

func TestRun_NullKeyIsNotAskedForItsKey(t *testing.T) {
	key := func(c click) int {
		require.NotZero(t, c.ID)
		return c.ID
	}
	for _, policy := range []dedup.NullKeys{dedup.NullsDistinct, dedup.NullsEqual, dedup.NullsReject} {
		o := dedup.Options[click]{NullKey: isNullClick, NullKeys: policy}
		if policy == dedup.NullsReject {
			o.Rejects = stream.Discard[dedup.Reject[click]]("counted only")
		}
		_, err := stream.Count(dedup.Run(stream.Of(click{ID: 0}, click{ID: 1}, click{ID: 0}), key, o))
		require.NoError(t, err)
	}
}

func TestRun_NullKeyWithoutAPlace(t *testing.T) {
	var stats dedup.Stats
	got, err := stream.Collect(dedup.Run(stream.Of(click{ID: 1}, click{ID: 0}), click.Key,
		dedup.Options[click]{NullKey: isNullClick, NullKeys: dedup.NullsReject, Stats: &stats}))
	require.Len(t, got, 1, "the first row was on its way already")
	var key *dedup.KeyError
	require.ErrorAs(t, err, &key)
	require.EqualValues(t, 1, key.Position)
	require.ErrorIs(t, err, stream.ErrSchema)
	require.Equal(t, dedup.Stats{In: 2, Out: 1, Keys: 1, NullKeys: 1}, stats)
}

func TestRun_SinkErrorsEndTheStream(t *testing.T) {
	full := errors.New("disk full")
	rows := stream.Of(click{ID: 1}, click{ID: 0}, click{ID: 1})
	for name, o := range map[string]dedup.Options[click]{
		"Losers: element 2":  {Losers: func(dedup.Loser[click]) error { return full }},
		"Rejects: element 1": {NullKey: isNullClick, NullKeys: dedup.NullsReject, Rejects: func(dedup.Reject[click]) error { return full }},
	} {
		_, err := stream.Count(dedup.Run(rows, click.Key, o))
		require.ErrorIs(t, err, full)
		require.EqualError(t, err, "dedup: Run: "+name+": disk full")
	}
}

func TestRun_Losers(t *testing.T) {
	a, b, c, d := click{1, "a", 1}, click{1, "b", 3}, click{1, "c", 3}, click{1, "b", 3}
	for name, tt := range map[string]struct {
		o    dedup.Options[click]
		want []dedup.Loser[click]
	}{
		"the_winner_of_the_moment": {
			dedup.Options[click]{By: []dedup.Comparator[click]{latestClick(), dedup.Max(func(c click) string { return c.Page })}},
			[]dedup.Loser[click]{
				{Row: a, Winner: b, Position: 0, WinnerPosition: 1, DecidedBy: "latest"},
				{Row: b, Winner: c, Position: 1, WinnerPosition: 2, DecidedBy: "Max"},
				{Row: d, Winner: c, Position: 3, WinnerPosition: 2, DecidedBy: "Max"},
			},
		},
		"first_seen": {
			dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}, Same: func(a, b click) bool { return a == b }},
			[]dedup.Loser[click]{
				{Row: a, Winner: b, Position: 0, WinnerPosition: 1, DecidedBy: "latest"},
				{Row: c, Winner: b, Position: 2, WinnerPosition: 1, DecidedBy: "first seen"},
				{Row: d, Winner: b, Position: 3, WinnerPosition: 1, DecidedBy: "first seen", Identical: true},
			},
		},
		"last_seen": {
			dedup.Options[click]{Tie: dedup.TieLast},
			[]dedup.Loser[click]{
				{Row: a, Winner: b, Position: 0, WinnerPosition: 1, DecidedBy: "last seen"},
				{Row: b, Winner: c, Position: 1, WinnerPosition: 2, DecidedBy: "last seen"},
				{Row: c, Winner: d, Position: 2, WinnerPosition: 3, DecidedBy: "last seen"},
			},
		},
		"none_stays": {
			dedup.Options[click]{Keep: dedup.KeepNone},
			[]dedup.Loser[click]{
				{Row: a, Position: 0, WinnerPosition: -1, DecidedBy: "repeated key"},
				{Row: b, Position: 1, WinnerPosition: -1, DecidedBy: "repeated key"},
				{Row: c, Position: 2, WinnerPosition: -1, DecidedBy: "repeated key"},
				{Row: d, Position: 3, WinnerPosition: -1, DecidedBy: "repeated key"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var losers []dedup.Loser[click]
			tt.o.Losers = stream.Into(&losers)
			for _, s := range []stream.Seq[click]{
				dedup.Run(stream.Of(a, b, c, d), click.Key, tt.o),
				dedup.Sorted(stream.Of(a, b, c, d), click.Key, cmp.Compare, tt.o),
			} {
				losers = nil
				_, err := stream.Count(s)
				require.NoError(t, err)
				require.Equal(t, tt.want, losers)
			}
		})
	}
}

// Two comparators of one name must not read alike in DecidedBy.
func TestRun_RepeatedComparatorNames(t *testing.T) {
	var losers []dedup.Loser[click]
	_, err := stream.Count(dedup.Run(stream.Of(click{1, "a", 1}, click{1, "b", 1}), click.Key, dedup.Options[click]{
		By:     []dedup.Comparator[click]{dedup.Max(func(c click) int { return c.At }), dedup.Max(func(c click) string { return c.Page })},
		Losers: stream.Into(&losers),
	}))
	require.NoError(t, err)
	require.Equal(t, "Max[1]", losers[0].DecidedBy)
}

func TestRun_StatsOfABrokenRun(t *testing.T) {
	var stats dedup.Stats
	s := dedup.Run(stream.Of(click{1, "", 0}, click{2, "", 1}, click{2, "", 2}, click{3, "", 3}), click.Key, dedup.Options[click]{Tie: dedup.TieLast, Stats: &stats})
	for range s {
		break
	}
	require.Equal(t, dedup.Stats{In: 4, Out: 1, Dropped: 1, Keys: 3, Duplicates: 1}, stats)
	_, err := stream.Count(s)
	require.NoError(t, err)
	require.Equal(t, dedup.Stats{In: 4, Out: 3, Dropped: 1, Keys: 3, Duplicates: 1}, stats, "each run counts anew")
}

// Changing the slice of comparators after the call must not change what a Seq does.
func TestRun_OptionsAreReadAtTheCall(t *testing.T) {
	by := []dedup.Comparator[click]{latestClick()}
	s := dedup.Run(stream.Of(click{1, "a", 1}, click{1, "b", 2}), click.Key, dedup.Options[click]{By: by})
	by[0] = dedup.Min(func(c click) int { return c.At })
	got, err := stream.Collect(s)
	require.NoError(t, err)
	require.Equal(t, []click{{1, "b", 2}}, got)
}

func TestDistinct_YieldsAtOnce(t *testing.T) {
	read := 0
	endless := stream.Seq[int](func(yield func(int, error) bool) {
		for i := 0; ; i++ {
			if read++; !yield(i/2, nil) {
				return
			}
		}
	})
	var got []int
	for v, err := range dedup.Distinct(endless, func(i int) int { return i }) {
		require.NoError(t, err)
		require.Equal(t, 2*len(got)+1, read, "nothing is read ahead")
		if got = append(got, v); len(got) == 3 {
			break
		}
	}
	require.Equal(t, []int{0, 1, 2}, got)
}

// A bound changes no row, whether all fits or not. Only what is too large by itself ends with an error.
func TestRun_MemoryBound(t *testing.T) {
	words := func(n, length int) stream.Seq[string] {
		return func(yield func(string, error) bool) {
			for i := range n {
				if !yield(strings.Repeat(string(rune('a'+i%26)), length)+string(rune(i)), nil) {
					return
				}
			}
		}
	}
	self := func(s string) string { return s }
	for name, tt := range map[string]struct {
		s                stream.Seq[string]
		spills, tooLarge bool
	}{
		"few_short_rows":         {s: words(100, 10)},
		"many_short_rows":        {s: words(10_000, 1), spills: true},
		"few_long_rows":          {s: words(100, 10_000), spills: true},
		"larger_than_the_memory": {s: words(30, 100_000), spills: true, tooLarge: true},
	} {
		for _, tie := range []dedup.Tie{dedup.TieFirst, dedup.TieLast} {
			t.Run(name+"/"+tie.String(), func(t *testing.T) {
				budget, err := stream.NewBudget(64 << 10)
				require.NoError(t, err)
				want, err := stream.Collect(dedup.Run(tt.s, self, dedup.Options[string]{Tie: tie}))
				require.NoError(t, err)
				for _, r := range []stream.Resources{{Memory: 64 << 10}, {Budget: budget}} {
					r.TempDir = t.TempDir()
					meters := stream.NewMeters(stream.MetersOptions{})
					r.Stage = meters.Stage("dedup")
					got, err := stream.Collect(stream.Meter(dedup.Run(tt.s, self, dedup.Options[string]{Tie: tie, Resources: r}), r.Stage))
					require.Zero(t, budget.Used())
					require.Equal(t, tt.spills, meters.Stats().Stages[0].SpillBytes > 0, "whether it spills")
					if !tt.tooLarge {
						require.NoError(t, err)
						require.Equal(t, want, got)
						continue
					}
					var limit *stream.LimitError
					require.ErrorAs(t, err, &limit)
					require.ErrorIs(t, err, stream.ErrLimit)
					require.Equal(t, "dedup: Run", limit.Where)
					require.Greater(t, limit.Need, int64(100_000))
					require.ErrorContains(t, err, "by itself")
				}
			})
		}
	}
}
