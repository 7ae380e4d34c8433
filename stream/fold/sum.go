package fold

import (
	"golang.org/x/exp/constraints"

	"github.com/millrace-go/millrace/stream"
)

// Sum adds up a number of each value, in the type of that number.
//
// Integers wrap around as Go's + does: the result is the true sum modulo 2 to the number of bits, whatever the
// order, so Merge is exact. Project to int64 what is narrower and may not fit.
//
// Floats are added in input order, which makes the result repeatable; it is the rounded running sum, and Merge
// is not exact. NaN and infinities go into the sum.
func Sum[T any, N constraints.Integer | constraints.Float](of func(T) N) stream.Fold[T, N] {
	need(of == nil, "Sum", "of")
	return stream.Fold[T, N]{
		Add:   func(acc *N, v T) { *acc += of(v) },
		Merge: func(dst, src *N) { *dst += *src },
		Exact: !isFloat[N](),
	}
}

// isFloat reports whether N divides without dropping the fraction.
func isFloat[N constraints.Integer | constraints.Float]() bool { return N(1)/N(2) != 0 }
