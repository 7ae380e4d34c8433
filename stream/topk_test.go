package stream_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

func init() {
	type ints = stream.Seq[int]
	register(contracttest.Ops{
		"TopK": waiting(func(s ints) ints { return stream.TopK(s, 3, cmp.Compare[int]) }),
	})
}

// TopK is the beginning of the stable descending sort, and what fold.Top keeps.
func TestTopK_Oracle(t *testing.T) {
	for seed := range uint64(cases(t, 1000)) {
		rng := rand.New(rand.NewPCG(seed, 9))
		all := make([]stamped, rng.IntN(1000))
		keys := 1 + rng.IntN(300)
		for i := range all {
			all[i] = stamped{Key: rng.IntN(keys), Pos: i}
		}
		switch rng.IntN(4) {
		case 0:
			slices.SortStableFunc(all, byStamp)
		case 1:
			slices.SortStableFunc(all, func(a, b stamped) int { return byStamp(b, a) })
		}
		k := []int{1, 2, 63, 64, 65, 300, 2000}[rng.IntN(7)]
		got, err := stream.Collect(stream.TopK(stream.Of(all...), k, byStamp))
		require.NoError(t, err)
		kept, err := stream.Reduce(stream.Of(all...), fold.Top(k, byStamp))
		require.NoError(t, err)
		require.True(t, slices.Equal(kept, got), "seed %d, k %d: got %v, fold.Top keeps %v", seed, k, got, kept)
		slices.SortStableFunc(all, func(a, b stamped) int { return byStamp(b, a) })
		want := all[:min(k, len(all))]
		require.True(t, slices.Equal(want, got), "seed %d, k %d: got %v, want %v", seed, k, got, want)
	}
}

func TestTopK_WrongOption(t *testing.T) {
	for _, k := range []int{0, -1} {
		_, err := stream.Collect(stream.TopK(stream.Of(1), k, cmp.Compare[int]))
		require.EqualError(t, err, fmt.Sprintf("stream: TopK: k must be positive, got %d", k))
	}
	require.PanicsWithValue(t, "stream: TopK: nil compare", func() { stream.TopK(stream.Of(1), 1, nil) })
}

// The worst case, in which every element makes it, and the usual one.
func BenchmarkTopK(b *testing.B) {
	const n = 1 << 20
	rising, random := make([]int, n), make([]int, n)
	for i := range rising {
		rising[i], random[i] = i, i
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) { random[i], random[j] = random[j], random[i] })
	for name, in := range map[string][]int{"rising": rising, "random": random} {
		for _, k := range []int{10, 1000, 100_000} {
			b.Run(fmt.Sprintf("input=%s/k=%d", name, k), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					first, _, err := stream.First(stream.TopK(stream.Of(in...), k, cmp.Compare[int]))
					if first != n-1 || err != nil {
						b.Fatal(first, err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
			})
		}
	}
}
