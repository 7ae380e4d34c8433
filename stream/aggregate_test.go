package stream_test

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/table"
	"github.com/millrace-go/millrace/stream"
)

// collectFold keeps all values, and tells what it holds.
var collectFold = stream.Fold[int, []int]{
	New:  func() []int { return make([]int, 0, 1) },
	Add:  func(acc *[]int, v int) { *acc = append(*acc, v) },
	Size: func(acc *[]int) int { return cap(*acc) * 8 },
}

// modelAggregate groups by comparing each key with every group, and sorts the groups by hash.
func modelAggregate[K comparable](t require.TestingT, values []int, key func(int) K) []stream.Keyed[K, []int] {
	h, err := hash.New[K]()
	require.NoError(t, err)
	var groups []stream.Keyed[K, []int]
	for _, v := range values {
		k := key(v)
		at := slices.IndexFunc(groups, func(g stream.Keyed[K, []int]) bool { return h.Equal(&g.Key, &k) })
		if at < 0 {
			at = len(groups)
			groups = append(groups, stream.Keyed[K, []int]{Key: k})
		}
		groups[at].Value = append(groups[at].Value, v)
	}
	slices.SortStableFunc(groups, func(a, b stream.Keyed[K, []int]) int {
		return cmp.Compare(h.Hash(&a.Key, 0), h.Hash(&b.Key, 0))
	})
	return groups
}

func equalsModel[K comparable](key func(int) K) func(t *testing.T) {
	return func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			values := rapid.SliceOfN(rapid.IntRange(0, 60), 0, 200).Draw(t, "values")
			if rapid.Bool().Draw(t, "in order of hash") {
				h, err := hash.New[K]()
				require.NoError(t, err)
				slices.SortStableFunc(values, func(a, b int) int {
					k, l := key(a), key(b)
					return cmp.Compare(h.Hash(&k, 0), h.Hash(&l, 0))
				})
			}
			defer table.SetFar(rapid.SampledFrom([]int{256, 8}).Draw(t, "far"))()
			resources := rapid.SampledFrom([]stream.Resources{{}, {Workers: 1}, {Workers: 8}, {Memory: 1 << 30}}).Draw(t, "resources")
			s := stream.Aggregate(stream.Of(values...), key, collectFold, stream.AggregateOptions{Resources: resources})
			want := modelAggregate(t, values, key)
			for range 2 {
				got, err := stream.Collect(s)
				require.NoError(t, err)
				// By text: NaN keys are equal here, and a time's zone is that of the first.
				require.Equal(t, fmt.Sprint(want), fmt.Sprint(got))
			}
		})
	}
}

func TestAggregate_Model(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	zones := []*time.Location{time.UTC, time.FixedZone("CET", 3600)}
	type user struct {
		Name string
		ID   uint64
		ok   bool
	}
	t.Run("one_group", equalsModel(func(int) struct{} { return struct{}{} }))
	t.Run("int", equalsModel(func(v int) int { return v - 30 }))
	t.Run("bool", equalsModel(func(v int) bool { return v%2 == 0 }))
	t.Run("string", equalsModel(func(v int) string { return strconv.Itoa(v % 17) }))
	t.Run("struct", equalsModel(func(v int) user { return user{strconv.Itoa(v % 3), uint64(v % 5), v%2 == 0} }))
	t.Run("array", equalsModel(func(v int) [2]uint16 { return [2]uint16{uint16(v % 3), uint16(v % 7)} }))
	t.Run("float_with_nan_and_zeros", equalsModel(func(v int) float64 {
		return []float64{math.NaN(), 0, math.Copysign(0, -1), 1, math.Inf(1)}[v%5]
	}))
	t.Run("time_in_zones", equalsModel(func(v int) time.Time { return at.Add(time.Duration(v % 7)).In(zones[v%2]) }))
	t.Run("opt", equalsModel(func(v int) stream.Opt[int] {
		return []stream.Opt[int]{stream.Missing[int](), stream.Null[int](), stream.Present(0), stream.Present(v)}[v%4]
	}))
	t.Run("any", equalsModel(func(v int) any {
		return []any{nil, v, strconv.Itoa(v), int64(v), math.NaN(), at.In(zones[v%2]), user{ID: uint64(v)}}[v%7]
	}))
}

