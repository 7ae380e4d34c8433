package table

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
)

// BenchmarkInline looks keys up as an Aggregate does, in batches: tables that fit a core's caches, and one that does not;
// keys that are all there, and keys that are all new, with the growth that they cause.
func BenchmarkInline(b *testing.B) {
	h, err := hash.New[userType]()
	require.NoError(b, err)
	const batches = 4096
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []struct {
		name string
		keys int
	}{{"1k", 1000}, {"30k", 30_000}, {"1M", 1_000_000}} {
		known := make([]userType, batches*batch)
		sums, at := make([]uint64, len(known)), make([]int32, batch)
		for i := range known {
			known[i].User = r.Uint64N(uint64(size.keys))
		}
		h.HashEach(known, sums)
		add := func(t *Inline[userType, int]) {
			for from := 0; from < len(known); from += batch {
				keys, hashes := known[from:from+batch], sums[from:from+batch]
				t.FindEach(keys, hashes, at)
				for i, slot := range at {
					if slot < 0 {
						slot = t.Again(slot, &keys[i], hashes[i])
					}
					if slot >= 0 {
						t.At(int(slot)).Value++
						continue
					}
					if _, grew := t.Add(slot, &keys[i], hashes[i], 1); grew {
						t.FindEach(keys[i+1:], hashes[i+1:], at[i+1:])
					}
				}
			}
		}
		perKey := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(known)), "ns/event")
		}
		b.Run("keys="+size.name+"/known", func(b *testing.B) {
			t := NewInline[userType, int](h, 0)
			add(t)
			for b.Loop() {
				add(t)
			}
			perKey(b)
		})
		b.Run("keys="+size.name+"/new", func(b *testing.B) {
			for b.Loop() {
				add(NewInline[userType, int](h, 0))
			}
			perKey(b)
		})
		b.Run("keys="+size.name+"/sorted", func(b *testing.B) {
			t := NewInline[userType, int](h, 0)
			add(t)
			for b.Loop() {
				n, walk := 0, t.Sorted()
				for _, ok := walk.Next(); ok; _, ok = walk.Next() {
					n++
				}
				require.Equal(b, t.Len(), n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(t.Len()), "ns/event")
		})
	}
}
