package parquet

import (
	"encoding/binary"
	"errors"
)

// The compact protocol of Thrift, as far as Parquet's footer and page headers use it.
//
//	struct  field*, 00
//	field   (id delta 1..15) << 4 | type, or 0 << 4 | type, zigzag varint id; then the value
//	list    size << 4 | type, or f << 4 | type, varint size; then the elements
//	binary  varint length, bytes          i16..i64  zigzag varint        bool  in the field's type
//
// Invariants:
//  1. pos never passes len(b); after the first error nothing more is read.
//  2. A list's size is at most the bytes that remain: every element takes one byte at least. So what is
//     allocated for a list is linear in the input.
//  3. Structures nest at most thriftDepth deep.

const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13

	thriftDepth = 64 // Parquet's own structures are 6 deep
)

// errShort: the input ends inside a value. A page header's reader then offers more bytes.
var errShort = errors.New("ends inside a value")

var errThrift = errors.New("not a Thrift structure")

type thriftReader struct {
	b     []byte
	pos   int
	depth int
	err   error // the first
}

func (r *thriftReader) fail(err error) {
	if r.err == nil {
		r.err = err
		r.pos = len(r.b)
	}
}

func (r *thriftReader) byte() byte {
	if r.pos >= len(r.b) {
		r.fail(errShort)
		return 0
	}
	c := r.b[r.pos]
	r.pos++
	return c
}

func (r *thriftReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b[r.pos:])
	switch {
	case n == 0:
		r.fail(errShort)
		return 0
	case n < 0:
		r.fail(errThrift)
		return 0
	}
	r.pos += n
	return v
}

func (r *thriftReader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *thriftReader) i32() int32 {
	v := r.varint()
	if int64(int32(v)) != v {
		r.fail(errThrift)
		return 0
	}
	return int32(v)
}

// view is a binary value, borrowed from the input.
func (r *thriftReader) view() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)-r.pos) {
		r.fail(errShort)
		return nil
	}
	v := r.b[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return v
}

func (r *thriftReader) string() string { return string(r.view()) }

// structure reads one struct. field is called for each field and reports whether it has read the value;
// otherwise the value is skipped.
func (r *thriftReader) structure(field func(id int, typ byte) bool) {
	if r.depth++; r.depth > thriftDepth {
		r.fail(errThrift)
	}
	id := 0
	for r.err == nil {
		h := r.byte()
		if r.err != nil || h == 0 {
			break
		}
		if delta := int(h >> 4); delta != 0 {
			id += delta
		} else {
			id = int(r.varint())
		}
		if r.err == nil && !field(id, h&15) {
			r.skip(h & 15)
		}
	}
	r.depth--
}

// list reads a list's header and calls element for each element, which must read it.
func (r *thriftReader) list(want byte, grow func(n int), element func(i int)) {
	n, typ := r.listHeader()
	if r.err == nil && n > 0 && typ != want {
		r.fail(errThrift)
	}
	if r.err != nil {
		return
	}
	grow(n)
	for i := 0; i < n && r.err == nil; i++ {
		element(i)
	}
}

func (r *thriftReader) listHeader() (n int, typ byte) {
	h := r.byte()
	size := uint64(h >> 4)
	if size == 15 {
		size = r.uvarint()
	}
	if r.err == nil && size > uint64(len(r.b)-r.pos) {
		r.fail(errShort)
	}
	if r.err != nil {
		return 0, 0
	}
	return int(size), h & 15
}

func (r *thriftReader) skip(typ byte) {
	if r.depth++; r.depth > thriftDepth {
		r.fail(errThrift)
	}
	defer func() { r.depth-- }()
	switch typ {
	case thriftTrue, thriftFalse:
	case thriftByte:
		r.byte()
	case thriftI16, thriftI32, thriftI64:
		r.uvarint()
	case thriftDouble:
		r.advance(8)
	case thriftUUID:
		r.advance(16)
	case thriftBinary:
		r.view()
	case thriftStruct:
		r.structure(func(int, byte) bool { return false })
	case thriftList, thriftSet:
		n, t := r.listHeader()
		for i := 0; i < n && r.err == nil; i++ {
			r.skipElement(t)
		}
	case thriftMap:
		n := r.uvarint()
		if n == 0 || r.err != nil {
			return
		}
		kv := r.byte()
		if n > uint64(len(r.b)-r.pos) {
			r.fail(errShort)
		}
		for i := uint64(0); i < n && r.err == nil; i++ {
			r.skipElement(kv >> 4)
			r.skipElement(kv & 15)
		}
	default:
		r.fail(errThrift)
	}
}

// skipElement skips a value inside a list or map, where a bool takes a byte of its own.
func (r *thriftReader) skipElement(typ byte) {
	if typ == thriftTrue || typ == thriftFalse {
		r.byte()
		return
	}
	r.skip(typ)
}

func (r *thriftReader) advance(n int) {
	if n > len(r.b)-r.pos {
		r.fail(errShort)
		return
	}
	r.pos += n
}
