package session

import (
	"fmt"
	"time"
)

// Session is one visit of one key: a longest run of its events without a gap between neighbours.
type Session[K comparable] struct {
	Key    K         // as first seen, where equal keys can differ (-0 and 0)
	ID     ID        // a function of Key, Start, Ordinal and Options.Salt, and of nothing else
	Start  time.Time // of the first event, in UTC
	End    time.Time // of the last event, in UTC; inclusive: nothing is added for the gap
	Events int       // at least 1
	Reason Reason    // why it ended

	// Ordinal is the number of sessions of the key before this one that begin at the same time: 0, unless events of
	// one time were split.
	Ordinal int
	// Revision is 0, but for a session with events of one that was taken back: then it is one more than that one's.
	Revision int
	// Retracted takes back the session that was given out with the same ID and Revision: count it off. There are such
	// only with Options.Lateness and Options.EveryChange.
	Retracted bool
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
	// ReasonMidnight: the next event of the key is of another day (Options.Midnight).
	ReasonMidnight
	// ReasonAttribute: the attribute of the next event is another (Options.SplitBy).
	ReasonAttribute
	// ReasonSplit: the predicate split it from the next event (Options.SplitWhen).
	ReasonSplit
	// ReasonLength: with the next event it would be longer than Options.MaxLength.
	ReasonLength
	// ReasonEvents: it had Options.MaxEvents when the next event came.
	ReasonEvents
)

// String gives "gap", "end of input", "midnight", "attribute", "split", "length" or "events".
func (r Reason) String() string {
	switch r {
	case ReasonGap:
		return "gap"
	case ReasonEnd:
		return "end of input"
	case ReasonMidnight:
		return "midnight"
	case ReasonAttribute:
		return "attribute"
	case ReasonSplit:
		return "split"
	case ReasonLength:
		return "length"
	case ReasonEvents:
		return "events"
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}
