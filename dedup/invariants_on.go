//go:build invariants

package dedup

import "fmt"

// checkInvariants panics where a numbered invariant of hashed does not hold. It is called between two rows.
func (e *hashed[T, K]) checkInvariants() {
	keys := e.table.Len()
	wantRows, wantPositions := 0, 0
	if e.p.holdRows {
		wantRows = keys
	}
	if e.p.positions {
		wantPositions = keys
	}
	broken := func(n int, format string, args ...any) {
		panic(fmt.Sprintf("dedup: invariant %d of hashed at element %d: ", n, e.position) + fmt.Sprintf(format, args...))
	}
	if e.rows.n != wantRows || e.positions.n != wantPositions {
		broken(1, "%d rows and %d positions for %d keys", e.rows.n, e.positions.n, keys)
	}
	if n := e.nulls.n; n != e.nullPositions.n || n != e.nullsBefore.n {
		broken(2, "%d nulls, %d positions, %d places", n, e.nullPositions.n, e.nullsBefore.n)
	}
	if n := e.nulls.n; n > 1 && *e.nullsBefore.at(n - 2) > *e.nullsBefore.at(n - 1) {
		broken(2, "places descend")
	}
	if e.p.keep != KeepNone && e.positions.n > 0 && *e.positions.at(keys - 1) < 0 {
		broken(3, "a repeated key without KeepNone")
	}
	if len(e.tied) > 0 && e.p.tie != TieFail {
		broken(4, "%d ties under %v", len(e.tied), e.p.tie)
	}
	for i, position := range e.tied {
		if _, winner := e.holder(i); *winner >= position {
			broken(4, "key %d: the winner at %d ties with an earlier row at %d", i, *winner, position)
		}
	}
	if e.account != nil {
		if live := e.table.Bytes(); e.account.Used() < live {
			broken(5, "%d bytes booked, the table alone has %d", e.account.Used(), live)
		}
	}
}

// checkInvariants panics where a numbered invariant of adjacent does not hold. It is called between two rows.
func (e *adjacent[T, K]) checkInvariants() {
	broken := func(n int, text string) {
		panic(fmt.Sprintf("dedup: invariant %d of adjacent at element %d: %s", n, e.position, text))
	}
	if e.hasLast && e.lastAt > e.position {
		broken(1, "the last key stood behind this row")
	}
	if e.group == groupKey && (!e.hasLast || e.nullSince) {
		broken(2, "a group of keys is open after a null key")
	}
	if e.group != groupNone && e.tiedAt >= 0 && (e.p.tie != TieFail || e.tiedAt <= e.heldAt) {
		broken(3, "a tie with an earlier row, or under another rule")
	}
}

// checkInvariants panics where a numbered invariant of twice does not hold. It is called between two rows of the
// first pass.
func (e *twice[T, K]) checkInvariants() {
	broken := func(n int, format string, args ...any) {
		panic(fmt.Sprintf("dedup: invariant %d of twice at element %d: ", n, e.position) + fmt.Sprintf(format, args...))
	}
	if want := e.keys.table.Len() * e.stride; e.entries.n != want {
		broken(1, "%d words of entries, want %d", e.entries.n, want)
	}
	if e.p.keep != KeepNone && e.entries.n > 0 && e.winnerAt(e.keys.table.Len()-1) < 0 {
		broken(2, "a repeated key without KeepNone")
	}
	for i, position := range e.tied {
		if winner := e.winnerAt(i); winner >= position || e.p.tie != TieFail {
			broken(3, "key %d: the winner at %d ties with an earlier row at %d, under %v", i, winner, position, e.p.tie)
		}
	}
	if account := e.keys.account; account != nil {
		if live := e.keys.table.Bytes(); e.keys.booked != live || account.Used() < live {
			broken(4, "%d bytes booked, %d of them for the table, which has %d", account.Used(), e.keys.booked, live)
		}
	}
}
