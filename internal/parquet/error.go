package parquet

import (
	"fmt"
	"strings"
)

// Kind says what is the matter with a file.
type Kind uint8

const (
	// Corrupt: bytes that cannot be what they claim to be.
	Corrupt Kind = iota
	// Unsupported: well-formed, as far as can be seen, but beyond this version.
	Unsupported
	// IO: the file could not be read or written.
	IO
)

// Error is what every function of this package returns.
type Error struct {
	Kind     Kind
	Column   string // its path, dot-separated; empty: the file
	RowGroup int    // -1: the footer
	Offset   int64  // of the page or footer in the file; -1: unknown
	Msg      string
	Err      error // the cause, if there is one
}

// Error says where, then what.
func (e *Error) Error() string {
	var b strings.Builder
	if e.RowGroup >= 0 {
		fmt.Fprintf(&b, "row group %d, ", e.RowGroup)
	}
	if e.Column != "" {
		fmt.Fprintf(&b, "column %s, ", e.Column)
	}
	if e.Offset >= 0 {
		fmt.Fprintf(&b, "at byte %d, ", e.Offset)
	}
	where := strings.TrimSuffix(b.String(), ", ")
	if where != "" {
		where += ": "
	}
	if e.Err != nil {
		if e.Msg == "" {
			return where + e.Err.Error()
		}
		return where + e.Msg + ": " + e.Err.Error()
	}
	return where + e.Msg
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// fault is an error whose place is filled in by whoever knows it (locate).
func fault(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, RowGroup: -1, Offset: -1, Msg: fmt.Sprintf(format, args...)}
}

func corrupt(format string, args ...any) *Error { return fault(Corrupt, format, args...) }

func unsupported(format string, args ...any) *Error { return fault(Unsupported, format, args...) }

// ioFault wraps a failed read or write.
func ioFault(err error) *Error { return &Error{Kind: IO, RowGroup: -1, Offset: -1, Err: err} }

// caught turns a panic in decoding into an error. There should be none; a reader of hostile bytes does not
// bet a process on it.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = corrupt("decoding panicked: %v", r)
	}
}
