package dedup

import (
	"cmp"

	"github.com/millrace-go/millrace/stream"
)

// hashed is one run of the hash engine: an index numbers the keys 0, 1, 2 ... as they are first seen, and arrays indexed
// by that number hold the best row so far and where it stood.
//
//	index              rows            positions        rows with a null key
//	{7 click} -> 0     [0] 7 click b   [0] 4            nulls[0]  before = 1
//	{9 view}  -> 1     [1] 9 view      [1] 2
//
// Where rows are held, the key of number i is the key of its row; otherwise, or where that row may change, keys are held
// as well.
//
// Rows are taken in by batches (see stage), unless they come out on sight.
//
// The rows with a null key have no number. They stand in an array of their own, each with the count of keys
// seen before it, which is its place in the order of first sight: above, after 7 click and before 9 view.
// Under NullsEqual that array has one element, the group's best row, with the place of its first. (With workers see team.)
//
// Invariants, between two rows:
//  1. rows.n == index.n where rows are held, otherwise 0; the same for keys and positions.
//  2. nulls, nullPositions and nullsBefore have the same length; nullsBefore never descends.
//  3. Under KeepNone a negative position, ^p, says that the key is repeated and its first row stood at p.
//  4. tied has key i exactly if a row met the holder of i, no comparator told them apart, Same did not call
//     them identical, and that holder still stands. It is empty but under TieFail.
//  5. Where memory is bounded, booking covers what the index and the arrays have allocated, and what the keys
//     and the held rows reach. What is staged is not booked, but small beside the bound. Where the bound ends, rows of new
//     keys go to disk (see spillover), and to an engine of their own later.
type hashed[T any] struct {
	ledger[T]
	keys batchKeys[T]

	index         slots
	rows          blocks[T]
	positions     blocks[int64]
	firsts        blocks[int64] // positions of the first rows: where survivors of several levels are merged by them
	nulls         blocks[T]
	nullPositions blocks[int64]
	nullsBefore   blocks[int64]
	nullFirst     int64         // position of the first row of the group of null keys
	tied          map[int]int64 // key number -> position of the first row that ties with its holder

	over    *spillover[T] // nil: memory is unbounded, nothing is booked
	booking               // of this level
	toDisk  bool          // survivors are not yielded, but written with their places

	stage    *stage[T]
	lookup   *lookup
	position int64 // of the row being settled
	rowSize  int64 // bytes that it reaches beyond its static size, where memory is bounded
	yield    func(T, error) bool
	stopped  bool // the consumer broke
}

// nullGroup stands for a key number where the group of null keys is meant, under NullsEqual.
const nullGroup = -1

func newHashed[T any](p *plan[T], keys keysOf[T]) *hashed[T] {
	if p.bounded() {
		return newLevel(newDisk(p, keys), 0)
	}
	return emptyHashed(p, keys, p.batch)
}

func emptyHashed[T any](p *plan[T], keys keysOf[T], batch int) *hashed[T] {
	return &hashed[T]{
		ledger: ledger[T]{p: p}, keys: keys.batched(batch, p.holdKeys),
		rows: newBlocks[T](), positions: newBlocks[int64](), firsts: newBlocks[int64](),
		nulls: newBlocks[T](), nullPositions: newBlocks[int64](), nullsBefore: newBlocks[int64](),
		lookup: newLookup(batch),
	}
}

// close removes what is on disk, gives the booked memory back and publishes the counts. It runs on every path.
func (e *hashed[T]) close() {
	if e.over != nil {
		e.over.disk.close()
	}
	e.publish()
}

// run reads the input and yields the survivors. Its error is still to be yielded.
func (e *hashed[T]) run(s stream.Seq[T], yield func(T, error) bool) error {
	e.yield = yield
	err := e.read(s)
	if e.stopped {
		return nil
	}
	if e.over != nil && e.over.full {
		return e.finishSpilled(err)
	}
	if err != nil {
		return err
	}
	if !e.p.eager {
		if tie := e.unsettled(); tie != nil {
			return tie
		}
		if err := e.emitAll(); err != nil || e.stopped {
			return err
		}
	}
	e.balance()
	return nil
}

// read takes in the input. What ends it comes out when the rows before it are settled.
func (e *hashed[T]) read(s stream.Seq[T]) error {
	st := newStage(e.p, e.p.batch)
	e.stage = st
	for v, err := range s {
		if err != nil {
			return cmp.Or(e.settle(), err)
		}
		st.rows[st.n] = v
		if err := e.stageKey(); err != nil {
			if err := e.settle(); err != nil {
				return err
			}
			e.stats.In++
			return err
		}
		if st.n++; st.full(e.p) {
			if err := e.settle(); err != nil || e.stopped {
				return err
			}
		}
	}
	return e.settle()
}

// stageKey sets what is staged beside a row.
func (e *hashed[T]) stageKey() error {
	st, i := e.stage, e.stage.n
	row := &st.rows[i]
	if st.sizes != nil {
		st.sizes[i] = e.p.sizeOf(row)
		if st.sizes[i] == 0 && e.p.checkHeld != nil {
			if err := e.p.checkHeld(row, st.position(i)); err != nil {
				return err
			}
		}
		st.held += st.sizes[i]
	}
	if st.isNull != nil {
		st.isNull[i] = e.p.nullKey(*row)
		if st.isNull[i] {
			e.keys.stageNull(i)
			return nil
		}
	}
	if err := e.keys.stage(i, row); err != nil {
		return &KeyError{Position: st.position(i), Err: err}
	}
	return nil
}

