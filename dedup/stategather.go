package dedup

import (
	"reflect"
	"slices"
)

// KeepMerge in a State: beside the best row of an entry stands what else is known of its key (see gathered), and a meeting
// joins the two. What survives, and what changes tell of, is the row made of it all.

// more is what is known beside the row of entry i; nil: nothing.
func (e *entries[T, K]) more(i int) *more[T] {
	if e.p.merge == nil {
		return nil
	}
	return *e.mores.at(i)
}

// outcome is the row of entry i as it comes out. It is good until the next.
func (s *State[T, K]) outcome(i int) *T {
	return s.finished(s.entries.row(i), s.entries.more(i))
}

// finished is a row as it comes out, with what is known beside it. It is good until the next.
func (s *State[T, K]) finished(row *T, beside *more[T]) *T {
	p := s.plan()
	if p.merge == nil {
		return row
	}
	s.meeting[0] = gathered[T]{Best: *row, More: beside}
	p.merge.finish(&s.meeting[0])
	return &s.meeting[0].Best
}

// gather joins s.row, which stood at position, with entry i, whose row it met: won says that it is the better one.
func (s *State[T, K]) gather(i int, position int64, isEarlier, won bool) (contestOutcome, error) {
	p := s.plan()
	heldAt, isNull := s.entries.position(i), s.facts.at(i).null
	if p.o.Retract {
		if err := s.change(Retracted, s.outcome(i), heldAt, isNull); err != nil {
			return contestLost, err
		}
	}
	held, came := &s.meeting[0], &s.meeting[1]
	*held = gathered[T]{Best: *s.entries.row(i), More: s.entries.more(i)}
	*came = gathered[T]{Best: s.row, More: s.rowMore}
	before := p.moreSize(held.More)
	if isEarlier {
		p.merge.join(came, held, position, heldAt, !won)
	} else {
		p.merge.join(held, came, heldAt, position, won)
	}
	kept, at, outcome := held, heldAt, contestLost
	if won {
		kept, at, outcome = came, position, contestWon
	}
	if s.account != nil {
		if err := s.where(s.rebook(p.moreSize(kept.More) - before)); err != nil {
			return contestLost, err
		}
	}
	if err := s.where(s.replaceRow(i, &kept.Best)); err != nil {
		return contestLost, err
	}
	s.claims.at(i).position = at
	*s.mores.at(i) = kept.More
	if p.o.Changes != nil {
		return outcome, s.change(Updated, s.outcome(i), at, isNull)
	}
	return outcome, nil
}

// moreSize is what m holds, where memory is bounded.
func (p *statePlan[T]) moreSize(m *more[T]) int64 {
	if m == nil || !p.booked {
		return 0
	}
	n := int64(reflect.TypeFor[more[T]]().Size()) + int64(cap(m.Donors))*int64(reflect.TypeFor[donor[T]]().Size())
	if p.size != nil {
		n += m.heldByTotals(p.size)
		for i := range m.Donors {
			n += p.size(&m.Donors[i].Row)
		}
	}
	return n
}

// moved is a copy of m with all positions later by offset, that may be joined while m stays as it is.
func (p *statePlan[T]) moved(m *more[T], offset int64) *more[T] {
	if m == nil {
		return nil
	}
	c := *m
	p.merge.ownTotals(&c)
	c.held = 0
	c.Donors = slices.Clone(m.Donors)
	for i := range c.Donors {
		c.Donors[i].Position += offset
	}
	return &c
}
