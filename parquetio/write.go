package parquetio

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"reflect"

	"github.com/millrace-go/millrace/internal/atomicfile"
	"github.com/millrace-go/millrace/internal/parquet"
	"github.com/millrace-go/millrace/stream"
)

// Codec is how pages are compressed.
type Codec uint8

// The codecs.
const (
	Zstd         Codec = iota // the default
	Snappy                    // without levels
	Gzip                      // for readers that know no other
	Uncompressed              // pages as they are encoded
)

// String is the codec's name in small letters.
func (c Codec) String() string {
	switch c {
	case Zstd:
		return "zstd"
	case Snappy:
		return "snappy"
	case Gzip:
		return "gzip"
	case Uncompressed:
		return "uncompressed"
	}
	return fmt.Sprintf("Codec(%d)", uint8(c))
}

// WriteOptions say how a file is written. The zero value: zstd at level 3, row groups of at most 131,072 rows
// and 64 MiB. They are part of what makes the bytes: other options, other bytes.
type WriteOptions struct {
	Codec         Codec // of all pages; 0: Zstd
	Level         int   // of Zstd (1..22) and Gzip (1..9); 0: 3 and 6
	RowGroupRows  int   // most rows of a row group; 0: 131,072
	RowGroupBytes int64 // most bytes of a row group's rows in memory; 0: 64 MiB. A larger row is a group of its own.
}

const (
	defaultGroupRows  = 128 << 10
	defaultGroupBytes = 64 << 20
)

func (o WriteOptions) check(fn string) error {
	bad := func(option string, got any, want string) error {
		return &stream.OptionError{Package: "parquetio", Func: fn, Option: option, Got: got, Want: want}
	}
	switch {
	case o.Codec > Uncompressed:
		return bad("Codec", o.Codec, "Zstd, Snappy, Gzip or Uncompressed")
	case o.Codec == Zstd && (o.Level < 0 || o.Level > 22):
		return bad("Level", o.Level, "0 or 1 to 22 for Zstd")
	case o.Codec == Gzip && (o.Level < 0 || o.Level > 9):
		return bad("Level", o.Level, "0 or 1 to 9 for Gzip")
	case (o.Codec == Snappy || o.Codec == Uncompressed) && o.Level != 0:
		return bad("Level", o.Level, "0 for "+o.Codec.String())
	case o.RowGroupRows < 0:
		return bad("RowGroupRows", o.RowGroupRows, "0 or positive")
	case o.RowGroupBytes < 0:
		return bad("RowGroupBytes", o.RowGroupBytes, "0 or positive")
	}
	return nil
}

// filled puts the defaults in.
func (o WriteOptions) filled() WriteOptions {
	if o.RowGroupRows == 0 {
		o.RowGroupRows = defaultGroupRows
	}
	if o.RowGroupBytes == 0 {
		o.RowGroupBytes = defaultGroupBytes
	}
	return o
}

func (o WriteOptions) format() parquet.WriteOptions {
	return parquet.WriteOptions{Codec: parquet.Codec(o.Codec), Level: o.Level}
}

// FileResult says what was written.
type FileResult struct {
	Path      string // as it was given
	Rows      int64  // written
	RowGroups int    // they are in
	Bytes     int64  // of the file
	SHA256    string // of the file, hexadecimal
}

// Write writes the rows of a stream to a Parquet file, in order, and puts it in the place of path as one step:
// until the last row is written and on disk, path is what it was. On any error, a panic in the source included,
// it stays so, and no temp file is left. One error comes later: if the directory cannot be synced after the
// rename, path is the new file, whole, and only a power cut could bring the old one back. An empty stream gives a
// file without rows.
//
// The columns are the exported fields of the struct T (see the package documentation). A value that its column
// cannot hold, a string that is not UTF-8 among them, is a *ValueError with row and column. The same rows and
// options give the same bytes.
//
// A killed process leaves at most its temp file, a hidden one beside path (.millrace-*.tmp). The next Write to
// path removes it, and never that of a live writer: the two are told apart by a file lock. Where the system or
// the file system has none, and on Windows, it stays until it is removed by hand. Any number of
// processes may write to path at once: each replaces the whole file, and the last rename stays.
//
// It holds the rows of one row group, and one column of it encoded. The directory of path must exist; its names
// are listed once.
func Write[T any](path string, rows stream.Seq[T], opts WriteOptions) (FileResult, error) {
	return writeFile(path, rows, opts, nil)
}

