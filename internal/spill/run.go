package spill

import "reflect"

// Sized is Rows that can say what a row takes in memory; stream.Codec and rowcodec.Codec are.
type Sized[T any] interface {
	Rows[T]
	// Held returns the live bytes that *v holds outside itself.
	Held(v *T) int64
}

// Run is a part whose rows are in the order in which they will be merged with those of others.
type Run[T any] struct {
	Store  *Store[T]
	Part   int
	Widest int64 // bytes that the rows of one block take in memory, at most
}

// RunWriter writes a run, in blocks whose rows take little memory when they are read: a merge has whole blocks.
type RunWriter[T any] struct {
	store *Store[T]
	part  int
	rows  Sized[T]
	size  int64 // static bytes of a row

	room   int64 // bytes that the rows of a block may take, and what they hold as much again, the last row left out
	static int64 // of the block that is being filled
	held   int64
	wide   int64 // the most of static so far: the room for rows is used again for blocks with fewer of them
	holds  int64 // the most of held
}

// NewRunWriter begins a run in a part of its own. Of each block, the rows take up to room bytes and hold as many, the
// last row left out.
func NewRunWriter[T any](s *Store[T], rows Sized[T], room int64) *RunWriter[T] {
	size := max(int64(reflect.TypeFor[T]().Size()), 1)
	return &RunWriter[T]{store: s, part: s.AddPart(), rows: rows, size: size, room: room}
}

// Append writes one row.
func (w *RunWriter[T]) Append(v *T) error {
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
	w.held += w.rows.Held(v)
	w.wide, w.holds = max(w.wide, w.static), max(w.holds, w.held)
	if pending == 0 { // or with it
		w.static, w.held = 0, 0
	}
	return nil
}

// Finish ends the run.
func (w *RunWriter[T]) Finish() (Run[T], error) {
	return Run[T]{Store: w.store, Part: w.part, Widest: w.wide + w.holds}, w.store.Finish(w.part)
}
