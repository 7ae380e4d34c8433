package table

import (
	"fmt"
	"math"
	"reflect"

	"github.com/millrace-go/millrace/internal/hash"
)

// Table is an open-addressing hash table with linear probing.
//
//	slots  [ . ][h7|2][h1|0][ . ][ . ][h5|1][ . ][ . ]   upper 32 bits of the hash, index + 1
//	keys   [ k0 ][ k1 ][ k2 ]                            in order of insertion
//	hashes [ h1 ][ h5 ][ h7 ]                            in order of insertion
//
// A slot is one word: a probe that misses reads only slots, and compares keys only where 32 bits of the hash
// agree already (a false match costs one comparison and does no harm). A key's probe starts at the low bits of
// its hash. Growing reads hashes in order and never touches a key.
//
// Invariants:
//  1. len(slots) is a power of two, or 0 before the first insertion.
//  2. Each index in [0, len(keys)) is in exactly one slot, with the upper bits of its hash.
//  3. From a key's first slot to the slot that has it, no slot is empty.
//  4. hashes[i] is the seed-0 hash of keys[i]; no two keys are equal.
//  5. len(keys) <= maxLoad(len(slots)) < len(slots), so that every probe ends.
type Table[K comparable] struct {
	hasher  *hash.Hasher[K]
	slots   []uint64
	keys    []K
	hashes  []uint64
	room    int   // keys that may still be added before slots grow
	keySize int64 // bytes of one K, what it points to excluded
}

const minSlots = 16

// maxLoad is the number of keys that n slots take: 5/8 of them.
func maxLoad(n int) int { return n/2 + n/8 }

// New makes an empty table; it allocates when the first key comes.
func New[K comparable](h *hash.Hasher[K]) *Table[K] {
	if h == nil {
		panic("table: New: nil hasher")
	}
	return &Table[K]{hasher: h, keySize: int64(reflect.TypeFor[K]().Size())}
}

// Upsert returns the index of k, and whether k was added just now, as index Len()-1. It panics with a
// *hash.KeyError where the hasher's Check would return one.
func (t *Table[K]) Upsert(k K) (index int, added bool) {
	return t.upsert(&k, t.hasher.Hash(&k, 0))
}

func (t *Table[K]) upsert(k *K, h uint64) (index int, added bool) {
	if t.room == 0 {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s == 0 {
			index = len(t.keys)
			t.slots[i] = h&upper | uint64(index+1)
			t.keys = append(t.keys, *k)
			t.hashes = append(t.hashes, h)
			t.room--
			t.checkInvariants()
			return index, true
		}
		if (s^h)&upper == 0 {
			if index = int(s&lower) - 1; t.hasher.Equal(k, &t.keys[index]) {
				return index, false
			}
		}
	}
}

// Find returns the index of *k, if it is there.
func (t *Table[K]) Find(k *K) (index int, ok bool) {
	if len(t.keys) == 0 {
		return 0, false
	}
	h := t.hasher.Hash(k, 0)
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s == 0 {
			return 0, false
		}
		if (s^h)&upper == 0 {
			if index = int(s&lower) - 1; t.hasher.Equal(k, &t.keys[index]) {
				return index, true
			}
		}
	}
}

// The halves of a slot.
const (
	lower = 1<<32 - 1 // index + 1; 0: the slot is empty
	upper = ^uint64(lower)
)

// grow doubles the slots and puts every index in again, in order of insertion.
func (t *Table[K]) grow() {
	n := max(minSlots, 2*len(t.slots))
	if uint64(len(t.keys)) >= math.MaxUint32-1 || n < 0 {
		panic(fmt.Sprintf("table: more than %d keys", len(t.keys)))
	}
	t.slots = make([]uint64, n)
	t.room = maxLoad(n) - len(t.keys)
	mask := uint64(n - 1)
	for index, h := range t.hashes {
		i := h & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = h&upper | uint64(index+1)
	}
}

// Len returns the number of keys.
func (t *Table[K]) Len() int { return len(t.keys) }

// Key returns the key of index i, as it was first given. The pointer is valid until the next Upsert or Reset;
// the key must not be changed.
func (t *Table[K]) Key(i int) *K { return &t.keys[i] }

// HashAt returns the seed-0 hash of the key of index i.
func (t *Table[K]) HashAt(i int) uint64 { return t.hashes[i] }

// Bytes returns the bytes of slots, keys and hashes, room for growth included, but not what keys point to
// (the bytes of strings).
func (t *Table[K]) Bytes() int64 {
	return 8*int64(cap(t.slots)) + t.keySize*int64(cap(t.keys)) + 8*int64(cap(t.hashes))
}

// Reset removes all keys and keeps the memory.
func (t *Table[K]) Reset() {
	clear(t.slots)
	clear(t.keys) // let go of what they point to
	t.keys = t.keys[:0]
	t.hashes = t.hashes[:0]
	t.room = maxLoad(len(t.slots))
}
