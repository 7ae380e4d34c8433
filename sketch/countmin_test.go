package sketch_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/sketch"
	"github.com/millrace-go/millrace/stream"
)

func newCountMin[K comparable](t require.TestingT, o sketch.CountMinOptions) *sketch.CountMin[K] {
	c, err := sketch.NewCountMin[K](o)
	require.NoError(t, err)
	return c
}

func TestNewCountMin_Table(t *testing.T) {
	for _, c := range []struct {
		name         string
		o            sketch.CountMinOptions
		width, depth int
		wrong        string // the option refused; empty: none
	}{
		{name: "defaults", width: 2719, depth: 5},
		{name: "epsilon_and_delta", o: sketch.CountMinOptions{Epsilon: 0.0001, Delta: 0.001}, width: 27183, depth: 7},
		{name: "width_and_depth", o: sketch.CountMinOptions{Width: 1000, Depth: 3}, width: 1000, depth: 3},
		{name: "width_and_delta", o: sketch.CountMinOptions{Width: 7, Delta: 0.5}, width: 7, depth: 1},
		{name: "one_counter", o: sketch.CountMinOptions{Width: 1, Depth: 1}, width: 1, depth: 1},
		{name: "deepest", o: sketch.CountMinOptions{Width: 2, Delta: math.Exp(-32)}, width: 2, depth: 32},
		{name: "width_beside_epsilon", o: sketch.CountMinOptions{Width: 10, Epsilon: 0.1}, wrong: "Width"},
		{name: "depth_beside_delta", o: sketch.CountMinOptions{Depth: 10, Delta: 0.1}, wrong: "Depth"},
		{name: "width_negative", o: sketch.CountMinOptions{Width: -1}, wrong: "Width"},
		{name: "width_too_large", o: sketch.CountMinOptions{Width: 1<<27 + 1}, wrong: "Width"},
		{name: "width_times_depth_too_large", o: sketch.CountMinOptions{Width: 1 << 26, Depth: 3}, wrong: "Width"},
		{name: "depth_negative", o: sketch.CountMinOptions{Depth: -1}, wrong: "Depth"},
		{name: "depth_too_large", o: sketch.CountMinOptions{Depth: 33}, wrong: "Depth"},
		{name: "epsilon_one", o: sketch.CountMinOptions{Epsilon: 1}, wrong: "Epsilon"},
		{name: "epsilon_negative", o: sketch.CountMinOptions{Epsilon: -0.1}, wrong: "Epsilon"},
		{name: "epsilon_nan", o: sketch.CountMinOptions{Epsilon: math.NaN()}, wrong: "Epsilon"},
		{name: "epsilon_too_small", o: sketch.CountMinOptions{Epsilon: 1e-9}, wrong: "Epsilon"},
		{name: "delta_one", o: sketch.CountMinOptions{Delta: 1}, wrong: "Delta"},
		{name: "delta_nan", o: sketch.CountMinOptions{Delta: math.NaN()}, wrong: "Delta"},
		{name: "delta_too_small", o: sketch.CountMinOptions{Delta: 1e-15}, wrong: "Delta"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := sketch.NewCountMin[string](c.o)
			if c.wrong != "" {
				var wrong *stream.OptionError
				require.ErrorAs(t, err, &wrong)
				require.Equal(t, c.wrong, wrong.Option)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []int{c.width, c.depth}, []int{m.Width(), m.Depth()})
			require.Zero(t, m.Count("a"))
			require.GreaterOrEqual(t, m.Size(), 8*c.width*c.depth)
		})
	}
	_, err := sketch.NewCountMin[*int](sketch.CountMinOptions{})
	require.ErrorContains(t, err, "sketch: NewCountMin: ")
}

// streams are the shapes of keys that sketches meet: even, skewed, in sequence, and in the sequences that
// share their low bits (a hash that is not mixed sends these to few counters).
func streams(seed uint64, n int) map[string][]uint64 {
	r := rand.New(rand.NewPCG(seed, 99))
	zipf := rand.NewZipf(r, 1.1, 1, 1<<20)
	s := map[string][]uint64{}
	for i := range uint64(n) {
		s["uniform"] = append(s["uniform"], r.Uint64N(uint64(n)/4))
		s["zipf"] = append(s["zipf"], zipf.Uint64())
		s["sequential"] = append(s["sequential"], i)
		s["strided"] = append(s["strided"], (i/3)<<24)
		s["high_bits"] = append(s["high_bits"], (i%(uint64(n)/5))<<44)
	}
	return s
}

