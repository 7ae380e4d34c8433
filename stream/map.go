package stream

// Map yields fn(v) for each element, in order. fn must not fail; one that can is for TryMap.
func Map[T, U any](s Seq[T], fn func(T) U) Seq[U] {
	needSeq(s, "Map")
	needFunc(fn == nil, "Map", "function")
	return func(yield func(U, error) bool) {
		for v, err := range s {
			if err != nil {
				var zero U
				yield(zero, err)
				return
			}
			if !yield(fn(v), nil) {
				return
			}
		}
	}
}

// TryMap yields what fn makes of each element, in order, and ends with fn's first error as it is. For rows
// that may be bad one by one, give them a place instead: a Sink (see package validate).
func TryMap[T, U any](s Seq[T], fn func(T) (U, error)) Seq[U] {
	needSeq(s, "TryMap")
	needFunc(fn == nil, "TryMap", "function")
	return func(yield func(U, error) bool) {
		var zero U
		for v, err := range s {
			if err != nil {
				yield(zero, err)
				return
			}
			u, err := fn(v)
			if err != nil {
				yield(zero, err)
				return
			}
			if !yield(u, nil) {
				return
			}
		}
	}
}

// FlatMap yields all elements of fn(v) for each element v, in order, one inner sequence after the other. An
// error of an inner sequence ends it. A nil one is a caller's mistake and panics: where there is nothing, give Of().
func FlatMap[T, U any](s Seq[T], fn func(T) Seq[U]) Seq[U] {
	needSeq(s, "FlatMap")
	needFunc(fn == nil, "FlatMap", "function")
	return func(yield func(U, error) bool) {
		// One closure serves all inner sequences: ranging over each would allocate one per element.
		ended := false
		inner := func(u U, err error) bool {
			if ended {
				return false
			}
			if err != nil {
				var zero U
				u, ended = zero, true
			}
			ended = !yield(u, err) || ended
			return !ended
		}
		for v, err := range s {
			if err != nil {
				var zero U
				yield(zero, err)
				return
			}
			next := fn(v)
			needSeq(next, "FlatMap")
			if next(inner); ended {
				return
			}
		}
	}
}

// Tap calls fn with each element before it yields it on unchanged: for counters, logs and tests. It runs as
// often as the stream is consumed.
func Tap[T any](s Seq[T], fn func(T)) Seq[T] {
	needSeq(s, "Tap")
	needFunc(fn == nil, "Tap", "function")
	return func(yield func(T, error) bool) {
		for v, err := range s {
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			fn(v)
			if !yield(v, nil) {
				return
			}
		}
	}
}
