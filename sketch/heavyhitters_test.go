package sketch_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/sketch"
	"github.com/millrace-go/millrace/stream"
)

func newHeavyHitters[K comparable](t require.TestingT, o sketch.HeavyHittersOptions) *sketch.HeavyHitters[K] {
	h, err := sketch.NewHeavyHitters[K](o)
	require.NoError(t, err)
	return h
}

func TestNewHeavyHitters_Table(t *testing.T) {
	for _, c := range []struct {
		option string
		o      sketch.HeavyHittersOptions
	}{
		{"Capacity", sketch.HeavyHittersOptions{Capacity: -1}},
		{"Capacity", sketch.HeavyHittersOptions{Capacity: 1<<24 + 1}},
		{"CountMin.Epsilon", sketch.HeavyHittersOptions{CountMin: sketch.CountMinOptions{Epsilon: 2}}},
		{"CountMin.Width", sketch.HeavyHittersOptions{CountMin: sketch.CountMinOptions{Width: -2}}},
	} {
		_, err := sketch.NewHeavyHitters[string](c.o)
		var wrong *stream.OptionError
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, c.option, wrong.Option)
		require.Equal(t, "NewHeavyHitters", wrong.Func)
	}
	require.Equal(t, 1024, newHeavyHitters[string](t, sketch.HeavyHittersOptions{}).Capacity())
	_, err := sketch.NewHeavyHitters[[2]*int](sketch.HeavyHittersOptions{})
	require.ErrorContains(t, err, "sketch: NewHeavyHitters: ")
}

// checkGuarantees compares with the exact counts: what the type's doc calls certain.
func checkGuarantees(t require.TestingT, h *sketch.HeavyHitters[int], truth map[int]uint64) {
	var total uint64
	for _, n := range truth {
		total += n
	}
	require.Equal(t, total, h.Total())
	top := h.Top(h.Capacity())
	require.LessOrEqual(t, len(top), h.Capacity())
	listed := map[int]bool{}
	for i, hitter := range top {
		n := truth[hitter.Key]
		require.LessOrEqual(t, n, hitter.Count, "key %d", hitter.Key)
		require.GreaterOrEqual(t, n, hitter.Count-hitter.Error, "key %d", hitter.Key)
		require.LessOrEqual(t, hitter.Error, hitter.Count)
		require.False(t, listed[hitter.Key], "key %d twice", hitter.Key)
		listed[hitter.Key] = true
		require.Equal(t, hitter.Count, h.Count(hitter.Key))
		if i > 0 {
			require.GreaterOrEqual(t, top[i-1].Count, hitter.Count)
		}
	}
	require.LessOrEqual(t, h.Floor(), total/uint64(h.Capacity()))
	for k, n := range truth {
		require.GreaterOrEqual(t, h.Count(k), n, "key %d", k)
		if !listed[k] {
			require.LessOrEqual(t, n, h.Floor(), "key %d is missing", k)
		}
	}
}

// Small lists, narrow Count-Mins and few keys, so that everything collides; adds of any weight, in any
// partition, merged in any order, and on with adds after merges.
func TestHeavyHitters_Law_Guarantees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := sketch.HeavyHittersOptions{
			Capacity: rapid.IntRange(1, 6).Draw(t, "capacity"),
			CountMin: sketch.CountMinOptions{Width: rapid.IntRange(1, 60).Draw(t, "width"), Depth: rapid.IntRange(1, 3).Draw(t, "depth"),
				Conservative: rapid.Bool().Draw(t, "conservative"), Seed: rapid.Uint64().Draw(t, "seed")},
		}
		n := rapid.IntRange(1, 4).Draw(t, "sketches")
		sketches, truths := make([]*sketch.HeavyHitters[int], n), make([]map[int]uint64, n)
		for i := range n {
			sketches[i], truths[i] = newHeavyHitters[int](t, o), map[int]uint64{}
		}
		steps := rapid.IntRange(1, 150).Draw(t, "steps")
		for range steps {
			i := rapid.IntRange(0, len(sketches)-1).Draw(t, "sketch")
			if len(sketches) > 1 && rapid.IntRange(0, 40).Draw(t, "merge") == 0 {
				last := len(sketches) - 1
				if i == last {
					i = 0
				}
				require.NoError(t, sketches[i].Merge(sketches[last]))
				for k, n := range truths[last] {
					truths[i][k] += n
				}
				checkGuarantees(t, sketches[last], truths[last]) // unchanged
				sketches, truths = sketches[:last], truths[:last]
				checkGuarantees(t, sketches[i], truths[i])
				continue
			}
			k := rapid.IntRange(0, 20).Draw(t, "key")
			weight := rapid.SampledFrom([]uint64{0, 1, 1, 1, 2, 3, 10}).Draw(t, "weight")
			sketches[i].Add(k, weight)
			if weight > 0 {
				truths[i][k] += weight
			}
		}
		for i := range sketches {
			checkGuarantees(t, sketches[i], truths[i])
		}
		for len(sketches) > 1 {
			last := len(sketches) - 1
			require.NoError(t, sketches[0].Merge(sketches[last]))
			for k, n := range truths[last] {
				truths[0][k] += n
			}
			sketches, truths = sketches[:last], truths[:last]
		}
		checkGuarantees(t, sketches[0], truths[0])
	})
}

