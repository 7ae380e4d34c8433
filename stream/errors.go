package stream

import (
	"errors"
	"fmt"
)

// The class sentinels tell apart what needs a human from what needs a retry. Every typed error of this
// module matches at most one of them with errors.Is, whichever package it comes from.
var (
	// ErrMissing: an input that was asked for does not exist. The caller may skip it.
	ErrMissing = errors.New("missing")
	// ErrTransient: the same call may succeed later. Retry with backoff.
	ErrTransient = errors.New("transient failure")
	// ErrCorrupt: bytes that cannot be what they claim to be. Raise; a retry reads the same bytes.
	ErrCorrupt = errors.New("corrupt input")
	// ErrSchema: well-formed data of another shape than asked for. Raise.
	ErrSchema = errors.New("schema mismatch")
	// ErrLimit: a bound the caller set (memory, line length, open files) would be exceeded. Raise it.
	ErrLimit = errors.New("limit exceeded")
	// ErrThreshold: too many bad rows, or a quality check that failed. Raise.
	ErrThreshold = errors.New("threshold exceeded")
	// ErrConflict: two things that must agree do not (sorted order, tie rule, lengths, configurations).
	ErrConflict = errors.New("conflict")
	// ErrConsumed: a single-use source was asked to run a second time.
	ErrConsumed = errors.New("source already consumed")
	// ErrSourceChanged: a source that is read twice was not the same the second time (contract E6). Read it
	// from something that stands still: a snapshot, a closed file.
	ErrSourceChanged = errors.New("source changed between two passes")
)

// OptionError reports a contradictory or out-of-range option (contract E11). A constructor returns it;
// a function that returns only a Seq yields it first, before it touches its source.
type OptionError struct {
	Package string // "stream", "dedup", ...
	Func    string // the function whose options are wrong, "Batch"
	Option  string // the field or parameter, "size"
	Got     any    // what it was
	Want    string // what it must be, "positive"
}

// Error says which option of which function is wrong, what it was, and what it must be.
func (e *OptionError) Error() string {
	return fmt.Sprintf("%s: %s: %s must be %s, got %v", e.Package, e.Func, e.Option, e.Want, e.Got)
}

// LimitError reports that a bound the caller set was reached. It matches ErrLimit.
type LimitError struct {
	Where string // what was running, "stream: Aggregate"
	What  string // what is bounded, with its unit, "bytes of live state"
	Limit int64  // the bound
	Need  int64  // what would have been needed; 0 when unknown
}

// Error says what was bounded, where, and what was needed.
func (e *LimitError) Error() string {
	if e.Need > 0 {
		return fmt.Sprintf("%s: %s: limit is %d, need %d: %v", e.Where, e.What, e.Limit, e.Need, ErrLimit)
	}
	return fmt.Sprintf("%s: %s: limit is %d: %v", e.Where, e.What, e.Limit, ErrLimit)
}

// Unwrap gives ErrLimit.
func (e *LimitError) Unwrap() error { return ErrLimit }
