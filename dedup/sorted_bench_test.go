package dedup_test

import (
	"cmp"
	"testing"
	"time"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// delivery is a row of 80 bytes.
type delivery struct {
	id       uint64
	updater  uint32
	kindName string
	ingested int64 // milliseconds
	offset   int64
	_        [4]uint64 // what else is known of an event
}

func (d delivery) ID() uint64            { return d.id }
func (d delivery) IngestedAt() time.Time { return time.UnixMilli(d.ingested) }
func (d delivery) HasUpdater() bool      { return d.updater != 0 }

// BenchmarkSorted is the sorted engine beside the loop that trusts the order: 15 % of the rows repeat the one before.
func BenchmarkSorted(b *testing.B) {
	const n = 1_000_000
	rows := make([]delivery, n)
	for i := range rows {
		rows[i] = delivery{id: uint64(i * 85 / 100), kindName: "click", ingested: int64(mix(uint64(i)) % 1000), updater: uint32(i % 3)}
	}
	perRow := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
	}
	latest := []dedup.Comparator[delivery]{dedup.Latest(delivery.IngestedAt), dedup.Present(delivery.HasUpdater)}
	for _, tt := range []struct {
		name string
		o    dedup.Options[delivery]
	}{
		{"first", dedup.Options[delivery]{}},
		{"last", dedup.Options[delivery]{Tie: dedup.TieLast}},
		{"latest", dedup.Options[delivery]{By: latest}},
		{"none", dedup.Options[delivery]{Keep: dedup.KeepNone}},
	} {
		b.Run("rows=1M/row=80B/"+tt.name, func(b *testing.B) {
			s := dedup.Sorted(stream.Of(rows...), delivery.ID, cmp.Compare, tt.o)
			b.ReportAllocs()
			var sum int64
			for b.Loop() {
				for d, err := range s {
					if err != nil {
						b.Fatal(err)
					}
					sum += d.offset
				}
			}
			perRow(b)
		})
	}
	b.Run("rows=1M/row=80B/only_read", func(b *testing.B) {
		var sum int64
		for b.Loop() {
			for d := range stream.Of(rows...) {
				sum += d.offset
			}
		}
		perRow(b)
	})
}
