package stream

import "fmt"

// Pair is two values together: an element of Zip, the accumulator of fold.Pair.
type Pair[A, B any] struct {
	First  A // of the first sequence
	Second B // of the second
}

// LengthError reports that one of two zipped sequences ended before the other. It matches ErrConflict.
type LengthError struct {
	Length  int    // elements of the shorter sequence
	Shorter string // "first" or "second"
}

// Error says which sequence was the shorter, and its length.
func (e *LengthError) Error() string {
	return fmt.Sprintf("stream: Zip: %s sequence ended after %d elements, the other goes on: %v", e.Shorter, e.Length, ErrConflict)
}

// Unwrap gives ErrConflict.
func (e *LengthError) Unwrap() error { return ErrConflict }

// Zip yields the elements of a and b at the same position, in pairs. Sequences of different length end it
// with a *LengthError, for the rest of the longer would be lost in silence; cut the longer with Take where
// that is meant. An error of either ends it, a's first if both fail at one position.
//
// It reads one element of each per pair, b through a cursor (about 150 ns per element), and nothing ahead.
func Zip[A, B any](a Seq[A], b Seq[B]) Seq[Pair[A, B]] {
	needSeq(a, "Zip")
	needSeq(b, "Zip")
	return func(yield func(Pair[A, B], error) bool) {
		var none Pair[A, B]
		second := Pull(b, PullOptions{})
		defer second.Close()
		n := 0
		for v, err := range a {
			if err != nil {
				yield(none, err)
				return
			}
			w, ok := second.Next()
			if !ok {
				err := second.Err()
				if err == nil {
					err = &LengthError{Length: n, Shorter: "second"}
				}
				yield(none, err)
				return
			}
			n++
			if !yield(Pair[A, B]{First: v, Second: w}, nil) {
				return
			}
		}
		if _, ok := second.Next(); ok {
			yield(none, &LengthError{Length: n, Shorter: "first"})
		} else if err := second.Err(); err != nil {
			yield(none, err)
		}
	}
}
