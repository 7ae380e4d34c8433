package dedup

import (
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// Sorted is Run for input sorted by key: the same survivors, in constant memory. compare is the order of the
// input, negative where a < b, as for slices.SortFunc: cmp.Compare for a plain ascending key. Rows of one key
// may stand in any order; equal keys are those for which compare gives 0.
//
// Rows come in the order of the input. It holds one row and allocates nothing per row; a survivor comes out
// when the next key is seen, or at once where the first row of a key is bound to survive. A key
// that descends ends it with an *OrderError. A row with a null key ends the run of equal keys it stands in:
// that key seen again after it is an *OrderError too, and under NullsEqual so is a null key that comes back.
// Resources are checked and otherwise have no effect.
//
// Input sorted by time is not sorted by key: see the package documentation.
func Sorted[T, K any](s stream.Seq[T], key func(T) K, compare func(a, b K) int, o Options[T]) stream.Seq[T] {
	const fn = "Sorted"
	need(s == nil, fn, "stream")
	need(key == nil, fn, "key")
	need(compare == nil, fn, "compare")
	p, err := newPlan(fn, o)
	if err != nil {
		return stream.Fail[T](err)
	}
	return func(yield func(T, error) bool) {
		e := &adjacent[T, K]{ledger: ledger[T]{p: p}, key: key, compare: compare, yield: yield}
		defer e.publish()
		if err := e.run(s); err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

// OrderError reports that the input of Sorted is not sorted by key. It matches stream.ErrConflict.
type OrderError struct {
	Key, PrevKey           any   // nil: a null key
	Position, PrevPosition int64 // of the row that broke the order, and of the one it had to follow, from 0
}

// Error names both keys and both positions.
func (e *OrderError) Error() string {
	return fmt.Sprintf("dedup: input not sorted by key: element %d has key %s after %s at element %d: %v",
		e.Position, keyText(e.Key), keyText(e.PrevKey), e.PrevPosition, stream.ErrConflict)
}

// Unwrap gives stream.ErrConflict.
func (e *OrderError) Unwrap() error { return stream.ErrConflict }

// adjacent is one run of the sorted engine. It holds the best row so far of the group of equal keys that is
// open; a group is closed by the first row of another, by a row with a null key, and by the end.
//
//	rows  [ 7 click b ][ 7 click a ]     holding 0: a row of another key is written over 7 click a, a better
//	                                     row of key 7 too, and then that one is held
//
// A row is copied once, from the source to its place among the two, and once more when it comes out.
//
// Invariants, between two rows:
//  1. hasLast says that a key was seen; lastKey and lastAt are those of the last row that had one.
//  2. The open group is of lastKey, unless nullSince (a null key closed it) or group is groupNulls.
//  3. tiedAt >= 0 says that a row met the one held, and nothing told them apart (see holderMatched).
//  4. Of an open group the best row is rows[holding], unless the plan holds no rows; under KeepMerge, more is what is known
//     beside it (see gathered), and nil where no group is open.
type adjacent[T, K any] struct {
	ledger[T]
	key     func(T) K
	compare func(a, b K) int
	yield   func(T, error) bool
	stopped bool // the consumer broke

	rows     [2]T
	holding  int   // the index in rows of the best row of the open group; the other is free for the row at hand
	position int64 // of the row at hand
	more     *more[T]
	meeting  [2]gathered[T] // under KeepMerge: the row held and the one at hand; the first is where a row is finished, too

	group    group
	heldAt   int64 // where the best row of the open group stood
	tiedAt   int64 // the first row that ties with it; -1: none
	repeated bool  // under KeepNone: the open group has more than one row

	hasLast   bool
	lastKey   K
	lastAt    int64
	nullSince bool  // a row with a null key came after lastKey
	nullSeen  bool  // under NullsEqual: the group of null keys was opened before
	nullAt    int64 // where the last row with a null key stood
}

// group says what the open group is.
type group uint8

const (
	groupNone  group = iota // nothing is held
	groupKey                // rows with lastKey
	groupNulls              // rows with a null key, under NullsEqual
)

// run reads the input and yields the survivors. Its error is still to be yielded.
func (e *adjacent[T, K]) run(s stream.Seq[T]) error {
	p := e.p
	for v, err := range s {
		if err != nil {
			return err
		}
		e.position = e.stats.In
		e.stats.In++
		if p.nullKey != nil && p.nullKey(v) {
			*e.free() = v
			if err := e.takeNull(); err != nil {
				return err
			}
		} else {
			k := e.key(v)
			order := -1
			if e.hasLast {
				order = e.compare(e.lastKey, k)
			}
			if order >= 0 {
				if p.holdRows {
					*e.free() = v
				}
				if err := e.repeatLast(order, &k); err != nil {
					return err
				}
			} else {
				if err := e.closeGroup(); err != nil {
					return err
				}
				if e.stopped {
					return nil
				}
				e.hasLast, e.lastKey, e.lastAt, e.nullSince = true, k, e.position, false
				if p.holdRows {
					*e.free() = v
				}
				e.open(groupKey)
				if p.eager {
					e.stats.Out++
					e.stopped = !e.yield(v, nil)
				}
			}
		}
		if e.stopped {
			return nil
		}
		e.checkInvariants()
	}
	if err := e.closeGroup(); err != nil || e.stopped {
		return err
	}
	e.balance()
	return nil
}

// free is where the row at hand has room.
func (e *adjacent[T, K]) free() *T { return &e.rows[1-e.holding] }

// repeatLast takes in the row at hand, whose key k does not follow the last one.
func (e *adjacent[T, K]) repeatLast(order int, k *K) error {
	switch {
	case order > 0:
		return &OrderError{Key: *k, PrevKey: e.lastKey, Position: e.position, PrevPosition: e.lastAt}
	case e.nullSince:
		return &OrderError{Key: *k, Position: e.position, PrevPosition: e.nullAt}
	}
	e.lastAt = e.position
	return e.duplicate()
}

// takeNull takes in the row at hand, which has a null key.
func (e *adjacent[T, K]) takeNull() error {
	e.stats.NullKeys++
	if e.p.nullKeys == NullsReject {
		return e.reject(e.free(), e.position)
	}
	e.nullSince, e.nullAt = true, e.position
	if e.p.nullKeys == NullsDistinct {
		if err := e.closeGroup(); err != nil || e.stopped {
			return err
		}
		e.emit(e.free())
		return nil
	}
	switch {
	case e.group == groupNulls:
		return e.duplicate()
	case e.nullSeen:
		return &OrderError{PrevKey: e.lastKey, Position: e.position, PrevPosition: e.lastAt}
	}
	if err := e.closeGroup(); err != nil || e.stopped {
		return err
	}
	e.nullSeen = true
	e.open(groupNulls)
	if e.p.eager {
		e.emit(&e.rows[e.holding])
	}
	return nil
}

// open opens a group with the row at hand, which is where there was room.
func (e *adjacent[T, K]) open(g group) {
	e.stats.Keys++
	e.holding = 1 - e.holding
	e.group, e.heldAt, e.tiedAt, e.repeated = g, e.position, -1, false
}

// duplicate takes in the row at hand, which belongs to the open group.
func (e *adjacent[T, K]) duplicate() error {
	row, held := e.free(), &e.rows[e.holding]
	if e.p.keep == KeepNone {
		isFirst := !e.repeated
		e.repeated = true
		return e.repeat(row, held, e.position, e.heldAt, isFirst)
	}
	outcome, err := e.meet(row, held, e.position, e.heldAt)
	if err != nil {
		return err
	}
	if e.p.merge != nil {
		e.gather(row, held, outcome == holderBeaten)
	}
	switch outcome {
	case holderBeaten:
		e.holding = 1 - e.holding
		e.heldAt, e.tiedAt = e.position, -1
	case holderMatched:
		if e.tiedAt < 0 {
			e.tiedAt = e.position
		}
		if len(e.p.by) == 0 {
			return e.settled() // no later row can settle it
		}
	}
	return nil
}

// gather joins the row at hand with the one held and what is known beside it; won says that it is the better one.
func (e *adjacent[T, K]) gather(row, held *T, won bool) {
	e.meeting = [2]gathered[T]{{Best: *held, More: e.more}, {Best: *row}}
	e.p.merge.join(&e.meeting[0], &e.meeting[1], e.heldAt, e.position, won)
	kept := &e.meeting[0]
	if won {
		kept = &e.meeting[1]
	}
	e.more = kept.More
}

// closeGroup yields the survivor of the open group, if there is one that did not go out before.
func (e *adjacent[T, K]) closeGroup() error {
	if e.group == groupNone {
		return nil
	}
	if e.tiedAt >= 0 {
		return e.settled()
	}
	if !e.p.eager && !e.repeated {
		e.emit(&e.rows[e.holding])
	}
	e.group, e.more = groupNone, nil
	return nil
}

// settled returns a *TieError where the best rows of the open group tie.
func (e *adjacent[T, K]) settled() error {
	if e.tiedAt < 0 {
		return nil
	}
	t := &TieError{WinnerPosition: e.heldAt, Position: e.tiedAt}
	if e.group == groupKey {
		t.Key = e.lastKey
	}
	return t
}

// emit yields a row; under KeepMerge, what is made of it and what is known beside it.
func (e *adjacent[T, K]) emit(row *T) {
	e.stats.Out++
	if e.p.merge != nil {
		e.meeting[0] = gathered[T]{Best: *row, More: e.more}
		e.p.merge.finish(&e.meeting[0])
		row = &e.meeting[0].Best
	}
	e.stopped = !e.yield(*row, nil)
}
