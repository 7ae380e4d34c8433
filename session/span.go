package session

// span is what the engines know of a session, or of a part of one: the hull of some events of one key, no
// two neighbours of which are split. It is 32 bytes on 64-bit machines.
//
// Invariants: from is not after to; count is at least 1.
type span struct {
	from, to instant // of the first event and of the last
	key      int     // dense index of the key in the table
	count    int     // events
}

func spanOf(key int, at instant) span { return span{from: at, to: at, key: key, count: 1} }

func (s *span) start() instant { return s.from }

func (s *span) end() instant { return s.to }

func (s *span) setEnd(t instant) { s.to = t }

// join adds one event of the same key if it lies inside or within the gap of either end, and reports
// whether it did.
func (s *span) join(t instant, r gapRule) bool {
	switch {
	case t < s.from:
		if r.splits(t, s.from) {
			return false
		}
		s.from = t
	case s.to < t:
		if r.splits(s.to, t) {
			return false
		}
		s.to = t
	}
	s.count++
	return true
}

// absorb merges o, which is of the same key and does not start before s, if they are not split, and reports
// whether it did.
func (s *span) absorb(o *span, r gapRule) bool {
	if s.to < o.from && r.splits(s.to, o.from) {
		return false
	}
	s.to = max(s.to, o.to)
	s.count += o.count
	return true
}

// compareStart orders spans by start.
func (s *span) compareStart(o *span) int { return s.from.compare(o.from) }
