package fold

import (
	"math"

	"golang.org/x/exp/constraints"

	"github.com/millrace-go/millrace/stream"
)

// Average is the accumulator of Mean.
type Average struct {
	Sum float64 // of all values, rounded as it goes
	N   int     // number of values
}

// Value returns the arithmetic mean; NaN where there were no values.
func (a Average) Value() float64 {
	if a.N == 0 {
		return math.NaN()
	}
	return a.Sum / float64(a.N)
}

// Mean averages a number of each value, as float64: integers above 2 to the 53 are rounded. Like a float Sum it
// depends on the order of its values, and Merge is not exact.
func Mean[T any, N constraints.Integer | constraints.Float](of func(T) N) stream.Fold[T, Average] {
	need(of == nil, "Mean", "of")
	return stream.Fold[T, Average]{
		Add: func(acc *Average, v T) {
			acc.Sum += float64(of(v))
			acc.N++
		},
		Merge: func(dst, src *Average) {
			dst.Sum += src.Sum
			dst.N += src.N
		},
	}
}
