package hash

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func each[K comparable](t *testing.T, key func(int) K) {
	t.Helper()
	h, err := New[K]()
	require.NoError(t, err)
	keys := make([]K, 70)
	for i := range keys {
		keys[i] = key(i)
	}
	hashes := make([]uint64, len(keys))
	h.HashEach(keys, hashes)
	for i := range keys {
		require.Equal(t, h.Hash(&keys[i], 0), hashes[i], "%T %v", keys[i], keys[i])
	}
	h.HashEach(nil, nil)
}

// Together or one by one, for every shape that is written out and some that are not.
func TestHashEach_EqualsHash(t *testing.T) {
	type pair struct{ A, B int64 }
	type user struct {
		_  byte
		ID uint64
		T  uint32
	}
	type named struct {
		ID   uint64
		Name string
	}
	each(t, func(i int) int { return -i })
	each(t, func(i int) uint64 { return uint64(i) })
	each(t, func(i int) pair { return pair{int64(i), -1} })
	each(t, func(i int) user { return user{ID: uint64(i), T: uint32(i)} })
	each(t, func(i int) named { return named{uint64(i), strconv.Itoa(i)} })
	each(t, func(i int) string { return strconv.Itoa(i) })
	each(t, func(i int) [2]string { return [2]string{"a", strconv.Itoa(i)} })
	each(t, func(i int) [3]byte { return [3]byte{byte(i)} })
	each(t, func(i int) float64 { return float64(i) })
	each(t, func(i int) any { return i })
	each(t, func(i int) struct{} { return struct{}{} })
}
