package dedup_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/internal/fixture"
	"github.com/millrace-go/millrace/stream"
)

// record is a line of a CSV file, with its number, 1 for the first after the header.
type record struct {
	Fields   []string
	Line     int
	At, Then time.Time // what instants sets
}

// pair is the key of all of them: two columns, or one and nothing.
type pair struct{ A, B string }

// records streams a gzipped CSV file, and names its columns.
func records(t *testing.T, columns []string, elem ...string) stream.Seq[record] {
	path := fixture.Path(t, elem...)
	return func(yield func(record, error) bool) {
		fail := func(err error) { yield(record{}, err) }
		file, err := os.Open(path)
		if err != nil {
			fail(err)
			return
		}
		defer file.Close()
		unzipped, err := gzip.NewReader(file)
		if err != nil {
			fail(err)
			return
		}
		r := csv.NewReader(unzipped)
		header, err := r.Read()
		if err != nil {
			fail(err)
			return
		}
		at := make([]int, len(columns))
		for i, name := range columns {
			at[i] = slices.Index(header, name)
			require.GreaterOrEqual(t, at[i], 0, name)
		}
		for line := 1; ; line++ {
			all, err := r.Read()
			if err == io.EOF {
				return
			}
			if err != nil {
				fail(err)
				return
			}
			fields := make([]string, len(at))
			for i, a := range at {
				fields[i] = all[a]
			}
			if !yield(record{Fields: fields, Line: line}, nil) {
				return
			}
		}
	}
}

// instants reads the times of rows, once for all comparisons. A field of 0 or less is none.
func instants(t *testing.T, rows []record, layout string, at, then int) {
	read := func(text string) time.Time {
		v, err := time.Parse(layout, text)
		require.NoError(t, err)
		return v
	}
	for i := range rows {
		r := &rows[i]
		r.At = read(r.Fields[at])
		if then > 0 {
			r.Then = read(r.Fields[then])
		}
	}
}

func (r record) at() time.Time   { return r.At }
func (r record) then() time.Time { return r.Then }

func numberIn(field int) func(record) float64 {
	return func(r record) float64 {
		n, err := strconv.ParseFloat(r.Fields[field], 64)
		if err != nil {
			panic(err)
		}
		return n
	}
}

func filled(field int) func(record) bool {
	return func(r record) bool { return r.Fields[field] != "" }
}

// The answers were computed by other means, and stand beside the files.
func TestRun_RealEvents(t *testing.T) {
	raw, err := os.ReadFile(fixture.Path(t, "data", "expected_events.json"))
	require.NoError(t, err)
	var expected map[string]map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &expected))

	firstTwo := func(r record) pair { return pair{r.Fields[0], r.Fields[1]} }
	for name, tt := range map[string]struct {
		file, answer string
		columns      []string
		layout       string
		at, then     int // columns
		key          func(record) pair
		o            dedup.Options[record]
		line         func(record) string
	}{
		"reviews_latest_then_rating_then_last": {
			file: "vendor_reviews.csv.gz", answer: "dedup_key_reviewer_vendor",
			columns: []string{"reviewerId", "vendorId", "rating", "date"},
			layout:  "2006-01-02 15:04", at: 3,
			key: firstTwo,
			o: dedup.Options[record]{Tie: dedup.TieLast, By: []dedup.Comparator[record]{
				dedup.Latest(record.at), dedup.Max(numberIn(2)),
			}},
			line: func(r record) string {
				return r.Fields[0] + "\t" + r.Fields[1] + "\t" + r.Fields[2] + "\t" + strconv.Itoa(r.Line)
			},
		},
		"retail_latest_then_known_customer_and_text": {
			file: "online_retail_2010-12-01_2011-08-31.csv.gz", answer: "dedup_key_InvoiceNo_StockCode",
			columns: []string{"InvoiceNo", "StockCode", "InvoiceDate", "CustomerID", "Description", "Quantity"},
			layout:  time.DateTime, at: 2,
			key: firstTwo,
			o: dedup.Options[record]{Tie: dedup.TieLast, By: []dedup.Comparator[record]{
				dedup.Latest(record.at), dedup.Present(filled(3)), dedup.Present(filled(4)), dedup.Max(numberIn(5)),
			}},
			line: func(r record) string { return r.Fields[0] + "\t" + r.Fields[1] + "\t" + strconv.Itoa(r.Line) },
		},
		"changes_latest_commit_then_author_then_first": {
			file: "file_changes_pinot.csv.gz", answer: "dedup_key_path",
			columns: []string{"path", "commit", "type", "commit_time", "author_time"},
			layout:  time.RFC3339, at: 3, then: 4,
			key: func(r record) pair { return pair{A: r.Fields[0]} },
			o: dedup.Options[record]{By: []dedup.Comparator[record]{
				dedup.Latest(record.at), dedup.Latest(record.then),
			}},
			line: func(r record) string { return r.Fields[0] + "\t" + r.Fields[1] + "\t" + r.Fields[2] },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var want struct {
				Kept, Dropped int64
				SHA256        string
			}
			require.NoError(t, json.Unmarshal(expected[tt.file][tt.answer], &want))
			rows, err := stream.Collect(records(t, tt.columns, "data", "events", tt.file))
			require.NoError(t, err)
			instants(t, rows, tt.layout, tt.at, tt.then)
			for engine, run := range recordEngines {
				if len(rows) > 500_000 && !slices.Contains(largeEngines, engine) || testing.Short() && engine != "memory" {
					continue
				}
				kept, stats := run(t, rows, tt.key, tt.o)
				lines := make([]string, len(kept))
				for i, r := range kept {
					lines[i] = tt.line(r) + "\n"
				}
				slices.Sort(lines)
				sum := sha256.Sum256([]byte(strings.Join(lines, "")))
				require.Equal(t, want.Kept, stats.Out, engine)
				require.Equal(t, want.Dropped, stats.Dropped, engine)
				require.Equal(t, want.SHA256, hex.EncodeToString(sum[:]), engine)
			}
		})
	}
}

