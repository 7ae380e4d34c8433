package realdata

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// The answers below are SQL's, as those of joins_test.go: for each left row a subquery over the right ones,
//
//	SELECT r.row FROM r WHERE r.key = l.key AND r.time <= l.time ORDER BY r.time DESC, r.row DESC LIMIT 1

// requireAsOf compares the right row of each left one with the answer.
func requireAsOf[T any](t *testing.T, want joinAnswers, joined stream.Seq[stream.Joined[stream.Indexed[T], stream.Indexed[T]]]) {
	t.Helper()
	found, err := stream.Collect(stream.Map(joined, partnersOf[T]))
	require.NoError(t, err)
	require.Len(t, found, want.Rows)
	require.Equal(t, want.SHA256, digestOf(found))
}

// What came back, with the sale before it: the file is in order of time, and many rows share a minute.
func TestAsOfJoin_retail(t *testing.T) {
	path, want := load(t, "online_retail_2010-12-01_2011-08-31.csv.gz")
	rows, err := stream.Collect(stream.Enumerate(sales(t, path)))
	require.NoError(t, err)
	require.Len(t, rows, want.Rows)
	before, back := parted(rows, sold)
	at := func(r stream.Indexed[sale]) time.Time { return r.Value.At }
	requireAsOf(t, joinAnswers{6772, "58f792a0dde80ef484b0130028a4c781a3545c500ebe4ef2974ff073bc379fec"},
		stream.AsOfJoin(stream.Of(back...), stream.Of(before...), customerStockOf, customerStockOf, at, at, stream.AsOfOptions{}))
}

// Bad reviews with the nearest full mark that the vendor got within six hours. The file is in no order: it is sorted
// through the disk.
func TestAsOfJoin_reviews(t *testing.T) {
	path, _ := load(t, "vendor_reviews.csv.gz")
	rows, err := stream.Collect(stream.Enumerate(reviews(t, path)))
	require.NoError(t, err)
	dir := t.TempDir()
	at := func(r stream.Indexed[review]) time.Time { return r.Value.At }
	unix := func(r stream.Indexed[review]) int64 { return r.Value.At.Unix() }
	vendor := func(r stream.Indexed[review]) int64 { return r.Value.Vendor }
	byTime := func(keep func(r stream.Indexed[review]) bool, memory int64) stream.Seq[stream.Indexed[review]] {
		return stream.Sort(stream.Filter(stream.Of(rows...), keep), unix, stream.SortOptions{Resources: stream.Resources{Memory: memory, TempDir: dir}})
	}
	for direction, want := range map[stream.AsOfDirection]joinAnswers{
		stream.Backward: {12400, "a1f2bc7d86f5a8bcb35fa8797c40775b100e3ab6b090f60768815e10be8ce31c"},
		stream.Forward:  {12400, "6788c810d9ba9d7946aba14b61b2c3165f9bfad6822d577a713225e196638735"},
		stream.Nearest:  {12400, "f2ff0b91757a6e3b0db029721517413642e1f78897f9975cb1478106fe6ef667"},
	} {
		t.Run(direction.String(), func(t *testing.T) {
			bad := byTime(func(r stream.Indexed[review]) bool { return r.Value.Rating <= 1 }, 256<<10)
			full := byTime(func(r stream.Indexed[review]) bool { return r.Value.Rating == 5 }, 4<<20)
			requireAsOf(t, want, stream.AsOfJoin(bad, full, vendor, vendor, at, at, stream.AsOfOptions{Direction: direction, Tolerance: 6 * time.Hour}))
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}
