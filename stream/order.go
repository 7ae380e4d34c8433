package stream

import "fmt"

// OrderError reports an input that is not sorted as an operator needs it. It matches ErrConflict.
type OrderError struct {
	Func  string // the operator, "MergeFunc"
	Input int    // which of its inputs, from 0
	Index int64  // position in that input of the element that comes too late, from 0
	Got   any    // the element, or its key
	After any    // the one before it, which should have come after it
}

// Error says which element of which input comes too late, and after which one.
func (e *OrderError) Error() string {
	return fmt.Sprintf("stream: %s: input %d is not sorted: element %d is %v, after %v: %v", e.Func, e.Input, e.Index, e.Got, e.After, ErrConflict)
}

// Unwrap gives ErrConflict.
func (e *OrderError) Unwrap() error { return ErrConflict }
