package validate

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/millrace-go/millrace/stream"
)

// CSV reads comma-separated values by RFC 4180; Options.Dialect tells of other habits (a TSV file is Comma
// '\t'). The first line names the columns, in any order; each field of the schema takes the column with its
// name or one of its aliases. A field without a column is missing in every row; if it is required, or if two
// columns claim it, the stream ends with a *HeaderError before the first row.
//
// A field that is empty and not in quotes is null; "" is the empty string. A row with more or fewer fields than
// the header is a reject (field_count), and so is one with a quote out of place (bad_quote, open_quote):
// reading goes on at the next line. Empty lines are passed over.
//
// Order, memory, laziness and the other errors are those of NDJSON. An empty input is an empty stream.
func (s *Schema[T]) CSV(r io.Reader, opts Options) stream.Seq[T] {
	return s.reader("CSV", r, FormatCSV, opts)
}

// csvTable judges the records of one input.
type csvTable struct {
	p       *pass
	fields  []meta
	byName  map[string]int
	names   []string                                    // of the columns
	columns []int32                                     // field of each column, -1: none
	absent  []int32                                     // fields without a column
	cell    cell                                        // the one that set is given: allocated once
	text    []byte                                      // of an unescaped field
	look    func(t *csvTable, c *csvReader, rec []byte) // of a sketch: sees every record that is whole
}

func (t *csvTable) read(f *feed, comma byte) bool {
	p := t.p
	d := &p.opts.Dialect
	c := &csvReader{f: f, bound: p.opts.MaxLine, comma: comma, comment: d.Comment, trim: d.TrimSpace}
	header := d.Columns == nil
	if !header && !t.mapColumns(f, slices.Clone(d.Columns)) {
		return false
	}
	for {
		found := c.next()
		switch found {
		case csvNone:
			return p.ended(f)
		case csvLong:
			if header {
				return t.badHeader(f, FieldError{Code: CodeTooLong, Offset: p.opts.MaxLine, Got: "a longer line",
					Want: "at most " + strconv.Itoa(p.opts.MaxLine) + " bytes"})
			}
			if !p.tooLong(f) {
				return false
			}
			continue
		}
		rec := f.unread()[:c.n]
		off, line := f.off, f.line
		size := int64(c.n + c.term)
		if found == csvBlank {
			f.consume(c.n+c.term, min(c.term, 1))
			p.blank()
			p.see(spanOther, off, size)
			continue
		}
		if header {
			if found == csvBad {
				return t.badHeader(f, c.fault(rec))
			}
			names := make([]string, len(c.fields))
			for i, fl := range c.fields {
				names[i] = string(t.unquoted(rec, fl))
			}
			if !t.mapColumns(f, names) {
				return false
			}
			header = false
			f.consume(c.n+c.term, bytes.Count(rec, []byte{'\n'})+min(c.term, 1))
			p.see(spanOther, off, size)
			continue
		}
		f.consume(c.n+c.term, bytes.Count(rec, []byte{'\n'})+min(c.term, 1))
		p.begin()
		if found == csvBad {
			p.st.fatal(c.fault(rec))
		} else {
			t.judge(c, rec)
			if t.look != nil && !p.st.failed() {
				t.look(t, c, rec)
			}
		}
		ok := p.finish(rowAt{line: line, off: off, length: int64(c.n), head: rec})
		p.see(spanOther, off+int64(c.n), int64(c.term))
		if !ok {
			return false
		}
	}
}

// fault describes a record that could not be cut.
func (c *csvReader) fault(rec []byte) FieldError {
	e := FieldError{Code: c.code, Offset: c.at, Got: "end of line", Want: "comma or line end after a quoted field, no quote in another"}
	if c.at < len(rec) {
		r, _ := utf8.DecodeRune(rec[c.at:])
		e.Got = strconv.QuoteRune(r)
	}
	if c.code == CodeOpenQuote {
		e.Got, e.Want = "a quote that stays open", "closing quote within the row"
	}
	return e
}

