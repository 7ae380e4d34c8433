package dedup

// Two rows of one key meet: by the ledger, as in every engine, with the later one in the input as the challenger,
// whichever came first. So the winner does not depend on the order in which rows are pushed or states are merged.

// contestOutcome says what became of the row that came, s.row.
type contestOutcome uint8

const (
	contestLost contestOutcome = iota // it was dropped
	contestTied                       // it was dropped, though nothing told the two apart, under TieFail
	contestWon                        // it took the place of the row held
)

// contest settles s.row, which stood at position and ties with the row at tied (-1: none), against that of entry i.
func (s *State[T, K]) contest(i int, position, tied int64) (contestOutcome, error) {
	p := s.plan()
	holder, heldAt := s.entries.row(i), s.entries.position(i)
	if p.eager { // the first pushed has survived
		var came *T
		if p.rows {
			came = &s.row
		}
		return s.contestEager(came, holder, position, heldAt, i)
	}
	isEarlier := position < heldAt
	challenger, other, at, otherAt := &s.row, holder, position, heldAt
	if isEarlier {
		challenger, other, at, otherAt = holder, &s.row, heldAt, position
	}
	outcome, err := s.meet(challenger, other, at, otherAt)
	if err != nil {
		return contestLost, err
	}
	if outcome == holderMatched && position == heldAt {
		outcome = holderStays // a copy of the row that is held, which does not tie with itself
	}
	if outcome == holderMatched && p.failsAtOnce() {
		return contestLost, s.tieError(i, otherAt, at)
	}
	won := isEarlier != (outcome == holderBeaten)
	s.settleTie(i, outcome, isEarlier, position, tied)
	if p.merge != nil {
		return s.gather(i, position, isEarlier, won)
	}
	if won {
		return contestWon, s.install(i, position)
	}
	if outcome == holderMatched {
		return contestTied, nil
	}
	return contestLost, nil
}

// failsAtOnce says that a tie ends the state when it is met: without comparators no later row settles it. Where rows survive
// by expiry those whose keys are over first are to come out before it, however far the watermark stays behind.
func (p *statePlan[T]) failsAtOnce() bool { return len(p.by) == 0 && p.ttl == 0 }

// contestEager drops a row whose key has survived.
func (s *State[T, K]) contestEager(came, holder *T, position, heldAt int64, i int) (contestOutcome, error) {
	outcome, err := s.meet(came, holder, position, heldAt)
	if err == nil && outcome == holderMatched && position != heldAt {
		err = s.tieError(i, min(heldAt, position), max(heldAt, position))
	}
	return contestLost, err
}

// settleTie notes for the winner of a contest which is the first row that ties with it, under TieFail. Ties are
// conflicts of an equivalence (see Options.Same), so that those of the loser are those of the winner where the two
// are the same, and where they are not, the loser itself is the first.
func (s *State[T, K]) settleTie(i int, outcome verdict, isEarlier bool, position, tied int64) {
	p := s.plan()
	if p.tie != TieFail {
		return
	}
	c := s.claims.at(i)
	first, later := c.tied, tied // of the earlier row, of the later
	laterAt := position
	if isEarlier {
		first, later, laterAt = tied, c.tied, c.position
	}
	switch {
	case outcome == holderBeaten: // the later one is better
		c.tied = later
	case outcome == holderMatched:
		c.tied = firstOf(first, laterAt)
	case position == c.position, // copies
		p.same != nil && s.nothingTells(s.entries.row(i), &s.row): // identical, or they would have matched
		c.tied = firstOf(first, later)
	default:
		c.tied = first
	}
}

// firstOf is the lesser of two positions of which -1 is none.
func firstOf(a, b int64) int64 {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// nothingTells says that no comparator tells two rows apart.
func (s *State[T, K]) nothingTells(a, b *T) bool {
	for i := range s.plan().by {
		if s.plan().by[i].compare(a, b) != 0 {
			return false
		}
	}
	return true
}

// install puts s.row in the place of the row of entry i.
func (s *State[T, K]) install(i int, position int64) error {
	p := s.plan()
	isNull := s.facts.at(i).null
	if p.o.Retract {
		if err := s.change(Retracted, s.entries.row(i), s.entries.position(i), isNull); err != nil {
			return err
		}
	}
	if err := s.replaceRow(i, &s.row); err != nil {
		return s.where(err)
	}
	s.claims.at(i).position = position
	if p.o.Changes != nil {
		return s.change(Updated, &s.row, position, isNull)
	}
	return nil
}

// repeatKey settles s.row, which stood at position, against entry i under KeepNone: none of them survives. cameSpent
// says that s.row is the first of several, which were dropped with it already.
func (s *State[T, K]) repeatKey(i int, position int64, cameSpent bool) error {
	p := s.plan()
	f := s.facts.at(i)
	row, first, at, firstAt := &s.row, s.entries.row(i), position, f.first
	isFirst := !f.spent
	switch {
	case cameSpent && f.spent: // both were dropped; what is left is to count that they are duplicates of each other
		s.stats.Duplicates++
		s.compareRows(row, first)
		return nil
	case cameSpent:
		row, first, at, firstAt = first, row, firstAt, at
		isFirst = false
	}
	if !f.spent && p.o.Changes != nil {
		if err := s.change(Deleted, s.entries.row(i), f.first, f.null); err != nil {
			return err
		}
	}
	if err := s.repeat(row, first, at, firstAt, isFirst); err != nil {
		return err
	}
	if !f.spent {
		s.waiting--
		f.spent = true
		if p.same == nil {
			s.let(i)
		}
	}
	return nil
}

// tieError names the key of entry i.
func (s *State[T, K]) tieError(i int, winnerAt, position int64) error {
	t := &TieError{WinnerPosition: winnerAt, Position: position}
	if !s.facts.at(i).null {
		t.Key = *s.keys.at(i)
	}
	return t
}
