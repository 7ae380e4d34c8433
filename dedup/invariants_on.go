//go:build invariants

package dedup

import (
	"fmt"

	"github.com/millrace-go/millrace/internal/table"
)

// checkInvariants panics where a numbered invariant of hashed does not hold. It is called between two rows.
func (e *hashed[T]) checkInvariants() {
	keys := e.index.n
	want := func(held bool) int {
		if held {
			return keys
		}
		return 0
	}
	broken := func(n int, format string, args ...any) {
		panic(fmt.Sprintf("dedup: invariant %d of hashed at element %d: ", n, e.position) + fmt.Sprintf(format, args...))
	}
	if e.rows.n != want(e.p.holdRows) || e.keys.held() != want(e.p.holdKeys) || e.positions.n != want(e.p.positions) {
		broken(1, "%d rows, %d keys and %d positions for %d keys", e.rows.n, e.keys.held(), e.positions.n, keys)
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
	if e.over != nil {
		live := e.index.bytes() + int64(e.rows.end)*e.rows.size + e.keys.bytes() + int64(e.positions.end+e.firsts.end)*8
		if e.booked+e.beyond < live+e.slack {
			broken(5, "%d bytes booked, %d of them free, at least %d are live", e.booked+e.beyond, e.slack, live)
		}
	}
}

// checkInvariants panics where a numbered invariant of team does not hold. It is called while no worker works.
func (t *teamCore) checkInvariants() {
	broken := func(n int, format string, args ...any) {
		panic(fmt.Sprintf("dedup: invariant %d of team at place %d: ", n, t.marks.n) + fmt.Sprintf(format, args...))
	}
	held, known := 0, map[int]bool{}
	for i := range t.marks.n {
		if *t.marks.at(i) != nothing {
			held++
		}
	}
	know := func(place int) {
		if known[place] {
			broken(1, "place %d is in two indexes", place)
		}
		if place >= t.marks.n || *t.marks.at(place) == nothing {
			broken(2, "place %d is gone", place)
		}
		known[place] = true
	}
	for _, e := range t.owners {
		for _, w := range e.index.words {
			if w != 0 {
				know(e.index.number(w))
			}
		}
		for place, position := range e.tied {
			if !known[place] || *t.positions.at(place) >= position {
				broken(2, "the tie at place %d is of nobody, or with an earlier row", place)
			}
		}
	}
	without := 0 // keys
	if t.nullKeys == NullsDistinct {
		without = int(t.nulls.nulls)
	} else if t.nulls.null != nowhere {
		know(t.nulls.null)
	}
	if len(known)+without != held {
		broken(1, "%d places are held, for %d keys and %d rows without one", held, len(known), without)
	}
	if n := int64(t.marks.n - held); n != t.gone.Load() {
		broken(3, "%d places are gone, %d counted", n, t.gone.Load())
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

// checkInvariants panics where a numbered invariant of twice or of its book does not hold. It is called between two
// rows of the first pass.
func (e *twice[T, K]) checkInvariants() {
	broken := func(what string, n int, format string, args ...any) {
		panic(fmt.Sprintf("dedup: invariant %d of %s at element %d: ", n, what, e.position) + fmt.Sprintf(format, args...))
	}
	keys := e.keys.keys.n
	if want := keys * e.stride; e.entries.n != want {
		broken("twice", 1, "%d words of entries, want %d", e.entries.n, want)
	}
	if e.p.keep != KeepNone && keys > 0 && e.winnerAt(keys-1) < 0 {
		broken("twice", 2, "a repeated key without KeepNone")
	}
	for i, position := range e.tied {
		if winner := e.winnerAt(i); winner >= position || e.p.tie != TieFail {
			broken("twice", 3, "key %d: the winner at %d ties with an earlier row at %d, under %v", i, winner, position, e.p.tie)
		}
	}
	if keys > e.keys.room || (e.keys.index == nil) != (e.keys.room == 0) {
		broken("keyBook", 1, "%d keys, room for %d", keys, e.keys.room)
	}
	if keys == 0 {
		return
	}
	last := e.keys.keys.at(keys - 1)
	if i, known := e.keys.find(last, e.hasher.Hash(last, 0)); !known || i != keys-1 {
		broken("keyBook", 2, "the key of number %d is found as %d, %v", keys-1, i, known)
	}
	if account := e.keys.account; account != nil {
		if live := table.RowsBytes(e.keys.room) + int64(keys)*e.keys.keys.size + int64(e.entries.n)*8; account.Used() < live {
			broken("keyBook", 3, "%d bytes booked, at least %d are live", account.Used(), live)
		}
	}
}
