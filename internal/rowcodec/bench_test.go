package rowcodec_test

import (
	"testing"

	"github.com/millrace-go/millrace/internal/rowcodec"
)

// event is 56 bytes: six numeric fields and one short string.
type event struct {
	ID      uint64
	User    uint64
	At      int64
	Amount  float64
	Kind    uint32
	Country uint32
	Page    string
}

var pages = []string{"home", "search", "item", "checkout", "help"}

// events are what a log holds: ids in a row, users by zipf, nanoseconds, amounts of cents.
func events(n int) []event {
	out := make([]event, n)
	x := uint64(7)
	for i := range out {
		x = x*6364136223846793005 + 1442695040888963407
		out[i] = event{
			ID: 1_000_000 + uint64(i), User: x >> 33 % (1 + x>>50), At: 1772366400_000000000 + int64(i)*1_000_000 + int64(x>>44),
			Amount: float64(x>>40%100_000) / 100, Kind: uint32(x>>60) % 5, Country: uint32(x>>55) % 200, Page: pages[x>>58%5],
		}
	}
	return out
}

// counters are 64 bytes: eight integers, of every length.
type counters struct{ ID, At, A, B, C, D, E, F int64 }

func manyCounters(n int) []counters {
	out := make([]counters, n)
	for i := range out {
		at := int64(3_000_000 + i)
		h := uint64(at) * 0x9e3779b97f4a7c15
		out[i] = counters{ID: at % 2_000_000, At: at, A: int64(h), B: int64(h >> 32), C: at, D: 7, E: at * at, F: int64(h >> 48)}
	}
	return out
}

func BenchmarkAppend(b *testing.B) {
	b.Run("row=event", func(b *testing.B) { benchAppend(b, events(4096)) })
	b.Run("row=counters", func(b *testing.B) { benchAppend(b, manyCounters(4096)) })
}

func benchAppend[T any](b *testing.B, rows []T) {
	codec, err := rowcodec.New[T]()
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 1<<20)
	b.ReportAllocs()
	i, size := 0, 0
	for b.Loop() {
		if buf, err = codec.Append(buf[:0], &rows[i&4095]); err != nil {
			b.Fatal(err)
		}
		size += len(buf)
		i++
	}
	b.ReportMetric(float64(size)/float64(b.N), "B/row")
}

func BenchmarkDecode(b *testing.B) {
	b.Run("row=event", func(b *testing.B) { benchDecode(b, events(4096)) })
	b.Run("row=counters", func(b *testing.B) { benchDecode(b, manyCounters(4096)) })
}

func benchDecode[T any](b *testing.B, rows []T) {
	codec, err := rowcodec.New[T]()
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	for i := range rows {
		buf, _ = codec.Append(buf, &rows[i])
	}
	b.ReportAllocs()
	rest := buf
	var e T
	for b.Loop() {
		if len(rest) == 0 {
			rest = buf
		}
		if rest, err = codec.Decode(rest, &e); err != nil {
			b.Fatal(err)
		}
	}
}
