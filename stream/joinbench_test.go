package stream_test

import (
	"testing"

	"github.com/millrace-go/millrace/stream"
)

// joinBenchRight is a tenth of the left rows. The named job is 1 M; a smaller one lets the whole suite run.
const joinBenchRight = 100_000

type fact struct {
	Key   uint64
	Value float64
}

func (f fact) key() uint64 { return f.Key }

// facts yields n rows with keys below bound, scattered.
func facts(n int, bound uint64) stream.Seq[fact] {
	return func(yield func(fact, error) bool) {
		x := uint64(1)
		for i := range n {
			x = x*6364136223846793005 + 1442695040888963407
			if !yield(fact{x >> 20 % bound, float64(i)}, nil) {
				return
			}
		}
	}
}

// dimension yields each key below n once.
func dimension(n int) stream.Seq[fact] {
	return func(yield func(fact, error) bool) {
		for i := range n {
			if !yield(fact{uint64(i), float64(i)}, nil) {
				return
			}
		}
	}
}

func BenchmarkJoin(b *testing.B) {
	const rights, lefts = joinBenchRight, 10 * joinBenchRight
	perRow := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lefts, "ns/left")
	}
	left, right := facts(lefts, rights), dimension(rights)
	b.Run("by=map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			byKey := map[uint64][]fact{}
			for r := range right {
				byKey[r.Key] = append(byKey[r.Key], r)
			}
			n := 0
			for l := range left {
				for _, r := range byKey[l.Key] {
					if r.Key == l.Key {
						n++
					}
				}
			}
			if n != lefts {
				b.Fatal(n)
			}
		}
		perRow(b)
	})
	for name, opts := range map[string]stream.JoinOptions{
		"broadcast":             {},
		"partitioned":           {Resources: stream.Resources{Memory: 2 << 20}},
		"partitioned_unordered": {Unordered: true, Resources: stream.Resources{Memory: 2 << 20}},
	} {
		b.Run("by="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n, err := stream.Count(stream.Join(left, right, fact.key, fact.key, opts))
				if err != nil || n != lefts {
					b.Fatal(n, err)
				}
			}
			perRow(b)
		})
	}
}
