package fold

import (
	"fmt"
	"slices"

	"github.com/millrace-go/millrace/stream"
)

// Top keeps the n greatest values by compare, the greatest first; of equal values the earlier ones, in order of
// their positions. To keep the least, swap the arguments of compare. Merge is exact.
//
// Adding costs one comparison for a value that does not make it, and otherwise O(log n) comparisons and O(n)
// moves: it is meant for an n up to some hundreds. It panics unless n is positive.
func Top[T any](n int, compare func(a, b T) int) stream.Fold[T, []T] {
	need(compare == nil, "Top", "compare")
	if n <= 0 {
		panic(fmt.Sprintf("fold: Top: n must be positive, got %d", n))
	}
	add := func(acc *[]T, v T) {
		top := *acc
		full := len(top) == n
		if full && compare(v, top[n-1]) <= 0 {
			return
		}
		at, _ := slices.BinarySearchFunc(top, v, func(kept, v T) int {
			if compare(kept, v) >= 0 { // an equal one that came before stays before
				return -1
			}
			return 1
		})
		if full {
			copy(top[at+1:], top[at:])
			top[at] = v
			return
		}
		*acc = slices.Insert(top, at, v)
	}
	return stream.Fold[T, []T]{
		Add: add,
		Merge: func(dst, src *[]T) {
			for _, v := range *src {
				add(dst, v)
			}
		},
		Exact: true,
		Size:  sizeOfSlice[T](),
	}
}
