// Package sbbf is a split-block Bloom filter, in the layout of the Parquet format.
//
// It answers: was this hash surely not inserted before? In one cache line per question, and a few bytes per key.
//
//	f := sbbf.New(int(sbbf.Blocks(1_000_000, 1e-3)))
//	fresh := f.Add(h) // true: h was surely not there; false: it was, or its bits were set by others
//
// # The layout
//
// A filter is an array of blocks of 256 bits, a block is eight words of 32 bits. A hash chooses one block by its upper
// half, and one bit in each word of that block by its lower half:
//
//	block        upper half * number of blocks >> 32
//	bit in word  lower half * salt[word] >> 27, modulo 1<<32 before the shift; the eight salts are Parquet's
//
//	hash  [ upper 32 ][ lower 32 ]
//	           |           +-- bit 8 of word 0, bit 8 of word 1, bit 17 of word 2 ... bit 11 of word 7
//	           +-- block 3
//
// Its bytes are the blocks in order, each word little-endian, and nothing else: what a Parquet file stores behind the
// header of a Bloom filter. A Parquet file hashes the plain encoding of a value with xxHash64, seed 0. This package
// takes any 64-bit hash from its caller: who writes or reads such a file must hash that way, who does not may use
// internal/hash. Both halves must be uniform, and independent of each other.
//
// # Guarantees
//
//  1. A hash that was inserted is contained, for ever.
//  2. A hash that was not is contained with the probability that Rate gives, over the choice of the hash function.
//  3. Filters with the same number of blocks and the same hashes inserted are equal, byte for byte, in whatever order.
//
// # Cost
//
// One block is touched per hash, which is one cache miss where the filter does not fit into the cache; AddEach and
// Touch let the misses of a batch overlap. For the price of one miss, keys are spread unevenly over the blocks, which
// costs memory at low rates: 17 bits per key at 1 in 1000 where ten bits anywhere in the filter would need 14.4 and ten
// misses, 65 at 1 in a million where twenty need 28.8, 336 at 1 in a billion. Rate has the formula.
//
// A Filter may be read by several goroutines at once, but not while one writes.
package sbbf
