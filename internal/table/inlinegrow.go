package table

import (
	"fmt"

	"github.com/millrace-go/millrace/internal/hugepages"
)

// Grow doubles the slots before it must.
func (t *Inline[K, V]) Grow() { t.grow() }

// grow doubles the slots, and returns the old ones. Homes are scattered where the table was crowded, or would be.
func (t *Inline[K, V]) grow() (old []Slot[K, V]) {
	if int64(t.n) >= MaxInline {
		panic(fmt.Sprintf("table: %d keys are the most it can number", t.n))
	}
	old = t.slots
	t.slots = make([]Slot[K, V], max(minSlots, 2*len(old)))
	hugepages.Advise(t.slots)
	t.resize(len(t.slots))
	if int64(len(t.slots)) == mostSlots { // it cannot grow again
		t.reach = len(t.slots)
	}
	if t.crowded || !t.fill(old) {
		t.scatter(old)
	}
	return old
}

// scatter scatters the homes, and puts the old slots into new ones. The table is not crowded after it.
func (t *Inline[K, V]) scatter(old []Slot[K, V]) {
	t.homes.scatter(len(t.slots))
	clear(t.slots)
	t.fill(old)
	t.crowded = false
}

// fill puts the old slots into new ones, which are empty. It reports false, and leaves some out, where one would be too far
// from its home. Both arrays are passed over in order, once, as long as homes are in order.
func (t *Inline[K, V]) fill(old []Slot[K, V]) bool {
	start := firstEmpty(old)
	for i := range old {
		if s := &old[(start+i)&(len(old)-1)]; s.Hash != 0 {
			slot := t.vacant(s.Hash)
			if slot < 0 {
				return false
			}
			t.slots[slot] = *s
		}
	}
	return true
}

// vacant returns the slot where a key that is not there belongs, or -1 where that is too far.
func (t *Inline[K, V]) vacant(h uint64) int {
	mask := len(t.slots) - 1
	i := t.home(h)
	for last := i + t.reach; i <= last; i++ {
		if t.slots[i&mask].Hash == 0 {
			return i & mask
		}
	}
	return -1
}
