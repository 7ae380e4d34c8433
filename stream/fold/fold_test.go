package fold_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// reading is what the laws fold: few different values, so that ties come, and the floats that make trouble.
type reading struct {
	Sensor string
	Level  float64
	Ticks  int8
	At     int // position in the input, to tell ties apart
}

func readings(t *rapid.T) []reading {
	levels := []float64{0, math.Copysign(0, -1), 1, 1.5, -2, math.NaN(), math.Inf(1), 1e300}
	list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) reading {
		return reading{
			Sensor: strconv.Itoa(rapid.IntRange(0, 3).Draw(t, "sensor")),
			Level:  rapid.SampledFrom(levels).Draw(t, "level"),
			Ticks:  rapid.Int8().Draw(t, "ticks"),
		}
	}), 0, 40).Draw(t, "readings")
	for i := range list {
		list[i].At = i
	}
	return list
}

func level(r reading) float64  { return r.Level }
func ticks(r reading) int8     { return r.Ticks }
func sensor(r reading) string  { return r.Sensor }
func steady(r reading) bool    { return r.Ticks%2 == 0 }
func byLevel(a, b reading) int { return cmp.Compare(a.Level, b.Level) }

// whole folds all values in order.
func whole[T, A any](f stream.Fold[T, A], values []T) A {
	acc := f.Init()
	for _, v := range values {
		f.Add(&acc, v)
	}
	return acc
}

// text tells apart what must be told apart: bits of floats, nil from empty.
func text(acc any) string { return fmt.Sprintf("%#v", acc) }

// hard makes readings that recur, with the floats that make trouble.
func hard(r *rand.Rand, n int) []reading {
	levels := []float64{0, math.Copysign(0, -1), 1, 1.5, -2, math.NaN(), math.Inf(1), 1e300}
	list := make([]reading, n)
	for i := range list {
		list[i] = reading{
			Sensor: strconv.Itoa(r.IntN(4)), Level: levels[r.IntN(len(levels))], Ticks: int8(r.Uint32()), At: i,
		}
	}
	return list
}

// laws are guarantees 1, 2, 3 and 5.
func laws[A any](f stream.Fold[reading, A]) func(t *testing.T) {
	return func(t *testing.T) {
		streamtest.LawsWith(t, f, streamtest.LawsOptions[reading, A]{Generate: hard})
	}
}

func TestFolds_Laws(t *testing.T) {
	t.Run("Count", laws(fold.Count[reading]()))
	t.Run("Sum", laws(fold.Sum(ticks))) // wraps around
	t.Run("Min", laws(fold.Min(level)))
	t.Run("Max", laws(fold.Max(level)))
	t.Run("Min_string", laws(fold.Min(sensor)))
	t.Run("First", laws(fold.First[reading]()))
	t.Run("Last", laws(fold.Last[reading]()))
	t.Run("Collect", laws(fold.Collect[reading]()))
	t.Run("Top_1", laws(fold.Top(1, byLevel)))
	t.Run("Top_3", laws(fold.Top(3, byLevel)))
	t.Run("Top_300", laws(fold.Top(300, byLevel)))
	t.Run("Pair", laws(fold.Pair(fold.Last[reading](), fold.Pair(fold.Count[reading](), fold.Collect[reading]()))))
	t.Run("On", laws(fold.On(sensor, fold.Collect[string]())))
	t.Run("Where", laws(fold.Where(steady, fold.Top(2, byLevel))))

	// Floats merge to the same value but for rounding.
	t.Run("Sum_floats", laws(fold.Sum(tenths)))
	t.Run("Mean", laws(fold.Mean(tenths)))
	t.Run("Pair_with_floats", laws(fold.Pair(fold.Count[reading](), fold.Sum(tenths))))
}

func tenths(r reading) float64 { return float64(r.Ticks) / 10 }

// A count looks at no value; whatever looks at one anywhere in it must not say that it does not.
func TestBlind_Table(t *testing.T) {
	require.True(t, fold.Count[reading]().Blind)
	require.True(t, fold.Pair(fold.Count[reading](), fold.Count[reading]()).Blind)
	require.False(t, fold.Pair(fold.Count[reading](), fold.Sum(ticks)).Blind)
	require.False(t, fold.Where(steady, fold.Count[reading]()).Blind)
	require.False(t, fold.On(sensor, fold.Count[string]()).Blind, "the part is taken all the same")
	require.False(t, fold.Sum(ticks).Blind)
}

