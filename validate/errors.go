package validate

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxGot bounds what an error quotes of a bad value, in bytes.
const maxGot = 64

// masked stands for a value that must not be shown.
const masked = "***"

// FieldError is one thing wrong with one row.
type FieldError struct {
	Path   string `json:"path,omitempty"` // the field, dotted where it is nested; empty: the whole row
	Code   Code   `json:"code"`           // what is wrong
	Offset int    `json:"offset"`         // byte offset in the row where the value or the fault begins; -1: nowhere (missing)
	Got    string `json:"got"`            // what was found, cut at 64 bytes; *** where the schema hides it
	Want   string `json:"want"`           // what the schema asks for
}

// Error says which field is wrong, how, and where in the row.
func (e FieldError) Error() string {
	b := make([]byte, 0, 128)
	if e.Path != "" {
		b = append(append(b, e.Path...), ": "...)
	}
	b = append(append(b, e.Code...), ": got "...)
	b = append(append(append(b, e.Got...), ", want "...), e.Want...)
	if e.Offset >= 0 {
		b = strconv.AppendInt(append(b, " at byte "...), int64(e.Offset), 10)
	}
	return string(b)
}

// Unwrap gives the class of the code: stream.ErrSchema, ErrCorrupt or ErrLimit.
func (e FieldError) Unwrap() error { return e.Code.Class() }

// RejectError is the terminal error of a stream without a quarantine: its first bad row. Parse returns it
// too. It matches the class of the row's first error (Code.Class).
type RejectError struct {
	Reject Reject       // the row, as the quarantine would have got it
	Errors []FieldError // all that is wrong with it, at most Options.MaxErrors
}

// Error says where the row is and everything that is wrong with it.
func (e *RejectError) Error() string {
	var b strings.Builder
	b.WriteString("validate: ")
	b.WriteString(e.Reject.place())
	for i, fe := range e.Errors {
		if i == 3 && len(e.Errors) > 4 {
			fmt.Fprintf(&b, "; and %d more", len(e.Errors)-i)
			break
		}
		if i > 0 {
			b.WriteByte(';')
		} else {
			b.WriteByte(':')
		}
		b.WriteByte(' ')
		b.WriteString(fe.Error())
	}
	b.WriteString(": ")
	b.WriteString(e.Unwrap().Error())
	return b.String()
}

// Unwrap gives the class of the first error.
func (e *RejectError) Unwrap() error { return e.Reject.Code.Class() }

// SourceError is an input that could not be read to its end. It matches stream.ErrMissing for a file that is
// not there, stream.ErrCorrupt for a broken gzip or zstd stream, and the cause: fs.ErrNotExist,
// io.ErrUnexpectedEOF, whatever the reader returned.
type SourceError struct {
	Name   string // the input
	Offset int64  // decompressed bytes that were delivered before
	Err    error  // the cause
	Class  error  // a class sentinel of package stream, or nil
}

// Error says which input failed, after how many bytes, and why.
func (e *SourceError) Error() string {
	s := fmt.Sprintf("validate: %s: byte %d: %v", e.Name, e.Offset, e.Err)
	if e.Class != nil {
		s += ": " + e.Class.Error()
	}
	return s
}

// Unwrap gives the cause and the class.
func (e *SourceError) Unwrap() []error {
	if e.Class == nil {
		return []error{e.Err}
	}
	return []error{e.Class, e.Err}
}

// HeaderError is a CSV header that the schema cannot be mapped to. It matches stream.ErrSchema.
type HeaderError struct {
	Name      string   // the input
	Line      int64    // of the header
	Missing   []string // required fields without a column
	Ambiguous []string // fields with several columns (a name twice, or a name and its alias)
	Unknown   []string // columns that the schema does not know, under Unknown: Quarantine
	Got       []string // the header as it stands
	Err       error    // set instead where the header line itself is malformed
}

// Error names the columns at fault and shows the header.
func (e *HeaderError) Error() string {
	var parts []string
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	if len(e.Missing) > 0 {
		parts = append(parts, "no column for required "+strings.Join(e.Missing, ", "))
	}
	if len(e.Ambiguous) > 0 {
		parts = append(parts, "several columns for "+strings.Join(e.Ambiguous, ", "))
	}
	if len(e.Unknown) > 0 {
		parts = append(parts, "unknown columns "+strings.Join(e.Unknown, ", "))
	}
	got := fmt.Sprintf("%q", e.Got)
	if len(got) > 300 {
		got = string(cutText([]byte(got), 300)) + "..."
	}
	return fmt.Sprintf("validate: %s:%d: header: %s: got %s: %v", e.Name, e.Line, strings.Join(parts, "; "), got, e.Unwrap())
}

// Unwrap gives the class: stream.ErrSchema, or that of a malformed header line.
func (e *HeaderError) Unwrap() error {
	if fe, ok := e.Err.(FieldError); ok {
		return fe.Code.Class()
	}
	return CodeMissing.Class()
}

// appendQuoted quotes text for a message, cut at maxGot bytes.
func appendQuoted(dst, text []byte) []byte {
	if len(text) <= maxGot {
		return strconv.AppendQuote(dst, string(text))
	}
	dst = strconv.AppendQuote(dst, string(cutText(text, maxGot)))
	return append(dst, "..."...)
}

// cutText returns the longest prefix of at most n bytes that does not split a character.
func cutText(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	for i := n; i > n-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(text[i]) {
			return text[:i]
		}
	}
	return text[:n]
}
