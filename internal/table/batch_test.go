package table

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
)

// Looked up together or one by one: the same indexes, for sizes on both sides of a batch and of a growth, and for
// partitions of the hash.
func TestFindEach_Law_EqualsFind(t *testing.T) {
	check := func(t *testing.T, skip int, key func(int) any) {
		h, err := hash.New[any]()
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(uint64(skip), 1))
		for _, n := range []int{0, 1, 9, 10, 11, 255, 256, 257, 700} {
			tab := NewPartition(h, skip)
			for range n {
				tab.Upsert(key(r.IntN(1000)))
			}
			keys := make([]any, n+3)
			hashes := make([]uint64, len(keys))
			index := make([]int32, len(keys))
			for i := range keys {
				keys[i] = key(r.IntN(1500))
				hashes[i] = h.Hash(&keys[i], 0)
			}
			tab.FindEach(keys, hashes, index)
			for i := range keys {
				want, ok := tab.Find(&keys[i])
				if !ok {
					want = -1
				}
				require.EqualValues(t, want, index[i], "key %v of %d", keys[i], n)
			}
			require.Equal(t, skip, tab.Skip())
		}
	}
	for _, skip := range []int{0, 1, 6, MaxSkip} {
		check(t, skip, func(v int) any { return v })
		check(t, skip, func(v int) any { return "user-" + strconv.Itoa(v) })
		check(t, skip, func(v int) any { return []float64{math.NaN(), float64(v), 0, math.Copysign(0, -1)}[v%4] })
	}
}

// Keys whose hashes share their leading bits spread over the slots of a partition's table as others do over a whole
// one's: without the skip all of them would probe from the same slots.
func TestNewPartition_SpreadsItsKeys(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	const skip, n = 6, 5000
	tab := NewPartition(h, skip)
	for k, found := 0, 0; found < n; k++ {
		if h.Hash(&k, 0)>>(64-skip) == 5 {
			tab.Upsert(k)
			found++
		}
	}
	longest, run := 0, 0
	for _, s := range tab.slots {
		if run++; s == 0 {
			run = 0
		}
		longest = max(longest, run)
	}
	require.Less(t, longest, 200)
	require.Equal(t, oracleByHash(tab), slices.Collect(tab.ByHash()))
}

func TestNewPartition_RefusesASkip(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	require.PanicsWithValue(t, "table: NewPartition: skip -1, want 0 to 32", func() { NewPartition(h, -1) })
	require.PanicsWithValue(t, "table: NewPartition: skip 33, want 0 to 32", func() { NewPartition(h, 33) })
}
