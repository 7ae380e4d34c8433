package dedup

import "math/bits"

// keyIndex finds the entry of a key by its hash, and forgets it again: open addressing with linear probing in which
// nothing marks what was removed, for what stands behind it moves up.
//
//	slots   [ . ][5c.. 1][61.. 3][ . ][ . ][c8.. 0][ . ][f0.. 2]   low 32 bits of the hash, entry + 1
//
// Keys and whole hashes are their owner's; hashOf gives the latter. A probe starts at the high bits of the hash scattered.
//
// Invariants:
//  1. len(slots) is a power of two, or 0 before the first key; n <= 5/8 of it.
//  2. Each of the n entries is in one slot, beside the low bits of its hash.
//  3. From the first slot of a hash to the slot that has it, no slot is empty.
type keyIndex struct {
	slots []uint64
	shift uint // 64 - log2(len(slots))
	n     int
}

// minIndexSlots is two cache lines.
const minIndexSlots = 16

// slotsFor returns how many slots n keys take.
func slotsFor(n int) int {
	slots := minIndexSlots
	for slots/2+slots/8 < n {
		slots *= 2
	}
	return slots
}

// full says that another key needs more slots.
func (x *keyIndex) full() bool { return x.n >= len(x.slots)/2+len(x.slots)/8 }

func (x *keyIndex) home(h uint64) int { return int(scatter(h) >> (x.shift & 63)) }

// find returns the slot and the entry of the hash that same accepts; slot -1: there is none.
func (x *keyIndex) find(h uint64, same func(entry int) bool) (slot, entry int) {
	if len(x.slots) == 0 {
		return -1, -1
	}
	mask := len(x.slots) - 1
	for i := x.home(h); ; i++ {
		i &= mask
		s := x.slots[i]
		if s == 0 {
			return -1, -1
		}
		if uint32(s>>32) == uint32(h) {
			if entry := int(uint32(s)) - 1; same(entry) {
				return i, entry
			}
		}
	}
}

// add adds an entry whose key is not there; there is room.
func (x *keyIndex) add(h uint64, entry int) {
	mask := len(x.slots) - 1
	i := x.home(h)
	for x.slots[i] != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = h<<32 | uint64(entry+1)
	x.n++
}

// remove empties the slot of an entry, and moves up what was pushed behind it.
func (x *keyIndex) remove(h uint64, entry int, hashOf func(entry int) uint64) {
	mask := len(x.slots) - 1
	hole := x.home(h)
	for x.slots[hole] != h<<32|uint64(entry+1) {
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; x.slots[i] != 0; i = (i + 1) & mask {
		home := x.home(hashOf(int(uint32(x.slots[i])) - 1))
		if (i-home)&mask >= (i-hole)&mask { // its home is not behind the hole
			x.slots[hole] = x.slots[i]
			hole = i
		}
	}
	x.slots[hole] = 0
	x.n--
}

// renumber gives each entry another number.
func (x *keyIndex) renumber(to func(entry int) int) {
	for i, s := range x.slots {
		if s != 0 {
			x.slots[i] = s>>32<<32 | uint64(to(int(uint32(s))-1)+1)
		}
	}
}

// resize makes the index of another size, in which all that is in it has room.
func (x *keyIndex) resize(slots int, hashOf func(entry int) uint64) {
	old := x.slots
	*x = keyIndex{slots: make([]uint64, slots), shift: uint(64 - bits.Len(uint(slots-1)))}
	for _, s := range old {
		if s != 0 {
			entry := int(uint32(s)) - 1
			x.add(hashOf(entry), entry)
		}
	}
}
