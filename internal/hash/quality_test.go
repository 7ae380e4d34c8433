package hash

import (
	"encoding/binary"
	"math"
	"math/bits"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Flipping any input bit must flip each output bit half of the time: over 4,096 inputs the share of flips has a
// standard deviation of 1/128, so 0.5 +- 0.06 is 7.7 of them, far beyond chance for 64 x 64 pairs.
func TestUint64_Avalanche(t *testing.T) {
	avalanche(t, "value", func(v uint64, i int) uint64 { return Uint64(v, 1) })
	avalanche(t, "seed", func(v uint64, i int) uint64 { return Uint64(1, v) })
	avalanche(t, "first of two", func(v uint64, i int) uint64 { return finish(foldWord(foldWord(0, v), 7), 2) })
	avalanche(t, "text", func(v uint64, i int) uint64 {
		return Bytes(binary.LittleEndian.AppendUint64([]byte("user-"), v), 0)
	})
}

func avalanche(t *testing.T, name string, hash func(v uint64, i int) uint64) {
	const n = 4096
	for in := range 64 {
		var flips [64]int
		for i := range n {
			v := uint64(i) * 0x9e3779b97f4a7c15
			for d := hash(v, i) ^ hash(v^1<<in, i); d != 0; d &= d - 1 {
				flips[bits.TrailingZeros64(d)]++
			}
		}
		for out, f := range flips {
			require.InDelta(t, 0.5, float64(f)/n, 0.06, "%s: input bit %d, output bit %d", name, in, out)
		}
	}
}

// Keys as they are in practice (counters, multiples, high bits only, few letters) must fill buckets as evenly
// as chance: chi-square over 4,096 buckets has mean 4,095 and deviation 90; 6 deviations are allowed. The
// buckets are cut from the top bits, the bottom bits, and the middle.
func TestHash_SpreadsPlainKeys(t *testing.T) {
	const buckets, per = 4096, 16
	for _, c := range []struct {
		name string
		hash func(i uint64) uint64
	}{
		{"counter", func(i uint64) uint64 { return Uint64(i, 0) }},
		{"times_1000", func(i uint64) uint64 { return Uint64(i*1000, 0) }},
		{"high_bits", func(i uint64) uint64 { return Uint64(i<<40, 0) }},
		{"negative", func(i uint64) uint64 { return Uint64(-i, 0) }},
		{"floats", func(i uint64) uint64 { return Uint64(word64(float64(i)), 0) }},
		{"seeds", func(i uint64) uint64 { return Uint64(42, i) }},
		{"two_words", func(i uint64) uint64 { return finish(foldWord(foldWord(0, i>>8), i&0xff), 2) }},
		{"digits", func(i uint64) uint64 { return String(string(binary.BigEndian.AppendUint32(nil, uint32(i))), 0) }},
		{"letters", func(i uint64) uint64 {
			b := []byte("user-aaaaaaaaaaaaaaaaaaaaaaaaaaaa")
			for j := range 8 {
				b[10+j] += byte(i >> (4 * j) & 15)
			}
			return Bytes(b, 0)
		}},
	} {
		for _, shift := range []uint{0, 26, 52} {
			var count [buckets]int
			for i := range uint64(buckets * per) {
				count[c.hash(i)>>shift%buckets]++
			}
			chi := 0.0
			for _, n := range count {
				chi += float64((n-per)*(n-per)) / per
			}
			require.Less(t, math.Abs(chi-(buckets-1)), 6*math.Sqrt(2*buckets), "%s, bits %d to %d", c.name, shift, shift+12)
		}
	}
}

// Types met for the first time inside interfaces are compiled by many goroutines at once.
func TestHasher_ConcurrentDynamicTypes(t *testing.T) {
	h, err := New[any]()
	require.NoError(t, err)
	type a struct{ A, B int }
	type b struct{ A [5]string }
	type c struct{ X any }
	type d [70]float64
	keys := []any{a{1, 2}, b{}, c{a{3, 4}}, d{}, c{c{b{}}}}
	var wg sync.WaitGroup
	hashes := make([][]uint64, 8)
	for w := range hashes {
		wg.Go(func() {
			for i := range keys {
				k := keys[(i+w)%len(keys)]
				if h.Check(&k) != nil || !h.Equal(&k, &k) {
					panic("not a key")
				}
			}
			for i := range keys {
				hashes[w] = append(hashes[w], h.Hash(&keys[i], 0))
			}
		})
	}
	wg.Wait()
	for _, got := range hashes {
		require.Equal(t, hashes[0], got)
	}
}
