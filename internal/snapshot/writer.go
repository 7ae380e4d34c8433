package snapshot

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

// Writer writes one snapshot. The first error sticks, and Close returns it: only that needs to be looked at.
type Writer struct {
	w      io.Writer
	record []byte // bytes of the record written last
	block  []byte // room for its head, then payload that is not written yet
	crc    uint32 // of the payload written
	err    error
}

// NewWriter writes the header.
func NewWriter(w io.Writer, h Header) *Writer {
	s := &Writer{w: w, block: make([]byte, blockHead, blockHead+maxBlock)}
	s.emit(h.bytes())
	return s
}

// Write adds to the payload.
func (s *Writer) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 && s.err == nil {
		if len(s.block) == cap(s.block) {
			s.flush()
		}
		fits := min(len(p), cap(s.block)-len(s.block))
		s.block = append(s.block, p[:fits]...)
		p = p[fits:]
	}
	return n - len(p), s.err
}

// Uvarint adds v to the payload, Varint its signed sibling, as package binary has them.
func (s *Writer) Uvarint(v uint64) {
	var b [binary.MaxVarintLen64]byte
	s.Write(b[:binary.PutUvarint(b[:], v)])
}

// Varint adds v to the payload.
func (s *Writer) Varint(v int64) {
	var b [binary.MaxVarintLen64]byte
	s.Write(b[:binary.PutVarint(b[:], v)])
}

// Close writes what is left, and the end. It does not close the writer below.
func (s *Writer) Close() error {
	if len(s.block) > blockHead {
		s.flush()
	}
	s.flush()
	return s.err
}

// flush writes a block, the end if it is empty.
func (s *Writer) flush() {
	body := s.block[blockHead:]
	s.crc = crc32.Update(s.crc, castagnoli, body)
	binary.LittleEndian.PutUint32(s.block, uint32(len(body)))
	binary.LittleEndian.PutUint32(s.block[4:], s.crc)
	s.emit(s.block)
	s.block = s.block[:blockHead]
}

func (s *Writer) emit(b []byte) {
	if s.err != nil {
		return
	}
	n, err := s.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	s.err = err
}
