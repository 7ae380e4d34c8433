package parquetio

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

type refusedNamed struct {
	Sub struct{ A int }
}
type refusedSlice struct{ Tags []string }
type refusedMap struct{ M map[string]int }
type refusedTwice struct {
	A int `parquet:"x"`
	B int `parquet:"x"`
}
type refusedOption struct {
	A int `parquet:"a,date"`
}
type refusedTimeOption struct {
	A time.Time `parquet:"a,timestamp(hours)"`
}
type refusedOpt struct{ A stream.Opt[named] }
type refusedPointer struct{ A **int }
type refusedHidden struct {
	a int `parquet:"a"`
}
type refusedEmpty struct{ a int }

// The fields are unexported on purpose; here they are used.
var _, _ = refusedHidden{}.a, refusedEmpty{}.a

func TestFields_Refused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	check := func(name, place string, err error) {
		t.Run(name, func(t *testing.T) {
			var se *SchemaError
			require.ErrorAs(t, err, &se)
			require.ErrorIs(t, err, stream.ErrSchema)
			require.Contains(t, err.Error(), place)
			require.NoFileExists(t, path)
		})
	}
	check("named_struct", "refusedNamed.Sub", writeNone[refusedNamed](path))
	check("slice", "refusedSlice.Tags", writeNone[refusedSlice](path))
	check("map", "refusedMap.M", writeNone[refusedMap](path))
	check("column_twice", "refusedTwice.A and refusedTwice.B", writeNone[refusedTwice](path))
	check("option_of_another_type", "refusedOption.A", writeNone[refusedOption](path))
	check("unknown_option", "timestamp(hours)", writeNone[refusedTimeOption](path))
	check("opt_of_named_type", "refusedOpt.A", writeNone[refusedOpt](path))
	check("pointer_to_pointer", "refusedPointer.A", writeNone[refusedPointer](path))
	check("tag_on_unexported", "refusedHidden.a", writeNone[refusedHidden](path))
	check("no_fields", "refusedEmpty", writeNone[refusedEmpty](path))
	check("no_struct", "int", writeNone[int](path))
	check("time", "time.Time", writeNone[time.Time](path))
	_, err := collectAll(Read[refusedSlice](path, ReadOptions{}))
	check("read_as_well", "refusedSlice.Tags", err)
	_, err = NewDataset[refusedMap](path, DatasetOptions{})
	check("dataset_as_well", "refusedMap.M", err)
}

func writeNone[T any](path string) error {
	_, err := Write(path, of([]T(nil)), WriteOptions{})
	return err
}

type (
	i64     struct{ V int64 }
	i32     struct{ V int32 }
	i8      struct{ V int8 }
	u8      struct{ V uint8 }
	u64     struct{ V uint64 }
	f32     struct{ V float32 }
	f64     struct{ V float64 }
	str     struct{ V string }
	raw     struct{ V []byte }
	at      struct{ V time.Time }
	boolean struct{ V bool }
	maybe   struct{ V stream.Opt[int64] }
	ptr     struct{ V *int64 }
)

