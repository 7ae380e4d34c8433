package sketch_test

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/fixture"
	"github.com/millrace-go/millrace/sketch"
)

// testData opens a file of the shared test data, or skips the test.
func testData(t *testing.T, elem ...string) *os.File {
	t.Helper()
	f, err := os.Open(fixture.Path(t, append([]string{"data"}, elem...)...))
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// Real columns, with the exact answers known: distinct keys inside four standard errors, all of the true top 20
// inside their bounds, in one pass and merged from four shards.
func TestRealData(t *testing.T) {
	if testing.Short() {
		t.Skip("reads two million rows; not with -short")
	}
	var answers map[string]map[string]json.RawMessage
	require.NoError(t, json.NewDecoder(testData(t, "expected_events.json")).Decode(&answers))
	for _, c := range []struct{ file, column, top string }{
		{"vendor_reviews.csv.gz", "reviewerId", "top_users"},
		{"vendor_reviews.csv.gz", "vendorId", "top_vendorId"},
		{"online_retail_2010-12-01_2011-08-31.csv.gz", "StockCode", "top_StockCode"},
		{"file_changes_pinot.csv.gz", "path", "top_path"},
		{"file_changes_pinot.csv.gz", "author", "top_users"},
	} {
		t.Run(c.column, func(t *testing.T) {
			var distinct map[string]uint64
			require.NoError(t, json.Unmarshal(answers[c.file]["distinct"], &distinct))
			var top [][2]any
			require.NoError(t, json.Unmarshal(answers[c.file][c.top], &top))

			const shards = 4
			hll := newHLL[string](t, sketch.HLLOptions{})
			heavy := newHeavyHitters[string](t, sketch.HeavyHittersOptions{})
			var hllParts [shards]*sketch.HLL[string]
			var heavyParts [shards]*sketch.HeavyHitters[string]
			for i := range shards {
				hllParts[i], heavyParts[i] = newHLL[string](t, sketch.HLLOptions{}), newHeavyHitters[string](t, sketch.HeavyHittersOptions{})
			}
			rows := 0
			for key := range column(t, c.file, c.column) {
				hll.Add(key)
				heavy.Add(key, 1)
				hllParts[rows%shards].Add(key)
				heavyParts[rows%shards].Add(key, 1)
				rows++
			}
			for i := 1; i < shards; i++ {
				require.NoError(t, hllParts[0].Merge(hllParts[i]))
				require.NoError(t, heavyParts[0].Merge(heavyParts[i]))
			}

			exact := distinct[c.column]
			require.NotZero(t, exact)
			require.InDelta(t, exact, hll.Estimate(), 4*hll.StandardError()*float64(exact)+1)
			require.Equal(t, snapshot(t, hll), snapshot(t, hllParts[0]))
			t.Logf("%d rows, %d distinct, estimate %d (%+.2f %%), floor %d, merged %d", rows, exact, hll.Estimate(),
				100*(float64(hll.Estimate())/float64(exact)-1), heavy.Floor(), heavyParts[0].Floor())
			for _, h := range []*sketch.HeavyHitters[string]{heavy, heavyParts[0]} {
				require.EqualValues(t, rows, h.Total())
				listed := h.Top(h.Capacity())
				for _, want := range top {
					key, count := want[0].(string), uint64(want[1].(float64))
					require.GreaterOrEqual(t, h.Count(key), count)
					i := slices.IndexFunc(listed, func(x sketch.HeavyHitter[string]) bool { return x.Key == key })
					if i < 0 {
						require.LessOrEqual(t, count, h.Floor(), "%s is missing", key)
						continue
					}
					require.GreaterOrEqual(t, count, listed[i].Count-listed[i].Error)
				}
				require.LessOrEqual(t, h.Floor(), uint64(math.Ceil(float64(rows)/float64(h.Capacity()))))
			}
		})
	}
}

// column yields the values of a column of a gzipped CSV file that are not empty.
func column(t *testing.T, file, name string) func(func(string) bool) {
	return func(yield func(string) bool) {
		unzipped, err := gzip.NewReader(testData(t, "events", file))
		require.NoError(t, err)
		r := csv.NewReader(unzipped)
		r.ReuseRecord = true
		head, err := r.Read()
		require.NoError(t, err)
		i := slices.Index(head, name)
		require.GreaterOrEqual(t, i, 0)
		for {
			record, err := r.Read()
			if err == io.EOF {
				return
			}
			require.NoError(t, err)
			if record[i] != "" && !yield(record[i]) {
				return
			}
		}
	}
}
