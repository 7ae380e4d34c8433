package top_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/millrace-go/millrace/internal/top"
)

type mark struct{ points, at int }

func byPoints(a, b mark) int { return cmp.Compare(a.points, b.points) }

// oracle sorts everything.
func oracle(all []mark, n int) []mark {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b mark) int { return byPoints(b, a) })
	return all[:min(n, len(all))]
}

func TestTop_Oracle(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		n := 1 + rng.IntN(12)
		all := make([]mark, rng.IntN(40))
		for i := range all {
			all[i] = mark{rng.IntN(10), i}
		}
		cut := rng.IntN(len(all) + 1)
		var list, later []mark
		for i, v := range all {
			if i < cut {
				list = top.Add(list, v, n, byPoints)
			} else {
				later = top.Add(later, v, n, byPoints)
			}
		}
		if want := oracle(all[:cut], n); !slices.Equal(list, want) {
			t.Fatalf("seed %d: Add gives %v, want %v", seed, list, want)
		}
		kept := slices.Clone(later)
		if got, want := top.Merge(list, later, n, byPoints), oracle(all, n); !slices.Equal(got, want) {
			t.Fatalf("seed %d: Merge gives %v, want %v", seed, got, want)
		}
		if !slices.Equal(later, kept) {
			t.Fatalf("seed %d: Merge changed what it was given", seed)
		}
	}
}
