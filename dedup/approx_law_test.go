package dedup_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// approxProgram is a random run of Approx over small keys, of which 0 is null.
type approxProgram struct {
	rows []int
	o    dedup.ApproxOptions[int] // without Stats and sinks
}

func drawApprox(t *rapid.T, rates ...float64) approxProgram {
	n := rapid.SampledFrom([]int{0, 1, 2, 3, 17, 63, 64, 65, 129, 255, 256, 257, 258, 400}).Draw(t, "rows")
	keys := rapid.SampledFrom([]int{1, 3, 20, 150, 5000}).Draw(t, "keys")
	p := approxProgram{rows: make([]int, n)}
	rng := rapid.Uint64().Draw(t, "rng")
	for i := range p.rows {
		p.rows[i] = int(mix(rng+uint64(i)) % uint64(keys))
	}
	p.o = dedup.ApproxOptions[int]{
		FalseDropRate: rapid.SampledFrom(rates).Draw(t, "rate"),
		ExpectedKeys:  rapid.SampledFrom([]int64{1, 2, 3, 10, 64, 100, 1000}).Draw(t, "expected"),
		Generations:   rapid.SampledFrom([]int{0, 0, 2, 3, 5}).Draw(t, "generations"),
		Seed:          rapid.Uint64().Draw(t, "seed"),
		ReadAhead:     rapid.SampledFrom([]int{0, 1, 2, 3, 7, 255, 256}).Draw(t, "ahead"),
	}
	if rapid.Bool().Draw(t, "nulls") {
		p.o.NullKey = func(v int) bool { return v == 0 }
		p.o.NullKeys = rapid.SampledFrom([]dedup.NullKeys{dedup.NullsDistinct, dedup.NullsEqual, dedup.NullsReject}).Draw(t, "policy")
	}
	return p
}

// approxResult is all that a run lets one see.
type approxResult struct {
	rows, dropped, rejected []int
	stats                   dedup.ApproxStats
	err                     error
}

func (p approxProgram) run() approxResult {
	var r approxResult
	o := p.o
	o.Stats = &r.stats
	o.Drops = func(d dedup.Drop[int]) error { r.dropped = append(r.dropped, int(d.Position)); return nil }
	if o.NullKeys == dedup.NullsReject {
		o.Rejects = func(d dedup.Reject[int]) error { r.rejected = append(r.rejected, int(d.Position)); return nil }
	}
	r.rows, r.err = stream.Collect(dedup.Approx(stream.Of(p.rows...), intItself, o))
	return r
}

// Where nobody watches, a row goes a shorter way, which must come to the same, filters that fill up on it included.
func TestApprox_Law_UnwatchedIsTheSame(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawApprox(t, 0.5, 0.1, 1e-3, 1e-6)
		p.o.ReadAhead, p.o.NullKey, p.o.NullKeys = 0, nil, dedup.NullsDistinct
		want := p.run()
		require.NoError(t, want.err)
		most := rapid.IntRange(0, len(want.rows)+1).Draw(t, "most")
		got, err := stream.Collect(stream.Take(dedup.Approx(stream.Of(p.rows...), intItself, p.o), most))
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(want.rows[:min(most, len(want.rows))]), fmt.Sprint(got))
	})
}

// model is what a filter that is never wrong would do, with sets for filters.
func (p approxProgram) model() []int {
	var out []int
	seen := []map[int]bool{{}}
	nullSeen := false
	per := int64(len(p.rows))
	if g := int64(p.o.Generations); g > 0 {
		per = (p.o.ExpectedKeys + g - 2) / (g - 1)
	}
	for _, v := range p.rows {
		if p.o.NullKey != nil && v == 0 {
			if p.o.NullKeys == dedup.NullsDistinct || p.o.NullKeys == dedup.NullsEqual && !nullSeen {
				out = append(out, v)
			}
			nullSeen = true
			continue
		}
		if slices.ContainsFunc(seen, func(g map[int]bool) bool { return g[v] }) {
			continue
		}
		if int64(len(seen[len(seen)-1])) == per {
			seen = append(seen, map[int]bool{})
			if len(seen) > p.o.Generations {
				seen = seen[1:]
			}
		}
		seen[len(seen)-1][v] = true
		out = append(out, v)
	}
	return out
}

