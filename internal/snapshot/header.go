package snapshot

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
)

// Header says what a snapshot is of.
type Header struct {
	Kind   string // kind of state, at most 12 bytes of ASCII
	Digest uint64 // of the configuration: equal digests can restore each other's snapshots
}

const (
	magic      = "MLST"
	version    = 1
	kindSize   = 12
	headerSize = 32
	blockHead  = 8
	maxBlock   = 64 << 10 // bytes: what a reader may allocate on a length's word
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (h Header) bytes() []byte {
	if len(h.Kind) > kindSize || strings.Contains(h.Kind, "\x00") {
		panic(fmt.Sprintf("snapshot: kind %q is not 1 to %d bytes without a zero", h.Kind, kindSize))
	}
	b := make([]byte, headerSize)
	copy(b, magic)
	b[4] = version
	copy(b[8:8+kindSize], h.Kind)
	binary.LittleEndian.PutUint64(b[20:], h.Digest)
	binary.LittleEndian.PutUint32(b[28:], crc32.Checksum(b[:28], castagnoli))
	return b
}

// check compares the bytes of a header with what h wants.
func (h Header) check(b []byte) error {
	if got := string(b[:4]); got != magic {
		return broken(0, "magic", fmt.Sprintf("%q", got), fmt.Sprintf("%q", magic))
	}
	if b[4] != version {
		return broken(4, "format version", b[4], version)
	}
	if got, want := binary.LittleEndian.Uint32(b[28:]), crc32.Checksum(b[:28], castagnoli); got != want {
		return broken(28, "header checksum", hex32(got), hex32(want))
	}
	if b[5]|b[6]|b[7] != 0 {
		return broken(5, "reserved bytes", fmt.Sprintf("%x", b[5:8]), "000000")
	}
	if got := strings.TrimRight(string(b[8:8+kindSize]), "\x00"); got != h.Kind {
		return &Error{Offset: 8, What: "kind of state", Got: fmt.Sprintf("%q", got), Want: fmt.Sprintf("%q", h.Kind), Conflict: true}
	}
	if got := binary.LittleEndian.Uint64(b[20:]); got != h.Digest {
		return &Error{Offset: 20, What: "digest of the configuration", Got: fmt.Sprintf("%016x", got), Want: fmt.Sprintf("%016x", h.Digest), Conflict: true}
	}
	return nil
}

// Error reports bytes that are not the snapshot they should be.
type Error struct {
	Offset   int64  // in bytes from the start of the snapshot
	What     string // what is wrong, "kind of state"
	Got      any    // what it was
	Want     any    // what it must be
	Conflict bool   // a snapshot of something else; otherwise bytes that are broken
	Err      error  // the cause, which then says what was found; nil: none
}

// Error says where, what was found and what was wanted.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("at byte %d: %s: %v", e.Offset, e.What, e.Err)
	}
	return fmt.Sprintf("at byte %d: %s is %v, want %v", e.Offset, e.What, e.Got, e.Want)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

func broken(offset int64, what string, got, want any) error {
	return &Error{Offset: offset, What: what, Got: got, Want: want}
}

func hex32(v uint32) string { return fmt.Sprintf("%08x", v) }
