package table

import (
	"reflect"

	"github.com/millrace-go/millrace/internal/hash"
)

// Inline is a hash table that keeps a value beside each key in the slot itself, so that an update touches one place
// in memory where Table, with its dense arrays, touches the slot, the key and what the caller keeps. Slots are larger,
// and values move when the table grows: for small values, and for callers that need no stable index.
//
//	slots   [ . ][5c.. click 7][61.. buy 1][ . ][ . ][c8.. view 9][ . ][f0.. scroll 2]
//
// A key's probe begins at the leading bits of its hash, skip bits left out, and goes on linearly. Where that leads too far
// the table is crowded: it has no room for another key until it has grown, and then its homes are scattered, see homes.
//
// Invariants:
//  1. len(slots) is a power of two, or 0 before the first insertion.
//  2. A slot is empty exactly where its Hash is 0; a hash of 0 is kept as 1.
//  3. From a key's home to its slot, no slot is empty; keys are distinct.
//  4. Keys with the same hash stand in order of insertion, seen from their home on.
//  5. n <= maxLoad(len(slots)) < len(slots), so that every probe ends.
//  6. Those of homes.
//  7. Where two keys share a hash, twins is set.
type Inline[K comparable, V any] struct {
	hasher *hash.Hasher[K]
	exact  bool // == is the equality of keys
	homes
	slots     []Slot[K, V]
	crowded   bool  // the next growth scatters the homes
	twins     bool  // some keys may share a hash
	n         int   // keys
	held      int64 // bytes that keys hold outside themselves
	text      hash.Text
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
	return &Inline[K, V]{hasher: h, exact: h.Exact(), homes: newHomes(skip), slotBytes: slot}
}

// batch is how many keys FindEach looks up together: their first slots stay in the nearest cache.
const batch = 256

// mostSlots is how many slots an Inline can have, since a slot is an int32, and MaxInline how many keys: their load.
const (
	mostSlots int64 = 1 << 31
	MaxInline int64 = 1<<30 + 1<<28
)

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

// twin notes that a key passed another one with its hash. It is false: they are not equal.
func (t *Inline[K, V]) twin() bool {
	t.twins = true
	return false
}

// FindEach looks up a batch of keys, hashes being their seed-0 hashes: at[i] becomes the slot of keys[i], or where it
// is not there, a number below 0 that Again takes. The slices have the same length. Slots stay where they are
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
	if t.scattered {
		for i, h := range hashes {
			home := uint64(t.home(h)) & mask
			at[i] = int32(home)
			seen[i&(batch-1)] = slots[home].Hash
		}
	} else { // the same
		for i, h := range hashes {
			home := h << skip >> shift & mask
			at[i] = int32(home)
			seen[i&(batch-1)] = slots[home].Hash
		}
	}
	n := 0
	for i, h := range hashes {
		switch first := seen[i&(batch-1)]; {
		case first == h && h != 0 && exact && slots[uint64(at[i])&mask].Key == keys[i]: // 0 is an empty slot's
		case first == 0:
			at[i] = ^at[i]
		default:
			going[n&(batch-1)] = uint8(i)
			n++
		}
	}
	for step := 0; n > 0 && step <= t.reach; step++ {
		left := going[:n]
		n = 0
		for j, i := range left {
			seen[j] = slots[uint64(at[i])&mask].Hash
		}
		for j, i := range left {
			switch h := seen[j]; {
			case h == 0:
				at[i] = ^at[i]
			case h == stored(hashes[i]) && (t.equal(&keys[i], &slots[uint64(at[i])&mask].Key) || t.twin()):
			default:
				at[i] = int32((uint64(at[i]) + 1) & mask)
				going[n] = i
				n++
			}
		}
	}
	for _, i := range going[:n] { // too far
		at[i] = ^at[i]
	}
}

// Seek looks up one key, whose seed-0 hash is h. It returns its slot, or where it is not there, a number below 0 for Add.
func (t *Inline[K, V]) Seek(k *K, h uint64) int32 {
	if len(t.slots) == 0 {
		return -1
	}
	return t.Again(^int32(t.home(h)), k, h)
}

// Again goes on where FindEach did not find a key: what was added since may be that key. It returns the slot of the key,
// or again a number below 0, for Add. The table has not grown since FindEach.
//
// Room may be 0 afterwards where it was not: the key would be too far from its home.
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

// probe goes on from slot i, where no key before it can be *k, and returns the slot of *k, or where it belongs. If that is
// too far, the table is crowded.
func (t *Inline[K, V]) probe(i int, k *K, h uint64) (at int, found bool) {
	slots := t.slots
	mask := len(slots) - 1
	h = stored(h)
	for passed := (i - t.home(h)) & mask; passed <= t.reach; passed++ {
		i &= mask
		s := &slots[i]
		switch {
		case s.Hash == 0:
			return i, false
		case s.Hash == h && (t.equal(k, &s.Key) || t.twin()):
			return i, true
		}
		i++
	}
	t.crowded = true
	return i & mask, false
}

// Add adds a key for which Again or Seek gave at, with nothing added since, and returns its slot. grew says that all other
// keys have moved; so it is where there was no Room.
func (t *Inline[K, V]) Add(at int32, k *K, h uint64, v V) (slot int, grew bool) {
	slot = int(^at)
	if t.Room() == 0 {
		old := t.grow()
		slot, grew = t.vacant(h), true
		if slot < 0 {
			t.scatter(old)
			slot = t.vacant(h)
		}
	}
	t.slots[slot] = Slot[K, V]{Hash: stored(h), Key: *k, Value: v}
	t.n++
	t.held += t.hasher.Own(&t.slots[slot].Key, &t.text)
	t.checkInvariants()
	return slot, grew
}

// At returns a slot. The pointer is valid until the table grows; Hash and Key must not be changed.
func (t *Inline[K, V]) At(i int) *Slot[K, V] { return &t.slots[i] }

// Len returns the number of keys.
func (t *Inline[K, V]) Len() int { return t.n }

// Slots returns how many slots there are.
func (t *Inline[K, V]) Slots() int { return len(t.slots) }

// Room returns how many keys can be added before the table grows, unless one of them would be too far from its home.
func (t *Inline[K, V]) Room() int {
	if t.crowded {
		return 0
	}
	return maxLoad(len(t.slots)) - t.n
}

// Growth returns how many keys there will be room for after the next growth, and the bytes that it adds.
func (t *Inline[K, V]) Growth() (keys int, bytes int64) {
	n := max(minSlots, 2*len(t.slots))
	return maxLoad(n) - t.n, int64(n-len(t.slots)) * t.slotBytes
}

// Bytes returns the live bytes: all slots, and what the keys point to. What values point to is not counted.
func (t *Inline[K, V]) Bytes() int64 { return int64(len(t.slots))*t.slotBytes + t.held }

// Skip returns how many leading bits of the hash all keys share.
func (t *Inline[K, V]) Skip() int { return int(t.skip) }
