package parquet

import (
	"encoding/binary"
	"errors"
)

// columnReader gives the values of one flat column chunk in order.
//
// Invariants:
//  1. left counts the rows of the chunk not yet delivered, pageLeft those of the current page among them.
//  2. Where the column is optional, levels and values advance together: a row's level is read before its value.
type columnReader struct {
	col      *Column
	src      pageSource
	codec    decompressor
	dict     *dictionary
	left     int64
	pageLeft int
	levels   levels
	values   decoder
	page     []byte // decompressed, reused
	null     []bool // scratch: one read's nulls
}

// open starts on a chunk of a row group of rows rows. limit is where the pages of the file must end.
func (c *columnReader) open(f *File, col *Column, ch *chunk, rows int64) error {
	switch {
	case col.Nested:
		return unsupported("nested column")
	case ch.encrypted:
		return unsupported("encrypted column")
	case ch.external:
		return unsupported("column chunk in another file")
	case !ch.present:
		return corrupt("column chunk without metadata")
	case Physical(ch.physical) != col.Physical:
		return corrupt("column chunk of %s, the schema says %s", Physical(ch.physical), col.Physical)
	case ch.values != rows:
		return corrupt("column chunk has %d values, its row group %d rows", ch.values, rows)
	}
	start := ch.dataOffset
	if ch.dictOffset > 0 && ch.dictOffset < start {
		start = ch.dictOffset
	}
	if start < int64(len(magic)) || start > f.dataEnd || ch.size < 0 {
		return corrupt("column chunk at byte %d with %d bytes, pages end at %d", start, ch.size, f.dataEnd)
	}
	// Some old writers left the dictionary's header out of the size; reading stops at the last value anyway.
	end := f.dataEnd
	if ch.size < end-start {
		end = min(start+ch.size+oldHeaderSlack, f.dataEnd)
	}
	buf := c.src.buf[:0]
	*c = columnReader{col: col, left: rows, page: c.page, null: c.null, codec: c.codec}
	c.src = pageSource{r: f.r, pos: start, end: end, buf: buf, lax: f.IgnoreChecksums}
	c.codec.codec = ch.codec
	return nil
}

// oldHeaderSlack covers the page header that parquet-mr up to 1.2.8 did not count.
const oldHeaderSlack = 100

// read appends n rows to v; the chunk must have as many.
func (c *columnReader) read(n int, v *Vector) error {
	for n > 0 {
		if c.pageLeft == 0 {
			if err := c.nextPage(); err != nil {
				return err
			}
			continue // a page may have no values
		}
		m := min(n, c.pageLeft)
		at := v.extend(m)
		k := m
		if c.col.Optional {
			c.null = grow(c.null[:0], m)
			nulls, err := c.levels.fill(c.null)
			if err != nil {
				return err
			}
			k -= nulls
			v.Null = append(v.Null, c.null...)
		}
		if k > 0 {
			if err := v.values(c.values, at, k); err != nil {
				return err
			}
		}
		if k < m {
			v.spread(at, k, c.null)
		}
		c.pageLeft -= m
		c.left -= int64(m)
		n -= m
	}
	return nil
}

// nextPage reads up to the next data page. Each turn consumes a page header at least.
func (c *columnReader) nextPage() error {
	h, b, err := c.src.next()
	if err != nil {
		return err
	}
	if !h.hasBody && (h.typ == pageData || h.typ == pageDict || h.typ == pageDataV2) {
		return corrupt("page header of type %d without its body", h.typ)
	}
	switch h.typ {
	case pageDict:
		if c.dict != nil {
			return corrupt("second dictionary")
		}
		if h.encoding != encPlain && h.encoding != encPlainDict {
			return corrupt("dictionary in encoding %d", h.encoding)
		}
		b, err = c.decompress(b, int(h.size))
		if err != nil {
			return err
		}
		c.dict, err = newDictionary(c.col, b, int(h.values))
		return err
	case pageData:
		b, err = c.decompress(b, int(h.size))
		if err != nil {
			return err
		}
		if c.col.Optional {
			c.levels, b, err = newLevels(b, h.defEnc, int(h.values))
			if err != nil {
				return err
			}
		}
	case pageDataV2:
		lead := int(h.repBytes) + int(h.defBytes)
		if c.col.Optional {
			c.levels = levels{h: newHybrid(b[h.repBytes:lead], 1)}
		}
		values, size := b[lead:], int(h.size)-lead
		if h.plainV2 {
			if len(values) != size {
				return corrupt("page has %d bytes of values, its header says %d", len(values), size)
			}
			// values is borrowed from the source, which reads on only when this page is done.
			b = values
			break
		}
		// The levels are borrowed too; only the values move to the page buffer.
		if b, err = c.decompress(values, size); err != nil {
			return err
		}
	default:
		return nil // index pages, and what later versions may bring, hold no rows
	}
	if int64(h.values) > c.left {
		return corrupt("page has %d values, its column chunk %d left", h.values, c.left)
	}
	c.pageLeft = int(h.values)
	c.values, err = newDecoder(h.encoding, c.col, b, c.dict)
	return err
}

func (c *columnReader) decompress(b []byte, size int) ([]byte, error) {
	out, err := c.codec.page(b, c.page, size)
	if err == nil && c.codec.codec != codecNone {
		c.page = out
	}
	return out, err
}

func (c *columnReader) close() { c.codec.close() }

// levels gives the definition levels of a flat optional column: 0 null, 1 there.
type levels struct {
	h      hybrid
	packed []byte // deprecated encoding: bits from the highest down; nil: h
	bit    int
	buf    []uint32
}

// newLevels reads the levels at the front of a version 1 page of n rows and returns what follows them.
func newLevels(b []byte, encoding int32, n int) (levels, []byte, error) {
	switch encoding {
	case encRLE:
		if len(b) < 4 {
			return levels{}, nil, errShortPage
		}
		size := binary.LittleEndian.Uint32(b)
		if uint64(size) > uint64(len(b)-4) {
			return levels{}, nil, errShortPage
		}
		return levels{h: newHybrid(b[4:4+size], 1)}, b[4+size:], nil
	case encBitPacked:
		size := n/8 + (n%8+7)/8
		if size > len(b) {
			return levels{}, nil, errShortPage
		}
		return levels{packed: b[:size:size]}, b[size:], nil
	}
	return levels{}, nil, unsupported("levels in encoding %d", encoding)
}

var errLevels = errors.New("levels end before their rows")

// fill reads one level per element and returns how many are null.
func (l *levels) fill(null []bool) (int, error) {
	nulls := 0
	if l.packed != nil {
		if l.bit+len(null) > len(l.packed)*8 {
			return 0, errLevels
		}
		for i := range null {
			null[i] = l.packed[l.bit>>3]>>(7-l.bit&7)&1 == 0
			l.bit++
			if null[i] {
				nulls++
			}
		}
		return nulls, nil
	}
	l.buf = grow(l.buf[:0], len(null))
	if err := l.h.fill(l.buf); err != nil {
		return 0, err
	}
	for i, d := range l.buf {
		if d == 0 {
			null[i] = true
			nulls++
		} else {
			null[i] = false
		}
	}
	return nulls, nil
}
