package dedup_test

import (
	"bytes"
	"fmt"
	"io"
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
		"merged": {Options: dedup.Options[click]{Keep: dedup.KeepMerge, Merge: []dedup.Reducer[click]{
			lastPage, dedup.Least(func(c *click) *int { return &c.At })}}},
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

// BenchmarkState_Saved: what a state of so many keys, with a row each, takes to be written, read back and merged.
func BenchmarkState_Saved(b *testing.B) {
	const keys = 1_000_000
	o := dedup.StateOptions[click]{Options: dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}}}
	s, other := newClicks(b, o), newClicks(b, o)
	for i := range int64(keys) {
		for at, state := range []*dedup.State[click, int]{s, other} {
			_, err := state.PushAt(click{ID: int(i), Page: "home", At: int(i) + at}, 2*i+int64(at))
			require.NoError(b, err)
		}
	}
	saved := snapshotOf(b, s)
	perKey := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/keys, "ns/key")
	}
	b.Run("snapshot", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, s.Snapshot(io.Discard))
		}
		perKey(b)
		b.ReportMetric(float64(len(saved))/keys, "B/key")
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, s.Restore(bytes.NewReader(saved)))
		}
		perKey(b)
	})
	b.Run("merge", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			require.NoError(b, s.Restore(bytes.NewReader(saved)))
			b.StartTimer()
			require.NoError(b, s.Merge(other))
		}
		perKey(b)
	})
}
