package dedup_test

import (
	"testing"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// BenchmarkTwoPass has Run with the same options as its rival: what does it cost to read twice and hold no row?
func BenchmarkTwoPass(b *testing.B) {
	const n = 1_000_000
	events := retried(n)
	want := byHand(events)
	o := dedup.Options[event]{
		By:    []dedup.Comparator[event]{dedup.Latest(event.IngestedAt), dedup.Present(event.HasUpdater)},
		Order: dedup.OrderWinner,
	}
	for name, s := range map[string]stream.Seq[event]{
		"engine=run":     dedup.Run(stream.Of(events...), event.ID, o),
		"engine=twopass": dedup.TwoPass(again(events), event.ID, o),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rows := 0
				for e, err := range s {
					if err != nil {
						b.Fatal(err)
					}
					if want[e.id] != e {
						b.Fatalf("id %d: got %v, want %v", e.id, e, want[e.id])
					}
					rows++
				}
				if rows != len(want) {
					b.Fatalf("%d rows, want %d", rows, len(want))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}
