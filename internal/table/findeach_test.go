package table

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/millrace-go/millrace/internal/hash"
)

// FindEach finds what Find does, in batches of every size, keys that are there and others.
func TestFindEach_EqualsFind(t *testing.T) {
	findEachEqualsFind(t, func(r *rand.Rand) int { return r.IntN(3000) })
	findEachEqualsFind(t, func(r *rand.Rand) string { return string(rune('a' + r.IntN(2000))) })
	findEachEqualsFind(t, func(r *rand.Rand) float64 { return float64(r.IntN(3)-1) * 0 * float64(r.IntN(2)) }) // -0 and 0 are one key
}

func findEachEqualsFind[K comparable](t *testing.T, draw func(*rand.Rand) K) {
	h, err := hash.New[K]()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	table := New(h)
	for range 200 {
		keys := make([]K, r.IntN(2*batch+2))
		hashes, at := make([]uint64, len(keys)), make([]int, len(keys))
		for i := range keys {
			keys[i] = draw(r)
			hashes[i] = h.Hash(&keys[i], 0)
		}
		table.FindEach(keys, hashes, at)
		for i := range keys {
			want, ok := table.Find(&keys[i])
			if !ok {
				want = -1
			}
			if at[i] != want {
				t.Fatalf("FindEach: key %v of %d is at %d, Find has %d", keys[i], table.Len(), at[i], want)
			}
		}
		if r.IntN(2) == 0 { // by hash, so that homes are scattered sooner or later
			slices.SortFunc(keys, func(a, b K) int { return cmp.Compare(h.Hash(&a, 0), h.Hash(&b, 0)) })
		}
		for i := range keys[:len(keys)/3] {
			table.Upsert(keys[i])
		}
	}
}
