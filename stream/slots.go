package stream

import (
	"reflect"

	"github.com/millrace-go/millrace/internal/table"
)

// slots is a table of keys with a value of type S for each: vals[i] belongs to the key of index i. Table and values grow
// together, and where there is an account they are booked before they grow.
//
// Invariant: the account holds bytes() for it.
type slots[K comparable, S any] struct {
	table *table.Table[K]
	vals  []S
}

func newSlots[K comparable, S any](keys keys[K]) slots[K, S] {
	return slots[K, S]{table: table.New(keys.hasher)}
}

// bytes is what table and values take: their static size, and what the keys point to.
func (s *slots[K, S]) bytes() int64 {
	return s.table.Bytes() + int64(cap(s.vals))*s.perVal()
}

func (s *slots[K, S]) perVal() int64 { return int64(reflect.TypeFor[S]().Size()) }

// upsert finds or adds k; what is added is the zero value. A nil account books nothing.
func (s *slots[K, S]) upsert(keys keys[K], k *K, account *Account) (index int, added bool, err error) {
	if s.table.Room() == 0 {
		if index, ok := s.table.Find(k); ok {
			return index, false, nil
		}
		n, bytes := s.table.Growth()
		if account != nil {
			if err := account.Grow(bytes + int64(n)*s.perVal()); err != nil {
				return 0, false, err
			}
		}
		s.vals = append(make([]S, 0, cap(s.vals)+n), s.vals...)
	}
	index, added = s.table.Upsert(*k)
	if !added {
		return index, false, nil
	}
	var zero S
	s.vals = append(s.vals, zero)
	if account == nil {
		return index, true, nil
	}
	return index, true, account.Grow(keys.hasher.Held(s.table.Key(index)))
}

// reset removes all keys and keeps the memory.
func (s *slots[K, S]) reset() {
	s.table.Reset()
	clear(s.vals)
	s.vals = s.vals[:0]
}

// accountOf opens the account of an operator, nil where nothing is bounded.
func (r Resources) accountOf(fn string) *Account {
	if r.Memory <= 0 && r.Budget == nil {
		return nil
	}
	return r.Account("stream: " + fn)
}

// another opens a second account with the same bounds.
func (a *Account) another() *Account {
	if a == nil {
		return nil
	}
	return &Account{where: a.where, limit: a.limit, budget: a.budget}
}

// rebook books n more bytes, or gives -n back.
func rebook(a *Account, n int64) error {
	if n < 0 {
		a.Shrink(-n)
		return nil
	}
	return a.Grow(n)
}
