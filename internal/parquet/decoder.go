package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The encodings, with the format's own numbers.
const (
	encPlain       = 0
	encPlainDict   = 2
	encRLE         = 3
	encBitPacked   = 4
	encDelta       = 5
	encDeltaLength = 6
	encDeltaBytes  = 7
	encRLEDict     = 8
	encByteStream  = 9
)

// blockSize bounds the blocks strings are cut from, in bytes; a longer string is a block of its own. A kept
// string pins its block, so the block is small.
const blockSize = 64 << 10

// decoder gives the values of one page in order. Each method fills its argument or returns an error.
type decoder interface {
	bools([]bool) error
	int32s([]int32) error
	int64s([]int64) error
	floats([]float32) error
	doubles([]float64) error
	strings([]string) error
}

// newDecoder starts decoding a page of the column. dict may be nil.
func newDecoder(encoding int32, c *Column, b []byte, dict *dictionary) (decoder, error) {
	switch encoding {
	case encPlain:
		return &plain{b: b, width: c.byteWidth()}, nil
	case encPlainDict, encRLEDict:
		if dict == nil {
			return nil, corrupt("page refers to a dictionary, there is none")
		}
		return newDictDecoder(dict, b)
	case encRLE:
		if c.Physical == Boolean {
			return newRLEBool(b)
		}
	case encDelta:
		if c.Physical == Int32 || c.Physical == Int64 {
			d, err := newDelta(b)
			return &deltaInts{d: d}, err
		}
	case encDeltaLength:
		if c.Physical == ByteArray {
			return newDeltaLength(b)
		}
	case encDeltaBytes:
		if c.Physical == ByteArray || c.Physical == Fixed {
			return newDeltaBytes(b, c.byteWidth())
		}
	case encByteStream:
		if w := c.streamWidth(); w > 0 {
			return newByteStream(b, w)
		}
	default:
		return nil, unsupported("encoding %d", encoding)
	}
	return nil, corrupt("encoding %d cannot hold %s", encoding, c.Physical)
}

// byteWidth is the length of each string value, 0 if they have their own.
func (c *Column) byteWidth() int {
	switch c.Physical {
	case Int96:
		return 12
	case Fixed:
		return c.Width
	}
	return 0
}

func (c *Column) streamWidth() int {
	switch c.Physical {
	case Int32, Float:
		return 4
	case Int64, Double:
		return 8
	case Fixed:
		return c.Width
	}
	return 0
}

// none refuses every type; decoders embed it and override what they can give.
type none struct{}

var errType = errors.New("encoding does not fit the type")

func (none) bools([]bool) error       { return errType }
func (none) int32s([]int32) error     { return errType }
func (none) int64s([]int64) error     { return errType }
func (none) floats([]float32) error   { return errType }
func (none) doubles([]float64) error  { return errType }
func (none) strings(d []string) error { return errType }

var errShortPage = errors.New("page ends before its values")

// plain: fixed-width values little-endian, booleans as bits from the lowest up, byte arrays with 4 bytes of
// length before each.
type plain struct {
	b     []byte
	bit   int // of the booleans
	width int // of the strings, 0: each has its length
}

func (p *plain) take(n, width int) ([]byte, error) {
	if n > len(p.b)/width {
		return nil, errShortPage
	}
	b := p.b[:n*width]
	p.b = p.b[n*width:]
	return b, nil
}

func (p *plain) bools(dst []bool) error {
	if len(dst) > len(p.b)*8-p.bit {
		return errShortPage
	}
	for i := range dst {
		dst[i] = p.b[p.bit>>3]>>(p.bit&7)&1 == 1
		p.bit++
	}
	return nil
}

func (p *plain) int32s(dst []int32) error {
	b, err := p.take(len(dst), 4)
	if err != nil {
		return err
	}
	for i := range dst {
		dst[i] = int32(binary.LittleEndian.Uint32(b[i*4:]))
	}
	return nil
}

func (p *plain) int64s(dst []int64) error {
	b, err := p.take(len(dst), 8)
	if err != nil {
		return err
	}
	for i := range dst {
		dst[i] = int64(binary.LittleEndian.Uint64(b[i*8:]))
	}
	return nil
}

func (p *plain) floats(dst []float32) error {
	b, err := p.take(len(dst), 4)
	if err != nil {
		return err
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[i*4:]))
	}
	return nil
}

func (p *plain) doubles(dst []float64) error {
	b, err := p.take(len(dst), 8)
	if err != nil {
		return err
	}
	for i := range dst {
		dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[i*8:]))
	}
	return nil
}

