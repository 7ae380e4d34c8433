package dedup

import "github.com/millrace-go/millrace/stream"

// Booking: what a bounded State holds is booked before it is stored, and given back when it is gone: what keys and rows
// reach at once, index and blocks when a quarter of the entries is left.

// freeBytes is what a number in free is booked at, with every entry: there may be as many as there are entries, in a
// slice of up to twice that.
const freeBytes = 8

// reach is what a key and a row, and what is known beside the row, hold beyond their static size.
func (e *entries[T, K]) reach(k *K, row *T, more *more[T]) (n int64) {
	n = e.hasher.Held(k) + e.p.moreSize(more)
	if e.p.size != nil && row != nil {
		n += e.p.size(row)
	}
	return n
}

// bookEntry books what add is going to take, but for the index.
func (e *entries[T, K]) bookEntry(one *entry[T, K]) error {
	if len(e.free) == 0 && e.facts.n >= maxEntries {
		return &stream.LimitError{Where: "dedup: " + e.p.fn, What: "live entries", Limit: maxEntries}
	}
	if e.account == nil {
		return nil
	}
	var n int64
	if one.key != nil {
		n += e.hasher.Held(one.key)
	}
	if one.row != nil && e.p.size != nil {
		n += e.p.size(one.row)
	}
	n += e.p.moreSize(one.more)
	if len(e.free) == 0 {
		n += e.facts.needs() + e.keys.needs() + freeBytes
		if e.p.claims() {
			n += e.claims.needs()
		}
		if e.p.rows {
			n += e.rows.needs()
		}
		if e.p.merge != nil {
			n += e.mores.needs()
		}
		if e.p.ttl > 0 {
			n += e.times.needs() + e.due.places.needs()
		}
	}
	if e.p.ttl > 0 {
		n += e.due.needs()
	}
	return e.account.Grow(n)
}

// widen doubles the index. Both are there until all is in the new one.
func (e *entries[T, K]) widen() error {
	was, slots := len(e.index.slots), max(minIndexSlots, 2*len(e.index.slots))
	if e.account != nil {
		if err := e.account.Grow(8 * int64(slots)); err != nil {
			return err
		}
	}
	e.index.resize(slots, e.hashOf)
	if e.account != nil {
		e.account.Shrink(8 * int64(was))
	}
	return nil
}

func (e *entries[T, K]) rebook(n int64) error {
	if n < 0 {
		e.account.Shrink(-n)
		return nil
	}
	return e.account.Grow(n)
}

// static is what index, blocks and deadlines take, without what keys and rows reach.
func (e *entries[T, K]) static() int64 {
	n := 8*int64(len(e.index.slots)) + int64(cap(e.due.items))*deadlineBytes + int64(e.facts.n)*freeBytes
	return n + allocated(&e.facts) + allocated(&e.keys) + allocated(&e.claims) + allocated(&e.rows) + allocated(&e.mores) + allocated(&e.times) + allocated(&e.due.places)
}

// allocated is what blocks take, without what their elements point to.
func allocated[E any](b *blocks[E]) (n int64) {
	for _, block := range b.list {
		n += int64(cap(block)) * b.size
	}
	return n
}

// tidyFrom is how many entries there must be for their blocks to be given back: fewer are not worth it.
const tidyFrom = 64

// tidy moves what is left to blocks of its size, where that is less than a quarter of the entries there were. To move
// them is paid for by the three quarters that went since they were there. While it runs both are there; where the
// bound has no room for that, all stays as it is, and the free entries are used again.
func (e *entries[T, K]) tidy() {
	if e.facts.n < tidyFrom || e.live >= e.facts.n/4 {
		return
	}
	before := e.static()
	if e.account != nil {
		if e.account.Grow(before/2) != nil {
			return
		}
	}
	fresh := newEntries(e.p, e.hasher, nil) // moved, what the entries reach stays booked
	if e.index.n > 0 {
		fresh.index.resize(slotsFor(e.index.n), nil)
	}
	for i := range e.facts.n {
		f := e.facts.at(i)
		if f.kind == entryFree {
			continue
		}
		fresh.add(e.entryAt(i)) // its account is nil: nothing can be refused
	}
	fresh.account = e.account
	*e = fresh
	if e.account != nil {
		e.account.Shrink(before/2 + before - e.static())
	}
}

// entryAt is entry i as add takes it.
func (e *entries[T, K]) entryAt(i int) entry[T, K] {
	one := entry[T, K]{fact: *e.facts.at(i), key: e.keys.at(i), row: e.row(i), more: e.more(i)}
	if e.p.claims() {
		one.standing = *e.claims.at(i)
	}
	if e.p.ttl > 0 {
		one.time = *e.times.at(i)
	}
	return one
}
