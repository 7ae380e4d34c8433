package sketch_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/axiomhq/hyperloglog"
	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/sketch"
)

// keys of the benchmarks: n adds of about n/2 distinct users.
func benchKeys(n int) []uint64 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	keys := make([]uint64, n)
	for i := range keys {
		keys[i] = r.Uint64N(uint64(n)/2 + 1)
	}
	return keys
}

// BenchmarkDistinct counts a stream of keys from nothing: 4,000 keys stay sparse at precision 14, a million are
// dense nearly all the way. ns/key includes making the sketch and the final estimate.
func BenchmarkDistinct(b *testing.B) {
	for _, n := range []int{4_000, 1_000_000} {
		keys := benchKeys(n)
		distinct := map[uint64]struct{}{}
		for _, k := range keys {
			distinct[k] = struct{}{}
		}
		engines := []struct {
			name  string
			count func() uint64
		}{
			{"sketch.HLL", func() uint64 {
				h, _ := sketch.NewHLL[uint64](sketch.HLLOptions{})
				for _, k := range keys {
					h.Add(k)
				}
				return h.Estimate()
			}},
			{"axiomhq", func() uint64 {
				h := hyperloglog.New14()
				var b [8]byte
				for _, k := range keys {
					binary.LittleEndian.PutUint64(b[:], k)
					h.Insert(b[:])
				}
				return h.Estimate()
			}},
			{"map", func() uint64 {
				m := map[uint64]struct{}{}
				for _, k := range keys {
					m[k] = struct{}{}
				}
				return uint64(len(m))
			}},
		}
		for _, e := range engines {
			require.InEpsilon(b, len(distinct), e.count(), 0.03)
			b.Run(fmt.Sprintf("keys=%d/engine=%s", n, e.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					e.count()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/key")
			})
		}
	}
}

// BenchmarkHLL_Add adds to a dense sketch, in random order so that registers are met scattered.
func BenchmarkHLL_Add(b *testing.B) {
	keys := benchKeys(1 << 16)
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = fmt.Sprintf("user-%09d", k)
	}
	b.Run("key=uint64", func(b *testing.B) {
		h := newHLL[uint64](b, sketch.HLLOptions{})
		for _, k := range keys {
			h.Add(k)
		}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			h.Add(keys[i&(1<<16-1)])
			i++
		}
	})
	b.Run("key=string", func(b *testing.B) {
		h := newHLL[string](b, sketch.HLLOptions{})
		for _, k := range names {
			h.Add(k)
		}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			h.Add(names[i&(1<<16-1)])
			i++
		}
	})
	b.Run("key=string/engine=axiomhq", func(b *testing.B) {
		h := hyperloglog.New14()
		for _, k := range names {
			h.Insert([]byte(k))
		}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			h.Insert([]byte(names[i&(1<<16-1)]))
			i++
		}
	})
}

func BenchmarkHLL_Estimate(b *testing.B) {
	h := newHLL[uint64](b, sketch.HLLOptions{})
	for _, k := range benchKeys(100_000) {
		h.Add(k)
	}
	b.ReportAllocs()
	for b.Loop() {
		h.Estimate()
	}
}

func BenchmarkHLL_Merge(b *testing.B) {
	x, y := newHLL[uint64](b, sketch.HLLOptions{}), newHLL[uint64](b, sketch.HLLOptions{})
	for i, k := range benchKeys(200_000) {
		[]*sketch.HLL[uint64]{x, y}[i%2].Add(k)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := x.Merge(y); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCountMin_Add: 32 KiB lies in the first cache, 4 MiB beyond the second.
func BenchmarkCountMin_Add(b *testing.B) {
	keys := benchKeys(1 << 16)
	for _, width := range []int{1 << 10, 1 << 17} {
		for _, conservative := range []bool{false, true} {
			b.Run(fmt.Sprintf("KiB=%d/conservative=%t", width*32>>10, conservative), func(b *testing.B) {
				c := newCountMin[uint64](b, sketch.CountMinOptions{Width: width, Depth: 4, Conservative: conservative})
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					c.Add(keys[i&(1<<16-1)], 1)
					i++
				}
			})
		}
	}
}

// BenchmarkHeavyHitters_Add against counting all keys exactly.
func BenchmarkHeavyHitters_Add(b *testing.B) {
	r := rand.New(rand.NewPCG(2, 2))
	zipf := rand.NewZipf(r, 1.1, 1, math.MaxInt32)
	keys := make([]uint64, 1<<18)
	for i := range keys {
		keys[i] = zipf.Uint64()
	}
	b.Run("engine=sketch.HeavyHitters", func(b *testing.B) {
		h := newHeavyHitters[uint64](b, sketch.HeavyHittersOptions{})
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			h.Add(keys[i&(1<<18-1)], 1)
			i++
		}
	})
	b.Run("engine=map", func(b *testing.B) {
		m := map[uint64]uint64{}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			m[keys[i&(1<<18-1)]]++
			i++
		}
	})
}
