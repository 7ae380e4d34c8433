package dedup

import (
	"math"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

// entries is what a State holds: one entry for each live key, for the group of null keys, for each row without a key
// that waits to come out, and for each row whose key began anew before its own deadline. An entry has a number, which
// is used again when it is gone; what belongs to it lies in blocks beside each other, those only that the plan needs.
//
//	         index      facts                   keys   claims       rows      times  deadlines
//	7 -> 1   [5c.. 1]   [0] 5c.. first 4 key    7      at 9, -      7 click   12:04  [12:04 e0][12:09 e2]
//	9 -> 0   [61.. 0]   [1] 61.. first 2 null   -      at 2, -      - view    12:09
//	                    [2] free
//
// Invariants, between two calls:
//  1. index has the entries of kind entryKey, each under facts.hash, which is the hash of its key.
//  2. A number below facts.n is free exactly if it is in free; live is how many are not.
//  3. Where there is a TTL, each live entry stands in deadlines, at a time not after its own.
//  4. Where memory is bounded, booked is what the account holds, and covers index, blocks, deadlines, free, and what keys
//     and rows reach.
//  5. Row and mores of an entry are what gathered says of Best and More.
type entries[T any, K comparable] struct {
	p      *statePlan[T]
	hasher *hash.Hasher[K]

	index  keyIndex
	facts  blocks[fact]
	keys   blocks[K]
	claims blocks[standing] // where p.claims()
	rows   blocks[T]        // where p.rows; under KeepMerge the best row of the key, as it came
	mores  blocks[*more[T]] // under KeepMerge: what is known beside it; see gathered
	times  blocks[int64]    // where there is a TTL: nanoseconds from which the entry lives
	due    deadlines        // where there is a TTL
	free   []int32          // numbers to use again
	live   int              // entries
	group  int              // entry of the null keys under NullsEqual; -1: none

	account *stream.Account // nil: nothing is bounded
}

// fact is what every entry has.
type fact struct {
	hash  uint64
	first int64 // position of the first row of its key
	kind  entryKind
	spent bool // under KeepNone the key is repeated, and no row of it survives
	null  bool // there is no key
}

// standing is what an entry has whose row may be replaced.
type standing struct {
	position int64 // of the row held
	tied     int64 // under TieFail, of the first row that ties with it; -1: none
}

// entryKind says what an entry is.
type entryKind uint8

const (
	entryFree   entryKind = iota // its number is in free
	entryKey                     // a key that is alive
	entryGroup                   // all null keys, under NullsEqual
	entryNull                    // a row without a key, under NullsDistinct
	entryClosed                  // a row whose key began anew; it waits for its deadline
)

// maxEntries is what entries can number.
const maxEntries = math.MaxInt32

func newEntries[T any, K comparable](p *statePlan[T], hasher *hash.Hasher[K], account *stream.Account) entries[T, K] {
	return entries[T, K]{
		p: p, hasher: hasher, account: account, group: -1,
		facts: newBlocks[fact](), keys: newBlocks[K](), claims: newBlocks[standing](), rows: newBlocks[T](), times: newBlocks[int64](),
		mores: newBlocks[*more[T]](),
		due:   deadlines{places: newBlocks[int32]()},
	}
}

func (e *entries[T, K]) hashOf(i int) uint64 { return e.facts.at(i).hash }

// find returns the entry of *k, whose hash is h, or -1.
func (e *entries[T, K]) find(k *K, h uint64) int {
	_, i := e.index.find(h, func(i int) bool { return e.hasher.Equal(k, e.keys.at(i)) })
	return i
}

// row is the row held by entry i; nil where none is.
func (e *entries[T, K]) row(i int) *T {
	if !e.p.rows {
		return nil
	}
	return e.rows.at(i)
}

// position is where the row held by entry i stood.
func (e *entries[T, K]) position(i int) int64 {
	if e.p.claims() {
		return e.claims.at(i).position
	}
	return e.facts.at(i).first
}

// tied is the first row that ties with that of entry i; -1: none does.
func (e *entries[T, K]) tied(i int) int64 {
	if e.p.claims() {
		return e.claims.at(i).tied
	}
	return -1
}

// deadline is when entry i is over.
func (e *entries[T, K]) deadline(i int) int64 { return *e.times.at(i) + e.p.ttl }

// entry is one entry, on its way in.
type entry[T any, K comparable] struct {
	fact
	standing
	key  *K // nil: none
	row  *T // nil: not held
	more *more[T]
	time int64
}

// add takes in an entry and returns its number. Everything is booked before it is stored; after an error what is there
// cannot be used.
func (e *entries[T, K]) add(one entry[T, K]) (i int, err error) {
	if one.kind == entryKey && e.index.full() {
		if err := e.widen(); err != nil {
			return 0, err
		}
	}
	if err := e.bookEntry(&one); err != nil {
		return 0, err
	}
	if n := len(e.free); n > 0 {
		i = int(e.free[n-1])
		e.free = e.free[:n-1]
		*e.facts.at(i) = one.fact
	} else {
		i = e.grow(one.fact)
	}
	if one.key != nil {
		*e.keys.at(i) = *one.key
	}
	if e.p.claims() {
		*e.claims.at(i) = one.standing
	}
	if one.row != nil {
		*e.rows.at(i) = *one.row
	}
	if e.p.merge != nil {
		*e.mores.at(i) = one.more
	}
	if e.p.ttl > 0 {
		*e.times.at(i) = one.time
		e.due.push(int32(i), e.deadline(i))
	}
	switch one.kind {
	case entryKey:
		e.index.add(one.hash, i)
	case entryGroup:
		e.group = i
	}
	e.live++
	return i, nil
}

// grow makes room for one more number, all of it zero but its fact.
func (e *entries[T, K]) grow(f fact) (i int) {
	var noKey K
	i = e.facts.push(f)
	e.keys.push(noKey)
	if e.p.claims() {
		e.claims.push(standing{})
	}
	if e.p.rows {
		var noRow T
		e.rows.push(noRow)
	}
	if e.p.merge != nil {
		e.mores.push(nil)
	}
	if e.p.ttl > 0 {
		e.times.push(0)
		e.due.places.push(-1)
	}
	return i
}

// forget removes entry i.
func (e *entries[T, K]) forget(i int) {
	e.unlink(i)
	if e.p.ttl > 0 {
		e.due.remove(int32(i))
	}
	if e.account != nil {
		e.account.Shrink(e.reach(e.keys.at(i), e.row(i), e.more(i)))
	}
	var noKey K
	*e.facts.at(i), *e.keys.at(i) = fact{}, noKey
	if e.p.rows {
		var noRow T
		*e.rows.at(i) = noRow
	}
	if e.p.merge != nil {
		*e.mores.at(i) = nil
	}
	e.free = append(e.free, int32(i))
	e.live--
}

// unlink lets no key lead to entry i.
func (e *entries[T, K]) unlink(i int) {
	switch f := e.facts.at(i); f.kind {
	case entryKey:
		e.index.remove(f.hash, i, e.hashOf)
	case entryGroup:
		e.group = -1
	}
}

// close lets the key of entry i begin anew, while its row waits for its deadline.
func (e *entries[T, K]) close(i int) {
	e.unlink(i)
	e.facts.at(i).kind = entryClosed
}

// let empties the row of entry i, which survives no more.
func (e *entries[T, K]) let(i int) {
	row := e.rows.at(i)
	if e.account != nil && e.p.size != nil {
		e.account.Shrink(e.p.size(row))
	}
	var none T
	*row = none
}

// replaceRow puts a row in the place of that of entry i.
func (e *entries[T, K]) replaceRow(i int, row *T) error {
	held := e.rows.at(i)
	if e.account != nil && e.p.size != nil {
		if err := e.rebook(e.p.size(row) - e.p.size(held)); err != nil {
			return err
		}
	}
	*held = *row
	return nil
}

// replaceKey makes k, which is equal to it, the key of entry i: equal keys may have other bytes (0 and -0, one instant
// in two zones), and the key is that of the first row.
func (e *entries[T, K]) replaceKey(i int, k *K) error {
	held := e.keys.at(i)
	if e.account != nil {
		if err := e.rebook(e.hasher.Held(k) - e.hasher.Held(held)); err != nil {
			return err
		}
	}
	*held = *k
	return nil
}
