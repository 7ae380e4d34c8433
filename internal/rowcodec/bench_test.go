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

func BenchmarkAppend(b *testing.B) {
	codec, err := rowcodec.New[event]()
	if err != nil {
		b.Fatal(err)
	}
	rows := events(4096)
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
	codec, err := rowcodec.New[event]()
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	for _, e := range events(4096) {
		buf, _ = codec.Append(buf, &e)
	}
	b.ReportAllocs()
	rest := buf
	var e event
	for b.Loop() {
		if len(rest) == 0 {
			rest = buf
		}
		if rest, err = codec.Decode(rest, &e); err != nil {
			b.Fatal(err)
		}
	}
}
