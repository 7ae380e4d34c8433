package validate

import (
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/millrace-go/millrace/stream"
)

// pass is one run of a source: it counts rows, sends the bad ones to the quarantine, watches the limit, and
// ends the stream. Only accept and set know the type of the rows.
type pass struct {
	opts   Options
	st     *state
	begin  func()                     // clears the row
	set    func(field int32, c *cell) // puts a value into the row
	accept func() bool                // yields the row; false: the consumer has left
	name   string                     // of the current input
	rows   int64
	bad    int64
	codes  [len(codes)]int64
	first  []Reject
	left   bool  // the consumer has left: nothing may be yielded any more
	err    error // terminal
}

// spanKind says what a range of input bytes was taken for.
type spanKind uint8

const (
	spanValid spanKind = iota
	spanReject
	spanOther // line ends, blank and comment lines, headers, the byte order mark
)

// span is a judged range of the decompressed input. The spans of an input tile it exactly.
type span struct {
	kind   spanKind
	off, n int64
}

func (p *pass) see(kind spanKind, off, n int64) {
	if p.opts.observe != nil && n > 0 {
		p.opts.observe(span{kind, off, n})
	}
}

// rowAt is where a row stands, and its bytes.
type rowAt struct {
	line, off int64
	length    int64
	head      []byte // all of the row, or its beginning where sum is set
	sum       []byte // SHA-256 of a row that is not held
}

// finish takes the verdict of the state on the current row: it yields or rejects it. It reports whether to go
// on; if not, err is the terminal error or nil where the consumer has left.
func (p *pass) finish(at rowAt) bool {
	p.rows++
	stats := p.opts.Stats
	if stats != nil {
		stats.rows.Add(1)
	}
	if !p.st.failed() {
		p.see(spanValid, at.off, at.length)
		if stats != nil {
			stats.valid.Add(1)
		}
		p.left = !p.accept()
		return !p.left
	}
	p.see(spanReject, at.off, at.length)
	p.bad++
	p.count()
	r := Reject{Source: p.name, Row: p.rows, Line: at.line, Offset: at.off, Length: at.length}
	r.setErrors(p.st.errs, p.st.more)
	r.setRaw(at.head, at.sum, p.opts.MaxRaw, p.st.secrets)
	if p.opts.Quarantine == nil {
		p.err = &RejectError{Reject: r, Errors: slices.Clone(p.st.errs)}
		return false
	}
	if len(p.first) < 5 {
		p.first = append(p.first, r)
	}
	if err := p.opts.Quarantine(r); err != nil {
		p.err = &SinkError{Name: p.name, Line: at.line, Err: err}
		return false
	}
	return p.within(false)
}

// count books each code of the row once.
func (p *pass) count() {
	if p.opts.Stats != nil {
		p.opts.Stats.rejected.Add(1)
	}
	var have [len(codes)]bool
	for i := range p.st.errs {
		if at := p.st.errs[i].Code.index(); !have[at] {
			have[at] = true
			p.codes[at]++
			if p.opts.Stats != nil {
				p.opts.Stats.codes[at].Add(1)
			}
		}
	}
}

// within judges the limit.
func (p *pass) within(end bool) bool {
	what := p.opts.Limit.exceeded(p.rows, p.bad, end)
	if what == "" {
		return true
	}
	e := &ThresholdError{Name: p.name, What: what, Limit: p.opts.Limit, Rows: p.rows, Rejected: p.bad, First: p.first}
	for i, n := range p.codes {
		if n > 0 {
			e.Codes = append(e.Codes, CodeCount{codes[i], n})
		}
	}
	slices.SortStableFunc(e.Codes, func(a, b CodeCount) int { return int(min(max(b.Rows-a.Rows, -1), 1)) })
	p.err = e
	return false
}

// blank books a line that is no row.
func (p *pass) blank() {
	if p.opts.Stats != nil {
		p.opts.Stats.blank.Add(1)
	}
}

// ended takes the end of one input: it reports whether to go on to the next.
func (p *pass) ended(f *feed) bool {
	if f.err == nil || f.err == io.EOF {
		return true
	}
	var se *SourceError
	if errors.As(f.err, &se) && se.Name == "" {
		se.Name, se.Offset = f.name, f.off+int64(f.end-f.start)
		p.err = se
		return false
	}
	p.err = &SourceError{Name: f.name, Offset: f.off + int64(f.end-f.start), Err: f.err}
	return false
}

// tooLong rejects a line that is not held.
func (p *pass) tooLong(f *feed) bool {
	line, off := f.line, f.off
	l, ok := f.skipLine(p.opts.MaxRaw)
	if !ok {
		return p.ended(f)
	}
	p.st.begin()
	p.st.fatal(FieldError{Code: CodeTooLong, Offset: p.opts.MaxLine,
		Got: strconv.FormatInt(l.length, 10) + " bytes", Want: "at most " + strconv.Itoa(p.opts.MaxLine)})
	ok = p.finish(rowAt{line: line, off: off, length: l.length, head: l.head, sum: l.sum})
	p.see(spanOther, off+l.length, int64(l.term))
	return ok
}

// SinkError is a quarantine that failed. It matches whatever the sink returned.
type SinkError struct {
	Name string // the input
	Line int64  // of the row it was given
	Err  error  // what the sink returned
}

// Error says which row could not be put away, and why.
func (e *SinkError) Error() string {
	return "validate: " + e.Name + ":" + strconv.FormatInt(e.Line, 10) + ": quarantine: " + e.Err.Error()
}

// Unwrap gives the sink's error.
func (e *SinkError) Unwrap() error { return e.Err }

// start makes the pass of a run over rows of type T.
func (s *Schema[T]) start(opts Options, yield func(T, error) bool) *pass {
	st := &state{maxErrors: opts.MaxErrors, secrets: s.secrets, scratch: make([]byte, 0, 64)}
	row := new(T)
	var zero T
	return &pass{
		opts:   opts,
		st:     st,
		begin:  func() { *row = zero; st.begin() },
		set:    func(field int32, c *cell) { s.decs[field].decode(row, c, st) },
		accept: func() bool { return yield(*row, nil) },
	}
}

// seq wraps a run: read drives the pass and returns when it is done or has been told to stop; the terminal
// error is yielded after everything it opened is closed.
func (s *Schema[T]) seq(fn string, opts Options, read func(p *pass) bool) stream.Seq[T] {
	opts, err := opts.check(fn)
	return func(yield func(T, error) bool) {
		var zero T
		if err != nil {
			yield(zero, err)
			return
		}
		p := s.start(opts, yield)
		if read(p) {
			p.within(true)
		}
		if p.err != nil && !p.left {
			yield(zero, p.err)
		}
	}
}