// With no more keys than the list can hold, every count is exact.
func TestHeavyHitters_ExactWhileAllFit(t *testing.T) {
	h := newHeavyHitters[int](t, sketch.HeavyHittersOptions{Capacity: 50, CountMin: sketch.CountMinOptions{Width: 3, Depth: 1}})
	other := newHeavyHitters[int](t, sketch.HeavyHittersOptions{Capacity: 50, CountMin: sketch.CountMinOptions{Width: 3, Depth: 1}})
	truth := map[int]uint64{}
	for i := range 5000 {
		k := i * i % 50
		[]*sketch.HeavyHitters[int]{h, other}[i%2].Add(k, 2)
		truth[k] += 2
	}
	require.NoError(t, h.Merge(other))
	require.Zero(t, h.Floor())
	for _, hitter := range h.Top(50) {
		require.Equal(t, truth[hitter.Key], hitter.Count)
		require.Zero(t, hitter.Error)
	}
	require.Len(t, h.Top(50), len(truth))
	checkGuarantees(t, h, truth)
}

// On skewed streams the top is the true top, with counts close by; merged from eight parts as well.
func TestHeavyHitters_Zipf(t *testing.T) {
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 5))
		zipf := rand.NewZipf(r, 1.1, 1, 1<<20)
		o := sketch.HeavyHittersOptions{Capacity: 400, CountMin: sketch.CountMinOptions{Seed: seed}}
		whole := newHeavyHitters[int](t, o)
		parts := make([]*sketch.HeavyHitters[int], 8)
		for i := range parts {
			parts[i] = newHeavyHitters[int](t, o)
		}
		truth := map[int]uint64{}
		for i := range 200_000 {
			k := int(zipf.Uint64())
			whole.Add(k, 1)
			parts[i%8].Add(k, 1)
			truth[k]++
		}
		for _, p := range parts[1:] {
			require.NoError(t, parts[0].Merge(p))
		}
		exact := make([]int, 0, len(truth))
		for k := range truth {
			exact = append(exact, k)
		}
		slices.SortFunc(exact, func(a, b int) int {
			return cmp.Or(cmp.Compare(truth[b], truth[a]), cmp.Compare(a, b))
		})
		for name, h := range map[string]*sketch.HeavyHitters[int]{"whole": whole, "merged": parts[0]} {
			checkGuarantees(t, h, truth)
			found := map[int]bool{}
			for _, hitter := range h.Top(25) {
				found[hitter.Key] = true
			}
			for _, k := range exact[:20] {
				require.True(t, found[k], "%s, seed %d: key %d with %d of %d is not in the top", name, seed, k, truth[k], h.Total())
			}
		}
	}
}

// The list and its order are a function of the adds; a map's order would show here.
func TestHeavyHitters_Deterministic(t *testing.T) {
	run := func() []sketch.HeavyHitter[int] {
		o := sketch.HeavyHittersOptions{Capacity: 30, CountMin: sketch.CountMinOptions{Width: 64}}
		a, b := newHeavyHitters[int](t, o), newHeavyHitters[int](t, o)
		for i := range 10_000 {
			a.Add(i%100, 1) // equal counts: all ties
			b.Add(i%77, 1)
		}
		require.NoError(t, a.Merge(b))
		return a.Top(30)
	}
	want := run()
	for range 5 {
		require.Equal(t, want, run())
	}
}

