package sketch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

// A snapshot is one frame. All integers are little-endian, on every machine:
//
//	offset  size
//	     0     4  magic "MLSK"
//	     4     1  format version, 1
//	     5     1  kind: 1 HLL, 2 Count-Min
//	     6     1  flags: bit 0 conservative update (Count-Min), other bits 0
//	     7     1  0
//	     8     8  digest of the configuration: what State.Digest returns
//	    16     4  fingerprint of the seed (32 of the 64 bits of its hash: the seed itself stays private)
//	    20     4  HLL: precision;  Count-Min: depth
//	    24     8  HLL: 0;          Count-Min: width
//	    32     8  n, length of the payload in bytes
//	    40     4  CRC-32C of bytes 0 to 40
//	    44     n  payload, described where each sketch is decoded
//	44 + n     4  CRC-32C of the payload
//
// The header has a checksum of its own so that a flipped bit is told from another configuration before the
// payload is read: magic, version, checksum, zero bytes and length fail as ErrCorrupt; kind, flags, digest,
// fingerprint and parameters as ErrConflict. A reader reads exactly one frame, so that snapshots can be
// written one after the other; it buffers what has arrived, never what a length promises.
const (
	frameMagic   = "MLSK"
	frameVersion = 1
	headerSize   = 44
	trailerSize  = 4

	kindHLL      = 1
	kindCountMin = 2

	flagConservative = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// config is what two sketches must share to be merged or restored into each other.
type config struct {
	kind   uint8
	flags  uint8
	seed   uint64
	small  uint32 // HLL: precision; Count-Min: depth
	large  uint64 // Count-Min: width
	digest uint64
}

// newConfig computes the digest. It is a hash of a line of text, so that it can be recomputed by hand.
func newConfig(c config, shape string) config {
	c.digest = hash.String(fmt.Sprintf("sketch kind=%d flags=%d seed=%d params=%d,%d key=%s",
		c.kind, c.flags, c.seed, c.small, c.large, shape), 0)
	return c
}

// fingerprint names the seed without giving it away.
func (c *config) fingerprint() uint32 { return uint32(hash.Uint64(c.seed, 0x736b65746368)) }

// conflict returns the *Error of the first difference between c and other, nil if there is none. It serves
// Merge, where the key types are equal by construction.
func (c *config) conflict(op string, other *config) error {
	for _, d := range c.diffs(other) {
		if d.got != d.want {
			return &Error{Op: op, What: d.what, Offset: -1, Got: d.got, Want: d.want, Class: stream.ErrConflict}
		}
	}
	return nil
}

type diff struct {
	what      string
	offset    int64
	got, want any
}

func (c *config) diffs(other *config) []diff {
	small, large := "precision", "reserved parameter"
	if c.kind == kindCountMin {
		small, large = "depth", "width"
	}
	return []diff{
		{"kind of sketch", 5, other.kind, c.kind},
		{small, 20, other.small, c.small},
		{large, 24, other.large, c.large},
		{"flags (1: conservative update)", 6, other.flags, c.flags},
		{"seed fingerprint", 16, other.fingerprint(), c.fingerprint()},
	}
}

// frameWriter writes one frame whose payload comes in pieces.
type frameWriter struct {
	op  string
	w   io.Writer
	crc uint32
}

func (c *config) begin(op string, w io.Writer, payload int) (*frameWriter, error) {
	var h [headerSize]byte
	copy(h[:4], frameMagic)
	h[4], h[5], h[6] = frameVersion, c.kind, c.flags
	binary.LittleEndian.PutUint64(h[8:], c.digest)
	binary.LittleEndian.PutUint32(h[16:], c.fingerprint())
	binary.LittleEndian.PutUint32(h[20:], c.small)
	binary.LittleEndian.PutUint64(h[24:], c.large)
	binary.LittleEndian.PutUint64(h[32:], uint64(payload))
	binary.LittleEndian.PutUint32(h[40:], crc32.Checksum(h[:40], castagnoli))
	f := &frameWriter{op: op, w: w}
	return f, f.emit(h[:])
}

func (f *frameWriter) payload(b []byte) error {
	f.crc = crc32.Update(f.crc, castagnoli, b)
	return f.emit(b)
}

func (f *frameWriter) end() error {
	return f.emit(binary.LittleEndian.AppendUint32(nil, f.crc))
}

func (f *frameWriter) emit(b []byte) error {
	n, err := f.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("sketch: %s: %w", f.op, err)
	}
	return nil
}

