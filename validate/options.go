package validate

import (
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// UnknownPolicy says what to do with fields that the schema does not have.
type UnknownPolicy uint8

const (
	// Ignore checks that unknown fields are well formed, and passes over them.
	Ignore UnknownPolicy = iota
	// Quarantine rejects JSON rows with unknown fields (unknown_field), and CSV headers with unknown columns.
	Quarantine
)

// Options of every source. The zero value: no quarantine, so the first bad row ends the stream; unknown fields
// ignored; the defaults below.
type Options struct {
	Name       string              // of the input in positions; empty: the reader's Name(), else "input". Files have their paths
	Quarantine stream.Sink[Reject] // takes every bad row, before the next one is read; nil: the first bad row is the terminal error
	Limit      Limit               // when to stop on too many rejects; needs a Quarantine
	Unknown    UnknownPolicy       // fields that the schema does not have
	Dialect    Dialect             // of CSV
	Stats      *Stats              // counted into while the stream runs, if set

	AllowDuplicateKeys bool // take the last of repeated keys, as encoding/json does, rather than reject the row

	// MaxLine is how many bytes one row may have; longer ones are rejects (too_long) that are skipped, not held.
	// 0: 16 MiB; at most 1 GiB. The read buffer grows with the longest row, to at most about twice MaxLine.
	MaxLine int

	MaxRaw    int // bytes of a bad row that its Reject carries; 0: 64 KiB; negative: none
	MaxErrors int // errors recorded of one row; 0: 64
	MaxDepth  int // nesting of objects and arrays; deeper rows are rejects (too_deep). 0: 512; at most 10000

	observe func(span) // tests see every byte range as it is judged
}

// Dialect describes CSV that is not the RFC 4180 default.
type Dialect struct {
	Comma             byte     // between fields; 0: ',' (Read and ReadFiles find out: one of , ; | and tab)
	Comment           byte     // lines that begin with it are skipped; 0: none
	TrimSpace         bool     // cut spaces and tabs around fields and header names, outside their quotes too
	QuotedEmptyIsNull bool     // read "" as null like an empty field, rather than as the empty string
	Columns           []string // names of the columns of a file without a header line; nil: the first line is the header
}

const (
	defaultMaxLine   = 16 << 20
	defaultMaxRaw    = 64 << 10
	defaultMaxErrors = 64
	defaultMaxDepth  = 512
)

// check returns the options with their defaults filled in, or an *OptionError of function fn.
func (o Options) check(fn string) (Options, error) {
	bad := func(option string, got any, want string) error {
		return &stream.OptionError{Package: "validate", Func: fn, Option: option, Got: got, Want: want}
	}
	defaults := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	defaults(&o.MaxLine, defaultMaxLine)
	defaults(&o.MaxRaw, defaultMaxRaw)
	defaults(&o.MaxErrors, defaultMaxErrors)
	defaults(&o.MaxDepth, defaultMaxDepth)
	o.MaxRaw = max(o.MaxRaw, 0)
	switch {
	case o.MaxLine < 1 || o.MaxLine > 1<<30:
		return o, bad("MaxLine", o.MaxLine, "1 to 1073741824 bytes")
	case o.MaxErrors < 1:
		return o, bad("MaxErrors", o.MaxErrors, "positive")
	case o.MaxDepth < 1 || o.MaxDepth > 10000:
		return o, bad("MaxDepth", o.MaxDepth, "1 to 10000")
	case o.Unknown > Quarantine:
		return o, bad("Unknown", o.Unknown, "Ignore or Quarantine")
	case !(o.Limit.MaxRatio >= 0 && o.Limit.MaxRatio <= 1):
		return o, bad("Limit.MaxRatio", o.Limit.MaxRatio, "0 to 1")
	case o.Limit.MinRows < 0:
		return o, bad("Limit.MinRows", o.Limit.MinRows, "0 or positive")
	case o.Limit.MaxRows < 0:
		return o, bad("Limit.MaxRows", o.Limit.MaxRows, "0 or positive")
	case o.Limit.set() && o.Quarantine == nil:
		return o, bad("Quarantine", "nil", "set where a Limit is (to drop rejects, say why: stream.Discard)")
	}
	d := &o.Dialect
	for _, ch := range []struct {
		option string
		c      byte
	}{{"Dialect.Comma", d.Comma}, {"Dialect.Comment", d.Comment}} {
		if ch.c == '"' || ch.c == '\n' || ch.c == '\r' || ch.c >= 0x80 {
			return o, bad(ch.option, fmt.Sprintf("%q", ch.c), "an ASCII character other than quote and line end")
		}
	}
	if d.Comment != 0 && (d.Comment == d.Comma || d.Comma == 0 && d.Comment == ',') {
		return o, bad("Dialect.Comment", fmt.Sprintf("%q", d.Comment), "other than Comma")
	}
	if d.Columns != nil && len(d.Columns) == 0 {
		return o, bad("Dialect.Columns", "none", "nil or at least one name")
	}
	return o, nil
}
