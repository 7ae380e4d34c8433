package stream_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

func init() {
	type ints = stream.Seq[int]
	sortedInputs := []int{1, 1, 2, 3, 4, 5, 6, 9}
	check := func(op func(ints) ints, o streamtest.CheckOptions[int]) func(*testing.T) {
		return func(t *testing.T) { streamtest.CheckWith(t, op, o, sortedInputs...) }
	}
	live := stream.MergeOptions{Chunk: 1}
	compare := cmp.Compare[int]
	register(contracttest.Ops{
		"Merge": func(t *testing.T) {
			t.Run("first", check(func(s ints) ints { return stream.Merge(s, stream.Of(2, 4, 8)) }, streamtest.CheckOptions[int]{}))
			t.Run("second", check(func(s ints) ints { return stream.Merge(stream.Of(2, 4, 8), s) }, streamtest.CheckOptions[int]{}))
			t.Run("alone", check(func(s ints) ints { return stream.Merge(s) }, streamtest.CheckOptions[int]{}))
		},
		"MergeFunc": func(t *testing.T) {
			t.Run("two", check(func(s ints) ints {
				return stream.MergeFunc([]ints{stream.Of(2, 4, 8), s}, compare, stream.MergeOptions{})
			}, streamtest.CheckOptions[int]{}))
			t.Run("live", check(func(s ints) ints { return stream.MergeFunc([]ints{s}, compare, live) },
				streamtest.CheckOptions[int]{Streaming: true}))
		},
	})
}

// stamped is an element of a merge that knows its place.
type stamped struct{ Key, Input, Pos int }

func byStamp(a, b stamped) int { return cmp.Compare(a.Key, b.Key) }

// A merge is the stable sort of its inputs one after the other, up to the first descent or error, and does not depend
// on the chunk.
func TestMergeFunc_Law_Stable(t *testing.T) {
	for seed := range uint64(cases(t, 1000)) {
		rng := rand.New(rand.NewPCG(seed, 5))
		inputs := make([][]stamped, rng.IntN(6))
		var whole []stamped
		bad, badAt := -1, 0 // the input that ends with an error, and where
		for i := range inputs {
			in := make([]stamped, rng.IntN(30))
			for j := range in {
				in[j].Key = rng.IntN(20)
			}
			slices.SortFunc(in, byStamp)
			for j := range in {
				in[j].Input, in[j].Pos = i, j
			}
			inputs[i] = in
			whole = append(whole, in...)
			if len(in) > 0 && rng.IntN(4) == 0 {
				bad, badAt = i, rng.IntN(len(in)+1)
			}
		}
		slices.SortStableFunc(whole, byStamp)
		descends := rng.IntN(2) == 0 && badAt > 0
		if bad >= 0 {
			cut := 0
			if badAt > 0 {
				cut = slices.Index(whole, inputs[bad][badAt-1]) + 1
			}
			whole = whole[:cut]
		}
		for _, chunk := range []int{1, 2, 7, 0} {
			seqs := make([]stream.Seq[stamped], len(inputs))
			for i, in := range inputs {
				seqs[i] = stream.Of(in...)
				switch {
				case i == bad && descends:
					seqs[i] = stream.Concat(stream.Of(in[:badAt]...), stream.Of(stamped{Key: in[badAt-1].Key - 1}))
				case i == bad:
					seqs[i] = stream.Concat(stream.Of(in[:badAt]...), stream.Fail[stamped](errBoom))
				}
			}
			got, err := stream.Collect(stream.MergeFunc(seqs, byStamp, stream.MergeOptions{Chunk: chunk}))
			switch {
			case bad < 0:
				require.NoError(t, err, "seed %d", seed)
			case descends:
				var order *stream.OrderError
				require.ErrorAs(t, err, &order, "seed %d", seed)
				require.ErrorIs(t, err, stream.ErrConflict)
				require.Equal(t, &stream.OrderError{
					Func: "MergeFunc", Input: bad, Index: int64(badAt),
					Got: stamped{Key: inputs[bad][badAt-1].Key - 1}, After: inputs[bad][badAt-1],
				}, order, "seed %d", seed)
			default:
				require.ErrorIs(t, err, errBoom, "seed %d", seed)
			}
			require.True(t, slices.Equal(whole, got), "seed %d, chunk %d: got %v, want %v", seed, chunk, got, whole)
		}
	}
}

// dated is an element whose fields rise with its key for a while, or nearly.
type dated struct {
	Seq   int // rises with Key in the first inputs' first elements
	Key   int
	Input uint32
	Pos   uint32
}

