package stream

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/millrace-go/millrace/internal/rowcodec"
)

// StateOf makes a State of a variable: counters, a map of totals, a struct of a job's own. The variable is read by
// Snapshot and replaced by Restore; it must not change meanwhile. A type that has no codec (with channels, functions,
// interfaces or unexported fields inside) is an *OptionError.
//
// Its Digest is that of the layout of T, names of fields included, so that a variable of another layout refuses the
// snapshot with ErrConflict.
func StateOf[T any](v *T) (State, error) {
	needFunc(v == nil, "StateOf", "variable")
	codec, err := rowcodec.New[T]()
	if err != nil {
		return nil, &OptionError{Package: "stream", Func: "StateOf", Option: "T", Got: err, Want: "a type that can be written"}
	}
	return &variable[T]{v, codec}, nil
}

// variable is the State of StateOf. A snapshot is
//
//	offset  size
//	     0     4  magic "MLVA"
//	     4     1  format version, 1
//	     5     3  0
//	     8     8  digest
//	    16     8  n, length of the value
//	    24     n  the value, as rowcodec writes it
//	24 + n     4  CRC-32C of all bytes before
//
// A reader reads exactly one frame, and buffers what has arrived, never what a length promises.
type variable[T any] struct {
	v     *T
	codec *rowcodec.Codec[T]
}

const (
	variableMagic  = "MLVA\x01\x00\x00\x00" // with the version
	variableHeader = 24
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Digest identifies the layout of the variable.
func (s *variable[T]) Digest() uint64 { return s.codec.Digest() }

// Snapshot writes the variable.
func (s *variable[T]) Snapshot(w io.Writer) error {
	b := append(make([]byte, 0, 256), variableMagic...)
	b = binary.LittleEndian.AppendUint64(b, s.Digest())
	b = append(b, make([]byte, 8)...)
	b, err := s.codec.Append(b, s.v)
	if err != nil {
		return fmt.Errorf("stream: StateOf: snapshot: %w", err)
	}
	binary.LittleEndian.PutUint64(b[16:], uint64(len(b)-variableHeader))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	_, err = w.Write(b)
	return err
}

// Restore replaces the variable.
func (s *variable[T]) Restore(r io.Reader) error {
	var h [variableHeader]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return s.fail("header", cutShort(err))
	}
	if string(h[:8]) != variableMagic {
		return s.fail(fmt.Sprintf("begins with %q, want %q", h[:8], variableMagic), ErrCorrupt)
	}
	n := binary.LittleEndian.Uint64(h[16:])
	if n > maxInt63-4 {
		return s.fail(fmt.Sprintf("length is %d", n), ErrCorrupt)
	}
	rest, err := io.ReadAll(io.LimitReader(r, int64(n)+4))
	if err != nil {
		return s.fail("value", err)
	}
	if uint64(len(rest)) < n+4 {
		return s.fail(fmt.Sprintf("length is %d, there are %d bytes", n, len(rest)), ErrCorrupt)
	}
	body, want := rest[:n], binary.LittleEndian.Uint32(rest[n:])
	if got := crc32.Update(crc32.Checksum(h[:], castagnoli), castagnoli, body); got != want {
		return s.fail(fmt.Sprintf("checksum is %08x, that of the bytes is %08x", want, got), ErrCorrupt)
	}
	if got := binary.LittleEndian.Uint64(h[8:]); got != s.Digest() {
		return s.fail(fmt.Sprintf("is of layout %016x, want %016x", got, s.Digest()), ErrConflict)
	}
	var v T
	left, err := s.codec.Decode(body, &v)
	switch {
	case err != nil:
		return s.fail(err.Error(), ErrCorrupt)
	case len(left) > 0:
		return s.fail(fmt.Sprintf("has %d bytes behind the value", len(left)), ErrCorrupt)
	}
	*s.v = v
	return nil
}

func (s *variable[T]) fail(what string, err error) error {
	return fmt.Errorf("stream: StateOf: snapshot: %s: %w", what, err)
}

// cutShort turns the end of the input into broken bytes.
func cutShort(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrCorrupt
	}
	return err
}
