package dedup_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

func TestSorted_OrderErrors(t *testing.T) {
	rows := func(keys ...int) (rows []click) {
		for i, k := range keys {
			rows = append(rows, click{ID: k, At: i})
		}
		return rows
	}
	for name, tt := range map[string]struct {
		rows     []click
		nullKeys dedup.NullKeys
		want     *dedup.OrderError // nil: sorted
		text     string
		out      int // rows before the end
	}{
		"ascending":                  {rows: rows(1, 1, 2, 5), out: 3},
		"descends":                   {rows: rows(1, 5, 3), want: &dedup.OrderError{Key: 3, PrevKey: 5, Position: 2, PrevPosition: 1}, out: 1, text: "dedup: input not sorted by key: element 2 has key 3 after 5 at element 1: conflict"},
		"descends_to_a_key_seen":     {rows: rows(1, 2, 1), want: &dedup.OrderError{Key: 1, PrevKey: 2, Position: 2, PrevPosition: 1}, out: 1},
		"descends_after_a_repeat":    {rows: rows(4, 4, 4, 3), want: &dedup.OrderError{Key: 3, PrevKey: 4, Position: 3, PrevPosition: 2}},
		"null_between_groups":        {rows: rows(1, 1, 0, 2, 0, 0), out: 5},
		"null_inside_a_group":        {rows: rows(1, 0, 1), want: &dedup.OrderError{Key: 1, Position: 2, PrevPosition: 1}, out: 2, text: "dedup: input not sorted by key: element 2 has key 1 after null at element 1: conflict"},
		"null_does_not_hide_descent": {rows: rows(5, 0, 3), want: &dedup.OrderError{Key: 3, PrevKey: 5, Position: 2, PrevPosition: 0}, out: 2},
		"null_group_is_one":          {rows: rows(0, 0, 1), nullKeys: dedup.NullsEqual, out: 2},
		"null_group_comes_back":      {rows: rows(0, 1, 1, 0), nullKeys: dedup.NullsEqual, want: &dedup.OrderError{PrevKey: 1, Position: 3, PrevPosition: 2}, out: 1, text: "dedup: input not sorted by key: element 3 has key null after 1 at element 2: conflict"},
		"rejected_nulls_break_none":  {rows: rows(1, 0, 1, 2), nullKeys: dedup.NullsReject, out: 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := dedup.Options[click]{Tie: dedup.TieLast, NullKey: isNullClick, NullKeys: tt.nullKeys}
			if tt.nullKeys == dedup.NullsReject {
				o.Rejects = stream.Discard[dedup.Reject[click]]("not looked at")
			}
			got, err := stream.Collect(dedup.Sorted(stream.Of(tt.rows...), click.Key, cmp.Compare, o))
			require.Len(t, got, tt.out)
			if tt.want == nil {
				require.NoError(t, err)
				return
			}
			require.Equal(t, tt.want, err)
			require.ErrorIs(t, err, stream.ErrConflict)
			if tt.text != "" {
				require.EqualError(t, err, tt.text)
			}
		})
	}
}

func TestSorted_DescendingInput(t *testing.T) {
	down := func(a, b int) int { return cmp.Compare(b, a) }
	got, err := stream.Collect(dedup.Sorted(stream.Of(click{3, "", 0}, click{3, "", 1}, click{1, "", 2}), click.Key, down, dedup.Options[click]{}))
	require.NoError(t, err)
	require.Equal(t, []int{0, 2}, ids(got))
}

// cmp.Compare puts NaN first and equal to itself, as the hash engine does.
func TestSorted_NaNKeys(t *testing.T) {
	got, err := stream.Collect(dedup.Sorted(stream.Of[any](math.NaN(), math.NaN(), 1., 1.), as[float64], cmp.Compare, dedup.Options[any]{}))
	require.NoError(t, err)
	require.Len(t, got, 2)
}

// A tie is an error when its group closes; the rows before it have gone out.
func TestSorted_TieFail(t *testing.T) {
	o := dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}, Tie: dedup.TieFail}
	got, err := stream.Collect(dedup.Sorted(stream.Of(click{1, "", 0}, click{2, "", 3}, click{2, "", 3}, click{3, "", 9}), click.Key, cmp.Compare, o))
	require.Equal(t, []int{0}, ids(got))
	require.Equal(t, &dedup.TieError{Key: 2, WinnerPosition: 1, Position: 2}, err)
	got, err = stream.Collect(dedup.Sorted(stream.Of(click{2, "", 3}, click{2, "", 3}, click{2, "", 4}), click.Key, cmp.Compare, o))
	require.NoError(t, err)
	require.Equal(t, []int{4}, ids(got))
}

// Input sorted by time lets the last row of a key come at any moment: it is not sorted by key, and Sorted
// says so instead of yielding a key twice.
func TestSorted_SortedByTimeIsNotSortedByKey(t *testing.T) {
	byTime := stream.Of(click{1, "a", 0}, click{2, "b", 1}, click{1, "c", 2})
	_, err := stream.Collect(dedup.Sorted(byTime, click.Key, cmp.Compare, dedup.Options[click]{Tie: dedup.TieLast}))
	var order *dedup.OrderError
	require.ErrorAs(t, err, &order)
}

func TestSorted_AllocatesNothingPerRow(t *testing.T) {
	run := func(n int) float64 {
		s := stream.Seq[click](func(yield func(click, error) bool) {
			for i := range n {
				if !yield(click{ID: i / 3, At: i % 3}, nil) {
					return
				}
			}
		})
		d := dedup.Sorted(s, click.Key, cmp.Compare, dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}})
		return testing.AllocsPerRun(5, func() {
			for _, err := range d {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	require.Equal(t, run(10), run(10_000))
}

// The engine that moves no rows does what the simple one does: on input that is sorted, nearly sorted and not sorted, to
// the end and to where the consumer breaks.
func TestSorted_Law_EqualsTheSimpleEngine(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		if rapid.IntRange(0, 3).Draw(t, "sorted") > 0 {
			slices.SortStableFunc(p.rows, func(a, b reading) int {
				if p.o.NullKey != nil && (a.Null || b.Null) {
					return cmp.Compare(fmt.Sprint(a.Null), fmt.Sprint(b.Null))
				}
				return compareKeys(a.Key(), b.Key())
			})
		}
		if len(p.rows) > 1 && rapid.IntRange(0, 3).Draw(t, "swapped") == 0 {
			i := rapid.IntRange(0, len(p.rows)-2).Draw(t, "swap")
			p.rows[i], p.rows[i+1] = p.rows[i+1], p.rows[i]
		}
		most := rapid.IntRange(0, len(p.rows)+1).Draw(t, "most")
		withLosers := rapid.Bool().Draw(t, "losers")
		first := func(e engine) engine {
			return func(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
				return stream.Take(e(rows, o), most)
			}
		}
		simple := func(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
			return dedup.SortedSimply(stream.Of(rows...), reading.Key, compareKeys, o)
		}
		want, got := p.run(first(simple), withLosers), p.run(first(sortedEngine), withLosers)
		require.Equal(t, want.err, got.err)
		require.Equal(t, text(want.survivors), text(got.survivors))
		require.Equal(t, want.stats, got.stats)
		require.Equal(t, fmt.Sprint(want.losers), fmt.Sprint(got.losers))
		require.Equal(t, fmt.Sprint(want.rejected), fmt.Sprint(got.rejected))
	})
}