// What a merge goes by changes nothing: chunks of one are merged by compare alone, the others by a guessed field.
func TestMergeFunc_Law_LongInputs(t *testing.T) {
	byKey := func(a, b dated) int { return cmp.Compare(a.Key, b.Key) }
	orders := []func(a, b dated) int{
		byKey,
		func(a, b dated) int { return byKey(b, a) },
		func(a, b dated) int { return cmp.Or(byKey(a, b), cmp.Compare(a.Seq, b.Seq)) },
		func(a, b dated) int { return cmp.Compare(a.Key/100, b.Key/100) },
	}
	const short = 240
	for seed := range uint64(cases(t, short)) {
		rng := rand.New(rand.NewPCG(seed, 9))
		compare := orders[seed%uint64(len(orders))]
		// Inputs of 1500 fill chunks and blocks of 256 several times. A hunt has them 16 times as seldom, in all orders: those
		// of a block or less, where a guess (from 64 elements on) has just begun, take a tenth of the time.
		most := 1500
		if seed >= short && seed/uint64(len(orders))%16 != 0 {
			most = []int{40, 80, 300}[rng.IntN(3)]
		}
		inputs := make([][]dated, 1+rng.IntN(9))
		keys := []int{50, 100_000}[rng.IntN(2)]
		for i := range inputs {
			in := make([]dated, rng.IntN(most))
			for j := range in {
				in[j].Key = rng.IntN(keys)
				in[j].Seq = in[j].Key
				if in[j].Key > keys*3/4 {
					in[j].Seq = rng.IntN(keys)
				}
			}
			slices.SortStableFunc(in, compare)
			for j := range in {
				in[j].Input, in[j].Pos = uint32(i), uint32(j)
			}
			if len(in) > 1 && rng.IntN(4) == 0 { // it descends at a random place, or fails there
				at := 1 + rng.IntN(len(in)-1)
				in[at], in[at-1] = in[at-1], in[at]
			}
			inputs[i] = in
		}
		run := func(chunk int) ([]dated, error) {
			seqs := make([]stream.Seq[dated], len(inputs))
			for i, in := range inputs {
				seqs[i] = stream.Of(in...)
			}
			return stream.Collect(stream.MergeFunc(seqs, compare, stream.MergeOptions{Chunk: chunk}))
		}
		want, wantErr := run(1)
		if wantErr == nil {
			sorted := slices.Concat(inputs...)
			slices.SortStableFunc(sorted, compare)
			require.True(t, slices.Equal(sorted, want), "seed %d", seed)
		}
		for _, chunk := range []int{2, 64, 0} {
			got, err := run(chunk)
			require.Equal(t, wantErr, err, "seed %d, chunk %d", seed, chunk)
			require.True(t, slices.Equal(want, got), "seed %d, chunk %d", seed, chunk)
		}
	}
}

// Ten thousand inputs, some of them empty, most of an element or two, one long.
func TestMerge_ManyInputs(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	inputs := make([]stream.Seq[int], 10_000)
	var want []int
	for i := range inputs {
		in := make([]int, rng.IntN(4))
		if i == 77 {
			in = make([]int, 5000)
		}
		for j := range in {
			in[j] = rng.IntN(1000)
		}
		slices.Sort(in)
		want = append(want, in...)
		inputs[i] = stream.Of(in...)
	}
	slices.Sort(want)
	got, err := stream.Collect(stream.Merge(inputs...))
	require.NoError(t, err)
	require.True(t, slices.Equal(want, got))
	got, err = stream.Collect(stream.MergeFunc(inputs, cmp.Compare[int], stream.MergeOptions{}))
	require.NoError(t, err)
	require.True(t, slices.Equal(want, got))
}

