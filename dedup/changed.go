package dedup

import (
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// ChangedError reports that the second pass of TwoPass did not read what the first had read: rows were added, lost,
// exchanged or changed between the two. It matches stream.ErrSourceChanged. What was yielded before it is not to be
// relied on.
type ChangedError struct {
	Position int64  // where the second pass stood when it was noticed, or where it should have been otherwise, from 0
	What     string // what differs: "rows", "key", "rank", "keys and ranks"
	Got      string // what the second pass had
	Want     string // what the first pass had
}

// Error says where, and what was there and should have been.
func (e *ChangedError) Error() string {
	return fmt.Sprintf("dedup: TwoPass: second pass: element %d: %s: got %s, want %s: %v",
		e.Position, e.What, e.Got, e.Want, stream.ErrSourceChanged)
}

// Unwrap gives stream.ErrSourceChanged.
func (e *ChangedError) Unwrap() error { return stream.ErrSourceChanged }
