package parquet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	arrow "github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// Codec is how pages are compressed when writing.
type Codec uint8

// The codecs that are written.
const (
	Zstd Codec = iota
	Snappy
	Gzip
	Uncompressed
)

// WriteOptions say how a file is written. The zero value: zstd at level 3.
type WriteOptions struct {
	Codec   Codec
	Level   int      // of Zstd and Gzip; 0: 3 and 6
	Scratch *Scratch // shared by writers that are not used at the same time; nil: one of its own
}

// Scratch is the memory in which a column is put together: as much as a column of the largest row group. Many
// writers that take turns share one.
type Scratch struct {
	vec   Vector
	defs  []int16
	bytes []arrow.ByteArray
}

// CreatedBy is what the footer names as the writer. It carries no version: the same rows stay the same bytes.
const CreatedBy = "millrace"

// Writer writes one file, a row group at a time. It stands on arrow's column writers, which panic where they
// should return an error and lose the error of a failed write: both are caught here, the second by keeping the
// sink's first error. It is not safe for concurrent use.
type Writer struct {
	cols   []Column
	sink   *sink
	fw     *file.Writer
	rows   int64
	groups int
	mem    *Scratch
	err    error // the first; every later call returns it
}

// NewWriter begins a file of the given flat columns.
func NewWriter(w io.Writer, cols []Column, opts WriteOptions) (wr *Writer, err error) {
	wr = &Writer{cols: cols, sink: &sink{w: w}, mem: opts.Scratch}
	if wr.mem == nil {
		wr.mem = new(Scratch)
	}
	defer wr.settle(&err)
	fields := make(schema.FieldList, len(cols))
	for i := range cols {
		if fields[i], err = cols[i].node(); err != nil {
			return nil, err
		}
	}
	root, err := schema.NewGroupNode("schema", arrow.Repetitions.Required, fields, -1)
	if err != nil {
		return nil, err
	}
	wr.fw = file.NewParquetWriter(wr.sink, root, file.WithWriterProps(opts.properties(cols)))
	return wr, nil
}

func (o WriteOptions) properties(cols []Column) *arrow.WriterProperties {
	codec := map[Codec]compress.Compression{
		Zstd: compress.Codecs.Zstd, Snappy: compress.Codecs.Snappy,
		Gzip: compress.Codecs.Gzip, Uncompressed: compress.Codecs.Uncompressed,
	}[o.Codec]
	level := o.Level
	if level == 0 {
		switch o.Codec {
		case Zstd:
			level = 3
		case Gzip:
			level = 6
		}
	}
	props := []arrow.WriterProperty{
		arrow.WithCreatedBy(CreatedBy),
		arrow.WithVersion(arrow.V2_LATEST),
		arrow.WithDataPageVersion(arrow.DataPageV1),
		arrow.WithCompression(codec),
		arrow.WithStats(true),
		arrow.WithDictionaryDefault(false),
	}
	if o.Codec == Zstd || o.Codec == Gzip {
		props = append(props, arrow.WithCompressionLevel(level))
	}
	for i := range cols {
		if cols[i].Physical == ByteArray {
			props = append(props, arrow.WithDictionaryFor(cols[i].Name, true))
		}
	}
	return arrow.NewWriterProperties(props...)
}

// node is the column as arrow describes it.
func (c *Column) node() (schema.Node, error) {
	rep := arrow.Repetitions.Required
	if c.Optional {
		rep = arrow.Repetitions.Optional
	}
	units := map[Unit]schema.TimeUnitType{
		Millis: schema.TimeUnitMillis, Micros: schema.TimeUnitMicros, Nanos: schema.TimeUnitNanos,
	}
	var logical schema.LogicalType = schema.NoLogicalType{}
	switch c.Logical {
	case None:
	case String:
		logical = schema.StringLogicalType{}
	case Integer:
		logical = schema.NewIntLogicalType(int8(c.Bits), c.Signed)
	case Date:
		logical = schema.DateLogicalType{}
	case Timestamp:
		logical = schema.NewTimestampLogicalType(c.UTC, units[c.Unit])
	default:
		return nil, unsupported("writing columns of type %s", c.Type())
	}
	width := -1
	if c.Physical == Fixed {
		width = c.Width
	}
	return schema.NewPrimitiveNodeLogical(c.Name, rep, logical, arrow.Type(c.Physical), width, -1)
}

