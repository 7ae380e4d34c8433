package parquetio

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// live is the heap in use after collections: two, since pools keep what they hold over one.
func live() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// many makes rows one at a time, and measures the heap as they are taken.
func many(n int, peak *int64) stream.Seq[event] {
	return func(yield func(event, error) bool) {
		few := events(1000)
		base := live()
		for i := range n {
			e := few[i%len(few)]
			e.ID = int64(i)
			e.At = day0.AddDate(0, 0, i%50)
			e.User += string(rune('a' + i%26)) // memory of its own
			if !yield(e, nil) {
				return
			}
			if i%10000 == 9999 {
				*peak = max(*peak, live()-base)
			}
		}
	}
}

// The rows here take about 20 MB; what is held is the bound, one row group, and per partition little.
func TestOverwrite_HoldsItsMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	d, err := NewDataset[event](quickDir(t), DatasetOptions{Write: WriteOptions{RowGroupRows: 2000}})
	require.NoError(t, err)
	var peak int64
	res, err := d.Overwrite(t.Context(), many(120_000, &peak), func(e event) Partition { return Day(e.At) },
		OverwriteOptions[event]{Resources: stream.Resources{Memory: 1 << 20}})
	require.NoError(t, err)
	require.EqualValues(t, 120_000, res.Rows)
	t.Logf("peak of live bytes %d", peak)
	require.Less(t, peak, int64(6<<20)) // slices have slack
}

func TestWrite_HoldsOneRowGroup(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	path := quickDir(t) + "/events.parquet"
	var peak int64
	_, err := Write(path, many(120_000, &peak), WriteOptions{RowGroupBytes: 1 << 20})
	require.NoError(t, err)
	t.Logf("peak of live bytes when writing %d", peak)
	require.Less(t, peak, int64(8<<20))

	peak = 0
	base := live()
	n := 0
	for _, err := range Read[event](path, ReadOptions{}) {
		require.NoError(t, err)
		if n++; n%10000 == 0 {
			peak = max(peak, live()-base)
		}
	}
	require.Equal(t, 120_000, n)
	t.Logf("peak of live bytes when reading %d", peak)
	require.Less(t, peak, int64(4<<20))
}
