//go:build invariants

package table

import (
	"fmt"
	"math/bits"
)

// checkInvariants panics with the number of the first invariant that does not hold. It looks at everything
// while the table is small, and then at every doubling, so that a test stays linear.
func (t *Table[K]) checkInvariants() {
	n := len(t.keys)
	if n > 256 && bits.OnesCount(uint(n)) != 1 {
		return
	}
	if n == 0 && t.slots == nil {
		return
	}
	fail := func(number int, format string, args ...any) {
		panic(fmt.Sprintf("table: invariant %d: %s\n%d keys, slots %x", number, fmt.Sprintf(format, args...), n, t.slots))
	}
	if bits.OnesCount(uint(len(t.slots))) != 1 {
		fail(1, "%d slots", len(t.slots))
	}
	if load := maxLoad(len(t.slots)); n > load || cap(t.keys) != load || load >= len(t.slots) {
		fail(5, "%d keys in %d slots, room for %d", n, len(t.slots), cap(t.keys))
	}
	if len(t.hashes) != n {
		fail(4, "%d hashes", len(t.hashes))
	}
	seen := make([]bool, n)
	for i, s := range t.slots {
		if s == 0 {
			continue
		}
		index := int(uint32(s)) - 1
		if index < 0 || index >= n || seen[index] {
			fail(2, "slot %d has index %d", i, index)
		}
		seen[index] = true
		h := t.hashes[index]
		if uint32(s>>32) != uint32(h) {
			fail(2, "slot %d has %x of hash %x", i, s, h)
		}
		mask := len(t.slots) - 1
		for j := t.home(h); j != i; j = (j + 1) & mask {
			if t.slots[j] == 0 {
				fail(3, "slot %d is empty before %d", j, i)
			}
		}
		if away := (i - t.home(h)) & mask; away > t.reach {
			fail(6, "slot %d is %d behind its home, want %d at most", i, away, t.reach)
		}
	}
	for i := range n {
		if !seen[i] {
			fail(2, "index %d is in no slot", i)
		}
		if _, found := t.probe(&t.keys[i], t.hashes[i]); found != i {
			fail(4, "key %d is found at %d", i, found)
		}
	}
}

// checkInvariants panics with the number of the first invariant that does not hold, as Table's does.
func (t *Inline[K, V]) checkInvariants() {
	if t.n > 256 && bits.OnesCount(uint(t.n)) != 1 {
		return
	}
	if t.n == 0 && t.slots == nil {
		return
	}
	fail := func(number int, format string, args ...any) {
		panic(fmt.Sprintf("table: Inline: invariant %d: %s\n%d keys, %d slots", number, fmt.Sprintf(format, args...), t.n, len(t.slots)))
	}
	if bits.OnesCount(uint(len(t.slots))) != 1 {
		fail(1, "%d slots", len(t.slots))
	}
	if load := maxLoad(len(t.slots)); t.n > load || load >= len(t.slots) {
		fail(5, "room for %d", load)
	}
	used, mask := 0, len(t.slots)-1
	for i := range t.slots {
		s := &t.slots[i]
		if s.Hash == 0 {
			continue
		}
		used++
		for j := t.home(s.Hash); j != i; j = (j + 1) & mask {
			if t.slots[j].Hash == 0 {
				fail(3, "slot %d is empty before %d", j, i)
			}
			if t.slots[j].Hash == s.Hash && t.equal(&t.slots[j].Key, &s.Key) {
				fail(3, "slots %d and %d have one key", j, i)
			}
			if t.slots[j].Hash == s.Hash && !t.twins {
				fail(7, "slots %d and %d have one hash", j, i)
			}
		}
		if away := (i - t.home(s.Hash)) & mask; away > t.reach {
			fail(6, "slot %d is %d behind its home, want %d at most", i, away, t.reach)
		}
	}
	if used != t.n {
		fail(2, "%d slots are used", used)
	}
}
