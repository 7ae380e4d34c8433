package files

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/parquetio"
	"github.com/millrace-go/millrace/stream"
)

var options = events.Options{Rows: 20_000, Seed: 3, Users: 500, Zipf: true}

func TestWriteParquet_reads_back(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.parquet")
	if err := WriteParquet(path, options); err != nil {
		t.Fatal(err)
	}
	rows, err := stream.Collect(parquetio.Read[Row](path, parquetio.ReadOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	want, err := stream.Collect(stream.Map(All(options), RowOf))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows, want %d", len(rows), len(want))
	}
	for i := range want {
		if rows[i] != want[i] {
			t.Fatalf("row %d is %+v, want %+v", i, rows[i], want[i])
		}
	}
}

// Each line is the event of its place, or broken and counted.
func TestWriteNDJSON(t *testing.T) {
	var b bytes.Buffer
	broken, err := WriteNDJSON(&b, options)
	if err != nil {
		t.Fatal(err)
	}
	s, err := events.New(options)
	if err != nil {
		t.Fatal(err)
	}
	refused, i := 0, 0
	for line := range bytes.Lines(b.Bytes()) {
		e := s.At(i)
		i++
		var got struct {
			User            uint64
			Type            string
			At, Ingested_at int64
			Amount          float64
			Updated_by      *uint32
		}
		if err := json.Unmarshal(line, &got); err != nil {
			refused++
			continue
		}
		if got.User != e.User || got.Type != e.TypeName || got.At != e.At || got.Ingested_at != e.Ingested || got.Amount != e.Amount ||
			(got.Updated_by == nil) != (e.Updater == 0) {
			t.Fatalf("line %d is %s, want %+v", i, line, e)
		}
	}
	if i != options.Rows || refused != broken || broken < 100 || broken > 300 {
		t.Errorf("%d lines, %d refused, %d said to be broken; want %d, and about 200 twice", i, refused, broken, options.Rows)
	}
}
