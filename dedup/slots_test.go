package dedup

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// checkInvariants panics by the numbers of the comment on slots.
func (t *slots) checkInvariants(tt require.TestingT, hashes []uint64) {
	n := 0
	for _, w := range t.words {
		if w != 0 {
			n++
			require.Less(tt, t.number(w), len(hashes), "4")
		}
	}
	require.Equal(tt, t.n, n, "2")
	require.True(tt, len(t.words) == 0 || bits.OnesCount(uint(len(t.words))) == 1, "1")
	require.LessOrEqual(tt, t.n, maxLoad(len(t.words)), "1")
	for number, h := range hashes {
		i := t.home(h)
		for t.words[i] != 0 && t.number(t.words[i]) != number {
			i = (i + 1) & (len(t.words) - 1)
		}
		require.NotZero(tt, t.words[i], "3: number %d is not found from its home on", number)
		require.True(tt, t.agrees(t.words[i], h), "the hash bits of number %d", number)
	}
}

// hashes that meet: few different ones in their leading bits, at both ends of the table, and some that are equal.
var drawHash = rapid.Custom(func(t *rapid.T) uint64 {
	high := rapid.SampledFrom([]uint64{0, 1, 1 << 60, 0xfff << 52, 1<<64 - 1, 1 << 63}).Draw(t, "high")
	return high ^ rapid.Uint64Range(0, 40).Draw(t, "low")<<rapid.SampledFrom([]uint{0, 20, 40}).Draw(t, "at")
})

func TestSlots_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var index slots
		var hashes []uint64 // by number
		place := map[uint64][]int{}
		sparse := rapid.SampledFrom([]int{1, 3, 1000}).Draw(t, "sparse") // numbers are not all used
		for i := range rapid.IntRange(0, 60).Draw(t, "n") {
			h := drawHash.Draw(t, "hash")
			if index.room() == 0 {
				require.Equal(t, 8*int64(index.nextSlots()), index.grownBytes())
				index.grow()
			}
			index.insert(index.vacant(h), h, i*sparse)
			hashes = append(hashes, h)
			place[h] = append(place[h], i)
		}
		if sparse == 1 {
			index.checkInvariants(t, hashes)
		}
		if index.n == 0 {
			return
		}
		asked := append(rapid.SliceOfN(drawHash, 0, batchRows-len(hashes)).Draw(t, "asked"), hashes...)
		at, seen := make([]uint32, len(asked)), make([]uint64, len(asked))
		var buffer [batchRows]uint8
		agree := index.findEach(asked, at, seen, &buffer)
		next := 0
		for i, h := range asked {
			require.Equal(t, index.words[at[i]], seen[i])
			for j := index.home(h); j != int(at[i]); j = (j + 1) & (len(index.words) - 1) {
				require.NotZero(t, index.words[j])
				require.False(t, index.agrees(index.words[j], h), "what agrees is not passed by")
			}
			if seen[i] == 0 {
				require.Empty(t, place[h], "a hash that is there agrees")
				continue
			}
			require.True(t, index.agrees(seen[i], h))
			require.EqualValues(t, i, agree[next])
			next++
		}
		require.Len(t, agree, next)
	})
}
