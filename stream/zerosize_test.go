package stream_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// Types of no bytes: a row that only is there, the one key of all rows, an accumulator that only says that its key
// occurred. Nothing may divide by their size, nor lose count of what takes no room: the output is that of any other type,
// whatever memory and workers, and the states of event time come back from their snapshots.

type nothing struct{}

// tag is a key of two columns that have no bytes.
type tag struct {
	_    nothing
	Same [0]int
}

// zeroResources are memory and workers that must not change the output.
func zeroResources(t *testing.T) (all []stream.Resources) {
	for _, memory := range []int64{0, 2 << 10, 8 << 10, 1 << 20} {
		for _, workers := range []int{1, 2, 8} {
			all = append(all, stream.Resources{Memory: memory, Workers: workers, TempDir: t.TempDir()})
		}
	}
	return all
}

// nothings are n rows of no bytes.
func nothings(n int) stream.Seq[nothing] {
	return stream.Map(numbers(n), func(int) nothing { return nothing{} })
}

func TestZeroSize_Aggregate(t *testing.T) {
	const n = 3000
	occurs := stream.Fold[int, nothing]{Add: func(*nothing, int) {}, Merge: func(*nothing, *nothing) {}, Exact: true}
	count := stream.Fold[nothing, int]{Add: func(n *int, _ nothing) { *n++ }, Merge: func(a, b *int) { *a += *b }, Exact: true}
	distinct, err := stream.Collect(stream.Aggregate(numbers(n), func(v int) int { return v % 1000 }, occurs, stream.AggregateOptions{}))
	require.NoError(t, err)
	require.Len(t, distinct, 1000)
	counted, err := stream.Collect(stream.CountBy(nothings(n), func(nothing) tag { return tag{} }))
	require.NoError(t, err)
	require.Equal(t, []stream.Keyed[tag, int]{{Value: n}}, counted)
	for _, r := range zeroResources(t) {
		opts := stream.AggregateOptions{Resources: r}
		name := fmt.Sprintf("memory %d, workers %d", r.Memory, r.Workers)

		// Rows and keys of no bytes.
		got, err := stream.Collect(stream.Aggregate(nothings(n), func(nothing) nothing { return nothing{} }, count, opts))
		require.NoError(t, err, name)
		require.Equal(t, []stream.Keyed[nothing, int]{{Value: n}}, got, name)
		tags, err := stream.Collect(stream.Aggregate(nothings(n), func(nothing) tag { return tag{} }, count, opts))
		require.NoError(t, err, name)
		require.Equal(t, counted, tags, name)

		// Accumulators of no bytes.
		keys, err := stream.Collect(stream.Aggregate(numbers(n), func(v int) int { return v % 1000 }, occurs, opts))
		require.NoError(t, err, name)
		require.Equal(t, distinct, keys, name)

		// Everything at once.
		all := stream.Fold[nothing, nothing]{Add: func(*nothing, nothing) {}}
		one, err := stream.Collect(stream.Aggregate(nothings(n), func(nothing) nothing { return nothing{} }, all, opts))
		require.NoError(t, err, name)
		require.Len(t, one, 1, name)

		// Groups of rows of no bytes: rows are counted, so that they can be many.
		groups, err := stream.Collect(stream.GroupBy(nothings(n), func(nothing) nothing { return nothing{} }, opts))
		require.NoError(t, err, name)
		require.Len(t, groups, 1, name)
		require.Len(t, groups[0].Value, n, name)
	}
}

func TestZeroSize_Sort(t *testing.T) {
	const n = 3000
	for _, r := range zeroResources(t) {
		opts := stream.SortOptions{Resources: r}
		name := fmt.Sprintf("memory %d, workers %d", r.Memory, r.Workers)
		rows, err := stream.Count(stream.Sort(nothings(n), func(nothing) int { return 7 }, opts))
		require.NoError(t, err, name)
		require.Equal(t, n, rows, name)
		rows, err = stream.Count(stream.SortFunc(nothings(n), func(a, b nothing) int { return 0 }, opts))
		require.NoError(t, err, name)
		require.Equal(t, n, rows, name)
	}
	top, err := stream.Collect(stream.TopK(nothings(n), 5, func(a, b nothing) int { return 0 }))
	require.NoError(t, err)
	require.Len(t, top, 5)
}

func TestZeroSize_Join(t *testing.T) {
	one := func(nothing) nothing { return nothing{} }
	all := func(int) nothing { return nothing{} }
	for kind := stream.Inner; kind <= stream.Anti; kind++ {
		want := map[stream.JoinKind]int{stream.Inner: 6000, stream.Left: 6000, stream.Right: 6000, stream.Full: 6000, stream.Semi: 3, stream.Anti: 0}[kind]
		for _, r := range zeroResources(t) {
			name := fmt.Sprintf("%v, memory %d", kind, r.Memory)
			opts := stream.JoinOptions{Kind: kind, Resources: r}
			rows, err := stream.Count(stream.Join(nothings(3), nothings(2000), one, one, opts))
			require.NoError(t, err, name)
			require.Equal(t, want, rows, name)

			// A row of no bytes to the left of rows that have some: one hot key, which goes to disk in blocks.
			var right []int
			for j, err := range stream.Join(nothings(1), numbers(2000), one, all, opts) {
				require.NoError(t, err, name)
				if j.HasRight {
					right = append(right, j.Right)
				}
			}
			if kind != stream.Semi && kind != stream.Anti {
				require.Len(t, right, 2000, name)
				for i, v := range right {
					require.Equal(t, i, v, name)
				}
			}
		}
		merged, err := stream.Count(stream.MergeJoinFunc(nothings(3), nothings(2000), one, one, func(a, b nothing) int { return 0 }, stream.MergeJoinOptions{
			Kind: kind, Resources: stream.Resources{Memory: 64},
		}))
		require.NoError(t, err)
		require.Equal(t, want, merged, "merged, %v", kind)
	}
}

