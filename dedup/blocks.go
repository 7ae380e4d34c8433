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
//  2. All blocks have their whole length but those that were released, which are nil; elements from n up to end are zero.
//  3. Only the first block may be shorter than 1<<shift: it starts small and doubles, so that a small
//     input stays small.
type blocks[E any] struct {
	list  [][]E
	n     int
	end   int   // elements that there is room for
	shift uint  // log2 of the elements of a block
	size  int64 // bytes of an element, what it points to excluded
}

// blockBytes bounds a block (a single element may be larger): large enough that the list of blocks is
// 0.02 % of the rows, small enough that the unused end of the last block does not count.
const blockBytes = 128 << 10

// The first block starts with room for firstElements, or for as many as firstBytes have room for where that is fewer: a bound
// that has room for a row is to have it for the block that the row comes to.
const (
	firstElements = 16
	firstBytes    = 4 << 10
)

// newBlocks makes blocks that start small. It is not inlined, as others here are not that a run calls a few times only: an engine
// is compiled for each type of rows, and calls them in many places.
//
//go:noinline
func newBlocks[E any]() blocks[E] {
	size := int64(reflect.TypeFor[E]().Size())
	elements := max(1, blockBytes/max(size, 8))
	return blocks[E]{shift: uint(bits.Len64(uint64(elements)) - 1), size: size}
}

// wholeBlocks are blocks of 1<<shift elements, that grow by one when they are extended.
//
//go:noinline
func wholeBlocks[E any](shift uint) blocks[E] {
	return blocks[E]{shift: shift, size: int64(reflect.TypeFor[E]().Size())}
}

// extend adds a whole block to whole blocks.
//
//go:noinline
func (b *blocks[E]) extend() {
	b.list = append(b.list, make([]E, 1<<b.shift))
	b.end += 1 << b.shift
}

// room returns the elements behind the last, up to the end of their block: there are some.
func (b *blocks[E]) room() []E { return b.list[b.n>>b.shift][b.n&(1<<b.shift-1):] }

// needs returns the bytes that the next push will allocate: 0 where there is room.
func (b *blocks[E]) needs() int64 {
	if b.n < b.end {
		return 0
	}
	have, want := b.growth()
	return int64(want-have) * b.size
}

// push appends one element and returns its index.
func (b *blocks[E]) push(v E) int {
	*b.next() = v
	return b.n - 1
}

// next appends a zero element, for the caller to fill.
func (b *blocks[E]) next() *E {
	if b.n == b.end {
		b.grow()
	}
	b.n++
	return b.at(b.n - 1)
}

// grow makes room for one more element.
func (b *blocks[E]) grow() {
	have, want := b.growth()
	grown := make([]E, want)
	if have == 0 {
		b.list = append(b.list, grown)
	} else {
		copy(grown, b.list[0])
		b.list[0] = grown
	}
	b.end += want - have
}

// growth returns the length of the block that the next element goes to, which has no room, as it is and as it must be.
func (b *blocks[E]) growth() (have, want int) {
	whole := 1 << b.shift
	if b.end >= whole {
		return 0, whole
	}
	first := min(firstElements, max(1, int(firstBytes/max(b.size, 1))))
	return b.end, min(whole, max(first, 2*b.end))
}

// at returns element i, which must not be in a released block. The pointer is valid until the next push.
func (b *blocks[E]) at(i int) *E { return &b.list[i>>b.shift][i&(1<<b.shift-1)] }

// releaseBefore lets go of the blocks whose elements all stand before i, and returns the bytes that became
// free.
func (b *blocks[E]) releaseBefore(i int) (freed int64) {
	for block := i>>b.shift - 1; block >= 0 && b.list[block] != nil; block-- {
		freed += int64(len(b.list[block])) * b.size
		b.list[block] = nil
	}
	return freed
}
