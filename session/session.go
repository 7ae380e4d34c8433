package session

import (
	"fmt"
	"time"
)

// Session is one visit of one key: a longest run of its events without a gap between neighbours.
type Session[K comparable] struct {
	Key    K         // as first seen, where equal keys can differ (-0 and 0)
	ID     ID        // a function of Key, Start and Options.Salt, and of nothing else
	Start  time.Time // of the first event, in UTC
	End    time.Time // of the last event, in UTC; inclusive: nothing is added for the gap
	Events int       // at least 1
	Reason Reason    // why it ended
}

// Length is the time from the first event to the last, zero for a single event. It is exact up to 292
// years, where time.Duration ends, and saturates there.
func (s Session[K]) Length() time.Duration { return s.End.Sub(s.Start) }

// Folded is a Session with what a stream.Fold made of its events.
type Folded[K comparable, A any] struct {
	Session[K]
	Value A // the accumulator, which is the consumer's from here on
}

// Reason says why a session ended.
type Reason uint8

const (
	// ReasonGap: the input has an event, of any key, farther after End than the gap allows. In an input
	// that is in order the session is final.
	ReasonGap Reason = 1 + iota
	// ReasonEnd: the input ended first. The latest event of the whole input is within the gap of End, so
	// an event of the next input may still belong here.
	ReasonEnd
)

// String gives "gap" or "end of input".
func (r Reason) String() string {
	switch r {
	case ReasonGap:
		return "gap"
	case ReasonEnd:
		return "end of input"
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}
