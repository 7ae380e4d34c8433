package streamtest_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

type batches = stream.Seq[[]int]

// mapBatch makes an operator of a function over batches.
func mapBatch[Out any](f func([]int) Out) func(batches) stream.Seq[Out] {
	return func(s batches) stream.Seq[Out] { return stream.Map(s, f) }
}

// delayed yields each batch when the next has come.
func delayed(clone func([]int) []int) func(batches) batches {
	return func(s batches) batches {
		return func(yield func([]int, error) bool) {
			var held [][]int
			for b, err := range s {
				if err != nil {
					yield(nil, err)
					return
				}
				held = append(held, clone(b))
				if len(held) > 1 && !yield(held[len(held)-2], nil) {
					return
				}
			}
			if len(held) > 0 {
				yield(held[len(held)-1], nil)
			}
		}
	}
}

func keep(b []int) []int { return b }

func TestCheckBorrow_EveryFaultIsCaught(t *testing.T) {
	in := [][]int{{3, 1, 2}, {4}, {}, {9, 9}}
	none := streamtest.BorrowOptions{}
	for name, c := range map[string]struct {
		found []error
		says  string
	}{
		"keeps_a_batch":          {streamtest.BorrowViolations(delayed(keep), none, in...), `the outputs differ (each as text)`},
		"hands_the_batch_on":     {streamtest.BorrowViolations(mapBatch(keep), none, in...), "output 0 was [3 1 2] when it was yielded, and later [-"},
		"hands_a_part_on":        {streamtest.BorrowViolations(mapBatch(func(b []int) []int { return b[min(1, len(b)):] }), none, in...), "output 0 was [1 2] when it was yielded"},
		"points_into_the_batch":  {streamtest.BorrowViolations(mapBatch(func(b []int) *int { return &b[:1][0] }), none, []int{5}, []int{6}), "output 0 was &5 when it was yielded, and later &"},
		"sorts_in_place":         {streamtest.BorrowViolations(mapBatch(func(b []int) int { slices.Sort(b); return len(b) }), none, in...), "element 0 of batch 0 was 3, and the operator made it 1"},
		"appends_to_the_batch":   {streamtest.BorrowViolations(mapBatch(func(b []int) int { return len(append(b, 7)) }), streamtest.BorrowOptions{InPlace: true}, in...), "the operator wrote behind the end of batch 0"},
		"lends_what_it_keeps":    {streamtest.BorrowViolations(delayed(keep), streamtest.BorrowOptions{Lends: true}, in...), "the outputs differ"},
		"does_not_end_well":      {streamtest.BorrowViolations(mapBatch(func(b []int) int { return b[0] }), none, in...), "batches to keep: it panicked with"},
		"random_batches_as_well": {streamtest.BorrowViolations(mapBatch(keep), none), "when it was yielded, and later "},
	} {
		t.Run(name, func(t *testing.T) {
			rule := streamtest.RuleBorrow
			if name == "does_not_end_well" {
				rule = streamtest.RuleHealthy
			}
			caught(t, c.found, rule, c.says)
		})
	}
}

func TestCheckBorrow_GoodOperatorsPass(t *testing.T) {
	streamtest.CheckBorrow(t, delayed(slices.Clone))
	streamtest.CheckBorrow(t, mapBatch(func(b []int) []int { return slices.Clone(b) }), []int{1, 2}, nil, []int{})
	streamtest.CheckBorrowWith(t, mapBatch(keep), streamtest.BorrowOptions{Lends: true})
	streamtest.CheckBorrowWith(t, mapBatch(func(b []int) int { slices.Sort(b); return len(b) }), streamtest.BorrowOptions{InPlace: true})
	type row struct {
		Name string
		On   bool
		By   stream.Opt[int]
	}
	streamtest.CheckBorrow(t, func(s stream.Seq[[]row]) stream.Seq[row] {
		return stream.FlatMap(s, func(b []row) stream.Seq[row] { return stream.Of(b...) })
	})
}

func TestCheckOwned_EveryFaultIsCaught(t *testing.T) {
	reused := func(s ints) batches {
		return func(yield func([]int, error) bool) {
			buffer := make([]int, 1)
			for v, err := range s {
				if err != nil {
					yield(nil, err)
					return
				}
				if buffer[0] = v; !yield(buffer, nil) {
					return
				}
			}
		}
	}
	caught(t, streamtest.OwnedViolations(reused, 1, 2, 3), streamtest.RuleBorrow, "outputs kept: output 0 was [1] when it was yielded, and later [3]")

	uncapped := func(s ints) batches {
		return func(yield func([]int, error) bool) {
			all, err := stream.Collect(s)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := 0; i+2 <= len(all); i += 2 {
				if !yield(all[i:i+2], nil) { // an append to it writes into the next
					return
				}
			}
		}
	}
	caught(t, streamtest.OwnedViolations(uncapped, 1, 2, 3, 4), streamtest.RuleBorrow, "outputs overwritten by the consumer: the outputs differ")

	counts := func(s ints) stream.Seq[map[int]int] {
		return func(yield func(map[int]int, error) bool) {
			all := map[int]int{}
			for v, err := range s {
				if err != nil {
					yield(nil, err)
					return
				}
				if all[v]++; !yield(all, nil) {
					return
				}
			}
		}
	}
	found := streamtest.OwnedViolations(counts)
	caught(t, found, streamtest.RuleBorrow, "outputs kept: output 0 was map[")
	caught(t, found, streamtest.RuleBorrow, "outputs overwritten by the consumer: the outputs differ")

	shared := func(s ints) stream.Seq[stream.Pair[int, [1][]int]] {
		list := []int{1, 2}
		return stream.Map(s, func(v int) stream.Pair[int, [1][]int] {
			return stream.Pair[int, [1][]int]{First: v, Second: [1][]int{list}}
		})
	}
	caught(t, streamtest.OwnedViolations(shared, 1, 2), streamtest.RuleBorrow, "outputs overwritten by the consumer")
}

func TestCheckOwned_GoodOperatorsPass(t *testing.T) {
	streamtest.CheckOwned(t, func(s ints) batches { return stream.Batch(s, 5) })
	streamtest.CheckOwned(t, batch(3, true))
	streamtest.CheckOwned(t, func(s stream.Seq[string]) stream.Seq[stream.Chunk[int, string]] {
		return stream.ChunkBy(s, func(v string) int { return len(v) })
	})
}

func TestBorrowed_OverwritesWhatItLent(t *testing.T) {
	var first []string
	for b, err := range streamtest.Borrowed([]string{"a", "b"}, []string{"c"}) {
		require.NoError(t, err)
		if first == nil {
			first = b
			require.Equal(t, []string{"a", "b"}, first)
		}
	}
	require.Equal(t, []string{"overwritten", "overwritten"}, first)
}