// Reading widens what fits and refuses what does not, by row and column.
func TestRead_Conversions(t *testing.T) {
	dir := t.TempDir()
	n := 0
	file := func(write func(path string) error) string {
		n++
		path := filepath.Join(dir, string(rune('a'+n))+".parquet")
		require.NoError(t, write(path))
		return path
	}
	i32s := file(func(p string) error { return put(p, i32{1}, i32{-300}, i32{math.MaxInt32}) })
	u64s := file(func(p string) error { return put(p, u64{1}, u64{math.MaxUint64}) })
	f64s := file(func(p string) error { return put(p, f64{0.5}, f64{math.Inf(1)}, f64{math.NaN()}, f64{0.1}) })
	f32s := file(func(p string) error { return put(p, f32{0.1}) })
	strs := file(func(p string) error { return put(p, str{"a"}, str{""}) })
	nulls := file(func(p string) error { return put(p, maybe{stream.Present[int64](4)}, maybe{stream.Null[int64]()}) })

	wide, err := collectAll(Read[i64](i32s, ReadOptions{}))
	require.NoError(t, err)
	require.Equal(t, []i64{{1}, {-300}, {math.MaxInt32}}, wide)
	doubles, err := collectAll(Read[f64](f32s, ReadOptions{}))
	require.NoError(t, err)
	require.Equal(t, []f64{{float64(float32(0.1))}}, doubles)
	bytes, err := collectAll(Read[raw](strs, ReadOptions{}))
	require.NoError(t, err)
	require.Equal(t, []raw{{[]byte("a")}, {[]byte{}}}, bytes)
	opts, err := collectAll(Read[maybe](i32s, ReadOptions{}))
	require.NoError(t, err)
	require.Equal(t, stream.Present[int64](-300), opts[1].V)
	ptrs, err := collectAll(Read[ptr](nulls, ReadOptions{}))
	require.NoError(t, err)
	require.EqualValues(t, 4, *ptrs[0].V)
	require.Nil(t, ptrs[1].V)
	zeros, err := collectAll(Read[i64](nulls, ReadOptions{NullAsZero: true}))
	require.NoError(t, err)
	require.Equal(t, []i64{{4}, {0}}, zeros)

	value := func(name string, row int64, err error) {
		t.Run(name, func(t *testing.T) {
			var ve *ValueError
			require.ErrorAs(t, err, &ve)
			require.ErrorIs(t, err, stream.ErrSchema)
			require.Equal(t, "V", ve.Column)
			require.Equal(t, row, ve.Row)
		})
	}
	_, err = collectAll(Read[i8](i32s, ReadOptions{}))
	value("int8_too_narrow", 2, err)
	_, err = collectAll(Read[u8](i32s, ReadOptions{}))
	value("negative_into_unsigned", 2, err)
	_, err = collectAll(Read[i64](u64s, ReadOptions{}))
	value("uint64_into_int64", 2, err)
	_, err = collectAll(Read[f32](f64s, ReadOptions{}))
	value("double_that_float_cannot_hold", 4, err)
	_, err = collectAll(Read[i64](nulls, ReadOptions{}))
	value("null", 2, err)

	type mismatch func() error
	for name, read := range map[string]mismatch{
		"string_into_int":  func() error { _, err := collectAll(Read[i64](strs, ReadOptions{})); return err },
		"int_into_string":  func() error { _, err := collectAll(Read[str](i32s, ReadOptions{})); return err },
		"int_into_float":   func() error { _, err := collectAll(Read[f64](i32s, ReadOptions{})); return err },
		"float_into_int":   func() error { _, err := collectAll(Read[i64](f64s, ReadOptions{})); return err },
		"int_into_time":    func() error { _, err := collectAll(Read[at](i32s, ReadOptions{})); return err },
		"int_into_bool":    func() error { _, err := collectAll(Read[boolean](i32s, ReadOptions{})); return err },
		"no_column_at_all": func() error { _, err := collectAll(Read[struct{ W stream.Opt[int] }](i32s, ReadOptions{})); return err },
		"column_not_there": func() error { _, err := collectAll(ReadRows(i32s, ReadOptions{Columns: []string{"W"}})); return err },
	} {
		t.Run(name, func(t *testing.T) {
			var se *SchemaError
			require.ErrorAs(t, read(), &se)
			require.NotEmpty(t, se.Path)
		})
	}
}

func put[T any](path string, rows ...T) error {
	_, err := Write(path, of(rows), WriteOptions{})
	return err
}

func TestWrite_TimesBeyondTheirUnit(t *testing.T) {
	type nanos struct {
		V time.Time `parquet:"v,timestamp(nanos)"`
	}
	path := filepath.Join(t.TempDir(), "t.parquet")
	ok := nanos{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	err := put(path, ok, nanos{}) // the zero time is in year 1
	var ve *ValueError
	require.ErrorAs(t, err, &ve)
	require.EqualValues(t, 2, ve.Row)
	require.NoFileExists(t, path)
	require.NoError(t, put(path, at{time.Time{}}), "microseconds hold it")
	got, err := collectAll(Read[at](path, ReadOptions{}))
	require.NoError(t, err)
	require.True(t, got[0].V.IsZero())
}

// Times are cut towards the past, also before 1970.
func TestWrite_TimesAreCut(t *testing.T) {
	type cut struct {
		Micros time.Time
		Millis time.Time `parquet:",timestamp(millis)"`
		Day    time.Time `parquet:",date"`
	}
	in := time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.FixedZone("", -3600)).Add(-2 * time.Hour)
	path := filepath.Join(t.TempDir(), "t.parquet")
	require.NoError(t, put(path, cut{in, in, in}))
	got, err := collectAll(Read[cut](path, ReadOptions{}))
	require.NoError(t, err)
	require.Equal(t, []cut{{
		time.Date(1969, 12, 31, 22, 59, 59, 999_999_000, time.UTC),
		time.Date(1969, 12, 31, 22, 59, 59, 999_000_000, time.UTC),
		time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC),
	}}, got)
}

func TestOptions_Refused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	for name, o := range map[string]WriteOptions{
		"codec": {Codec: 9}, "level": {Level: 23}, "level_of_snappy": {Codec: Snappy, Level: 1}, "gzip_level": {Codec: Gzip, Level: 10},
		"rows": {RowGroupRows: -1}, "bytes": {RowGroupBytes: -1},
	} {
		t.Run(name, func(t *testing.T) {
			var oe *stream.OptionError
			_, err := Write(path, of([]i64{{1}}), o)
			require.ErrorAs(t, err, &oe)
			_, err = NewDataset[i64](path, DatasetOptions{Write: o})
			require.ErrorAs(t, err, &oe)
		})
	}
	var oe *stream.OptionError
	_, err := NewDataset[i64]("", DatasetOptions{})
	require.ErrorAs(t, err, &oe)
	_, err = NewDataset[i64](path, DatasetOptions{Read: ReadOptions{Columns: []string{"V"}}})
	require.ErrorAs(t, err, &oe)
	_, err = collectAll(Read[i64](path, ReadOptions{Columns: []string{"V"}}))
	require.ErrorAs(t, err, &oe)
	_, err = collectAll(ReadRows(path, ReadOptions{Columns: []string{"V", "V"}}))
	require.ErrorAs(t, err, &oe)
	require.PanicsWithValue(t, "parquetio: Write: nil rows", func() { Write[i64](path, nil, WriteOptions{}) })
}