func TestMerge(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		got, err := stream.Collect(stream.Merge[int]())
		require.NoError(t, err)
		require.Empty(t, got)
	})
	t.Run("nan_comes_first", func(t *testing.T) {
		got, err := stream.Collect(stream.Merge(stream.Of(math.NaN(), -1), stream.Of(math.Inf(-1), math.NaN())))
		require.ErrorContains(t, err, "stream: Merge: input 1 is not sorted: element 1 is NaN, after -Inf: conflict")
		require.Len(t, got, 2)
	})
	t.Run("strings_alike_in_eight_bytes", func(t *testing.T) {
		got, err := stream.Collect(stream.Merge(stream.Of("2026-11-21b", "2026-11-21c"), stream.Of("2026-11-2", "2026-11-21a", "2026-11-21bb")))
		require.NoError(t, err)
		require.Equal(t, []string{"2026-11-2", "2026-11-21a", "2026-11-21b", "2026-11-21bb", "2026-11-21c"}, got)
	})
	t.Run("reads_ahead_what_was_taken_and_one", func(t *testing.T) {
		src := &streamtest.Script[int]{Values: make([]int, 1000)}
		taken := 0
		for _, err := range stream.Merge(src.Seq()) {
			require.NoError(t, err)
			taken++
			require.LessOrEqual(t, src.Counts().Pulls, min(2*taken, taken+255)+1)
		}
		require.Equal(t, 1000, taken)
	})
	t.Run("all_inputs_end_where_the_loop_breaks", func(t *testing.T) {
		a := &streamtest.Script[int]{Values: []int{1, 3}}
		b := &streamtest.Script[int]{Values: []int{2, 4}}
		for v := range stream.Merge(a.Seq(), b.Seq()) {
			if v == 2 {
				break
			}
		}
		require.Equal(t, 1, a.Counts().Cleanups)
		require.Equal(t, 1, b.Counts().Cleanups)
	})
	t.Run("wrong_option", func(t *testing.T) {
		_, err := stream.Collect(stream.MergeFunc([]stream.Seq[int]{stream.Of(1)}, cmp.Compare[int], stream.MergeOptions{Chunk: -1}))
		require.ErrorContains(t, err, "stream: MergeFunc: Chunk must be 0 or positive, got -1")
	})
	t.Run("nil", func(t *testing.T) {
		require.PanicsWithValue(t, "stream: Merge: nil input 1", func() { stream.Merge(stream.Of(1), nil) })
		require.PanicsWithValue(t, "stream: MergeFunc: nil compare", func() { stream.MergeFunc([]stream.Seq[int]{}, nil, stream.MergeOptions{}) })
	})
}

// A comparison that says < for floats of which some are NaN is no order, and yet the one that is written most often. It may leave
// the order of a merge open; it must not hide that an input descends, nor lose what comes after.
func TestMergeFunc_DescentsBesideNaN(t *testing.T) {
	type row struct {
		Seq int
		F   float64
	}
	naive := func(a, b row) int {
		switch {
		case a.F < b.F:
			return -1
		case a.F > b.F:
			return 1
		}
		return 0
	}
	for _, again := range []bool{false, true} {
		var even, odd []row
		for i := range 3000 {
			even = append(even, row{2 * i, float64(2 * i)})
			odd = append(odd, row{2*i + 1, float64(2*i + 1)})
		}
		even[766].F = math.NaN() // the last of a chunk
		odd[765] = row{1533, 100}
		if again {
			odd[766].F = 99
		}
		for _, chunk := range []int{1, 63, 0, 256} {
			got, err := stream.Collect(stream.MergeFunc([]stream.Seq[row]{stream.Of(even...), stream.Of(odd...)}, naive, stream.MergeOptions{Chunk: chunk}))
			var order *stream.OrderError
			require.ErrorAs(t, err, &order, "chunk %d", chunk)
			require.Equal(t, int64(765), order.Index, "chunk %d", chunk)
			require.Len(t, got, 1530, "chunk %d", chunk)
		}
	}
}

// One sequence run by several goroutines at once, which it may where its inputs may.
func TestMergeFunc_RunsAtOnce(t *testing.T) {
	inputs := []stream.Seq[int]{}
	for i := range 3 {
		var in []int
		for v := range 2000 {
			in = append(in, 3*v+i)
		}
		inputs = append(inputs, stream.Of(in...))
	}
	merged := stream.MergeFunc(inputs, cmp.Compare[int], stream.MergeOptions{})
	ended := make(chan error)
	for range 4 {
		go func() {
			want := 0
			for v, err := range merged {
				if err != nil || v != want {
					ended <- fmt.Errorf("%d, %v in place of %d", v, err, want)
					return
				}
				want++
			}
			ended <- nil
		}()
	}
	for range 4 {
		require.NoError(t, <-ended)
	}
}

// Long inputs are merged by the field that the comparison goes by: it is asked twice per element, to watch the inputs and to
// confirm what comes out, and not once more per level of a tree.
func TestMergeFunc_Guesses(t *testing.T) {
	if pure {
		t.Skip("under purego nothing is guessed")
	}
	const inputs, each = 8, 20_000
	var seqs []stream.Seq[stamped]
	for i := range inputs {
		in := make([]stamped, each)
		for j := range in {
			in[j] = stamped{Key: inputs*j + i*31%inputs, Input: i, Pos: j}
		}
		seqs = append(seqs, stream.Of(in...))
	}
	asked := 0
	compare := func(a, b stamped) int {
		asked++
		return byStamp(a, b)
	}
	n, err := stream.Count(stream.MergeFunc(seqs, compare, stream.MergeOptions{}))
	require.NoError(t, err)
	require.Equal(t, inputs*each, n)
	require.Less(t, asked, 23*n/10, "comparisons of %d elements", n)
}
