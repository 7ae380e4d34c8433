package validate

import (
	"bytes"
	"io"
)

// csvReader cuts an input into records by RFC 4180: fields between commas, a field in quotes may hold commas,
// line ends and doubled quotes.
//
// A record that breaks the rules is taken up to the end of the physical line where it breaks them, and reading
// goes on at the next line. A quote that is never closed (to the end of the input, or within the bound of a
// row) would swallow everything after it: there the record is its first line alone, and the lines after it are
// read again as records.
type csvReader struct {
	f       *feed
	bound   int // bytes of a record
	comma   byte
	comment byte // 0: none
	trim    bool

	fields []csvField // of the current record
	n      int        // bytes of the current record, unread()[:n]
	term   int        // bytes of its line end
	code   Code       // what is wrong with it, csvBad
	at     int        // where in it, csvBad
}

// csvField is a field of a record: the range of its text, quotes not included.
type csvField struct {
	start, end      int
	quoted, escaped bool // escaped: with doubled quotes
}

// csvFound is what the next record is.
type csvFound uint8

const (
	csvRecord csvFound = iota // fields, n, term
	csvBlank                  // n, term: nothing on the line, or a comment
	csvBad                    // n, term, code, at: a record that cannot be cut into fields
	csvLong                   // a line longer than the bound
	csvNone                   // the input has ended, or failed
)

// next finds the next record without consuming it.
func (c *csvReader) next() csvFound {
	found, n, term := c.f.nextLine(c.bound)
	switch found {
	case lineNone:
		return csvNone
	case lineLong:
		return csvLong
	}
	c.n, c.term = n, term
	c.fields = c.fields[:0]
	line := c.f.unread()[:n]
	if n == 0 || c.trim && len(bytes.Trim(line, " \t")) == 0 || c.comment != 0 && line[0] == c.comment {
		return csvBlank
	}
	if bytes.IndexByte(line, '"') >= 0 {
		return c.cutQuoted()
	}
	for start := 0; ; {
		i := bytes.IndexByte(line[start:], c.comma)
		if i < 0 {
			c.add(line, start, n)
			return csvRecord
		}
		c.add(line, start, start+i)
		start += i + 1
	}
}

// add appends an unquoted field.
func (c *csvReader) add(line []byte, start, end int) {
	if c.trim {
		for start < end && (line[start] == ' ' || line[start] == '\t') {
			start++
		}
		for end > start && (line[end-1] == ' ' || line[end-1] == '\t') {
			end--
		}
	}
	c.fields = append(c.fields, csvField{start: start, end: end})
}

// has makes sure that byte i of the record is in the buffer, and reports false where the input ends before it.
func (c *csvReader) has(i int) bool {
	for c.f.end-c.f.start <= i {
		if !c.f.more() {
			return false
		}
	}
	return true
}

// cutQuoted cuts a record that has quotes, byte by byte, over as many lines as it takes. Whether it stays within
// the bound is asked of positions in the record, never of what happens to be in the buffer: the verdict must not
// depend on how the reader cuts its input.
func (c *csvReader) cutQuoted() csvFound {
	first, firstTerm := c.n, c.term
	for i := 0; ; i++ {
		start, ok := i, true // a field begins here
		if i = c.skipBlank(i); c.has(i) && c.f.unread()[i] == '"' {
			i, ok = c.quoted(i + 1)
		} else {
			i = c.unquoted(start)
		}
		switch {
		case !c.has(i) && c.f.err != io.EOF:
			return csvNone
		case !ok || i > c.bound:
			c.n, c.term, c.code, c.at = first, firstTerm, CodeOpenQuote, min(start, first)
			return csvBad
		case !c.has(i):
			c.n, c.term = i, 0
			return csvRecord
		}
		switch u := c.f.unread(); {
		case u[i] == c.comma:
		case u[i] == '\n':
			c.n, c.term = i, 1
			return csvRecord
		case u[i] == '\r' && c.has(i+1) && c.f.unread()[i+1] == '\n':
			c.n, c.term = i, 2
			return csvRecord
		default:
			return c.bad(i, first, firstTerm)
		}
	}
}

// quoted reads the field whose text begins at i, after its quote, and returns the index after the closing quote
// and the blanks that may follow. It fails where no quote closes the field within the bound, or before the end of
// the input, which the index then is.
func (c *csvReader) quoted(i int) (int, bool) {
	field := csvField{start: i, quoted: true}
	for {
		u := c.f.unread()
		end := min(len(u), c.bound)
		j := -1
		if i < end {
			j = bytes.IndexByte(u[i:end], '"')
		}
		if j < 0 {
			if len(u) >= c.bound {
				return 0, false
			}
			if !c.f.more() {
				return len(u), false
			}
			i = max(i, end)
			continue
		}
		i += j
		if !c.has(i+1) || c.f.unread()[i+1] != '"' {
			break
		}
		field.escaped = true
		i += 2
	}
	field.end = i
	c.fields = append(c.fields, field)
	return c.skipBlank(i + 1), true
}

// unquoted reads the field that begins at i, and returns the index of what ends it.
func (c *csvReader) unquoted(i int) int {
	start := i
	for i <= c.bound+1 && c.has(i) {
		if ch := c.f.unread()[i]; ch == c.comma || ch == '\n' || ch == '"' {
			break
		}
		i++
	}
	if u := c.f.unread(); i > start && i < len(u) && u[i] == '\n' && u[i-1] == '\r' {
		i--
	}
	c.add(c.f.unread(), start, i)
	return i
}

// skipBlank passes over spaces and tabs, where the dialect says so.
func (c *csvReader) skipBlank(i int) int {
	for c.trim && i <= c.bound && c.has(i) && (c.f.unread()[i] == ' ' || c.f.unread()[i] == '\t') {
		i++
	}
	return i
}

// bad ends a record with a stray quote at i: it reaches to the end of that line.
func (c *csvReader) bad(i, first, firstTerm int) csvFound {
	c.code, c.at = CodeBadQuote, i
	end := i
	for {
		u := c.f.unread()
		if j := bytes.IndexByte(u[end:], '\n'); j >= 0 {
			c.n, c.term = end+j, 1
			if c.n > i && u[c.n-1] == '\r' {
				c.n, c.term = c.n-1, 2
			}
			break
		}
		end = len(u)
		if end > c.bound+1 {
			break
		}
		if !c.f.more() {
			if c.f.err != io.EOF {
				return csvNone
			}
			c.n, c.term = end, 0
			break
		}
	}
	if c.n > c.bound || end > c.bound+1 {
		c.n, c.term, c.at = first, firstTerm, min(i, first)
	}
	return csvBad
}
