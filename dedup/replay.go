package dedup

import (
	"fmt"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

// Replay applies a changelog and yields the rows that it leaves: what Run yields for the input of the Changelog, in the
// same order, that in which the keys were first seen since they were last deleted. key is the one that made the
// changelog. It is what a table that follows a changelog has to do, and shows that the changelog is right.
//
// It reads all of its input before the first row comes out, and holds one row per key, unbounded; of rows that were deleted as
// many places at most as there are rows, and some. An error of the input
// is forwarded, without any row before it. A change of a key that has no row is a *ReplayError, and so is a retraction
// that no update follows at once. A key that is inserted again while it has a row has expired in between (see
// StateOptions.TTL): both rows are left.
func Replay[T any, K comparable](s stream.Seq[Change[T]], key func(T) K) stream.Seq[T] {
	const fn = "Replay"
	need(s == nil, fn, "stream")
	need(key == nil, fn, "key")
	hasher, err := newHasher[K](fn)
	if err != nil {
		return stream.Fail[T](err)
	}
	return func(yield func(T, error) bool) {
		r := &replayed[T, K]{key: key, hasher: hasher, nulls: -1}
		if err := r.applyAll(s); err != nil {
			var none T
			yield(none, err)
			return
		}
		for i := range r.rows {
			if !r.gone[i] && !yield(r.rows[i], nil) {
				return
			}
		}
	}
}

// ReplayError reports a change that cannot be applied to what the changes before it have left. It matches
// stream.ErrConflict.
type ReplayError struct {
	Index  int64      // of the change in the changelog, from 0
	Kind   ChangeKind // of the change
	Key    any        // nil: a row without a key
	Reason string     // why it cannot be applied
}

// Error says which change it is, of which key, and why it cannot be applied.
func (e *ReplayError) Error() string {
	return fmt.Sprintf("dedup: Replay: change %d (%v of key %s): %s: %v", e.Index, e.Kind, keyText(e.Key), e.Reason, stream.ErrConflict)
}

// Unwrap gives stream.ErrConflict.
func (e *ReplayError) Unwrap() error { return stream.ErrConflict }

// replayed is the set that changes have left.
type replayed[T any, K comparable] struct {
	key    func(T) K
	hasher *hash.Hasher[K]

	rows  []T      // in order of insertion
	keys  []K      // beside them
	hash  []uint64 // beside them
	gone  []bool   // beside them
	holes int      // rows that are gone
	index keyIndex // the rows that are their key's last
	nulls int      // the last row without a key; -1: none
}

// applyAll applies a changelog.
func (r *replayed[T, K]) applyAll(s stream.Seq[Change[T]]) error {
	index, retracted := int64(0), -1 // the row whose update has to follow
	for c, err := range s {
		if err != nil {
			return err
		}
		row, k, h, err := r.find(&c, index)
		if err != nil {
			return err
		}
		refuse := func(reason string) error {
			e := &ReplayError{Index: index, Kind: c.Kind, Reason: reason}
			if !c.Null {
				e.Key = k
			}
			return e
		}
		switch {
		case c.Kind > Deleted:
			return refuse("there is no such kind")
		case retracted >= 0 && (c.Kind != Updated || row != retracted):
			return refuse("the update of a row retracted before it is missing")
		case c.Kind != Inserted && row < 0:
			return refuse("the key has no row")
		}
		retracted = -1
		switch c.Kind {
		case Inserted:
			r.insert(&c, k, h, row)
		case Retracted:
			retracted = row
		case Updated:
			r.rows[row], r.keys[row] = c.Row, k
		case Deleted:
			r.remove(row, c.Null)
		}
		index++
	}
	if retracted >= 0 {
		return &ReplayError{Index: index - 1, Kind: Retracted, Key: r.keys[retracted], Reason: "no update follows"}
	}
	return nil
}

// find returns the last row of the key of a change, -1 where it has none, and that key with its hash.
func (r *replayed[T, K]) find(c *Change[T], index int64) (row int, k K, h uint64, err error) {
	if c.Null {
		return r.nulls, k, 0, nil
	}
	k = r.key(c.Row)
	if err := r.hasher.Check(&k); err != nil {
		return 0, k, 0, &KeyError{Position: index, Err: err}
	}
	h = r.hasher.Hash(&k, 0)
	_, row = r.index.find(h, func(i int) bool { return r.hasher.Equal(&k, &r.keys[i]) })
	return row, k, h, nil
}

func (r *replayed[T, K]) hashOf(i int) uint64 { return r.hash[i] }

// insert adds the row of a change; before is the row of its key that has expired, -1 for none.
func (r *replayed[T, K]) insert(c *Change[T], k K, h uint64, before int) {
	i := len(r.rows)
	r.rows, r.keys, r.hash, r.gone = append(r.rows, c.Row), append(r.keys, k), append(r.hash, h), append(r.gone, false)
	if c.Null {
		r.nulls = i
		return
	}
	if before >= 0 {
		r.index.remove(h, before, r.hashOf)
	}
	if r.index.full() {
		r.index.resize(max(minIndexSlots, 2*len(r.index.slots)), r.hashOf)
	}
	r.index.add(h, i)
}

// remove deletes a row.
func (r *replayed[T, K]) remove(row int, isNull bool) {
	var none T
	r.rows[row], r.gone[row] = none, true
	if isNull {
		r.nulls = -1
	} else {
		r.index.remove(r.hash[row], row, r.hashOf)
	}
	if r.holes++; r.holes >= leastHolesToClose && r.holes > len(r.rows)/2 {
		r.close()
	}
}

// leastHolesToClose is how many rows must be gone for the others to move: fewer are not worth it.
const leastHolesToClose = 64

// close moves the rows that are left together, to memory of their size. Each of those that are gone pays for one that moves.
func (r *replayed[T, K]) close() {
	left := len(r.rows) - r.holes
	to := make([]int, len(r.rows))
	closed := replayed[T, K]{
		key: r.key, hasher: r.hasher, index: r.index, nulls: -1,
		rows: make([]T, 0, 2*left), keys: make([]K, 0, 2*left), hash: make([]uint64, 0, 2*left), gone: make([]bool, left, 2*left),
	}
	for i, isGone := range r.gone {
		if !isGone {
			to[i] = len(closed.rows)
			closed.rows, closed.keys, closed.hash = append(closed.rows, r.rows[i]), append(closed.keys, r.keys[i]), append(closed.hash, r.hash[i])
		}
	}
	if r.nulls >= 0 {
		closed.nulls = to[r.nulls]
	}
	closed.index.renumber(func(entry int) int { return to[entry] })
	if slots := slotsFor(closed.index.n); slots < len(closed.index.slots)/4 {
		closed.index.resize(slots, closed.hashOf)
	}
	*r = closed
}
