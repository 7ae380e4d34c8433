package sketch_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/sketch"
	"github.com/millrace-go/millrace/stream"
)

func newHLL[K comparable](t require.TestingT, o sketch.HLLOptions) *sketch.HLL[K] {
	h, err := sketch.NewHLL[K](o)
	require.NoError(t, err)
	return h
}

func TestNewHLL_Table(t *testing.T) {
	for _, precision := range []int{-1, 1, 3, 19, math.MaxInt32} {
		_, err := sketch.NewHLL[string](sketch.HLLOptions{Precision: precision})
		var wrong *stream.OptionError
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, "Precision", wrong.Option)
		require.Equal(t, precision, wrong.Got)
	}
	for precision := 4; precision <= 18; precision++ {
		h := newHLL[string](t, sketch.HLLOptions{Precision: precision})
		require.Equal(t, precision, h.Precision())
		require.InDelta(t, 1.04/math.Sqrt(math.Pow(2, float64(precision))), h.StandardError(), 1e-12)
		require.Zero(t, h.Estimate())
		lo, hi := h.Bounds(3)
		require.Zero(t, lo)
		require.Zero(t, hi)
	}
	require.Equal(t, 14, newHLL[string](t, sketch.HLLOptions{}).Precision())
}

func TestNewHLL_RefusesPointerKeys(t *testing.T) {
	type order struct {
		ID    int
		Buyer *string
	}
	_, err := sketch.NewHLL[order](sketch.HLLOptions{})
	require.ErrorContains(t, err, "sketch: NewHLL: ")
	require.ErrorContains(t, err, ".Buyer")
	_, err = sketch.NewHLL[chan int](sketch.HLLOptions{})
	require.ErrorContains(t, err, "sketch: NewHLL: ")
}

// The standard error is 1.04/sqrt(m); over 10 seeds none is off by more than four of them, at any size, across
// the change from sparse to dense.
func TestHLL_Estimate_WithinFourStandardErrors(t *testing.T) {
	counts := []int{1, 2, 3, 10, 100, 1000, 5_000, 7_000, 8_000, 10_000, 30_000, 50_000, 100_000, 300_000, 1_000_000}
	for _, precision := range []int{8, 10, 12, 14, 16} {
		for seed := range uint64(10) {
			counts := counts
			if seed >= 3 || testing.Short() { // a million only three times
				counts = counts[:len(counts)-2]
			}
			h := newHLL[uint64](t, sketch.HLLOptions{Precision: precision, Seed: seed})
			next := uint64(0)
			for _, n := range counts {
				for ; next < uint64(n); next++ {
					h.Add(next)
				}
				off := math.Abs(float64(h.Estimate()) - float64(n))
				require.LessOrEqual(t, off, 4*h.StandardError()*float64(n)+1, "precision %d, seed %d, %d keys, estimate %d", precision, seed, n, h.Estimate())
			}
		}
	}
}

// Few registers err to the right more often than a normal distribution says, but by the same root mean square.
func TestHLL_Estimate_RootMeanSquareError(t *testing.T) {
	for _, precision := range []int{4, 5, 6, 8} {
		const sketches, keys = 400, 2000
		var squares, sum float64
		for seed := range uint64(sketches) {
			h := newHLL[uint64](t, sketch.HLLOptions{Precision: precision, Seed: seed})
			for k := range uint64(keys) {
				h.Add(k)
			}
			off := float64(h.Estimate())/keys - 1
			squares += off * off
			sum += off
		}
		want := 1.04 / math.Sqrt(float64(int(1)<<precision))
		require.InEpsilon(t, want, math.Sqrt(squares/sketches), 0.15, "precision %d", precision)
		require.InDelta(t, 0, sum/sketches, 3*want/math.Sqrt(sketches)+0.005, "bias at precision %d", precision)
	}
}

