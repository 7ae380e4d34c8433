package stream

import "iter"

// Collect returns all elements. It holds them all: on an endless stream it never returns. On an error it
// returns the elements before it, and the error.
func Collect[T any](s Seq[T]) ([]T, error) {
	needSeq(s, "Collect")
	var all []T
	for v, err := range s {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

// ForEach calls fn with each element. It stops at the first error, fn's or the stream's, and returns it as
// it is.
func ForEach[T any](s Seq[T], fn func(T) error) error {
	needSeq(s, "ForEach")
	needFunc(fn == nil, "ForEach", "function")
	for v, err := range s {
		if err != nil {
			return err
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	return nil
}

// Reduce folds the whole stream, in order, into one accumulator. On an error it returns the zero A and the
// error: half a sum is not a sum.
func Reduce[T, A any](s Seq[T], fold Fold[T, A]) (A, error) {
	needSeq(s, "Reduce")
	needFunc(fold.Add == nil, "Reduce", "fold.Add")
	acc := fold.Init()
	for v, err := range s {
		if err != nil {
			var zero A
			return zero, err
		}
		fold.Add(&acc, v)
	}
	return acc, nil
}

// Count returns how many elements there are; on an error, how many came before it, and the error.
func Count[T any](s Seq[T]) (int, error) {
	needSeq(s, "Count")
	n := 0
	for _, err := range s {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// First returns the first element and true; false where the stream is empty or starts with an error, which
// it returns. It reads one element.
func First[T any](s Seq[T]) (v T, ok bool, err error) {
	needSeq(s, "First")
	for v, err := range s {
		if err != nil {
			var zero T
			return zero, false, err
		}
		return v, true, nil
	}
	return v, false, nil
}

// Drain runs the stream to its end for its effects and returns its error.
func Drain[T any](s Seq[T]) error {
	needSeq(s, "Drain")
	for _, err := range s {
		if err != nil {
			return err
		}
	}
	return nil
}

// Try turns a Seq into a plain iterator for code that takes one; the error that ended the stream is stored in
// *errp, which is set to nil when a run starts. Look at it after the loop:
//
//	var err error
//	names := slices.Sorted(stream.Try(s, &err))
//	if err != nil { ... }
func Try[T any](s Seq[T], errp *error) iter.Seq[T] {
	needSeq(s, "Try")
	needFunc(errp == nil, "Try", "error pointer")
	return func(yield func(T) bool) {
		*errp = nil
		for v, err := range s {
			if err != nil {
				*errp = err
				return
			}
			if !yield(v) {
				return
			}
		}
	}
}