// read returns the payload of the next frame of r, if it is of the configuration c and its payload is of
// least to most bytes.
func (c *config) read(op string, r io.Reader, least, most int) ([]byte, error) {
	corrupt := func(offset int64, what string, got, want any) error {
		return &Error{Op: op, What: what, Offset: offset, Got: got, Want: want, Class: stream.ErrCorrupt}
	}
	var h [headerSize]byte
	if err := readFull(op, r, h[:], 0); err != nil {
		return nil, err
	}
	if got := string(h[:4]); got != frameMagic {
		return nil, corrupt(0, "magic", fmt.Sprintf("%q", got), fmt.Sprintf("%q", frameMagic))
	}
	if h[4] != frameVersion {
		return nil, corrupt(4, "format version", h[4], frameVersion)
	}
	if got, want := binary.LittleEndian.Uint32(h[40:]), crc32.Checksum(h[:40], castagnoli); got != want {
		return nil, corrupt(40, "header checksum", hex32(got), hex32(want))
	}
	if h[7] != 0 {
		return nil, corrupt(7, "reserved byte", h[7], 0)
	}
	if err := c.check(op, h[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(h[32:])
	if n < uint64(least) || n > uint64(most) {
		return nil, corrupt(32, "payload length", n, fmt.Sprintf("%d to %d", least, most))
	}
	payload, err := readPayload(op, r, int(n))
	if err != nil {
		return nil, err
	}
	var trailer [trailerSize]byte
	end := headerSize + int64(n)
	if err := readFull(op, r, trailer[:], end); err != nil {
		return nil, err
	}
	if got, want := binary.LittleEndian.Uint32(trailer[:]), crc32.Checksum(payload, castagnoli); got != want {
		return nil, corrupt(end, "payload checksum", hex32(got), hex32(want))
	}
	return payload, nil
}

// check compares a header, whose checksum holds, with c.
func (c *config) check(op string, h []byte) error {
	conflict := func(offset int64, what string, got, want any) error {
		return &Error{Op: op, What: what, Offset: offset, Got: got, Want: want, Class: stream.ErrConflict}
	}
	theirs := config{kind: h[5], flags: h[6], small: binary.LittleEndian.Uint32(h[20:]),
		large: binary.LittleEndian.Uint64(h[24:]), seed: c.seed}
	for _, d := range c.diffs(&theirs) {
		if d.got != d.want {
			return conflict(d.offset, d.what, d.got, d.want)
		}
	}
	if got, want := binary.LittleEndian.Uint32(h[16:]), c.fingerprint(); got != want {
		return conflict(16, "seed fingerprint", hex32(got), hex32(want))
	}
	// Everything else being equal, only the shape of the key type is left to differ.
	if got := binary.LittleEndian.Uint64(h[8:]); got != c.digest {
		return conflict(8, "digest of configuration and key type", fmt.Sprintf("%016x", got), fmt.Sprintf("%016x", c.digest))
	}
	return nil
}

// firstRead bounds what is allocated for a payload before any of it has arrived.
const firstRead = 4 << 10

// readPayload reads n bytes. Its buffer doubles as they arrive, so that all it ever allocates is at most
// firstRead plus four times what was there to read.
func readPayload(op string, r io.Reader, n int) ([]byte, error) {
	buf := make([]byte, 0, min(n, firstRead))
	for len(buf) < n {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(n, 2*cap(buf)))
			copy(grown, buf)
			buf = grown
		}
		from := len(buf)
		buf = buf[:cap(buf)]
		if err := readFull(op, r, buf[from:], headerSize+int64(from)); err != nil {
			return nil, err
		}
	}
	return buf, nil
}

// readFull fills b, which starts at offset of the snapshot. An end of input is corruption, another failure of
// the reader is passed on.
func readFull(op string, r io.Reader, b []byte, offset int64) error {
	n, err := io.ReadFull(r, b)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Op: op, What: "end of input", Offset: offset + int64(n), Got: fmt.Sprintf("after %d bytes", n),
			Want: fmt.Sprintf("%d", len(b)), Class: stream.ErrCorrupt}
	default:
		return fmt.Errorf("sketch: %s: at byte %d: %w", op, offset+int64(n), err)
	}
}

func hex32(v uint32) string { return fmt.Sprintf("%08x", v) }
