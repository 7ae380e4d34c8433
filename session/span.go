package session

// span is what the engines know of a session, or of a part of one: the hull of some events of one key, no
// two neighbours of which are split. It is 40 bytes on 64-bit machines; two instants as such would make 56.
//
// Invariants: start is not after end; count is at least 1.
type span struct {
	startSec, endSec   int64
	startNsec, endNsec int32
	key                int // dense index of the key in the table
	count              int // events
}

func spanOf(key int, at instant) span {
	return span{startSec: at.sec, startNsec: at.nsec, endSec: at.sec, endNsec: at.nsec, key: key, count: 1}
}

func (s *span) start() instant { return instant{s.startSec, s.startNsec} }

func (s *span) end() instant { return instant{s.endSec, s.endNsec} }

func (s *span) setStart(t instant) { s.startSec, s.startNsec = t.sec, t.nsec }

func (s *span) setEnd(t instant) { s.endSec, s.endNsec = t.sec, t.nsec }

// join adds one event of the same key if it lies inside or within the gap of either end, and reports
// whether it did.
func (s *span) join(t instant, r gapRule) bool {
	switch {
	case t.before(s.start()):
		if r.splits(t, s.start()) {
			return false
		}
		s.setStart(t)
	case s.end().before(t):
		if r.splits(s.end(), t) {
			return false
		}
		s.setEnd(t)
	}
	s.count++
	return true
}

// absorb merges o, which is of the same key and does not start before s, if they are not split, and reports
// whether it did.
func (s *span) absorb(o *span, r gapRule) bool {
	if s.end().before(o.start()) && r.splits(s.end(), o.start()) {
		return false
	}
	if s.end().before(o.end()) {
		s.setEnd(o.end())
	}
	s.count += o.count
	return true
}

// compareStart orders spans by start.
func (s *span) compareStart(o *span) int { return s.start().compare(o.start()) }