// At a rate at which no run here will ever be wrong, sets do the same: what is forgotten, and when, is exact.
func TestApprox_Oracle(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawApprox(t, 1e-9)
		got := p.run()
		require.NoError(t, got.err)
		require.Equal(t, fmt.Sprint(p.model()), fmt.Sprint(got.rows))
	})
}

// However often the filter is wrong, it is wrong to one side: no key twice, no row that Distinct would not yield, the
// same order; with Verify, all of them.
func TestApprox_Law_OnlyDrops(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawApprox(t, 0.5, 0.1, 1e-3)
		p.o.Generations = 0
		want := p.model()
		got := p.run()
		require.NoError(t, got.err)
		rest := want
		for _, v := range got.rows {
			i := slices.Index(rest, v)
			require.GreaterOrEqual(t, i, 0, "%d came out, and should not have, or not there: %v, want some of %v", v, got.rows, want)
			rest = rest[i+1:]
		}
		seen := map[int]bool{}
		p.o.Verify = func(v int) (bool, error) { return seen[v], nil }
		o := p.o
		if o.NullKeys == dedup.NullsReject {
			o.Rejects = stream.Discard[dedup.Reject[int]]("the survivors are judged")
		}
		var all []int
		for v, err := range dedup.Approx(stream.Of(p.rows...), intItself, o) {
			require.NoError(t, err)
			seen[v] = true
			all = append(all, v)
		}
		require.Equal(t, fmt.Sprint(want), fmt.Sprint(all))
	})
}

// Where old keys are forgotten, as many rows as are expected came out between two of a key, at any rate.
func TestApprox_Law_RemembersAsManyAsExpected(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawApprox(t, 0.5, 0.1, 1e-3)
		if p.o.Generations == 0 {
			p.o.Generations = 4
		}
		p.o.NullKey, p.o.NullKeys = nil, dedup.NullsDistinct
		got := p.run()
		require.NoError(t, got.err)
		last := map[int]int{}
		for i, v := range got.rows {
			if before, again := last[v]; again {
				require.GreaterOrEqual(t, int64(i-before-1), p.o.ExpectedKeys)
			}
			last[v] = i
		}
		require.LessOrEqual(t, got.stats.Generations, p.o.Generations)
	})
}

// In = out + dropped + rejected, and every dropped row is delivered, once and in order.
func TestApprox_Law_Conservation(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawApprox(t, 0.5, 0.1, 1e-3, 1e-6)
		got := p.run()
		require.NoError(t, got.err)
		s := got.stats
		require.Equal(t, int64(len(p.rows)), s.In)
		require.Equal(t, int64(len(got.rows)), s.Out)
		require.Equal(t, int64(len(got.dropped)), s.Dropped)
		require.Equal(t, int64(len(got.rejected)), s.RejectedNull)
		require.Equal(t, s.In, s.Out+s.Dropped+s.RejectedNull)
		gone := map[int]bool{}
		for _, at := range append(got.dropped, got.rejected...) {
			require.False(t, gone[at])
			gone[at] = true
		}
		require.True(t, slices.IsSorted(got.dropped))
		var left []int
		for i, v := range p.rows {
			if !gone[i] {
				left = append(left, v)
			}
		}
		require.Equal(t, fmt.Sprint(left), fmt.Sprint(got.rows))
	})
}

// How far is read ahead, the memory bound, the number of the run: none of them changes anything that can be seen.
func TestApprox_Law_SameWhatever(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawApprox(t, 0.5, 0.1, 1e-6)
		want := p.run()
		for _, ahead := range []int{0, 1, 5, 256} {
			p.o.ReadAhead = ahead
			require.Equal(t, want, p.run())
		}
		budget, err := stream.NewBudget(1 << 30)
		require.NoError(t, err)
		p.o.Resources = stream.Resources{Memory: rapid.Int64Range(1, 64<<10).Draw(t, "memory"), Budget: budget}
		got := p.run()
		require.Zero(t, budget.Used(), "the budget has everything back")
		if errors.Is(got.err, stream.ErrLimit) {
			require.Equal(t, fmt.Sprint(want.rows[:min(len(want.rows), len(got.rows))]), fmt.Sprint(got.rows))
			return
		}
		require.Equal(t, want, got)
	})
}
