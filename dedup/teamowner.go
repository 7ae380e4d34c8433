package dedup

import "github.com/millrace-go/millrace/stream"

// owner settles the rows of some keys of a team: a worker those whose hashes fall to it, the consumer's goroutine those
// with a null key. It works with places, and asks those who know rows and keys (see teamRows): so it is compiled once.
type owner struct {
	t        *teamCore
	number   int // of the worker; that of the consumer is the one behind the last
	index    slots
	lookup   *lookup
	hashes   []uint64      // of a batch
	tied     map[int]int64 // place of a row -> position of the first row that ties with it, under TieFail
	null     int           // place of the row of the group of null keys; nowhere: there is none yet, or it has an index
	position int64         // of the row being settled
	gone     int64         // places let go of, not added to those of the team yet

	in, keys, nulls int64 // what it adds to Stats: rows, new keys, rows with a null key
}

// teamRows knows the rows of a team and their keys. The rows of a chunk are called by their numbers in it, those that are
// held by their places.
type teamRows interface {
	sameKey(c *chunk, row, place int) bool                                 // of a row and one that is held
	meet(e *owner, c *chunk, row, held int, heldAt int64) (verdict, error) // settles the two
	repeat(e *owner, c *chunk, row, held int, isFirst bool) error          // settles them under KeepNone
	put(c *chunk, row, place int)                                          // copies a row to a place
	clear(c *chunk, place int)                                             // lets go of what a row reaches
	reject(e *owner, c *chunk, row int) error                              // sets a row aside
	keyAt(c *chunk, place int) any                                         // of a row that is held
	extendRows()                                                           // makes a block more
	beginRows(c *chunk)                                                    // makes room for the rows of a chunk
	moveRows(m *moves)                                                     // moves rows
}

const (
	// nowhere is no place.
	nowhere = -1
	// noSlot is where the group of null keys stands.
	noSlot = -1
)

func newOwner(t *teamCore, number, batch int) *owner {
	return &owner{t: t, number: number, lookup: newLookup(batch), hashes: make([]uint64, batch), null: nowhere}
}

// settle settles the rows of a chunk with these numbers.
func (e *owner) settle(c *chunk, mine []int32) error {
	for len(mine) > 0 {
		n := min(len(mine), len(e.hashes))
		if err := e.settleBatch(c, mine[:n]); err != nil {
			return err
		}
		mine = mine[n:]
	}
	e.addGone()
	return nil
}

// addGone adds the places that were let go of to those of the team.
func (e *owner) addGone() {
	e.t.gone.Add(e.gone)
	e.gone = 0
}

// settleBatch settles rows of a chunk that are looked up together.
func (e *owner) settleBatch(c *chunk, mine []int32) error {
	hashes := e.hashes[:len(mine)]
	for i, row := range mine {
		hashes[i] = c.hashes[row]
	}
	l := e.lookup
	for _, i := range l.find(&e.index, hashes) {
		if number := e.index.number(l.seen[i]); e.t.rows.sameKey(c, int(mine[i]), number) {
			l.found[i] = number
		}
	}
	for i, row := range mine {
		e.position = c.first + int64(row)
		e.in++
		if err := e.take(c, i, int(row)); err != nil {
			return err
		}
	}
	return nil
}

// take takes in a row of a chunk, which is row i of the batch that was looked up.
func (e *owner) take(c *chunk, i, row int) error {
	h := e.hashes[i]
	number, slot := e.lookup.of(i, &e.index)
	if number >= 0 && e.t.byWinner { // the row held may be another one by now
		if number = unsure; e.lookup.words == len(e.index.words) {
			number = e.index.number(e.index.words[slot])
		}
	}
	if number == unsure {
		number, slot = e.index.seek(h, e.index.home(h))
		for number >= 0 && !e.t.rows.sameKey(c, row, number) {
			number, slot = e.index.seek(h, slot+1)
		}
	}
	if number >= 0 {
		return e.duplicate(c, row, slot, number)
	}
	if e.index.room() == 0 {
		if int64(e.index.n) >= maxKeys {
			return &stream.LimitError{Where: "dedup: " + e.t.fn, What: "distinct keys", Limit: maxKeys}
		}
		e.index.grow()
		slot = e.index.vacant(h)
	}
	e.index.insert(slot, h, c.base+row)
	e.keys++
	e.hold(c, row)
	return nil
}

