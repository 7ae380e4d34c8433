package parquet

import "errors"

// dictionary holds the values a column chunk's pages refer to by number.
type dictionary struct {
	values Vector
	n      uint32
}

// newDictionary decodes a dictionary page of n values, which are always plain.
func newDictionary(c *Column, b []byte, n int) (*dictionary, error) {
	if c.Physical == Boolean {
		return nil, corrupt("dictionary of booleans")
	}
	least := max(4, c.byteWidth())
	if c.Physical == Int64 || c.Physical == Double {
		least = 8
	}
	if c.Physical == Fixed {
		least = c.Width
	}
	if n < 0 || n > len(b)/least {
		return nil, corrupt("dictionary page of %d bytes claims %d values", len(b), n)
	}
	d := &dictionary{n: uint32(n)}
	d.values.Physical = c.Physical
	d.values.extend(n)
	return d, d.values.values(&plain{b: b, width: c.byteWidth()}, 0, n)
}

// dictDecoder: one byte of width, then runs of numbers.
type dictDecoder struct {
	none
	dict *dictionary
	h    hybrid
	idx  []uint32
}

func newDictDecoder(dict *dictionary, b []byte) (decoder, error) {
	d := &dictDecoder{dict: dict}
	if len(b) == 0 {
		return d, nil // a page of nulls only; the first value asked for is an error
	}
	if b[0] > 32 {
		return nil, corrupt("dictionary numbers of %d bits", b[0])
	}
	d.h = newHybrid(b[1:], uint(b[0]))
	return d, nil
}

var errIndex = errors.New("number beyond the dictionary")

func lookup[V any](d *dictDecoder, dst, values []V) error {
	d.idx = grow(d.idx[:0], len(dst))
	if err := d.h.fill(d.idx); err != nil {
		return err
	}
	for i, x := range d.idx {
		if x >= uint32(len(values)) {
			return errIndex
		}
		dst[i] = values[x]
	}
	return nil
}

func (d *dictDecoder) int32s(dst []int32) error    { return lookup(d, dst, d.dict.values.I32) }
func (d *dictDecoder) int64s(dst []int64) error    { return lookup(d, dst, d.dict.values.I64) }
func (d *dictDecoder) floats(dst []float32) error  { return lookup(d, dst, d.dict.values.F32) }
func (d *dictDecoder) doubles(dst []float64) error { return lookup(d, dst, d.dict.values.F64) }
func (d *dictDecoder) strings(dst []string) error  { return lookup(d, dst, d.dict.values.Str) }
