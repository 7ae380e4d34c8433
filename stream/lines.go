package stream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// LinesOptions sets how Lines reads. The zero value is right for text files.
type LinesOptions struct {
	Name     string // names the source in errors, "events.log"; empty: "input"
	MaxBytes int    // longest line, terminator excluded; 0: 16 MiB
}

const (
	defaultMaxLine = 16 << 20 // bytes
	lineBlock      = 64 << 10 // bytes of text per allocation; a kept line pins at most its block
)

// LineError says where reading lines failed. It wraps the cause: ErrLimit for a line that is too long, else
// what the reader returned.
type LineError struct {
	Name   string // the source
	Line   int    // 1-based number of the line that failed
	Offset int64  // byte offset at which that line starts
	Err    error  // the cause
}

// Error says which line of which source failed, and why.
func (e *LineError) Error() string {
	return fmt.Sprintf("stream: %s: line %d at byte %d: %v", e.Name, e.Line, e.Offset, e.Err)
}

// Unwrap gives the cause.
func (e *LineError) Unwrap() error { return e.Err }

// Lines yields the lines of r without their terminator (LF or CRLF), in order; a last line without a
// terminator counts, an empty one between terminators too. Bytes are passed through as they are, valid UTF-8
// or not.
//
// It holds one line and one block of text (64 KiB): lines are cut from blocks, so one kept line pins its
// block (strings.Clone frees it). A line longer than MaxBytes, or a failed read, ends the stream with a
// *LineError after all whole lines before it. Lines does not close r, and is single-use: a second run yields
// ErrConsumed.
func Lines(r io.Reader, opts LinesOptions) Seq[string] {
	needFunc(r == nil, "Lines", "reader")
	var once singleUse
	return func(yield func(string, error) bool) {
		if opts.MaxBytes < 0 {
			yield("", &OptionError{Package: "stream", Func: "Lines", Option: "MaxBytes", Got: opts.MaxBytes, Want: "0 or positive"})
			return
		}
		if err := once.take("stream: Lines"); err != nil {
			yield("", err)
			return
		}
		readLines(r, opts, yield)
	}
}

func readLines(r io.Reader, opts LinesOptions, yield func(string, error) bool) {
	limit, name := opts.MaxBytes, opts.Name
	if limit == 0 {
		limit = defaultMaxLine
	}
	if name == "" {
		name = "input"
	}
	var (
		in     = bufio.NewReaderSize(r, lineBlock)
		text   textBlock
		long   []byte // a line that did not fit the read buffer, so far
		number = 1
		offset int64 // of the line being read
	)
	fail := func(err error) { yield("", &LineError{Name: name, Line: number, Offset: offset, Err: err}) }
	for {
		part, err := in.ReadSlice('\n')
		line := part
		if len(long) > 0 || errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, part...)
			line = long
		}
		body, allowed := line, limit
		switch {
		case err == nil:
			body = trimTerminator(line)
		case errors.Is(err, bufio.ErrBufferFull):
			allowed++ // the CR of a terminator whose LF is not read yet
		}
		if len(body) > allowed {
			fail(fmt.Errorf("longer than %d bytes: %w", limit, ErrLimit))
			return
		}
		switch {
		case err == nil:
			if !yield(text.cut(body), nil) {
				return
			}
			offset += int64(len(line))
			number++
			long = long[:0]
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			if len(line) > 0 {
				yield(text.cut(body), nil)
			}
			return
		default:
			fail(err)
			return
		}
	}
}

// trimTerminator cuts LF or CRLF; a CR without its LF is text.
func trimTerminator(line []byte) []byte {
	n := len(line)
	if n == 0 || line[n-1] != '\n' {
		return line
	}
	if n > 1 && line[n-2] == '\r' {
		return line[:n-2]
	}
	return line[:n-1]
}

// textBlock copies text into blocks and hands out strings that share them: one allocation per block. Bytes
// once handed out are never written again, because a Builder only appends within its capacity.
type textBlock struct{ b *strings.Builder }

func (t *textBlock) cut(p []byte) string {
	if len(p) == 0 {
		return ""
	}
	if len(p) > lineBlock/4 {
		return string(p)
	}
	if t.b == nil || t.b.Cap()-t.b.Len() < len(p) {
		t.b = new(strings.Builder)
		t.b.Grow(lineBlock)
	}
	start := t.b.Len()
	t.b.Write(p)
	return t.b.String()[start:]
}