func TestHeavyHitters_Merge_Commutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := sketch.HeavyHittersOptions{Capacity: 5, CountMin: sketch.CountMinOptions{Width: 16}}
		a, b := newHeavyHitters[int](t, o), newHeavyHitters[int](t, o)
		for _, k := range rapid.SliceOf(rapid.IntRange(0, 15)).Draw(t, "a") {
			a.Add(k, 1)
		}
		for _, k := range rapid.SliceOf(rapid.IntRange(0, 15)).Draw(t, "b") {
			b.Add(k, 1)
		}
		ab, ba := a.Clone(), b.Clone()
		require.NoError(t, ab.Merge(b))
		require.NoError(t, ba.Merge(a))
		require.Equal(t, ab.Top(5), ba.Top(5))
		require.Equal(t, ab.Floor(), ba.Floor())
	})
}

func TestHeavyHitters_Table(t *testing.T) {
	h := newHeavyHitters[float64](t, sketch.HeavyHittersOptions{})
	require.Empty(t, h.Top(10))
	h.Add(math.NaN(), 2)
	h.Add(math.NaN(), 3)
	h.Add(1, 0)
	top := h.Top(10)
	require.Len(t, top, 1, "NaN is one key, adding nothing is nothing")
	require.EqualValues(t, 5, top[0].Count)
	require.Empty(t, h.Top(0))
	require.PanicsWithValue(t, "sketch: HeavyHitters.Top: n must be 0 or positive, got -1", func() { h.Top(-1) })

	c := h.Clone()
	c.Add(7, 9)
	require.Len(t, h.Top(10), 1)
	require.EqualValues(t, 7, c.Top(1)[0].Key)
	require.NoError(t, c.Merge(c))
	require.EqualValues(t, 18, c.Top(1)[0].Count, "merged with itself: all twice")
	c.Reset()
	require.Empty(t, c.Top(10))
	require.Zero(t, c.Total())
	require.Zero(t, c.Count(7))
	c.Add(8, 1)
	require.Equal(t, []sketch.HeavyHitter[float64]{{Key: 8, Count: 1}}, c.Top(10))

	bound, confidence := h.ErrorBound()
	require.EqualValues(t, 1, bound)
	require.InDelta(t, 0.993, confidence, 0.001)
}

// A key below the floor of both streams can be above each floor in their union: floors add up.
func TestHeavyHitters_Merge_FloorsAddUp(t *testing.T) {
	o := sketch.HeavyHittersOptions{Capacity: 1}
	a, b := newHeavyHitters[int](t, o), newHeavyHitters[int](t, o)
	for _, h := range []*sketch.HeavyHitters[int]{a, b} {
		h.Add(1, 10)
		h.Add(2, 3)
	}
	require.NoError(t, a.Merge(b))
	require.Equal(t, []sketch.HeavyHitter[int]{{Key: 1, Count: 20}}, a.Top(5))
	require.EqualValues(t, 6, a.Floor())
	checkGuarantees(t, a, map[int]uint64{1: 20, 2: 6})
}

func TestHeavyHitters_Saturates(t *testing.T) {
	h := newHeavyHitters[string](t, sketch.HeavyHittersOptions{Capacity: 1})
	h.Add("a", math.MaxUint64-1)
	h.Add("a", 5)
	h.Add("b", math.MaxUint64)
	require.Equal(t, uint64(math.MaxUint64), h.Count("a"))
	require.Equal(t, uint64(math.MaxUint64), h.Count("b"))
	require.Equal(t, "a", h.Top(1)[0].Key)
}

func TestHeavyHitters_Merge_Conflicts(t *testing.T) {
	h := newHeavyHitters[int](t, sketch.HeavyHittersOptions{Capacity: 10})
	h.Add(1, 1)
	for what, o := range map[string]sketch.HeavyHittersOptions{
		"capacity is 11, want 10": {Capacity: 11},
		"width is 9, want 2719":   {Capacity: 10, CountMin: sketch.CountMinOptions{Width: 9}},
		"seed fingerprint":        {Capacity: 10, CountMin: sketch.CountMinOptions{Seed: 3}},
	} {
		other := newHeavyHitters[int](t, o)
		other.Add(2, 1)
		err := h.Merge(other)
		require.ErrorIs(t, err, stream.ErrConflict)
		require.ErrorContains(t, err, "sketch: HeavyHitters.Merge: "+what)
		require.Len(t, h.Top(10), 1)
		require.EqualValues(t, 1, h.Total())
	}
}
