package streamtest

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// consumer is what the loop body of one run does. Positions count pairs, the error pair included; -1: never.
type consumer struct {
	stopAt   int  // break at this pair
	panicAt  int  // panic at this pair, with with
	goexitAt int  // runtime.Goexit at this pair
	with     any  // the panic's value
	stopsErr bool // break at an error pair, as most loops do; otherwise ask for more
	watched  int  // pairs that are checked for the goroutine they come on: asking takes microseconds
}

// patient reads everything.
func patient() consumer { return consumer{stopAt: -1, panicAt: -1, goexitAt: -1, watched: 2} }

// attentive reads everything and looks at every pair, for the first run.
func attentive() consumer {
	c := patient()
	c.watched = 1000
	return c
}

// probe connects one run with its scripted source: reads on the consumer's own goroutine after it broke off
// are drains. Reads on other goroutines may be under way at that moment, and are not counted.
type probe struct {
	consumer atomic.Int64 // goroutine that loops
	stopped  atomic.Bool  // it broke off
	drained  atomic.Int64 // elements read by it afterwards
	ended    func()       // called when the run is over, before anything else can happen
}

func (p *probe) pull() {
	if p.stopped.Load() && goroutineID() == p.consumer.Load() {
		p.drained.Add(1)
	}
}

// outcome is what one run looked like from the consumer's side.
type outcome[T any] struct {
	mu sync.Mutex // guards the following while the run may be going on

	values     []T
	err        error // the first error pair's
	errs       int   // error pairs
	afterError int   // pairs after the first error pair
	afterStop  int   // pairs after the loop body asked to stop, panicked or exited
	late       int   // pairs after the run returned
	beside     string
	foreign    bool // yield was called on another goroutine than the consumer's
	pairs      int
	stopped    bool
	over       bool

	goroutine int64 // the consumer's
	nilSeq    bool
	returned  bool // the sequence returned
	panicked  bool
	goexited  bool
	hung      string // the stacks, if it did not return in time
	thrown    any    // what it panicked with
}

// tooMany bounds a run that ignores its consumer's wish to stop.
const tooMany = 10_000

// drive runs build and the sequence it makes on a goroutine of their own, with the given consumer.
func drive[T any](w *watch, build func() stream.Seq[T], c consumer, p *probe, limit int, patience time.Duration) *outcome[T] {
	o := &outcome[T]{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.over = true
			if p != nil && p.ended != nil {
				p.ended()
			}
			if o.returned {
				return
			}
			if o.thrown = recover(); o.thrown != nil {
				o.panicked = true
				return
			}
			o.goexited = true
		}()
		w.mark()
		id := goroutineID()
		o.mu.Lock()
		o.goroutine = id
		o.mu.Unlock()
		if p != nil {
			p.consumer.Store(id)
		}
		seq := build()
		if seq == nil {
			o.nilSeq = true
			o.returned = true
			return
		}
		seq(func(v T, err error) bool { return o.body(v, err, c, p, limit) })
		o.returned = true
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		o.mu.Lock()
		defer o.mu.Unlock()
		frozen := &outcome[T]{values: o.values, err: o.err, errs: o.errs, hung: stackOf(o.goroutine)}
		return frozen
	}
	return o
}

// body is the loop body.
func (o *outcome[T]) body(v T, err error, c consumer, p *probe, limit int) bool {
	at, more := o.record(v, err, c.watched)
	if !more {
		return false
	}
	stop := func() {
		o.mu.Lock()
		o.stopped = true
		o.mu.Unlock()
		if p != nil {
			p.stopped.Store(true)
		}
	}
	switch {
	case at == c.panicAt:
		stop()
		panic(c.with)
	case at == c.goexitAt:
		stop()
		runtime.Goexit()
	case at == c.stopAt, at == limit-1, err != nil && c.stopsErr:
		stop()
		return false
	}
	return true
}

// record books one pair and says which it is, and whether the loop is still on.
func (o *outcome[T]) record(v T, err error, watched int) (at int, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.pairs < watched && goroutineID() != o.goroutine {
		o.foreign = true
	}
	switch {
	case o.over:
		o.late++
		return 0, false
	case o.stopped:
		o.afterStop++
		if o.afterStop > tooMany {
			panic(fmt.Sprintf("streamtest: %d pairs yielded after the loop ended: giving up", o.afterStop))
		}
		return 0, false
	case o.errs > 0:
		o.afterError++
	}
	if err != nil {
		o.errs++
		if o.errs == 1 {
			o.err = err
		}
		if rv := reflect.ValueOf(&v).Elem(); !rv.IsZero() && o.beside == "" {
			o.beside = Format(v)
		}
	} else if o.errs == 0 {
		o.values = append(o.values, v)
	}
	at = o.pairs
	o.pairs++
	return at, true
}

// end says how the run ended, for messages.
func (o *outcome[T]) end() string {
	switch {
	case o.hung != "":
		return "it did not end"
	case o.panicked:
		return fmt.Sprintf("it panicked with %v", o.thrown)
	case o.goexited:
		return "its goroutine exited"
	case o.err != nil:
		return fmt.Sprintf("it ended with the error %q after %s", o.err, plural(len(o.values), "value"))
	}
	return fmt.Sprintf("it ended without an error after %s", plural(len(o.values), "value"))
}

// fault is what the kit throws: as an error, and as a panic's value.
type fault struct{ text string }

func (f *fault) Error() string { return f.text }

func injectedError(at int) error {
	return &fault{fmt.Sprintf("streamtest: error injected at input %d", at)}
}

func injectedPanic(where string, at int) error {
	return &fault{fmt.Sprintf("streamtest: panic injected at %s %d (if the process died of it: a goroutine of the operator let it escape)", where, at)}
}

// carries reports whether what was recovered is the injected value or wraps it.
func carries(recovered any, injected error) bool {
	if recovered == any(injected) {
		return true
	}
	if err, ok := recovered.(error); ok && errors.Is(err, injected) {
		return true
	}
	return strings.Contains(fmt.Sprint(recovered), injected.Error())
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
