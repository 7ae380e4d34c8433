package table

import (
	"cmp"
	"iter"
	"slices"
)

// ByHash yields every index in order of hash, ties in order of insertion: an order that depends on the keys
// and not on the size of the table. It needs no sort of the whole and no memory to speak of: a key lies at or
// after its first slot with no empty slot between, so the runs between empty slots are in order of hash among
// each other, and only within a run (4 slots on average) the indexes are sorted.
//
// The one exception is a run that reaches past the last slot and goes on at slot 0: what it left there belongs
// at the end. The table must not change while ByHash runs.
func (t *Table[K]) ByHash() iter.Seq[int] {
	return func(yield func(int) bool) {
		if len(t.keys) == 0 {
			return
		}
		var run []int // indexes between two empty slots
		flush := func() bool {
			slices.SortFunc(run, func(a, b int) int {
				return cmp.Or(cmp.Compare(t.hashes[a], t.hashes[b]), cmp.Compare(a, b))
			})
			for _, index := range run {
				if !yield(index) {
					return false
				}
			}
			run = run[:0]
			return true
		}
		wrapped := func(i int) bool { // slot i holds a key of the run that began before the end
			return int(t.hashes[uint32(t.slots[i])-1]>>t.shift) > i
		}
		first := slices.Index(t.slots, 0) // there is one: invariant 5
		for i, s := range t.slots[:first] {
			if !wrapped(i) {
				run = append(run, int(uint32(s)-1))
			}
		}
		for _, s := range t.slots[first:] {
			if s != 0 {
				run = append(run, int(uint32(s)-1))
			} else if !flush() {
				return
			}
		}
		for i, s := range t.slots[:first] {
			if wrapped(i) {
				run = append(run, int(uint32(s)-1))
			}
		}
		flush()
	}
}
