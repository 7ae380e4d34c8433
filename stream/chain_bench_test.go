package stream_test

import (
	"iter"
	"testing"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// The plain forms: what anybody would write over iter.Seq, without errors.

func plainOf[T any](items []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, v := range items {
			if !yield(v) {
				return
			}
		}
	}
}

func plainMap[T, U any](s iter.Seq[T], fn func(T) U) iter.Seq[U] {
	return func(yield func(U) bool) {
		for v := range s {
			if !yield(fn(v)) {
				return
			}
		}
	}
}

func plainFilter[T any](s iter.Seq[T], keep func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		for v := range s {
			if keep(v) && !yield(v) {
				return
			}
		}
	}
}

// BenchmarkStages is what the error beside each value costs: stages of Map and Filter, and the same closures over plain
// iter.Seq. The aim is at most 1.3 times the plain ones for three stages (the metric stream/plain). Passes are
// short and take turns, and the fastest of each counts, so that a busy machine does not decide.
func BenchmarkStages(b *testing.B) {
	items := make([]uint64, 1<<12)
	for i := range items {
		items[i] = uint64(i)
	}
	double := func(v uint64) uint64 { return 2 * v }
	third := func(v uint64) bool { return v%3 != 0 }
	run := func(name string, plain iter.Seq[uint64], s stream.Seq[uint64]) {
		b.Run(name, func(b *testing.B) {
			least := [2]time.Duration{time.Hour, time.Hour}
			b.ReportAllocs()
			for b.Loop() {
				began := time.Now()
				var want, sum uint64
				for v := range plain {
					want += v
				}
				between := time.Now()
				for v, err := range s {
					if err != nil {
						b.Fatal(err)
					}
					sum += v
				}
				least[0], least[1] = min(least[0], between.Sub(began)), min(least[1], time.Since(between))
				if sum != want {
					b.Fatalf("sum %d, want %d", sum, want)
				}
			}
			b.ReportMetric(float64(least[0].Nanoseconds())/float64(len(items)), "plain-ns/element")
			b.ReportMetric(float64(least[1].Nanoseconds())/float64(len(items)), "ns/element")
			b.ReportMetric(float64(least[1])/float64(least[0]), "stream/plain")
		})
	}
	plain, s := plainOf(items), stream.Of(items...)
	run("map", plainMap(plain, double), stream.Map(s, double))
	run("map_filter_map", plainMap(plainFilter(plainMap(plain, double), third), double), stream.Map(stream.Filter(stream.Map(s, double), third), double))
	run("map_map_map", plainMap(plainMap(plainMap(plain, double), double), double), stream.Map(stream.Map(stream.Map(s, double), double), double))
}
