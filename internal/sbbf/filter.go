package sbbf

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/millrace-go/millrace/internal/hugepages"
)

// Filter is a split-block Bloom filter. Make one with New or Decode.
//
// Invariant: 1 <= len(blocks) <= MaxBlocks, and the length never changes.
type Filter struct {
	blocks []block
}

// block is eight words of 32 bits, two to a word of the processor: word 2i is the lower half of element i, so that the
// little-endian bytes of the one are those of the other.
type block [4]uint64

const (
	// BlockBytes is the size of a block.
	BlockBytes = 32
	// MaxBlocks is how large a filter can be: 8 GiB, or 1 GiB where an int has 32 bits. Beyond, 32 bits of the hash
	// would choose some blocks visibly more often than others. A Parquet file stores at most 1<<26 - 1 blocks.
	MaxBlocks = 1 << (25 + 3*(math.MaxUint>>63))
)

// The salts of the Parquet format.
const (
	salt0 = 0x47b6137b
	salt1 = 0x44974d91
	salt2 = 0x8824ad5b
	salt3 = 0xa2b7289d
	salt4 = 0x705495c7
	salt5 = 0x2df1424b
	salt6 = 0x9efc4947
	salt7 = 0x5c6bfb31
)

// New makes an empty filter. It panics where blocks is not in [1, MaxBlocks].
func New(blocks int) *Filter {
	if blocks < 1 || blocks > MaxBlocks {
		panic(fmt.Sprintf("sbbf: New: %d blocks, want 1 to %d", blocks, MaxBlocks))
	}
	f := &Filter{blocks: make([]block, blocks)}
	hugepages.Advise(f.blocks)
	return f
}

// Blocks returns the number of blocks.
func (f *Filter) Blocks() int { return len(f.blocks) }

// Bytes returns what the filter takes.
func (f *Filter) Bytes() int64 { return int64(len(f.blocks)) * BlockBytes }

// Insert adds a hash.
func (f *Filter) Insert(h uint64) {
	b, m := f.block(h), mask(uint32(h))
	b[0] |= m[0]
	b[1] |= m[1]
	b[2] |= m[2]
	b[3] |= m[3]
}

// Contains reports whether h may have been inserted; false: it surely was not.
func (f *Filter) Contains(h uint64) bool {
	b, m := f.block(h), mask(uint32(h))
	return m[0]&^b[0]|m[1]&^b[1]|m[2]&^b[2]|m[3]&^b[3] == 0
}

// Add inserts h and reports whether it surely was not there before.
func (f *Filter) Add(h uint64) bool {
	b, m := f.block(h), mask(uint32(h))
	if m[0]&^b[0]|m[1]&^b[1]|m[2]&^b[2]|m[3]&^b[3] == 0 {
		return false
	}
	b[0] |= m[0]
	b[1] |= m[1]
	b[2] |= m[2]
	b[3] |= m[3]
	return true
}

// AddEach is Add on each of the hashes, in order; added has their length.
func (f *Filter) AddEach(hashes []uint64, added []bool) {
	for len(hashes) > 0 {
		n := min(batch, len(hashes))
		f.Touch(hashes[:n])
		for i, h := range hashes[:n] {
			added[i] = f.Add(h)
		}
		hashes, added = hashes[n:], added[n:]
	}
}

// batch is how many blocks AddEach touches ahead: 8 KiB, which stays in the nearest cache until they are used.
const batch = 256

// Touch reads a word of the block of each hash, so that the cache misses of the batch overlap and the blocks are there
// when they are asked for next. What it returns has no meaning; it and the directive keep the compiler from leaving the
// reads out where nobody looks at it.
//
//go:noinline
func (f *Filter) Touch(hashes []uint64) (read uint64) {
	for _, h := range hashes {
		read |= f.block(h)[0]
	}
	return read
}

// Reset empties the filter.
func (f *Filter) Reset() { clear(f.blocks) }

// block returns the block of h.
func (f *Filter) block(h uint64) *block {
	return &f.blocks[h>>32*uint64(len(f.blocks))>>32]
}

// mask returns the bits that a hash with lower half x has in its block.
func mask(x uint32) block {
	return block{
		1<<(x*salt0>>27) | 1<<(32|x*salt1>>27),
		1<<(x*salt2>>27) | 1<<(32|x*salt3>>27),
		1<<(x*salt4>>27) | 1<<(32|x*salt5>>27),
		1<<(x*salt6>>27) | 1<<(32|x*salt7>>27),
	}
}

// Chance returns the probability that a hash not inserted is contained, if it falls into the block of h: the product
// of the fills of the block's words. Over hashes that are not inserted its mean is the filter's rate now.
func (f *Filter) Chance(h uint64) float64 { return f.block(h).chance() }

// FillRate returns the probability that a hash not inserted is contained, by how full the blocks are: the mean of
// their chances. It reads the first 65536 blocks, 2 MiB, which say as much as all: the blocks are filled at random.
//
// What it does not see is a hash with the lower half of another in its block; see Rate.
func (f *Filter) FillRate() float64 {
	sample := f.blocks[:min(len(f.blocks), 1<<16)]
	sum := 0.
	for i := range sample {
		sum += sample[i].chance()
	}
	return sum / float64(len(sample))
}

func (b *block) chance() float64 {
	p := int64(1) // at most 1<<40
	for _, w := range b {
		p *= int64(bits.OnesCount32(uint32(w)) * bits.OnesCount32(uint32(w>>32)))
	}
	return float64(p) / (1 << 40)
}
