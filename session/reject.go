package session

import "fmt"

// Reject is an event that belongs to no session, and why.
type Reject[T any] struct {
	Event    T
	Position int // in the input, from 0, rejects counted
	Reason   RejectReason
	Err      error // what is wrong with the key, for RejectKey; otherwise nil
}

// RejectReason says why an event belongs to no session.
type RejectReason uint8

const (
	// RejectNullKey: Options.NullKey said so.
	RejectNullKey RejectReason = 1 + iota
	// RejectNullTime: Options.NullTime said so.
	RejectNullTime
	// RejectKey: an interface inside the key holds a value that cannot be compared, such as a slice.
	RejectKey
)

// String gives "null key", "null time" or "bad key".
func (r RejectReason) String() string {
	switch r {
	case RejectNullKey:
		return "null key"
	case RejectNullTime:
		return "null time"
	case RejectKey:
		return "bad key"
	}
	return fmt.Sprintf("RejectReason(%d)", uint8(r))
}