// Float sums come out bit for bit as a loop over the key's values in input order makes them.
func TestAggregate_AddsInInputOrder(t *testing.T) {
	values := []float64{1e100, 1, -1e100, 0.1, 0.2, 0.3, 1e-30, 7}
	want := map[int]float64{}
	for i := range 1000 {
		want[i%3] += values[i%len(values)] * float64(i)
	}
	add := stream.Fold[int, float64]{Add: func(acc *float64, i int) { *acc += values[i%len(values)] * float64(i) }}
	s := stream.Aggregate(stream.From(upTo(1000)), func(i int) int { return i % 3 }, add, stream.AggregateOptions{})
	for g, err := range s {
		require.NoError(t, err)
		require.Equal(t, math.Float64bits(want[g.Key]), math.Float64bits(g.Value), "key %d", g.Key)
	}
}

func upTo(n int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func TestAggregate_SourceErrorYieldsNoGroup(t *testing.T) {
	s := stream.CountBy(failAfter(errBoom, 1, 2, 3), func(v int) int { return v })
	n := 0
	for g, err := range s {
		n++
		require.ErrorIs(t, err, errBoom)
		require.Zero(t, g)
	}
	require.Equal(t, 1, n)
}

func TestAggregate_RefusesBeforeTheSource(t *testing.T) {
	pulls := 0
	source := countPulls(stream.Of(1, 2), &pulls)
	one := func(s stream.Seq[stream.Keyed[int, int]]) error { return stream.Drain(s) }
	budget := stream.Resources{Memory: -1}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"pointer_key": {stream.Drain(stream.CountBy(source, func(v int) *int { return &v })),
			"stream: CountBy: key type must be comparable without pointers or channels, got *int (*int is a pointer, want a comparable type without pointers or channels)"},
		"negative_memory": {one(stream.Aggregate(source, func(v int) int { return v }, sum, stream.AggregateOptions{Resources: budget})),
			"stream: Aggregate: Resources.Memory must be 0 or positive, got -1"},
	} {
		var typed *stream.OptionError
		require.ErrorAs(t, c.err, &typed, name)
		require.EqualError(t, c.err, c.want, name)
	}
	require.Zero(t, pulls)
}

func TestAggregate_DynamicKeyError(t *testing.T) {
	keys := []any{"ann", 7, []byte("bob"), "ann"}
	s := stream.CountBy(stream.Of(0, 1, 2, 3), func(v int) any { return keys[v] })
	got, err := stream.Collect(s)
	require.Empty(t, got)
	var typed *stream.KeyError
	require.ErrorAs(t, err, &typed)
	require.EqualValues(t, 2, typed.Index)
	require.Equal(t, "CountBy", typed.Func)
	require.ErrorIs(t, err, stream.ErrSchema)
	require.ErrorContains(t, err, "element 2")
	require.ErrorContains(t, err, "[]uint8 is a slice")
}

func TestAggregate_NilArguments(t *testing.T) {
	key := func(v int) int { return v }
	none := stream.AggregateOptions{}
	require.PanicsWithValue(t, "stream: Aggregate: nil sequence", func() { stream.Aggregate(nil, key, sum, none) })
	require.PanicsWithValue(t, "stream: Aggregate: nil key", func() { stream.Aggregate[int, int](stream.Of(1), nil, sum, none) })
	require.PanicsWithValue(t, "stream: Aggregate: nil fold.Add", func() { stream.Aggregate(stream.Of(1), key, stream.Fold[int, int]{}, none) })
	require.PanicsWithValue(t, "stream: CountBy: nil sequence", func() { stream.CountBy(nil, key) })
	require.PanicsWithValue(t, "stream: CountBy: nil key", func() { stream.CountBy[int, int](stream.Of(1), nil) })
}

