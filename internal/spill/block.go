package spill

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"sync/atomic"

	"github.com/klauspost/compress/s2"
)

// A block on disk is a header of 24 bytes and its rows. All numbers are little-endian.
//
//	 0  4  magic     "MSB1": what it is, and its version
//	 4  4  part      whose rows it has
//	 8  4  rows      how many
//	12  4  raw       length of the encoded rows, bytes
//	16  4  stored    length of what follows the header, bytes; equal to raw: not compressed, else one s2 block
//	20  4  checksum  CRC-32C of the bytes before it and after it
//	24     the rows
const (
	headerSize = 24
	magic      = "MSB1"
)

// maxRows ends a block that is full of rows without bytes, such as struct{}.
const maxRows = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// extent is what the index says of a block. All of it must agree with the block's header, the checksum too, so
// that a block in another's place, or one of an earlier file, is found as surely as a flipped bit.
type extent struct {
	offset int64
	rows   uint32
	raw    uint32 // bytes
	stored uint32 // bytes
	sum    uint32
}

// worthPacking is what so many bytes must come down to: three quarters. Less is not worth the time to unpack them.
func worthPacking(n int) int { return n - (n+3)/4 }

// packing says which blocks to pack: where one did not come down far enough, the next ones are left as they are. Rows of
// random bits and floats otherwise cost a fifth of the time of a run, for a sixth of the disk.
type packing struct {
	left atomic.Int32 // blocks to be left as they are
}

// leftAlone is how many blocks follow one that was not worth it.
const leftAlone = 15

// next says whether to pack the next block.
func (p *packing) next() bool {
	if p.left.Load() <= 0 { // by several goroutines at once now and then: then more are tried
		return true
	}
	p.left.Add(-1)
	return false
}

// tried notes what came of a block that was to be packed.
func (p *packing) tried(x extent) {
	if x.stored == x.raw {
		p.left.Store(leftAlone)
	}
}

func broken(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrBroken)
}

// encodeBlock builds in dst, from its start, the block of the encoded rows in raw, and returns it with its extent,
// in which the offset is missing. It packs the rows if it is told to, and that is worth it.
func encodeBlock(dst []byte, part int, rows int, raw []byte, pack bool) ([]byte, extent, error) {
	room := s2.MaxEncodedLen(len(raw))
	if room < 0 || len(raw) > math.MaxInt32 {
		return dst, extent{}, fmt.Errorf("%d bytes of rows are too many for a block", len(raw))
	}
	if need := headerSize + max(room, len(raw)); cap(dst) < need {
		dst = make([]byte, need)
	}
	dst = dst[:cap(dst)]
	body := raw
	if pack {
		body = s2.Encode(dst[headerSize:], raw)
	}
	if len(body) > worthPacking(len(raw)) {
		body = dst[headerSize : headerSize+copy(dst[headerSize:], raw)]
	}
	dst = dst[:headerSize+len(body)]
	x := extent{rows: uint32(rows), raw: uint32(len(raw)), stored: uint32(len(body))}
	copy(dst, magic)
	binary.LittleEndian.PutUint32(dst[4:], uint32(part))
	binary.LittleEndian.PutUint32(dst[8:], x.rows)
	binary.LittleEndian.PutUint32(dst[12:], x.raw)
	binary.LittleEndian.PutUint32(dst[16:], x.stored)
	x.sum = checksum(dst)
	binary.LittleEndian.PutUint32(dst[20:], x.sum)
	return dst, x, nil
}

// checksum covers a whole block but the checksum itself.
func checksum(block []byte) uint32 {
	return crc32.Update(crc32.Checksum(block[:20], castagnoli), castagnoli, block[headerSize:])
}

// decodeBlock returns the encoded rows of a block, in dst if they fit there. The block is checked against what the
// index says of it before anything is decoded or allocated.
func decodeBlock(dst, block []byte, part int, want extent) ([]byte, error) {
	if len(block) != headerSize+int(want.stored) {
		return nil, broken("%d bytes, want %d", len(block), headerSize+int(want.stored))
	}
	if got := string(block[:4]); got != magic {
		return nil, broken("it begins with %q, want %q", got, magic)
	}
	for _, field := range []struct {
		name string
		at   int
		want uint32
	}{
		{"part", 4, uint32(part)}, {"rows", 8, want.rows}, {"length", 12, want.raw},
		{"stored length", 16, want.stored}, {"checksum", 20, want.sum},
	} {
		if got := binary.LittleEndian.Uint32(block[field.at:]); got != field.want {
			return nil, broken("%s %d, want %d", field.name, got, field.want)
		}
	}
	if got := checksum(block); got != want.sum {
		return nil, broken("checksum %08x, want %08x", got, want.sum)
	}
	body := block[headerSize:]
	if want.stored == want.raw {
		return append(dst[:0], body...), nil
	}
	n, err := s2.DecodedLen(body)
	if err != nil || n != int(want.raw) {
		return nil, broken("decompressed length %d (%v), want %d", n, err, want.raw)
	}
	if cap(dst) < n {
		dst = make([]byte, n)
	}
	raw, err := s2.Decode(dst[:n], body)
	if err != nil {
		return nil, broken("%v", err)
	}
	return raw, nil
}
