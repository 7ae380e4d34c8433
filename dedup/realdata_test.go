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
	fields []string
	line   int
}

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
			if !yield(record{fields, line}, nil) {
				return
			}
		}
	}
}

func instant(layout string, field int) func(record) time.Time {
	return func(r record) time.Time {
		at, err := time.Parse(layout, r.fields[field])
		if err != nil {
			panic(err)
		}
		return at
	}
}

func numberIn(field int) func(record) float64 {
	return func(r record) float64 {
		n, err := strconv.ParseFloat(r.fields[field], 64)
		if err != nil {
			panic(err)
		}
		return n
	}
}

func filled(field int) func(record) bool {
	return func(r record) bool { return r.fields[field] != "" }
}

// The answers were computed by other means, and stand beside the files.
func TestRun_RealEvents(t *testing.T) {
	raw, err := os.ReadFile(fixture.Path(t, "data", "expected_events.json"))
	require.NoError(t, err)
	var expected map[string]map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &expected))

	type pair struct{ a, b string }
	firstTwo := func(r record) pair { return pair{r.fields[0], r.fields[1]} }
	for name, tt := range map[string]struct {
		file, answer string
		columns      []string
		key          func(record) pair
		o            dedup.Options[record]
		line         func(record) string
	}{
		"reviews_latest_then_rating_then_last": {
			file: "vendor_reviews.csv.gz", answer: "dedup_key_reviewer_vendor",
			columns: []string{"reviewerId", "vendorId", "rating", "date"},
			key:     firstTwo,
			o: dedup.Options[record]{Tie: dedup.TieLast, By: []dedup.Comparator[record]{
				dedup.Latest(instant("2006-01-02 15:04", 3)), dedup.Max(numberIn(2)),
			}},
			line: func(r record) string {
				return r.fields[0] + "\t" + r.fields[1] + "\t" + r.fields[2] + "\t" + strconv.Itoa(r.line)
			},
		},
		"retail_latest_then_known_customer_and_text": {
			file: "online_retail_2010-12-01_2011-08-31.csv.gz", answer: "dedup_key_InvoiceNo_StockCode",
			columns: []string{"InvoiceNo", "StockCode", "InvoiceDate", "CustomerID", "Description", "Quantity"},
			key:     firstTwo,
			o: dedup.Options[record]{Tie: dedup.TieLast, By: []dedup.Comparator[record]{
				dedup.Latest(instant(time.DateTime, 2)), dedup.Present(filled(3)), dedup.Present(filled(4)), dedup.Max(numberIn(5)),
			}},
			line: func(r record) string { return r.fields[0] + "\t" + r.fields[1] + "\t" + strconv.Itoa(r.line) },
		},
		"changes_latest_commit_then_author_then_first": {
			file: "file_changes_pinot.csv.gz", answer: "dedup_key_path",
			columns: []string{"path", "commit", "type", "commit_time", "author_time"},
			key:     func(r record) pair { return pair{a: r.fields[0]} },
			o: dedup.Options[record]{By: []dedup.Comparator[record]{
				dedup.Latest(instant(time.RFC3339, 3)), dedup.Latest(instant(time.RFC3339, 4)),
			}},
			line: func(r record) string { return r.fields[0] + "\t" + r.fields[1] + "\t" + r.fields[2] },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var want struct {
				Kept, Dropped int64
				SHA256        string
			}
			require.NoError(t, json.Unmarshal(expected[tt.file][tt.answer], &want))
			var stats dedup.Stats
			tt.o.Stats = &stats
			rows, err := stream.Collect(records(t, tt.columns, "data", "events", tt.file))
			require.NoError(t, err)
			twoPasses := tt.o
			twoPasses.Order = dedup.OrderWinner
			for _, s := range []stream.Seq[record]{dedup.Run(stream.Of(rows...), tt.key, tt.o), dedup.TwoPass(again(rows), tt.key, twoPasses)} {
				kept, err := stream.Collect(s)
				require.NoError(t, err)
				lines := make([]string, len(kept))
				for i, r := range kept {
					lines[i] = tt.line(r) + "\n"
				}
				slices.Sort(lines)
				sum := sha256.Sum256([]byte(strings.Join(lines, "")))
				require.Equal(t, want.Kept, stats.Out)
				require.Equal(t, want.Dropped, stats.Dropped)
				require.Equal(t, want.SHA256, hex.EncodeToString(sum[:]))
			}
		})
	}
}

// The authors' own answer: the latest version of the first user.
func TestBest_GroundTruth(t *testing.T) {
	columns := []string{"user_id", "event", "version"}
	first := stream.Filter(records(t, columns, "data", "ground_truth", "dedup", "data_deduplicate.csv.gz"),
		func(r record) bool { return r.fields[0] == "1" })
	got, err := stream.Collect(dedup.Best(first, func(r record) string { return r.fields[0] }, dedup.Max(numberIn(2))))
	require.NoError(t, err)
	want, err := stream.Collect(records(t, columns, "data", "ground_truth", "dedup", "data_deduplicate_expected.csv.gz"))
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i].fields, got[i].fields)
	}
}