func TestRead_NotAFile(t *testing.T) {
	dir := t.TempDir()
	_, err := collectAll(Read[i64](filepath.Join(dir, "none"), ReadOptions{}))
	require.ErrorIs(t, err, stream.ErrMissing)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = collectAll(Read[i64](dir, ReadOptions{}))
	require.Error(t, err)
	require.False(t, errors.Is(err, stream.ErrMissing))
	path := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(path, []byte("id,user\n1,ann\n2,bob\n"), 0o644))
	_, err = collectAll(Read[i64](path, ReadOptions{}))
	var ce *CorruptError
	require.ErrorAs(t, err, &ce)
	require.ErrorIs(t, err, stream.ErrCorrupt)
	_, err = Write(filepath.Join(dir, "no", "such", "dir"), of([]i64{{1}}), WriteOptions{})
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A column that is annotated as a string holds UTF-8 alone, however the field says it; bytes hold anything.
func TestWrite_StringsAreUTF8(t *testing.T) {
	type name string
	const bad = "caf\xe9"
	dir := t.TempDir()
	text := bad
	check := func(name, got string, err error) {
		t.Run(name, func(t *testing.T) {
			var ve *ValueError
			require.ErrorAs(t, err, &ve)
			require.Equal(t, "V", ve.Column)
			require.EqualValues(t, 2, ve.Row)
			require.Contains(t, ve.Want, "UTF-8")
			require.Equal(t, got, ve.Got)
			require.Empty(t, tree(t, dir), "nothing is left behind")
		})
	}
	path := filepath.Join(dir, "x.parquet")
	check("string", `"caf\xe9"`, put(path, str{"é"}, str{bad}, str{bad}))
	check("named", `"caf\xe9"`, put(path, struct{ V name }{"é"}, struct{ V name }{bad}))
	check("pointer", `"caf\xe9"`, put(path, struct{ V *string }{}, struct{ V *string }{&text}))
	check("opt", `"caf\xe9"`, put(path, struct{ V stream.Opt[string] }{}, struct{ V stream.Opt[string] }{stream.Present(bad)}))
	long := strings.Repeat("x", 1000) + bad
	check("long", `"`+long[:64]+`"... (1004 bytes)`, put(path, str{}, str{long}))
	d, err := NewDataset[str](filepath.Join(dir, "ds"), DatasetOptions{})
	require.NoError(t, err)
	for what, memory := range map[string]int64{"dataset": 0, "dataset_spooled": 64} {
		_, err = d.Overwrite(t.Context(), of([]str{{"é"}, {bad}, {"y"}, {"z"}}), func(str) Partition { return PartitionOf("p", "1") },
			OverwriteOptions[str]{Resources: stream.Resources{Memory: memory}})
		check(what, `"caf\xe9"`, err)
	}
	rows := []raw{{[]byte(bad)}, {[]byte{0xff, 0}}}
	require.NoError(t, put(path, rows...))
	got, err := collectAll(Read[raw](path, ReadOptions{}))
	require.NoError(t, err)
	require.Equal(t, rows, got)
}

// A file of a writer that did not check its strings is read as it is.
func TestRead_StringsAsTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	_, err := Write(path, of([]str{{"cafQQ"}}), WriteOptions{Codec: Uncompressed})
	require.NoError(t, err)
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(file, []byte("cafQQ"), []byte("caf\xe9\xff")), 0o644))
	got, err := collectAll(Read[str](path, ReadOptions{}))
	require.NoError(t, err)
	require.Equal(t, []str{{"caf\xe9\xff"}}, got)
}

// An empty stream gives a file without rows, which reads as such.
func TestWrite_Empty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	res, err := Write(path, of([]click(nil)), WriteOptions{})
	require.NoError(t, err)
	require.Zero(t, res.Rows)
	require.Zero(t, res.RowGroups)
	got, err := collectAll(Read[click](path, ReadOptions{}))
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestRead_ColumnTwiceInFile(t *testing.T) {
	dir := corpusDir(t)
	type row struct {
		C int64 `parquet:"column"`
	}
	_, err := collectAll(Read[row](filepath.Join(dir, "good", "duckdb__bug13053-2.parquet"), ReadOptions{}))
	require.ErrorIs(t, err, stream.ErrSchema)
}
