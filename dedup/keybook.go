package dedup

import (
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/table"
	"github.com/millrace-go/millrace/stream"
)

// keyBook numbers the keys of a run, and books what that takes before it is taken. The account is the run's: what its
// engine keeps beside the keys is booked there too.
//
// Invariant: where there is an account, booked == table.Bytes() between two calls, and is part of account.Used().
type keyBook[K comparable] struct {
	table   *table.Table[K]
	account *stream.Account // nil: memory is unbounded, nothing is booked
	owner   string          // of the account, "dedup: TwoPass"
	booked  int64           // bytes of the table
}

func newKeyBook[K comparable](fn string, r stream.Resources, hasher *hash.Hasher[K]) keyBook[K] {
	b := keyBook[K]{table: table.New(hasher), owner: "dedup: " + fn}
	if r.Memory > 0 || r.Budget != nil {
		b.account = r.Account(b.owner)
	}
	return b
}

// number returns the number of *k, whose hash is h, and whether it is a new one.
func (b *keyBook[K]) number(k *K, h uint64) (i int, added bool, err error) {
	full := int64(b.table.Len()) >= maxKeys
	if b.table.Room() == 0 && (b.account != nil || full) {
		if i, known := b.table.FindHashed(k, h); known {
			return i, false, nil
		}
		if full {
			return 0, false, &stream.LimitError{Where: b.owner, What: "distinct keys", Limit: maxKeys}
		}
		_, n := b.table.Growth()
		if err := b.grow(n); err != nil {
			return 0, false, err
		}
		b.booked += n
	}
	i, added = b.table.UpsertHashed(k, h)
	if added && b.account != nil { // what the key points to
		n := b.table.Bytes() - b.booked
		if err := b.grow(n); err != nil {
			return 0, false, err
		}
		b.booked += n
	}
	return i, added, nil
}

// grow books n bytes.
func (b *keyBook[K]) grow(n int64) error {
	if n == 0 || b.account == nil {
		return nil
	}
	return b.account.Grow(n)
}

// where adds to a *stream.LimitError of this book which row would not fit.
func (b *keyBook[K]) where(err error, position int64) error {
	if limit, ok := errors.AsType[*stream.LimitError](err); ok && limit.Where == b.owner {
		return fmt.Errorf("%w (at element %d, %d distinct keys; this engine does not spill to disk)", err, position, b.table.Len())
	}
	return err
}

// close gives everything back.
func (b *keyBook[K]) close() {
	if b.account != nil {
		b.account.Close()
	}
}