func TestExact_Table(t *testing.T) {
	for name, exact := range map[string]bool{
		"Count": fold.Count[reading]().Exact, "Sum": fold.Sum(ticks).Exact, "Min": fold.Min(level).Exact, "Max": fold.Max(level).Exact,
		"First": fold.First[reading]().Exact, "Last": fold.Last[reading]().Exact, "Collect": fold.Collect[reading]().Exact,
		"Top": fold.Top(3, byLevel).Exact, "Pair": fold.Pair(fold.Count[reading](), fold.Min(level)).Exact,
		"On": fold.On(sensor, fold.Collect[string]()).Exact, "Where": fold.Where(steady, fold.Top(2, byLevel)).Exact,
	} {
		require.True(t, exact, name)
	}
	require.False(t, fold.Sum(tenths).Exact)
	require.False(t, fold.Mean(tenths).Exact)
	require.False(t, fold.Pair(fold.Count[reading](), fold.Sum(tenths)).Exact, "a pair is as exact as the worse of the two")
	require.False(t, fold.Sum(func(r reading) float32 { return 0 }).Exact)

	tenth := func(int) float64 { return 0.1 }
	f := fold.Sum(tenth)
	a, b := whole(f, make([]int, 3)), whole(f, make([]int, 3))
	f.Merge(&a, &b)
	require.NotEqual(t, whole(f, make([]int, 6)), a, "the example of why Exact is false no longer shows it")
}

func TestTop_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := readings(t)
		n := rapid.IntRange(1, 8).Draw(t, "n")
		sorted := slices.Clone(values)
		slices.SortStableFunc(sorted, func(a, b reading) int { return byLevel(b, a) })
		want := sorted[:min(n, len(sorted))]
		got := whole(fold.Top(n, byLevel), values)
		require.Equal(t, text(append([]reading{}, want...)), text(append([]reading{}, got...)))
	})
}

func TestMinMax_Table(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name     string
		values   []float64
		min, max stream.Opt[float64]
	}{
		{"empty", nil, stream.Missing[float64](), stream.Missing[float64]()},
		{"only_nan", []float64{nan, nan}, stream.Missing[float64](), stream.Missing[float64]()},
		{"nan_first", []float64{nan, 2, 1}, stream.Present(1.0), stream.Present(2.0)},
		{"nan_last", []float64{2, 1, nan}, stream.Present(1.0), stream.Present(2.0)},
		{"infinities", []float64{math.Inf(1), 0, math.Inf(-1)}, stream.Present(math.Inf(-1)), stream.Present(math.Inf(1))},
		{"zero_is_a_value", []float64{0}, stream.Present(0.0), stream.Present(0.0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			same := func(v float64) float64 { return v }
			require.Equal(t, c.min, whole(fold.Min(same), c.values))
			require.Equal(t, c.max, whole(fold.Max(same), c.values))
		})
	}
	same := func(v float64) float64 { return v }
	first, _ := whole(fold.Min(same), []float64{math.Copysign(0, -1), 0}).Get()
	require.True(t, math.Signbit(first), "of equal zeros the first stays")
}

func TestSum_IntegersWrapAround(t *testing.T) {
	require.Equal(t, int8(-128), whole(fold.Sum(func(v int8) int8 { return v }), []int8{127, 1}))
	require.Equal(t, uint8(1), whole(fold.Sum(func(v uint8) uint8 { return v }), []uint8{255, 2}))
	require.Equal(t, int64(128), whole(fold.Sum(func(v int8) int64 { return int64(v) }), []int8{127, 1}))
	require.True(t, math.IsNaN(whole(fold.Sum(level), []reading{{Level: 1}, {Level: math.NaN()}})))
}

func TestMean_Table(t *testing.T) {
	mean := fold.Mean(func(v int) int { return v })
	require.True(t, math.IsNaN(whole(mean, nil).Value()))
	require.Equal(t, 2.5, whole(mean, []int{1, 2, 3, 4}).Value())
	require.Equal(t, fold.Average{Sum: 6, N: 3}, whole(mean, []int{1, 2, 3}))
}

