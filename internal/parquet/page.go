package parquet

import (
	"errors"
	"hash/crc32"
	"io"
)

// The page types, with the format's own numbers.
const (
	pageData   = 0
	pageIndex  = 1
	pageDict   = 2
	pageDataV2 = 3
)

// pageHeader is what stands before each page.
type pageHeader struct {
	typ        int32
	size       int32 // bytes after decompression
	compressed int32 // bytes in the file
	crc        uint32
	hasCRC     bool
	values     int32 // rows, nulls included
	encoding   int32
	defEnc     int32 // version 1: encoding of the definition levels
	repBytes   int32 // version 2: bytes of repetition levels, uncompressed, before all else
	defBytes   int32 // version 2: bytes of definition levels, uncompressed, after them
	plainV2    bool  // version 2: values are not compressed, whatever the codec
	hasBody    bool  // the structure of its type was there
}

// parsePageHeader reads a header from the front of b and returns its length.
func parsePageHeader(b []byte) (h pageHeader, n int, err error) {
	r := &thriftReader{b: b}
	h.typ = -1
	r.structure(func(id int, typ byte) bool {
		switch {
		case id == 1 && typ == thriftI32:
			h.typ = r.i32()
		case id == 2 && typ == thriftI32:
			h.size = r.i32()
		case id == 3 && typ == thriftI32:
			h.compressed = r.i32()
		case id == 4 && typ == thriftI32:
			h.crc, h.hasCRC = uint32(r.i32()), true
		case (id == 5 || id == 7 || id == 8) && typ == thriftStruct:
			h.hasBody = true
			h.body(r, id == 8)
		default:
			return false
		}
		return true
	})
	return h, r.pos, r.err
}

// body reads the structure of a data or dictionary page; their first fields agree.
func (h *pageHeader) body(r *thriftReader, v2 bool) {
	r.structure(func(id int, typ byte) bool {
		if v2 {
			switch {
			case id == 1 && typ == thriftI32:
				h.values = r.i32()
			case id == 4 && typ == thriftI32:
				h.encoding = r.i32()
			case id == 5 && typ == thriftI32:
				h.defBytes = r.i32()
			case id == 6 && typ == thriftI32:
				h.repBytes = r.i32()
			case id == 7 && typ == thriftFalse:
				h.plainV2 = true
			default:
				return false
			}
			return true
		}
		if typ != thriftI32 {
			return false
		}
		switch id {
		case 1:
			h.values = r.i32()
		case 2:
			h.encoding = r.i32()
		case 3:
			h.defEnc = r.i32()
		default:
			return false
		}
		return true
	})
}

func (h *pageHeader) check() error {
	if h.size < 0 || h.compressed < 0 || h.values < 0 || h.repBytes < 0 || h.defBytes < 0 {
		return corrupt("page header with a negative size")
	}
	if h.size > MaxPage {
		return unsupported("page of %d bytes, at most %d are read", h.size, MaxPage)
	}
	if int64(h.repBytes)+int64(h.defBytes) > int64(min(h.size, h.compressed)) {
		return corrupt("page's levels are longer than the page")
	}
	return nil
}

// pageSource reads the pages of one column chunk, from front to back.
type pageSource struct {
	r    io.ReaderAt
	pos  int64  // of buf[0] in the file
	end  int64  // of the chunk
	buf  []byte // read and not taken
	at   int    // of the first byte not taken
	page int64  // where the page taken last begins, for errors
	lax  bool   // checksums are not looked at
}

const (
	readAhead   = 64 << 10 // bytes read at least, if there are as many
	maxPageHead = 16 << 20 // bytes of a page header, statistics included
)

// peek returns n bytes at the current position, or fewer at the end of the chunk. They are borrowed until the
// next call.
func (s *pageSource) peek(n int) ([]byte, error) {
	if have := s.buf[s.at:]; len(have) >= n {
		return have[:n], nil
	}
	s.pos += int64(s.at)
	kept := copy(s.buf, s.buf[s.at:])
	s.buf, s.at = s.buf[:kept], 0
	want := int(min(int64(max(n, readAhead)), s.end-s.pos))
	if want > cap(s.buf) {
		bigger := make([]byte, kept, want)
		copy(bigger, s.buf)
		s.buf = bigger
	}
	if want > kept {
		fresh := s.buf[kept:want]
		if err := readFull(s.r, fresh, s.pos+int64(kept)); err != nil {
			return nil, err
		}
		s.buf = s.buf[:want]
	}
	return s.buf[:min(n, len(s.buf))], nil
}

func (s *pageSource) offset() int64 { return s.pos + int64(s.at) }

// next returns the next page, its bytes as they lie in the file, borrowed until the next call.
func (s *pageSource) next() (pageHeader, []byte, error) {
	s.page = s.offset()
	var h pageHeader
	for n := 1 << 10; ; n *= 8 {
		b, err := s.peek(n)
		if err != nil {
			return h, nil, err
		}
		if len(b) == 0 {
			return h, nil, corrupt("column chunk ends before its values")
		}
		var used int
		h, used, err = parsePageHeader(b)
		if err == nil {
			s.at += used
			break
		}
		if !errors.Is(err, errShort) || len(b) < n || n > maxPageHead {
			e := corrupt("page header")
			e.Err = err
			return h, nil, e
		}
	}
	if err := h.check(); err != nil {
		return h, nil, err
	}
	if int64(h.compressed) > s.end-s.offset() {
		return h, nil, corrupt("page claims %d bytes, its column chunk has %d left", h.compressed, s.end-s.offset())
	}
	b, err := s.peek(int(h.compressed))
	if err != nil {
		return h, nil, err
	}
	s.at += len(b)
	if h.hasCRC && !s.lax {
		if got := crc32.ChecksumIEEE(b); got != h.crc {
			return h, nil, corrupt("page checksum is %08x, want %08x", got, h.crc)
		}
	}
	return h, b, nil
}
