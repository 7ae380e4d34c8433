package parquetio_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/parquetio"
	"github.com/millrace-go/millrace/stream"
)

// A flipped byte anywhere in a data file of a dataset is an error, before the first row. (Some of them, in the
// footer and in page headers, are other rows to a reader that has nothing to compare with.)
func TestDataset_AnyFlippedByteIsAnError(t *testing.T) {
	type reading struct {
		ID   int64              `parquet:"id"`
		Page stream.Opt[string] `parquet:"page"`
	}
	var rows []reading
	for i := range 200 {
		rows = append(rows, reading{int64(i), stream.Present("/home")})
	}
	ds, err := parquetio.NewDataset[reading](t.TempDir(), parquetio.DatasetOptions{})
	require.NoError(t, err)
	day := parquetio.PartitionOf("date", "2026-01-02")
	_, err = ds.Rebuild(t.Context(), []parquetio.Partition{day}, func(context.Context, parquetio.Partition) stream.Seq[reading] { return stream.Of(rows...) })
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(ds.Dir(), "*", "*.parquet"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	whole, err := os.ReadFile(files[0])
	require.NoError(t, err)
	for at := range whole {
		broken := append([]byte(nil), whole...)
		broken[at] ^= 1 << (at % 8)
		require.NoError(t, os.WriteFile(files[0], broken, 0o600))
		got, err := stream.Collect(ds.Read())
		require.ErrorIs(t, err, stream.ErrCorrupt, "byte %d of %d", at, len(whole))
		require.Empty(t, got)
	}
	require.NoError(t, os.WriteFile(files[0], whole, 0o600))
	got, err := stream.Collect(ds.Read())
	require.NoError(t, err)
	require.Equal(t, rows, got)
}
