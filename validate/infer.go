package validate

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// maxColumns bounds a sketch of hostile field names.
const maxColumns = 10000

// enough is the share of values that must fit a kind for a column to be called that: dirt should not turn a
// column of numbers into text.
const enough = 0.95

// nullWords are taken for null by a sketch, and reported as NullTokens.
var nullWords = []string{"", "null", "NULL", "Null", "N/A", "n/a", "NA", "None", "nil", `\N`, "-"}

// guess is a kind that a value may be read as; a column counts how many values fit each.
type guess uint8

const (
	guessInt guess = iota
	guessFloat
	guessBool
	guessDate
	guessTime
	guessString
	guessArray
	guessObject
	guesses
)

var guessNames = [guesses]string{"int64", "float64", "bool", "date", "time", "string", "array", "object"}

// column is a Column in the making.
type column struct {
	name   string
	values int64
	null   int64
	last   int64           // row it was last seen in
	seen   int64           // rows it was seen in
	quoted int64           // values that were JSON strings
	fits   [guesses]int64  // values that each kind can read
	tokens map[string]bool // null words seen
	number bounds          // by value
	moment bounds          // by instant
	text   bounds          // by bytes
	sample []string
}

// bounds keeps the least and the greatest of some values, as written.
type bounds struct {
	min, max  string
	low, high float64
	from, to  time.Time
	have      bool
}

// sketcher collects columns.
type sketcher struct {
	cols  []*column
	names map[string]*column
	rows  int64
	full  bool
}

func newSketcher() *sketcher { return &sketcher{names: map[string]*column{}} }

// observe books one value of the current row.
func (s *sketcher) observe(name string, c *cell) {
	col := s.names[name]
	if col == nil {
		if len(s.cols) >= maxColumns {
			s.full = true
			return
		}
		col = &column{name: name, tokens: map[string]bool{}}
		s.names[name] = col
		s.cols = append(s.cols, col)
	}
	if col.last != s.rows {
		col.last = s.rows
		col.seen++
	}
	if c.kind == kindNull {
		col.null++
		return
	}
	if c.isText() && slices.Contains(nullWords, string(c.text)) {
		col.null++
		col.tokens[string(c.text)] = true
		return
	}
	col.values++
	if c.kind == kindString {
		col.quoted++
	}
	col.classify(c)
}

// classify counts the kinds that can read the value without losing how it was written: "007" is no number.
func (col *column) classify(c *cell) {
	shown := string(cutText(c.text, maxGot))
	switch c.kind {
	case kindBool:
		col.fits[guessBool]++
		shown = strconv.FormatBool(c.b)
	case kindTime:
		col.fits[guessTime]++
		if c.t.Equal(midnight(c.t)) {
			col.fits[guessDate]++
		}
		shown = c.t.UTC().Format(time.RFC3339Nano)
		col.moment.addTime(shown, c.t)
	case kindArray:
		col.fits[guessArray]++
		return
	case kindObject:
		col.fits[guessObject]++
		return
	case kindNumber, kindString, kindText:
		if end, _ := scanNumber(c.text, 0); end == len(c.text) && end > 0 {
			if v, code := parseFloat(c.text, 64); code == "" {
				col.fits[guessFloat]++
				col.number.addNumber(shown, v)
				neg, mag, code := wholeNumber(c.text)
				if _, ok := fit[int64](neg, mag); ok && code == "" && !bytes.ContainsAny(c.text, ".eE") {
					col.fits[guessInt]++
				}
			}
		}
		if c.kind == kindNumber {
			break
		}
		col.fits[guessString]++
		col.text.addText(shown)
		if _, ok := boolWord(c.text); ok && len(c.text) > 1 {
			col.fits[guessBool]++
		}
		if cv, ok := parseCivil(c.text); ok {
			if t, ok := cv.instant(time.UTC); ok {
				col.fits[guessTime]++
				col.moment.addTime(shown, t)
				if cv.dateOnly {
					col.fits[guessDate]++
				}
			}
		}
	}
	if len(col.sample) < 3 && !slices.Contains(col.sample, shown) {
		col.sample = append(col.sample, shown)
	}
}

