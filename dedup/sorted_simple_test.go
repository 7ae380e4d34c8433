package dedup

import (
	"github.com/millrace-go/millrace/stream"
)

// SortedSimply is Sorted by the simple engine, for tests of the one that is fast.
func SortedSimply[T, K any](s stream.Seq[T], key func(T) K, compare func(a, b K) int, o Options[T]) stream.Seq[T] {
	p, err := newPlan("Sorted", o)
	if err != nil {
		return stream.Fail[T](err)
	}
	return func(yield func(T, error) bool) {
		e := &simpleAdjacent[T, K]{ledger: ledger[T]{p: p}, key: key, compare: compare, yield: yield}
		defer e.publish()
		if err := e.run(s); err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

// simpleAdjacent is the sorted engine as one would write it first: each row is copied to where it is compared, and the best
// one to where it is held. It holds the best row so far of the group of equal keys that is
// open; a group is closed by the first row of another, by a row with a null key, and by the end.
//
// Invariants, between two rows:
//  1. hasLast says that a key was seen; lastKey and lastAt are those of the last row that had one.
//  2. The open group is of lastKey, unless nullSince (a null key closed it) or group is groupNulls.
//  3. tiedAt >= 0 says that a row met held, and nothing told them apart (see holderMatched).
type simpleAdjacent[T, K any] struct {
	ledger[T]
	key     func(T) K
	compare func(a, b K) int
	yield   func(T, error) bool
	stopped bool // the consumer broke

	row      T     // the row being taken in: a field, so that its address costs no allocation per row
	position int64 // of row in the input

	group    group
	held     T     // the best row of the open group
	heldAt   int64 // its position
	tiedAt   int64 // the first row that ties with held; -1: none
	repeated bool  // under KeepNone: the open group has more than one row

	hasLast   bool
	lastKey   K
	lastAt    int64
	nullSince bool  // a row with a null key came after lastKey
	nullSeen  bool  // under NullsEqual: the group of null keys was opened before
	nullAt    int64 // where the last row with a null key stood
}

// run reads the input and yields the survivors. Its error is still to be yielded.
func (e *simpleAdjacent[T, K]) run(s stream.Seq[T]) error {
	for v, err := range s {
		if err != nil {
			return err
		}
		e.row, e.position = v, e.stats.In
		e.stats.In++
		if err := e.take(); err != nil {
			return err
		}
		if e.stopped {
			return nil
		}
	}
	if err := e.closeGroup(); err != nil || e.stopped {
		return err
	}
	e.balance()
	return nil
}

// take takes in e.row.
func (e *simpleAdjacent[T, K]) take() error {
	if e.p.nullKey != nil && e.p.nullKey(e.row) {
		return e.takeNull()
	}
	k := e.key(e.row)
	if !e.hasLast {
		return e.openKey(k)
	}
	switch c := e.compare(e.lastKey, k); {
	case c < 0:
		return e.openKey(k)
	case c > 0:
		return &OrderError{Key: k, PrevKey: e.lastKey, Position: e.position, PrevPosition: e.lastAt}
	case e.nullSince:
		return &OrderError{Key: k, Position: e.position, PrevPosition: e.nullAt}
	}
	e.lastAt = e.position
	return e.duplicate()
}

// takeNull takes in e.row, which has a null key.
func (e *simpleAdjacent[T, K]) takeNull() error {
	e.stats.NullKeys++
	if e.p.nullKeys == NullsReject {
		return e.reject(&e.row, e.position)
	}
	e.nullSince, e.nullAt = true, e.position
	if e.p.nullKeys == NullsDistinct {
		if err := e.closeGroup(); err != nil || e.stopped {
			return err
		}
		e.emit(&e.row)
		return nil
	}
	switch {
	case e.group == groupNulls:
		return e.duplicate()
	case e.nullSeen:
		return &OrderError{PrevKey: e.lastKey, Position: e.position, PrevPosition: e.lastAt}
	}
	e.nullSeen = true
	return e.open(groupNulls)
}

func (e *simpleAdjacent[T, K]) openKey(k K) error {
	if err := e.open(groupKey); err != nil {
		return err
	}
	e.hasLast, e.lastKey, e.lastAt, e.nullSince = true, k, e.position, false
	return nil
}

// open closes the open group and opens another with e.row.
func (e *simpleAdjacent[T, K]) open(g group) error {
	if err := e.closeGroup(); err != nil || e.stopped {
		return err
	}
	e.stats.Keys++
	e.group, e.held, e.heldAt, e.tiedAt, e.repeated = g, e.row, e.position, -1, false
	if e.p.eager {
		e.emit(&e.held)
	}
	return nil
}

// duplicate takes in e.row, which belongs to the open group.
func (e *simpleAdjacent[T, K]) duplicate() error {
	if e.p.keep == KeepNone {
		isFirst := !e.repeated
		e.repeated = true
		return e.repeat(&e.row, &e.held, e.position, e.heldAt, isFirst)
	}
	outcome, err := e.meet(&e.row, &e.held, e.position, e.heldAt)
	if err != nil {
		return err
	}
	switch outcome {
	case holderBeaten:
		e.held, e.heldAt, e.tiedAt = e.row, e.position, -1
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

// closeGroup yields the survivor of the open group, if there is one that did not go out before.
func (e *simpleAdjacent[T, K]) closeGroup() error {
	if e.group == groupNone {
		return nil
	}
	if err := e.settled(); err != nil {
		return err
	}
	if !e.p.eager && !e.repeated {
		e.emit(&e.held)
	}
	e.group = groupNone
	return nil
}

// settled returns a *TieError where the best rows of the open group tie.
func (e *simpleAdjacent[T, K]) settled() error {
	if e.tiedAt < 0 {
		return nil
	}
	t := &TieError{WinnerPosition: e.heldAt, Position: e.tiedAt}
	if e.group == groupKey {
		t.Key = e.lastKey
	}
	return t
}

func (e *simpleAdjacent[T, K]) emit(row *T) {
	e.stats.Out++
	e.stopped = !e.yield(*row, nil)
}
