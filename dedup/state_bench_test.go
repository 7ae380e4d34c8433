package dedup_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// A row that is dropped, or whose key takes the place of one that has expired, allocates nothing.
func TestState_Allocates(t *testing.T) {
	late := stream.Discard[stream.Late[click]]("nothing is late")
	best := dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}}
	for name, o := range map[string]dedup.StateOptions[click]{
		"first":   {TTL: 100 * time.Second, At: clickAt, Late: late},
		"any":     {TTL: 100 * time.Second, At: clickAt, Late: late, Refresh: dedup.RefreshAny},
		"best":    {Options: best, TTL: 100 * time.Second, At: clickAt, Late: late, Expired: stream.Discard[click]("memory is judged")},
		"forever": {Options: best},
	} {
		s := newClicks(t, o)
		at := 0
		push := func() {
			at++
			id := at / 2 // each key twice
			if o.TTL == 0 {
				id %= 100
			}
			if _, err := s.Push(click{ID: id, At: at}); err != nil {
				panic(err)
			}
		}
		for range 1000 {
			push()
		}
		limit := 0.0
		if name == "best" {
			limit = 0.6 // the list of what expires, one for each key
		}
		require.LessOrEqual(t, testing.AllocsPerRun(1000, push), limit, name)
	}
}

// BenchmarkWindowed: rows in order of time, half of them repeats, with so many keys alive.
func BenchmarkWindowed(b *testing.B) {
	for _, alive := range []int{1_000, 100_000, 1_000_000} {
		for _, refresh := range []dedup.Refresh{dedup.RefreshCreate, dedup.RefreshAny} {
			b.Run(fmt.Sprintf("alive=%d/refresh=%v", alive, refresh), func(b *testing.B) {
				const rows = 2_000_000
				source := func(yield func(click, error) bool) {
					for i := range rows {
						if !yield(click{ID: (i - i%2*alive/2) * 7, At: i}, nil) {
							return
						}
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					n := 0
					for _, err := range dedup.Windowed(source, click.Key, dedup.StateOptions[click]{
						TTL: time.Duration(2*alive) * time.Second, At: clickAt, Refresh: refresh,
					}) {
						if err != nil {
							b.Fatal(err)
						}
						n++
					}
					if n < rows/2 {
						b.Fatalf("%d of %d rows", n, rows)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
		}
	}
}
