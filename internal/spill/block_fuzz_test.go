package spill

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/klauspost/compress/s2"
)

// FuzzBlock decodes any bytes as the block that their own header says they are, with the checksum made right, so
// that the decoder behind the checksum is reached too. It wants rows of the announced length or ErrBroken, and
// allocations that the index allows.
func FuzzBlock(f *testing.F) {
	seed := func(rows int, raw []byte) {
		block, _, err := encodeBlock(nil, 3, rows, raw, true)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(block, true)
		f.Add(block[:len(block)-1], true)
		f.Add(block, false)
	}
	seed(0, nil)
	seed(3, []byte("abc"))
	seed(100, make([]byte, 1000))
	seed(10, []byte("click view click view click buy view click view click view"))
	bomb := append(make([]byte, headerSize), s2.Encode(nil, make([]byte, 1<<20))...)
	copy(bomb, magic)
	f.Add(bomb, true)
	f.Fuzz(func(t *testing.T, block []byte, mend bool) {
		const limit = 1 << 20 // what an index may say in this test
		want := extent{rows: 1, raw: 16, stored: uint32(max(len(block)-headerSize, 0))}
		part := 3
		if len(block) >= headerSize {
			part = int(binary.LittleEndian.Uint32(block[4:]))
			want.rows = binary.LittleEndian.Uint32(block[8:])
			want.raw = binary.LittleEndian.Uint32(block[12:]) % limit
			if mend {
				copy(block, magic)
				binary.LittleEndian.PutUint32(block[12:], want.raw)
				binary.LittleEndian.PutUint32(block[16:], want.stored)
				binary.LittleEndian.PutUint32(block[20:], checksum(block))
			}
			want.sum = binary.LittleEndian.Uint32(block[20:])
		}
		raw, err := decodeBlock(nil, block, part, want)
		if err != nil {
			if !errors.Is(err, ErrBroken) || raw != nil {
				t.Fatalf("decodeBlock = %d bytes, %v, want none and ErrBroken", len(raw), err)
			}
			return
		}
		if len(raw) != int(want.raw) || cap(raw) > 2*int(want.raw)+64 {
			t.Fatalf("decodeBlock = %d bytes in %d, want %d", len(raw), cap(raw), want.raw)
		}
		again, x, err := encodeBlock(nil, part, int(want.rows), raw, true)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decodeBlock(nil, again, part, x); err != nil || string(back) != string(raw) {
			t.Fatalf("encoded again: %d bytes, %v", len(back), err)
		}
	})
}
