package stream

// Filter yields the elements for which keep is true, in order.
func Filter[T any](s Seq[T], keep func(T) bool) Seq[T] {
	needSeq(s, "Filter")
	needFunc(keep == nil, "Filter", "predicate")
	return func(yield func(T, error) bool) {
		for v, err := range s {
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			if keep(v) && !yield(v, nil) {
				return
			}
		}
	}
}

// Take yields the first n elements and reads no more than these: an error of the source behind them is not
// seen. A negative n is an *OptionError.
func Take[T any](s Seq[T], n int) Seq[T] {
	needSeq(s, "Take")
	return func(yield func(T, error) bool) {
		var zero T
		if n < 0 {
			yield(zero, &OptionError{Package: "stream", Func: "Take", Option: "n", Got: n, Want: "0 or positive"})
			return
		}
		if n == 0 {
			return
		}
		left := n
		for v, err := range s {
			if err != nil {
				yield(zero, err)
				return
			}
			left--
			if !yield(v, nil) || left == 0 {
				return
			}
		}
	}
}

// TakeWhile yields elements up to the first for which while is false; that one is read and not yielded.
func TakeWhile[T any](s Seq[T], while func(T) bool) Seq[T] {
	needSeq(s, "TakeWhile")
	needFunc(while == nil, "TakeWhile", "predicate")
	return func(yield func(T, error) bool) {
		for v, err := range s {
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			if !while(v) || !yield(v, nil) {
				return
			}
		}
	}
}

// SkipWhile yields the first element for which while is false and all that follow; while is not asked again.
func SkipWhile[T any](s Seq[T], while func(T) bool) Seq[T] {
	needSeq(s, "SkipWhile")
	needFunc(while == nil, "SkipWhile", "predicate")
	return func(yield func(T, error) bool) {
		skipping := true
		for v, err := range s {
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			if skipping && while(v) {
				continue
			}
			skipping = false
			if !yield(v, nil) {
				return
			}
		}
	}
}
