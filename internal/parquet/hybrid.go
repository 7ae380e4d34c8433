package parquet

import (
	"encoding/binary"
	"errors"
)

// hybrid decodes the mix of run-length and bit-packed runs that levels, dictionary indexes and RLE booleans
// use. Each run begins with a varint h:
//
//	h even: h/2 times one value, stored in ceil(width/8) bytes, little-endian
//	h odd:  h/2 groups of 8 values of width bits each, packed from the lowest bit up
//
// Invariants:
//  1. At most one of run and packed is positive.
//  2. packed values lie at bit offset bit of b; values past the end of b are an error when asked for, not
//     before: writers cut the padding of the last group.
type hybrid struct {
	b      []byte
	width  uint   // bits per value, 0..32
	run    uint64 // left of a run of value
	value  uint32
	packed uint64 // left of a packed run
	bits   []byte // the packed run and what follows it, up to the end of b
	bit    int    // offset in bits
	maxVal uint32 // largest value allowed in a run
}

var errRuns = errors.New("runs end before their values")

func newHybrid(b []byte, width uint) hybrid {
	return hybrid{b: b, width: width, maxVal: uint32(1<<width - 1)}
}

// fill decodes len(dst) values.
func (h *hybrid) fill(dst []uint32) error {
	for len(dst) > 0 {
		switch {
		case h.run > 0:
			n := int(min(h.run, uint64(len(dst))))
			for i := range dst[:n] {
				dst[i] = h.value
			}
			h.run -= uint64(n)
			dst = dst[n:]
		case h.packed > 0:
			n := int(min(h.packed, uint64(len(dst))))
			if err := h.unpack(dst[:n]); err != nil {
				return err
			}
			h.packed -= uint64(n)
			dst = dst[n:]
			if h.packed == 0 {
				h.b = h.bits[min((h.bit+7)/8, len(h.bits)):]
			}
		default:
			if err := h.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

// next reads a run's header. It never leaves both counts zero without having consumed a byte.
func (h *hybrid) next() error {
	head, n := binary.Uvarint(h.b)
	if n <= 0 {
		return errRuns
	}
	h.b = h.b[n:]
	if head&1 == 1 {
		groups := head >> 1
		if groups > uint64(len(h.b))*8+1 && h.width > 0 {
			return errRuns
		}
		h.packed = min(groups, 1<<40) * 8
		h.bits, h.bit = h.b, 0
		return nil
	}
	size := int(h.width+7) / 8
	if size > len(h.b) {
		return errRuns
	}
	var v uint32
	for i := range size {
		v |= uint32(h.b[i]) << (8 * i)
	}
	if v > h.maxVal {
		return errors.New("run of a value beyond its width")
	}
	h.b = h.b[size:]
	h.run, h.value = head>>1, v
	return nil
}

// unpack reads len(dst) values at h.bit. A value of at most 32 bits at any bit offset lies within 8 bytes.
func (h *hybrid) unpack(dst []uint32) error {
	w := int(h.width)
	if w == 0 {
		clear(dst)
		return nil
	}
	if len(dst) > (len(h.bits)*8-h.bit)/w {
		return errRuns
	}
	mask := uint64(1)<<w - 1
	i := 0
	bit := h.bit
	for ; i < len(dst) && bit>>3+8 <= len(h.bits); i++ {
		dst[i] = uint32(binary.LittleEndian.Uint64(h.bits[bit>>3:]) >> (bit & 7) & mask)
		bit += w
	}
	for ; i < len(dst); i++ { // the last 8 bytes, one at a time
		var word uint64
		for j, c := range h.bits[bit>>3:] {
			word |= uint64(c) << (8 * j)
		}
		dst[i] = uint32(word >> (bit & 7) & mask)
		bit += w
	}
	h.bit = bit
	return nil
}
