package spill

import (
	"encoding/binary"
	"fmt"
)

// index says where the blocks of a part are. It grows with the part, and what is in memory of it does not: extents of
// blocks are written to the file as blocks themselves, of fanOut extents each, those of such blocks again, and so on.
//
//	while the part is filled, levels          when it is finished
//	  2   [*]                                   [*]                       root, of depth 3
//	  1   [*][*][*]                              +- [*][*]
//	  0   [5][6][7]                                  |   +- [*][*][*][*]
//	                                                 |                +- [5][6][7]
//	  a * is an index block on disk                  +- [*][*][*] ...
//
// Invariants:
//  1. What a level has came before what the level below it has, in the part's order.
//  2. Of a finished part with more than fewBlocks there is the root alone, otherwise level 0 alone.
//  3. An index block is checked against its extent like any other, so that what it says is what was written.
type index struct {
	levels [][]extent
}

const (
	// fanOut extents are 768 bytes.
	fanOut = 32
	// fewBlocks stay in memory: to read them back would cost more than they take.
	fewBlocks = 4
)

// extentSize is the bytes of an extent, in memory and on disk.
const extentSize = 24

// bytes is what the index takes in memory.
func (i *index) bytes() int64 {
	n := 0
	for _, level := range i.levels {
		n += cap(level)
	}
	return int64(n) * extentSize
}

// add appends an extent to a level, and writes the level out when it is full.
func (i *index) add(level int, x extent, write func([]extent) (extent, error)) error {
	if level == len(i.levels) {
		i.levels = append(i.levels, nil)
	}
	i.levels[level] = append(i.levels[level], x)
	if len(i.levels[level]) < fanOut {
		return nil
	}
	return i.fold(level, write)
}

// fold writes a level out, to become an extent of the one above.
func (i *index) fold(level int, write func([]extent) (extent, error)) error {
	x, err := write(i.levels[level])
	if err != nil {
		return err
	}
	i.levels[level] = i.levels[level][:0]
	return i.add(level+1, x, write)
}

// finish leaves the root.
func (i *index) finish(write func([]extent) (extent, error)) error {
	if len(i.levels) == 0 || len(i.levels) == 1 && len(i.levels[0]) <= fewBlocks {
		return nil
	}
	for level := 0; level < len(i.levels)-1 || len(i.levels[level]) > 1; level++ {
		if len(i.levels[level]) == 0 {
			continue
		}
		if err := i.fold(level, write); err != nil {
			return err
		}
	}
	top := len(i.levels) - 1
	root := make([][]extent, top+1)
	root[top] = []extent{i.levels[top][0]}
	i.levels = root
	return nil
}

// walk goes over the blocks of a finished part in order.
type walk struct {
	part   int
	levels [][]extent // still to come: those of a level after all that the levels below it have
	buf    []byte
}

func (i *index) walk(part int) walk {
	return walk{part: part, levels: append([][]extent(nil), i.levels...)}
}

// next returns the next block; ok is false at the end.
func (w *walk) next(load func(part int, x extent, raw []byte) ([]byte, error)) (x extent, ok bool, err error) {
	level := 0
	for level < len(w.levels) && len(w.levels[level]) == 0 {
		level++
	}
	for ; level < len(w.levels); level-- {
		x, w.levels[level] = w.levels[level][0], w.levels[level][1:]
		if level == 0 {
			return x, true, nil
		}
		if w.buf, err = load(w.part, x, w.buf); err == nil {
			w.levels[level-1], err = decodeExtents(w.buf, int(x.rows))
		}
		if err != nil {
			w.levels = nil
			return extent{}, false, err
		}
	}
	return extent{}, false, nil
}

func appendExtents(dst []byte, extents []extent) []byte {
	for _, x := range extents {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(x.offset))
		for _, n := range [4]uint32{x.rows, x.raw, x.stored, x.sum} {
			dst = binary.LittleEndian.AppendUint32(dst, n)
		}
	}
	return dst
}

// decodeExtents reads the extents of an index block, which is what was written.
func decodeExtents(src []byte, n int) ([]extent, error) {
	if n == 0 || len(src)%extentSize != 0 || len(src)/extentSize != n { // n times the size may be no int
		return nil, fmt.Errorf("an index of %d bytes, want %d extents of %d: %w", len(src), n, extentSize, ErrBroken)
	}
	extents := make([]extent, n)
	for i := range extents {
		b := src[i*extentSize:]
		extents[i] = extent{
			offset: int64(binary.LittleEndian.Uint64(b)),
			rows:   binary.LittleEndian.Uint32(b[8:]), raw: binary.LittleEndian.Uint32(b[12:]),
			stored: binary.LittleEndian.Uint32(b[16:]), sum: binary.LittleEndian.Uint32(b[20:]),
		}
	}
	return extents, nil
}
