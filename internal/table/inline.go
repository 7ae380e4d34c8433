package table

import (
	"fmt"
	"math/bits"
	"reflect"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/hugepages"
)

// Inline is a hash table that keeps a value beside each key in the slot itself, so that an update touches one place
// in memory where Table, with its dense arrays, touches the slot, the key and what the caller keeps. Slots are larger,
// and values move when the table grows: for small values, and for callers that need no stable index.
//
//	slots   [ . ][5c.. click 7][61.. buy 1][ . ][ . ][c8.. view 9][ . ][f0.. scroll 2]
//
// A key's probe begins at the leading bits of its hash, skip bits left out, and goes on linearly.
//
// Invariants:
//  1. len(slots) is a power of two, or 0 before the first insertion.
//  2. A slot is empty exactly where its Hash is 0; a hash of 0 is kept as 1.
//  3. From a key's home to its slot, no slot is empty; keys are distinct.
//  4. Keys with the same hash stand in order of insertion, seen from their home on.
//  5. n <= maxLoad(len(slots)) < len(slots), so that every probe ends.
type Inline[K comparable, V any] struct {
	hasher    *hash.Hasher[K]
	exact     bool // == is the equality of keys
	slots     []Slot[K, V]
	skip      uint  // leading bits of the hash that all keys share
	shift     uint  // 64 - log2(len(slots))
	n         int   // keys
	held      int64 // bytes that keys hold outside themselves
	slotBytes int64
}

// Slot is one key with its value.
type Slot[K comparable, V any] struct {
	Hash  uint64 // of the key, seed 0; a hash of 0 is kept as 1; 0: empty
	Key   K      // as it was first given
	Value V
}

// NewInline makes an empty table for keys whose hashes share their first skip bits. It panics where skip is not in
// [0, MaxSkip].
func NewInline[K comparable, V any](h *hash.Hasher[K], skip int) *Inline[K, V] {
	checkSkip("NewInline", skip)
	slot := int64(reflect.TypeFor[Slot[K, V]]().Size())
	return &Inline[K, V]{hasher: h, exact: h.Exact(), skip: uint(skip), slotBytes: slot}
}

func (t *Inline[K, V]) home(h uint64) int { return int(h << (t.skip & 63) >> (t.shift & 63)) }

// batch is how many keys FindEach looks up together: their first slots stay in the nearest cache.
const batch = 256

// MaxInline is how many keys an Inline can have: the load of 2^31 slots, since a slot is an int32.
const MaxInline int64 = 1<<30 + 1<<28

// stored is how a hash is kept.
func stored(h uint64) uint64 {
	if h == 0 {
		return 1
	}
	return h
}

func (t *Inline[K, V]) equal(a, b *K) bool {
	if t.exact {
		return *a == *b
	}
	return t.hasher.Equal(a, b)
}

// FindEach looks up a batch of keys, hashes being their seed-0 hashes: at[i] becomes the slot of keys[i], or where it
// is not there, a number below 0 that Again and Add take. The slices have the same length. Slots stay where they are
// until Add says that the table grew.
//
// It takes all keys one slot further at a time, those that are not found yet: a pass that reads the hashes and nothing
// that depends on them, so that the cache misses of the batch overlap, and one that compares.
func (t *Inline[K, V]) FindEach(keys []K, hashes []uint64, at []int32) {
	at, hashes = at[:len(keys)], hashes[:len(keys)]
	if len(t.slots) == 0 {
		for i := range at {
			at[i] = -1
		}
		return
	}
	for len(keys) > 0 {
		n := min(batch, len(keys))
		t.findBatch(keys[:n], hashes[:n], at[:n])
		keys, hashes, at = keys[n:], hashes[n:], at[n:]
	}
}

// findBatch is FindEach of a batch at most.
func (t *Inline[K, V]) findBatch(keys []K, hashes []uint64, at []int32) {
	slots, skip, shift, exact := t.slots, t.skip&63, t.shift&63, t.exact
	mask := uint64(len(slots) - 1)
	var seen [batch]uint64 // hash in the slot that a key has come to
	var going [batch]uint8 // keys that are not found yet
	at, hashes = at[:len(keys)], hashes[:len(keys)]
	for i, h := range hashes {
		seen[i&(batch-1)] = slots[h<<skip>>shift&mask].Hash
	}
	n := 0
	for i, h := range hashes {
		home := h << skip >> shift & mask
		switch first := seen[i&(batch-1)]; {
		case first == h && h != 0 && exact && slots[home].Key == keys[i]: // 0 is an empty slot's
			at[i] = int32(home)
		case first == 0:
			at[i] = ^int32(home)
		default:
			at[i] = int32(home)
			going[n&(batch-1)] = uint8(i)
			n++
		}
	}
	for n > 0 {
		left := going[:n]
		n = 0
		for j, i := range left {
			seen[j] = slots[uint64(at[i])&mask].Hash
		}
		for j, i := range left {
			switch h := seen[j]; {
			case h == 0:
				at[i] = ^at[i]
			case h == stored(hashes[i]) && t.equal(&keys[i], &slots[uint64(at[i])&mask].Key):
			default:
				at[i] = int32((uint64(at[i]) + 1) & mask)
				going[n] = i
				n++
			}
		}
	}
}

