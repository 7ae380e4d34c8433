package validate

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/millrace-go/millrace/stream"
)

// maxZstdWindow bounds the memory of one zstd decoder, in bytes: a frame that wants a larger window is refused
// (stream.ErrLimit). It is what the zstd program itself accepts without being asked to go further; a frame
// takes only the window it declares, 8 MiB at the usual levels.
const maxZstdWindow = 128 << 20

// inflate recognises gzip and zstd by their first bytes and returns the plain stream; anything else comes back
// as it is. Decoding runs on the caller's goroutine. close gives the decoder's memory back.
//
// A decoding error becomes a *SourceError of class ErrCorrupt; an error of r itself passes unchanged, so that a
// failing disk is not taken for a broken file.
func inflate(name string, r io.Reader, stats *Stats) (plain io.Reader, close func(), err error) {
	src := &stored{r: r, name: name, stats: stats}
	head, err := src.peek(4)
	if err != nil {
		return nil, nil, err
	}
	none := func() {}
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		z, err := gzip.NewReader(src)
		if err != nil {
			return nil, nil, src.blame(err)
		}
		return &decoding{z, src}, none, nil
	case len(head) == 4 && (bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}) || // a frame, or a skippable one
		head[0]&0xf0 == 0x50 && bytes.Equal(head[1:], []byte{0x2a, 0x4d, 0x18})):
		z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, nil, src.blame(err)
		}
		return &decoding{z, src}, z.Close, nil
	}
	return src, none, nil
}

// stored is the input as it is stored: it counts bytes, can look ahead at its beginning, and remembers its own
// error. It stands between the decoders and a reader that misbehaves, since some of them ask such a one for ever.
type stored struct {
	r     io.Reader
	name  string
	head  []byte // looked at, not yet read
	end   error  // what r ended with, io.EOF included; nothing is read after it is set
	err   error  // end, if it is a failure that was handed on
	stats *Stats
}

// peek looks at the first n bytes; fewer where the input is shorter.
func (s *stored) peek(n int) ([]byte, error) {
	buf := make([]byte, n)
	got := 0
	for got < n {
		m, err := s.read(buf[got:])
		got += m
		if err == io.EOF {
			break
		}
		if err != nil && got < n {
			return nil, err
		}
	}
	s.head = buf[:got]
	return s.head, nil
}

func (s *stored) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(s.head) > 0 {
		n := copy(p, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	n, err := s.read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// read reads at least one byte into p, which is not empty, or fails.
func (s *stored) read(p []byte) (int, error) {
	if s.end != nil {
		return 0, s.end
	}
	n, err := readSome(s.name, s.r, p)
	if s.stats != nil {
		s.stats.stored.Add(int64(n))
	}
	s.end = err
	return n, err
}

// blame tells a failing input from a broken encoding.
func (s *stored) blame(err error) error {
	if s.err != nil {
		return s.err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	class := stream.ErrCorrupt
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		class = stream.ErrLimit
	}
	return &SourceError{Err: err, Class: class}
}

// decoding names the errors of a decoder.
type decoding struct {
	io.Reader
	src *stored
}

func (d *decoding) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = d.src.blame(err)
	}
	return n, err
}
