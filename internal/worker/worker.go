// Package worker runs a function on a goroutine for the goroutine that waits for it.
//
// It answers: where does a panic of a worker go? Left alone it ends the program, with nobody to recover it. Here it
// continues on the goroutine that joins, where the caller of a stream expects it, and so does a runtime.Goexit.
//
//	w := worker.Go(wrap, func() { ... })
//	defer w.Join() // on every path
package worker

import "runtime"

// Worker is one goroutine and the run that owns it: the run starts it, tells it to end in a way of its own, and
// joins it before it returns, on every path.
type Worker struct {
	done     chan struct{}
	panicked bool
	value    any  // what it panicked with, wrapped
	exited   bool // by Goexit
	joined   bool // by the owner: what ended the worker has been passed on
}

// Go runs fn on a goroutine. wrap is called on that goroutine with what fn panicked with, while the stack of the panic
// is there, and says what Join panics with.
func Go(wrap func(recovered any) any, fn func()) *Worker {
	w := &Worker{done: make(chan struct{}), exited: true} // until it is seen to return or to panic
	go func() {
		defer close(w.done)
		defer func() {
			if v := recover(); v != nil {
				w.exited, w.panicked, w.value = false, true, wrap(v)
			}
		}()
		fn()
		w.exited = false
	}()
	return w
}

// Done is closed when the goroutine has ended, however it did.
func (w *Worker) Done() <-chan struct{} { return w.done }

// Failed says that it ended by a panic or by Goexit. It waits for the end.
func (w *Worker) Failed() bool {
	<-w.done
	return w.panicked || w.exited
}

// Join waits for the end of the worker, and ends as it did. Once it has, it can be called again, deferred say, and
// does nothing.
func (w *Worker) Join() {
	<-w.done
	if w.joined {
		return
	}
	w.joined = true
	if w.panicked {
		panic(w.value)
	}
	if w.exited {
		runtime.Goexit()
	}
}
