package dedup

import "sync/atomic"

// teamCore is a team without its rows and keys: who owns what, which places are held, and when rows move. It is compiled
// once, whatever rows and keys are.
type teamCore struct {
	fn           string
	nullKeys     NullKeys
	byWinner     bool // OrderWinner: the place of a key is that of its best row
	keepsNone    bool
	compares     bool // there are comparators
	hasPositions bool

	rows   teamRows
	crew   *crew
	nulls  *owner   // the consumer's
	owners []*owner // one per worker

	marks     blocks[mark]
	positions blocks[int64] // in the input, where they are asked for: of the rows that are held
	gone      atomic.Int64  // places let go of, but for those that rows moved over
	holes     int64         // that many may be gone at least
	packed    int           // no place before it is gone, nor will be
	recent    recently
	turns     bool // every other chunk is read apart
}

// mark says what stands at a place.
type mark uint8

const (
	nothing  mark = iota // the place is gone, or its row, read apart, is not settled yet
	survivor             // a row that is held, or not settled yet
	repeated             // under KeepNone, a row that does not survive, but by which its key is known
)

const (
	// leastHoles is the bytes of rows that may be gone, whatever else there is.
	leastHoles = 4 << 20
	// holesShare: one row may be gone for so many that are held.
	holesShare = 2
)

// start makes the owners and starts the workers.
func (t *teamCore) start(rows teamRows, workers, batch int, shift uint, holes int) {
	t.rows, t.holes = rows, int64(holes)
	t.marks, t.positions = wholeBlocks[mark](shift), wholeBlocks[int64](shift)
	for i := range workers {
		t.owners = append(t.owners, newOwner(t, i, batch))
	}
	t.nulls = newOwner(t, workers, batch)
	t.crew = newCrew(workers, 1<<shift, t)
}

// owner returns the owner of that number.
func (t *teamCore) owner(number int) *owner {
	if number == len(t.owners) {
		return t.nulls
	}
	return t.owners[number]
}

// dismiss lets go of what is of no use once all rows are settled.
func (t *teamCore) dismiss() {
	t.crew.free, t.positions = nil, blocks[int64]{}
	for _, e := range t.owners {
		e.index, e.lookup, e.tied = slots{}, nil, nil
	}
}

// begin makes room for the rows of a chunk, the first of which stands at that position of the input: no more than are
// in one block.
func (t *teamCore) begin(c *chunk, first int64) *chunk {
	if t.marks.n == t.marks.end {
		t.marks.extend()
		if t.hasPositions {
			t.positions.extend()
		}
		t.rows.extendRows()
	}
	marks := t.marks.room()
	c.n, c.first, c.base, c.nulls, c.room = 0, first, t.marks.n, c.nulls[:0], len(marks)
	c.marks, c.positions = t.marks, t.positions
	if c.apart = t.readsApart(c); !c.apart {
		for i := range marks {
			marks[i] = survivor // unless it is dropped
		}
	}
	t.rows.beginRows(c)
	return c
}

// share hands a chunk, whose keys are hashed, to all workers; it is false where one has failed.
func (t *teamCore) share(c *chunk) bool {
	t.marks.n += c.n
	t.positions.n = t.marks.n
	return t.crew.share(c)
}

// next shares a chunk and returns an empty one; nil where a worker has failed.
func (t *teamCore) next(c *chunk) *chunk {
	first := c.first + int64(c.n)
	if !t.share(c) || t.tooManyGone() && !t.move() {
		return nil
	}
	if c = t.crew.empty(); c != nil {
		t.begin(c, first)
	}
	return c
}

// settle settles the rows of a chunk that are a worker's.
func (t *teamCore) settle(w int, c *chunk, mine []int32) error { return t.owners[w].settle(c, mine) }

// follow changes what worker w knows of places.
func (t *teamCore) follow(w int, m *moves) { t.owners[w].follow(m) }

// reached is the position of the row that a worker settled last.
func (t *teamCore) reached(w int) int64 { return t.owners[w].position }

// tooManyGone says that rows are to move.
func (t *teamCore) tooManyGone() bool {
	n := t.gone.Load()
	return n > t.holes && n > (int64(t.marks.n)-n)/holesShare
}

// move moves rows over places that are gone, while all workers wait; it is false where one has failed.
func (t *teamCore) move() bool {
	p := t.crew.halt()
	if p == nil {
		return false
	}
	t.checkInvariants()
	if m := newMoves(&t.marks, t.packed); m != nil {
		p.moved = m
		t.rows.moveRows(m)
		if t.hasPositions {
			move(&t.positions, m)
		}
		move(&t.marks, m)
		t.recent.gone -= t.gone.Swap(0)
		if !t.byWinner {
			t.packed = t.marks.n
		}
		t.nulls.follow(m)
	}
	close(p.resume)
	return true
}

// unsettled returns the *TieError of the tie whose winner stands first in the input, nil if there is none. c is any chunk.
func (t *teamCore) unsettled(c *chunk) *TieError {
	var of *owner
	var first *TieError
	at := 0
	for _, e := range append([]*owner{t.nulls}, t.owners...) {
		place, tie := firstTie(e.tied, func(place int) int64 { return *t.positions.at(place) })
		if tie != nil && (first == nil || tie.WinnerPosition < first.WinnerPosition) {
			of, at, first = e, place, tie
		}
	}
	if first == nil {
		return nil
	}
	return of.tieError(c, at, first.WinnerPosition, first.Position)
}
