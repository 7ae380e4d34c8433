package dedup_test

import (
	"testing"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// numbers are n keys of 8 bytes, of which so many per thousand repeat an earlier one, made on the fly.
func numbers(n, repeated uint64) stream.Seq[uint64] {
	return func(yield func(uint64, error) bool) {
		for i := range n {
			id := i
			if r := mix(i + 1); repeated > 0 && r%1000 < repeated {
				id = r % (i + 1)
			}
			if !yield(mix(id), nil) {
				return
			}
		}
	}
}

func itself(id uint64) uint64 { return id }

// BenchmarkApprox is the exact engine beside the approximate one, row by row and reading ahead. The answer is checked:
// at one in a million, ten million rows lose a few at most.
func BenchmarkApprox(b *testing.B) {
	const n = 10_000_000
	exact, err := stream.Count(dedup.Distinct(numbers(n, 150), itself))
	if err != nil {
		b.Fatal(err)
	}
	run := func(name string, s stream.Seq[uint64], mayLose int) {
		b.Run("rows=10M/keys=8.7M/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				got, err := stream.Count(s)
				if err != nil {
					b.Fatal(err)
				}
				if got > exact || got < exact-mayLose {
					b.Fatalf("%d rows, want %d and at most %d fewer", got, exact, mayLose)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
	run("engine=exact", dedup.Distinct(numbers(n, 150), itself), 0)
	for _, o := range []struct {
		name string
		o    dedup.ApproxOptions[uint64]
	}{
		{"engine=approx/ahead=256", dedup.ApproxOptions[uint64]{ExpectedKeys: n, ReadAhead: 256}},
		{"engine=approx/ahead=0", dedup.ApproxOptions[uint64]{ExpectedKeys: n}},
		{"engine=approx/grown/ahead=256", dedup.ApproxOptions[uint64]{ReadAhead: 256}},
		{"engine=approx/generations=4/ahead=256", dedup.ApproxOptions[uint64]{ExpectedKeys: n, Generations: 4, ReadAhead: 256}},
	} {
		run(o.name, dedup.Approx(numbers(n, 150), itself, o.o), 20)
	}
}
