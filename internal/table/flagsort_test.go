package table

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Against a sort by comparison: all sizes around that below which it sorts by insertion, hashes that share what they can.
func TestFlagSort_Oracle(t *testing.T) {
	for seed := range uint64(hunted(1000)) {
		r := rand.New(rand.NewPCG(seed, 9))
		slots := make([]Slot[int, int], []int{0, 1, 2, fewSlots, fewSlots + 1, r.IntN(1000), r.IntN(5000)}[r.IntN(7)])
		shared, low := r.IntN(64), r.IntN(64)
		for i := range slots {
			h := r.Uint64() >> uint(shared) >> uint(low) << uint(low)
			slots[i] = Slot[int, int]{Hash: h | 1, Key: i, Value: int(h)}
		}
		if r.IntN(4) == 0 {
			slices.SortFunc(slots, func(a, b Slot[int, int]) int { return cmp.Compare(b.Hash, a.Hash) })
		}
		want := slices.Clone(slots)
		flagSort(slots, uint(r.IntN(shared+1)))
		byHashAndKey := func(a, b Slot[int, int]) int {
			return cmp.Or(cmp.Compare(a.Hash, b.Hash), cmp.Compare(a.Key, b.Key))
		}
		require.True(t, slices.IsSortedFunc(slots, func(a, b Slot[int, int]) int { return cmp.Compare(a.Hash, b.Hash) }), "seed %d", seed)
		slices.SortFunc(slots, byHashAndKey)
		slices.SortFunc(want, byHashAndKey)
		require.Equal(t, want, slots, "seed %d: others than before", seed)
	}
}