// recordEngine runs a deduplication of records in one of the ways there are.
type recordEngine func(t *testing.T, rows []record, key func(record) pair, o dedup.Options[record]) ([]record, dedup.Stats)

var recordEngines = map[string]recordEngine{
	"memory": collected(func(rows []record, key func(record) pair, o dedup.Options[record]) stream.Seq[record] {
		return dedup.Run(stream.Of(rows...), key, o)
	}),
	"workers": collected(func(rows []record, key func(record) pair, o dedup.Options[record]) stream.Seq[record] {
		o.Resources.Workers = 3
		return dedup.Run(stream.Of(rows...), key, o)
	}),
	"spilled": collected(func(rows []record, key func(record) pair, o dedup.Options[record]) stream.Seq[record] {
		o.Resources.Memory = 4 << 20
		return dedup.Run(stream.Of(rows...), key, o)
	}),
	"two_passes": collected(func(rows []record, key func(record) pair, o dedup.Options[record]) stream.Seq[record] {
		o.Order = dedup.OrderWinner
		return dedup.TwoPass(again(rows), key, o)
	}),
}

// largeEngines take the largest file as well; the others are left out of it to save time.
var largeEngines = []string{"memory", "spilled", "two_passes"}

// collected is the engine of an operator.
func collected(op func(rows []record, key func(record) pair, o dedup.Options[record]) stream.Seq[record]) recordEngine {
	return func(t *testing.T, rows []record, key func(record) pair, o dedup.Options[record]) ([]record, dedup.Stats) {
		var stats dedup.Stats
		o.Stats = &stats
		kept, err := stream.Collect(op(rows, key, o))
		require.NoError(t, err)
		return kept, stats
	}
}

// The authors' own answer: the latest version of the first user.
func TestRun_GroundTruth(t *testing.T) {
	columns := []string{"user_id", "event", "version"}
	rows, err := stream.Collect(stream.Filter(records(t, columns, "data", "ground_truth", "dedup", "data_deduplicate.csv.gz"),
		func(r record) bool { return r.Fields[0] == "1" }))
	require.NoError(t, err)
	want, err := stream.Collect(records(t, columns, "data", "ground_truth", "dedup", "data_deduplicate_expected.csv.gz"))
	require.NoError(t, err)
	o := dedup.Options[record]{By: []dedup.Comparator[record]{dedup.Max(numberIn(2))}}
	for engine, run := range recordEngines {
		got, _ := run(t, rows, func(r record) pair { return pair{A: r.Fields[0]} }, o)
		require.Len(t, got, len(want), engine)
		for i := range want {
			require.Equal(t, want[i].Fields, got[i].Fields, engine)
		}
	}
}
