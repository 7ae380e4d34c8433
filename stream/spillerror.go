package stream

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/internal/spill"
)

// SpillError reports trouble with what a stateful operator put on disk, because its live state would have passed
// Resources.Memory: a full disk, a short write, a file that is gone. Where bytes came back other than they were
// written it matches ErrCorrupt. No row is yielded that was not read back whole.
type SpillError struct {
	Package string // "dedup"; empty: stream
	Func    string // the operator, "Aggregate"
	Op      string // what was done: sweep, create, write, read or remove
	File    string // with which file
	Offset  int64  // where in it, bytes; for write and read
	Err     error  // what came of it
}

// Error says which operator had trouble with which file, where, and what came of it.
func (e *SpillError) Error() string {
	at := ""
	if e.Op == string(spill.OpWrite) || e.Op == string(spill.OpRead) {
		at = fmt.Sprintf(" at %d", e.Offset)
	}
	return fmt.Sprintf("%s: %s: spill: %s %s%s: %v", cmp.Or(e.Package, "stream"), e.Func, e.Op, e.File, at, e.Err)
}

// Unwrap gives the cause, and ErrCorrupt where bytes came back broken.
func (e *SpillError) Unwrap() []error {
	if errors.Is(e.Err, spill.ErrBroken) {
		return []error{e.Err, ErrCorrupt}
	}
	return []error{e.Err}
}

// spillError puts an error of the spill files under the operator's name; other errors (of a codec) get the name
// alone.
func spillError(fn string, err error) error {
	if err == nil {
		return nil // before s, which is on the heap: operators come here for every row
	}
	var s *spill.Error
	if errors.As(err, &s) {
		return &SpillError{Func: fn, Op: string(s.Op), File: s.File, Offset: s.Offset, Err: s.Err}
	}
	return fmt.Errorf("stream: %s: %w", fn, err)
}
