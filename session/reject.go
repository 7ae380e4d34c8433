package session

import (
	"fmt"
	"time"

	"github.com/millrace-go/millrace/internal/eventtime"
	"github.com/millrace-go/millrace/stream"
)

// Reject is an event that belongs to no session, and why.
type Reject[T any] struct {
	Event    T            // as it came
	Position int64        // in the input, from 0, rejects counted
	Reason   RejectReason // what it lacks
	Err      error        // *KeyError for RejectKey, *stream.TimeError for RejectTime, *GapError for RejectGap, otherwise nil
}

// RejectReason says why an event belongs to no session.
type RejectReason uint8

const (
	// RejectNullKey: Options.NullKey said so.
	RejectNullKey RejectReason = 1 + iota
	// RejectNullTime: Options.NullTime said so.
	RejectNullTime
	// RejectKey: the key cannot be used; Reject.Err says why.
	RejectKey
	// RejectTime: the time is outside the years 1677 to 2262; Reject.Err says so.
	RejectTime
	// RejectGap: Options.GapOf gave a gap that is not positive, or longer than the gap of the call; Reject.Err says so.
	RejectGap
)

// String gives "null key", "null time", "bad key", "bad time" or "bad gap".
func (r RejectReason) String() string {
	switch r {
	case RejectNullKey:
		return "null key"
	case RejectNullTime:
		return "null time"
	case RejectKey:
		return "bad key"
	case RejectTime:
		return "bad time"
	case RejectGap:
		return "bad gap"
	}
	return fmt.Sprintf("RejectReason(%d)", uint8(r))
}

// KeyError reports an event whose key cannot be used: an interface inside it holds something that cannot be
// compared (a slice, a map, a func) or has no stable value (a pointer, a channel). It matches
// stream.ErrSchema.
type KeyError struct {
	Func     string // "ByGap", "Intervals", "Run", "Tag" or "State"
	Position int64  // of the event, from 0, rejects counted
	Err      error  // what is wrong with its key
}

// Error says which event has the key, and what is wrong with it.
func (e *KeyError) Error() string {
	return fmt.Sprintf("session: %s: key of event %d: %v: %v", e.Func, e.Position, e.Err, stream.ErrSchema)
}

// Unwrap gives stream.ErrSchema and the cause.
func (e *KeyError) Unwrap() []error { return []error{stream.ErrSchema, e.Err} }

// timeError reports an event whose time is out of range.
func timeError(fn string, position int64, at time.Time) error {
	return &stream.TimeError{Package: "session", Func: fn, Index: position, Time: at,
		From: time.Unix(eventtime.FirstSecond, 0).UTC(), To: time.Unix(eventtime.LastSecond, 0).UTC()}
}

// GapError reports an event whose own gap cannot be used: it is not positive, or longer than the gap of the call. It
// matches stream.ErrSchema.
type GapError struct {
	Func     string        // "Intervals", "Run", "Tag" or "State"
	Position int64         // of the event, from 0, rejects counted
	Gap      time.Duration // what Options.GapOf gave
	Most     time.Duration // the gap of the call
}

// Error says which event it is, its gap, and what that may be.
func (e *GapError) Error() string {
	return fmt.Sprintf("session: %s: gap of event %d is %s, want positive and at most %s: %v", e.Func, e.Position, e.Gap, e.Most, stream.ErrSchema)
}

// Unwrap gives stream.ErrSchema.
func (e *GapError) Unwrap() error { return stream.ErrSchema }