// A sketch of few keys is as good as exact: it tells keys apart by 25 bits of their hashes.
func TestHLL_Estimate_SparseIsNearlyExact(t *testing.T) {
	for seed := range uint64(50) {
		h := newHLL[string](t, sketch.HLLOptions{Seed: seed})
		for i := range 1000 {
			h.Add(fmt.Sprintf("user-%d", i))
			h.Add(fmt.Sprintf("user-%d", i/2))
		}
		require.InDelta(t, 1000, float64(h.Estimate()), 1.5, "seed %d", seed)
	}
}

// Bounds holds the truth as often as a normal distribution says, on a dense sketch.
func TestHLL_Bounds_Coverage(t *testing.T) {
	const sketches, keys = 600, 8_000
	var held [4]int
	for seed := range uint64(sketches) {
		h := newHLL[uint64](t, sketch.HLLOptions{Precision: 10, Seed: seed})
		for k := range uint64(keys) {
			h.Add(k)
		}
		for z := 1; z <= 3; z++ {
			if lo, hi := h.Bounds(float64(z)); lo <= keys && keys <= hi {
				held[z]++
			}
		}
	}
	share := func(z int) float64 { return float64(held[z]) / sketches }
	require.InDelta(t, 0.683, share(1), 0.06)
	require.InDelta(t, 0.954, share(2), 0.025)
	require.GreaterOrEqual(t, share(3), 0.99)
	t.Logf("held at 1, 2, 3 standard errors: %.3f %.3f %.3f", share(1), share(2), share(3))
}

func TestHLL_Bounds_Table(t *testing.T) {
	h := newHLL[int](t, sketch.HLLOptions{Precision: 4})
	for i := range 100 {
		h.Add(i)
	}
	n := h.Estimate()
	lo, hi := h.Bounds(0)
	require.Equal(t, []uint64{n, n}, []uint64{lo, hi}, "z = 0")
	lo, hi = h.Bounds(1)
	require.Equal(t, uint64(math.Ceil(float64(n)/1.26)), lo)
	require.Equal(t, uint64(math.Floor(float64(n)/0.74)), hi)
	lo, hi = h.Bounds(5) // 130 %: nothing bounds it from above
	require.Equal(t, uint64(math.Ceil(float64(n)/2.3)), lo)
	require.Equal(t, uint64(math.MaxUint64), hi)

	require.PanicsWithValue(t, "sketch: HLL.Bounds: z must be 0 or positive, got -1", func() { h.Bounds(-1) })
	require.PanicsWithValue(t, "sketch: HLL.Bounds: z must be 0 or positive, got NaN", func() { h.Bounds(math.NaN()) })
}

func TestHLL_Keys_Table(t *testing.T) {
	t.Run("nan_is_one_key_and_zeros_are_equal", func(t *testing.T) {
		h := newHLL[float64](t, sketch.HLLOptions{})
		for _, f := range []float64{math.NaN(), math.Float64frombits(0x7ff8000000000099), 0, math.Copysign(0, -1)} {
			h.Add(f)
		}
		require.EqualValues(t, 2, h.Estimate())
	})
	t.Run("times_are_instants", func(t *testing.T) {
		h := newHLL[time.Time](t, sketch.HLLOptions{})
		at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
		h.Add(at)
		h.Add(at.In(time.FixedZone("CEST", 7200)))
		require.EqualValues(t, 1, h.Estimate())
	})
	t.Run("composite_keys_do_not_join", func(t *testing.T) {
		type pair struct{ A, B string }
		h := newHLL[pair](t, sketch.HLLOptions{})
		h.Add(pair{"ab", "c"})
		h.Add(pair{"a", "bc"})
		require.EqualValues(t, 2, h.Estimate())
	})
	t.Run("interface_keys_by_type_and_value", func(t *testing.T) {
		h := newHLL[any](t, sketch.HLLOptions{})
		h.Add(1)
		h.Add("1")
		h.Add(int64(1))
		h.Add(nil)
		h.Add(1)
		require.EqualValues(t, 4, h.Estimate())
		require.Panics(t, func() { h.Add([]int{1}) }, "what a map refuses")
		require.EqualValues(t, 4, h.Estimate())
	})
	t.Run("seeds_differ", func(t *testing.T) {
		a, b := newHLL[int](t, sketch.HLLOptions{Seed: 1}), newHLL[int](t, sketch.HLLOptions{Seed: 2})
		for i := range 10 {
			a.Add(i)
			b.Add(i)
		}
		require.NotEqual(t, payload(t, a), payload(t, b))
	})
}

