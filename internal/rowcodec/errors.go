package rowcodec

import (
	"errors"
	"fmt"
	"reflect"
)

// TypeError reports a type that has no bytes.
type TypeError struct {
	Type reflect.Type // the row type
	Path string       // where inside it, ".User.Notify", "[]" for elements, "[key]" for map keys; empty: the type itself
	What string       // what is there, "a func"
}

// Error names the type, the place and what is there.
func (e *TypeError) Error() string {
	return fmt.Sprintf("rowcodec: %v%s is %s, which cannot be written", e.Type, e.Path, e.What)
}

// ErrBroken is the class of bytes that no Append made.
var ErrBroken = errors.New("broken bytes")

// Error reports bytes that are not a row, or a value that its own methods refuse.
type Error struct {
	Type   reflect.Type // the row type
	Path   string       // where inside it, as in TypeError
	Offset int          // bytes from the start of the row; -1 from Append
	What   string       // what is wrong, "length is 300, 12 bytes are left"
	Err    error        // the cause: ErrBroken, or what the type's own method returned
}

// Error says where, in the row and in its bytes, and what is wrong.
func (e *Error) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("rowcodec: %v%s: %s: %v", e.Type, e.Path, e.What, e.Err)
	}
	return fmt.Sprintf("rowcodec: %v%s at byte %d: %s: %v", e.Type, e.Path, e.Offset, e.What, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// within puts the step that leads to the place of the error before its path.
func (e *Error) within(step string) *Error {
	e.Path = step + e.Path
	return e
}

// broken is an Error at a leaf.
func broken(format string, args ...any) *Error {
	return &Error{What: fmt.Sprintf(format, args...), Err: ErrBroken}
}
