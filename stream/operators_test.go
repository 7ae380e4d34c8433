package stream_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/stream"
)

// countPulls reports in *n how many elements were asked of s.
func countPulls[T any](s stream.Seq[T], n *int) stream.Seq[T] {
	return stream.Tap(s, func(T) { *n++ })
}

func TestTake_reads_no_more_than_it_yields(t *testing.T) {
	pulls := 0
	got := collect(t, stream.Take(countPulls(failAfter(errBoom, 1, 2), &pulls), 2))
	require.Equal(t, []int{1, 2}, got)
	require.Equal(t, 2, pulls)
	require.Empty(t, collect(t, stream.Take(stream.Fail[int](errBoom), 0)))
}

func TestWrong_options_come_first_and_leave_the_source_alone(t *testing.T) {
	touched := func(yield func(int, error) bool) { t.Error("source was touched") }
	for name, s := range map[string]stream.Seq[int]{
		"stream: Take: n must be 0 or positive, got -1":        stream.Take(touched, -1),
		"stream: Skip: n must be 0 or positive, got -2":        stream.Skip(touched, -2),
		"stream: SkipExactly: n must be 0 or positive, got -3": stream.SkipExactly(touched, -3),
		"stream: Batch: size must be positive, got 0":          stream.FlatMap(stream.Batch(touched, 0), func([]int) stream.Seq[int] { return stream.Of(0) }),
		"stream: Pull: Chunk must be 0 or positive, got -1":    pulled(touched, -1),
	} {
		got, err := stream.Collect(s)
		var option *stream.OptionError
		require.ErrorAs(t, err, &option, name)
		require.EqualError(t, err, name)
		require.Empty(t, got)
	}
}

// pulled runs s through a cursor, back into a Seq.
func pulled[T any](s stream.Seq[T], chunk int) stream.Seq[T] {
	return func(yield func(T, error) bool) {
		c := stream.Pull(s, stream.PullOptions{Chunk: chunk})
		defer c.Close()
		for {
			v, ok := c.Next()
			if !ok {
				break
			}
			if !yield(v, nil) {
				return
			}
		}
		if err := c.Err(); err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

func TestBatch_table(t *testing.T) {
	require.Equal(t, [][]int{{1, 2}, {3}}, collect(t, stream.Batch(stream.Of(1, 2, 3), 2)))
	require.Empty(t, collect(t, stream.Batch(stream.Of[int](), 2)))
	got, err := stream.Collect(stream.Batch(failAfter(errBoom, 1, 2, 3), 2))
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, [][]int{{1, 2}, {3}}, got, "the unfinished batch comes before the error")
	require.Equal(t, [][]int{{1}}, collect(t, stream.Batch(stream.Of(1), math.MaxInt)), "a huge size allocates nothing ahead")
}

func TestBatch_slices_are_the_consumers_own(t *testing.T) {
	batches := collect(t, stream.Batch(stream.Of(1, 2, 3, 4), 2))
	_ = append(batches[0], 99)
	require.Equal(t, [][]int{{1, 2}, {3, 4}}, batches)
}

func TestChunkBy_table(t *testing.T) {
	type click struct {
		user string
		n    int
	}
	chunks := collect(t, stream.ChunkBy(stream.Of(click{"a", 1}, click{"a", 2}, click{"b", 3}, click{"a", 4}), func(c click) string { return c.user }))
	require.Equal(t, []stream.Chunk[string, click]{
		{Key: "a", Values: []click{{"a", 1}, {"a", 2}}},
		{Key: "b", Values: []click{{"b", 3}}},
		{Key: "a", Values: []click{{"a", 4}}},
	}, chunks, "adjacent only: a returns as a chunk of its own")
}

func TestChunkBy_keys_follow_the_key_rules(t *testing.T) {
	nan := math.NaN()
	self := func(v float64) float64 { return v }
	require.Len(t, collect(t, stream.ChunkBy(stream.Of(nan, nan, 1), self)), 2, "NaN equals NaN")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	same := at.In(time.FixedZone("x", 3600))
	require.Len(t, collect(t, stream.ChunkBy(stream.Of(at, same), func(v time.Time) time.Time { return v })), 1, "times compare by instant")
	_, err := stream.Collect(stream.ChunkBy(stream.Of(1), func(v int) *int { return &v }))
	var option *stream.OptionError
	require.ErrorAs(t, err, &option, "pointer keys are refused")
	_, err = stream.Collect(stream.ChunkBy(stream.Of(1, 2), func(v int) any {
		if v == 2 {
			return []int{v}
		}
		return v
	}))
	require.ErrorContains(t, err, "element 1")
}

func TestChunkBy_unfinished_chunk_is_not_yielded_before_an_error(t *testing.T) {
	got, err := stream.Collect(stream.ChunkBy(failAfter(errBoom, 1, 1, 2), func(v int) int { return v }))
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, []stream.Chunk[int, int]{{Key: 1, Values: []int{1, 1}}}, got)
}

