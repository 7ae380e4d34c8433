package merge

// watch is what a tree knows of an input that may not be sorted. Each chunk is held against Order.Watch when it is read,
// and cut where the input descends: so its error comes out exactly where the element would have been needed.
//
// The confirmation of a guessed block would find most descents as well, but only where the comparison is transitive: one
// that says < for floats of which some are NaN is not, and a descent must not get past it.
type watch[T any] struct {
	index int64 // position of the chunk's first element
	last  T     // of the chunk before, if there was one
	err   error // the chunk was cut: comes out behind it
}

// readWatched is read for an input that may not be sorted.
func (t *Tree[T]) readWatched(in *input[T]) error {
	w := in.watch
	if w.err != nil {
		return w.err
	}
	first := w.index == 0 && len(in.chunk) == 0
	if !first {
		w.last = in.chunk[len(in.chunk)-1]
		w.index += int64(len(in.chunk))
	}
	in.at = 0
	var err error
	if in.chunk, err = in.cursor.Next(); err != nil || len(in.chunk) == 0 {
		return err
	}
	if !first && t.order.Watch(w.last, in.chunk[0]) > 0 {
		t.cut(in, 0, w.last)
		return w.err
	}
	compare, chunk := t.order.Watch, in.chunk
	for i := 1; i < len(chunk); i++ {
		if compare(chunk[i-1], chunk[i]) > 0 {
			t.cut(in, i, chunk[i-1])
			break
		}
	}
	return nil
}

// cut ends the input before chunk[i].
func (t *Tree[T]) cut(in *input[T], i int, after T) {
	in.watch.err = t.order.Descent(in.cursor, in.watch.index+int64(i), in.chunk[i], after)
	in.chunk = in.chunk[:i]
}
