package merge_test

import (
	"cmp"
	"container/heap"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/millrace-go/millrace/internal/merge"
)

// pulled reads a sequence in chunks, as the operators of package stream do.
type pulled struct{ next func() ([]uint64, bool) }

func (p pulled) Next() ([]uint64, error) {
	chunk, _ := p.next()
	return chunk, nil
}

// chunked yields the elements of s 256 at a time.
func chunked(s iter.Seq[uint64]) iter.Seq[[]uint64] {
	return func(yield func([]uint64) bool) {
		buf := make([]uint64, 0, 256)
		for v := range s {
			if buf = append(buf, v); len(buf) == cap(buf) {
				if !yield(buf) {
					return
				}
				buf = buf[:0]
			}
		}
		if len(buf) > 0 {
			yield(buf)
		}
	}
}

// pullHeap is what one writes by hand: iter.Pull per element and container/heap.
type pullHeap []head

type head struct {
	v     uint64
	input int
	next  func() (uint64, bool)
}

func (h pullHeap) Len() int { return len(h) }
func (h pullHeap) Less(i, j int) bool {
	return h[i].v < h[j].v || h[i].v == h[j].v && h[i].input < h[j].input
}
func (h pullHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *pullHeap) Push(x any)   { *h = append(*h, x.(head)) }
func (h *pullHeap) Pop() any     { v := (*h)[len(*h)-1]; *h = (*h)[:len(*h)-1]; return v }

func mergePulled(inputs [][]uint64) (sum, n uint64) {
	var h pullHeap
	for i, in := range inputs {
		next, stop := iter.Pull(slices.Values(in))
		defer stop()
		if v, ok := next(); ok {
			h = append(h, head{v, i, next})
		}
	}
	heap.Init(&h)
	for len(h) > 0 {
		n++
		sum += h[0].v * n
		if v, ok := h[0].next(); ok {
			h[0].v = v
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	return sum, n
}

func mergeTree(order merge.Order[uint64], inputs [][]uint64) (sum, n uint64) {
	cursors := make([]merge.Cursor[uint64], len(inputs))
	for i, in := range inputs {
		next, stop := iter.Pull(chunked(slices.Values(in)))
		defer stop()
		cursors[i] = pulled{next}
	}
	t := merge.New(order, cursors)
	for {
		v, _ := t.Next()
		if v == nil {
			return sum, n
		}
		n++
		sum += *v * n
	}
}

func BenchmarkMerge(b *testing.B) {
	const total = 1 << 20
	for _, k := range []int{8, 1000} {
		rng := rand.New(rand.NewPCG(1, 1))
		inputs := make([][]uint64, k)
		for i := range inputs {
			inputs[i] = make([]uint64, total/k)
			for j := range inputs[i] {
				inputs[i][j] = rng.Uint64()
			}
			slices.Sort(inputs[i])
		}
		wantSum, want := mergePulled(inputs)
		for _, by := range []struct {
			name string
			run  func([][]uint64) (sum, n uint64)
		}{
			{"prefix", func(in [][]uint64) (sum, n uint64) {
				return mergeTree(merge.Order[uint64]{Prefix: func(v *uint64) uint64 { return *v }}, in)
			}},
			{"compare", func(in [][]uint64) (sum, n uint64) {
				return mergeTree(merge.Order[uint64]{Compare: cmp.Compare[uint64]}, in)
			}},
			{"pull+heap", mergePulled},
		} {
			if sum, n := by.run(inputs); sum != wantSum || n != want {
				b.Fatalf("%s: sum %d of %d elements, want %d of %d", by.name, sum, n, wantSum, want)
			}
			b.Run(fmt.Sprintf("inputs=%d/by=%s", k, by.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					by.run(inputs)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(want), "ns/element")
			})
		}
	}
}