// Counts are never too low, and no more of them are above the bound than the confidence leaves: in fact none, or
// nearly none, but that much is promised. Widths that are powers of two are where rows that are not independent
// fail.
func TestCountMin_Law_Bounds(t *testing.T) {
	for _, o := range []sketch.CountMinOptions{
		{Epsilon: 0.001, Delta: 0.01},
		{Width: 4096, Depth: 4},
		{Width: 2048, Depth: 5, Conservative: true},
		{Width: 1 << 14, Depth: 2},
		{Width: 333, Depth: 1},
	} {
		for seed := range uint64(2) {
			o.Seed = seed
			for name, keys := range streams(seed, 50_000) {
				c := newCountMin[uint64](t, o)
				truth := map[uint64]uint64{}
				for _, k := range keys {
					c.Add(k, 1)
					truth[k]++
				}
				bound, confidence := c.ErrorBound()
				above := checkCounts(t, c, truth, bound)
				require.LessOrEqual(t, float64(above), (1-confidence)*float64(len(truth)), "%s, %+v", name, o)
				require.EqualValues(t, len(keys), c.Total())
				require.EqualValues(t, math.Ceil(math.E/float64(c.Width())*float64(len(keys))), bound)
			}
		}
	}
}

// checkCounts fails if a count is too low and returns how many are more than bound too high.
func checkCounts(t require.TestingT, c *sketch.CountMin[uint64], truth map[uint64]uint64, bound uint64) (above int) {
	for k, n := range truth {
		got := c.Count(k)
		if got < n {
			require.FailNow(t, "count too low", "key %d: %d, want at least %d", k, got, n)
		}
		if got-n > bound {
			above++
		}
	}
	return above
}

// Rows from double hashing into a power-of-two width have a tail: counts a hundred times the bound. With
// independent rows the worst of 200,000 keys keeps to it.
func TestCountMin_RowsAreIndependent(t *testing.T) {
	c := newCountMin[uint64](t, sketch.CountMinOptions{Width: 2048, Depth: 4})
	truth := map[uint64]uint64{}
	r := rand.New(rand.NewPCG(3, 3))
	zipf := rand.NewZipf(r, 1.05, 1, 200_000)
	for range 500_000 {
		k := zipf.Uint64()
		c.Add(k, 1)
		truth[k]++
	}
	bound, _ := c.ErrorBound()
	require.Zero(t, checkCounts(t, c, truth, bound))
}

func TestCountMin_ConservativeIsCloser(t *testing.T) {
	plain := newCountMin[uint64](t, sketch.CountMinOptions{Width: 500, Depth: 4})
	careful := newCountMin[uint64](t, sketch.CountMinOptions{Width: 500, Depth: 4, Conservative: true})
	truth := map[uint64]uint64{}
	for _, k := range streams(1, 50_000)["zipf"] {
		plain.Add(k, 1)
		careful.Add(k, 1)
		truth[k]++
	}
	var over, overCareful uint64
	for k, n := range truth {
		require.LessOrEqual(t, careful.Count(k), plain.Count(k))
		require.GreaterOrEqual(t, careful.Count(k), n)
		over += plain.Count(k) - n
		overCareful += careful.Count(k) - n
	}
	require.Less(t, 3*overCareful, 2*over, "the error should be a third less here, at least")
}

