package sketch

import "github.com/millrace-go/millrace/internal/hash"

// candidates is a bounded set of keys with their counts, from which the least can be taken. Entries stay where
// they were put; around them lie a table to find them by hash and a heap to find the least:
//
//	entries   0: {click 7}   1: {view 9}   2: {buy 3}
//	slots     [ 2 . . 0 . 1 . . ]      linear probing by hash, a slot holds an entry's number
//	heap      [ 2 0 1 ]                binary heap of entries' numbers, the least first
//
// Invariants:
//
//  1. len(heap) == len(entries), each entry is in the heap once, at its position.
//  2. Each entry is in one slot, and no slot between that of its hash and its own is empty.
//  3. At least half of the slots are empty.
//  4. seen <= true count of the key <= upper, short of math.MaxUint64.
//
// "Least" is least upper; among equals the greatest hash, so that what is kept does not depend on where
// entries lie (unless two keys agree in all 64 bits of their hashes).
type candidates[K comparable] struct {
	hasher  *hash.Hasher[K]
	entries []candidate[K]
	slots   []int32 // entry's number + 1; 0: empty. A power of two of them
	heap    []int32
}

type candidate[K comparable] struct {
	key   K
	hash  uint64 // seeded
	upper uint64 // no more than so many
	seen  uint64 // counted while it was a candidate: no fewer than so many
	at    int32  // position in the heap
}

const minSlots = 8

// find returns the number of the entry of k, or -1.
func (c *candidates[K]) find(k *K, h uint64) int {
	if len(c.slots) == 0 {
		return -1
	}
	mask := len(c.slots) - 1
	for i := int(h) & mask; c.slots[i] != 0; i = (i + 1) & mask {
		if e := int(c.slots[i]) - 1; c.entries[e].hash == h && c.hasher.Equal(&c.entries[e].key, k) {
			return e
		}
	}
	return -1
}

// insert adds an entry whose key is not there.
func (c *candidates[K]) insert(e candidate[K]) {
	if 2*(len(c.entries)+1) > len(c.slots) {
		c.rehash(max(minSlots, 2*len(c.slots)))
	}
	n := len(c.entries)
	e.at = int32(n)
	c.entries = append(c.entries, e)
	c.heap = append(c.heap, int32(n))
	c.place(n)
	c.up(n)
}

// least returns the entry to go first.
func (c *candidates[K]) least() *candidate[K] { return &c.entries[c.heap[0]] }

// replaceLeast puts e, whose key is not there, in the place of the least entry.
func (c *candidates[K]) replaceLeast(e candidate[K]) {
	n := int(c.heap[0])
	c.unplace(n)
	e.at = 0
	c.entries[n] = e
	c.place(n)
	c.down(0)
}

// raise adds n to both bounds of an entry.
func (c *candidates[K]) raise(entry int, n uint64) {
	e := &c.entries[entry]
	e.upper = addSaturating(e.upper, n)
	e.seen = addSaturating(e.seen, n)
	c.down(int(e.at))
}

func (c *candidates[K]) reset() {
	clear(c.entries) // lets go of the keys
	c.entries, c.heap = c.entries[:0], c.heap[:0]
	clear(c.slots)
}

func (c *candidates[K]) clone() candidates[K] {
	d := *c
	d.entries = append([]candidate[K](nil), c.entries...)
	d.slots = append([]int32(nil), c.slots...)
	d.heap = append([]int32(nil), c.heap...)
	return d
}

// place writes entry n into the first free slot from that of its hash.
func (c *candidates[K]) place(n int) {
	mask := len(c.slots) - 1
	i := int(c.entries[n].hash) & mask
	for c.slots[i] != 0 {
		i = (i + 1) & mask
	}
	c.slots[i] = int32(n) + 1
}

// unplace empties the slot of entry n and moves back those behind it that may, so that the second invariant
// holds without tombstones.
func (c *candidates[K]) unplace(n int) {
	mask := len(c.slots) - 1
	hole := int(c.entries[n].hash) & mask
	for c.slots[hole] != int32(n)+1 {
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; c.slots[i] != 0; i = (i + 1) & mask {
		home := int(c.entries[c.slots[i]-1].hash) & mask
		// The entry may go to the hole unless its home lies behind the hole, in the ring from hole to i.
		if (i-home)&mask >= (i-hole)&mask {
			c.slots[hole] = c.slots[i]
			hole = i
		}
	}
	c.slots[hole] = 0
}

func (c *candidates[K]) rehash(slots int) {
	c.slots = make([]int32, slots)
	for n := range c.entries {
		c.place(n)
	}
}

func (c *candidates[K]) less(a, b int32) bool {
	x, y := &c.entries[a], &c.entries[b]
	if x.upper != y.upper {
		return x.upper < y.upper
	}
	return x.hash > y.hash
}

func (c *candidates[K]) swap(i, j int) {
	h := c.heap
	h[i], h[j] = h[j], h[i]
	c.entries[h[i]].at, c.entries[h[j]].at = int32(i), int32(j)
}

func (c *candidates[K]) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !c.less(c.heap[i], c.heap[parent]) {
			return
		}
		c.swap(i, parent)
		i = parent
	}
}

func (c *candidates[K]) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(c.heap) {
			return
		}
		if right := child + 1; right < len(c.heap) && c.less(c.heap[right], c.heap[child]) {
			child = right
		}
		if !c.less(c.heap[child], c.heap[i]) {
			return
		}
		c.swap(i, child)
		i = child
	}
}
