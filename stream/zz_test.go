package stream_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/millrace-go/millrace/stream"
)

func cpu() int64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

func BenchmarkZZ(b *testing.B) {
	const n = 4_000_000
	for _, in := range []struct {
		name  string
		users int
		zipf  bool
	}{{"few", 12_000, false}, {"many", 2_500_000, true}} {
		events := benchEvents(n, in.users, in.zipf)
		key := func(e benchEvent) userType { return userType{e.User, e.Type} }
		count := stream.Fold[benchEvent, int]{Add: func(n *int, _ benchEvent) { *n++ }}
		b.Run(in.name+"/map", func(b *testing.B) {
			t := cpu()
			for b.Loop() {
				m := map[userType]int{}
				for i := range events {
					m[key(events[i])]++
				}
				b.ReportMetric(float64(len(m)), "groups")
			}
			b.ReportMetric(float64(cpu()-t)/float64(b.N)/n, "cpu-ns/ev")
		})
		for _, r := range []stream.Resources{{}, {Workers: 2}, {Memory: 16 << 20}} {
			b.Run(fmt.Sprint(in.name, "/w", r.Workers, "m", r.Memory>>20), func(b *testing.B) {
				t := cpu()
				for b.Loop() {
					for _, err := range stream.Aggregate(stream.Of(events...), key, count, stream.AggregateOptions{Resources: r}) {
						if err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(cpu()-t)/float64(b.N)/n, "cpu-ns/ev")
			})
		}
	}
}
