package parquetio_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/parquetio"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

type reading struct {
	Sensor string    `parquet:"sensor"`
	At     time.Time `parquet:"at"`
	Value  float64   `parquet:"value"`
}

func (r reading) day() parquetio.Partition { return parquetio.Day(r.At) }

func readings() []reading {
	out := make([]reading, 12)
	for i := range out {
		out[i] = reading{
			Sensor: string(rune('a' + i%3)), Value: float64(i) / 4,
			At: time.Date(2026, 1, 1+i%3, i, 0, 0, 0, time.UTC),
		}
	}
	return out
}

func TestContract(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "readings.parquet")
	_, err := parquetio.Write(path, stream.Of(readings()...), parquetio.WriteOptions{RowGroupRows: 5})
	require.NoError(t, err)
	dataset := func(name string) *parquetio.Dataset[reading] {
		d, err := parquetio.NewDataset[reading](filepath.Join(dir, name), parquetio.DatasetOptions{})
		require.NoError(t, err)
		return d
	}
	d := dataset("read")
	_, err = d.Overwrite(t.Context(), stream.Of(readings()...), reading.day, parquetio.OverwriteOptions[reading]{})
	require.NoError(t, err)
	// Whether a partition was replaced differs between two calls by its meaning; what is there then does not.
	same := streamtest.CheckOptions[parquetio.Result]{
		Equal: func(a, b parquetio.Result) bool { return a.Digest == b.Digest && a.Rows == b.Rows },
	}

	contracttest.Run(t, contracttest.Ops{
		"Read": func(t *testing.T) {
			streamtest.CheckSource(t, func() stream.Seq[reading] { return parquetio.Read[reading](path, parquetio.ReadOptions{}) })
		},
		"ReadRows": func(t *testing.T) {
			streamtest.CheckSource(t, func() stream.Seq[stream.Row] { return parquetio.ReadRows(path, parquetio.ReadOptions{}) })
		},
		"Write": func(t *testing.T) {
			streamtest.CheckSink(t, func(s stream.Seq[reading]) (parquetio.FileResult, error) {
				return parquetio.Write(filepath.Join(dir, "contract.parquet"), s, parquetio.WriteOptions{RowGroupRows: 5})
			}, readings()...)
		},
		"Dataset.Read": func(t *testing.T) {
			streamtest.CheckSource(t, func() stream.Seq[reading] { return d.Read() })
		},
		"Dataset.Overwrite": func(t *testing.T) {
			d := dataset("overwrite")
			streamtest.CheckSinkWith(t, func(s stream.Seq[reading]) (parquetio.Result, error) {
				return d.Overwrite(context.Background(), s, reading.day, parquetio.OverwriteOptions[reading]{
					Resources: stream.Resources{Memory: 500}, // a few rows: the spool is in use
				})
			}, same, readings()...)
		},
		"Dataset.Stage": func(t *testing.T) {
			d := dataset("stage")
			streamtest.CheckSink(t, func(s stream.Seq[reading]) ([]reading, error) {
				staged, err := d.Stage(context.Background(), s, reading.day, parquetio.OverwriteOptions[reading]{})
				if err != nil {
					return nil, err
				}
				defer staged.Abort()
				return stream.Collect(parquetio.ReadStaged[reading](staged, parquetio.ReadOptions{}))
			}, readings()...)
		},
		"ReadStaged": func(t *testing.T) {
			staged, err := dataset("staged").Stage(t.Context(), stream.Of(readings()...), reading.day, parquetio.OverwriteOptions[reading]{})
			require.NoError(t, err)
			defer staged.Abort()
			streamtest.CheckSource(t, func() stream.Seq[reading] {
				return parquetio.ReadStaged[reading](staged, parquetio.ReadOptions{})
			})
		},
		"Dataset.Rebuild": func(t *testing.T) {
			d := dataset("rebuild")
			streamtest.CheckSinkWith(t, func(s stream.Seq[reading]) (parquetio.Result, error) {
				return d.Rebuild(context.Background(), []parquetio.Partition{parquetio.PartitionOf("site", "north")},
					func(context.Context, parquetio.Partition) stream.Seq[reading] { return s })
			}, same, readings()...)
		},
	})
}
