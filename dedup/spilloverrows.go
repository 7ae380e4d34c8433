package dedup

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/millrace-go/millrace/stream"
)

// What goes to disk, each beside the bytes that the codec makes of a row:
//
//	spilled    position<<1, row                                          a row of a key that is not in memory
//	           position<<1|1, position of its first, of its tie + 1, row  the state of a key: the row it holds
//	placedRow  place, row                                                a survivor
//	metLoser   position of the row that met it, Loser                    a loser
//
// Numbers are varints. The bytes are for the run that wrote them and no other.

// spilled is a row of a key that is settled later.
type spilled[T any] struct {
	at    int64 // its position in the input
	first int64 // of a state: the position of the first row of its key; -1: a row
	tied  int64 // of a state: of the first row that ties with this one; -1: none
	row   T
}

// placedRow is a survivor with the position by which it comes out.
type placedRow[T any] struct {
	at  int64
	row T
}

// metLoser is a loser with the position of the row that met it, which is when it lost.
type metLoser[T any] struct {
	met int64
	Loser[T]
}

var errCutRow = errors.New("a number beside a row is cut off")

// signed reads a varint from the front of src.
func signed(src []byte) (v int64, rest []byte, err error) {
	v, n := binary.Varint(src)
	if n <= 0 {
		return 0, src, errCutRow
	}
	return v, src[n:], nil
}

// unsigned reads one that was written without a sign.
func unsigned(src []byte) (v uint64, rest []byte, err error) {
	v, n := binary.Uvarint(src)
	if n <= 0 {
		return 0, src, errCutRow
	}
	return v, src[n:], nil
}

type spilledCodec[T any] struct{ rows stream.Codec[T] }

func (c spilledCodec[T]) Append(dst []byte, v *spilled[T]) ([]byte, error) {
	if v.first < 0 {
		dst = binary.AppendUvarint(dst, uint64(v.at)<<1)
	} else {
		dst = binary.AppendUvarint(dst, uint64(v.at)<<1|1)
		dst = binary.AppendVarint(dst, v.first)
		dst = binary.AppendVarint(dst, v.tied)
	}
	return c.rows.Append(dst, &v.row)
}

func (c spilledCodec[T]) Decode(src []byte, v *spilled[T]) (rest []byte, err error) {
	head, src, err := unsigned(src)
	if err != nil {
		return src, err
	}
	v.at, v.first, v.tied = int64(head>>1), -1, -1
	if head&1 == 1 {
		if v.first, src, err = signed(src); err == nil {
			v.tied, src, err = signed(src)
		}
		if err != nil {
			return src, err
		}
	}
	return c.rows.Decode(src, &v.row)
}

type placedCodec[T any] struct{ rows stream.Codec[T] }

func (c placedCodec[T]) Append(dst []byte, v *placedRow[T]) ([]byte, error) {
	return c.rows.Append(binary.AppendVarint(dst, v.at), &v.row)
}

func (c placedCodec[T]) Decode(src []byte, v *placedRow[T]) (rest []byte, err error) {
	if v.at, src, err = signed(src); err != nil {
		return src, err
	}
	return c.rows.Decode(src, &v.row)
}

func (c placedCodec[T]) Held(v *placedRow[T]) int64 { return c.rows.Held(&v.row) }

// loserCodec writes the name of what decided as its number in decisions.
type loserCodec[T any] struct {
	rows      stream.Codec[T]
	decisions []string
}

func newLoserCodec[T any](p *plan[T]) loserCodec[T] {
	return loserCodec[T]{p.codec, append(slices.Clone(p.names), p.tie.String(), repeatedKey)}
}

func (c loserCodec[T]) Append(dst []byte, v *metLoser[T]) ([]byte, error) {
	identical := int64(0)
	if v.Identical {
		identical = 1
	}
	decided := int64(slices.Index(c.decisions, v.DecidedBy))
	for _, n := range [...]int64{v.met, v.Position, v.WinnerPosition, decided<<1 | identical} {
		dst = binary.AppendVarint(dst, n)
	}
	dst, err := c.rows.Append(dst, &v.Row)
	if err != nil || v.WinnerPosition < 0 { // then there is no winner
		return dst, err
	}
	return c.rows.Append(dst, &v.Winner)
}

func (c loserCodec[T]) Decode(src []byte, v *metLoser[T]) (rest []byte, err error) {
	var decided int64
	for _, n := range [...]*int64{&v.met, &v.Position, &v.WinnerPosition, &decided} {
		if *n, src, err = signed(src); err != nil {
			return src, err
		}
	}
	if decided < 0 || int(decided>>1) >= len(c.decisions) {
		return src, errCutRow
	}
	v.DecidedBy, v.Identical = c.decisions[decided>>1], decided&1 == 1
	if src, err = c.rows.Decode(src, &v.Row); err != nil || v.WinnerPosition < 0 {
		return src, err
	}
	return c.rows.Decode(src, &v.Winner)
}

func (c loserCodec[T]) Held(v *metLoser[T]) int64 {
	return c.rows.Held(&v.Row) + c.rows.Held(&v.Winner)
}

// The keys by which runs are merged.

func (v *placedRow[T]) place() uint64 { return uint64(v.at) }

func (v *metLoser[T]) place() uint64 { return uint64(v.met) }
