package dedup_test

import (
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// mayDrop is the largest number of false drops among n new keys that a rate allows, by a one-sided test at 99 %: more
// would come by chance in one run of a hundred, were the rate just at the bound.
func mayDrop(n int64, rate float64) float64 {
	mean := float64(n) * rate
	return mean + 2.326*math.Sqrt(mean) + 1
}

// All keys are new, so that every drop is a false one. They are counted in windows of keys, of which the last before
// the first filter is full is the worst moment of a run whose keys were expected, and the last of all that of a run
// where eight times as many came. The bound is held in each; at the first of these moments it is nearly used, as
// memory that would buy less than was asked for would be wasted; and the estimate is right.
func TestApprox_FalseDropRate(t *testing.T) {
	const window = 20_000
	for name, c := range map[string]struct {
		o    dedup.ApproxOptions[uint64]
		keys uint64
		key  func(uint64) uint64
	}{
		"as_expected":  {dedup.ApproxOptions[uint64]{FalseDropRate: 1e-2, ExpectedKeys: 400_000}, 400_000, mix},
		"in_sequence":  {dedup.ApproxOptions[uint64]{FalseDropRate: 1e-2, ExpectedKeys: 400_000, Seed: 1}, 400_000, itself},
		"seven_times":  {dedup.ApproxOptions[uint64]{FalseDropRate: 1e-2, ExpectedKeys: 100_000}, 700_000, mix},
		"half":         {dedup.ApproxOptions[uint64]{FalseDropRate: 0.5, ExpectedKeys: 200_000}, 200_000, mix},
		"in_turn":      {dedup.ApproxOptions[uint64]{FalseDropRate: 1e-2, ExpectedKeys: 60_000, Generations: 4}, 400_000, mix},
		"in_many_turn": {dedup.ApproxOptions[uint64]{FalseDropRate: 0.1, ExpectedKeys: 20_000, Generations: 16}, 300_000, mix},
	} {
		t.Run(name, func(t *testing.T) {
			var stats dedup.ApproxStats
			drops := make([]int64, c.keys/window)
			c.o.Stats, c.o.ReadAhead = &stats, 256
			c.o.Drops = func(d dedup.Drop[uint64]) error { drops[d.Position/window]++; return nil }
			rows := func(yield func(uint64, error) bool) {
				for i := range c.keys {
					if !yield(i, nil) {
						return
					}
				}
			}
			require.NoError(t, stream.Drain(dedup.Approx(rows, c.key, c.o)))
			for i, n := range drops {
				require.LessOrEqual(t, float64(n), mayDrop(window, c.o.FalseDropRate), "window %d: %v", i, drops)
			}
			if full := c.o.ExpectedKeys / window; c.o.Generations == 0 {
				require.Greater(t, float64(drops[full-1]), 0.45*c.o.FalseDropRate*window, "drops %v", drops)
			}
			require.InDelta(t, stats.Dropped, stats.FalseDrops, 5*math.Sqrt(float64(stats.Dropped))+0.05*float64(stats.Dropped), "the estimate")
			require.InDelta(t, float64(stats.Dropped)/float64(stats.In), stats.FalseDropRate(), 0.1*stats.FalseDropRate()+5*math.Sqrt(float64(stats.Dropped))/float64(stats.In))
		})
	}
}

// approxRun sends n rows with 8-byte keys, 15 % of them repeats, through Approx and checks against a bit per key: no key
// comes out twice, a repeat never does, and no more new keys are lost than the rate allows.
func approxRun(t *testing.T, n int64, rate float64) {
	t.Helper()
	came := make([]uint64, n/64+1)
	var fresh uint64 // keys so far: 0 to fresh-1
	rows := func(yield func(uint64, error) bool) {
		for i := range n {
			id := fresh
			if r := mix(uint64(i) + 1); r%100 < 15 && fresh > 0 {
				id = r / 100 % fresh
			} else {
				fresh++
			}
			if !yield(id, nil) {
				return
			}
		}
	}
	var stats dedup.ApproxStats
	s := dedup.Approx(rows, mix, dedup.ApproxOptions[uint64]{
		FalseDropRate: rate, ExpectedKeys: n * 86 / 100, ReadAhead: 256, Stats: &stats, Seed: 20})
	for id, err := range s {
		require.NoError(t, err)
		if came[id/64]&(1<<(id%64)) != 0 {
			t.Fatalf("key %d came out twice", id)
		}
		came[id/64] |= 1 << (id % 64)
	}
	lost := int64(fresh) - stats.Out
	require.Equal(t, 1, stats.Generations)
	require.LessOrEqual(t, float64(lost), mayDrop(int64(fresh), rate))
	t.Logf("%d rows, %d keys: %d dropped wrongly, %.1f estimated, %.0f allowed at a rate of %g; %.2f bytes of filter per key",
		n, fresh, lost, stats.FalseDrops, mayDrop(int64(fresh), rate), rate, float64(stats.FilterBytes)/float64(fresh))
}

func TestApprox_AgainstABitPerKey(t *testing.T) {
	rows := int64(1_000_000)
	if testing.Short() {
		rows = 100_000
	}
	for _, rate := range []float64{1e-2, 1e-4, 1e-6} {
		approxRun(t, rows, rate)
	}
}

// The hunt: MILLRACE_HUNT=100000000 for 1e8 rows, which take 1 GB.
func TestApprox_HuntFalseDropRate(t *testing.T) {
	n, err := strconv.ParseInt(os.Getenv("MILLRACE_HUNT"), 10, 64)
	if err != nil || n < 1_000_000 {
		t.Skip("MILLRACE_HUNT is not set to a million rows or more")
	}
	approxRun(t, n, 1e-6)
}
