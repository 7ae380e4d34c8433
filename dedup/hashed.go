package dedup

import (
	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/table"
	"github.com/millrace-go/millrace/stream"
)

// hashed is one run of the hash engine: a table numbers the keys 0, 1, 2 ... as they are first seen, and
// arrays indexed by that number hold the best row so far and where it stood.
//
//	table              rows            positions        rows with a null key
//	{7 click} -> 0     [0] 7 click b   [0] 4            nulls[0]  before = 1
//	{9 view}  -> 1     [1] 9 view      [1] 2
//
// The rows with a null key have no number. They stand in an array of their own, each with the count of keys
// seen before it, which is its place in the order of first sight: above, after 7 click and before 9 view.
// Under NullsEqual that array has one element, the group's best row, with the place of its first.
//
// Invariants, between two rows:
//  1. rows.n == table.Len() where rows are held, otherwise 0; the same for positions.
//  2. nulls, nullPositions and nullsBefore have the same length; nullsBefore never descends.
//  3. Under KeepNone a negative position, ^p, says that the key is repeated and its first row stood at p.
//  4. tied has key i exactly if a row met the holder of i, no comparator told them apart, Same did not call
//     them identical, and that holder still stands. It is empty but under TieFail.
//  5. Where memory is bounded, account.Used() covers what the table and the arrays have allocated, and what
//     the held rows reach.
type hashed[T any, K comparable] struct {
	ledger[T]
	key    func(T) K
	hasher *hash.Hasher[K]

	table         *table.Table[K]
	rows          blocks[T]
	positions     blocks[int64]
	nulls         blocks[T]
	nullPositions blocks[int64]
	nullsBefore   blocks[int64]
	tied          map[int]int64 // key number -> position of the first row that ties with its holder

	account    *stream.Account // nil: memory is unbounded, nothing is booked
	sizeOf     func(*T) int64  // bytes a row reaches beyond its static size; nil: none, or not needed
	tableBytes int64           // of the table, as booked

	row      T     // the row being taken in, and its key: fields, so that their addresses cost no
	rowKey   K     // allocation per row
	position int64 // of row in the input
	yield    func(T, error) bool
	stopped  bool // the consumer broke
}

// nullGroup stands for a key number where the group of null keys is meant, under NullsEqual.
const nullGroup = -1

func newHashed[T any, K comparable](p *plan[T], key func(T) K, hasher *hash.Hasher[K]) *hashed[T, K] {
	e := &hashed[T, K]{
		ledger: ledger[T]{p: p}, key: key, hasher: hasher, table: table.New(hasher),
		rows: newBlocks[T](), positions: newBlocks[int64](),
		nulls: newBlocks[T](), nullPositions: newBlocks[int64](), nullsBefore: newBlocks[int64](),
	}
	if p.bounded() {
		e.account = p.res.Account("dedup: " + p.fn)
		e.sizeOf = p.sizeOf
	}
	return e
}

// close gives the booked memory back and publishes the counts. It runs on every path.
func (e *hashed[T, K]) close() {
	if e.account != nil {
		e.account.Close()
	}
	e.publish()
}

// run reads the input and yields the survivors. Its error is still to be yielded.
func (e *hashed[T, K]) run(s stream.Seq[T], yield func(T, error) bool) error {
	e.yield = yield
	for v, err := range s {
		if err != nil {
			return err
		}
		e.row, e.position = v, e.stats.In
		e.stats.In++
		if err := e.take(); err != nil {
			return e.where(err)
		}
		if e.stopped {
			return nil
		}
		e.checkInvariants()
	}
	if !e.p.eager {
		if err := e.emitAll(); err != nil || e.stopped {
			return err
		}
	}
	e.balance()
	return nil
}

// take takes in e.row.
func (e *hashed[T, K]) take() error {
	if e.p.nullKey != nil && e.p.nullKey(e.row) {
		return e.takeNull()
	}
	e.rowKey = e.key(e.row)
	if e.hasher.Dynamic() {
		if err := e.hasher.Check(&e.rowKey); err != nil {
			return &KeyError{Position: e.position, Err: err}
		}
	}
	if e.table.Room() == 0 {
		if err := e.makeRoom(); err != nil {
			return err
		}
	}
	i, added := e.table.Upsert(e.rowKey)
	if !added {
		return e.duplicate(i)
	}
	e.stats.Keys++
	if e.account != nil {
		if err := e.bookKey(); err != nil {
			return err
		}
	}
	if e.p.holdRows {
		e.rows.push(e.row)
	}
	if e.p.positions {
		e.positions.push(e.position)
	}
	if e.p.eager {
		e.emit(&e.row)
	}
	return nil
}

// takeNull takes in e.row, which has a null key.
func (e *hashed[T, K]) takeNull() error {
	e.stats.NullKeys++
	switch e.p.nullKeys {
	case NullsReject:
		return e.reject(&e.row, e.position)
	case NullsEqual:
		if e.nulls.n > 0 {
			return e.duplicate(nullGroup)
		}
		e.stats.Keys++
	case NullsDistinct:
		if e.p.eager { // nothing will ask for this row again
			e.emit(&e.row)
			return nil
		}
	}
	if e.account != nil {
		if err := e.grow(e.nulls.needs() + e.nullPositions.needs() + e.nullsBefore.needs() + e.sizeOfRow(&e.row)); err != nil {
			return err
		}
	}
	e.nulls.push(e.row)
	e.nullPositions.push(e.position)
	e.nullsBefore.push(int64(e.table.Len()))
	if e.p.eager {
		e.emit(&e.row)
	}
	return nil
}

// duplicate takes in e.row, whose key is number i and was seen before.
func (e *hashed[T, K]) duplicate(i int) error {
	holder, held := e.holder(i)
	heldAt := int64(-1)
	if held != nil {
		heldAt = *held
	}
	if e.p.keep == KeepNone {
		return e.repeatKey(holder, held)
	}
	outcome, err := e.meet(&e.row, holder, e.position, heldAt)
	if err != nil {
		return err
	}
	if e.grown != 0 {
		if err := e.rebook(e.grown); err != nil {
			return err
		}
	}
	switch outcome {
	case holderMatched:
		return e.tie(i, heldAt)
	case holderBeaten:
		*holder = e.row
		if held != nil {
			*held = e.position
		}
		delete(e.tied, i)
	}
	return nil
}

// holder returns the row held for key number i and its position; nil for what is not held.
func (e *hashed[T, K]) holder(i int) (row *T, position *int64) {
	if i == nullGroup {
		return e.nulls.at(0), e.nullPositions.at(0)
	}
	if e.p.holdRows {
		row = e.rows.at(i)
	}
	if e.p.positions {
		position = e.positions.at(i)
	}
	return row, position
}

// repeatKey drops e.row and, the first time, the row it repeats, which is then let go of unless Same needs
// it again.
func (e *hashed[T, K]) repeatKey(first *T, firstAt *int64) error {
	isFirst := *firstAt >= 0
	at := *firstAt
	if !isFirst {
		at = ^at
	}
	if err := e.repeat(&e.row, first, e.position, at, isFirst); err != nil {
		return err
	}
	if isFirst {
		*firstAt = ^at
		if e.p.same == nil {
			if size := e.sizeOfRow(first); size > 0 {
				e.account.Shrink(size)
			}
			var zero T
			*first = zero
		}
	}
	return nil
}
