package stream_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/millrace-go/millrace/stream"
)

// pageview is a row of some hundred bytes.
type pageview struct {
	ID      uint64
	At      int64
	User    uint32
	Kind    uint8
	Page    string
	Seconds float64
}

func pageviews(n int) []pageview {
	rng := rand.New(rand.NewPCG(1, 1))
	pages := make([]string, 5000)
	for i := range pages {
		pages[i] = fmt.Sprintf("/catalogue/item/%08d", i)
	}
	all := make([]pageview, n)
	for i := range all {
		all[i] = pageview{rng.Uint64(), rng.Int64N(1 << 40), rng.Uint32N(1e6), uint8(rng.IntN(5)), pages[rng.IntN(len(pages))], rng.Float64()}
	}
	return all
}

// BenchmarkSort: all in memory; memory for some more than half of the rows, the first spill; for a fiftieth, many
// runs. The peer is what one writes where memory is no question.
func BenchmarkSort(b *testing.B) {
	const n = 500_000
	all := pageviews(n)
	byID := func(a, b pageview) int { return cmp.Compare(a.ID, b.ID) }
	want := slices.Clone(all)
	slices.SortStableFunc(want, byID)
	const rowBytes = 56 + 25 + 32 // static, of the page, to sort by
	id := func(v pageview) uint64 { return v.ID }
	run := func(b *testing.B, sort func() stream.Seq[pageview]) {
		i := 0
		for v, err := range sort() {
			if err != nil || v != want[i] {
				b.Fatalf("row %d: %v, %v, want %v", i, v, err, want[i])
			}
			i++
		}
		b.ReportAllocs()
		for b.Loop() {
			if rows, err := stream.Count(sort()); rows != n || err != nil {
				b.Fatal(rows, err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
	}
	b.Run("peer=SortStableFunc", func(b *testing.B) {
		run(b, func() stream.Seq[pageview] {
			return func(yield func(pageview, error) bool) {
				var rows []pageview
				for v := range stream.Of(all...) {
					rows = append(rows, v)
				}
				slices.SortStableFunc(rows, byID)
				for _, v := range rows {
					if !yield(v, nil) {
						return
					}
				}
			}
		})
	})
	for _, memory := range []struct {
		name  string
		bytes int64
	}{{"unbounded", 0}, {"firstspill", n * rowBytes * 6 / 10}, {"manyruns", n * rowBytes / 50}} {
		for _, workers := range []int{1, 2} {
			opts := stream.SortOptions{Resources: stream.Resources{Memory: memory.bytes, Workers: workers, TempDir: b.TempDir()}}
			name := fmt.Sprintf("memory=%s/workers=%d", memory.name, workers)
			b.Run(name+"/by=key", func(b *testing.B) {
				run(b, func() stream.Seq[pageview] { return stream.Sort(stream.Of(all...), id, opts) })
			})
			b.Run(name+"/by=page", func(b *testing.B) {
				want := slices.Clone(all)
				slices.SortStableFunc(want, func(a, b pageview) int { return cmp.Compare(a.Page, b.Page) })
				i := 0
				for b.Loop() {
					i = 0
					for v, err := range stream.Sort(stream.Of(all...), func(v pageview) string { return v.Page }, opts) {
						if err != nil || v.ID != want[i].ID {
							b.Fatal(i, v, err)
						}
						i++
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
			})
			b.Run(name+"/by=func", func(b *testing.B) {
				run(b, func() stream.Seq[pageview] { return stream.SortFunc(stream.Of(all...), byID, opts) })
			})
		}
	}
}