// Find returns the slot of a key whose seed-0 hash is h.
func (t *Inline[K, V]) Find(k *K, h uint64) (at int, ok bool) {
	if len(t.slots) == 0 {
		return 0, false
	}
	return t.probe(t.home(stored(h)), k, h)
}

// Again goes on where FindEach did not find a key: what was added since may be that key. It returns the slot of the key,
// or again a number below 0 for Add. The table has not grown since FindEach.
func (t *Inline[K, V]) Again(at int32, k *K, h uint64) int32 {
	if len(t.slots) == 0 {
		return at
	}
	slot, found := t.probe(int(^at), k, h)
	if !found {
		slot = ^slot
	}
	return int32(slot)
}

// probe goes on from slot i, where no key before it can be *k, and returns the slot of *k, or where it belongs.
func (t *Inline[K, V]) probe(i int, k *K, h uint64) (at int, found bool) {
	slots := t.slots
	mask := len(slots) - 1
	h = stored(h)
	for {
		i &= mask
		s := &slots[i]
		switch {
		case s.Hash == 0:
			return i, false
		case s.Hash == h && t.equal(k, &s.Key):
			return i, true
		}
		i++
	}
}

// Add adds a key for which Again, or FindEach with nothing added since, gave at, and returns its slot. grew says that
// all other keys have moved.
func (t *Inline[K, V]) Add(at int32, k *K, h uint64, v V) (slot int, grew bool) {
	slot = int(^at)
	if t.Room() == 0 {
		t.grow()
		slot, grew = t.vacant(h), true
	}
	t.put(slot, k, h, v)
	return slot, grew
}

// Insert adds a key that is not there.
func (t *Inline[K, V]) Insert(k *K, h uint64, v V) {
	if t.Room() == 0 {
		t.grow()
	}
	t.put(t.vacant(h), k, h, v)
}

// put fills an empty slot.
func (t *Inline[K, V]) put(slot int, k *K, h uint64, v V) {
	t.slots[slot] = Slot[K, V]{Hash: stored(h), Key: *k, Value: v}
	t.n++
	t.held += t.hasher.Held(k)
	t.checkInvariants()
}

// vacant returns the slot where a key that is not there belongs.
func (t *Inline[K, V]) vacant(h uint64) int {
	mask := len(t.slots) - 1
	i := t.home(stored(h)) & mask
	for t.slots[i].Hash != 0 {
		i = (i + 1) & mask
	}
	return i
}

// Grow doubles the slots before it must.
func (t *Inline[K, V]) Grow() { t.grow() }

// grow doubles the slots. It walks the old ones from an empty one on, so that keys keep the order of their probes
// (invariant 4); both arrays are passed over in order, once.
func (t *Inline[K, V]) grow() {
	if int64(t.n) >= MaxInline {
		panic(fmt.Sprintf("table: %d keys are the most it can number", t.n))
	}
	old := t.slots
	t.slots = make([]Slot[K, V], max(minSlots, 2*len(old)))
	hugepages.Advise(t.slots)
	t.shift = uint(64 - bits.Len(uint(len(t.slots)-1)))
	start := 0
	for start < len(old) && old[start].Hash != 0 {
		start++
	}
	for i := range old {
		if s := &old[(start+i)&(len(old)-1)]; s.Hash != 0 {
			t.slots[t.vacant(s.Hash)] = *s
		}
	}
}

// At returns a slot. The pointer is valid until the table grows; Hash and Key must not be changed.
func (t *Inline[K, V]) At(i int) *Slot[K, V] { return &t.slots[i] }

// Len returns the number of keys.
func (t *Inline[K, V]) Len() int { return t.n }

// Slots returns how many slots there are.
func (t *Inline[K, V]) Slots() int { return len(t.slots) }

// Room returns how many keys can be added before the table grows.
func (t *Inline[K, V]) Room() int { return maxLoad(len(t.slots)) - t.n }

// Growth returns how many keys there will be room for after the next growth, and the bytes that it adds.
func (t *Inline[K, V]) Growth() (keys int, bytes int64) {
	n := max(minSlots, 2*len(t.slots))
	return maxLoad(n) - t.n, int64(n-len(t.slots)) * t.slotBytes
}

// Bytes returns the live bytes: all slots, and what the keys point to. What values point to is not counted.
func (t *Inline[K, V]) Bytes() int64 { return int64(len(t.slots))*t.slotBytes + t.held }

// Skip returns how many leading bits of the hash all keys share.
func (t *Inline[K, V]) Skip() int { return int(t.skip) }

// Sorted walks all slots in order of hash as it is kept, ties in order of insertion.
func (t *Inline[K, V]) Sorted() Walk[*Inline[K, V]] { return newWalk(t) }

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
