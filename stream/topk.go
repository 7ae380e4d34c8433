package stream

import (
	"slices"

	"github.com/millrace-go/millrace/internal/top"
)

// TopK yields the k greatest elements by compare, the greatest first; of equal elements the earlier ones, in the order
// in which they came. To get the least, the least first, swap the arguments of compare. compare returns less than 0
// where a is less than b.
//
// Memory: at most k elements, and a quarter as many (or 64) that wait to be sorted in.
// Laziness: the first pull reads the whole input.
// Termination: only if the input ends.
// Errors: an error of the input is forwarded, and no element is yielded. A k that is not positive is an *OptionError.
//
// It costs one comparison for an element that does not make it, and O(log k) for one that does. Per key, or beside
// other folds, fold.Top does the same for a small k.
func TopK[T any](s Seq[T], k int, compare func(a, b T) int) Seq[T] {
	needSeq(s, "TopK")
	needFunc(compare == nil, "TopK", "compare")
	return func(yield func(T, error) bool) {
		var zero T
		if k <= 0 {
			yield(zero, &OptionError{Package: "stream", Func: "TopK", Option: "k", Got: k, Want: "positive"})
			return
		}
		var best, waiting []T // best is a list of package top; what waits came after it, in order
		settle := func() {
			slices.SortStableFunc(waiting, func(a, b T) int { return compare(b, a) })
			best = top.Merge(best, waiting, k, compare)
			clear(waiting)
			waiting = waiting[:0]
		}
		for v, err := range s {
			if err != nil {
				yield(zero, err)
				return
			}
			if len(best) == k && compare(v, best[k-1]) <= 0 {
				continue
			}
			if waiting = append(waiting, v); len(waiting) >= max(k/4, 64) {
				settle()
			}
		}
		settle()
		for _, v := range best {
			if !yield(v, nil) {
				return
			}
		}
	}
}
