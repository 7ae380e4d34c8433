package session

import (
	"cmp"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/table"
)

// output turns spans into sessions and knows their order. The engines are generic in nothing; the key comes
// back here.
type output[K comparable] struct {
	hasher *hash.Hasher[K]
	keys   *table.Table[K]
	rule   gapRule
	salt   uint64
	latest instant // event time of the latest event; math.MinInt64: there is none
	any    bool    // an event was seen
}

// compare is the order of every engine: by end, as sessions close; then by start; then by the 128-bit hash
// of the key. None of these depends on the order of the input. Two keys that agree in all 128 bits come in
// the order in which they were first seen.
func (o *output[K]) compare(a, b *span) int {
	if c := a.end().compare(b.end()); c != 0 {
		return c
	}
	if c := a.start().compare(b.start()); c != 0 {
		return c
	}
	if c := cmp.Compare(o.keys.HashAt(a.key), o.keys.HashAt(b.key)); c != 0 {
		return c
	}
	if c := cmp.Compare(o.hash2(a.key), o.hash2(b.key)); c != 0 {
		return c
	}
	return cmp.Compare(a.key, b.key)
}

func (o *output[K]) hash2(key int) uint64 { return o.hasher.Hash(o.keys.Key(key), seedKey2) }

// session gives a span its key, ID and reason. latest must be known.
func (o *output[K]) session(s *span) Session[K] {
	reason := ReasonEnd
	if o.rule.splits(s.end(), o.latest) {
		reason = ReasonGap
	}
	return Session[K]{
		Key:    *o.keys.Key(s.key),
		ID:     idOf(o.keys.HashAt(s.key), o.hash2(s.key), s.start(), o.salt),
		Start:  s.start().time(),
		End:    s.end().time(),
		Events: s.count,
		Reason: reason,
	}
}

// see keeps latest, which starts at the first event.
func (o *output[K]) see(at instant) {
	if !o.any || o.latest.before(at) {
		o.latest, o.any = at, true
	}
}
