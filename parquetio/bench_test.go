package parquetio

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// event has six columns of the kinds events have.
type event struct {
	ID      int64               `parquet:"id"`
	User    string              `parquet:"user"`
	Type    string              `parquet:"type"`
	At      time.Time           `parquet:"at"`
	Amount  stream.Opt[float64] `parquet:"amount"`
	Updated stream.Opt[string]  `parquet:"updated_by"`
}

const benchRows = 200_000

// events are made from a seed, without a generator between the timer and the work.
func events(n int) []event {
	out := make([]event, n)
	state := uint64(42)
	next := func() uint64 {
		state += 0x9e3779b97f4a7c15
		x := state
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		return x ^ x>>31
	}
	types := []string{"view", "click", "search", "cart", "purchase", "login", "logout", "error", "share", "like", "play", "stop"}
	for i := range out {
		r := next()
		e := &out[i]
		e.ID = int64(next() >> 1)
		e.User = fmt.Sprintf("user-%d", (r>>32)*(r>>32)>>32%50000)
		e.Type = types[r%12]
		e.At = day0.Add(time.Duration(i) * 137 * time.Millisecond)
		if r>>20%4 == 0 {
			e.Amount = stream.Present(float64(r%10000) / 100)
		} else {
			e.Amount = stream.Null[float64]()
		}
		if r>>24%3 == 0 {
			e.Updated = stream.Present(fmt.Sprintf("svc-%d", r%7))
		} else {
			e.Updated = stream.Null[string]()
		}
	}
	return out
}

func BenchmarkWrite(b *testing.B) {
	rows := events(benchRows)
	for _, codec := range []Codec{Zstd, Snappy, Uncompressed} {
		b.Run("codec="+codec.String(), func(b *testing.B) {
			path := filepath.Join(quickDir(b), "events.parquet")
			b.ReportAllocs()
			var res FileResult
			for b.Loop() {
				var err error
				if res, err = Write(path, of(rows), WriteOptions{Codec: codec}); err != nil {
					b.Fatal(err)
				}
			}
			perRow(b)
			b.ReportMetric(float64(res.Bytes)/benchRows, "fileB/row")
			got, err := collectAll(Read[event](path, ReadOptions{}))
			require.NoError(b, err)
			require.Equal(b, rows, got)
		})
	}
}

func BenchmarkRead(b *testing.B) {
	rows := events(benchRows)
	path := filepath.Join(quickDir(b), "events.parquet")
	_, err := Write(path, of(rows), WriteOptions{})
	require.NoError(b, err)
	b.Run("columns=6", func(b *testing.B) { benchRead[event](b, path) })
	b.Run("columns=2", func(b *testing.B) {
		benchRead[struct {
			User string `parquet:"user"`
			Type string `parquet:"type"`
		}](b, path)
	})
	b.Run("rows=dynamic", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for _, err := range ReadRows(path, ReadOptions{}) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != benchRows {
				b.Fatal(n)
			}
		}
		perRow(b)
	})
}

func benchRead[T any](b *testing.B, path string) {
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range Read[T](path, ReadOptions{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != benchRows {
			b.Fatal(n)
		}
	}
	perRow(b)
}

func BenchmarkOverwrite(b *testing.B) {
	rows := events(benchRows)
	for _, mem := range []int64{256 << 20, 4 << 20} {
		b.Run(fmt.Sprintf("partitions=30/memory=%dM", mem>>20), func(b *testing.B) {
			d, err := NewDataset[event](quickDir(b), DatasetOptions{})
			require.NoError(b, err)
			by := func(e event) Partition { return Day(e.At.Add(time.Duration(e.ID%30) * 24 * time.Hour)) }
			b.ReportAllocs()
			for b.Loop() {
				res, err := d.Overwrite(b.Context(), of(rows), by, OverwriteOptions[event]{Resources: stream.Resources{Memory: mem}})
				if err != nil || res.Rows != benchRows {
					b.Fatal(res.Rows, err)
				}
			}
			perRow(b)
		})
	}
}

func perRow(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}
