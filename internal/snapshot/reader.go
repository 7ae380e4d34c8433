package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// Reader reads one snapshot. After an error it must not be used again.
type Reader struct {
	r      io.Reader
	offset int64  // bytes of the snapshot that were read
	buf    []byte // payload whose checksum held and that was not taken yet
	crc    uint32 // of the payload read
	last   bool   // a block that was not full has been read: only the end may follow
	ended  bool
}

// NewReader reads the header. It returns an *Error where that is not h's, and the reader's own error as it is.
func NewReader(r io.Reader, h Header) (*Reader, error) {
	s := &Reader{r: r}
	var head [headerSize]byte
	if err := s.full(head[:]); err != nil {
		return nil, err
	}
	if err := h.check(head[:]); err != nil {
		return nil, err
	}
	return s, nil
}

// Offset is the position in the snapshot of the next byte that Next would give. Where blocks have been read ahead, the
// heads between them make it a little more.
func (s *Reader) Offset() int64 {
	if s.ended {
		return s.offset - blockHead - int64(len(s.buf))
	}
	return s.offset - int64(len(s.buf))
}

// Next returns the next n bytes of the payload. They are valid until the next call.
func (s *Reader) Next(n uint64) ([]byte, error) {
	for uint64(len(s.buf)) < n {
		if s.ended {
			return nil, broken(s.Offset(), "end of payload", fmt.Sprintf("%d bytes away", len(s.buf)), fmt.Sprintf("%d bytes more", n))
		}
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
	b := s.buf[:n:n]
	s.buf = s.buf[n:]
	return b, nil
}

// Uvarint reads what Writer.Uvarint wrote. A number that is longer than it needs to be is refused.
func (s *Reader) Uvarint() (uint64, error) {
	for len(s.buf) < binary.MaxVarintLen64 && !s.ended {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	v, n := binary.Uvarint(s.buf)
	if n <= 0 || n > 1 && s.buf[n-1] == 0 {
		return 0, broken(s.Offset(), "number", fmt.Sprintf("% x", s.buf[:min(len(s.buf), binary.MaxVarintLen64)]), "a shortest varint")
	}
	s.buf = s.buf[n:]
	return v, nil
}

// Varint reads what Writer.Varint wrote.
func (s *Reader) Varint() (int64, error) {
	u, err := s.Uvarint()
	if err != nil {
		return 0, err
	}
	return int64(u>>1) ^ -int64(u&1), nil
}

// End makes sure that the payload has been taken to its end, and reads the end.
func (s *Reader) End() error {
	if !s.ended && len(s.buf) == 0 {
		if err := s.fill(); err != nil {
			return err
		}
	}
	if len(s.buf) > 0 {
		return broken(s.Offset(), "rest of the payload", fmt.Sprintf("%d bytes or more", len(s.buf)), "0")
	}
	return nil
}

// fill adds the next block to buf, or notes the end, behind which it must not be called.
func (s *Reader) fill() error {
	at := s.offset
	var head [blockHead]byte
	if err := s.full(head[:]); err != nil {
		return err
	}
	n, crc := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
	most := uint32(maxBlock)
	if s.last {
		most = 0
	}
	if n > most {
		return broken(at, "length of a block", n, fmt.Sprintf("at most %d", most))
	}
	kept := len(s.buf)
	body := slices.Grow(s.buf, int(n))[:kept+int(n)] // behind what Next gave, or in another array
	if err := s.full(body[kept:]); err != nil {
		return err
	}
	s.crc = crc32.Update(s.crc, castagnoli, body[kept:])
	if crc != s.crc {
		return broken(at+4, "checksum of a block", hex32(crc), hex32(s.crc))
	}
	s.buf = body
	s.last = n < maxBlock
	s.ended = n == 0
	return nil
}

// full fills b. An end of input is broken bytes, another failure of the reader is passed on.
func (s *Reader) full(b []byte) error {
	n, err := io.ReadFull(s.r, b)
	s.offset += int64(n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return broken(s.offset, "end of input", fmt.Sprintf("after %d bytes", n), len(b))
	}
	return err
}
