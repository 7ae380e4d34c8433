package stream

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What Add does to the 50th row comes out, however many goroutines are behind the source, and not the source's error 50
// rows later.
func TestAggregate_FailuresInOrder(t *testing.T) {
	failing := errors.New("source failed")
	source := func(yield func(int, error) bool) {
		for i := range 100 {
			if !yield(i, nil) {
				return
			}
		}
		yield(0, failing)
	}
	mod := func(v int) int { return v % 7 }
	for _, r := range []Resources{{}, {Memory: 1 << 20}} {
		for _, workers := range []int{1, 2, 4, 8} {
			r.Workers, r.TempDir = workers, t.TempDir()
			opts := AggregateOptions{Resources: r}
			t.Run(fmt.Sprintf("memory=%d/workers=%d", r.Memory, workers), func(t *testing.T) {
				panics := Fold[int, int]{Add: func(_ *int, v int) {
					if v == 50 {
						panic("the 50th")
					}
				}}
				require.Panics(t, func() { _, _ = Collect(Aggregate(source, mod, panics, opts)) })
				if r.Memory == 0 {
					return
				}
				large := Fold[int, int]{
					Add: func(n *int, v int) {
						if v == 50 {
							*n = 2 << 20
						}
					},
					Size: func(n *int) int { return *n },
				}
				_, err := Collect(Aggregate(source, mod, large, opts))
				require.ErrorIs(t, err, ErrLimit)
			})
		}
	}
}

// Keys that hold much outside themselves: those that were spilled are let go of, and one that comes back when others are there
// finds room.
func TestAggregate_LargeKeys(t *testing.T) {
	const memory, small = 1 << 20, 100_000
	count := Fold[string, int]{Add: func(n *int, _ string) { *n++ }}
	for _, workers := range []int{1, 4} {
		for _, size := range []int{20 << 10, memory / 20} {
			t.Run(fmt.Sprintf("workers=%d/size=%d", workers, size), func(t *testing.T) {
				source := func(yield func(string, error) bool) {
					for i := range small {
						if !yield(fmt.Sprintf("fill-%d", i), nil) {
							return
						}
					}
					for i := range 5 {
						if !yield(strings.Repeat(string(rune('a'+i)), size), nil) {
							return
						}
					}
				}
				n := 0
				for g, err := range Aggregate(source, func(s string) string { return s }, count, AggregateOptions{Resources: Resources{Memory: memory, Workers: workers, TempDir: t.TempDir()}}) {
					require.NoError(t, err)
					require.Equal(t, 1, g.Value)
					n++
				}
				require.Equal(t, small+5, n)
			})
		}
	}
}

// What pickers copy of keys is let go of with the rows.
func TestAggregate_SpilledKeysAreLetGo(t *testing.T) {
	const memory, small, size = 8 << 20, 400_000, 700 << 10
	for _, workers := range []int{1, 4} {
		t.Run(fmt.Sprintf("workers=%d", workers), func(t *testing.T) {
			var most uint64
			source := func(yield func(string, error) bool) {
				for i := range small {
					if !yield(fmt.Sprintf("fill-%d", i), nil) {
						return
					}
				}
				for n := 600; n >= 0; n -= 10 { // so that the large ones stand at ever other places of a chunk
					for i := range n {
						if !yield(fmt.Sprintf("fill-%d", i), nil) {
							return
						}
					}
					if !yield(strings.Repeat(string(rune('a'+n/10%26)), size-n), nil) {
						return
					}
				}
				most = liveHeap()
			}
			count := Fold[string, int]{Add: func(n *int, _ string) { *n++ }}
			before := liveHeap()
			for _, err := range Aggregate(source, func(s string) string { return s }, count, AggregateOptions{Resources: Resources{Memory: memory, Workers: workers, TempDir: t.TempDir()}}) {
				require.NoError(t, err)
			}
			require.LessOrEqual(t, float64(most)-float64(before), 1.0*memory+float64(1<<20), "live bytes")
		})
	}
}

// Buffers of many workers count.
func TestAggregate_ManyWorkersStayWithinTheBound(t *testing.T) {
	const memory, rows = 16 << 20, 400_000
	type wide [8]int
	var most uint64
	in := numbers(rows)
	before := liveHeap()
	count := Fold[int, int]{Add: func(n *int, _ int) { *n++ }}
	s := liveAt(Of(in...), rows/4, &most)
	n, err := Count(Aggregate(s, func(v int) wide { return wide{v, 7: v} }, count,
		AggregateOptions{Resources: Resources{Memory: memory, Workers: 64, TempDir: t.TempDir()}}))
	require.NoError(t, err)
	require.Equal(t, rows, n)
	require.LessOrEqual(t, float64(most)-float64(before), 1.0*memory+float64(1<<20), "live bytes")
}

// No worker has much more to do than another, whatever their number.
func TestPlanRadix_SharesEvenly(t *testing.T) {
	for workers := 2; workers <= 64; workers++ {
		partitions := 1 << planRadix(0, 64, 8, workers).bits
		require.LessOrEqual(t, partitions, 256)
		most, mean := (partitions+workers-1)/workers, float64(partitions)/float64(workers)
		require.LessOrEqual(t, float64(most), 1.3*mean, "%d partitions for %d workers", partitions, workers)
	}
}

// A fold that wrongly says Blind is wrong in the same way under every bound.
func TestAggregate_BlindEverywhere(t *testing.T) {
	wrong := Fold[int, int]{Add: func(n *int, v int) { *n += v }, Blind: true}
	for _, r := range []Resources{{}, {Workers: 2}, {Memory: 1 << 20}, {Memory: 1 << 20, Workers: 2}} {
		got, err := Collect(Aggregate(Of(1, 2, 3), func(int) int { return 0 }, wrong, AggregateOptions{Resources: r}))
		require.NoError(t, err)
		require.Equal(t, []Keyed[int, int]{{Key: 0, Value: 0}}, got)
	}
}

// A table that is nearly full grows when another of its size has to; one that is not, or is larger, does not.
func TestPicker_GrowsAlong(t *testing.T) {
	key := func(v int) int { return v }
	run, err := newAggregation("Aggregate", key, Fold[int, int]{Add: func(n *int, _ int) { *n++ }},
		AggregateOptions{Resources: Resources{Workers: 4}}, nil)
	require.NoError(t, err)
	l := newRadixLevel(run, 0, 0, 0)
	l.groups = nil
	fill := func(keys int) {
		g := newGroups(l, run.plan.bits)
		for k := range keys {
			h := run.keys.hasher.Hash(&k, 0)
			g.table.Add(g.table.Seek(&k, h), &k, h, 0)
		}
		l.groups = append(l.groups, g)
	}
	fill(80) // full, of 128 slots
	fill(79)
	fill(60)
	fill(81) // of 256
	slots := func() (all []int) {
		for _, g := range l.groups {
			all = append(all, g.table.Slots())
		}
		return all
	}
	require.Equal(t, []int{128, 128, 128, 256}, slots())
	pickers := []*picker[int, int, int]{}
	for i := range l.groups {
		pickers = append(pickers, newPicker(l, i, len(l.groups)))
	}
	for _, p := range pickers {
		p.growAlong()
	}
	require.Equal(t, []int{128, 128, 128, 256}, slots(), "none had to")
	fresh := 1000
	l.groups[0].insert(-1, &fresh, run.keys.hasher.Hash(&fresh, 0))
	for range 2 { // the second time nothing happens
		for _, p := range pickers {
			p.growAlong()
		}
		require.Equal(t, []int{256, 256, 128, 256}, slots())
	}
}
