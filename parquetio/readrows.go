package parquetio

import (
	"errors"
	"fmt"
	"io"

	"github.com/millrace-go/millrace/internal/parquet"
	"github.com/millrace-go/millrace/stream"
)

// ReadRows yields the rows of a Parquet file as dynamic rows, in file order, without a struct: one field per
// column of opts.Columns, or of the file. A null is a field whose value is nil.
//
// Values: booleans are bool, integers int64 or uint64, floats of any width float64, strings, enums and JSON
// string, other bytes []byte, dates and timestamps time.Time in UTC; decimals, UUIDs and times of day are
// strings, which hold them exactly. Nested columns cannot be read yet: a file that has some is a *SchemaError,
// unless opts.Columns leaves them out.
//
// Memory, errors and second runs are as with Read.
func ReadRows(path string, opts ReadOptions) stream.Seq[stream.Row] {
	return func(yield func(stream.Row, error) bool) {
		if err := checkColumns(opts.Columns); err != nil {
			yield(nil, err)
			return
		}
		f, size, err := openFile(path)
		if err != nil {
			yield(nil, err)
			return
		}
		more, err := readRows(f, size, path, opts, yield)
		if cerr := f.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("parquetio: %s: %w", path, cerr)
		}
		if more && err != nil {
			yield(nil, err)
		}
	}
}

func checkColumns(names []string) error {
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] {
			return &stream.OptionError{Package: "parquetio", Func: "ReadRows", Option: "Columns", Got: n, Want: "each named once"}
		}
		seen[n] = true
	}
	return nil
}

func readRows(r io.ReaderAt, size int64, path string, opts ReadOptions, yield func(stream.Row, error) bool) (more bool, err error) {
	f, err := parquet.Open(r, size)
	if err != nil {
		return true, classify(path, err)
	}
	f.IgnoreChecksums = opts.IgnoreChecksums
	cols, err := pick(f, path, opts.Columns)
	if err != nil {
		return true, err
	}
	values := make([]func(*parquet.Vector, int) any, len(cols))
	for k, c := range cols {
		values[k] = anyOf(&f.Columns[c])
	}
	rd := f.Reader(cols, batchRows)
	defer rd.Close()
	for {
		n, err := rd.Next()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return true, classify(path, err)
		}
		for i := range n {
			row := make(stream.Row, len(cols)) // the consumer's to keep
			for k, c := range cols {
				row[k].Name = f.Columns[c].Name
				if v := rd.Vector(k); len(v.Null) == 0 || !v.Null[i] {
					row[k].Value = values[k](v, i)
				}
			}
			if !yield(row, nil) {
				return false, nil
			}
		}
	}
}

// pick finds the columns by name.
func pick(f *parquet.File, path string, names []string) ([]int, error) {
	var cols []int
	if len(names) == 0 {
		for i := range f.Columns {
			cols = append(cols, i)
		}
		if len(cols) == 0 && f.Rows > 0 {
			return nil, &SchemaError{Path: path, Want: "columns", Got: "none"}
		}
	}
	for _, name := range names {
		at := -1
		for i := range f.Columns {
			if f.Columns[i].Name != name {
				continue
			}
			if at >= 0 {
				return nil, &SchemaError{Path: path, Column: name, Want: "one column of that name", Got: "two"}
			}
			at = i
		}
		if at < 0 {
			return nil, &SchemaError{Path: path, Column: name, Want: "a column", Got: "no such column; the file has " + describe(f.Columns)}
		}
		cols = append(cols, at)
	}
	for _, c := range cols {
		if f.Columns[c].Nested {
			return nil, &SchemaError{Path: path, Column: f.Columns[c].Name, Want: "a flat column (this version reads no others)", Got: f.Columns[c].Type()}
		}
	}
	return cols, nil
}

// anyOf maps a column's slots to the values of a stream.Field.
func anyOf(c *parquet.Column) func(v *parquet.Vector, i int) any {
	if at := timeAt(c); at != nil {
		return func(v *parquet.Vector, i int) any { return at(v, i) }
	}
	if text := textOf(c); text != nil {
		return func(v *parquet.Vector, i int) any { return text(v, i) }
	}
	switch {
	case c.Logical == parquet.Float16:
		return func(v *parquet.Vector, i int) any { return half(v.Str[i]) }
	case c.Logical == parquet.String, c.Logical == parquet.Enum, c.Logical == parquet.JSON:
		return func(v *parquet.Vector, i int) any { return v.Str[i] }
	case isStored(c):
		return func(v *parquet.Vector, i int) any { return []byte(v.Str[i]) }
	}
	switch c.Physical {
	case parquet.Boolean:
		return func(v *parquet.Vector, i int) any { return v.Bool[i] }
	case parquet.Float:
		return func(v *parquet.Vector, i int) any { return float64(v.F32[i]) }
	case parquet.Double:
		return func(v *parquet.Vector, i int) any { return v.F64[i] }
	}
	return func(v *parquet.Vector, i int) any {
		x, _ := intAt(c, v, i)
		if isUnsigned(c) {
			return uint64(x)
		}
		return x
	}
}
