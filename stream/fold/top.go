package fold

import (
	"fmt"

	"github.com/millrace-go/millrace/internal/top"
	"github.com/millrace-go/millrace/stream"
)

// Top keeps the n greatest values by compare, the greatest first; of equal values the earlier ones, in order of
// their positions. To keep the least, swap the arguments of compare. Merge is exact.
//
// Adding costs one comparison for a value that does not make it, and otherwise O(log n) comparisons and O(n)
// moves: it is meant for an n up to some hundreds. For the top of a whole stream, and any n, there is stream.TopK.
// It panics unless n is positive.
func Top[T any](n int, compare func(a, b T) int) stream.Fold[T, []T] {
	need(compare == nil, "Top", "compare")
	if n <= 0 {
		panic(fmt.Sprintf("fold: Top: n must be positive, got %d", n))
	}
	return stream.Fold[T, []T]{
		Add:   func(acc *[]T, v T) { *acc = top.Add(*acc, v, n, compare) },
		Merge: func(dst, src *[]T) { *dst = top.Merge(*dst, *src, n, compare) },
		Exact: true,
		Size:  sizeOfSlice[T](),
	}
}
