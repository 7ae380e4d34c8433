package dedup

import (
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// Tie is the last word between two rows of one key that no comparator can tell apart. There always is one:
// without it the survivor would depend on chance.
type Tie uint8

const (
	// TieFirst keeps the row that came first. The default.
	TieFirst Tie = iota
	// TieLast keeps the row that came last.
	TieLast
	// TieFail ends the stream with a *TieError where the best rows of a key tie, unless Options.Same says
	// that they are identical; then the first stays. A tie that a better row settles later is none. Without
	// comparators every repeated key is a tie: TieFail then asserts that keys are unique.
	TieFail
)

// String names the rule; it is what Loser.DecidedBy holds where the tie rule decided.
func (t Tie) String() string {
	switch t {
	case TieFirst:
		return "first seen"
	case TieLast:
		return "last seen"
	case TieFail:
		return "tie"
	}
	return fmt.Sprintf("Tie(%d)", uint8(t))
}

// TieError reports two rows of one key that no comparator can tell apart, under TieFail. It matches
// stream.ErrConflict.
//
// Equal keys may differ in bytes: 0 and -0, one instant in two zones. Key is then that of one of the rows of the key, of
// which one depends on the engine and on whether the key went to disk; the positions are the same always.
type TieError struct {
	Key            any   // the key, as a row of it has it (see below); nil for the group of null keys
	WinnerPosition int64 // of the first of the best rows, from 0
	Position       int64 // of the first row that ties with it, from 0
}

// Error names both positions and the key.
func (e *TieError) Error() string {
	return fmt.Sprintf("dedup: elements %d and %d tie for key %s: %v",
		e.WinnerPosition, e.Position, keyText(e.Key), stream.ErrConflict)
}

// Unwrap gives stream.ErrConflict.
func (e *TieError) Unwrap() error { return stream.ErrConflict }
