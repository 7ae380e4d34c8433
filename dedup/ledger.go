package dedup

import "fmt"

// ledger keeps the books of one run: it settles each meeting of two rows of one key, delivers the losers and
// counts. Both engines work through it, so that they agree by construction on who wins and why; an engine
// only decides where rows are kept and when they come out.
type ledger[T any] struct {
	p         *plan[T]
	stats     Stats
	delivered int64 // losers the sink took
	grown     int64 // bytes by which the last meeting made what its key holds larger, where that is booked

	met      int64                                  // position of the row that is being settled against another
	holdBack func(met int64, loser *Loser[T]) error // nil: losers are delivered as they lose
}

// verdict is the outcome of a meeting for the row that was held.
type verdict uint8

const (
	holderStays   verdict = iota // the challenger was dropped
	holderBeaten                 // the holder was dropped: the challenger takes its place, and settles any tie
	holderMatched                // under TieFail: the challenger was dropped, but the key is ambiguous while this holder stays
)

// meet settles a duplicate, challenger, against the row held for its key. holder is nil where the engine holds
// no rows: then nothing is compared, and only the tie rule speaks. Under KeepMerge both may be changed: what is then to
// be held, holder or, where it is beaten, challenger, is made of both. The engine books l.grown.
func (l *ledger[T]) meet(challenger, holder *T, position, holderPosition int64) (verdict, error) {
	p := l.p
	l.met = position
	l.stats.Duplicates++
	l.grown = 0
	identical := l.compareRows(challenger, holder)

	better, decidedBy := 0, ""
	for i := range p.by {
		if better = p.by[i].compare(challenger, holder); better != 0 {
			decidedBy = p.names[i]
			break
		}
	}
	outcome := holderStays
	if better == 0 {
		decidedBy = p.tie.String()
		switch {
		case p.tie == TieLast:
			better = 1
		case p.tie == TieFail && !identical:
			outcome = holderMatched
		}
	}
	if better > 0 {
		if err := l.drop(holder, challenger, holderPosition, position, decidedBy, identical); err != nil {
			return holderBeaten, err
		}
		l.exchange(holder, challenger, holderPosition, position, true)
		return holderBeaten, nil
	}
	if err := l.drop(challenger, holder, position, holderPosition, decidedBy, identical); err != nil {
		return outcome, err
	}
	if p.join != nil {
		l.exchange(holder, challenger, holderPosition, position, false)
	}
	return outcome, nil
}

// exchange brings the row that is to be held, challenger where it is the better one, to what it is under KeepMerge, and
// tells what this makes of the bytes held.
func (l *ledger[T]) exchange(holder, challenger *T, holderPosition, position int64, isBetter bool) {
	p := l.p
	if p.sizeOf != nil {
		l.grown -= p.sizeOf(holder)
	}
	if p.join != nil {
		p.join(holder, challenger, holderPosition, position, isBetter)
	}
	if p.sizeOf != nil {
		kept := holder
		if isBetter {
			kept = challenger
		}
		l.grown += p.sizeOf(kept)
	}
}

// repeat settles a duplicate under KeepNone: it drops the row, and before it the first row of its key where
// this is the first repetition. first is nil where no row has to be known again.
func (l *ledger[T]) repeat(row, first *T, position, firstPosition int64, isFirstRepetition bool) error {
	l.met = position
	l.stats.Duplicates++
	identical := l.compareRows(row, first)
	if isFirstRepetition {
		if err := l.drop(first, nil, firstPosition, -1, repeatedKey, identical); err != nil {
			return err
		}
	}
	return l.drop(row, nil, position, -1, repeatedKey, identical)
}

// compareRows asks Options.Same, if there is one, and counts the answer.
func (l *ledger[T]) compareRows(row, held *T) bool {
	if l.p.same == nil {
		return false
	}
	if l.p.same(*row, *held) {
		l.stats.Identical++
		return true
	}
	l.stats.Conflicting++
	return false
}

// drop counts a row as dropped and delivers it to the sink of losers, if there is one.
func (l *ledger[T]) drop(row, winner *T, position, winnerPosition int64, decidedBy string, identical bool) error {
	l.stats.Dropped++
	if l.p.losers == nil {
		return nil
	}
	loser := Loser[T]{Row: *row, Position: position, WinnerPosition: winnerPosition, DecidedBy: decidedBy, Identical: identical}
	if winner != nil {
		loser.Winner = *winner
	}
	if l.holdBack != nil {
		return l.holdBack(l.met, &loser)
	}
	return l.deliverLoser(&loser)
}

// deliverLoser gives a loser to the sink.
func (l *ledger[T]) deliverLoser(loser *Loser[T]) error {
	if err := l.p.losers(*loser); err != nil {
		return fmt.Errorf("dedup: %s: Losers: element %d: %w", l.p.fn, loser.Position, err)
	}
	l.delivered++
	return nil
}

// reject sets a row with a null key aside.
func (l *ledger[T]) reject(row *T, position int64) error {
	if l.p.rejected == nil {
		return &KeyError{Position: position, Err: errNullRejected}
	}
	if err := l.p.rejected(Reject[T]{Row: *row, Position: position}); err != nil {
		return fmt.Errorf("dedup: %s: Rejects: element %d: %w", l.p.fn, position, err)
	}
	l.stats.RejectedNull++
	return nil
}

// publish writes the counts out. It runs when a run ends, however it ends.
func (l *ledger[T]) publish() {
	if l.p.stats != nil {
		*l.p.stats = l.stats
	}
}

// balance panics where rows were lost or invented on the way. It is for a run that read all its input and
// yielded all its output.
func (l *ledger[T]) balance() {
	s := &l.stats
	if s.In != s.Out+s.Dropped+s.RejectedNull {
		panic(fmt.Sprintf("dedup: %s: internal error: %d rows in, but %d out + %d dropped + %d rejected null keys",
			l.p.fn, s.In, s.Out, s.Dropped, s.RejectedNull))
	}
	if l.p.losers != nil && l.delivered != s.Dropped {
		panic(fmt.Sprintf("dedup: %s: internal error: %d rows dropped, but %d losers delivered", l.p.fn, s.Dropped, l.delivered))
	}
}
