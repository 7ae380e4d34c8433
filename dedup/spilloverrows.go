package dedup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/millrace-go/millrace/internal/rowcodec"
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
// Positions among the bytes are varints; the number in front, and the length of the bytes, have the form of rowcodec. The
// bytes are for the run that wrote them and no other.

// record is what is on disk. Its bytes are lent: by who writes it until it is written, by who reads it until the next is read.
type record struct {
	at    uint64
	bytes []byte
	make  appender // of one that is written: makes its bytes where they are to stand, so that none is copied; nil: they are made
}

// appender appends the bytes of what is being written.
type appender func(dst []byte) ([]byte, error)

func (r *record) place() uint64 { return r.at }

// recordCodec writes records, and reads them without a copy: Reader.Next and runCursor.Next keep the block they are in.
type recordCodec struct{}

func (recordCodec) Append(dst []byte, r *record) (_ []byte, err error) {
	dst = rowcodec.AppendUint(dst, r.at)
	if r.make == nil {
		return append(rowcodec.AppendUint(dst, uint64(len(r.bytes))), r.bytes...), nil
	}
	at := len(dst)
	dst = append(dst, 0) // most lengths take one byte
	if dst, err = r.make(dst); err != nil {
		return dst, err
	}
	var head [9]byte
	length := rowcodec.AppendUint(head[:0], uint64(len(dst)-at-1))
	dst[at] = length[0]
	return slices.Insert(dst, at+1, length[1:]...), nil
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

// Held is nothing: the bytes are those of the block.
func (recordCodec) Held(*record) int64 { return 0 }

// spilled is what stands beside a row of a key that is settled later.
type spilled struct {
	at    int64 // its position in the input
	first int64 // of a state: the position of the first row of its key; -1: a row
	tied  int64 // of a state: of the first row that ties with this one; -1: none
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

// unsigned reads one that rowcodec.AppendUint wrote.
func unsigned(src []byte) (v uint64, rest []byte, err error) {
	v, n := rowcodec.TakeUint(src)
	if n == 0 {
		return 0, src, errCutRow
	}
	return v, src[n:], nil
}

// spilledRow is a row being written, with what stands beside it.
type spilledRow[T any] struct {
	rows stream.Codec[T]
	spilled
	row *T
}

// place is the number of its record.
func (w *spilledRow[T]) place() uint64 {
	if w.first >= 0 {
		return uint64(w.at)<<1 | 1
	}
	return uint64(w.at) << 1
}

func (w *spilledRow[T]) appendTo(dst []byte) ([]byte, error) {
	if w.first >= 0 {
		dst = binary.AppendVarint(binary.AppendVarint(dst, w.first), w.tied)
	}
	dst, err := w.rows.Append(dst, w.row)
	return dst, codecError("Append", w.at, err)
}

// codecError says which row a codec failed at.
func codecError(method string, position int64, err error) error {
	if err != nil {
		err = fmt.Errorf("element %d: Codec.%s: %w", position, method, err)
	}
	return err
}

// spilledOf reads back what stands beside a row, and the row into *row.
func spilledOf[T any](rows stream.Codec[T], r *record, row *T) (v spilled, err error) {
	src := r.bytes
	v = spilled{at: int64(r.at >> 1), first: -1, tied: -1}
	if r.at&1 == 1 {
		if v.first, src, err = signed(src); err == nil {
			v.tied, src, err = signed(src)
		}
		if err != nil {
			return v, err
		}
	}
	return v, wholeRow(rows, src, v.at, row)
}

// wholeRow decodes a row that is all of src; position is where it stood, or one of its key did.
func wholeRow[T any](rows stream.Codec[T], src []byte, position int64, v *T) error {
	var zero T
	*v = zero
	rest, err := rows.Decode(src, v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes are left behind a row", len(rest))
	}
	return codecError("Decode", position, err)
}

// loserForm writes losers; the name of what decided, as its number in decisions.
type loserForm[T any] struct {
	rows      stream.Codec[T]
	decisions []string
	loser     *Loser[T] // being written
}

func newLoserForm[T any](p *plan[T]) loserForm[T] {
	rows := p.codec
	if c, ok := rows.(interface{ ofLosers() stream.Codec[T] }); ok {
		rows = c.ofLosers()
	}
	return loserForm[T]{rows: rows, decisions: append(slices.Clone(p.names), p.tie.String(), repeatedKey)}
}

func (f *loserForm[T]) appendTo(dst []byte) ([]byte, error) {
	l, identical := f.loser, int64(0)
	if l.Identical {
		identical = 1
	}
	decided := int64(slices.Index(f.decisions, l.DecidedBy))
	for _, n := range [...]int64{l.Position, l.WinnerPosition, decided<<1 | identical} {
		dst = binary.AppendVarint(dst, n)
	}
	dst, err := f.rows.Append(dst, &l.Row)
	if err != nil {
		return dst, codecError("Append", l.Position, err)
	}
	if l.WinnerPosition >= 0 { // otherwise there is no winner
		dst, err = f.rows.Append(dst, &l.Winner)
	}
	return dst, codecError("Append", l.WinnerPosition, err)
}

func (f *loserForm[T]) of(r *record) (l Loser[T], err error) {
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
		return l, wholeRow(f.rows, src, l.Position, &l.Row)
	}
	if src, err = f.rows.Decode(src, &l.Row); err != nil {
		return l, codecError("Decode", l.Position, err)
	}
	return l, wholeRow(f.rows, src, l.WinnerPosition, &l.Winner)
}
