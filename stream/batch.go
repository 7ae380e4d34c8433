package stream

// Batch yields slices of size elements, in order; the last may be shorter. Each slice is the consumer's own:
// one allocation per batch, and memory of one batch. An unfinished batch is yielded when the source ends, and
// before the error when it fails, so no element read is lost. A size below 1 is an *OptionError. Where the source may be
// slow, BatchWithin also bounds how long an element waits for its batch.
func Batch[T any](s Seq[T], size int) Seq[[]T] {
	needSeq(s, "Batch")
	return func(yield func([]T, error) bool) {
		if size < 1 {
			yield(nil, &OptionError{Package: "stream", Func: "Batch", Option: "size", Got: size, Want: "positive"})
			return
		}
		// A huge size must not allocate before there are elements.
		first := min(size, 1024)
		var batch []T
		for v, err := range s {
			if err != nil {
				if len(batch) > 0 && !yield(batch, nil) {
					return
				}
				yield(nil, err)
				return
			}
			if batch == nil {
				batch = make([]T, 0, first)
			}
			batch = append(batch, v)
			if len(batch) == size {
				if !yield(batch, nil) {
					return
				}
				batch, first = nil, size
			}
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}
