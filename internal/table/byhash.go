package table

import "iter"

// ByHash yields every index in order of hash, ties in order of insertion: an order that depends on the keys
// and not on the size of the table. The table must not change while ByHash runs.
func (t *Table[K]) ByHash() iter.Seq[int] {
	return func(yield func(int) bool) {
		w := newWalk(t)
		for slot, ok := w.Next(); ok; slot, ok = w.Next() {
			if !yield(t.indexIn(slot)) {
				return
			}
		}
	}
}

// What follows is how a Walk sees the table.

func (t *Table[K]) size() int { return len(t.slots) }

func (t *Table[K]) indexIn(slot int) int { return int(uint32(t.slots[slot])) - 1 }

func (t *Table[K]) hashIn(slot int) (hash uint64, used bool) {
	if t.slots[slot] == 0 {
		return 0, false
	}
	return t.hashes[t.indexIn(slot)], true
}

func (t *Table[K]) gather(from, to int, into []usedIn) int {
	n := 0
	for slot := from; slot < to; slot++ {
		if h, used := t.hashIn(slot); used {
			into[n] = usedIn{h, slot}
			n++
		}
	}
	return n
}
