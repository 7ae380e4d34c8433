package dedup

import (
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// Booking: what a bounded run of the hash engine holds is booked before it is stored: the slots of the index
// and the capacity of the arrays when they grow, what a key and a row reach when they come. What is refused goes to disk.

// booking is what one level has booked on the account of its run.
type booking struct {
	booked int64 // bytes
	beyond int64 // bytes taken beside the bound, where that is smaller than the floor
	slack  int64 // of both, what nothing takes yet
}

// bookAhead is how many bytes are booked at a time, so that most rows touch no account: little beside any bound worth setting.
const bookAhead = 4 << 10

// fitsKey reports whether there is room for a new key, that of row i of the batch, and for the row that is being settled, and
// books it.
func (e *hashed[T]) fitsKey(i int) (bool, error) {
	if e.index.room() == 0 && int64(e.index.n) >= maxKeys {
		if e.over == nil {
			return false, &stream.LimitError{Where: "dedup: " + e.p.fn, What: "distinct keys", Limit: maxKeys}
		}
		e.fill()
		return false, nil
	}
	if e.over == nil {
		return true, nil
	}
	n := int64(0)
	if e.index.room() == 0 {
		n = e.index.grownBytes()
	}
	if e.p.holdRows {
		n += e.rows.needs() + e.rowSize
	}
	if e.p.holdKeys {
		n += e.keys.needs(i)
	}
	if e.p.positions {
		n += e.positions.needs()
	}
	if e.p.firsts {
		n += e.firsts.needs()
	}
	return e.fits(n)
}

// fitsNull is fitsKey for a row that has a null key.
func (e *hashed[T]) fitsNull() (bool, error) {
	if e.over == nil {
		return true, nil
	}
	return e.fits(e.nulls.needs() + e.nullPositions.needs() + e.nullsBefore.needs() + e.rowSize)
}

// fits books n bytes for something new. It is full from the first time on that they are not there. What has no room where
// there is nothing else is an error.
func (e *hashed[T]) fits(n int64) (bool, error) {
	d := e.over.disk
	if e.over.full {
		return false, nil
	}
	keys := e.index.n + e.nulls.n
	if keys == 0 && e.over.depth > 0 {
		return e.fitsAlone(n)
	}
	if most := e.p.tuned.mostKeys; (most == 0 || keys < most) && e.book(n, d.growth) {
		return true, nil
	}
	e.fill()
	return false, nil
}

// fitsAlone is fits where nothing is held, so that more room will not come.
func (e *hashed[T]) fitsAlone(n int64) (bool, error) {
	if e.book(n, 0) {
		return true, nil
	}
	if err := e.over.disk.account.Grow(n); err != nil {
		if limit, ok := errors.AsType[*stream.LimitError](err); ok && limit.Need == 0 {
			limit.Need = e.p.res.Budget.Used() + n
		}
		return false, fmt.Errorf("%w (for element %d by itself)", err, e.position)
	}
	e.booked += n // others have just given back some of a budget
	return true, nil
}

// fill has all new keys go to disk from here on.
func (e *hashed[T]) fill() {
	if e.over.full {
		return
	}
	e.over.full = true
	e.over.disk.reserveBuffers()
	if e.p.losers != nil {
		e.holdBack = e.over.putLoser
	}
}

// rebook books what a meeting added to what its key holds, or gives back what it took, and reports whether there was
// room for it.
func (e *hashed[T]) rebook(n int64) bool {
	if at := int64(e.p.tuned.evict); at > 0 && e.position%at == 0 {
		return false
	}
	if n <= 0 {
		e.unbook(-n)
		return true
	}
	return e.book(n, 0)
}

// sizeOfRow is what a row reaches, where memory is bounded.
func (e *hashed[T]) sizeOfRow(row *T) int64 {
	if e.p.sizeOf == nil {
		return 0
	}
	return e.p.sizeOf(row)
}

// book takes n bytes where keep more are left then, and reports whether there were so many.
func (e *hashed[T]) book(n, keep int64) bool {
	if n <= e.slack {
		e.slack -= n
		return true
	}
	short := n - e.slack
	if e.grow(short+bookAhead, keep) {
		e.slack = bookAhead
		return true
	}
	if e.grow(short, keep) {
		e.slack = 0
		return true
	}
	return false
}

// grow books n bytes where the bound has them beside what is kept for buffers, or the floor has.
func (e *hashed[T]) grow(n, keep int64) bool {
	d := e.over.disk
	kept := keep
	if !d.reserved {
		kept += d.reserve
	}
	if d.account.Grow(n+kept) == nil {
		d.account.Shrink(kept)
		e.booked += n
		return true
	}
	if e.booked+e.beyond+n+keep > d.floor {
		return false
	}
	e.beyond += n
	return true
}

// unbook gives n bytes back; what is more than a step of slack, to the account.
func (e *hashed[T]) unbook(n int64) {
	if e.over == nil {
		return
	}
	e.slack += n
	if n = e.slack - 2*bookAhead; n <= 0 {
		return
	}
	e.slack -= n
	beyond := min(n, e.beyond)
	e.beyond -= beyond
	e.booked -= n - beyond
	e.over.disk.account.Shrink(n - beyond)
}

// letGo lets go of all that the level holds.
func (e *hashed[T]) letGo() {
	e.index, e.tied, e.stage, e.lookup = slots{}, nil, nil, nil
	e.keys.forget()
	e.rows, e.nulls = newBlocks[T](), newBlocks[T]()
	e.positions, e.firsts, e.nullPositions, e.nullsBefore = newBlocks[int64](), newBlocks[int64](), newBlocks[int64](), newBlocks[int64]()
	if e.over != nil {
		e.over.disk.row.row, e.over.disk.loser.loser = nil, nil // which were written
		e.over.disk.account.Shrink(e.booked)
		e.booking = booking{}
	}
}