func writeFile[T any](path string, rows stream.Seq[T], opts WriteOptions, faults atomicfile.Faults) (FileResult, error) {
	if rows == nil {
		panic("parquetio: Write: nil rows")
	}
	if err := opts.check("Write"); err != nil {
		return FileResult{}, err
	}
	fields, err := fieldsOf(reflect.TypeFor[T]())
	if err != nil {
		return FileResult{}, err
	}
	// A leftover that cannot be removed, or a directory that cannot be listed, is no reason not to write.
	_, _ = atomicfile.SweepTarget(path)
	out, err := atomicfile.CreateFaulty(path, faults)
	if err != nil {
		return FileResult{}, fmt.Errorf("parquetio: write %s: %w", path, err)
	}
	defer out.Abort()
	sum := newDigester(out)
	w, err := newGroupWriter[T](sum, path, fields, opts)
	if err != nil {
		return FileResult{}, err
	}
	for row, err := range rows {
		if err == nil {
			err = w.push(row)
		}
		if err != nil {
			return FileResult{}, fmt.Errorf("parquetio: write %s: %w", path, err)
		}
	}
	if err := w.close(); err != nil {
		return FileResult{}, fmt.Errorf("parquetio: write %s: %w", path, err)
	}
	if err := out.Commit(); err != nil {
		return FileResult{}, fmt.Errorf("parquetio: write %s: %w", path, err)
	}
	return FileResult{
		Path: path, Rows: w.w.Rows(), RowGroups: w.w.Groups(), Bytes: sum.bytes, SHA256: sum.hex(),
	}, nil
}

// groupWriter cuts rows into row groups. A group ends before the row that would pass a bound, so that its cut
// depends on the rows alone.
type groupWriter[T any] struct {
	path   string
	opts   WriteOptions
	fields []field
	sizer  sizer
	buf    *bufio.Writer
	w      *parquet.Writer
	rows   []T   // of the group being filled
	bytes  int64 // of rows
}

func newGroupWriter[T any](out io.Writer, path string, fields []field, opts WriteOptions) (*groupWriter[T], error) {
	g := &groupWriter[T]{path: path, opts: opts.filled(), fields: fields, sizer: newSizer(reflect.TypeFor[T](), fields)}
	g.buf = bufio.NewWriterSize(out, 64<<10)
	w, err := parquet.NewWriter(g.buf, columnsOf(fields), opts.format())
	if err != nil {
		return nil, classify(path, err)
	}
	g.w = w
	return g, nil
}

func (g *groupWriter[T]) push(row T) error {
	g.rows = append(g.rows, row)
	n := g.sizer.row(reflect.ValueOf(&g.rows[len(g.rows)-1]).Elem())
	if len(g.rows) > 1 && g.bytes+n > g.opts.RowGroupBytes {
		if err := g.flush(len(g.rows) - 1); err != nil {
			return err
		}
	}
	g.bytes += n
	if len(g.rows) == g.opts.RowGroupRows {
		return g.flush(len(g.rows))
	}
	return nil
}

// flush writes the first n rows as a group and keeps the rest.
func (g *groupWriter[T]) flush(n int) error {
	if err := writeGroup(g.w, g.path, g.fields, g.rows[:n], g.w.Rows()); err != nil {
		return err
	}
	kept := copy(g.rows, g.rows[n:])
	clear(g.rows[kept:])
	g.rows = g.rows[:kept]
	g.bytes = 0
	return nil
}

func (g *groupWriter[T]) close() error {
	if len(g.rows) > 0 {
		if err := g.flush(len(g.rows)); err != nil {
			return err
		}
	}
	if err := g.w.Close(); err != nil {
		return err
	}
	return g.buf.Flush()
}

// digester counts and hashes what passes through it.
type digester struct {
	w     io.Writer
	h     hash.Hash
	bytes int64
}

func newDigester(w io.Writer) *digester { return &digester{w: w, h: sha256.New()} }

func (d *digester) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	d.h.Write(p[:n])
	d.bytes += int64(n)
	return n, err
}

func (d *digester) hex() string { return hex.EncodeToString(d.h.Sum(nil)) }
