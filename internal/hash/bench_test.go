package hash

import (
	"hash/maphash"
	"reflect"
	"testing"
	"time"
)

type userType struct {
	User uint64
	Type uint32
}

type userEvent struct {
	User uint64
	Type string
}

// benchKeys hashes 1,024 different keys per round, so that branches and loads are not those of one key. The
// floor beside ours is the runtime's own hash of the same keys, which is neither stable nor portable.
func benchKeys[K comparable](b *testing.B, at func(i int) K) {
	h, err := New[K]()
	if err != nil {
		b.Fatal(err)
	}
	keys := make([]K, 1024)
	for i := range keys {
		keys[i] = at(i)
	}
	var sink uint64
	b.Run("hash", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for i := range keys {
				sink ^= h.Hash(&keys[i], 0)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(keys)), "ns/key")
	})
	b.Run("equal", func(b *testing.B) {
		b.ReportAllocs()
		same := 0
		for b.Loop() {
			for i := range keys {
				if h.Equal(&keys[i], &keys[i^1]) {
					same++
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(keys)), "ns/key")
	})
	b.Run("maphash", func(b *testing.B) {
		seed := maphash.MakeSeed()
		b.ReportAllocs()
		for b.Loop() {
			for i := range keys {
				sink ^= maphash.Comparable(seed, keys[i])
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(keys)), "ns/key")
	})
}

func BenchmarkKey(b *testing.B) {
	names := []string{"click", "view", "purchase", "add_to_cart", "scroll"}
	b.Run("key=uint64", func(b *testing.B) { benchKeys(b, func(i int) uint64 { return uint64(i) * 977 }) })
	b.Run("key=int", func(b *testing.B) { benchKeys(b, func(i int) int { return i * 977 }) })
	b.Run("key=uint32", func(b *testing.B) { benchKeys(b, func(i int) uint32 { return uint32(i) * 977 }) })
	b.Run("key=string", func(b *testing.B) {
		benchKeys(b, func(i int) string { return names[i%5] + "/user-" + names[i%3] })
	})
	b.Run("key=uint64_uint32", func(b *testing.B) {
		benchKeys(b, func(i int) userType { return userType{uint64(i) * 977, uint32(i % 12)} })
	})
	b.Run("key=uint64_string", func(b *testing.B) {
		benchKeys(b, func(i int) userEvent { return userEvent{uint64(i) * 977, names[i%5]} })
	})
	b.Run("key=16_bytes", func(b *testing.B) {
		benchKeys(b, func(i int) [16]byte { return [16]byte{byte(i), byte(i >> 8), 3, 4} })
	})
	b.Run("key=time", func(b *testing.B) {
		benchKeys(b, func(i int) time.Time { return time.Unix(int64(i), 0) })
	})
	b.Run("key=any", func(b *testing.B) {
		benchKeys(b, func(i int) any {
			if i%2 == 0 {
				return names[i%5]
			}
			return i
		})
	})
}

func BenchmarkBytes(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"3", 3}, {"4", 4}, {"16", 16}, {"17", 17}, {"48", 48}, {"49", 49}, {"4096", 4096}} {
		b.Run("bytes="+size.name, func(b *testing.B) {
			data := make([]byte, size.n)
			var sink uint64
			b.SetBytes(int64(size.n))
			for b.Loop() {
				sink ^= Bytes(data, sink)
			}
		})
	}
}

// BenchmarkReflection is the walk that purego takes, to be compared with BenchmarkKey of the same keys.
func BenchmarkReflection(b *testing.B) {
	b.Run("key=uint64", func(b *testing.B) { benchReflection(b, uint64(977)) })
	b.Run("key=string", func(b *testing.B) { benchReflection(b, "click/user-view") })
	b.Run("key=uint64_uint32", func(b *testing.B) { benchReflection(b, userType{977, 7}) })
	b.Run("key=uint64_string", func(b *testing.B) { benchReflection(b, userEvent{977, "click"}) })
}

func benchReflection[K comparable](b *testing.B, k K) {
	n, kerr := nodeOf(reflect.TypeFor[K]())
	if kerr != nil {
		b.Fatal(kerr)
	}
	var sink uint64
	b.ReportAllocs()
	for b.Loop() {
		sink ^= hashValue(n, reflect.ValueOf(&k).Elem(), sink)
	}
}
