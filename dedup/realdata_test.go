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

// asReadings makes of records the rows of the random tests, for which all engines are compiled: Serial is the place of
// the record, Sensor and Port are its key, the rest is what it is judged by.
func asReadings(of []record, as func(r record) reading) []reading {
	rows := make([]reading, len(of))
	for i, r := range of {
		rows[i] = as(r)
		rows[i].Serial = i
	}
	return rows
}

// interned gives equal texts equal numbers.
func interned() func(text string) int {
	numbers := map[string]int{}
	return func(text string) int {
		if _, ok := numbers[text]; !ok {
			numbers[text] = len(numbers)
		}
		return numbers[text]
	}
}

// seconds since 1970: that many are an int of 32 bits too, and the files have no parts of one.
func seconds(t *testing.T, layout, text string) int {
	at, err := time.Parse(layout, text)
	require.NoError(t, err)
	return int(at.Unix())
}

func floatOf(t *testing.T, text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return v
}

func readingAt(r reading) int        { return r.At }
func readingValue(r reading) float64 { return r.Value }

// The answers were computed by other means, and stand beside the files.
func TestRun_RealEvents(t *testing.T) {
	raw, err := os.ReadFile(fixture.Path(t, "data", "expected_events.json"))
	require.NoError(t, err)
	var expected map[string]map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &expected))

	vendors, articles := interned(), interned()
	for name, tt := range map[string]struct {
		file, answer string
		columns      []string
		as           func(r record) reading
		o            dedup.Options[reading]
		line         func(record) string
	}{
		"reviews_latest_then_rating_then_last": {
			file: "vendor_reviews.csv.gz", answer: "dedup_key_reviewer_vendor",
			columns: []string{"reviewerId", "vendorId", "rating", "date"},
			as: func(r record) reading {
				return reading{Sensor: r.fields[0], Port: vendors(r.fields[1]), Value: floatOf(t, r.fields[2]), At: seconds(t, "2006-01-02 15:04", r.fields[3])}
			},
			o: dedup.Options[reading]{Tie: dedup.TieLast, By: []dedup.Comparator[reading]{dedup.Max(readingAt), dedup.Max(readingValue)}},
			line: func(r record) string {
				return r.fields[0] + "\t" + r.fields[1] + "\t" + r.fields[2] + "\t" + strconv.Itoa(r.line)
			},
		},
		"retail_latest_then_known_customer_and_text": {
			file: "online_retail_2010-12-01_2011-08-31.csv.gz", answer: "dedup_key_InvoiceNo_StockCode",
			columns: []string{"InvoiceNo", "StockCode", "InvoiceDate", "CustomerID", "Description", "Quantity"},
			as: func(r record) reading {
				row := reading{Sensor: r.fields[0], Port: articles(r.fields[1]), At: seconds(t, time.DateTime, r.fields[2]), Value: floatOf(t, r.fields[5])}
				if r.fields[3] != "" {
					row.Source = stream.Present(r.fields[3])
				}
				if r.fields[4] != "" {
					row.Level = stream.Present(1)
				}
				return row
			},
			o: dedup.Options[reading]{Tie: dedup.TieLast, By: []dedup.Comparator[reading]{
				dedup.Max(readingAt), dedup.Present(func(r reading) bool { return r.Source.IsPresent() }),
				dedup.Present(func(r reading) bool { return r.Level.IsPresent() }), dedup.Max(readingValue),
			}},
			line: func(r record) string { return r.fields[0] + "\t" + r.fields[1] + "\t" + strconv.Itoa(r.line) },
		},
		"changes_latest_commit_then_author_then_first": {
			file: "file_changes_pinot.csv.gz", answer: "dedup_key_path",
			columns: []string{"path", "commit", "type", "commit_time", "author_time"},
			as: func(r record) reading {
				return reading{Sensor: r.fields[0], At: seconds(t, time.RFC3339, r.fields[3]), Level: stream.Present(seconds(t, time.RFC3339, r.fields[4]))}
			},
			o:    dedup.Options[reading]{By: []dedup.Comparator[reading]{dedup.Max(readingAt), dedup.MaxOpt(readingLevel)}},
			line: func(r record) string { return r.fields[0] + "\t" + r.fields[1] + "\t" + r.fields[2] },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var want struct {
				Kept, Dropped int64
				SHA256        string
			}
			require.NoError(t, json.Unmarshal(expected[tt.file][tt.answer], &want))
			all, err := stream.Collect(records(t, tt.columns, "data", "events", tt.file))
			require.NoError(t, err)
			rows := asReadings(all, tt.as)
			for engine, run := range realEngines {
				if len(rows) > 500_000 && !slices.Contains(largeEngines, engine) || testing.Short() && engine != "memory" {
					continue
				}
				kept, stats := run(t, rows, tt.o)
				lines := make([]string, len(kept))
				for i, r := range kept {
					lines[i] = tt.line(all[r.Serial]) + "\n"
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

// realEngine runs a deduplication in one of the ways there are.
type realEngine func(t *testing.T, rows []reading, o dedup.Options[reading]) ([]reading, dedup.Stats)

var realEngines = map[string]realEngine{
	"memory": collected(hashEngine),
	"workers": collected(func(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
		o.Resources.Workers = 3
		return hashEngine(rows, o)
	}),
	"spilled": collected(func(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
		o.Resources.Memory = 4 << 20
		return dedup.RunTuned(stream.Of(rows...), reading.Key, o, max(1, len(rows)/20), 1000)
	}),
	"two_passes": collected(func(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
		o.Order = dedup.OrderWinner
		return twoPassEngine(rows, o)
	}),
	"sorted": collected(func(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
		rows = slices.Clone(rows)
		slices.SortStableFunc(rows, func(a, b reading) int { return compareKeys(a.Key(), b.Key()) })
		return sortedEngine(rows, o)
	}),
	"state_saved_twice": func(t *testing.T, rows []reading, o dedup.Options[reading]) ([]reading, dedup.Stats) {
		held := dedup.StateOptions[reading]{Options: o, Hold: true}
		s := newReadings(t, held)
		for i, row := range rows {
			if i == len(rows)/3 || i == len(rows)/2 {
				s = restored(t, s, newReadings(t, held))
			}
			_, err := s.Push(row)
			require.NoError(t, err)
		}
		return flushed(t, s)
	},
	"states_merged": func(t *testing.T, rows []reading, o dedup.Options[reading]) ([]reading, dedup.Stats) {
		var shards [3]*readingState
		for i := range shards {
			shards[i] = newReadings(t, dedup.StateOptions[reading]{Options: o, Hold: true})
		}
		for i, row := range rows {
			_, err := shards[i%3].PushAt(row, int64(i))
			require.NoError(t, err)
		}
		require.NoError(t, shards[2].Merge(shards[0]))
		require.NoError(t, shards[1].Merge(shards[2]))
		return flushed(t, shards[1])
	},
}

// largeEngines take the largest file as well; the others are left out of it to save time.
var largeEngines = []string{"memory", "spilled"}

// collected is the engine of an operator.
func collected(e engine) realEngine {
	return func(t *testing.T, rows []reading, o dedup.Options[reading]) ([]reading, dedup.Stats) {
		var stats dedup.Stats
		o.Stats = &stats
		kept, err := stream.Collect(e(rows, o))
		require.NoError(t, err)
		return kept, stats
	}
}

func flushed(t *testing.T, s *readingState) (kept []reading, stats dedup.Stats) {
	require.NoError(t, s.Flush(stream.Into(&kept)))
	return kept, s.Stats()
}

// The authors' own answer: the latest version of the first user.
func TestRun_GroundTruth(t *testing.T) {
	columns := []string{"user_id", "event", "version"}
	all, err := stream.Collect(stream.Filter(records(t, columns, "data", "ground_truth", "dedup", "data_deduplicate.csv.gz"),
		func(r record) bool { return r.fields[0] == "1" }))
	require.NoError(t, err)
	want, err := stream.Collect(records(t, columns, "data", "ground_truth", "dedup", "data_deduplicate_expected.csv.gz"))
	require.NoError(t, err)
	rows := asReadings(all, func(r record) reading { return reading{Sensor: r.fields[0], Value: floatOf(t, r.fields[2])} })
	for engine, run := range realEngines {
		got, _ := run(t, rows, dedup.Options[reading]{By: []dedup.Comparator[reading]{dedup.Max(readingValue)}})
		require.Len(t, got, len(want), engine)
		for i := range want {
			require.Equal(t, want[i].fields, all[got[i].Serial].fields, engine)
		}
	}
}
