package validate

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math"
)

// feed is a buffered input that knows where it stands.
//
//	buf: [ done | start ... unread ... end | free ]
//
// Invariants:
//  1. off is the offset of buf[start] in the decompressed input, line its 1-based line number.
//  2. err is nil or what the reader ended with; nothing is read after it is set.
//  3. Slices of buf are valid until the next call of more.
type feed struct {
	r          io.Reader
	name       string
	buf        []byte
	start, end int
	off, line  int64
	err        error
	stats      *Stats
}

const feedSize = 128 << 10

func newFeed(name string, r io.Reader, stats *Stats) *feed {
	return &feed{r: r, name: name, buf: make([]byte, feedSize), line: 1, stats: stats}
}

// more reads at least one more byte behind the unread ones; the buffer grows when they fill it. It reports
// false at the end of the input or on an error, which err tells apart.
func (f *feed) more() bool {
	if f.err != nil {
		return false
	}
	if f.start > 0 && (f.start == f.end || f.end == len(f.buf)) {
		copy(f.buf, f.buf[f.start:f.end])
		f.start, f.end = 0, f.end-f.start
	}
	if f.end == len(f.buf) {
		grown := make([]byte, grownSize(len(f.buf)))
		copy(grown, f.buf[:f.end])
		f.buf = grown
	}
	n, err := readSome(f.name, f.r, f.buf[f.end:])
	f.end += n
	if f.stats != nil {
		f.stats.bytes.Add(int64(n))
	}
	f.err = err
	return n > 0
}

// grownSize is the length of the buffer after one of size bytes: twice that, and from 1 GiB on, where doubling
// would overflow the int of a 32-bit machine, an eighth more.
func grownSize(size int) int {
	if size < 1<<30 {
		return 2 * size
	}
	return size + min(size/8, math.MaxInt-size)
}

// maxEmptyReads is how many reads in a row may give neither bytes nor an error.
const maxEmptyReads = 100

// readSome reads at least one byte into buf, which is not empty, or returns an error: io.ErrNoProgress for a
// reader that gives neither. It panics where the reader breaks the rules of io.Reader.
func readSome(name string, r io.Reader, buf []byte) (int, error) {
	for range maxEmptyReads {
		n, err := r.Read(buf)
		if n < 0 || n > len(buf) {
			panic("validate: reader of " + name + " returned a count outside its buffer")
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// unread is what was read and not consumed.
func (f *feed) unread() []byte { return f.buf[f.start:f.end] }

// consume moves on by n bytes that hold that many line ends.
func (f *feed) consume(n, lines int) {
	f.start += n
	f.off += int64(n)
	f.line += int64(lines)
}

// skipBOM passes over a byte order mark at the beginning of the input, and returns its length.
func (f *feed) skipBOM() int {
	for f.end-f.start < 3 && f.more() {
	}
	if bytes.HasPrefix(f.unread(), []byte("\xef\xbb\xbf")) {
		f.consume(3, 0)
		return 3
	}
	return 0
}

// lineFound is what the next physical line is.
type lineFound uint8

const (
	lineWhole lineFound = iota // n bytes and term bytes of line end are unread()[:n+term]
	lineLong                   // longer than the bound
	lineNone                   // the input has ended, or failed: see err
)

// nextLine finds the next line without consuming it. A line end is \n or \r\n; the last line may have none.
func (f *feed) nextLine(bound int) (found lineFound, n, term int) {
	seen := 0
	for {
		u := f.unread()
		if i := bytes.IndexByte(u[seen:], '\n'); i >= 0 {
			n, term = seen+i, 1
			if n > 0 && u[n-1] == '\r' {
				n, term = n-1, 2
			}
			if n > bound {
				return lineLong, 0, 0
			}
			return lineWhole, n, term
		}
		seen = len(u)
		if seen > bound+1 { // one more for a \r
			return lineLong, 0, 0
		}
		if !f.more() {
			switch {
			case f.err != io.EOF || seen == 0:
				return lineNone, 0, 0
			case seen > bound:
				return lineLong, 0, 0
			}
			return lineWhole, seen, 0
		}
	}
}

// longLine is a line that was passed over because of its length.
type longLine struct {
	head   []byte // its first bytes
	sum    []byte // SHA-256 of all
	length int64
	term   int
}

// skipLine consumes the rest of a long line, hashing it and keeping no more than its head. It reports false
// where the input failed before the line ended.
func (f *feed) skipLine(headSize int) (l longLine, ok bool) {
	h := sha256.New()
	keep := func(b []byte) {
		h.Write(b)
		l.length += int64(len(b))
		if room := headSize - len(l.head); room > 0 {
			l.head = append(l.head, b[:min(room, len(b))]...)
		}
	}
	cr := false // a \r stands at the border, which is content unless \n follows
	for {
		u := f.unread()
		i := bytes.IndexByte(u, '\n')
		chunk := u
		if i >= 0 {
			chunk = u[:i]
		}
		if len(chunk) > 0 {
			if cr {
				keep([]byte{'\r'})
			}
			if cr = chunk[len(chunk)-1] == '\r'; cr {
				chunk = chunk[:len(chunk)-1]
			}
			keep(chunk)
		}
		if i >= 0 {
			f.consume(i+1, 1)
			l.term = 1
			if cr {
				l.term = 2
			}
			break
		}
		f.consume(len(u), 0)
		if !f.more() {
			if f.err != io.EOF {
				return l, false
			}
			if cr {
				keep([]byte{'\r'})
			}
			break
		}
	}
	l.sum = h.Sum(nil)
	return l, true
}
