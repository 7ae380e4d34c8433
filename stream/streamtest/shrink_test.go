package streamtest

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/stream"
)

func shrunk[T any](values []T, fails func([]T) bool) []T {
	s := shrinker[T]{left: shrinkRuns, simplify: true, fails: fails}
	return s.shrink(slices.Clone(values))
}

func TestShrink_Table(t *testing.T) {
	ints := Random[int](1, 200)
	has := func(want ...int) func([]int) bool {
		return func(v []int) bool {
			return !slices.ContainsFunc(want, func(w int) bool { return !slices.Contains(v, w) })
		}
	}
	require.Empty(t, shrunk(ints, func([]int) bool { return true }))
	require.Equal(t, []int{3}, shrunk(ints, has(3)))
	require.Equal(t, []int{100}, shrunk([]int{5, math.MaxInt, 7}, func(v []int) bool {
		return slices.ContainsFunc(v, func(x int) bool { return x >= 100 })
	}))
	require.Equal(t, []int{-100}, shrunk([]int{5, math.MinInt + 1, 7}, func(v []int) bool {
		return slices.ContainsFunc(v, func(x int) bool { return x <= -100 })
	}))
	require.Equal(t, make([]int, 17), shrunk(ints, func(v []int) bool { return len(v) >= 17 }))
	require.ElementsMatch(t, []int{3, 7}, shrunk(ints, has(3, 7)))

	type row struct {
		Key   string
		Level float64
		On    bool
		Tags  []string
		At    time.Time
		By    stream.Opt[string]
		P     *int
		small int //lint:ignore U1000 a field that no value can be put in
	}
	got := shrunk(Random[row](1, 300), func(v []row) bool {
		return slices.ContainsFunc(v, func(r row) bool { return len(r.Key) > 2 && r.Level > 9.5 && len(r.Tags) > 1 })
	})
	require.Len(t, got, 1)
	require.Len(t, got[0].Key, 3)
	require.Equal(t, 10.0, got[0].Level)
	require.Equal(t, 2, len(got[0].Tags))
	got[0].Key, got[0].Level, got[0].Tags = "", 0, nil
	require.Equal(t, row{}, got[0])
}

func TestShrink_EveryKindEnds(t *testing.T) {
	type all struct {
		I8 int8
		U8 uint8
		U  uint64
		F  float32
		C  complex128
		M  map[string]int
		V  any
		A  [2]int
	}
	values := Random[all](4, 50)
	require.Equal(t, make([]all, 5), shrunk(values, func(v []all) bool { return len(v) >= 5 }))
	require.Empty(t, simpler(reflect.ValueOf(new(int)).Elem()))
	extreme := shrunk([]int8{math.MinInt8}, func(v []int8) bool { return len(v) == 1 && v[0] < -100 })
	require.Equal(t, []int8{-101}, extreme)
	anything := shrunk([]any{1, "long text"}, func(v []any) bool {
		return slices.ContainsFunc(v, func(x any) bool { s, ok := x.(string); return ok && strings.Contains(s, "x") })
	})
	require.Equal(t, []any{"long text"}, anything)
}

// What is left out or changed never makes a passing input of a failing one, and no element is left that is not needed.
func TestShrink_Law_Minimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 40).Draw(t, "values")
		least := rapid.IntRange(1, 20).Draw(t, "sum")
		fails := func(v []int) bool {
			sum := 0
			for _, x := range v {
				sum += x
			}
			return sum >= least
		}
		if !fails(values) {
			return
		}
		s := shrinker[int]{left: shrinkRuns, fails: fails}
		small := s.shrink(slices.Clone(values))
		require.True(t, fails(small))
		for i := range small {
			require.False(t, fails(slices.Concat(small[:i], small[i+1:])))
		}
		s.simplify = true
		require.True(t, fails(s.shrink(small)))
	})
}

func TestShrink_StopsAtItsBound(t *testing.T) {
	runs := 0
	s := shrinker[int]{left: 10, simplify: true, fails: func([]int) bool { runs++; return false }}
	require.Len(t, s.shrink(make([]int, 1000)), 1000)
	require.Equal(t, 10, runs)
}
