package stream

import "fmt"

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

// worker is one goroutine and the run that owns it: the run starts it, tells it to end in a way of its own, and
// joins it before it returns, on every path. A panic or a Goexit of the worker continues on the goroutine that
// joins.
type worker struct {
	done   chan struct{}
	end    outcome
	joined bool // by the owner: what ended the worker has been passed on
}

// goWorker runs fn on a goroutine.
func goWorker(fn func()) *worker {
	w := &worker{done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.end.catch(func() error { fn(); return nil })
	}()
	return w
}

// join waits for the end of the worker, and ends as it did. Once it has, it can be called again, deferred say, and
// does nothing.
func (w *worker) join() {
	<-w.done
	if w.joined {
		return
	}
	w.joined = true
	_ = w.end.rethrow() // it has no error
}
