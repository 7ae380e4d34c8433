package parquet

import (
	"encoding/binary"
	"errors"
)

// DELTA_BINARY_PACKED:
//
//	header  varint values per block, varint miniblocks per block, varint total values, zigzag first value
//	block   zigzag smallest delta, one byte of width per miniblock, miniblocks
//
// A miniblock holds delta - smallest delta, packed from the lowest bit up. Sums wrap around.
//
// Invariants:
//  1. left values are still to come, of which those in ready[at:] are decoded.
//  2. Blocks are walked, never indexed: memory is one miniblock, whatever the header claims.
type delta struct {
	b        []byte
	mini     int // values per miniblock
	minis    int // miniblocks per block
	left     uint64
	last     int64
	first    bool // the first value, which stands in the header, is still to come
	smallest int64
	widths   []byte // of this block's miniblocks to come
	ready    []int64
	at       int
}

// maxMini bounds the values of a miniblock. Writers use 32.
const maxMini = 1 << 16

var errDelta = errors.New("delta blocks end before their values")

func newDelta(b []byte) (delta, error) {
	var d delta
	var head [3]uint64
	for i := range head {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return d, errDelta
		}
		head[i], b = v, b[n:]
	}
	first, n := binary.Varint(b)
	if n <= 0 {
		return d, errDelta
	}
	block, minis := head[0], head[1]
	if minis == 0 || block%minis != 0 || block == 0 || block/minis > maxMini || block/minis%8 != 0 || minis > maxMini {
		return d, errors.New("delta blocks of an impossible size")
	}
	d.b, d.mini, d.minis, d.left = b[n:], int(block/minis), int(minis), head[2]
	d.last, d.first = first, true
	return d, nil
}

// next returns up to n decoded values, at least one, borrowed until the next call.
func (d *delta) next(n int) ([]int64, error) {
	if d.left == 0 {
		return nil, errDelta
	}
	if d.first {
		d.first = false
		d.left--
		d.ready = append(d.ready[:0], d.last)
		d.at = 1
		return d.ready, nil
	}
	if d.at == len(d.ready) {
		if err := d.miniblock(); err != nil {
			return nil, err
		}
	}
	v := d.ready[d.at:]
	v = v[:min(len(v), n)]
	d.at += len(v)
	d.left -= uint64(len(v))
	return v, nil
}

// header steps to the next miniblock and returns its width; it reads the block's head where one begins.
func (d *delta) header() (int, error) {
	if len(d.widths) == 0 {
		smallest, n := binary.Varint(d.b)
		if n <= 0 || len(d.b)-n < d.minis {
			return 0, errDelta
		}
		d.smallest = smallest
		d.widths = d.b[n : n+d.minis]
		d.b = d.b[n+d.minis:]
	}
	w := int(d.widths[0])
	d.widths = d.widths[1:]
	if w > 64 {
		return 0, errors.New("delta of more than 64 bits")
	}
	return w, nil
}

func (d *delta) miniblock() error {
	w, err := d.header()
	if err != nil {
		return err
	}
	n := int(min(uint64(d.mini), d.left))
	size := d.mini / 8 * w
	packed := d.b[:min(size, len(d.b))]
	if len(packed)*8 < n*w { // the last miniblock may come without its padding
		return errDelta
	}
	d.b = d.b[len(packed):]
	if cap(d.ready) < n {
		d.ready = make([]int64, n)
	}
	d.ready = d.ready[:n]
	last := d.last
	for i := range d.ready {
		last += d.smallest + int64(bitsAt(packed, i*w, w))
		d.ready[i] = last
	}
	d.last, d.at = last, 0
	return nil
}

// rest skips the values to come and returns the bytes after the last block.
func (d *delta) rest() ([]byte, error) {
	if d.first {
		d.first = false
		d.left = max(d.left, 1) - 1
	}
	d.left -= min(d.left, uint64(len(d.ready)-d.at))
	for d.left > 0 {
		w, err := d.header()
		if err != nil {
			return nil, err
		}
		size := d.mini / 8 * w
		if size > len(d.b) {
			return nil, errDelta
		}
		d.b = d.b[size:]
		d.left -= min(d.left, uint64(d.mini))
	}
	// A block is written whole: miniblocks without values have widths, and some writers give them bytes.
	return d.b, nil
}

// bitsAt reads w bits, at most 64, at a bit offset.
func bitsAt(b []byte, bit, w int) uint64 {
	if w == 0 {
		return 0
	}
	i, shift := bit>>3, uint(bit&7)
	var lo uint64
	if i+8 <= len(b) {
		lo = binary.LittleEndian.Uint64(b[i:])
	} else {
		for j, c := range b[i:] {
			lo |= uint64(c) << (8 * j)
		}
	}
	v := lo >> shift
	if int(shift)+w > 64 {
		v |= uint64(b[i+8]) << (64 - shift)
	}
	return v & (1<<w - 1) // 1<<64 is 0 in Go, so w = 64 keeps all bits
}
