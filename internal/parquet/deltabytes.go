package parquet

import "errors"

// deltaLength (DELTA_LENGTH_BYTE_ARRAY): the lengths as deltas, then all bytes.
type deltaLength struct {
	none
	lengths delta
	b       []byte
	sizes   []int64 // scratch, one call's lengths
}

func newDeltaLength(b []byte) (*deltaLength, error) {
	lengths, err := newDelta(b)
	if err != nil {
		return nil, err
	}
	walk := lengths // a second walk finds where the lengths end; nothing is decoded twice into memory
	data, err := walk.rest()
	if err != nil {
		return nil, err
	}
	return &deltaLength{lengths: lengths, b: data}, nil
}

// take returns the next n values as one stretch of bytes, and their lengths.
func (d *deltaLength) take(n int) ([]byte, []int64, error) {
	d.sizes = d.sizes[:0]
	var total int64
	for len(d.sizes) < n {
		v, err := d.lengths.next(n - len(d.sizes))
		if err != nil {
			return nil, nil, err
		}
		for _, l := range v {
			if l < 0 || l > int64(len(d.b))-total {
				return nil, nil, errShortPage
			}
			total += l
		}
		d.sizes = append(d.sizes, v...)
	}
	b := d.b[:total]
	d.b = d.b[total:]
	return b, d.sizes, nil
}

func (d *deltaLength) strings(dst []string) error {
	b, sizes, err := d.take(len(dst))
	if err != nil {
		return err
	}
	cutSizes(dst, b, sizes)
	return nil
}

// cutSizes cuts strings of the given lengths from copies of b of at most blockSize bytes.
func cutSizes(dst []string, b []byte, sizes []int64) {
	for len(dst) > 0 {
		n, size := 1, int(sizes[0])
		for n < len(dst) && size+int(sizes[n]) <= blockSize {
			size += int(sizes[n])
			n++
		}
		block := string(b[:size])
		at := 0
		for i := range dst[:n] {
			dst[i] = block[at : at+int(sizes[i])]
			at += int(sizes[i])
		}
		b, dst, sizes = b[size:], dst[n:], sizes[n:]
	}
}

// maxBatchBytes bounds what one call may build from shared prefixes: a page of n bytes can describe about n*n/4
// bytes of values.
const maxBatchBytes = 256 << 20

// deltaBytes (DELTA_BYTE_ARRAY): how many bytes each value shares with the one before, as deltas; then the rest
// of each as deltaLength.
type deltaBytes struct {
	none
	prefixes delta
	suffixes *deltaLength
	last     string
	width    int // of a Fixed; 0: any
	shared   []int64
}

func newDeltaBytes(b []byte, width int) (decoder, error) {
	prefixes, err := newDelta(b)
	if err != nil {
		return nil, err
	}
	walk := prefixes
	data, err := walk.rest()
	if err != nil {
		return nil, err
	}
	suffixes, err := newDeltaLength(data)
	if err != nil {
		return nil, err
	}
	return &deltaBytes{prefixes: prefixes, suffixes: suffixes, width: width}, nil
}

func (d *deltaBytes) strings(dst []string) error {
	d.shared = d.shared[:0]
	for len(d.shared) < len(dst) {
		v, err := d.prefixes.next(len(dst) - len(d.shared))
		if err != nil {
			return err
		}
		d.shared = append(d.shared, v...)
	}
	b, sizes, err := d.suffixes.take(len(dst))
	if err != nil {
		return err
	}
	built := 0
	for i := range dst {
		p := d.shared[i]
		if p < 0 || p > int64(len(d.last)) {
			return errors.New("value shares more than the one before it has")
		}
		n := int(sizes[i])
		if int(p) != len(d.last) || n != 0 { // otherwise the same value again: shared
			built += int(p) + n
			if built > maxBatchBytes {
				return errors.New("values grow beyond bounds")
			}
			d.last = d.last[:p] + string(b[:n])
		}
		b = b[n:]
		if d.width > 0 && len(d.last) != d.width {
			return errors.New("value is not of the column's width")
		}
		dst[i] = d.last
	}
	return nil
}