// Group writes a row group of n rows. fill is called once per column, in order, with an empty vector of the
// column's type, and appends n slots to it (and n Nulls, if the column is optional). One column's values are
// held at a time.
func (w *Writer) Group(n int, fill func(col int, v *Vector) error) (err error) {
	if w.err != nil {
		return w.err
	}
	defer w.settle(&err)
	g := w.fw.AppendRowGroup()
	for i := range w.cols {
		c := &w.cols[i]
		w.mem.vec.Reset()
		w.mem.vec.Physical = c.Physical
		if err := fill(i, &w.mem.vec); err != nil {
			return err
		}
		if got := w.mem.vec.Len(); got != n || c.Optional && len(w.mem.vec.Null) != n {
			return fmt.Errorf("column %s has %d values and %d nulls said, the row group %d rows", c.Name, got, len(w.mem.vec.Null), n)
		}
		cw, err := g.NextColumn()
		if err != nil {
			return err
		}
		if err := w.column(cw, c, n); err != nil {
			return err
		}
		if err := cw.Close(); err != nil {
			return err
		}
	}
	if err := g.Close(); err != nil {
		return err
	}
	w.rows += int64(n)
	w.groups++
	return nil
}

// column writes w.mem.vec.
func (w *Writer) column(cw file.ColumnChunkWriter, c *Column, n int) error {
	v := &w.mem.vec
	var defs []int16
	if c.Optional {
		w.mem.defs = grow(w.mem.defs[:0], n)
		defs = w.mem.defs
		for i, null := range v.Null {
			if !null {
				defs[i] = 1
			}
		}
		v.compact()
	}
	var err error
	switch cw := cw.(type) {
	case *file.BooleanColumnChunkWriter:
		_, err = cw.WriteBatch(v.Bool, defs, nil)
	case *file.Int32ColumnChunkWriter:
		_, err = cw.WriteBatch(v.I32, defs, nil)
	case *file.Int64ColumnChunkWriter:
		_, err = cw.WriteBatch(v.I64, defs, nil)
	case *file.Float32ColumnChunkWriter:
		_, err = cw.WriteBatch(v.F32, defs, nil)
	case *file.Float64ColumnChunkWriter:
		_, err = cw.WriteBatch(v.F64, defs, nil)
	case *file.ByteArrayColumnChunkWriter:
		err = w.byteArrays(cw, v.Str, defs)
	default:
		err = unsupported("writing columns of physical type %s", c.Physical)
	}
	return err
}

// byteArrays writes in runs, so that the slice headers arrow wants take little memory.
func (w *Writer) byteArrays(cw *file.ByteArrayColumnChunkWriter, s []string, defs []int16) error {
	const rows = 4096
	w.mem.bytes = w.mem.bytes[:0]
	defer func() { clear(w.mem.bytes[:cap(w.mem.bytes)]) }()
	if defs == nil {
		for len(s) > 0 {
			n := min(rows, len(s))
			w.mem.bytes = appendBytes(w.mem.bytes[:0], s[:n])
			if _, err := cw.WriteBatch(w.mem.bytes, nil, nil); err != nil {
				return err
			}
			s = s[n:]
		}
		return nil
	}
	for len(defs) > 0 {
		d := defs[:min(rows, len(defs))]
		k := 0
		for _, l := range d {
			k += int(l)
		}
		w.mem.bytes = appendBytes(w.mem.bytes[:0], s[:k])
		if _, err := cw.WriteBatch(w.mem.bytes, d, nil); err != nil {
			return err
		}
		s, defs = s[k:], defs[len(d):]
	}
	return nil
}