// Under any limit the result is the unlimited one, and the budget is whole afterwards.
func TestAggregate_Limit(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	key := func(v int) string { return strings.Repeat("k", v%50) }
	run := func(r stream.Resources) ([]stream.Keyed[string, []int], error) {
		r.TempDir = t.TempDir()
		return stream.Collect(stream.Aggregate(stream.From(upTo(2000)), key, collectFold, stream.AggregateOptions{Resources: r}))
	}
	want, err := run(stream.Resources{})
	require.NoError(t, err)
	for memory := int64(1 << 10); memory < 128<<10; memory += memory / 3 {
		got, err := run(stream.Resources{Memory: memory, Budget: budget})
		require.Zero(t, budget.Used(), "limit %d", memory)
		require.NoError(t, err, "limit %d", memory)
		require.Equal(t, want, got, "limit %d", memory)
	}
	small, err := stream.NewBudget(10_000)
	require.NoError(t, err)
	got, err := run(stream.Resources{Budget: small})
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Zero(t, small.Used())
}
func TestAggregate_GivesTheBudgetBack(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	opts := stream.AggregateOptions{Resources: stream.Resources{Budget: budget}}
	key := func(v int) int { return v }
	for range stream.Aggregate(stream.Of(1, 2, 3), key, sum, opts) {
		require.Positive(t, budget.Used(), "nothing is booked while groups are yielded")
		break
	}
	require.Zero(t, budget.Used(), "after a break")

	bad := stream.Fold[int, int]{Add: func(_ *int, v int) {
		if v == 3 {
			panic("bad fold")
		}
	}}
	require.PanicsWithValue(t, "bad fold", func() { _ = stream.Drain(stream.Aggregate(stream.Of(1, 2, 3), key, bad, opts)) })
	require.Zero(t, budget.Used(), "after a panic")
}

// What is booked is what the heap shows: with 20 times as many keys as fit, live bytes stay under 1.2 times the limit
// and a stated constant, in all passes.
func TestAggregate_LimitIsOnLiveBytes(t *testing.T) {
	const limit, slack = 1 << 20, 256 << 10 // slack: blocks being read, runtime structures
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	seen, worst := 0, int64(0)
	base := heap()
	count := stream.Fold[int, [2]int]{Add: func(acc *[2]int, v int) {
		if acc[0] += v; seen%16384 == 0 {
			worst = max(worst, heap()-base)
		}
		seen++
	}}
	key := func(v int) string { return "user-" + strconv.Itoa(v) }
	opts := stream.AggregateOptions{Resources: stream.Resources{Memory: limit, TempDir: t.TempDir()}}
	groups, err := stream.Count(stream.Aggregate(stream.From(upTo(300_000)), key, count, opts))
	require.NoError(t, err)
	require.Equal(t, 300_000, groups)
	require.Equal(t, 300_000, seen)
	require.Greater(t, worst, int64(limit/2), "the bound was not used")
	require.LessOrEqual(t, worst, int64(limit+limit/5+slack))
}

func TestAggregate_AllocatesPerGroupOnly(t *testing.T) {
	key := func(v int) int { return v % 100 }
	run := func(n int, r stream.Resources) float64 {
		return fewestAllocs(5, func() {
			s := stream.Aggregate(stream.From(upTo(n)), key, sum, stream.AggregateOptions{Resources: r})
			if err := stream.Drain(s); err != nil {
				t.Fatal(err)
			}
		})
	}
	for name, r := range map[string]stream.Resources{"unbounded": {}, "bounded": {Memory: 1 << 20}} {
		few, many := run(1000, r), run(50_000, r)
		require.Equal(t, few, many, "%s: allocations per element", name)
		require.Less(t, few, 200.0, name)
	}
}

// Groups come out in order of the stable hash, frozen: a change here is a change of everybody's output.
func TestCountBy_OrderIsFrozen(t *testing.T) {
	s := stream.CountBy(stream.Of("click", "view", "buy", "click", "scroll", ""), func(s string) string { return s })
	got, err := stream.Collect(s)
	require.NoError(t, err)
	require.Equal(t, "[{ 1} {buy 1} {click 2} {view 1} {scroll 1}]", fmt.Sprint(got))
}
