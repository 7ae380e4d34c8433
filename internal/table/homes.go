package table

import (
	"math/bits"
	"sync/atomic"
)

// homes says where the probe for a hash begins: at its leading bits, those left out that all keys share. So a table lies
// nearly in order of hash, and comes out in that order without a sort.
//
// That is right for keys in any order but one. Keys in the order of their hashes, as an Aggregate yields them and a
// snapshot holds them, fill a growing table from one end, and the first tenth of such keys has a tenth of the slots for its
// homes whatever its number: each key then passes all that came just before it, and n of them take n*n steps. A key that
// would stand too far from its home tells. From then on homes are scattered: the hash is multiplied by an odd number first,
// whose leading bits depend on all bits that follow.
//
//	in order     [5c][61][62][6a][6b][6e][71][ . ][ . ][ . ][ . ]    71 belongs to the second slot
//	scattered    [ . ][6e][ . ][5c][71][ . ][62][61][ . ][6a][6b]
//
// Invariants:
//  1. The order of homes is that of the hashes, unless they are scattered.
//  2. No key stands more than reach slots behind its home.
type homes struct {
	scattered bool
	skip      uint // leading bits of the hash that all keys share
	shift     uint // 64 - log2 of the slots
	far       int  // what reach is while homes are in order
	reach     int  // slots; as many as there are once homes are scattered: then there is no limit
}

// spread is odd, so that it makes different hashes of different ones: 2^64 by the golden ratio, which spreads numbers
// that follow each other as evenly as any.
const spread uint64 = 0x9e3779b97f4a7c15

// farSlots is how far from its home a key may stand as long as homes are in order. With 5/8 of the slots used, and hashes
// as good as random, a run of k slots is exp(-0.095 k) times as frequent as one of 1 (0.095 is 5/8 - 1 - ln(5/8)), so that
// one key in 10^10 at most would pass so many; its table would be scattered for nothing, and sorted at the end. Where keys
// come in order of hash, each new one costs up to so many steps until it is noticed.
const farSlots = 256

var far atomic.Int64

func init() { far.Store(farSlots) }

// SetFar is for tests: tables that are made before restore scatter their homes where a key would stand more than n
// slots behind its own, so that few keys reach what otherwise takes hundreds. No output depends on it.
func SetFar(n int) (restore func()) {
	old := far.Swap(int64(n))
	return func() { far.Store(old) }
}

func newHomes(skip int) homes {
	n := int(far.Load())
	return homes{skip: uint(skip), far: n, reach: n}
}

// home returns the slot where the probe for a hash begins. 0 and 1, which Inline keeps as 1 both, have the same home.
func (m *homes) home(h uint64) int {
	if m.scattered { // a branch that is always guessed: the product would make every lookup wait
		h = (h | 1) * spread
	}
	return int(h << (m.skip & 63) >> (m.shift & 63))
}

// resize is for slots, a power of two.
func (m *homes) resize(slots int) {
	m.shift = uint(64 - bits.Len(uint(slots-1)))
	if m.scattered {
		m.reach = slots
	}
}

// scatter scatters the homes, among as many slots.
func (m *homes) scatter(slots int) { m.scattered, m.reach = true, slots }

// straighten puts the homes in order of hash again.
func (m *homes) straighten() { m.scattered, m.reach = false, m.far }