func TestZip_lengths_must_agree(t *testing.T) {
	for name, tc := range map[string]struct {
		a, b stream.Seq[int]
		want string
	}{
		"second ends first": {stream.Of(1, 2, 3), stream.Of(1, 2), "stream: Zip: second sequence ended after 2 elements, the other goes on: conflict"},
		"first ends first":  {stream.Of(1), stream.Of(1, 2), "stream: Zip: first sequence ended after 1 elements, the other goes on: conflict"},
	} {
		_, err := stream.Collect(stream.Zip(tc.a, tc.b))
		require.EqualError(t, err, tc.want, name)
		require.ErrorIs(t, err, stream.ErrConflict, name)
	}
	require.Empty(t, collect(t, stream.Zip(stream.Of[int](), stream.Of[int]())))
}

func TestZip_errors_of_either(t *testing.T) {
	errOther := errors.New("other")
	for name, tc := range map[string]struct {
		a, b stream.Seq[int]
		want error
		n    int
	}{
		"first":            {failAfter(errBoom, 1), stream.Of(1, 2), errBoom, 1},
		"second":           {stream.Of(1, 2), failAfter(errBoom, 1), errBoom, 1},
		"both at one":      {failAfter(errBoom, 1), failAfter(errOther, 1), errBoom, 1},
		"second after end": {stream.Of(1), failAfter(errBoom, 1), errBoom, 1},
	} {
		got, err := stream.Collect(stream.Zip(tc.a, tc.b))
		require.ErrorIs(t, err, tc.want, name)
		require.Len(t, got, tc.n, name)
	}
}

func TestScan_starts_anew_each_run(t *testing.T) {
	s := stream.Scan(stream.Of(1, 2, 3), 10, func(acc, v int) int { return acc + v })
	require.Equal(t, []int{11, 13, 16}, collect(t, s))
	require.Equal(t, []int{11, 13, 16}, collect(t, s))
}

// The operators equal their ten-line loops over slices, on random input with an error at a random place.
func TestOperators_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 40).Draw(t, "in")
		n := rapid.IntRange(0, 45).Draw(t, "n")
		fails := rapid.Bool().Draw(t, "fails")
		source := stream.Of(in...)
		if fails {
			source = failAfter(errBoom, in...)
		}
		even := func(v int) bool { return v%2 == 0 }
		small := func(v int) bool { return v < 3 }

		var filtered, taken, skipped, while, rest, flat []int
		skipping := true
		for i, v := range in {
			if even(v) {
				filtered = append(filtered, v)
			}
			if i < n {
				taken = append(taken, v)
			} else {
				skipped = append(skipped, v)
			}
			if skipping && !small(v) {
				skipping = false
			}
			if skipping {
				while = append(while, v)
			} else {
				rest = append(rest, v)
			}
			for range v {
				flat = append(flat, v)
			}
		}
		check := func(name string, s stream.Seq[int], want []int, ends bool) {
			got, err := stream.Collect(s)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%s = %v, want %v", name, got, want)
			}
			if wantErr := fails && !ends; wantErr != errors.Is(err, errBoom) {
				t.Fatalf("%s: err = %v, want error %v", name, err, wantErr)
			}
		}
		check("Filter", stream.Filter(source, even), filtered, false)
		check("Take", stream.Take(source, n), taken, n <= len(in))
		check("Skip", stream.Skip(source, n), skipped, false)
		if n <= len(in) {
			check("SkipExactly", stream.SkipExactly(source, int64(n)), skipped, false)
		}
		check("TakeWhile", stream.TakeWhile(source, small), while, len(while) < len(in))
		check("SkipWhile", stream.SkipWhile(source, small), rest, false)
		check("FlatMap", stream.FlatMap(source, func(v int) stream.Seq[int] {
			return stream.Map(stream.Take(stream.Of(0, 0, 0, 0, 0), v), func(int) int { return v })
		}), flat, false)
		check("Pull", pulled(source, n), in, false)
		size := max(n, 1)
		check("Batch", stream.FlatMap(stream.Batch(source, size), func(b []int) stream.Seq[int] { return stream.Of(b...) }), in, false)
	})
}