func (b *bounds) addNumber(s string, v float64) {
	if !b.have || v < b.low {
		b.low, b.min = v, s
	}
	if !b.have || v > b.high {
		b.high, b.max = v, s
	}
	b.have = true
}

func (b *bounds) addTime(s string, t time.Time) {
	if !b.have || t.Before(b.from) {
		b.from, b.min = t, s
	}
	if !b.have || t.After(b.to) {
		b.to, b.max = t, s
	}
	b.have = true
}

func (b *bounds) addText(s string) {
	if !b.have || s < b.min {
		b.min = s
	}
	if !b.have || s > b.max {
		b.max = s
	}
	b.have = true
}

// finish draws the conclusions.
func (col *column) finish(rows int64) Column {
	c := Column{Name: col.name, Values: col.values, Null: col.null, Missing: rows - col.seen, Examples: col.sample}
	for _, token := range nullWords {
		if col.tokens[token] {
			c.NullTokens = append(c.NullTokens, token)
		}
	}
	if col.values == 0 {
		c.Kind, c.Fits = "null", 1
		return c
	}
	best := guesses
	for g := range guesses {
		if g <= guessFloat && col.quoted == col.values {
			continue // JSON strings of digits only: they were quoted for a reason
		}
		if float64(col.fits[g]) >= enough*float64(col.values) {
			best = g
			break
		}
	}
	if best == guesses {
		c.Kind = "mixed"
		scalars := col.values - col.fits[guessArray] - col.fits[guessObject]
		c.Fits = ratio(scalars, col.values)
		if 2*scalars < col.values {
			c.Kind = "object"
			if col.fits[guessArray] > col.fits[guessObject] {
				c.Kind = "array"
			}
			c.Fits = ratio(max(col.fits[guessArray], col.fits[guessObject]), col.values)
		}
	} else {
		c.Kind, c.Fits = guessNames[best], ratio(col.fits[best], col.values)
	}
	switch best {
	case guessInt, guessFloat:
		c.Min, c.Max = col.number.min, col.number.max
	case guessDate, guessTime:
		c.Min, c.Max = col.moment.min, col.moment.max
	case guessString:
		c.Min, c.Max = col.text.min, col.text.max
	}
	return c
}

func (s *sketcher) sketch(format Format, dialect Dialect, rejected int64) (*Sketch, error) {
	if s.full {
		return nil, &stream.LimitError{Where: "validate: Infer", What: "columns", Limit: maxColumns}
	}
	out := &Sketch{Format: format, Dialect: dialect, Rows: s.rows, Rejected: rejected}
	for _, col := range s.cols {
		out.Columns = append(out.Columns, col.finish(s.rows))
	}
	return out, nil
}

// Infer makes a sketch of dynamic rows.
func Infer(rows ...stream.Row) (*Sketch, error) {
	s := newSketcher()
	w := &rowWalk{}
	for _, row := range rows {
		s.rows++
		s.row(w, row, "")
	}
	return s.sketch(FormatAuto, Dialect{}, 0)
}

func (s *sketcher) row(w *rowWalk, row stream.Row, prefix string) {
	for _, f := range row {
		if sub, ok := f.Value.(stream.Row); ok && len(prefix) < 256 {
			s.row(w, sub, prefix+f.Name+".")
			continue
		}
		c, _ := w.cell(f.Value)
		s.observe(prefix+f.Name, &c)
	}
}

// InferNDJSON makes a sketch of the first n rows of NDJSON, plain or compressed, unreadable ones among them.
func InferNDJSON(r io.Reader, n int) (*Sketch, error) {
	return infer("InferNDJSON", r, "input", FormatNDJSON, Dialect{}, n)
}

// InferCSV makes a sketch of the first n rows of CSV, plain or compressed. A dialect without a Comma has it
// found out from the header.
func InferCSV(r io.Reader, n int, dialect Dialect) (*Sketch, error) {
	return infer("InferCSV", r, "input", FormatCSV, dialect, n)
}

