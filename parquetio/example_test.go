package parquetio_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/millrace-go/millrace/parquetio"
	"github.com/millrace-go/millrace/stream"
)

// Click is the row of the examples.
type Click struct {
	ID   int64              `parquet:"id"`
	User string             `parquet:"user"`
	At   time.Time          `parquet:"at"`
	Page stream.Opt[string] `parquet:"page"`
}

func (c Click) Day() parquetio.Partition { return parquetio.Day(c.At) }

func exampleClicks() stream.Seq[Click] {
	at := time.Date(2026, 1, 1, 23, 0, 0, 0, time.UTC)
	return stream.Of(
		Click{ID: 1, User: "ann", At: at, Page: stream.Present("/")},
		Click{ID: 2, User: "bob", At: at.Add(2 * time.Hour), Page: stream.Null[string]()},
		Click{ID: 3, User: "ann", At: at.Add(time.Minute), Page: stream.Present("/cart")},
	)
}

// tempDir keeps the examples off the working directory.
func tempDir() (string, func()) {
	dir, err := os.MkdirTemp("", "parquetio-example-*")
	if err != nil {
		panic(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

func ExampleWrite() {
	dir, remove := tempDir()
	defer remove()
	path := filepath.Join(dir, "clicks.parquet")
	res, err := parquetio.Write(path, exampleClicks(), parquetio.WriteOptions{})
	fmt.Println(res.Rows, "rows in", res.RowGroups, "row group,", err)

	// A stream that fails leaves the file as it was.
	_, err = parquetio.Write(path, stream.Concat(exampleClicks(), stream.Fail[Click](errors.New("connection lost"))), parquetio.WriteOptions{})
	again, _ := stream.Count(parquetio.Read[Click](path, parquetio.ReadOptions{}))
	fmt.Println(err != nil, again)
	// Output:
	// 3 rows in 1 row group, <nil>
	// true 3
}

func ExampleRead() {
	dir, remove := tempDir()
	defer remove()
	path := filepath.Join(dir, "clicks.parquet")
	if _, err := parquetio.Write(path, exampleClicks(), parquetio.WriteOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	// A narrower struct reads fewer columns.
	type visit struct {
		User string             `parquet:"user"`
		Page stream.Opt[string] `parquet:"page"`
	}
	for v, err := range parquetio.Read[visit](path, parquetio.ReadOptions{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(v.User, v.Page)
	}
	// Output:
	// ann /
	// bob null
	// ann /cart
}

func ExampleRead_schemaMismatch() {
	dir, remove := tempDir()
	defer remove()
	path := filepath.Join(dir, "clicks.parquet")
	if _, err := parquetio.Write(path, exampleClicks(), parquetio.WriteOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	type order struct {
		Total float64 `parquet:"total"`
	}
	_, err := stream.Collect(parquetio.Read[order](path, parquetio.ReadOptions{}))
	var mismatch *parquetio.SchemaError
	if errors.As(err, &mismatch) {
		fmt.Println(mismatch.Column+":", mismatch.Got)
	}
	_, err = stream.Collect(parquetio.Read[Click](filepath.Join(dir, "none.parquet"), parquetio.ReadOptions{}))
	fmt.Println(errors.Is(err, stream.ErrMissing))
	// Output:
	// total: no such column; the file has id int64, user string, at timestamp(micros), page string optional
	// true
}

func ExampleReadRows() {
	dir, remove := tempDir()
	defer remove()
	path := filepath.Join(dir, "clicks.parquet")
	if _, err := parquetio.Write(path, exampleClicks(), parquetio.WriteOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	for row, err := range parquetio.ReadRows(path, parquetio.ReadOptions{Columns: []string{"page", "id"}}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(row.Get("id"), row.Get("page"))
	}
	// Output:
	// 1 /
	// 2 null
	// 3 /cart
}

func ExampleDataset_Overwrite() {
	dir, remove := tempDir()
	defer remove()
	ctx := context.Background()
	daily, err := parquetio.NewDataset[Click](filepath.Join(dir, "clicks"), parquetio.DatasetOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	opts := parquetio.OverwriteOptions[Click]{Requested: parquetio.Days(from, from.AddDate(0, 0, 3))}
	first, err := daily.Overwrite(ctx, exampleClicks(), Click.Day, opts)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range first.Partitions {
		fmt.Println(p.Partition, p.Rows)
	}
	second, err := daily.Overwrite(ctx, exampleClicks(), Click.Day, opts)
	fmt.Println("again:", second.Digest == first.Digest, err)

	// A row outside the requested range changes nothing.
	opts.Requested = parquetio.Days(from, from.AddDate(0, 0, 1))
	_, err = daily.Overwrite(ctx, exampleClicks(), Click.Day, opts)
	var conflict *parquetio.ConflictError
	fmt.Println(errors.As(err, &conflict), conflict.Row, conflict.Partition)
	// Output:
	// date=2026-01-01 2
	// date=2026-01-02 1
	// date=2026-01-03 0
	// again: true <nil>
	// true 2 date=2026-01-02
}

func ExampleDataset_Stage() {
	dir, remove := tempDir()
	defer remove()
	ctx := context.Background()
	daily, err := parquetio.NewDataset[Click](filepath.Join(dir, "clicks"), parquetio.DatasetOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	staged, err := daily.Stage(ctx, exampleClicks(), Click.Day, parquetio.OverwriteOptions[Click]{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer staged.Abort()
	users, err := stream.Count(parquetio.ReadStaged[struct {
		User string `parquet:"user"`
	}](staged, parquetio.ReadOptions{}))
	before, _ := daily.ListPartitions()
	fmt.Println(staged.Rows(), users, err, "committed:", len(before))
	res, err := staged.Commit(ctx)
	fmt.Println(res.Rows, err, "committed:", len(res.Partitions))
	// Output:
	// 3 3 <nil> committed: 0
	// 3 <nil> committed: 2
}

func ExampleReadStaged() {
	dir, remove := tempDir()
	defer remove()
	daily, err := parquetio.NewDataset[Click](filepath.Join(dir, "clicks"), parquetio.DatasetOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	staged, err := daily.Stage(context.Background(), exampleClicks(), Click.Day, parquetio.OverwriteOptions[Click]{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for c, err := range parquetio.ReadStaged[Click](staged, parquetio.ReadOptions{}) {
		fmt.Println(c.ID, c.User, err)
	}
	staged.Abort()
	_, err = stream.Count(parquetio.ReadStaged[Click](staged, parquetio.ReadOptions{}))
	fmt.Println(errors.Is(err, stream.ErrConflict))
	// Output:
	// 1 ann <nil>
	// 3 ann <nil>
	// 2 bob <nil>
	// true
}

func ExampleDataset_Rebuild() {
	dir, remove := tempDir()
	defer remove()
	daily, err := parquetio.NewDataset[Click](filepath.Join(dir, "clicks"), parquetio.DatasetOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	res, err := daily.Rebuild(context.Background(), parquetio.Days(from, from.AddDate(0, 0, 2)),
		func(_ context.Context, day parquetio.Partition) stream.Seq[Click] {
			return stream.Filter(exampleClicks(), func(c Click) bool { return c.Day() == day })
		})
	fmt.Println(len(res.Partitions), res.Rows, err)
	// Output:
	// 2 3 <nil>
}

func ExampleDataset_Read() {
	dir, remove := tempDir()
	defer remove()
	daily, err := parquetio.NewDataset[Click](filepath.Join(dir, "clicks"), parquetio.DatasetOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := daily.Overwrite(context.Background(), exampleClicks(), Click.Day, parquetio.OverwriteOptions[Click]{}); err != nil {
		fmt.Println(err)
		return
	}
	for c, err := range daily.Read(parquetio.PartitionOf("date", "2026-01-02"), parquetio.PartitionOf("date", "2026-01-09")) {
		if err != nil {
			fmt.Println("missing:", errors.Is(err, stream.ErrMissing))
			return
		}
		fmt.Println(c.ID, c.User)
	}
	// Output:
	// 2 bob
	// missing: true
}

func ExampleNewDataset() {
	type nested struct {
		Tags []string `parquet:"tags"`
	}
	_, err := parquetio.NewDataset[nested]("clicks", parquetio.DatasetOptions{})
	fmt.Println(err)
	// Output:
	// parquetio: column nested.Tags: want bool, an integer, a float, string, []byte, time.Time, or a pointer or stream.Opt of these, got []string: schema mismatch
}

func ExampleDataset_ListPartitions() {
	dir, remove := tempDir()
	defer remove()
	daily, err := parquetio.NewDataset[Click](filepath.Join(dir, "clicks"), parquetio.DatasetOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := daily.Overwrite(context.Background(), exampleClicks(), Click.Day, parquetio.OverwriteOptions[Click]{}); err != nil {
		fmt.Println(err)
		return
	}
	parts, err := daily.ListPartitions()
	fmt.Println(parts, err)
	// Output:
	// [date=2026-01-01 date=2026-01-02] <nil>
}

func ExampleDays() {
	at := func(day int) time.Time { return time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC) }
	fmt.Println(parquetio.Days(at(1), at(3)))
	fmt.Println(parquetio.Days(at(1), at(1)))
	// A reversed range is an error wherever it is used, not "nothing to do".
	fmt.Println(parquetio.Days(at(3), at(1)))
	// Output:
	// [date=2026-01-01 date=2026-01-02]
	// []
	// [(Days: from 2026-01-03T00:00:00Z is after to 2026-01-01T00:00:00Z)]
}

func ExampleDay() {
	fmt.Println(parquetio.Day(time.Date(2026, 1, 2, 0, 30, 0, 0, time.FixedZone("CET", 3600))))
	// Output:
	// date=2026-01-01
}

func ExamplePartitionOf() {
	p := parquetio.PartitionOf("site", "north/2").With("country", "")
	fmt.Println(p)
	fmt.Println(p.Get("site"), p.Get("country"))
	// Output:
	// site=north%2F2/country=__HIVE_DEFAULT_PARTITION__
	// north/2 null
}

func ExampleParsePartition() {
	p, err := parquetio.ParsePartition("date=2026-01-02/country=DE")
	for _, f := range p.Fields() {
		fmt.Println(f.Name, f.Value)
	}
	fmt.Println(err)
	_, err = parquetio.ParsePartition("latest")
	fmt.Println(err)
	// Output:
	// date 2026-01-02
	// country DE
	// <nil>
	// parquetio: partition "latest": "latest" is not name=value
}
