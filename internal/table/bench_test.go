package table

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

// events are zipf-distributed group numbers, spread over the key space.
func events(n, groups int) []uint64 {
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.05, 100, uint64(groups-1))
	out := make([]uint64, n)
	for i := range out {
		out[i] = zipf.Uint64() * 0x9e3779b97f4a7c15
	}
	return out
}

type userType struct {
	User uint64
	Type uint32
}

// BenchmarkCount counts per key, the table against the Go map, the same events and keys. It needs
// -benchtime=1x for one whole pass of the large sizes.
func BenchmarkCount(b *testing.B) {
	for _, size := range []struct {
		name           string
		events, groups int
	}{{"groups=1k", 100_000, 1_000}, {"groups=2M", 10_000_000, 4_000_000}} {
		in := events(size.events, size.groups)
		b.Run(size.name+"/key=uint64", func(b *testing.B) { benchCount(b, in, func(v uint64) uint64 { return v }) })
		b.Run(size.name+"/key=uint64_uint32", func(b *testing.B) {
			benchCount(b, in, func(v uint64) userType { return userType{v, uint32(v >> 60)} })
		})
		if size.events <= 100_000 || !testing.Short() {
			names := map[uint64]string{}
			for _, v := range in {
				if _, ok := names[v]; !ok {
					names[v] = "user-" + strconv.FormatUint(v, 36)
				}
			}
			texts := make([]string, len(in))
			for i, v := range in {
				texts[i] = names[v]
			}
			i := -1
			b.Run(size.name+"/key=string", func(b *testing.B) {
				benchCount(b, in, func(uint64) string { i = (i + 1) % len(texts); return texts[i] })
			})
		}
	}
}

func benchCount[K comparable](b *testing.B, in []uint64, key func(uint64) K) {
	groups := 0
	b.Run("table", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			t := newTable[K](b)
			var counts []int
			for _, v := range in {
				i, added := t.Upsert(key(v))
				if added {
					counts = append(counts, 0)
				}
				counts[i]++
			}
			groups = t.Len()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(in)), "ns/event")
		b.ReportMetric(float64(groups), "groups")
	})
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			counts := map[K]int{}
			for _, v := range in {
				counts[key(v)]++
			}
			if groups != 0 && len(counts) != groups {
				b.Fatalf("map has %d groups, table %d", len(counts), groups)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(in)), "ns/event")
	})
}
