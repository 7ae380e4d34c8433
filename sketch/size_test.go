package sketch_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/sketch"
)

// live returns the bytes that what build returns keeps alive.
func live(build func() any) int64 {
	var before, after runtime.MemStats
	for range 3 { // pools let go at the second
		runtime.GC()
	}
	runtime.ReadMemStats(&before)
	kept := build()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// Size is what the heap says, or more, but not several times more: engines book it against memory bounds.
func TestHLL_Size_Law_BoundsTheHeap(t *testing.T) {
	precisions := []int{4, 11, 14, 17}
	if testing.Short() {
		precisions = []int{4, 14}
	}
	for _, precision := range precisions {
		for _, n := range []int{0, 30, 170, 1000, 7000} {
			copies := max(4, min(60, 50_000/(n+1)))
			if precision == 17 {
				copies = min(copies, 20)
			}
			for _, how := range []string{"added", "repeated", "merged"} {
				var said int64
				sketches := make([]*sketch.HLL[uint64], copies)
				used := live(func() any {
					for i := range sketches {
						h := newHLL[uint64](t, sketch.HLLOptions{Precision: precision, Seed: uint64(i)})
						into := h
						if how == "merged" {
							into = newHLL[uint64](t, sketch.HLLOptions{Precision: precision, Seed: uint64(i)})
						}
						for k := range n {
							into.Add(uint64(k))
						}
						switch how {
						case "repeated":
							for range 3 {
								for k := range n {
									h.Add(uint64(k))
								}
							}
						case "merged":
							if err := h.Merge(into); err != nil {
								t.Fatal(err)
							}
						}
						sketches[i] = h
					}
					return sketches
				})
				for _, h := range sketches {
					said += int64(h.Size())
				}
				const noise = 32 << 10 // bytes that others left or took meanwhile
				require.LessOrEqual(t, used, said+noise, "precision %d, %d keys %s, %d times", precision, n, how, copies)
				require.LessOrEqual(t, said, 6*used+int64(copies)*2048+noise, "precision %d, %d keys %s, %d times", precision, n, how, copies)
			}
		}
	}
}

func TestSize_FixedSketches(t *testing.T) {
	var said int
	used := live(func() any {
		c := newCountMin[string](t, sketch.CountMinOptions{})
		said = c.Size()
		return c
	})
	require.InEpsilon(t, used, said, 0.1) // the allocator rounds up
	used = live(func() any {
		h := newHeavyHitters[int](t, sketch.HeavyHittersOptions{Capacity: 5000})
		for k := range 20_000 {
			h.Add(k, 1)
		}
		said = h.Size()
		return h
	})
	require.InEpsilon(t, used, said, 0.1)
}

// Nothing is allocated per add once a sketch has its final size; a sparse HLL allocates where its list is
// rebuilt, here less than once in ten adds.
func TestAdd_Allocations(t *testing.T) {
	type visit struct {
		User string
		Day  int32
	}
	visits := make([]visit, 200_000)
	for i := range visits {
		visits[i] = visit{fmt.Sprintf("user-%d", i), int32(i % 7)}
	}
	hll := newHLL[visit](t, sketch.HLLOptions{})
	counts := newCountMin[visit](t, sketch.CountMinOptions{})
	careful := newCountMin[visit](t, sketch.CountMinOptions{Conservative: true})
	heavy := newHeavyHitters[visit](t, sketch.HeavyHittersOptions{Capacity: 100})
	for _, v := range visits {
		hll.Add(v)
		heavy.Add(v, 1)
	}
	next := 0
	take := func() visit { next++; return visits[next%len(visits)] }
	for name, add := range map[string]func(){
		"HLL dense":             func() { hll.Add(take()) },
		"CountMin":              func() { counts.Add(take(), 1) },
		"CountMin conservative": func() { careful.Add(take(), 1) },
		"CountMin.Count":        func() { counts.Count(take()) },
		"HeavyHitters":          func() { heavy.Add(take(), 1) },
	} {
		require.Zero(t, testing.AllocsPerRun(10_000, func() { add() }), name)
	}
	perSketch := testing.AllocsPerRun(20, func() {
		h := newHLL[visit](t, sketch.HLLOptions{})
		for _, v := range visits[:5000] {
			h.Add(v)
		}
	})
	require.Less(t, perSketch/5000, 0.1, "HLL sparse")
}

// The methods that only look may run beside each other; the race detector judges.
func TestReaders_BesideEachOther(t *testing.T) {
	for _, n := range []int{50, 50_000} {
		hll := newHLL[int](t, sketch.HLLOptions{})
		counts := newCountMin[int](t, sketch.CountMinOptions{})
		heavy := newHeavyHitters[int](t, sketch.HeavyHittersOptions{Capacity: 10})
		for i := range n {
			hll.Add(i)
			counts.Add(i%100, 1)
			heavy.Add(i%100, 1)
		}
		want := hll.Estimate()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 5 {
					if got := hll.Estimate(); got != want {
						t.Errorf("Estimate() = %d, want %d", got, want)
					}
					hll.Bounds(2)
					hll.Clone().Add(-1)
					snapshot(t, hll)
					other := newHLL[int](t, sketch.HLLOptions{})
					if err := other.Merge(hll); err != nil {
						t.Error(err)
					}
					counts.Count(3)
					counts.ErrorBound()
					counts.Clone().Add(3, 1)
					snapshot(t, counts)
					heavy.Top(5)
					heavy.Count(7)
					heavy.Clone().Add(7, 1)
				}
			})
		}
		wg.Wait()
	}
}
