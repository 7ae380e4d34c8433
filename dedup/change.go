package dedup

import "fmt"

// Change is one step of the set of survivors. A changelog, applied in order, gives the set (see Replay).
type Change[T any] struct {
	Kind     ChangeKind // what happened
	Row      T          // the new row where Kind is Inserted or Updated, otherwise the one that is gone
	Position int64      // of Row in the input, from 0; under KeepMerge of the best row in it
	Null     bool       // Row has no key; under NullsDistinct it is then Inserted and never changed
}

// ChangeKind says what happened to the row of a key.
type ChangeKind uint8

const (
	// Inserted: the key had no row, and has one.
	Inserted ChangeKind = iota
	// Retracted: the row is about to be replaced; an Updated follows. Only where StateOptions.Retract asks for it.
	Retracted
	// Updated: the row took the place of the one before it.
	Updated
	// Deleted: the key has no row any more.
	Deleted
)

// String names the kind as changelogs do: +I, -U, +U, -D.
func (k ChangeKind) String() string {
	names := [...]string{"+I", "-U", "+U", "-D"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("ChangeKind(%d)", uint8(k))
}

// change tells of a change.
func (s *State[T, K]) change(kind ChangeKind, row *T, position int64, isNull bool) error {
	p := s.plan()
	if err := p.o.Changes(Change[T]{Kind: kind, Row: *row, Position: position, Null: isNull}); err != nil {
		return fmt.Errorf("dedup: %s: Changes: element %d: %w", p.fn, position, err)
	}
	return nil
}
