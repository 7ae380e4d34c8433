// Package eventtime counts event times in nanoseconds since 1970, as all state of event time does: an int64 compares,
// subtracts and is written in one way, where a time.Time has many forms of one instant.
package eventtime

import (
	"math"
	"time"
)

// The int64 ends in the years 1677 and 2262. These are the first and the last second that fit as a whole.
const (
	FirstSecond = -9_223_372_036
	LastSecond  = 9_223_372_035
)

// Nanos gives t in nanoseconds since 1970, and whether it can be said so.
func Nanos(t time.Time) (ns int64, ok bool) {
	sec := t.Unix()
	if sec < FirstSecond || sec > LastSecond {
		return 0, false
	}
	return sec*int64(time.Second) + int64(t.Nanosecond()), true
}

// Within is Nanos with all that is out of range at its end.
func Within(t time.Time) int64 {
	switch sec := t.Unix(); {
	case sec < FirstSecond:
		return math.MinInt64
	case sec > LastSecond:
		return math.MaxInt64
	default:
		return sec*int64(time.Second) + int64(t.Nanosecond())
	}
}

// Instant is the time.Time of ns, in UTC: equal instants come in many zones, and what comes out must not depend on
// which of them came in.
func Instant(ns int64) time.Time { return time.Unix(0, ns).UTC() }
