package dedup

import (
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// Booking: what a bounded run of the hash engine holds is booked before it is stored: the slots of the table
// and the capacity of the arrays when they grow, what a key and a row reach when they come.

// maxKeys is what a table can number: five eighths of 1<<32 slots.
const maxKeys = 5 << 29

// makeRoom is called where the table has no room for one more key. If the row's key is a new one, it books the
// growth that follows, and refuses the growth that cannot be.
func (e *hashed[T, K]) makeRoom() error {
	full := int64(e.table.Len()) >= maxKeys
	if e.account == nil && !full {
		return nil
	}
	if _, known := e.table.Find(&e.rowKey); known {
		return nil
	}
	if full {
		return &stream.LimitError{Where: "dedup: " + e.p.fn, What: "distinct keys", Limit: maxKeys}
	}
	_, n := e.table.Growth()
	e.tableBytes += n
	return e.grow(n)
}

// bookKey books a new key and what e.row will take, before the row is stored.
func (e *hashed[T, K]) bookKey() error {
	n := e.table.Bytes() - e.tableBytes
	e.tableBytes += n
	if e.p.holdRows {
		n += e.rows.needs() + e.sizeOfRow(&e.row)
	}
	if e.p.positions {
		n += e.positions.needs()
	}
	return e.grow(n)
}

// rebook books what a meeting added to what its key holds, or took from it.
func (e *hashed[T, K]) rebook(n int64) error {
	if n < 0 {
		e.account.Shrink(-n)
		return nil
	}
	return e.grow(n)
}

func (e *hashed[T, K]) sizeOfRow(row *T) int64 {
	if e.sizeOf == nil {
		return 0
	}
	return e.sizeOf(row)
}

func (e *hashed[T, K]) grow(n int64) error {
	if n == 0 {
		return nil
	}
	return e.account.Grow(n)
}

// where adds to a *stream.LimitError which row would not fit.
func (e *hashed[T, K]) where(err error) error {
	if limit, ok := errors.AsType[*stream.LimitError](err); ok && limit.Where == "dedup: "+e.p.fn {
		return fmt.Errorf("%w (at element %d, %d distinct keys; this engine does not spill to disk)", err, e.position, e.stats.Keys)
	}
	return err
}
