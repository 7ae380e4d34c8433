package dedup

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

// keysByHash are the first of many keys in the order of their hashes.
func keysByHash(t *testing.T) (hasher *hash.Hasher[int], keys []int, hashes []uint64) {
	hasher, err := hash.New[int]()
	require.NoError(t, err)
	keys = make([]int, 40_000)
	for i := range keys {
		keys[i] = i
	}
	slices.SortFunc(keys, func(a, b int) int { return cmp.Compare(hasher.Hash(&a, 0), hasher.Hash(&b, 0)) })
	keys = keys[:10_000]
	for i := range keys {
		hashes = append(hashes, hasher.Hash(&keys[i], 0))
	}
	return hasher, keys, hashes
}

// A table to which keys come in the order of their hashes finds each near its home: when that was their leading bits, keys
// stood thousands of slots away, and 400,000 of them took a minute.
func TestScatter_KeysInTheOrderOfTheirHashes(t *testing.T) {
	hasher, keys, hashes := keysByHash(t)
	near := func(name string, slots int, home func(i int) int, taken func(slot int) (key int, ok bool)) {
		far, n := 0, 0
		for slot := range slots {
			if i, ok := taken(slot); ok {
				far += (slot - home(i)) & (slots - 1)
				n++
			}
		}
		require.Equal(t, len(keys), n, name)
		require.Less(t, far, 4*n, name)
	}

	var x keyIndex
	for i, h := range hashes {
		if x.full() {
			x.resize(max(minIndexSlots, 2*len(x.slots)), func(entry int) uint64 { return hashes[entry] })
		}
		x.add(h, i)
	}
	near("keyIndex", len(x.slots), func(i int) int { return x.home(hashes[i]) }, func(slot int) (int, bool) {
		return int(uint32(x.slots[slot])) - 1, x.slots[slot] != 0
	})

	p, err := newPlan("Run", Options[int]{Tie: TieLast})
	require.NoError(t, err)
	e := newHashed(p, keysOf[int](byKey[int, int]{func(k int) int { return k }, hasher}))
	require.NoError(t, e.read(stream.Of(keys...)))
	near("slots", len(e.index.words), func(i int) int { return e.index.home(scatter(hashes[i])) }, func(slot int) (int, bool) {
		return e.index.number(e.index.words[slot]), e.index.words[slot] != 0
	})
}