func TestSize(t *testing.T) {
	require.Nil(t, fold.Count[int]().Size)
	require.Nil(t, fold.Min(func(v int) int { return v }).Size)
	require.Nil(t, fold.Pair(fold.Count[int](), fold.Last[int]()).Size)
	type name string
	longest := fold.Max(func(v name) name { return v })
	acc := whole(longest, []name{"ann", "bob", "al"})
	require.Equal(t, 3, longest.Size(&acc))
	require.Zero(t, longest.Size(new(stream.Opt[name])))
	require.Zero(t, testing.AllocsPerRun(100, func() { longest.Size(&acc) }))

	all := fold.Where(func(v int32) bool { return v > 0 }, fold.Pair(fold.Collect[int32](), fold.Top(2, cmp.Compare[int32])))
	both := whole(all, []int32{1, -1, 2, 3})
	require.Equal(t, 4*cap(both.First)+4*cap(both.Second), all.Size(&both))
	require.Len(t, both.First, 3)
	on := fold.On(func(v int64) int32 { return int32(v) }, fold.Collect[int32]())
	list := []int32{1, 2}
	require.Equal(t, 8, on.Size(&list))
}

// New and Merge of the parts are kept, and a part that cannot merge makes a whole that cannot.
func TestCombinators_KeepWhatTheFoldsHave(t *testing.T) {
	seven := stream.Fold[int, int]{New: func() int { return 7 }, Add: func(acc *int, v int) { *acc += v }}
	require.Equal(t, stream.Pair[int, int]{First: 7, Second: 0}, fold.Pair(seven, fold.Count[int]()).Init())
	require.Equal(t, 7, fold.On(func(v int) int { return v }, seven).Init())
	require.Equal(t, 7, fold.Where(func(int) bool { return false }, seven).Init())
	pair := fold.Pair(fold.Count[int](), seven)
	require.Nil(t, pair.Merge)
	require.False(t, pair.Exact)
	require.Nil(t, fold.Pair(fold.Count[int](), fold.Count[int]()).New)
}

func TestNilArguments(t *testing.T) {
	none := stream.Fold[int, int]{}
	count := fold.Count[int]()
	for want, call := range map[string]func(){
		"fold: Sum: nil of":                    func() { fold.Sum[int, int](nil) },
		"fold: Mean: nil of":                   func() { fold.Mean[int, int](nil) },
		"fold: Min: nil of":                    func() { fold.Min[int, int](nil) },
		"fold: Max: nil of":                    func() { fold.Max[int, int](nil) },
		"fold: Top: nil compare":               func() { fold.Top[int](1, nil) },
		"fold: Pair: nil a.Add":                func() { fold.Pair(none, count) },
		"fold: Pair: nil b.Add":                func() { fold.Pair(count, none) },
		"fold: On: nil project":                func() { fold.On[int](nil, count) },
		"fold: On: nil f.Add":                  func() { fold.On(func(v int) int { return v }, none) },
		"fold: Where: nil keep":                func() { fold.Where(nil, count) },
		"fold: Where: nil f.Add":               func() { fold.Where(func(int) bool { return true }, none) },
		"fold: Top: n must be positive, got 0": func() { fold.Top(0, cmp.Compare[int]) },
	} {
		require.PanicsWithValue(t, want, call)
	}
}

// One fold serves many groups: what it knows is in the accumulator.
func TestFolds_HoldNoState(t *testing.T) {
	top := fold.Top(2, cmp.Compare[int])
	a, b := top.Init(), top.Init()
	for v := range 5 {
		top.Add(&a, v)
		top.Add(&b, -v)
	}
	require.Equal(t, []int{4, 3}, a)
	require.Equal(t, []int{0, -1}, b)
}

func BenchmarkAdd(b *testing.B) {
	values := make([]reading, 1024)
	for i := range values {
		values[i] = reading{Level: float64(i * 7919 % 1024), Ticks: int8(i), Sensor: "s"}
	}
	b.Run("Count", benchAdd(fold.Count[reading](), values))
	b.Run("Sum", benchAdd(fold.Sum(level), values))
	b.Run("Max", benchAdd(fold.Max(level), values))
	b.Run("Top_10", benchAdd(fold.Top(10, byLevel), values))
	b.Run("Pair", benchAdd(fold.Pair(fold.Count[reading](), fold.Sum(level)), values))
}

func benchAdd[A any](f stream.Fold[reading, A], values []reading) func(b *testing.B) {
	return func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			acc := f.Init()
			for _, v := range values {
				f.Add(&acc, v)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(values)), "ns/value")
	}
}
