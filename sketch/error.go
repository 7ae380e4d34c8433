package sketch

import (
	"fmt"
	"strings"
)

// Error reports why a sketch could not be restored or merged. It matches stream.ErrCorrupt where bytes are
// broken, and stream.ErrConflict where two sketches are of different configurations. The receiver of the
// failed call is unchanged.
type Error struct {
	Op     string // the call, "HLL.Restore"
	What   string // what is wrong, "precision"
	Offset int64  // where in the snapshot, in bytes; -1 where there are no bytes, as in Merge
	Got    any    // what it was; nil where Err says it
	Want   any    // what it must be
	Class  error  // stream.ErrCorrupt or stream.ErrConflict
	Err    error  // the cause; nil: none
}

// Error says where, what was found, what was wanted, and the class.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "sketch: %s: ", e.Op)
	if e.Offset >= 0 {
		fmt.Fprintf(&b, "at byte %d: ", e.Offset)
	}
	b.WriteString(e.What)
	if e.Got != nil {
		fmt.Fprintf(&b, " is %v, want %v", e.Got, e.Want)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	fmt.Fprintf(&b, ": %v", e.Class)
	return b.String()
}

// Unwrap gives the class and, if there is one, the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Class}
	}
	return []error{e.Class, e.Err}
}
