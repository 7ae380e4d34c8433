package spill

import (
	"errors"
	"fmt"
)

// ErrBroken is the class of bytes that came back other than they were written.
var ErrBroken = errors.New("broken block")

// Op names what was done with a file.
type Op string

// The operations.
const (
	OpSweep  Op = "sweep"  // of what dead processes left
	OpCreate Op = "create" // of the directory or a file
	OpWrite  Op = "write"  // of a block
	OpRead   Op = "read"   // of a block
	OpRemove Op = "remove" // of the directory or a file
)

// Error reports trouble with one file. Err is the system's error, or one that matches ErrBroken.
type Error struct {
	Op     Op
	File   string
	Offset int64 // where the block begins, for writes and reads
	Err    error
}

// Error says what was done with which file, where, and what came of it.
func (e *Error) Error() string {
	if e.Op == OpWrite || e.Op == OpRead {
		return fmt.Sprintf("spill: %s %s at %d: %v", e.Op, e.File, e.Offset, e.Err)
	}
	return fmt.Sprintf("spill: %s %s: %v", e.Op, e.File, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
