package session

import (
	"cmp"
	"math"
	"time"

	"github.com/millrace-go/millrace/internal/eventtime"
)

// instant is a point of event time, in nanoseconds since 1970. What is outside the years 1677 to 2262 has none and is
// rejected, so that an event costs 8 bytes and its comparison one instruction.
type instant int64

// instantOf gives the instant of t; ok is false where t is out of range.
func instantOf(t time.Time) (at instant, ok bool) {
	ns, ok := eventtime.Nanos(t)
	return instant(ns), ok
}

func (a instant) before(b instant) bool { return a < b }

func (a instant) compare(b instant) int { return cmp.Compare(a, b) }

// time gives the instant back, in UTC: equal instants come in many zones, and the output must not depend on
// which of them came first.
func (a instant) time() time.Time { return eventtime.Instant(int64(a)) }

// unix gives the seconds since 1970 and the nanoseconds inside that second, [0, 1e9).
func (a instant) unix() (sec, nsec uint64) {
	s, n := int64(a)/1e9, int64(a)%1e9
	if n < 0 {
		s, n = s-1, n+1e9
	}
	return uint64(s), uint64(n)
}

// plus is the instant d nanoseconds later, d not negative, or the last one of all: where the sum passes that, every
// event is before it, as every event would be before the sum.
func (a instant) plus(d int64) instant {
	if a > instant(math.MaxInt64-d) {
		return math.MaxInt64
	}
	return a + instant(d)
}

// gapRule is the boundary: which distance between two events of one key splits them.
type gapRule struct {
	gap     uint64 // nanoseconds
	atLeast bool   // a distance of exactly the gap splits
}

// newGapRule needs a positive gap.
func newGapRule(gap time.Duration, atLeast bool) gapRule {
	return gapRule{gap: uint64(gap), atLeast: atLeast}
}

// splits reports whether b is too far after a to share its session. b must not be before a.
//
// The distance of two int64 needs 65 bits with a sign; as b >= a, the unsigned difference is exact.
func (r gapRule) splits(a, b instant) bool {
	d := uint64(b) - uint64(a)
	return d > r.gap || r.atLeast && d == r.gap
}
