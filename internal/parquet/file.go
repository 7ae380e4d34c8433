package parquet

import (
	"errors"
	"io"
	"strings"
)

// File is an open Parquet file: its footer, parsed and checked.
type File struct {
	Columns   []Column // the leaves of the schema, in file order
	Rows      int64
	Groups    int // row groups
	CreatedBy string
	KeyValues map[string]string

	// IgnoreChecksums reads pages whose checksum is wrong: some writers computed them wrong. Set it before
	// Reader.
	IgnoreChecksums bool

	r       io.ReaderAt
	dataEnd int64 // where the footer begins
	groups  []rowGroup
}

// Open reads the footer of a file of size bytes. r must stay open as long as the file is read.
func Open(r io.ReaderAt, size int64) (f *File, err error) {
	defer caught(&err)
	foot, start, err := readFooter(r, size)
	if err != nil {
		return nil, err
	}
	if foot.encrypted {
		return nil, unsupported("file is encrypted")
	}
	cols, err := leaves(foot.elems)
	if err != nil {
		return nil, err
	}
	var rows int64
	for i, g := range foot.groups {
		if g.rows < 0 || rows > 1<<62-g.rows {
			return nil, corrupt("row group %d has %d rows", i, g.rows)
		}
		rows += g.rows
		if len(g.chunks) != len(cols) {
			return nil, corrupt("row group %d has %d column chunks, the schema %d columns", i, len(g.chunks), len(cols))
		}
	}
	// Impala up to 2.8 left the footer's count at 0; the row groups' own counts are checked against every column.
	impala := foot.rows == 0 && strings.HasPrefix(foot.createdBy, "impala")
	if rows != foot.rows && !impala {
		return nil, corrupt("row groups have %d rows together, the footer says %d", rows, foot.rows)
	}
	return &File{
		Columns: cols, Rows: rows, Groups: len(foot.groups), CreatedBy: foot.createdBy, KeyValues: foot.keyValues,
		r: r, dataEnd: start, groups: foot.groups,
	}, nil
}

// Reader reads some columns of a file in batches. It is not safe for concurrent use; several readers of one
// file are.
type Reader struct {
	f       *File
	cols    []int
	batch   int
	group   int   // row group being read
	left    int64 // its rows to come
	readers []columnReader
	vectors []Vector
	err     error // what Next returns from now on
}

// Reader starts reading the columns with the given numbers, at most batch rows at a time.
func (f *File) Reader(cols []int, batch int) *Reader {
	r := &Reader{f: f, cols: cols, batch: max(batch, 1), group: -1}
	r.readers = make([]columnReader, len(cols))
	r.vectors = make([]Vector, len(cols))
	for i, c := range cols {
		r.vectors[i].Physical = f.Columns[c].Physical
	}
	return r
}

// Vector is the i-th of the columns asked for, of the batch that Next read last.
func (r *Reader) Vector(i int) *Vector { return &r.vectors[i] }

// Next reads the next batch and returns its number of rows; at the end it returns io.EOF.
func (r *Reader) Next() (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.next()
	if err != nil {
		r.err = err
		r.Close()
		return 0, err
	}
	return n, nil
}

// RowGroup is the number of the row group the last batch came from.
func (r *Reader) RowGroup() int { return r.group }

func (r *Reader) next() (n int, err error) {
	for r.left == 0 {
		for i := range r.readers {
			if r.group >= 0 && r.readers[i].left != 0 {
				return 0, r.locate(corrupt("%d values are left", r.readers[i].left), i)
			}
		}
		r.group++
		if r.group == len(r.f.groups) {
			return 0, io.EOF
		}
		g := &r.f.groups[r.group]
		r.left = g.rows
		for i, c := range r.cols {
			if err := r.readers[i].open(r.f, &r.f.Columns[c], &g.chunks[c], g.rows); err != nil {
				return 0, r.locate(err, i)
			}
		}
	}
	n = int(min(r.left, int64(r.batch)))
	for i := range r.readers {
		if err := r.column(i, n); err != nil {
			return 0, r.locate(err, i)
		}
	}
	r.left -= int64(n)
	return n, nil
}

func (r *Reader) column(i, n int) (err error) {
	defer caught(&err)
	v := &r.vectors[i]
	v.Reset()
	return r.readers[i].read(n, v)
}

// locate says where an error happened.
func (r *Reader) locate(err error, i int) error {
	var e *Error
	if !errors.As(err, &e) {
		e = corrupt("values")
		e.Err = err
	}
	e.Column, e.RowGroup = r.f.Columns[r.cols[i]].Name, r.group
	if e.Offset < 0 && r.readers[i].src.page > 0 {
		e.Offset = r.readers[i].src.page
	}
	return e
}

// Close lets the codecs' memory go. The file stays open.
func (r *Reader) Close() {
	for i := range r.readers {
		r.readers[i].close()
	}
	if r.err == nil {
		r.err = io.EOF
	}
}