func (p *plain) strings(dst []string) error {
	if p.width > 0 {
		b, err := p.take(len(dst), p.width)
		if err != nil {
			return err
		}
		cutFixed(dst, b, p.width)
		return nil
	}
	return p.lengthPrefixed(dst)
}

// lengthPrefixed copies runs of values as they lie, lengths included, and cuts the strings from the copy: one
// copy, four bytes per string wasted.
func (p *plain) lengthPrefixed(dst []string) error {
	for len(dst) > 0 {
		n, size := 0, 0
		for n < len(dst) {
			b := p.b[size:]
			if len(b) < 4 {
				return errShortPage
			}
			l := binary.LittleEndian.Uint32(b)
			if uint64(l) > uint64(len(b)-4) {
				return errShortPage
			}
			if n > 0 && size+4+int(l) > blockSize {
				break
			}
			size += 4 + int(l)
			n++
		}
		block := string(p.b[:size])
		at := 0
		for i := range dst[:n] {
			l := int(binary.LittleEndian.Uint32(p.b[at:]))
			dst[i] = block[at+4 : at+4+l]
			at += 4 + l
		}
		p.b = p.b[size:]
		dst = dst[n:]
	}
	return nil
}

// cutFixed cuts strings of one width.
func cutFixed(dst []string, b []byte, width int) {
	per := max(1, blockSize/width)
	for len(dst) > 0 {
		n := min(per, len(dst))
		block := string(b[:n*width])
		for i := range dst[:n] {
			dst[i] = block[i*width : (i+1)*width]
		}
		b, dst = b[n*width:], dst[n:]
	}
}

// rleBool: 4 bytes of length, then runs of one bit.
type rleBool struct {
	none
	h   hybrid
	buf []uint32
}

func newRLEBool(b []byte) (decoder, error) {
	if len(b) < 4 {
		return nil, errShortPage
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, errShortPage
	}
	return &rleBool{h: newHybrid(b[4:4+n], 1)}, nil
}

func (d *rleBool) bools(dst []bool) error {
	d.buf = grow(d.buf[:0], len(dst))
	if err := d.h.fill(d.buf); err != nil {
		return err
	}
	for i, v := range d.buf {
		dst[i] = v != 0
	}
	return nil
}

// deltaInts reads integers of both widths.
type deltaInts struct {
	none
	d delta
}

func (d *deltaInts) int32s(dst []int32) error {
	for len(dst) > 0 {
		v, err := d.d.next(len(dst))
		if err != nil {
			return err
		}
		for i, x := range v {
			dst[i] = int32(x) // wraps, as the format says
		}
		dst = dst[len(v):]
	}
	return nil
}

func (d *deltaInts) int64s(dst []int64) error {
	for len(dst) > 0 {
		v, err := d.d.next(len(dst))
		if err != nil {
			return err
		}
		dst = dst[copy(dst, v):]
	}
	return nil
}

// byteStream (BYTE_STREAM_SPLIT): the first bytes of all values, then the second bytes, and so on.
type byteStream struct {
	none
	b     []byte
	width int
	n, at int // values in the page, values taken
}

func newByteStream(b []byte, width int) (decoder, error) {
	if len(b)%width != 0 {
		return nil, fmt.Errorf("%d bytes do not split into values of %d", len(b), width)
	}
	return &byteStream{b: b, width: width, n: len(b) / width}, nil
}

func (d *byteStream) gather(n int, each func(i int, v uint64)) error {
	if n > d.n-d.at {
		return errShortPage
	}
	for i := range n {
		var v uint64
		for j := range d.width {
			v |= uint64(d.b[j*d.n+d.at]) << (8 * j)
		}
		each(i, v)
		d.at++
	}
	return nil
}

func (d *byteStream) int32s(dst []int32) error {
	return d.gather(len(dst), func(i int, v uint64) { dst[i] = int32(v) })
}

func (d *byteStream) int64s(dst []int64) error {
	return d.gather(len(dst), func(i int, v uint64) { dst[i] = int64(v) })
}

func (d *byteStream) floats(dst []float32) error {
	return d.gather(len(dst), func(i int, v uint64) { dst[i] = math.Float32frombits(uint32(v)) })
}

func (d *byteStream) doubles(dst []float64) error {
	return d.gather(len(dst), func(i int, v uint64) { dst[i] = math.Float64frombits(v) })
}

func (d *byteStream) strings(dst []string) error {
	if len(dst) > d.n-d.at {
		return errShortPage
	}
	b := make([]byte, len(dst)*d.width)
	for i := range dst {
		for j := range d.width {
			b[i*d.width+j] = d.b[j*d.n+d.at]
		}
		d.at++
	}
	cutFixed(dst, b, d.width)
	return nil
}