// settle settles the staged rows, in input order, and empties the stage.
func (e *hashed[T]) settle() error {
	st := e.stage
	n := st.n
	if n == 0 {
		return nil
	}
	hashes := st.hashes[:n]
	e.keys.hash(hashes)
	e.lookUp(hashes)
	for i := range n {
		e.position = st.position(i)
		isNull := st.isNull != nil && st.isNull[i]
		if st.at != nil && !isNull {
			if err := e.sameKey(hashes[i]); err != nil {
				return err
			}
		}
		e.stats.In++
		if st.sizes != nil {
			e.rowSize = st.sizes[i]
		}
		var err error
		if isNull {
			err = e.takeNull(&st.rows[i])
		} else {
			err = e.take(i, &st.rows[i], hashes[i])
		}
		if err != nil || e.stopped {
			return err
		}
		e.checkInvariants()
	}
	st.first += int64(n)
	st.n, st.held = 0, 0
	return nil
}

// take takes in row i of the batch that was looked up.
func (e *hashed[T]) take(i int, row *T, h uint64) error {
	number, slot := e.lookup.of(i, &e.index)
	if number == unsure {
		number, slot = e.probe(i, h)
	}
	switch full := e.over != nil && e.over.full; {
	case full && (number < 0 || e.over.isEvicted(number)):
		return e.spillRow(row, h)
	case number >= 0:
		return e.duplicate(number, row)
	}
	return e.add(slot, i, row, h)
}

// add takes in row i of the batch, with a new key whose slot is this one.
func (e *hashed[T]) add(slot, i int, row *T, h uint64) error {
	if fits, err := e.fitsKey(i); !fits {
		if err == nil {
			err = e.spillRow(row, h)
		}
		return err
	}
	e.hold(slot, i, row, h, e.position)
	e.stats.Keys++
	if e.p.eager {
		return e.emit(row, e.position)
	}
	return nil
}

// hold stores what is to be known of a new key, that of row i of the batch, for which there is room. Its first row stood at
// first.
func (e *hashed[T]) hold(slot, i int, row *T, h uint64, first int64) (number int) {
	if e.index.room() == 0 {
		old := e.index.bytes()
		e.index.grow()
		e.unbook(old) // it was there until all keys were in the new one
		slot = e.index.vacant(h)
	}
	number = e.index.n
	e.index.insert(slot, h, number)
	if e.p.holdRows {
		*e.rows.next() = *row
	}
	if e.p.holdKeys {
		e.keys.hold(i)
	}
	if e.p.positions {
		*e.positions.next() = e.position
	}
	if e.p.firsts {
		*e.firsts.next() = first
	}
	return number
}

// takeNull takes in a row that has a null key.
func (e *hashed[T]) takeNull(row *T) error {
	group := false
	switch e.p.nullKeys {
	case NullsReject:
		e.stats.NullKeys++
		return e.reject(row, e.position)
	case NullsEqual:
		if e.over != nil && e.over.isEvicted(nullGroup) {
			return e.spillRow(row, nullHash)
		}
		if e.nulls.n > 0 {
			e.stats.NullKeys++
			return e.duplicate(nullGroup, row)
		}
		group = true
	case NullsDistinct:
		if e.p.eager && (e.over == nil || !e.over.full) { // nothing will ask for this row again
			e.stats.NullKeys++
			return e.emit(row, e.position)
		}
	}
	fits, err := e.fitsNull()
	switch {
	case err != nil:
		return err
	case !fits && group:
		return e.spillRow(row, nullHash)
	}
	e.stats.NullKeys++
	if !fits {
		return e.over.putSurvivor(e.position, row)
	}
	if group {
		e.stats.Keys++
	}
	e.holdNull(row, e.position)
	if e.p.eager {
		return e.emit(row, e.position)
	}
	return nil
}

// holdNull stores a row that has a null key; first is the position of the first row of the group.
func (e *hashed[T]) holdNull(row *T, first int64) {
	*e.nulls.next() = *row
	e.nullPositions.push(e.position)
	e.nullsBefore.push(int64(e.index.n))
	e.nullFirst = first
}

// duplicate takes in a row whose key is number i and was seen before.
func (e *hashed[T]) duplicate(i int, row *T) error {
	holder, held := e.holder(i)
	heldAt := int64(-1)
	if held != nil {
		heldAt = *held
	}
	if e.p.keep == KeepNone {
		return e.repeatKey(row, holder, held)
	}
	outcome, err := e.meet(row, holder, e.position, heldAt)
	if err != nil {
		return err
	}
	if e.over != nil && !e.p.eager && !e.rebook(e.grown) {
		return e.evictMet(i, row, holder, heldAt, outcome)
	}
	switch outcome {
	case holderMatched:
		return e.tie(i, heldAt)
	case holderBeaten:
		*holder = *row
		if held != nil {
			*held = e.position
		}
		if e.tied != nil {
			delete(e.tied, i)
		}
	}
	return nil
}

// holder returns the row held for key number i and its position; nil for what is not held.
func (e *hashed[T]) holder(i int) (row *T, position *int64) {
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

// repeatKey drops a row and, the first time, the row it repeats, which is then let go of unless Same needs
// it again.
func (e *hashed[T]) repeatKey(row, first *T, firstAt *int64) error {
	isFirst := *firstAt >= 0
	at := *firstAt
	if !isFirst {
		at = ^at
	}
	if err := e.repeat(row, first, e.position, at, isFirst); err != nil {
		return err
	}
	if isFirst {
		*firstAt = ^at
		if e.p.same == nil {
			e.unbook(e.sizeOfRow(first))
			var zero T
			*first = zero
		}
	}
	return nil
}
