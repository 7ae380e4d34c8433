package spill

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzExtents decodes any bytes as an index block of n extents, of which the block's own extent tells n. It wants n extents
// that say what the bytes say, in an allocation of their size, or ErrBroken.
func FuzzExtents(f *testing.F) {
	one := extent{offset: 1 << 40, rows: 100, raw: 4096, stored: 1000, sum: 0xdeadbeef}
	for _, extents := range [][]extent{nil, {one}, {one, {}, {offset: -1, rows: maxRows, raw: 1<<32 - 1}}} {
		b := appendExtents(nil, extents)
		f.Add(b, uint32(len(extents)))
		f.Add(b, uint32(len(extents)+1))
		f.Add(append(b, 0), uint32(len(extents)))
	}
	f.Add(appendExtents(nil, make([]extent, fanOut)), uint32(fanOut))
	f.Fuzz(func(t *testing.T, block []byte, n uint32) {
		before := bytes.Clone(block)
		extents, err := decodeExtents(block, int(n))
		if !bytes.Equal(block, before) {
			t.Fatal("decodeExtents wrote to what it was given")
		}
		if fits := n > 0 && uint64(len(block)) == uint64(n)*extentSize; fits != (err == nil) {
			t.Fatalf("decodeExtents of %d bytes, %d extents: %v", len(block), n, err)
		}
		if err != nil {
			if !errors.Is(err, ErrBroken) || extents != nil {
				t.Fatalf("decodeExtents = %d extents, %v, want none and ErrBroken", len(extents), err)
			}
			return
		}
		if len(extents) != int(n) || cap(extents) != len(extents) {
			t.Fatalf("decodeExtents = %d extents in %d, want %d", len(extents), cap(extents), n)
		}
		if again := appendExtents(nil, extents); !bytes.Equal(again, block) {
			t.Fatalf("decodeExtents = %v, which is %x, want %x", extents, again, block)
		}
	})
}
