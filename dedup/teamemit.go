package dedup

// The survivors of a run with workers: each owner has its own in order of position, and so has the owner of the rows
// with a null key. They are brought together window by window of the input, not by comparing one with the next.
//
//	worker 0      0 b    3 a    7 d            window of positions 0 to 7
//	worker 1      1 c    6 e              ->   [b][c][.][a][.][.][e][d]  ->  b c a e d
//	null keys

// emitWindow is how many positions are brought together at a time.
const emitWindow = 4096

// emitAll yields the survivors.
func (t *team[T, K]) emitAll() error {
	sources := append([]*hashed[T, K]{t.nulls}, t.owners...)
	var first *hashed[T, K]
	var tie *TieError
	number := 0
	for _, e := range sources {
		if i, found := e.firstUnsettled(); found != nil && (tie == nil || found.WinnerPosition < tie.WinnerPosition) {
			first, number, tie = e, i, found
		}
	}
	if tie != nil {
		return first.tieError(number, tie.WinnerPosition, tie.Position)
	}
	in := int64(0)
	for _, e := range sources {
		in += e.stats.In
		e.index, e.lookup = slots{}, nil // their memory is free while the rows go out
	}
	t.free = nil
	if t.p.order == OrderAny {
		t.emitOwners()
		return nil
	}
	rows := make([]*T, emitWindow)
	next := make([]int, len(sources)) // what each has put out
	for base := int64(0); base < in; base += emitWindow {
		next[0] = t.nulls.windowNulls(next[0], base, rows)
		for i, e := range t.owners {
			if t.p.order == OrderWinner {
				next[i+1] = e.windowOrdered(next[i+1], base, rows)
			} else {
				next[i+1] = e.windowFirsts(next[i+1], base, rows)
			}
		}
		for i, row := range rows {
			if row == nil {
				continue
			}
			rows[i] = nil
			if t.nulls.out(row); t.nulls.stopped {
				return nil
			}
		}
	}
	return nil
}

// windowFirsts puts the survivors from number i on that belong to the window at base at their places in it, and returns
// the number behind them. Blocks that went out before are let go of.
func (e *hashed[T, K]) windowFirsts(i int, base int64, rows []*T) int {
	e.rows.releaseBefore(i)
	for ; i < e.firsts.n; i++ {
		place := *e.firsts.at(i) - base
		if place >= int64(len(rows)) {
			break
		}
		if e.p.keep != KeepNone || *e.positions.at(i) >= 0 {
			rows[place] = e.rows.at(i)
		}
	}
	return i
}

// windowOrdered is windowFirsts for survivors in the order of their own positions.
func (e *hashed[T, K]) windowOrdered(i int, base int64, rows []*T) int {
	for ; i < len(e.order); i++ {
		place := *e.positions.at(e.order[i]) - base
		if place >= int64(len(rows)) {
			break
		}
		rows[place] = e.rows.at(e.order[i])
	}
	return i
}

// windowNulls is windowFirsts for rows with a null key.
func (e *hashed[T, K]) windowNulls(i int, base int64, rows []*T) int {
	places := &e.nullsBefore
	if e.p.order == OrderWinner {
		places = &e.nullPositions
	}
	for ; i < e.nulls.n; i++ {
		place := *places.at(i) - base
		if place >= int64(len(rows)) {
			break
		}
		if *e.nullPositions.at(i) >= 0 {
			rows[place] = e.nulls.at(i)
		}
	}
	return i
}

// emitOwners yields the survivors of one owner after the other.
func (t *team[T, K]) emitOwners() {
	e := t.nulls
	for i := 0; i < e.nulls.n && !e.stopped; i++ {
		e.emitNull(i)
	}
	for _, owner := range t.owners {
		for i := 0; i < owner.rows.n && !e.stopped; i++ {
			if i&(1<<owner.rows.shift-1) == 0 {
				owner.rows.releaseBefore(i)
			}
			if owner.p.keep != KeepNone || *owner.positions.at(i) >= 0 {
				e.out(owner.rows.at(i))
			}
		}
	}
}
