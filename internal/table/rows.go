package table

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/millrace-go/millrace/internal/hugepages"
)

// Rows is a hash index of rows that somebody else keeps, with their keys: it finds the row of a key, by its hash, and
// leaves it to its caller to compare. It is made once the rows are there, in its final size.
//
//	slots   [ . ][5c 1][61 3][ . ][ . ][c8 0][ . ][f0 2]   the lowest bits of the hash, and row + 1
//
// A slot is half a word, sixteen to a cache line: of its 32 bits, as many as the largest row needs are the row, and the
// others are of the hash. An index of a million rows takes 8 MiB, where slots with keys would take many times as much
// and a cache would hold as much less of them. A row is a candidate for a hash where those bits agree, which for
// another key is so rare (one slot in 4096, of a million rows) that who finds a candidate may go and fetch its row at
// once.
//
//	index.FindEach(hashes, found)
//	for i, row := range found {
//		for row >= 0 && keyOf(row) != keys[i] {
//			row = index.After(hashes[i], row)
//		}
//		...
//	}
//
// Nobody walks an index, so its homes are scattered from the beginning, see homes: rows whose hashes share leading bits, or
// lie close to each other, spread over all slots.
//
// Invariants:
//  1. len(slots) is a power of two, and larger than the number of rows in it, so that every probe ends.
//  2. From a row's home to its slot, no slot is empty.
//  3. A row is in one slot at most.
type Rows struct {
	slots []uint32
	shift uint // 64 - log2(len(slots))
	bits  uint // of a slot that are the row
}

// MaxRows is how many rows a Rows can number.
const MaxRows = math.MaxInt32

// NewRows makes an empty index for rows 0 to n-1. It panics where n is not in [0, MaxRows].
func NewRows(n int) *Rows {
	if n < 0 || n > MaxRows {
		panic(fmt.Sprintf("table: NewRows: %d rows, want 0 to %d", n, MaxRows))
	}
	slots := rowSlots(n)
	t := &Rows{
		slots: make([]uint32, slots),
		shift: uint(64 - bits.Len(uint(slots-1))),
		bits:  uint(bits.Len(uint(n))),
	}
	hugepages.Advise(t.slots)
	return t
}

// RowsBytes is what an index of n rows takes.
func RowsBytes(n int) int64 { return 4 * int64(rowSlots(n)) }

// rowSlots is the least power of two whose maxLoad is at least n.
func rowSlots(n int) int {
	slots := max(minSlots, 1<<bits.Len(uint(n)))
	if maxLoad(slots) < n {
		slots *= 2
	}
	return slots
}

// FindEach looks up a batch: rows[i] becomes the first candidate for hashes[i], or -1. The slices have the same length.
//
// The first pass reads every home and nothing that depends on it, so that the cache misses of the batch overlap. The
// others have no branch that depends on what was read: whether a key is there, and in which slot, cannot be guessed,
// and a wrong guess would cost more than the slot. Who has to go on is noted, and all of them go on together.
func (t *Rows) FindEach(hashes []uint64, rows []int32) {
	slots, shift, bits := t.slots, t.shift&63, t.bits&31
	mask := uint64(len(slots) - 1)
	var first [batch]uint32
	var on [batch]uint8 // those that go on: positions in the batch
	for len(hashes) > 0 {
		n := min(batch, len(hashes))
		for i, h := range hashes[:n] {
			first[i] = slots[h*spread>>shift&mask]
		}
		some := 0
		for i, h := range hashes[:n] {
			s := first[i]
			rows[i] = int32(s&(1<<bits-1)) - 1
			on[uint8(some)] = uint8(i)
			some += goesOn(s, (s^uint32(h)<<bits)>>bits)
		}
		for step := uint64(1); some > 0; step++ {
			again := on[:some]
			some = 0
			for _, i := range again {
				h := hashes[i]
				s := slots[(h*spread>>shift+step)&mask]
				rows[i] = int32(s&(1<<bits-1)) - 1
				on[uint8(some)] = i
				some += goesOn(s, (s^uint32(h)<<bits)>>bits)
			}
		}
		hashes, rows = hashes[n:], rows[n:]
	}
}

// goesOn is 1 where a slot is not empty and its tag is another one, 0 otherwise.
func goesOn(slot, differs uint32) int { return int((slot | -slot) & (differs | -differs) >> 31) }

// Find returns the first candidate for a hash, or -1.
func (t *Rows) Find(h uint64) int32 { return t.probe(t.home(h), h) }

// After returns the candidate for a hash that comes after row, which is one, or -1.
func (t *Rows) After(h uint64, row int32) int32 { return t.probe(t.slotOf(h, row)+1, h) }

// Insert adds a row whose key is not there, at most n in all.
func (t *Rows) Insert(h uint64, row int32) {
	i, mask := t.home(h), len(t.slots)-1
	for t.slots[i&mask] != 0 {
		i++
	}
	t.slots[i&mask] = t.slot(h, row)
}

// Replace puts a row in the place of another one with the same hash, which is there.
func (t *Rows) Replace(h uint64, old, row int32) { t.slots[t.slotOf(h, old)] = t.slot(h, row) }

func (t *Rows) slot(h uint64, row int32) uint32 { return uint32(h)<<(t.bits&31) | uint32(row+1) }

func (t *Rows) home(h uint64) int { return int(h * spread >> (t.shift & 63)) }

// slotOf returns the slot of a row that is there.
func (t *Rows) slotOf(h uint64, row int32) int {
	i, mask, want := t.home(h), len(t.slots)-1, t.slot(h, row)
	for t.slots[i] != want {
		i = (i + 1) & mask
	}
	return i
}

// probe returns the first candidate for h in slot i or behind it, or -1.
func (t *Rows) probe(i int, h uint64) int32 {
	bits := t.bits & 31
	tag := uint32(h) << bits
	for mask := len(t.slots) - 1; ; i++ {
		if s := t.slots[i&mask]; s == 0 || (s^tag)>>bits == 0 {
			return int32(s&(1<<bits-1)) - 1
		}
	}
}
