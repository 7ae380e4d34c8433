package dedup

import (
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// Booking: what a bounded run of the hash engine holds is booked before it is stored, except the growth of
// the table, which is booked once it has happened. What is booked is the capacity of the table and of the
// arrays, and what keys and rows reach; see sizer for what that is.

// bookKey books a new key and what e.row will take, before it is stored.
func (e *hashed[T, K]) bookKey(k *K) error {
	n := e.table.Bytes() + e.keyBytes - e.tableBytes
	if e.sizeOfKey != nil {
		size := e.sizeOfKey(k)
		e.keyBytes += size
		n += size
	}
	e.tableBytes += n
	if e.p.holdRows {
		n += e.rows.needs() + e.sizeOfRow(&e.row)
	}
	if e.p.positions {
		n += e.positions.needs()
	}
	return e.grow(n)
}

// rebook books the exchange of holder for e.row.
func (e *hashed[T, K]) rebook(holder *T) error {
	if e.sizeOf == nil {
		return nil
	}
	n := e.sizeOf(&e.row) - e.sizeOf(holder)
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
