package validate

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync/atomic"

	"github.com/millrace-go/millrace/stream"
)

// Format is how rows are written in an input.
type Format uint8

// The formats that a schema reads. FormatAuto looks at the first bytes of each input.
const (
	FormatAuto   Format = iota // NDJSON where the first character that is not space is { or [, otherwise CSV
	FormatNDJSON               // one JSON object per line
	FormatCSV                  // RFC 4180 with a header line; see Dialect
)

// String names the format.
func (f Format) String() string {
	switch f {
	case FormatAuto:
		return "auto"
	case FormatNDJSON:
		return "ndjson"
	case FormatCSV:
		return "csv"
	}
	return fmt.Sprintf("Format(%d)", uint8(f))
}

// Read is NDJSON or CSV, whichever the input looks like: FormatAuto. Where Dialect.Comma is not set, the
// delimiter is the one of comma, tab, semicolon and bar that the first line has most of.
func (s *Schema[T]) Read(r io.Reader, opts Options) stream.Seq[T] {
	return s.reader("Read", r, FormatAuto, opts)
}

// ReadFiles is Read over files, each judged by itself, in the order given. Like NDJSONFiles it can run again.
func (s *Schema[T]) ReadFiles(paths []string, opts Options) stream.Seq[T] {
	return s.files("ReadFiles", paths, FormatAuto, opts)
}

// NDJSONFiles is NDJSON over files, one after another in the order given. Positions name the path. One file is
// open at a time, and closed whatever happens. Limits count over all of them. It can run again, and reads the
// files anew. A file that is not there ends it with an error that matches stream.ErrMissing and
// fs.ErrNotExist, after the rows of those before it; no paths is an empty stream.
func (s *Schema[T]) NDJSONFiles(paths []string, opts Options) stream.Seq[T] {
	return s.files("NDJSONFiles", paths, FormatNDJSON, opts)
}

// CSVFiles is CSV over files, each with its own header; see NDJSONFiles.
func (s *Schema[T]) CSVFiles(paths []string, opts Options) stream.Seq[T] {
	return s.files("CSVFiles", paths, FormatCSV, opts)
}

func (s *Schema[T]) files(fn string, paths []string, format Format, opts Options) stream.Seq[T] {
	paths = slices.Clone(paths)
	return s.seq(fn, opts, func(p *pass) bool {
		in := s.input(p)
		for _, path := range paths {
			if !in.file(path, format) {
				return false
			}
		}
		return true
	})
}

func (s *Schema[T]) reader(fn string, r io.Reader, format Format, opts Options) stream.Seq[T] {
	if r == nil {
		panic("validate: " + fn + ": nil reader")
	}
	name := opts.Name
	if named, ok := r.(interface{ Name() string }); ok && name == "" {
		name = named.Name()
	}
	if name == "" {
		name = "input"
	}
	var used atomic.Bool
	return s.seq(fn, opts, func(p *pass) bool {
		if used.Swap(true) {
			p.err = fmt.Errorf("validate: %s: %s: %w", fn, name, stream.ErrConsumed)
			return false
		}
		return s.input(p).read(name, r, format)
	})
}

// input reads any number of inputs into one pass.
type input struct {
	p      *pass
	row    *jsonRow
	csv    func() *csvTable
	opened func(name string, r io.Reader) bool // of a sketch: takes the place of read
}

func (s *Schema[T]) input(p *pass) *input {
	return &input{
		p:   p,
		row: newJSONRow(s.root, s.nodes, len(s.fields), p.st, &p.opts, p.set),
		csv: func() *csvTable { return &csvTable{p: p, fields: s.fields, byName: s.byName} },
	}
}

func (in *input) file(path string, format Format) (ok bool) {
	in.p.name = path
	file, err := os.Open(path)
	if err != nil {
		se := &SourceError{Name: path, Err: err}
		if errors.Is(err, fs.ErrNotExist) {
			se.Class = stream.ErrMissing
		}
		in.p.err = se
		return false
	}
	defer func() {
		if err := file.Close(); err != nil && in.p.err == nil {
			in.p.err = &SourceError{Name: path, Err: err}
			ok = false
		}
	}()
	if in.opened != nil {
		return in.opened(path, file)
	}
	return in.read(path, file, format)
}

func (in *input) read(name string, r io.Reader, format Format) bool {
	p := in.p
	p.name = name
	if p.opts.Stats != nil {
		p.opts.Stats.files.Add(1)
	}
	plain, done, err := inflate(name, r, p.opts.Stats)
	f := newFeed(name, plain, p.opts.Stats)
	if err != nil {
		f.err = err
		return p.ended(f)
	}
	defer done()
	p.see(spanOther, 0, int64(f.skipBOM()))
	comma := p.opts.Dialect.Comma
	if format == FormatAuto {
		format = sniffFormat(f)
		if format == FormatCSV && comma == 0 {
			comma = sniffComma(f, p.opts.Dialect.Comment)
		}
	}
	if format == FormatNDJSON {
		return readNDJSON(p, f, in.row)
	}
	if comma == 0 {
		comma = ','
	}
	return in.csv().read(f, comma)
}

// sniffSize bounds how far FormatAuto looks ahead.
const sniffSize = 64 << 10

// sniffFormat looks at the first character that is not space.
func sniffFormat(f *feed) Format {
	for {
		u := f.unread()
		if i := skipSpace(u, 0); i < len(u) {
			if u[i] == '{' || u[i] == '[' {
				return FormatNDJSON
			}
			return FormatCSV
		}
		if len(u) >= sniffSize || !f.more() {
			return FormatCSV
		}
	}
}

// sniffComma counts the usual delimiters outside quotes in the first line that is neither blank nor a comment.
func sniffComma(f *feed, comment byte) byte {
	const candidates = ",\t;|"
	seen := 0
	for {
		u := f.unread()
		for seen < len(u) {
			end := seen
			for end < len(u) && u[end] != '\n' {
				end++
			}
			if end == len(u) && len(u) < sniffSize && f.err == nil {
				break // the line may go on
			}
			line := u[seen:end]
			if skipSpace(line, 0) == len(line) || comment != 0 && line[0] == comment {
				seen = min(end+1, len(u))
				continue
			}
			var counts [len(candidates)]int
			quoted := false
			for _, ch := range line {
				if ch == '"' {
					quoted = !quoted
				}
				for i := range candidates {
					if !quoted && ch == candidates[i] {
						counts[i]++
					}
				}
			}
			best := 0
			for i := range counts {
				if counts[i] > counts[best] {
					best = i
				}
			}
			return candidates[best]
		}
		if len(u) >= sniffSize || !f.more() && seen >= len(f.unread()) {
			return ','
		}
	}
}
