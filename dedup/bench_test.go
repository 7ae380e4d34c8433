package dedup_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// event is the 56-byte row of the figures in the package documentation.
type event struct {
	id       uint64
	user     uint64
	ingested int64 // nanoseconds
	updater  string
	amount   float64
	kind     uint64
}

func (e event) ID() uint64            { return e.id }
func (e event) Ingested() int64       { return e.ingested }
func (e event) HasUpdater() bool      { return e.updater != "" }
func (e event) IngestedAt() time.Time { return time.Unix(0, e.ingested) }

// mix is a bijection of the 64-bit numbers: ids in no order, without a table of them.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// retried are n events of which 15 % repeat an earlier id, somewhat later.
func retried(n int) []event {
	events := make([]event, n)
	for i := range events {
		id := uint64(i)
		if r := mix(id + 1); r%100 < 15 {
			id = r % uint64(i+1)
		}
		events[i] = event{id: mix(id), user: id % 1000, ingested: int64(i), kind: id % 12}
		if i%3 == 0 {
			events[i].updater = "ann"
		}
	}
	return events
}

// byHand is the loop that Best replaces: a Go map, and the rules spelled out.
func byHand(events []event) map[uint64]event {
	best := map[uint64]event{}
	for _, e := range events {
		held, ok := best[e.id]
		if !ok || e.ingested > held.ingested || e.ingested == held.ingested && held.updater == "" && e.updater != "" {
			best[e.id] = e
		}
	}
	return best
}

func BenchmarkBest(b *testing.B) {
	const n = 1_000_000
	events := retried(n)
	want := byHand(events)
	perRow := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
	}
	count := func(b *testing.B, s stream.Seq[event]) {
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
			b.Fatalf("%d survivors, want %d", rows, len(want))
		}
		b.ReportAllocs()
		b.ResetTimer()
		for b.Loop() {
			for _, err := range s {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		perRow(b)
	}
	b.Run("rows=1M/engine=map_by_hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sum := 0.
			for _, e := range byHand(events) {
				sum += e.amount
			}
			runtime.KeepAlive(sum)
		}
		perRow(b)
	})
	b.Run("rows=1M/engine=hash/by=max", func(b *testing.B) {
		count(b, dedup.Best(stream.Of(events...), event.ID, dedup.Max(event.Ingested), dedup.Present(event.HasUpdater)))
	})
	b.Run("rows=1M/engine=hash/by=latest", func(b *testing.B) {
		count(b, dedup.Best(stream.Of(events...), event.ID, dedup.Latest(event.IngestedAt), dedup.Present(event.HasUpdater)))
	})
	for _, order := range []dedup.Order{dedup.OrderFirstSeen, dedup.OrderAny} {
		b.Run("rows=1M/engine=hash/by=max/workers=2/order="+order.String(), func(b *testing.B) {
			count(b, dedup.Run(stream.Of(events...), event.ID, dedup.Options[event]{
				By:    []dedup.Comparator[event]{dedup.Max(event.Ingested), dedup.Present(event.HasUpdater)},
				Order: order, Resources: stream.Resources{Workers: 2},
			}))
		})
	}
	b.Run("rows=1M/engine=hash/by=max/memory=1GiB", func(b *testing.B) {
		count(b, dedup.Run(stream.Of(events...), event.ID, dedup.Options[event]{
			By:        []dedup.Comparator[event]{dedup.Max(event.Ingested), dedup.Present(event.HasUpdater)},
			Resources: stream.Resources{Memory: 1 << 30},
		}))
	})
}

func BenchmarkDistinct(b *testing.B) {
	const n = 1_000_000
	events := retried(n)
	b.Run("rows=1M/engine=map_by_hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			seen := map[uint64]struct{}{}
			for _, e := range events {
				if _, ok := seen[e.id]; !ok {
					seen[e.id] = struct{}{}
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
	})
	b.Run("rows=1M/engine=hash", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := stream.Count(dedup.Distinct(stream.Of(events...), event.ID)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
	})
}

// BenchmarkMemory reports the live bytes per distinct key when all input has been read: the figure of the
// package documentation. The input is made on the fly, so that only the engine's state is on the heap.
func BenchmarkMemory(b *testing.B) {
	const n = 2_000_000
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	distinct := func(atEnd func()) stream.Seq[event] {
		return func(yield func(event, error) bool) {
			for i := range uint64(n) {
				if !yield(event{id: mix(i), ingested: int64(i)}, nil) {
					return
				}
			}
			atEnd()
		}
	}
	measure := func(op func(stream.Seq[event]) stream.Seq[event]) func(*testing.B) {
		return func(b *testing.B) {
			var used int64
			for b.Loop() {
				before := live()
				for _, err := range op(distinct(func() { used = live() - before })) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(used)/n, "B/key")
		}
	}
	b.Run("keys=2M/row=56B/Best", measure(func(s stream.Seq[event]) stream.Seq[event] {
		return dedup.Best(s, event.ID, dedup.Max(event.Ingested))
	}))
	b.Run("keys=2M/row=56B/Best_by_position", measure(func(s stream.Seq[event]) stream.Seq[event] {
		return dedup.Run(s, event.ID, dedup.Options[event]{By: []dedup.Comparator[event]{dedup.Max(event.Ingested)}, Order: dedup.OrderWinner})
	}))
	b.Run("keys=2M/row=56B/Distinct", measure(func(s stream.Seq[event]) stream.Seq[event] {
		return dedup.Distinct(s, event.ID)
	}))
}
