package stream_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millrace-go/millrace/stream"
)

// watched counts starts, elements handed out and clean-ups of a source.
type watched struct{ starts, out, cleanups int }

func (w *watched) of(items ...int) stream.Seq[int] {
	return func(yield func(int, error) bool) {
		w.starts++
		defer func() { w.cleanups++ }()
		for _, v := range items {
			w.out++
			if !yield(v, nil) {
				return
			}
		}
	}
}

func TestPull_reads_ahead_what_it_was_told(t *testing.T) {
	defer goleak.VerifyNone(t)
	for chunk, want := range map[int]int{0: 1, 1: 1, 2: 2, 4: 4, 256: 5} {
		var w watched
		c := stream.Pull(w.of(1, 2, 3, 4, 5), stream.PullOptions{Chunk: chunk})
		require.Zero(t, w.starts, "started before the first Next")
		v, ok := c.Next()
		require.True(t, ok)
		require.Equal(t, 1, v)
		require.Equal(t, want, w.out, "chunk %d", chunk)
		c.Close()
		require.Equal(t, 1, w.cleanups, "chunk %d", chunk)
		_, ok = c.Next()
		require.False(t, ok, "Next after Close")
		require.NoError(t, c.Err())
		c.Close()
	}
}

func TestPull_chunk_larger_than_memory(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, n := range []int{3, 1024, 5000} {
		items := make([]int, n)
		for i := range items {
			items[i] = i
		}
		c := stream.Pull(stream.Of(items...), stream.PullOptions{Chunk: math.MaxInt})
		var got []int
		for v, ok := c.Next(); ok; v, ok = c.Next() {
			got = append(got, v)
		}
		require.NoError(t, c.Err())
		require.Equal(t, items, got)
	}
}

func TestPull_close_before_start_leaves_the_source_alone(t *testing.T) {
	defer goleak.VerifyNone(t)
	var w watched
	c := stream.Pull(w.of(1), stream.PullOptions{})
	c.Close()
	_, ok := c.Next()
	require.False(t, ok)
	require.Zero(t, w.starts)
}

func TestPull_error_comes_after_the_elements_before_it(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, chunk := range []int{1, 2, 3, 4} {
		c := stream.Pull(failAfter(errBoom, 1, 2, 3), stream.PullOptions{Chunk: chunk})
		for want := 1; want <= 3; want++ {
			v, ok := c.Next()
			require.True(t, ok)
			require.Equal(t, want, v)
			require.NoError(t, c.Err(), "the error shows only after what came before it")
		}
		for range 3 {
			v, ok := c.Next()
			require.False(t, ok)
			require.Zero(t, v)
			require.ErrorIs(t, c.Err(), errBoom)
		}
		c.Close()
		require.ErrorIs(t, c.Err(), errBoom)
	}
}

func TestPull_panic_of_the_source_comes_out_of_Next(t *testing.T) {
	defer goleak.VerifyNone(t)
	source := stream.Tap(stream.Of(1, 2), func(v int) {
		if v == 2 {
			panic("broken sensor")
		}
	})
	c := stream.Pull(source, stream.PullOptions{})
	defer c.Close()
	c.Next()
	require.PanicsWithValue(t, "broken sensor", func() { c.Next() })
	_, ok := c.Next()
	require.False(t, ok, "a cursor whose source panicked is at its end")
}

func TestZip_cleans_up_both_sides(t *testing.T) {
	defer goleak.VerifyNone(t)
	for stop := range 4 {
		var a, b watched
		n := 0
		for range stream.Zip(a.of(1, 2, 3), b.of(4, 5, 6)) {
			if n == stop {
				break
			}
			n++
		}
		require.Equal(t, [2]int{a.starts, b.starts}, [2]int{a.cleanups, b.cleanups}, "stop at %d", stop)
	}
}