// appendBytes copies the strings into one block. The block is never used again: arrow's statistics keep slices
// of what they were shown.
func appendBytes(dst []arrow.ByteArray, s []string) []arrow.ByteArray {
	size := 0
	for _, x := range s {
		size += len(x)
	}
	block := make([]byte, 0, size)
	for _, x := range s {
		at := len(block)
		block = append(block, x...)
		dst = append(dst, block[at:len(block):len(block)])
	}
	return dst
}

// compact drops the slots of null rows.
func (v *Vector) compact() {
	switch v.Physical {
	case Boolean:
		v.Bool = compact(v.Bool, v.Null)
	case Int32:
		v.I32 = compact(v.I32, v.Null)
	case Int64:
		v.I64 = compact(v.I64, v.Null)
	case Float:
		v.F32 = compact(v.F32, v.Null)
	case Double:
		v.F64 = compact(v.F64, v.Null)
	default:
		v.Str = compact(v.Str, v.Null)
	}
}

func compact[V any](s []V, null []bool) []V {
	k := 0
	for i, n := range null {
		if !n {
			s[k] = s[i]
			k++
		}
	}
	return s[:k]
}

// Rows is the number of rows written; Groups that of row groups.
func (w *Writer) Rows() int64 { return w.rows }

// Groups is the number of row groups written.
func (w *Writer) Groups() int { return w.groups }

// Close writes the footer. It does not close the sink.
func (w *Writer) Close() (err error) {
	if w.err != nil {
		return w.err
	}
	defer w.settle(&err)
	// The footer is held back and put in order before it goes out. (FlushWithFooter, because fw.Close would lose
	// its error.)
	w.sink.held = new(bytes.Buffer)
	err = w.fw.FlushWithFooter()
	footer := w.sink.held.Bytes()
	w.sink.held = nil
	if err != nil {
		return err
	}
	if footer, err = orderedFooter(footer); err != nil {
		return err
	}
	if _, err := w.sink.Write(footer); err != nil {
		return err
	}
	if err := w.fw.Close(); err != nil {
		return err
	}
	w.err = errClosed
	return nil
}

var errClosed = errors.New("writer is closed")

// settle ends every call: a panic becomes an error, the sink's error goes before what arrow made of it, and an
// error stays.
func (w *Writer) settle(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("encoding panicked: %v", r)
	}
	if w.sink.err != nil {
		*err = w.sink.err
	}
	if *err != nil {
		w.err = *err
	}
}

// orderedFooter sorts what arrow leaves in the order of a Go map: a column chunk's counts of pages by encoding,
// of which there are two for data pages where a dictionary gave way to plain values. The same rows must be the
// same bytes. The footer is the metadata, its length in four bytes, and the magic.
func orderedFooter(footer []byte) ([]byte, error) {
	const tail = 8
	if len(footer) < tail {
		return nil, fmt.Errorf("the footer to be written has %d bytes", len(footer))
	}
	meta, err := metadata.NewFileMetaData(footer[:len(footer)-tail], nil)
	if err != nil {
		return nil, err
	}
	for _, group := range meta.RowGroups {
		for _, chunk := range group.Columns {
			stats := chunk.MetaData.EncodingStats
			sort.Slice(stats, func(i, j int) bool {
				a, b := stats[i], stats[j]
				if a.PageType != b.PageType {
					return a.PageType > b.PageType // the dictionary page (2) before the data pages (0)
				}
				return a.Encoding < b.Encoding
			})
		}
	}
	ordered, err := meta.Serialize(context.Background())
	if err != nil {
		return nil, err
	}
	if len(ordered) != len(footer)-tail {
		return nil, fmt.Errorf("the ordered footer has %d bytes, want %d", len(ordered), len(footer)-tail)
	}
	return append(ordered, footer[len(footer)-tail:]...), nil
}

// sink keeps the first failed write and writes nothing after it.
type sink struct {
	w    io.Writer
	held *bytes.Buffer // takes the writes instead, if set
	err  error
}

func (s *sink) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.held != nil {
		return s.held.Write(p)
	}
	n, err := s.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		s.err = ioFault(err)
	}
	return n, s.err
}
