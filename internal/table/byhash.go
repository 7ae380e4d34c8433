package table

import (
	"cmp"
	"iter"
	"slices"
)

// ByHash yields every index in order of hash, ties in order of insertion: an order that depends on the keys
// and not on the size of the table. The table must not change while ByHash runs.
func (t *Table[K]) ByHash() iter.Seq[int] {
	return func(yield func(int) bool) {
		c := t.Sorted()
		for i, ok := c.Next(); ok; i, ok = c.Next() {
			if !yield(i) {
				return
			}
		}
	}
}

// Sorted is ByHash in the pull form.
func (t *Table[K]) Sorted() Sorted[K] {
	c := Sorted[K]{t: t}
	if len(t.keys) > 0 {
		c.first = slices.Index(t.slots, 0) // there is one: invariant 5
		c.end = len(t.slots) + c.first
	}
	return c
}

// Sorted walks the indexes of a table in order of hash. It needs no sort of the whole and no memory to speak of: a
// key lies at or after its first slot with no empty slot between, so the runs between empty slots are in order of
// hash among each other, and only within a run (4 slots on average) the indexes are sorted.
//
// The one exception is a run that reaches past the last slot and goes on at slot 0: what it left there belongs at
// the end. So the walk goes round once and a bit, up to the first empty slot again, and takes the slots before that
// one in two parts: first those that belong there, at the end those that wrapped.
type Sorted[K comparable] struct {
	t     *Table[K]
	first int   // the first empty slot
	at    int   // the next slot, counted on past the last one
	end   int   // len(slots) + first
	run   []int // indexes between two empty slots, sorted
	taken int   // of run
}

// Next returns the next index; ok is false at the end.
func (c *Sorted[K]) Next() (index int, ok bool) {
	if c.taken == len(c.run) && !c.fill() {
		return 0, false
	}
	index = c.run[c.taken]
	c.taken++
	return index, true
}

// fill collects the next run.
func (c *Sorted[K]) fill() bool {
	t, n := c.t, 0
	if t != nil {
		n = len(t.slots)
	}
	c.run, c.taken = c.run[:0], 0
	for c.at < c.end {
		at := c.at
		c.at++
		slot := at
		if at >= n {
			slot = at - n
		}
		s := t.slots[slot]
		if s == 0 {
			if len(c.run) > 0 {
				break
			}
			continue
		}
		index := int(uint32(s) - 1)
		// Before the first empty slot, keys whose probe began before the end have wrapped.
		if slot < c.first && (t.home(t.hashes[index]) > slot) != (at >= n) {
			continue
		}
		c.run = append(c.run, index)
	}
	t.sortRun(c.run)
	return len(c.run) > 0
}

// sortRun sorts a run, by insertion where it is as short as it should be.
func (t *Table[K]) sortRun(run []int) {
	less := func(a, b int) bool {
		ha, hb := t.hashes[a], t.hashes[b]
		return ha < hb || ha == hb && a < b
	}
	if len(run) > 16 {
		slices.SortFunc(run, func(a, b int) int {
			return cmp.Or(cmp.Compare(t.hashes[a], t.hashes[b]), cmp.Compare(a, b))
		})
		return
	}
	for i := 1; i < len(run); i++ {
		for j := i; j > 0 && less(run[j], run[j-1]); j-- {
			run[j], run[j-1] = run[j-1], run[j]
		}
	}
}
