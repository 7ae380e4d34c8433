package dedup

import (
	"math/bits"

	"github.com/millrace-go/millrace/internal/hugepages"
)

// slots finds by its hash the number of a key that somebody else keeps. Who looks up compares the keys.
//
//	words  [ . ][5c.. 1][61.. 3][ . ][ . ][c8.. 0][ . ][f0.. 2]   the leading bits of the hash | number + 1
//
// A word is the hash itself, its low bits replaced by the number: as many bits as numbers need, which leaves the hash
// more bits than its home has, so that a word whose hash bits agree is nearly always the key. Growing reads words in
// order and writes them in order, and needs neither keys nor whole hashes.
//
// Invariants:
//  1. len(words) is a power of two, or 0 before the first key; n <= maxLoad(len(words)) < len(words), so that every
//     probe ends.
//  2. A word is 0 where no key is.
//  3. From the home of a key (the leading bits of its hash) to its word, no word is 0.
//  4. number + 1 <= low for all numbers in it; low has at least as many bits as an index of words would leave.
type slots struct {
	words []uint64
	shift uint   // 64 - log2(len(words))
	low   uint64 // the bits of a word that are the number
	n     int    // keys
}

const (
	// minSlots is two cache lines.
	minSlots = 16
	// mostSlots leaves 32 bits of the hash where there are most numbers.
	mostSlots = 1 << 32
	// maxKeys is what slots take.
	maxKeys = mostSlots/2 + mostSlots/8
)

// maxLoad is the number of keys that n slots take: 5/8 of them. A probe for a key that is not there then reads 4 slots on
// average, one cache line.
func maxLoad(n int) int { return n/2 + n/8 }

// room is how many keys can be added before it must grow.
func (t *slots) room() int { return maxLoad(len(t.words)) - t.n }

// bytes is what it has allocated, and grownBytes what it will have after the next growth, while the former is still there.
func (t *slots) bytes() int64      { return 8 * int64(len(t.words)) }
func (t *slots) grownBytes() int64 { return 8 * int64(t.nextSlots()) }

func (t *slots) nextSlots() int { return max(minSlots, 2*len(t.words)) }

// home is where the probe for a hash begins.
func (t *slots) home(h uint64) int { return int(h >> (t.shift & 63)) }

// number is what a word that is not 0 says.
func (t *slots) number(word uint64) int { return int(word&t.low) - 1 }

// agrees says that a word that is not 0 may be of a key with this hash.
func (t *slots) agrees(word, h uint64) bool { return (word^h)&^t.low == 0 }

// insert puts the number of a key with hash h, which is not there, into a word that is 0. There is room.
func (t *slots) insert(at int, h uint64, number int) {
	if uint64(number)+1 > t.low {
		t.widen(uint64(number) + 1)
	}
	t.words[at] = h&^t.low | uint64(number+1)
	t.n++
}

// seek returns the first word from at on that may be of a key with hash h, and its number; absent and the word where such
// a key belongs if there is none.
func (t *slots) seek(h uint64, at int) (number, found int) {
	if len(t.words) == 0 {
		return absent, 0
	}
	for mask := len(t.words) - 1; ; at++ {
		at &= mask
		switch w := t.words[at]; {
		case w == 0:
			return absent, at
		case t.agrees(w, h):
			return t.number(w), at
		}
	}
}

// renumber gives the key in a word another number.
func (t *slots) renumber(at int, number int) {
	if uint64(number)+1 > t.low {
		t.widen(uint64(number) + 1)
	}
	t.words[at] = t.words[at]&^t.low | uint64(number+1)
}

// follow gives each key the number to which the place that its number was has moved.
func (t *slots) follow(m *moves) {
	for i, w := range t.words {
		if number := t.number(w); number >= m.from {
			t.words[i] = w&^t.low | uint64(m.to(number)+1)
		}
	}
}

// vacant returns the word where a key that is not there belongs.
func (t *slots) vacant(h uint64) int {
	mask := len(t.words) - 1
	i := t.home(h)
	for t.words[i] != 0 {
		i = (i + 1) & mask
	}
	return i
}

// grow doubles it. It walks the old words from one that is 0 on, so that those that had come round the end follow those
// they came behind.
func (t *slots) grow() {
	old, oldLow := t.words, t.low
	n := t.nextSlots()
	t.words = make([]uint64, n)
	hugepages.Advise(t.words)
	t.shift = uint(64 - bits.Len(uint(n-1)))
	t.low = max(oldLow, uint64(n-1))
	start := 0
	for start < len(old) && old[start] != 0 {
		start++
	}
	t.move(old[start:], oldLow)
	t.move(old[:start], oldLow)
}

// move puts words of a smaller table, in order, into this one. Those that are 0 are left out by batches, without a
// branch, which nobody could guess.
func (t *slots) move(old []uint64, oldLow uint64) {
	var some [batchRows]uint64
	for len(old) > 0 {
		part := old[:min(len(old), batchRows)]
		old = old[len(part):]
		n := 0
		for _, w := range part {
			some[uint8(n)] = w
			n += int(notZero(w))
		}
		for _, w := range some[:n] {
			t.words[t.vacant(w)] = w&^t.low | w&oldLow
		}
	}
}

// widen makes room for larger numbers in the words.
func (t *slots) widen(most uint64) {
	oldLow := t.low
	t.low = 1<<bits.Len64(most) - 1
	for i, w := range t.words {
		if w != 0 {
			t.words[i] = w&^t.low | w&oldLow
		}
	}
}

// findEach looks up a batch of hashes, at most batchRows: at[i] becomes the first word from the home of hashes[i] on that
// is 0 or agrees, and seen[i] what it says. It returns the positions in the batch of those that agree. The slices have the
// same length; there are words.
//
// The first pass reads every home and nothing that depends on it, so that the cache misses of the batch overlap. The
// others have no branch that depends on what was read, which cannot be guessed. Those that have to go on are noted, and
// go on together.
func (t *slots) findEach(hashes []uint64, at []uint32, seen []uint64, agree *[batchRows]uint8) []uint8 {
	words, shift, low := t.words, t.shift&63, t.low
	mask := uint64(len(words) - 1)
	at, seen = at[:len(hashes)], seen[:len(hashes)]
	for i, h := range hashes {
		seen[i] = words[h>>shift&mask]
	}
	var on [batchRows]uint8 // those that go on
	some := 0
	for i, h := range hashes {
		w := seen[i]
		at[i] = uint32(h >> shift & mask)
		on[uint8(some)] = uint8(i)
		some += int(notZero(w) & notZero((w^h)&^low))
	}
	for step := uint64(1); some > 0; step++ {
		again := on[:some]
		some = 0
		for _, i := range again {
			h := hashes[i]
			slot := (h>>shift + step) & mask
			w := words[slot]
			at[i], seen[i] = uint32(slot), w
			on[uint8(some)] = i
			some += int(notZero(w) & notZero((w^h)&^low))
		}
	}
	n := 0
	for i, w := range seen {
		agree[uint8(n)] = uint8(i)
		n += int(notZero(w))
	}
	return agree[:n]
}

// notZero is 1 where v is not 0, without a branch.
func notZero(v uint64) uint64 { return (v | -v) >> 63 }
