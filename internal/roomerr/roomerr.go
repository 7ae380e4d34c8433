// Package roomerr makes the errors of stream that the rooms above it give in one way: what a restore says of broken bytes,
// and what a run panics with where a worker did.
package roomerr

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/millrace-go/millrace/internal/snapshot"
	"github.com/millrace-go/millrace/stream"
)

// Restore says of an error of the frame of a snapshot what it means in a room, and of one of the input whence it comes. op is
// the call.
func Restore(room, op string, err error) error {
	frame, ok := errors.AsType[*snapshot.Error](err)
	if !ok {
		if errors.Is(err, stream.ErrLimit) {
			return err
		}
		return fmt.Errorf("%s: %s: %w", room, op, err)
	}
	class := stream.ErrCorrupt
	if frame.Conflict {
		class = stream.ErrConflict
	}
	return &stream.SnapshotError{Package: room, Op: op, Offset: frame.Offset, What: frame.What, Got: frame.Got, Want: frame.Want, Class: class, Err: frame.Err}
}

// Panic wraps what was recovered on a worker, once: through two operators it keeps the stack of the first. It is called
// where the panic is recovered.
func Panic(v any) any {
	if e, ok := v.(*stream.PanicError); ok {
		return e
	}
	return &stream.PanicError{Value: v, Stack: debug.Stack()}
}