// InferFile makes a sketch of the first n rows of a file, NDJSON or CSV as its first bytes say. Errors are those
// of ReadFiles.
func InferFile(path string, n int) (sketch *Sketch, err error) {
	in := &input{p: &pass{}}
	in.opened = func(name string, r io.Reader) bool {
		sketch, err = infer("InferFile", r, name, FormatAuto, Dialect{}, n)
		return true
	}
	if in.file(path, FormatAuto); err == nil {
		err = in.p.err
	}
	if err != nil {
		return nil, err
	}
	return sketch, nil
}

// errEnough ends a sample whose last row is a bad one.
var errEnough = errors.New("enough rows")

func infer(fn string, r io.Reader, name string, format Format, dialect Dialect, n int) (*Sketch, error) {
	if r == nil {
		panic("validate: " + fn + ": nil reader")
	}
	opts, err := Options{Dialect: dialect}.check(fn)
	if err == nil && n < 1 {
		err = &stream.OptionError{Package: "validate", Func: fn, Option: "n", Got: n, Want: "positive"}
	}
	if err != nil {
		return nil, err
	}
	s := newSketcher()
	p := &pass{opts: opts, st: &state{maxErrors: 1}, name: name}
	p.opts.Quarantine = func(Reject) error {
		if p.rows >= int64(n) {
			return errEnough
		}
		return nil
	}
	p.begin = p.st.begin
	p.set = func(int32, *cell) {}
	plain, done, err := inflate(name, r, nil)
	f := newFeed(name, plain, nil)
	if err != nil {
		f.err = err
		p.ended(f)
		return nil, p.err
	}
	defer done()
	f.skipBOM()
	if format == FormatAuto {
		format = sniffFormat(f)
	}
	if format == FormatCSV {
		if dialect.Comma == 0 {
			dialect.Comma = sniffComma(f, dialect.Comment)
		}
		t := &csvTable{p: p, byName: map[string]int{}}
		p.accept = func() bool { return p.rows < int64(n) }
		t.look = s.record
		t.read(f, dialect.Comma)
	} else {
		jr := newJSONRow(newNode(), 1, 0, p.st, &p.opts, p.set)
		p.accept = func() bool {
			s.rows++
			s.object(jr, skipSpace(jr.line, 0), "")
			return p.rows < int64(n)
		}
		readNDJSON(p, f, jr)
	}
	if p.err != nil && !errors.Is(p.err, errEnough) {
		return nil, p.err
	}
	return s.sketch(format, dialect, p.bad)
}

// record books a CSV record.
func (s *sketcher) record(t *csvTable, c *csvReader, rec []byte) {
	s.rows++
	for i, fl := range c.fields {
		cl := cell{kind: kindText, text: t.unquoted(rec, fl)}
		if len(cl.text) == 0 && !fl.quoted {
			cl.kind = kindNull
		}
		s.observe(t.names[i], &cl)
	}
}

// object books the members of a checked JSON object, those of nested ones under dotted names, and returns its
// end.
func (s *sketcher) object(jr *jsonRow, i int, prefix string) int {
	line := jr.line
	for i = skipSpace(line, i+1); line[i] != '}'; i = skipSpace(line, i) {
		if line[i] == ',' {
			i = skipSpace(line, i+1)
		}
		end, _, _ := scanString(line, i+1)
		name := prefix + string(unescape(nil, line[i+1:end]))
		i = skipSpace(line, skipSpace(line, end+1)+1)
		if line[i] == '{' && len(prefix) < 256 {
			i = s.object(jr, i, name+".")
			continue
		}
		start := i
		jr.depth = 0
		i = jr.skip(i)
		c := cell{kind: kindOf(line, start), text: line[start:i], b: line[start] == 't'}
		if c.kind == kindString {
			c.text = unescape(nil, line[start+1:i-1])
		}
		s.observe(name, &c)
	}
	return i + 1
}
