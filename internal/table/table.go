package table

import (
	"fmt"
	"math"
	"reflect"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/hugepages"
)

// Table is an open-addressing hash table with linear probing over dense arrays.
//
//	slots   [ . ][5c.. 1][61.. 3][ . ][ . ][c8.. 0][ . ][f0.. 2]   low 32 bits of the hash, index + 1
//	keys    [ view ][ click ][ buy ][ scroll ]                     in order of insertion
//	hashes  [ c8.. ][  5c.. ][ f0..][  61..  ]                     in order of insertion
//
// A slot is one word, so a probe that misses reads slots only, eight to a cache line; it compares keys where 32
// bits of the hash agree (a false match costs one comparison and does no harm). A key's probe starts at the
// high bits of its hash (behind those that all keys share) as long as that does, see homes: slots are then nearly in order of
// hash, which is what ByHash lives on. Growing, and scattering, reads hashes in order and touches no key but to copy it.
//
// Invariants:
//  1. len(slots) is a power of two, or 0 before the first insertion.
//  2. Each index in [0, len(keys)) is in exactly one slot, beside the low bits of its hash.
//  3. From a key's home to the slot that has it, no slot is empty.
//  4. hashes[i] is the seed-0 hash of keys[i], as its caller gave it; no two keys are equal.
//  5. len(keys) <= cap(keys) = maxLoad(len(slots)) < len(slots), so that every probe ends.
//  6. Those of homes.
type Table[K comparable] struct {
	hasher *hash.Hasher[K]
	exact  bool // == is the equality of keys
	homes
	slots  []uint64
	keys   []K
	hashes []uint64
	perKey int64 // bytes of a key and its hash, what the key points to excluded
	held   int64 // bytes that the keys point to
	text   hash.Text
}

// minSlots is two cache lines: enough for ten keys.
const minSlots = 16

// maxLoad is the number of keys that n slots take: 5/8 of them. A probe for a key that is not there then reads
// 4 slots on average, one cache line; at 3/4 it reads 8.5, at 7/8 it reads 32.
func maxLoad(n int) int { return n/2 + n/8 }

// New makes an empty table; it allocates when the first key comes.
func New[K comparable](h *hash.Hasher[K]) *Table[K] {
	if h == nil {
		panic("table: New: nil hasher")
	}
	return &Table[K]{hasher: h, exact: h.Exact(), homes: newHomes(0), perKey: int64(reflect.TypeFor[K]().Size()) + 8}
}

// NewPartition makes an empty table for keys whose hashes share their first skip bits: what is left of the hash
// after a radix partition. It panics where skip is not in [0, MaxSkip].
func NewPartition[K comparable](h *hash.Hasher[K], skip int) *Table[K] {
	checkSkip("NewPartition", skip)
	t := New(h)
	t.skip = uint(skip)
	return t
}

// MaxSkip is the largest skip: it leaves as many bits as there can be slots.
const MaxSkip = 32

func checkSkip(fn string, skip int) {
	if skip < 0 || skip > MaxSkip {
		panic(fmt.Sprintf("table: %s: skip %d, want 0 to %d", fn, skip, MaxSkip))
	}
}

// Upsert returns the index of k, and whether k was added just now, as index Len()-1. It panics with a
// *hash.KeyError where the hasher's Check would return one.
func (t *Table[K]) Upsert(k K) (index int, added bool) {
	return t.UpsertHashed(&k, t.hasher.Hash(&k, 0))
}

// UpsertHashed is Upsert of a key whose seed-0 hash is known.
func (t *Table[K]) UpsertHashed(k *K, h uint64) (index int, added bool) {
	slot, index := t.probe(k, h)
	if index >= 0 {
		return index, false
	}
	if t.Room() == 0 {
		t.grow()
		slot = t.vacant(h)
	}
	if slot < 0 {
		t.scatter()
		slot = t.vacant(h)
	}
	return t.insert(slot, k, h), true
}

// insert puts a key that is not there into an empty slot; there is room.
func (t *Table[K]) insert(slot int, k *K, h uint64) (index int) {
	index = len(t.keys)
	t.slots[slot] = h<<32 | uint64(index+1)
	t.keys = append(t.keys, *k)
	t.hashes = append(t.hashes, h)
	t.held += t.hasher.Own(&t.keys[index], &t.text)
	t.checkInvariants()
	return index
}

// Find returns the index of *k, if it is there.
func (t *Table[K]) Find(k *K) (index int, ok bool) {
	_, index = t.probe(k, t.hasher.Hash(k, 0))
	return max(index, 0), index >= 0
}