// hold has the row that is being settled stand at its place.
func (e *owner) hold(c *chunk, row int) {
	if c.apart {
		e.t.rows.put(c, row, c.base+row)
		*c.marks.at(c.base + row) = survivor
	}
	if e.t.hasPositions {
		*c.positions.at(c.base + row) = e.position
	}
}

// letGo lets go of a place where a row stands, and of what that reaches.
func (e *owner) letGo(c *chunk, place int) {
	e.t.rows.clear(c, place)
	*c.marks.at(place) = nothing
	e.gone++
}

// drop lets go of the row that is being settled, and of its place.
func (e *owner) drop(c *chunk, row int) {
	if !c.apart {
		e.letGo(c, c.base+row)
		return
	}
	e.gone++
}

// takeNull takes in a row that has a null key.
func (e *owner) takeNull(c *chunk, row int) error {
	e.position = c.first + int64(row)
	e.in++
	e.nulls++
	switch {
	case e.t.nullKeys == NullsReject:
		return e.t.rows.reject(e, c, row)
	case e.t.nullKeys == NullsDistinct:
		e.hold(c, row)
	case e.null == nowhere:
		e.null = c.base + row
		e.keys++
		e.hold(c, row)
	default:
		if err := e.duplicate(c, row, noSlot, e.null); err != nil {
			return err
		}
		e.addGone()
	}
	return nil
}

// duplicate takes in a row the key of which is that of the row at held, and is in that slot.
func (e *owner) duplicate(c *chunk, row, slot, held int) error {
	if e.t.keepsNone {
		return e.repeatKey(c, row, held)
	}
	heldAt := int64(-1)
	if e.t.hasPositions {
		heldAt = *c.positions.at(held)
	}
	outcome, err := e.t.rows.meet(e, c, row, held, heldAt)
	if err != nil {
		return err
	}
	switch {
	case outcome == holderMatched:
		if err := e.tie(c, held, heldAt); err != nil {
			return err
		}
	case outcome == holderBeaten && e.t.byWinner:
		delete(e.tied, held)
		if slot == noSlot {
			e.null = c.base + row
		} else {
			e.index.renumber(slot, c.base+row)
		}
		e.hold(c, row)
		e.letGo(c, held)
		return nil
	case outcome == holderBeaten:
		delete(e.tied, held)
		e.t.rows.put(c, row, held)
		if e.t.hasPositions {
			*c.positions.at(held) = e.position
		}
	}
	e.drop(c, row)
	return nil
}

// repeatKey drops a row under KeepNone and, the first time, the row it repeats.
func (e *owner) repeatKey(c *chunk, row, held int) error {
	known := c.marks.at(held)
	isFirst := *known == survivor
	if err := e.t.rows.repeat(e, c, row, held, isFirst); err != nil {
		return err
	}
	if isFirst {
		*known = repeated
	}
	e.drop(c, row)
	return nil
}

// tie notes that the row being settled ties with the one held at a place, which stood at that position.
func (e *owner) tie(c *chunk, held int, heldAt int64) error {
	if !e.t.compares { // no later row can settle it
		return e.tieError(c, held, heldAt, e.position)
	}
	if _, already := e.tied[held]; !already {
		e.noteTied(held, e.position)
	}
	return nil
}

// noteTied notes that the first row that ties with the one held at a place stood at position.
func (e *owner) noteTied(held int, position int64) {
	if e.tied == nil {
		e.tied = make(map[int]int64)
	}
	e.tied[held] = position
}

// tieError names the key of the row held at a place.
func (e *owner) tieError(c *chunk, held int, heldAt, position int64) *TieError {
	t := &TieError{WinnerPosition: heldAt, Position: position}
	if e != e.t.nulls {
		t.Key = e.t.rows.keyAt(c, held)
	}
	return t
}

// follow changes what it knows of places.
func (e *owner) follow(m *moves) {
	e.index.follow(m)
	if e.null >= m.from {
		e.null = m.to(e.null)
	}
	tied := e.tied
	e.tied = nil
	for place, position := range tied {
		if place >= m.from {
			place = m.to(place)
		}
		e.noteTied(place, position)
	}
}
