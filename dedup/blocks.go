package dedup

import (
	"math/bits"
	"reflect"
)

// blocks is an array that grows without moving what it holds: a list of blocks of one size. A slice that
// doubles would hold the old and the new copy at once, three times the rows, just when memory is short.
//
//	list:  [ 0 .. 1023 ] [ 1024 .. 2047 ] [ 2048 .. 2300        ]
//	                                                    n ^
//
// Invariants:
//  1. Block i holds the elements i<<shift up to (i+1)<<shift.
//  2. All blocks but the last are full, or were released and are nil.
//  3. Only the first block may be shorter than 1<<shift: it starts small and doubles, so that a small
//     input stays small.
type blocks[E any] struct {
	list  [][]E
	n     int
	shift uint  // log2 of the elements of a block
	size  int64 // bytes of an element, what it points to excluded
}

// blockBytes bounds a block (a single element may be larger): large enough that the list of blocks is
// 0.02 % of the rows, small enough that the unused end of the last block does not count.
const blockBytes = 128 << 10

// firstElements is the capacity the first block starts with.
const firstElements = 16

func newBlocks[E any]() blocks[E] {
	size := int64(reflect.TypeFor[E]().Size())
	elements := max(1, blockBytes/max(size, 8))
	return blocks[E]{shift: uint(bits.Len64(uint64(elements)) - 1), size: size}
}

// needs returns the bytes that the next push will allocate: 0 where there is room.
func (b *blocks[E]) needs() int64 {
	have, want := b.capacities()
	return int64(want-have) * b.size
}

// push appends one element and returns its index.
func (b *blocks[E]) push(v E) int {
	have, want := b.capacities()
	block := b.n >> b.shift
	switch {
	case want == have:
	case have == 0:
		b.list = append(b.list, make([]E, 0, want))
	default:
		b.list[block] = append(make([]E, 0, want), b.list[block]...)
	}
	b.list[block] = append(b.list[block], v)
	b.n++
	return b.n - 1
}

// capacities returns the capacity of the block that the next element goes to, as it is and as it must be.
func (b *blocks[E]) capacities() (have, want int) {
	block := b.n >> b.shift
	if block < len(b.list) {
		have = cap(b.list[block])
	}
	if b.n-block<<b.shift < have {
		return have, have
	}
	if block > 0 {
		return have, 1 << b.shift
	}
	return have, min(1<<b.shift, max(firstElements, 2*have))
}

// at returns element i, which must not be in a released block. The pointer is valid until the next push.
func (b *blocks[E]) at(i int) *E { return &b.list[i>>b.shift][i&(1<<b.shift-1)] }

// releaseBefore lets go of the blocks whose elements all stand before i, and returns the bytes that became
// free.
func (b *blocks[E]) releaseBefore(i int) (freed int64) {
	for block := i>>b.shift - 1; block >= 0 && b.list[block] != nil; block-- {
		freed += int64(cap(b.list[block])) * b.size
		b.list[block] = nil
	}
	return freed
}
