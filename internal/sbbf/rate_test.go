package sbbf_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/sbbf"
)

// A filter is filled step by step, and at each step asked for hashes that are not in it. What it says must be what the
// formula says, and what its fill says, within five deviations. The textbook's formula would be out by a factor of 30 at
// a load of 4, of 1.5 at 24. The seeds are fixed, so that this passes or fails for ever.
func TestRate_Observed(t *testing.T) {
	for _, blocks := range []int64{500, 10_007, 65_536, 100_000} {
		t.Run(fmt.Sprintf("blocks=%d", blocks), func(t *testing.T) {
			if testing.Short() && blocks > 1<<14 {
				t.Skip("millions of hashes")
			}
			rng := rand.New(rand.NewPCG(uint64(blocks), 3))
			f := sbbf.New(int(blocks))
			keys := int64(0)
			for _, load := range []int64{2, 4, 8, 16, 24, 32, 64, 100} {
				for ; keys < load*blocks; keys++ {
					f.Insert(rng.Uint64())
				}
				const asked = 100_000
				found := 0
				for range asked {
					if f.Contains(rng.Uint64()) {
						found++
					}
				}
				rate := sbbf.Rate(keys, blocks)
				mean, spread := blockMoments(float64(load))
				require.InEpsilon(t, mean+float64(load)/(1<<32), rate, 1e-3, "load %d", load)
				own := 5 * spread * rate // of one filter's rate, were it one block
				require.InDelta(t, rate, f.FillRate(), own/math.Sqrt(float64(min(blocks, 1<<16))), "load %d", load)
				within := 5*math.Sqrt(asked*rate*(1-rate)) + asked*own/math.Sqrt(float64(blocks))
				require.InDelta(t, asked*rate, found, max(within, 1), "load %d", load)
			}
		})
	}
}

// blockMoments returns the mean of the chances of blocks with so many keys on average, and their deviation as a
// multiple of it, from how many of 32 bits j keys set.
func blockMoments(load float64) (mean, spread float64) {
	weight, square := math.Exp(-load), 0.
	for j := 1.; j < 400; j++ {
		weight *= load / j
		one, two := math.Pow(31./32, j), math.Pow(30./32, j)
		bits := 32 * (1 - one)
		bitsSquared := bits + 32*31*(1-2*one+two)
		mean += weight * math.Pow(bits/32, 8)
		square += weight * math.Pow(bitsSquared/(32*32), 8)
	}
	return mean, math.Sqrt(square/(mean*mean) - 1)
}

// Chance is what FillRate is the mean of, and what a filter asked at random would say.
func TestChance_MeanIsFillRate(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	f := sbbf.New(50)
	for range 50 * 12 {
		f.Insert(rng.Uint64())
	}
	sum := 0.
	for block := range uint64(50) {
		sum += f.Chance((block<<32 + 49) / 50 << 32)
	}
	require.InDelta(t, sum/50, f.FillRate(), 1e-12)
	require.Zero(t, sbbf.New(3).FillRate())
	require.Zero(t, sbbf.New(3).Chance(1))
	full := sbbf.New(1)
	for range 10_000 {
		full.Insert(rng.Uint64())
	}
	require.Equal(t, 1., full.FillRate())
}

// The formula against its closed form: the eighth power multiplied out, and the mean of x^J, which is e^(load (x - 1)),
// taken of each term. It is exact and, its terms cancelling, of no use for small rates.
func TestRate_ClosedForm(t *testing.T) {
	const other = -1. / (1 << 32) // p - 1, where p is the probability that one key's lower half is another
	for _, load := range []float64{0.5, 1, 3, 8, 20, 64, 200, 1000} {
		want, choose := -math.Expm1(load*other), 1.
		for k := range 9 {
			q := float64(k) * math.Log1p(-1./32)
			want += choose * math.Exp(load*math.Expm1(q+math.Log1p(other)))
			choose = -choose * float64(8-k) / float64(k+1)
		}
		require.InDelta(t, want, sbbf.Rate(int64(load*1e6), 1e6), 1e-12, "load %v", load)
	}
	require.Zero(t, sbbf.Rate(0, 10))
	require.Equal(t, 1., sbbf.Rate(1<<40, 1))
	// The 32 bits that make the mask: nothing gets below them.
	require.InEpsilon(t, 1e-3/(1<<32), sbbf.Rate(1, 1000), 0.05)
}

func TestBlocks_LeastThatKeepsTheRate(t *testing.T) {
	for _, keys := range []int64{1, 2, 100, 12_345, 1_000_000, 100_000_000, 5_000_000_000} {
		for _, rate := range []float64{0.5, 0.1, 0.01, 1e-3, 1e-6, 1e-9, 1e-12} {
			blocks := sbbf.Blocks(keys, rate)
			require.LessOrEqual(t, sbbf.Rate(keys, blocks), rate*(1+1e-12), "keys %d, rate %v", keys, rate)
			if blocks > 1 {
				require.Greater(t, sbbf.Rate(keys, blocks-1), rate*(1-1e-12), "keys %d, rate %v", keys, rate)
			}
		}
	}
	require.Equal(t, int64(math.MaxInt64), sbbf.Blocks(1<<40, 1e-30))
	// The figures of the package documentation, in bits per key.
	for rate, want := range map[float64]float64{1e-3: 16.9, 1e-6: 64.7, 1e-9: 335.7} {
		require.InDelta(t, want, float64(sbbf.Blocks(1e8, rate))*sbbf.BlockBytes*8/1e8, 0.05)
	}
}

// Two hashes with the same lower half have the same bits. That hardly any other two have is what the formula takes for
// granted, and what salts that multiply could get wrong: of the 1<<27 lower halves that share their first bit with a
// given one, those are counted that share all eight. Were the words independent, 1<<27 / 32^7 = 2^-8 would be expected.
func TestMask_HardlyTwoAlike(t *testing.T) {
	if testing.Short() {
		t.Skip("134 million masks")
	}
	inverse := salts[0] // Newton's iteration, modulo 1<<32: each step doubles the bits that are right
	for range 5 {
		inverse *= 2 - salts[0]*inverse
	}
	require.Equal(t, uint32(1), inverse*salts[0])
	alike := 0
	x := uint32(0x9e3779b9)
	first := x * salts[0] >> 27 << 27
	for low := range uint32(1 << 27) {
		y := inverse * (first + low)
		if y*salts[1]>>27 == x*salts[1]>>27 && plainMask(y) == plainMask(x) {
			alike++
		}
	}
	require.Equal(t, 1, alike, "lower halves with the mask of %#x, itself included", x)
}
