package dedup_test

import (
	options "flag"
	"fmt"
	"testing"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// spillRows is 20 million for the figure of a run whose keys are five times what fits.
var spillRows = options.Int("spillrows", 2_000_000, "rows of BenchmarkRun_Spilling, two of each key")

// wide is a row of 64 bytes.
type wide struct {
	ID, At, A, B, C, D, E, F int64
}

// BenchmarkRun_Spilling keeps the latest of two rows a key, all of it in memory or under a bound in proportion: 256 MiB for 20
// million rows.
func BenchmarkRun_Spilling(b *testing.B) {
	n := int64(*spillRows)
	rows := stream.Seq[wide](func(yield func(wide, error) bool) {
		for i := range n {
			h := uint64(i) * 0x9e3779b97f4a7c15
			row := wide{ID: i % (n / 2), At: i, A: int64(h), B: int64(h >> 32), C: i, D: 7, E: i * i, F: int64(h >> 48)}
			if !yield(row, nil) {
				return
			}
		}
	})
	by := []dedup.Comparator[wide]{dedup.Max(func(w wide) int64 { return w.At })}
	for _, memory := range []int64{0, n * (256 << 20) / 20_000_000} {
		b.Run(fmt.Sprintf("memory=%dMiB", memory>>20), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				o := dedup.Options[wide]{By: by, Resources: stream.Resources{Memory: memory, TempDir: b.TempDir()}}
				out, err := stream.Count(dedup.Run(rows, func(w wide) int64 { return w.ID }, o))
				if err != nil || int64(out) != n/2 {
					b.Fatal(out, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}
