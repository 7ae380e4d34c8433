package table

import "slices"

// Walk goes over the slots of a table in order of hash. It needs no sort of the whole and no memory to speak of: a
// key lies at or after its home with no empty slot between, so the runs between empty slots are in order of hash
// among each other, and only within a run (4 slots on average) the slots are sorted.
//
// The one exception is a run that reaches past the last slot and goes on at slot 0: what it left there belongs at
// the end. So the walk goes round once and a bit, up to the first empty slot again, and takes the slots before that
// one in two parts: first those that belong there, at the end those that wrapped.
//
// The table must not change meanwhile. The zero Walk is over.
type Walk[T walked] struct {
	t     T
	first int   // the first empty slot
	at    int   // the next slot, counted on past the last one
	end   int   // slots and first
	run   []int // slots between two empty ones, sorted
	taken int   // of run
}

// walked is a table as a Walk sees it.
type walked interface {
	size() int                                // slots
	hashIn(slot int) (hash uint64, used bool) // what stands in a slot
	home(hash uint64) int                     // where the probe for a hash begins
	compare(a, b int) int                     // slots of one run, given in the order of their probes
}

func newWalk[T walked](t T) Walk[T] {
	w := Walk[T]{t: t}
	for w.first < t.size() {
		if _, used := t.hashIn(w.first); !used {
			break
		}
		w.first++
	}
	w.end = t.size() + w.first
	return w
}

// Next returns the next slot; ok is false at the end.
func (w *Walk[T]) Next() (slot int, ok bool) {
	if w.taken == len(w.run) && !w.fill() {
		return 0, false
	}
	slot = w.run[w.taken]
	w.taken++
	return slot, true
}

// fill collects the slots of the next run.
func (w *Walk[T]) fill() bool {
	w.run, w.taken = w.run[:0], 0
	for w.at < w.end {
		n := w.t.size()
		slot, wrapped := w.at, w.at >= n
		w.at++
		if wrapped {
			slot -= n
		}
		h, used := w.t.hashIn(slot)
		if !used {
			if len(w.run) > 0 {
				break
			}
			continue
		}
		if slot < w.first && (w.t.home(h) > slot) != wrapped {
			continue
		}
		w.run = append(w.run, slot)
	}
	w.sort()
	return len(w.run) > 0
}

// sort is stable, and by insertion where a run is as short as it should be.
func (w *Walk[T]) sort() {
	run := w.run
	if len(run) > 16 {
		slices.SortStableFunc(run, w.t.compare)
		return
	}
	for i := 1; i < len(run); i++ {
		for j := i; j > 0 && w.t.compare(run[j], run[j-1]) < 0; j-- {
			run[j], run[j-1] = run[j-1], run[j]
		}
	}
}
