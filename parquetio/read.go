package parquetio

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"

	"github.com/millrace-go/millrace/internal/parquet"
	"github.com/millrace-go/millrace/stream"
)

// ReadOptions say how a file is read. The zero value reads every column that is asked for and takes a null in a
// field that cannot be null as an error.
type ReadOptions struct {
	// Columns are the columns ReadRows delivers, in this order; empty: all, in file order. Read takes its
	// columns from the fields of T, so it must be empty there.
	Columns []string
	// NullAsZero puts the zero value into a field that cannot be null where the file has a null. Without it
	// the first such null is a *ValueError. It does not concern ReadRows.
	NullAsZero bool
	// IgnoreChecksums reads pages whose checksum is wrong, for files of writers that computed it wrong. Damage
	// may then go unnoticed.
	IgnoreChecksums bool
}

// batchRows is how many rows are decoded at a time: few enough that a batch of wide rows stays in the cache,
// enough that what is done once per batch does not count.
const batchRows = 1024

// Read yields the rows of a Parquet file as values of the struct T, in file order. It reads only the columns
// that T names: a narrower struct reads less of the file.
//
// A column that T names and the file lacks is a *SchemaError, unless its field is a stream.Opt, which then is
// Missing. Integers and floats may be wider in T than in the file; narrower ones are checked value by value. A
// damaged file is a *CorruptError, a path that does not exist a *MissingError.
//
// The bytes of a string column are delivered as they are: a file of a writer that did not check them may hold
// strings that are not UTF-8, which Write would refuse.
//
// It holds the decompressed pages and dictionaries of its columns at their current place, and 1024 rows. It can
// run again; each run opens the file anew.
func Read[T any](path string, opts ReadOptions) stream.Seq[T] {
	return func(yield func(T, error) bool) {
		var zero T
		if len(opts.Columns) > 0 {
			yield(zero, &stream.OptionError{
				Package: "parquetio", Func: "Read", Option: "Columns", Got: opts.Columns, Want: "empty: the fields of T name the columns",
			})
			return
		}
		fields, err := fieldsOf(reflect.TypeFor[T]())
		if err != nil {
			yield(zero, err)
			return
		}
		f, size, err := openFile(path)
		if err != nil {
			yield(zero, err)
			return
		}
		more, err := readFrom(f, size, path, fields, opts, yield)
		if cerr := f.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("parquetio: %s: %w", path, cerr)
		}
		if more && err != nil {
			yield(zero, err)
		}
	}
}

// openFile opens a regular file.
func openFile(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, classify(path, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	if err != nil {
		f.Close()
		return nil, 0, classify(path, err)
	}
	return f, info.Size(), nil
}

// readFrom yields the rows of the file of size bytes. It reports whether the consumer wants more, and the error
// that ended it.
func readFrom[T any](r io.ReaderAt, size int64, path string, fields []field, opts ReadOptions, yield func(T, error) bool) (more bool, err error) {
	f, err := parquet.Open(r, size)
	if err != nil {
		return true, classify(path, err)
	}
	f.IgnoreChecksums = opts.IgnoreChecksums
	p, err := bind(fields, f, path, opts)
	if err != nil {
		return true, err
	}
	rd := f.Reader(p.cols, batchRows)
	defer rd.Close()
	rows := make([]T, min(batchRows, f.Rows))
	rv := reflect.ValueOf(rows)
	var done int64
	for {
		n, err := rd.Next()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return true, classify(path, err)
		}
		clear(rows[:n])
		if err := p.decode(rv, rd.Vector, n, done); err != nil {
			return true, err
		}
		done += int64(n)
		for i := range n {
			if !yield(rows[i], nil) {
				return false, nil
			}
		}
	}
}
