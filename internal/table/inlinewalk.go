package table

import (
	"cmp"
	"iter"
	"slices"
)

// All yields all slots, those of keys with the same hash in order of insertion. The table must not grow meanwhile.
func (t *Inline[K, V]) All() iter.Seq[*Slot[K, V]] {
	return func(yield func(*Slot[K, V]) bool) {
		start := firstEmpty(t.slots)
		for i := range t.slots {
			if s := &t.slots[(start+i)&(len(t.slots)-1)]; s.Hash != 0 && !yield(s) {
				return
			}
		}
	}
}

// firstEmpty is where a walk begins that is to pass keys with the same hash in order of insertion (invariant 4): none of
// them is past the end while the other is not.
func firstEmpty[K comparable, V any](slots []Slot[K, V]) int {
	i := 0
	for i < len(slots) && slots[i].Hash != 0 {
		i++
	}
	return i
}

// Sorted walks all slots in order of hash as it is kept, ties in order of insertion. It is the end of the table, of which
// only At may be used after it: scattered slots are sorted, and that in place.
func (t *Inline[K, V]) Sorted() Walk[*Inline[K, V]] {
	if !t.scattered {
		return newWalk(t)
	}
	t.sort()
	return sortedWalk(t, t.n)
}

// sort moves all keys to the front, and sorts them.
func (t *Inline[K, V]) sort() {
	wrapped := firstEmpty(t.slots)
	n := wrapped
	for i := wrapped; i < len(t.slots); i++ {
		if t.slots[i].Hash != 0 {
			t.slots[n] = t.slots[i]
			n++
		}
	}
	keys := t.slots[:n]
	if !t.twins {
		flagSort(keys, t.skip)
		return
	}
	slices.Reverse(keys[:wrapped]) // what went past the end comes last
	slices.Reverse(keys[wrapped:])
	slices.Reverse(keys)
	slices.SortStableFunc(keys, func(a, b Slot[K, V]) int { return cmp.Compare(a.Hash, b.Hash) })
}

// What follows is how a Walk sees the table.

func (t *Inline[K, V]) size() int { return len(t.slots) }

func (t *Inline[K, V]) hashIn(slot int) (hash uint64, used bool) {
	hash = t.slots[slot].Hash
	return hash, hash != 0
}

func (t *Inline[K, V]) gather(from, to int, into []usedIn) int {
	n := 0
	for i := range t.slots[from:to] {
		h := t.slots[from+i].Hash
		into[n] = usedIn{h, from + i}
		if h != 0 {
			n++
		}
	}
	return n
}
