package session

import (
	"cmp"
	"time"
)

// instant is a point of event time, exact for every time.Time: int64 nanoseconds would end in the years
// 1677 and 2262, and time.Time.Sub saturates at 292 years.
type instant struct {
	sec  int64 // seconds since 1970-01-01 00:00:00 UTC
	nsec int32 // nanoseconds inside that second, [0, 1e9)
}

func instantOf(t time.Time) instant {
	return instant{sec: t.Unix(), nsec: int32(t.Nanosecond())}
}

func (a instant) before(b instant) bool {
	return a.sec < b.sec || a.sec == b.sec && a.nsec < b.nsec
}

func (a instant) compare(b instant) int {
	if c := cmp.Compare(a.sec, b.sec); c != 0 {
		return c
	}
	return cmp.Compare(a.nsec, b.nsec)
}

// time gives the instant back, in UTC: equal instants come in many zones, and the output must not depend on
// which of them came first.
func (a instant) time() time.Time { return time.Unix(a.sec, int64(a.nsec)).UTC() }

// gapRule is the boundary: which distance between two events of one key splits them.
type gapRule struct {
	sec     uint64 // whole seconds of the gap
	nsec    int32  // the rest, [0, 1e9)
	atLeast bool   // a distance of exactly the gap splits
}

// newGapRule needs a positive gap.
func newGapRule(gap time.Duration, atLeast bool) gapRule {
	return gapRule{sec: uint64(gap / time.Second), nsec: int32(gap % time.Second), atLeast: atLeast}
}

// splits reports whether b is too far after a to share its session. b must not be before a.
//
// The distance of two int64 needs 65 bits with a sign; as b >= a, the unsigned difference is exact.
func (r gapRule) splits(a, b instant) bool {
	sec, nsec := uint64(b.sec)-uint64(a.sec), b.nsec-a.nsec
	if nsec < 0 {
		sec, nsec = sec-1, nsec+1e9
	}
	if sec != r.sec {
		return sec > r.sec
	}
	if nsec != r.nsec {
		return nsec > r.nsec
	}
	return r.atLeast
}
