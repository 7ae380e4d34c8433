package table

import (
	"cmp"
	"iter"
	"slices"
)

// ByHash yields every index in order of hash, ties in order of insertion: an order that depends on the keys
// and not on the size of the table. The table must not change while ByHash runs, nor be asked for a key.
//
// Where homes were scattered it first tries whether they can be in order again: all keys of an input in order of hash are
// spread as any others are, only the first ones of it were not. If they cannot it sorts the indexes, in the slots, and
// fills these again at the end. Neither takes memory.
func (t *Table[K]) ByHash() iter.Seq[int] {
	return func(yield func(int) bool) {
		if t.scattered && !t.straighten() {
			t.sorted(yield)
			return
		}
		w := newWalk(t)
		for slot, ok := w.Next(); ok; slot, ok = w.Next() {
			if !yield(t.indexIn(slot)) {
				return
			}
		}
	}
}

// sorted is ByHash of a table whose slots are worth nothing. It sorts by the first 32 bits of the hash that are not shared,
// and then those few that agree in them.
func (t *Table[K]) sorted(yield func(int) bool) {
	defer t.scatter()
	order := t.slots[:len(t.hashes)]
	for index, h := range t.hashes {
		order[index] = h<<(t.skip&63)>>32<<32 | uint64(index)
	}
	slices.Sort(order)
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && order[to]>>32 == order[from]>>32 {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(order[from:to], func(a, b uint64) int {
				a, b = uint64(uint32(a)), uint64(uint32(b))
				return cmp.Or(cmp.Compare(t.hashes[a], t.hashes[b]), cmp.Compare(a, b))
			})
		}
		from = to
	}
	for _, word := range order {
		if !yield(int(uint32(word))) {
			return
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
