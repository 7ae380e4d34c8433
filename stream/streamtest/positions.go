package streamtest

import (
	"math/rand/v2"
	"slices"
)

// positions returns which of 0..n-1 to try, ascending: all of them up to limit; above it the first and the last
// quarter of limit, and a sample between that depends on n only.
func positions(n, limit int) []int {
	all := make([]int, 0, min(n, limit))
	if n <= limit {
		for i := range n {
			all = append(all, i)
		}
		return all
	}
	ends := max(limit/4, 1)
	for i := range ends {
		all = append(all, i)
		if last := n - 1 - i; last > i {
			all = append(all, last)
		}
	}
	rng := rand.New(rand.NewPCG(uint64(n), uint64(limit)))
	for len(all) < limit {
		all = append(all, ends+rng.IntN(max(n-2*ends, 1)))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
