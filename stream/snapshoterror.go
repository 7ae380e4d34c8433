package stream

import (
	"errors"
	"fmt"
	"strings"

	"github.com/millrace-go/millrace/internal/snapshot"
)

// SnapshotError reports why a state was not restored. It matches ErrCorrupt where bytes are broken, and ErrConflict
// where they are the snapshot of another configuration, or of something else. The state is unchanged.
type SnapshotError struct {
	Package string // "dedup"; empty: "stream"
	Op      string // the call, "Windows.Restore"
	Offset  int64  // where in the snapshot, in bytes
	What    string // what is wrong, "digest of the configuration"
	Got     any    // what it was; nil where Err says it
	Want    any    // what it must be
	Class   error  // ErrCorrupt or ErrConflict
	Err     error  // the cause; nil: none
}

// Error says where, what was found, what was wanted, and the class.
func (e *SnapshotError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: at byte %d: %s", packageOf(e.Package), e.Op, e.Offset, e.What)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	} else {
		fmt.Fprintf(&b, " is %v, want %v", e.Got, e.Want)
	}
	fmt.Fprintf(&b, ": %v", e.Class)
	return b.String()
}

// Unwrap gives the class and, if there is one, the cause.
func (e *SnapshotError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Class}
	}
	return []error{e.Class, e.Err}
}

// restoreError says of an error of the frame what it means here, and of one of the input whence it comes. op is the
// call.
func restoreError(op string, err error) error {
	if frame, ok := errors.AsType[*snapshot.Error](err); ok {
		class := ErrCorrupt
		if frame.Conflict {
			class = ErrConflict
		}
		return &SnapshotError{Op: op, Offset: frame.Offset, What: frame.What, Got: frame.Got, Want: frame.Want, Class: class, Err: frame.Err}
	}
	if _, ok := errors.AsType[*SnapshotError](err); ok || errors.Is(err, ErrLimit) {
		return err
	}
	return fmt.Errorf("stream: %s: %w", op, err)
}