// Any split of a stream over merged sketches, with bytes in between: counts stay above the truth and (in the
// plain sketch) equal those of one sketch; conservative ones stay at or below the plain ones.
func TestCountMin_Law_Merge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := sketch.CountMinOptions{Width: rapid.IntRange(1, 40).Draw(t, "width"), Depth: rapid.IntRange(1, 7).Draw(t, "depth"), Seed: rapid.Uint64().Draw(t, "seed")}
		careful := o
		careful.Conservative = true
		type add struct{ key, n uint64 }
		adds := rapid.SliceOf(rapid.Custom(func(t *rapid.T) add {
			return add{rapid.Uint64Range(0, 30).Draw(t, "key"), rapid.OneOf(rapid.Uint64Range(0, 5), rapid.Uint64Range(1<<62, math.MaxUint64)).Draw(t, "n")}
		})).Draw(t, "adds")
		parts := rapid.IntRange(1, 4).Draw(t, "parts")

		whole := newCountMin[uint64](t, o)
		truth := map[uint64]uint64{}
		split, carefulSplit := make([]*sketch.CountMin[uint64], parts), make([]*sketch.CountMin[uint64], parts)
		for i := range parts {
			split[i], carefulSplit[i] = newCountMin[uint64](t, o), newCountMin[uint64](t, careful)
		}
		for _, a := range adds {
			whole.Add(a.key, a.n)
			truth[a.key] = min(truth[a.key]+a.n, math.MaxUint64)
			if truth[a.key] < a.n {
				truth[a.key] = math.MaxUint64 // the model saturates too
			}
			i := rapid.IntRange(0, parts-1).Draw(t, "part")
			split[i].Add(a.key, a.n)
			carefulSplit[i].Add(a.key, a.n)
		}
		for parts > 1 {
			i := rapid.IntRange(0, parts-2).Draw(t, "into")
			last := parts - 1
			sent := newCountMin[uint64](t, o)
			require.NoError(t, sent.Restore(bytes.NewReader(snapshot(t, split[last]))))
			require.NoError(t, split[i].Merge(sent))
			require.NoError(t, carefulSplit[i].Merge(carefulSplit[last].Clone()))
			parts--
		}
		require.Equal(t, snapshot(t, whole), snapshot(t, split[0]))
		back := newCountMin[uint64](t, careful)
		require.NoError(t, back.Restore(bytes.NewReader(snapshot(t, carefulSplit[0]))))
		for k, n := range truth {
			require.GreaterOrEqual(t, whole.Count(k), n)
			require.GreaterOrEqual(t, back.Count(k), n)
			require.LessOrEqual(t, back.Count(k), whole.Count(k))
		}
	})
}

func TestCountMin_Saturates(t *testing.T) {
	for _, conservative := range []bool{false, true} {
		c := newCountMin[string](t, sketch.CountMinOptions{Conservative: conservative})
		c.Add("a", 0)
		require.Zero(t, c.Total())
		c.Add("a", math.MaxUint64-1)
		c.Add("b", 1)
		bound, _ := c.ErrorBound()
		require.Equal(t, uint64(math.MaxUint64), bound, "the total has stopped")
		c.Add("a", 5)
		c.Add("a", math.MaxUint64)
		require.Equal(t, uint64(math.MaxUint64), c.Count("a"))
		require.EqualValues(t, 1, c.Count("b"))
		require.Equal(t, uint64(math.MaxUint64), c.Total())
		require.NoError(t, c.Merge(c))
		require.Equal(t, uint64(math.MaxUint64), c.Count("a"))
		require.EqualValues(t, 2, c.Count("b"), "merged with itself")
		back := newCountMin[string](t, sketch.CountMinOptions{Conservative: conservative})
		require.NoError(t, back.Restore(bytes.NewReader(snapshot(t, c))))
		require.Equal(t, snapshot(t, c), snapshot(t, back))
	}
}

func TestCountMin_CloneReset(t *testing.T) {
	c := newCountMin[string](t, sketch.CountMinOptions{})
	empty := snapshot(t, c)
	c.Add("click", 3)
	d := c.Clone()
	d.Add("click", 4)
	require.EqualValues(t, 3, c.Count("click"))
	require.EqualValues(t, 7, d.Count("click"))
	c.Reset()
	require.Equal(t, empty, snapshot(t, c))
	require.EqualValues(t, 7, d.Count("click"))
}

func TestCountMin_Merge_Conflicts(t *testing.T) {
	base := sketch.CountMinOptions{Width: 100, Depth: 4, Seed: 1}
	for _, c := range []struct {
		what   string
		change func(*sketch.CountMinOptions)
	}{
		{"width is 101, want 100", func(o *sketch.CountMinOptions) { o.Width = 101 }},
		{"depth is 5, want 4", func(o *sketch.CountMinOptions) { o.Depth = 5 }},
		{"seed fingerprint", func(o *sketch.CountMinOptions) { o.Seed = 2 }},
		{"conservative", func(o *sketch.CountMinOptions) { o.Conservative = true }},
	} {
		o := base
		c.change(&o)
		m, other := newCountMin[int](t, base), newCountMin[int](t, o)
		m.Add(1, 1)
		other.Add(1, 1)
		before := snapshot(t, m)
		err := m.Merge(other)
		require.ErrorIs(t, err, stream.ErrConflict)
		require.ErrorContains(t, err, "sketch: CountMin.Merge: ")
		require.ErrorContains(t, err, c.what)
		require.Equal(t, before, snapshot(t, m))
		require.NotEqual(t, m.Digest(), other.Digest())
	}
}