// probe returns the slot and the index of *k, or where it belongs and -1; the slot is below 0 where that is too far.
func (t *Table[K]) probe(k *K, h uint64) (slot, index int) {
	if len(t.slots) == 0 {
		return 0, -1
	}
	slots := t.slots
	mask := len(slots) - 1
	for i := t.home(h); ; i++ {
		i &= mask
		s := slots[i]
		if s == 0 {
			if (i-t.home(h))&mask > t.reach {
				return -1, -1
			}
			return i, -1
		}
		if uint32(s>>32) == uint32(h) {
			if index := int(uint32(s)) - 1; t.equal(k, &t.keys[index]) {
				return i, index
			}
		}
	}
}

// equal is the hasher's Equal, without a call where == will do.
func (t *Table[K]) equal(a, b *K) bool {
	if t.exact {
		return *a == *b
	}
	return t.hasher.Equal(a, b)
}

// vacant returns the slot where a key that is not there belongs, or -1 where that is too far.
func (t *Table[K]) vacant(h uint64) int {
	mask := len(t.slots) - 1
	i := t.home(h)
	for last := i + t.reach; i <= last; i++ {
		if t.slots[i&mask] == 0 {
			return i & mask
		}
	}
	return -1
}

// grow doubles the slots and the room for keys, and puts every index in again.
func (t *Table[K]) grow() {
	n := t.nextSlots()
	t.slots = make([]uint64, n)
	hugepages.Advise(t.slots)
	t.resize(n)
	t.keys = append(make([]K, 0, maxLoad(n)), t.keys...)
	t.hashes = append(make([]uint64, 0, maxLoad(n)), t.hashes...)
	if !t.fill() {
		t.scatter()
	}
}

// fill puts every index into the slots, which are empty, in order of insertion. It reports false, and leaves some out,
// where one would be too far from its home.
func (t *Table[K]) fill() bool {
	for index, h := range t.hashes {
		slot := t.vacant(h)
		if slot < 0 {
			return false
		}
		t.slots[slot] = h<<32 | uint64(index+1)
	}
	return true
}

// scatter puts every index where it belongs once homes are scattered. It takes no memory.
func (t *Table[K]) scatter() {
	t.homes.scatter(len(t.slots))
	clear(t.slots)
	t.fill()
}

// straighten puts every index where it belongs while homes are in order, unless that is too far for one: then it reports
// false, and the slots are worth nothing.
func (t *Table[K]) straighten() bool {
	t.homes.straighten()
	clear(t.slots)
	return t.fill()
}

// nextSlots is len(slots) after the next growth.
func (t *Table[K]) nextSlots() int {
	n := max(minSlots, 2*len(t.slots))
	if n < 0 || uint64(maxLoad(n)) >= math.MaxUint32 {
		panic(fmt.Sprintf("table: %d keys are the most it can number", len(t.keys)))
	}
	return n
}

// Len returns the number of keys.
func (t *Table[K]) Len() int { return len(t.keys) }

// Room returns how many keys can be added before the table grows.
func (t *Table[K]) Room() int { return cap(t.keys) - len(t.keys) }

// Growth returns what the next growth adds: to Room, and to Bytes. Whoever bounds memory asks before it adds a
// key where there is no room.
func (t *Table[K]) Growth() (keys int, bytes int64) {
	n := t.nextSlots()
	keys = maxLoad(n) - cap(t.keys)
	return keys, 8*int64(n-len(t.slots)) + t.perKey*int64(keys)
}

// Key returns the key of index i, as it was first given. The pointer is valid until the next Upsert or Reset;
// the key must not be changed.
func (t *Table[K]) Key(i int) *K { return &t.keys[i] }

// HashAt returns the seed-0 hash of the key of index i.
func (t *Table[K]) HashAt(i int) uint64 { return t.hashes[i] }

// Bytes returns the live bytes: slots, keys and hashes, room included, and what the keys point to (the bytes
// of their strings, the values in their interfaces; strings that share memory are counted each).
func (t *Table[K]) Bytes() int64 {
	return 8*int64(len(t.slots)) + t.perKey*int64(cap(t.keys)) + t.held
}

// Reset removes all keys and keeps the memory.
func (t *Table[K]) Reset() {
	t.homes.straighten()
	clear(t.slots)
	clear(t.keys) // let go of what they point to
	t.keys = t.keys[:0]
	t.hashes = t.hashes[:0]
	t.held, t.text = 0, hash.Text{}
}