func TestZeroSize_Window(t *testing.T) {
	const n = 100
	base := time.Unix(1_700_000_000, 0)
	key := func(int) nothing { return nothing{} }
	at := func(v int) time.Time { return base.Add(time.Duration(v) * time.Second) }
	occurs := stream.Fold[int, nothing]{Add: func(*nothing, int) {}, Merge: func(*nothing, *nothing) {}, Exact: true}
	for _, memory := range []int64{0, 1 << 20} {
		r := stream.Resources{Memory: memory}
		windows, err := stream.Count(stream.Window(numbers(n), 10*time.Second, key, at, occurs, stream.WindowOptions[int]{Resources: r, Disorder: math.MaxInt64}))
		require.NoError(t, err)
		require.Equal(t, n/10, windows)

		trails, err := stream.Count(stream.Trailing(numbers(n), 10*time.Second, key, at, occurs, stream.TrailingOptions[int]{Resources: r}))
		require.NoError(t, err)
		require.Equal(t, n, trails)
		still := func(nothing) time.Time { return base }
		count := stream.Fold[nothing, int]{Add: func(n *int, _ nothing) { *n++ }, Merge: func(a, b *int) { *a += *b }, Exact: true}
		last := 0
		for p, err := range stream.Trailing(nothings(n), time.Second, func(nothing) nothing { return nothing{} }, still, count, stream.TrailingOptions[nothing]{Resources: r}) {
			require.NoError(t, err)
			last = p.Second
		}
		require.Equal(t, n, last)

		scanned, err := stream.Count(stream.ScanBy(numbers(n), key, func(_ *nothing, v int, emit func(nothing)) { emit(nothing{}) }, stream.ScanByOptions[int]{Resources: r}))
		require.NoError(t, err)
		require.Equal(t, n, scanned)
	}

	// A snapshot of windows whose keys and accumulators have no bytes.
	open := func() *stream.Windows[int, nothing, nothing] {
		w, err := stream.NewWindows(10*time.Second, key, at, occurs, stream.WindowOptions[int]{Disorder: math.MaxInt64})
		require.NoError(t, err)
		return w
	}
	found := 0
	out := func(stream.Windowed[nothing, nothing]) error { found++; return nil }
	w := open()
	for v := range n {
		require.NoError(t, w.Push(v, out))
		next := open()
		require.NoError(t, next.Restore(bytes.NewReader(snapshotOf(t, w))))
		w = next
	}
	require.NoError(t, w.Flush(out))
	require.Equal(t, n/10, found)
}

// Snapshots of Trails and Scans whose keys and events have no bytes.
func TestZeroSize_Snapshots(t *testing.T) {
	const n = 100
	key := func(nothing) tag { return tag{} }
	at := func(nothing) time.Time { return time.Unix(1_700_000_000, 0) }
	count := stream.Fold[nothing, int]{Add: func(n *int, _ nothing) { *n++ }, Merge: func(a, b *int) { *a += *b }, Exact: true}
	for _, disorder := range []time.Duration{0, time.Second} {
		for _, memory := range []int64{0, 1 << 20} {
			r := stream.Resources{Memory: memory}
			open := func() *stream.Trails[nothing, tag, int] {
				trails, err := stream.NewTrails(time.Second, key, at, count, stream.TrailingOptions[nothing]{Disorder: disorder, Resources: r})
				require.NoError(t, err)
				return trails
			}
			var folds []int
			out := func(p stream.Pair[nothing, int]) error { folds = append(folds, p.Second); return nil }
			trails := open()
			for range n {
				require.NoError(t, trails.Push(nothing{}, out))
				b := snapshotOf(t, trails)
				trails = open()
				require.NoError(t, trails.Restore(bytes.NewReader(b)))
				require.Equal(t, b, snapshotOf(t, trails))
			}
			if disorder > 0 {
				require.Empty(t, folds, "all wait")
			}
			require.NoError(t, trails.Flush(out))
			require.Len(t, folds, n)
			for i, fold := range folds {
				require.Equal(t, i+1, fold)
			}
		}
	}
	open := func() *stream.Scans[nothing, tag, nothing, nothing] {
		scans, err := stream.NewScans(key, func(_ *nothing, v nothing, emit func(nothing)) { emit(v) }, stream.ScanByOptions[nothing]{At: at, TTL: time.Second})
		require.NoError(t, err)
		return scans
	}
	emitted := 0
	scans := open()
	for range n {
		require.NoError(t, scans.Push(nothing{}, func(nothing) error { emitted++; return nil }))
		b := snapshotOf(t, scans)
		scans = open()
		require.NoError(t, scans.Restore(bytes.NewReader(b)))
		require.Equal(t, b, snapshotOf(t, scans))
	}
	require.Equal(t, n, emitted)
	require.Equal(t, int64(n), scans.Stats().In)
}
