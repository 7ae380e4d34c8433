package sketch

import (
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// To look at a sketch changes nothing inside, flushes nothing: what axiomhq's encoding says of it stays the
// same, the unordered set included.
func TestRegisters_LookingChangesNothing(t *testing.T) {
	pending := 0
	for n := range 400 {
		h, err := NewHLL[int](HLLOptions{Precision: 9})
		require.NoError(t, err)
		for i := range n {
			h.Add(i)
		}
		before := h.regs.encode()
		if !isDense(before) && before[7] != 0 {
			pending++
		}
		h.Estimate()
		h.Bounds(3)
		h.Size()
		h.Clone().Add(-1)
		require.NoError(t, h.Snapshot(io.Discard))
		other, err := NewHLL[int](HLLOptions{Precision: 9})
		require.NoError(t, err)
		require.NoError(t, other.Merge(h))
		require.Equal(t, before, h.regs.encode(), "%d keys", n)
	}
	require.Positive(t, pending, "no sketch had keys in the unordered set: the test proves nothing")
}

// At the change from sparse to dense, order shows inside and must not show in the canonical form. For each
// precision the sizes around the change are found, and each is built in many orders with repetitions.
func TestRegisters_CanonicalAtTheChange(t *testing.T) {
	most := 11
	if testing.Short() {
		most = 8
	}
	for precision := 4; precision <= most; precision++ {
		r := rand.New(rand.NewPCG(uint64(precision), 4))
		hashes := make([]uint64, 2<<precision)
		for i := range hashes {
			hashes[i] = r.Uint64()
		}
		build := func(hashes []uint64, repeat float64) *registers {
			regs := newRegisters(newConfig(config{kind: kindHLL, small: uint32(precision)}, "int"))
			for i := range hashes {
				regs.add(hashes[i])
				for r.Float64() < repeat {
					regs.add(hashes[r.IntN(i+1)])
				}
			}
			return &regs
		}
		change := 0
		for !isDense(build(hashes[:change], 0).canonical()) {
			change++
		}
		inside := map[bool]int{}
		for n := max(0, change-40); n < change+40 && n < len(hashes); n++ {
			set := append([]uint64(nil), hashes[:n]...)
			want := build(set, 0).canonical()
			require.Equal(t, n >= change, isDense(want), "precision %d, %d keys", precision, n)
			for range 6 {
				r.Shuffle(n, func(i, j int) { set[i], set[j] = set[j], set[i] })
				got := build(set, 0.5)
				inside[isDense(got.encode())]++
				require.Equal(t, want, got.canonical(), "precision %d, %d keys", precision, n)
			}
		}
		require.Positive(t, inside[true])
		require.Positive(t, inside[false])
	}
}
