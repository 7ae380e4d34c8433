package stream

import "github.com/millrace-go/millrace/internal/spill"

// runWriter writes a sorted run, in blocks whose rows take little memory when they are read: a merge has whole blocks.
type runWriter[T any] struct {
	store *spill.Store[T]
	part  int
	codec Codec[T]
	size  int64 // static bytes of a row

	room   int64 // bytes that the rows of a block may take, and what they hold as much again, the last row left out
	static int64 // of the block that is being filled
	held   int64
	wide   int64 // the most of static so far: the room for rows is used again for blocks with fewer of them
	holds  int64 // the most of held
}

func (s *sortRuns[T]) newWriter(store *spill.Store[T]) *runWriter[T] {
	return &runWriter[T]{store: store, part: store.AddPart(), codec: s.codec, size: max(sizeOf[T](), 1), room: int64(s.blockSize)}
}

// append writes one row.
func (w *runWriter[T]) append(v *T) error {
	if w.static >= w.room || w.held >= w.room {
		if err := w.store.EndBlock(w.part); err != nil {
			return err
		}
		w.static, w.held = 0, 0
	}
	if err := w.store.Append(w.part, v); err != nil {
		return err
	}
	pending := w.store.Pending(w.part)
	if pending == 1 { // a block ended before this row
		w.static, w.held = 0, 0
	}
	w.static += w.size
	w.held += w.codec.Held(v)
	w.wide, w.holds = max(w.wide, w.static), max(w.holds, w.held)
	if pending == 0 { // or with it
		w.static, w.held = 0, 0
	}
	return nil
}

// finish ends the run.
func (w *runWriter[T]) finish() (sortedRun[T], error) {
	return sortedRun[T]{store: w.store, part: w.part, widest: w.wide + w.holds}, w.store.Finish(w.part)
}
