package parquetio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"

	"github.com/millrace-go/millrace/internal/atomicfile"
	"github.com/millrace-go/millrace/internal/parquet"
)

// spool is one temp file of row runs, for the length of one call. A run is written column by column:
//
//	optional column  one byte per row, 1: null
//	values           of all rows: 1, 4 or 8 bytes little-endian, or varint length and bytes
//
// It is read by the process that wrote it and by no other, so it has no version; a checksum of the file system
// is all it relies on, and every length is checked all the same.
type spool struct {
	f      *os.File
	size   int64
	buf    []byte // of the run being written or read
	faults atomicfile.Faults
}

// extent is a run in the spool.
type extent struct {
	at, size int64
	rows     int
}

func newSpool(dir string, faults atomicfile.Faults) (*spool, error) {
	f, err := os.CreateTemp(dir, "millrace-spool-*")
	if err != nil {
		return nil, err
	}
	// Where the system allows it the name goes at once, so that not even a killed process leaves it.
	os.Remove(f.Name())
	return &spool{f: f, faults: faults}, nil
}

func (s *spool) close() {
	s.f.Close()
	os.Remove(s.f.Name())
}

// spoolRows appends rows to the spool. path and before are for errors about values.
func spoolRows[T any](s *spool, path string, fields []field, rows []T, before int64) (extent, error) {
	s.buf = s.buf[:0]
	var v parquet.Vector
	rv := reflect.ValueOf(rows)
	for i := range fields {
		f := &fields[i]
		v.Reset()
		v.Physical = f.col.Physical
		if bad, want, got := f.encode(rv, &v); bad >= 0 {
			return extent{}, &ValueError{Path: path, Column: f.col.Name, Row: before + int64(bad) + 1, Want: want, Got: got}
		}
		s.buf = appendVector(s.buf, &v)
	}
	if err := s.faults.Check(atomicfile.OpWrite, s.f.Name()); err != nil {
		return extent{}, fmt.Errorf("parquetio: spool: %w", err)
	}
	if _, err := s.f.WriteAt(s.buf, s.size); err != nil {
		return extent{}, fmt.Errorf("parquetio: spool: %w", err)
	}
	e := extent{at: s.size, size: int64(len(s.buf)), rows: len(rows)}
	s.size += e.size
	return e, nil
}

// unspoolRows appends the rows of an extent to rows.
func unspoolRows[T any](s *spool, e extent, fields []field, rows []T) ([]T, error) {
	if int64(cap(s.buf)) < e.size {
		s.buf = make([]byte, e.size)
	}
	b := s.buf[:e.size]
	if _, err := s.f.ReadAt(b, e.at); err != nil {
		return nil, fmt.Errorf("parquetio: spool: %w", err)
	}
	at := len(rows)
	rows = append(rows, make([]T, e.rows)...)
	rv := reflect.ValueOf(rows[at:])
	p := &plan{path: "spool"}
	vectors := make([]parquet.Vector, len(fields))
	for i := range fields {
		f := &fields[i]
		p.fields = append(p.fields, boundField{field: *f, set: setterFor(&f.col, f.typ)})
		v := &vectors[i]
		v.Physical = f.col.Physical
		var err error
		if b, err = takeVector(b, v, f.col.Optional, e.rows); err != nil {
			return nil, fmt.Errorf("parquetio: spool: %w", err)
		}
	}
	return rows, p.decode(rv, func(k int) *parquet.Vector { return &vectors[k] }, e.rows, 0)
}

func appendVector(b []byte, v *parquet.Vector) []byte {
	for _, null := range v.Null {
		b = append(b, bit(null))
	}
	switch v.Physical {
	case parquet.Boolean:
		for _, x := range v.Bool {
			b = append(b, bit(x))
		}
	case parquet.Int32:
		for _, x := range v.I32 {
			b = binary.LittleEndian.AppendUint32(b, uint32(x))
		}
	case parquet.Int64:
		for _, x := range v.I64 {
			b = binary.LittleEndian.AppendUint64(b, uint64(x))
		}
	case parquet.Float:
		for _, x := range v.F32 {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
	case parquet.Double:
		for _, x := range v.F64 {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
	default:
		for _, x := range v.Str {
			b = binary.AppendUvarint(b, uint64(len(x)))
			b = append(b, x...)
		}
	}
	return b
}

func bit(x bool) byte {
	if x {
		return 1
	}
	return 0
}

var errSpool = errors.New("rows did not come back as they were written")

// takeVector fills v with n slots from the front of b and returns the rest.
func takeVector(b []byte, v *parquet.Vector, optional bool, n int) ([]byte, error) {
	take := func(width int) []byte {
		if len(b)/width < n {
			return nil
		}
		part := b[:n*width]
		b = b[n*width:]
		return part
	}
	if optional {
		part := take(1)
		for _, c := range part {
			v.Null = append(v.Null, c == 1)
		}
	}
	switch v.Physical {
	case parquet.Boolean:
		for _, c := range take(1) {
			v.Bool = append(v.Bool, c == 1)
		}
	case parquet.Int32:
		for part := take(4); len(part) > 0; part = part[4:] {
			v.I32 = append(v.I32, int32(binary.LittleEndian.Uint32(part)))
		}
	case parquet.Int64:
		for part := take(8); len(part) > 0; part = part[8:] {
			v.I64 = append(v.I64, int64(binary.LittleEndian.Uint64(part)))
		}
	case parquet.Float:
		for part := take(4); len(part) > 0; part = part[4:] {
			v.F32 = append(v.F32, math.Float32frombits(binary.LittleEndian.Uint32(part)))
		}
	case parquet.Double:
		for part := take(8); len(part) > 0; part = part[8:] {
			v.F64 = append(v.F64, math.Float64frombits(binary.LittleEndian.Uint64(part)))
		}
	default:
		for range n {
			size, k := binary.Uvarint(b)
			if k <= 0 || size > uint64(len(b)-k) {
				return nil, errSpool
			}
			v.Str = append(v.Str, string(b[k:k+int(size)]))
			b = b[k+int(size):]
		}
	}
	if v.Len() != n || optional && len(v.Null) != n {
		return nil, errSpool
	}
	return b, nil
}
