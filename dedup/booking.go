package dedup

import (
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// Booking: what a bounded run of the hash engine holds is booked before it is stored: the slots of the index
// and the capacity of the arrays when they grow, what a key and a row reach when they come.

// makeRoom grows the index, which has no room for one more key. The old slots are there until all keys are in the new
// ones.
func (e *hashed[T, K]) makeRoom() error {
	if int64(e.index.n) >= maxKeys {
		return &stream.LimitError{Where: "dedup: " + e.p.fn, What: "distinct keys", Limit: maxKeys}
	}
	old := e.index.bytes()
	if e.account != nil {
		if err := e.grow(e.index.grownBytes()); err != nil {
			return err
		}
	}
	e.index.grow()
	if e.account != nil {
		e.account.Shrink(old)
	}
	return nil
}

// bookKey books a new key and what its row will take, before they are stored.
func (e *hashed[T, K]) bookKey(k *K) error {
	n := int64(0)
	if e.p.holdRows {
		n += e.rows.needs() + e.rowSize
	}
	if e.p.holdKeys {
		n += e.keys.needs() + e.hasher.Held(k)
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
	if e.p.sizeOf == nil {
		return 0
	}
	return e.p.sizeOf(row)
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