func TestHLL_Merge_Conflicts(t *testing.T) {
	for _, c := range []struct {
		name  string
		other sketch.HLLOptions
		what  string
	}{
		{"precision", sketch.HLLOptions{Precision: 12, Seed: 7}, "precision is 12, want 14"},
		{"seed", sketch.HLLOptions{Seed: 8}, "seed fingerprint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, other := newHLL[int](t, sketch.HLLOptions{Seed: 7}), newHLL[int](t, c.other)
			h.Add(1)
			other.Add(2)
			before := snapshot(t, h)
			err := h.Merge(other)
			var e *sketch.Error
			require.ErrorAs(t, err, &e)
			require.ErrorIs(t, err, stream.ErrConflict)
			require.ErrorContains(t, err, c.what)
			require.Equal(t, before, snapshot(t, h), "changed by a failed merge")
			require.NotEqual(t, h.Digest(), other.Digest())
		})
	}
}

func TestHLL_MergeCloneReset(t *testing.T) {
	for _, n := range []int{10, 100_000} { // sparse, dense
		h := newHLL[int](t, sketch.HLLOptions{})
		empty := snapshot(t, h)
		for i := range n {
			h.Add(i)
		}
		full := snapshot(t, h)

		require.NoError(t, h.Merge(h))
		require.Equal(t, full, snapshot(t, h), "merged with itself")

		c := h.Clone()
		c.Add(-1)
		c.Add(-2)
		require.Equal(t, full, snapshot(t, h), "the clone's keys are its own")
		h.Reset()
		require.Equal(t, empty, snapshot(t, h), "reset equals new")
		require.NoError(t, h.Merge(c))
		require.Equal(t, snapshot(t, c), snapshot(t, h), "empty merged with c is c")
	}
}

func TestHLL_AddHash_IsAddByHash(t *testing.T) {
	a, b := newHLL[int](t, sketch.HLLOptions{}), newHLL[int](t, sketch.HLLOptions{})
	r := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		h := r.Uint64()
		a.AddHash(h)
		b.AddHash(h)
		b.AddHash(h)
	}
	require.Equal(t, snapshot(t, a), snapshot(t, b))
	require.InEpsilon(t, 50_000, a.Estimate(), 0.03)
}

// Hashes made to fill the registers must not make the result depend on the processor.
func TestHLL_Estimate_CraftedHashes(t *testing.T) {
	h := newHLL[int](t, sketch.HLLOptions{Precision: 4})
	for range 3 { // many times the same 16, so that it turns dense
		for i := range uint64(16) {
			for low := range uint64(64) {
				h.AddHash(i<<60 | low)
			}
		}
	}
	require.Equal(t, uint64(math.MaxUint64), h.Estimate())
	lo, hi := h.Bounds(1)
	require.NotZero(t, lo)
	require.Equal(t, uint64(math.MaxUint64), hi)
}

func TestError_Wraps(t *testing.T) {
	cause := errors.New("cause")
	err := &sketch.Error{Op: "HLL.Restore", What: "registers", Offset: 44, Class: stream.ErrCorrupt, Err: cause}
	require.ErrorIs(t, err, cause)
	require.ErrorIs(t, err, stream.ErrCorrupt)
	require.EqualError(t, err, "sketch: HLL.Restore: at byte 44: registers: cause: corrupt input")
	err = &sketch.Error{Op: "HLL.Merge", What: "precision", Offset: -1, Got: 12, Want: 14, Class: stream.ErrConflict}
	require.EqualError(t, err, "sketch: HLL.Merge: precision is 12, want 14: conflict")
}
