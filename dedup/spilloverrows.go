package dedup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/millrace-go/millrace/stream"
)

// What goes to disk is records: a number by which they are ordered or told apart, and bytes. So what writes, reads and merges
// them is compiled once, and not for every type of rows and keys. Beside the bytes that the codec makes of a row:
//
//	row of a key that is not in memory   position<<1      row
//	state of a key                       position<<1|1    position of its first row, of its tie, row that it holds
//	survivor                             its place        row
//	loser                                position of the row that met it
//	                                                      positions, what decided, row, winner if there is one
//
// Numbers are varints. The bytes are for the run that wrote them and no other.

// record is what is on disk. Its bytes are lent: by who writes it until it is written, by who reads it until the next is read.
type record struct {
	at    uint64
	bytes []byte
}

func (r *record) place() uint64 { return r.at }

// recordCodec writes records, and reads them without a copy: Reader.Next and runCursor.Next keep the block they are in.
type recordCodec struct{}

func (recordCodec) Append(dst []byte, r *record) ([]byte, error) {
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, r.at), uint64(len(r.bytes)))
	return append(dst, r.bytes...), nil
}

func (recordCodec) Decode(src []byte, r *record) (rest []byte, err error) {
	n := uint64(0)
	if r.at, src, err = unsigned(src); err == nil {
		n, src, err = unsigned(src)
	}
	if err != nil || n > uint64(len(src)) {
		return src, errCutRow
	}
	r.bytes = src[:n:n]
	return src[n:], nil
}

func (recordCodec) Held(r *record) int64 { return int64(len(r.bytes)) }

// spilled is a row of a key that is settled later.
type spilled[T any] struct {
	at    int64 // its position in the input
	first int64 // of a state: the position of the first row of its key; -1: a row
	tied  int64 // of a state: of the first row that ties with this one; -1: none
	row   T
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

// spilledRecord makes a record of v, in the memory of buf.
func spilledRecord[T any](rows stream.Codec[T], v *spilled[T], buf []byte) (r record, err error) {
	r.at, r.bytes = uint64(v.at)<<1, buf[:0]
	if v.first >= 0 {
		r.at |= 1
		r.bytes = binary.AppendVarint(binary.AppendVarint(r.bytes, v.first), v.tied)
	}
	r.bytes, err = rows.Append(r.bytes, &v.row)
	return r, err
}

// spilledOf reads it back.
func spilledOf[T any](rows stream.Codec[T], r *record, v *spilled[T]) (err error) {
	src := r.bytes
	v.at, v.first, v.tied = int64(r.at>>1), -1, -1
	if r.at&1 == 1 {
		if v.first, src, err = signed(src); err == nil {
			v.tied, src, err = signed(src)
		}
		if err != nil {
			return err
		}
	}
	return wholeRow(rows, src, &v.row)
}

// wholeRow decodes a row that is all of src.
func wholeRow[T any](rows stream.Codec[T], src []byte, v *T) error {
	var zero T
	*v = zero
	rest, err := rows.Decode(src, v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes are left behind a row", len(rest))
	}
	return err
}

// loserForm writes losers; the name of what decided, as its number in decisions.
type loserForm[T any] struct {
	rows      stream.Codec[T]
	decisions []string
}

func newLoserForm[T any](p *plan[T]) loserForm[T] {
	return loserForm[T]{p.codec, append(slices.Clone(p.names), p.tie.String(), repeatedKey)}
}

func (f loserForm[T]) record(met int64, l *Loser[T], buf []byte) (r record, err error) {
	identical := int64(0)
	if l.Identical {
		identical = 1
	}
	dst := buf[:0]
	decided := int64(slices.Index(f.decisions, l.DecidedBy))
	for _, n := range [...]int64{l.Position, l.WinnerPosition, decided<<1 | identical} {
		dst = binary.AppendVarint(dst, n)
	}
	if dst, err = f.rows.Append(dst, &l.Row); err == nil && l.WinnerPosition >= 0 { // otherwise there is no winner
		dst, err = f.rows.Append(dst, &l.Winner)
	}
	return record{at: uint64(met), bytes: dst}, err
}

func (f loserForm[T]) of(r *record) (l Loser[T], err error) {
	src, decided := r.bytes, int64(0)
	for _, n := range [...]*int64{&l.Position, &l.WinnerPosition, &decided} {
		if *n, src, err = signed(src); err != nil {
			return l, err
		}
	}
	if decided < 0 || int(decided>>1) >= len(f.decisions) {
		return l, errCutRow
	}
	l.DecidedBy, l.Identical = f.decisions[decided>>1], decided&1 == 1
	if l.WinnerPosition < 0 {
		return l, wholeRow(f.rows, src, &l.Row)
	}
	if src, err = f.rows.Decode(src, &l.Row); err != nil {
		return l, err
	}
	return l, wholeRow(f.rows, src, &l.Winner)
}
