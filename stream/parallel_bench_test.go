package stream_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/millrace-go/millrace/stream"
)

// toil is some 64 ns of work that no compiler can shorten: each round waits for the one before.
func toil(v uint64) uint64 {
	for range toilRounds {
		v ^= v >> 29
		v *= 0xbf58476d1ce4e5b9
	}
	return v
}

const toilRounds = 58

// BenchmarkParallelMap has the serial loop beside it: what counts is the ratio in one run.
func BenchmarkParallelMap(b *testing.B) {
	items := make([]uint64, 1<<18)
	for i := range items {
		items[i] = uint64(i)
	}
	var want uint64
	for _, v := range items {
		want += toil(v)
	}
	run := func(name string, s stream.Seq[uint64]) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var sum uint64
				for v := range s {
					sum += v
				}
				if sum != want {
					b.Fatal("wrong sum")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(items)), "ns/element")
		})
	}
	try := func(v uint64) (uint64, error) { return toil(v), nil }
	run("serial", stream.TryMap(stream.Of(items...), try))
	for _, workers := range []int{1, 2} {
		for _, unordered := range []bool{false, true} {
			o := stream.ParallelOptions{Workers: workers, Unordered: unordered}
			run(fmt.Sprintf("workers=%d/unordered=%v", workers, unordered), stream.ParallelMap(stream.Of(items...), try, o))
		}
	}
	for _, inFlight := range []int{64, 256, 4096} {
		o := stream.ParallelOptions{Workers: 2, InFlight: inFlight}
		run(fmt.Sprintf("workers=2/inflight=%d", inFlight), stream.ParallelMap(stream.Of(items...), try, o))
	}
	// What two processors give at this moment: the serial loop on each half.
	b.Run("two_loops", func(b *testing.B) {
		for b.Loop() {
			var sums [2]uint64
			var loops sync.WaitGroup
			for half := range 2 {
				loops.Go(func() {
					var sum uint64
					for _, v := range items[half*len(items)/2 : (half+1)*len(items)/2] {
						sum += toil(v)
					}
					sums[half] = sum
				})
			}
			loops.Wait()
			if sums[0]+sums[1] != want {
				b.Fatal("wrong sum")
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(items)), "ns/element")
	})
}
