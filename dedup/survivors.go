package dedup

import (
	"cmp"
	"slices"
)

// The second half of a run that had to read all its input first: the survivors go out, in the order of first
// sight or of their own positions, with the rows without a key at their places between them.

// emitAll yields the survivors of a run that had to read all its input.
func (e *hashed[T, K]) emitAll() error {
	if err := e.unsettled(); err != nil {
		return err
	}
	keys := e.index.n
	if e.account != nil {
		e.account.Shrink(e.index.bytes())
	}
	e.index, e.stage, e.lookup = slots{}, nil, nil // their memory is free while the rows go out
	if e.p.order == OrderWinner {
		return e.emitByPosition(keys)
	}
	null := 0
	for i := range keys {
		for ; null < e.nulls.n && *e.nullsBefore.at(null) <= int64(i); null++ {
			if e.emitNull(null); e.stopped {
				return nil
			}
		}
		if e.emitKey(i); e.stopped {
			return nil
		}
		if i&(1<<e.rows.shift-1) == 0 {
			e.release(i)
		}
	}
	for ; null < e.nulls.n && !e.stopped; null++ {
		e.emitNull(null)
	}
	return nil
}

// emitByPosition yields the survivors by where they stood.
func (e *hashed[T, K]) emitByPosition(keys int) error {
	if e.account != nil {
		if err := e.grow(int64(keys) * 8); err != nil {
			return e.where(err)
		}
	}
	null := 0
	for _, i := range e.byPosition() {
		position := *e.positions.at(i)
		for ; null < e.nulls.n && *e.nullPositions.at(null) < position; null++ {
			if e.emitNull(null); e.stopped {
				return nil
			}
		}
		if e.emitKey(i); e.stopped {
			return nil
		}
	}
	for ; null < e.nulls.n && !e.stopped; null++ {
		e.emitNull(null)
	}
	return nil
}

// byPosition returns the numbers of the survivors, by where they stood.
func (e *hashed[T, K]) byPosition() []int {
	order := make([]int, 0, e.positions.n)
	for i := range e.positions.n {
		if *e.positions.at(i) >= 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(*e.positions.at(a), *e.positions.at(b)) })
	return order
}

// emitNull yields row number n of those with a null key, unless KeepNone dropped it.
func (e *hashed[T, K]) emitNull(n int) {
	if *e.nullPositions.at(n) >= 0 {
		e.emit(e.nulls.at(n))
	}
}

// emitKey yields the survivor of key number i, if it has one.
func (e *hashed[T, K]) emitKey(i int) {
	if e.p.keep == KeepNone && *e.positions.at(i) < 0 {
		return
	}
	e.emit(e.rows.at(i))
}

func (e *hashed[T, K]) emit(row *T) {
	e.stats.Out++
	e.stopped = !e.yield(*row, nil)
}

// release lets go of the blocks of rows before number i, which have gone out.
func (e *hashed[T, K]) release(i int) {
	freed := e.rows.releaseBefore(i)
	if e.account != nil {
		e.account.Shrink(freed)
	}
}
