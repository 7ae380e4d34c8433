package stream_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/millrace-go/millrace/stream"
)

// benchEvent is 56 bytes, as an event often is.
type benchEvent struct {
	ID, User uint64
	Type     uint32
	At       int64
	Ingested int64
	Amount   float64
	Updater  uint64
}

type userType struct {
	User uint64
	Type uint32
}

type userName struct {
	User uint64
	Type string
}

func benchEvents(n, users int, zipf bool) []benchEvent {
	r := rand.New(rand.NewPCG(1, 2))
	z := rand.NewZipf(r, 1.05, 100, uint64(users-1))
	events := make([]benchEvent, n)
	for i := range events {
		u := r.Uint64N(uint64(users))
		if zipf {
			u = z.Uint64()
		}
		events[i] = benchEvent{ID: uint64(i), User: u * 0x9e3779b97f4a7c15, Type: r.Uint32N(4), At: int64(i)}
	}
	return events
}

var typeNames = [4]string{"view", "click", "purchase", "scroll"}

// BenchmarkAggregate counts 2 M events per (user, type), beside the loop over a map that one would write; bench/ does
// it with 10 M.
func BenchmarkAggregate(b *testing.B) {
	const n = 2_000_000
	for _, in := range []struct {
		name  string
		users int
		zipf  bool
	}{{"few_uniform", 12_000, false}, {"many_zipf", 1_400_000, true}, {"many_uniform", 100_000, false}} {
		events := benchEvents(n, in.users, in.zipf)
		b.Run(in.name+"/key=uint64_uint32", func(b *testing.B) {
			benchAggregate(b, events, func(e benchEvent) userType { return userType{e.User, e.Type} })
		})
		b.Run(in.name+"/key=uint64_string", func(b *testing.B) {
			benchAggregate(b, events, func(e benchEvent) userName { return userName{e.User, typeNames[e.Type]} })
		})
	}
}

func benchAggregate[K comparable](b *testing.B, events []benchEvent, key func(benchEvent) K) {
	groups := 0
	report := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(events)), "ns/event")
		b.ReportMetric(float64(groups), "groups")
	}
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			counts := map[K]int{}
			for i := range events {
				counts[key(events[i])]++
			}
			groups = len(counts)
		}
		report(b)
	})
	count := stream.Fold[benchEvent, int]{Add: func(n *int, _ benchEvent) { *n++ }}
	for _, r := range []stream.Resources{{}, {Workers: 2}, {Memory: 8 << 20}, {Memory: 8 << 20, Workers: 2}} {
		b.Run(fmt.Sprintf("workers=%s/memory=%d", strconv.Itoa(max(r.Workers, 1)), r.Memory>>20), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for _, err := range stream.Aggregate(stream.Of(events...), key, count, stream.AggregateOptions{Resources: r}) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if groups != 0 && n != groups {
					b.Fatalf("%d groups, the map has %d", n, groups)
				}
			}
			report(b)
		})
	}
}
