package stream

import (
	"fmt"

	"github.com/millrace-go/millrace/internal/worker"
)

// PanicError is what a loop panics with where a function of the caller's panicked on a worker's goroutine: the
// value, and the stack on which it happened, which the consumer's own does not show.
type PanicError struct {
	Value any    // what the function panicked with
	Stack []byte // of the worker, as runtime/debug.Stack prints it
}

// Error says what was panicked with, and shows the worker's stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("stream: panic on a worker: %v\n\nthe worker's stack:\n%s", e.Value, e.Stack)
}

// Unwrap gives the value, if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// goWorker runs fn on a goroutine of a run, whose panic continues as a *PanicError where the run joins it.
func goWorker(fn func()) *worker.Worker {
	return worker.Go(func(v any) any { return carried(v) }, fn)
}
