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
	Err      error        // *KeyError for RejectKey, *stream.TimeError for RejectTime, otherwise nil
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
)

// String gives "null key", "null time", "bad key" or "bad time".
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
	}
	return fmt.Sprintf("RejectReason(%d)", uint8(r))
}

// KeyError reports an event whose key cannot be used: an interface inside it holds something that cannot be
// compared (a slice, a map, a func) or has no stable value (a pointer, a channel). It matches
// stream.ErrSchema.
type KeyError struct {
	Func     string // "ByGap", "Intervals" or "Run"
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
