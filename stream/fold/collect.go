package fold

import (
	"reflect"

	"github.com/millrace-go/millrace/stream"
)

// Collect keeps all values, in order; nil where there were none. It holds what it collects: use it for groups
// known to be small. Merge copies and is exact.
func Collect[T any]() stream.Fold[T, []T] {
	return stream.Fold[T, []T]{
		Add:   func(acc *[]T, v T) { *acc = append(*acc, v) },
		Merge: func(dst, src *[]T) { *dst = append(*dst, *src...) },
		Exact: true,
		Size:  sizeOfSlice[T](),
	}
}

// sizeOfSlice tells the bytes of a slice's array, room included; not what its elements point to.
func sizeOfSlice[T any]() func(acc *[]T) int {
	size := int(reflect.TypeFor[T]().Size())
	return func(acc *[]T) int { return cap(*acc) * size }
}
