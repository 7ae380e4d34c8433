package stream

// Scan yields the running result after each element: fn(initial, v0), fn(that, v1), and so on; as many
// elements as it reads. Each run starts from initial: let it be a value, for what a pointer, slice or map
// points to is shared between runs.
func Scan[T, A any](s Seq[T], initial A, fn func(acc A, v T) A) Seq[A] {
	needSeq(s, "Scan")
	needFunc(fn == nil, "Scan", "function")
	return func(yield func(A, error) bool) {
		acc := initial
		for v, err := range s {
			if err != nil {
				var zero A
				yield(zero, err)
				return
			}
			acc = fn(acc, v)
			if !yield(acc, nil) {
				return
			}
		}
	}
}

// Indexed is an element with its position in the stream, from 0.
type Indexed[T any] struct {
	Index int // from 0
	Value T   // the element
}

// Enumerate yields each element with its position, from 0, counted anew in each run.
func Enumerate[T any](s Seq[T]) Seq[Indexed[T]] {
	needSeq(s, "Enumerate")
	return func(yield func(Indexed[T], error) bool) {
		i := 0
		for v, err := range s {
			if err != nil {
				yield(Indexed[T]{}, err)
				return
			}
			if !yield(Indexed[T]{Index: i, Value: v}, nil) {
				return
			}
			i++
		}
	}
}
