package dedup

import (
	"cmp"
	"slices"
)

// The second half of a run that had to read all its input first: the survivors go out, in the order of first
// sight or of their own positions, with the rows without a key at their places between them.

// emitAll brings out the survivors of a run, or of a level of it, that had to read all its input first.
func (e *hashed[T]) emitAll() error {
	keys := e.index.n
	sorted := e.p.order == OrderWinner || e.over != nil && e.over.restored
	if e.over != nil {
		n := e.index.bytes()
		if sorted {
			n -= 8 * int64(keys) // of which a key took more
		}
		e.unbook(n)
	}
	e.index, e.stage, e.lookup = slots{}, nil, nil // their memory is free while the rows go out
	if sorted {
		return e.emitByPlace()
	}
	null := 0
	for i := range keys {
		for ; null < e.nulls.n && *e.nullsBefore.at(null) <= int64(i); null++ {
			if err := e.emitNull(null); err != nil || e.stopped {
				return err
			}
		}
		if err := e.emitKey(i); err != nil || e.stopped {
			return err
		}
		if i&(1<<e.rows.shift-1) == 0 {
			e.unbook(e.rows.releaseBefore(i))
		}
	}
	return e.emitNulls(null)
}

// emitByPlace brings out the survivors in order of their places.
func (e *hashed[T]) emitByPlace() error {
	null := 0
	for _, i := range e.byPlace() {
		place := e.place(i)
		for ; null < e.nulls.n && e.nullPlace(null) < place; null++ {
			if err := e.emitNull(null); err != nil || e.stopped {
				return err
			}
		}
		if err := e.emitKey(i); err != nil || e.stopped {
			return err
		}
	}
	return e.emitNulls(null)
}

// emitNulls brings out the rows with a null key from number n on.
func (e *hashed[T]) emitNulls(n int) error {
	for ; n < e.nulls.n; n++ {
		if err := e.emitNull(n); err != nil || e.stopped {
			return err
		}
	}
	return nil
}

// byPlace returns the numbers of the survivors in order of their places.
func (e *hashed[T]) byPlace() []int {
	order := make([]int, 0, e.rows.n)
	for i := range e.rows.n {
		if e.survives(i) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(e.place(a), e.place(b)) })
	return order
}

// emitNull brings out row number n of those with a null key, unless KeepNone dropped it or it went to disk.
func (e *hashed[T]) emitNull(n int) error {
	if *e.nullPositions.at(n) < 0 || e.over != nil && e.p.nullKeys == NullsEqual && e.over.isEvicted(nullGroup) {
		return nil
	}
	return e.emit(e.nulls.at(n), e.nullPlace(n))
}

// emitKey brings out the survivor of key number i, if it has one.
func (e *hashed[T]) emitKey(i int) error {
	if !e.survives(i) {
		return nil
	}
	place := int64(0)
	if e.toDisk {
		place = e.place(i)
	}
	return e.emit(e.rows.at(i), place)
}

// survives reports whether key number i has its survivor here.
func (e *hashed[T]) survives(i int) bool {
	return (e.p.keep != KeepNone || *e.positions.at(i) >= 0) && (e.over == nil || !e.over.isEvicted(i))
}

// place is the position by which the survivor of key number i comes out.
func (e *hashed[T]) place(i int) int64 {
	if e.p.firsts {
		return *e.firsts.at(i)
	}
	return *e.positions.at(i)
}

// nullPlace is place for row number n of those with a null key.
func (e *hashed[T]) nullPlace(n int) int64 {
	if e.p.firsts && e.p.nullKeys == NullsEqual {
		return e.nullFirst
	}
	return *e.nullPositions.at(n)
}

// firstOf is the position of the first row of key number i, where that is asked for, otherwise any.
func (e *hashed[T]) firstOf(i int) int64 {
	if i == nullGroup {
		return e.nullFirst
	}
	return e.place(i)
}

// emit brings out a survivor: to the consumer, or to disk with its place.
func (e *hashed[T]) emit(row *T, place int64) error {
	if e.toDisk {
		return e.over.putSurvivor(place, row)
	}
	e.out(row)
	return nil
}

// out yields a survivor.
func (e *hashed[T]) out(row *T) {
	e.stats.Out++
	e.stopped = !e.yield(*row, nil)
}
