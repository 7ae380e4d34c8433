package stream

import (
	"encoding/binary"
	"errors"
)

// joinRow is a row and its position among the rows of its side.
type joinRow[T any] struct {
	at  int64
	row T
}

// joinRowCodec is a row behind its position, and counts what it writes. It belongs to one run.
type joinRowCodec[T any] struct {
	rows  Codec[T]
	count *int64
	bytes *int64
}

func (c joinRowCodec[T]) Append(dst []byte, v *joinRow[T]) ([]byte, error) {
	before := len(dst)
	dst, err := c.rows.Append(binary.LittleEndian.AppendUint64(dst, uint64(v.at)), &v.row)
	*c.count++
	*c.bytes += int64(len(dst) - before)
	return dst, err
}

func (c joinRowCodec[T]) Decode(src []byte, v *joinRow[T]) ([]byte, error) {
	if len(src) < 8 {
		return src, errCutPosition
	}
	v.at = int64(binary.LittleEndian.Uint64(src))
	return c.rows.Decode(src[8:], &v.row)
}

func (c joinRowCodec[T]) Held(v *joinRow[T]) int64 { return c.rows.Held(&v.row) }

var errCutPosition = errors.New("the bytes end within a position")

// joinedAt is a row of the output and where it belongs.
type joinedAt[L, R any] struct {
	at  uint64 // what it is sorted by
	row Joined[L, R]
}

// joinedCodec is the place, a byte that says which sides are there, and these.
type joinedCodec[L, R any] struct {
	left  Codec[L]
	right Codec[R]
}

const (
	hasLeft  byte = 1
	hasRight byte = 2
)

func (c joinedCodec[L, R]) Append(dst []byte, v *joinedAt[L, R]) (_ []byte, err error) {
	dst = binary.LittleEndian.AppendUint64(dst, v.at)
	at := len(dst)
	dst = append(dst, 0)
	if v.row.HasLeft {
		dst[at] |= hasLeft
		if dst, err = c.left.Append(dst, &v.row.Left); err != nil {
			return dst, err
		}
	}
	if v.row.HasRight {
		dst[at] |= hasRight
		return c.right.Append(dst, &v.row.Right)
	}
	return dst, nil
}

func (c joinedCodec[L, R]) Decode(src []byte, v *joinedAt[L, R]) (_ []byte, err error) {
	if len(src) < 9 {
		return src, errCutPosition
	}
	sides, rest := src[8], src[9:]
	if sides&^(hasLeft|hasRight) != 0 {
		return src, errSides
	}
	*v = joinedAt[L, R]{at: binary.LittleEndian.Uint64(src)}
	v.row.HasLeft, v.row.HasRight = sides&hasLeft != 0, sides&hasRight != 0
	if v.row.HasLeft {
		if rest, err = c.left.Decode(rest, &v.row.Left); err != nil {
			return rest, err
		}
	}
	if v.row.HasRight {
		return c.right.Decode(rest, &v.row.Right)
	}
	return rest, nil
}

var errSides = errors.New("a row has sides that are neither the left nor the right one")

func (c joinedCodec[L, R]) Held(v *joinedAt[L, R]) int64 {
	return c.left.Held(&v.row.Left) + c.right.Held(&v.row.Right)
}
