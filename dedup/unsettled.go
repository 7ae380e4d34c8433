package dedup

// Ties under TieFail are noted while the input is read and judged when it has ended: a better row that comes
// later settles them, and whether it comes before or after the two must make no difference.

// tieBytes is what an entry of tied is booked at: two words, in a map at its least load.
const tieBytes = 40

// tie notes that the row being settled ties with the row at heldAt. Without comparators no later row can settle it.
func (e *hashed[T]) tie(i int, heldAt int64) error {
	if len(e.p.by) == 0 {
		return e.tieError(i, heldAt, e.position)
	}
	if _, already := e.tied[i]; already {
		return nil
	}
	if e.over != nil && !e.book(tieBytes, 0) {
		holder, _ := e.holder(i)
		return e.evict(i, holder, heldAt, e.position, 0)
	}
	e.noteTied(i, e.position)
	return nil
}

// noteTied notes that the first row that ties with the holder of key number i stood at position.
func (e *hashed[T]) noteTied(i int, position int64) {
	if e.tied == nil {
		e.tied = make(map[int]int64)
	}
	e.tied[i] = position
}

// tieError names the key of number i.
func (e *hashed[T]) tieError(i int, winnerAt, position int64) *TieError {
	t := &TieError{WinnerPosition: winnerAt, Position: position}
	if i != nullGroup {
		t.Key = e.keys.keyAt(i, e.keyRow(i))
	}
	return t
}

// unsettled returns the *TieError of the tie whose winner stands first in the input, nil if there is none.
func (e *hashed[T]) unsettled() *TieError {
	i, t := e.firstUnsettled()
	if t == nil {
		return nil
	}
	return e.tieError(i, t.WinnerPosition, t.Position)
}

// firstUnsettled is unsettled without the name of the key, whose number it returns as well.
func (e *hashed[T]) firstUnsettled() (key int, first *TieError) {
	return firstTie(e.tied, func(i int) int64 {
		_, winner := e.holder(i)
		return *winner
	})
}

// firstTie returns the key number of the tie whose winner stands first in the input, and the tie, its key still to
// be named; nil where there is none.
func firstTie(tied map[int]int64, winnerAt func(i int) int64) (key int, first *TieError) {
	for i, position := range tied {
		if winner := winnerAt(i); first == nil || winner < first.WinnerPosition {
			key, first = i, &TieError{WinnerPosition: winner, Position: position}
		}
	}
	return key, first
}