// judge puts the fields of a record into the row.
func (t *csvTable) judge(c *csvReader, rec []byte) {
	st := t.p.st
	if len(c.fields) != len(t.columns) {
		st.add(-1, FieldError{Code: CodeFieldCount, Got: fmt.Sprintf("%d fields", len(c.fields)), Want: strconv.Itoa(len(t.columns))})
		st.hideAll = st.secrets // a secret may have moved into another column
	}
	text := utf8.Valid(rec)
	for i, fl := range c.fields[:min(len(c.fields), len(t.columns))] {
		field := t.columns[i]
		if !text && !utf8.Valid(rec[fl.start:fl.end]) {
			t.notText(rec, fl, i)
			continue
		}
		if field < 0 {
			continue
		}
		t.cell = cell{kind: kindText, text: t.unquoted(rec, fl), off: fl.start}
		if len(t.cell.text) == 0 && (!fl.quoted || t.p.opts.Dialect.QuotedEmptyIsNull) {
			t.cell.kind = kindNull
		}
		t.p.set(field, &t.cell)
	}
	for _, field := range t.absent {
		t.cell = cell{kind: kindMissing, off: -1}
		t.p.set(field, &t.cell)
	}
	if !text && !st.failed() {
		st.add(-1, FieldError{Code: CodeInvalidUTF8, Offset: invalidAt(rec), Got: "invalid bytes", Want: "UTF-8"})
	}
}

// notText reports a field that is not UTF-8.
func (t *csvTable) notText(rec []byte, fl csvField, column int) {
	at := fl.start + invalidAt(rec[fl.start:fl.end])
	e := FieldError{Code: CodeInvalidUTF8, Offset: at, Got: fmt.Sprintf("byte 0x%02x", rec[at]), Want: "UTF-8"}
	owner := t.columns[column]
	if owner >= 0 {
		e.Path = t.fields[owner].name
	} else {
		e.Path = strings.ToValidUTF8(string(cutText([]byte(t.names[column]), maxGot)), "?")
	}
	if t.p.st.hideAll || owner >= 0 && t.fields[owner].secret {
		e.Got = masked
	}
	t.p.st.add(owner, e)
}

// unquoted is the text of a field, doubled quotes made single.
func (t *csvTable) unquoted(rec []byte, fl csvField) []byte {
	raw := rec[fl.start:fl.end]
	if !fl.escaped {
		return raw
	}
	t.text = t.text[:0]
	for len(raw) > 0 {
		i := bytes.IndexByte(raw, '"')
		if i < 0 {
			break
		}
		t.text = append(t.text, raw[:i+1]...)
		raw = raw[i+2:]
	}
	t.text = append(t.text, raw...)
	return t.text
}

// mapColumns finds the field of each column.
func (t *csvTable) mapColumns(f *feed, names []string) bool {
	e := &HeaderError{Name: f.name, Line: f.line, Got: names}
	t.names = names
	t.columns = make([]int32, len(names))
	taken := make([]bool, len(t.fields))
	for i, name := range names {
		field, known := t.byName[name]
		t.columns[i] = int32(field)
		switch {
		case !known:
			t.columns[i] = -1
			if t.p.opts.Unknown == Quarantine {
				e.Unknown = append(e.Unknown, strconv.Quote(name))
			}
		case taken[field] && !slices.Contains(e.Ambiguous, t.fields[field].name):
			e.Ambiguous = append(e.Ambiguous, t.fields[field].name)
		}
		if known {
			taken[field] = true
		}
	}
	for i, has := range taken {
		if !has {
			t.absent = append(t.absent, int32(i))
			if t.fields[i].required {
				e.Missing = append(e.Missing, t.fields[i].name)
			}
		}
	}
	if len(e.Missing)+len(e.Ambiguous)+len(e.Unknown) > 0 {
		t.p.err = e
		return false
	}
	return true
}

func (t *csvTable) badHeader(f *feed, cause FieldError) bool {
	t.p.err = &HeaderError{Name: f.name, Line: f.line, Err: cause}
	return false
}
