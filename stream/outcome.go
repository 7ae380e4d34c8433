package stream

import (
	"runtime"
	"runtime/debug"
)

// outcome is how a function that ran on another goroutine ended: well (the zero value), with an error, with a panic, or
// with runtime.Goexit.
type outcome struct {
	err    error
	panic  *PanicError
	exited bool
}

func (o outcome) failed() bool { return o.err != nil || o.panic != nil || o.exited }

// catch runs fn, and records an error, a panic or a Goexit. After a Goexit only the caller's deferred functions run.
func (o *outcome) catch(fn func() error) {
	o.exited = true // until it is seen to return or to panic
	defer func() {
		if v := recover(); v != nil {
			o.exited = false
			o.panic = carried(v)
		}
	}()
	o.err = fn()
	o.exited = false
}

// carried wraps what was recovered, once: through two operators it keeps the stack of the first.
func carried(v any) *PanicError {
	if e, ok := v.(*PanicError); ok {
		return e
	}
	return &PanicError{Value: v, Stack: debug.Stack()}
}

// rethrow panics or exits the goroutine, as fn did; it returns the error otherwise.
func (o outcome) rethrow() error {
	if o.panic != nil {
		panic(o.panic)
	}
	if o.exited {
		runtime.Goexit()
	}
	return o.err
}
