package stream

import (
	"sync"
	"time"
)

// BatchOptions say how long BatchWithin may hold an element back. The zero value: until its batch is full, which is
// Batch.
type BatchOptions struct {
	MaxWait  time.Duration // from the moment a batch's first element was read; 0: no such bound
	IdleWait time.Duration // from the moment its last element was read; 0: no such bound
}

func (o BatchOptions) check() error {
	if o.MaxWait < 0 {
		return &OptionError{Package: "stream", Func: "BatchWithin", Option: "MaxWait", Got: o.MaxWait, Want: "0 or positive"}
	}
	if o.IdleWait < 0 {
		return &OptionError{Package: "stream", Func: "BatchWithin", Option: "IdleWait", Got: o.IdleWait, Want: "0 or positive"}
	}
	return nil
}

// BatchWithin yields slices of up to size elements, as Batch does, and does not let the first of them wait for a
// slow source: it is for what is written in bulk and must not be late. A batch is yielded when
//
//  1. it has size elements, or
//  2. MaxWait has passed since its first element was read, or
//  3. IdleWait has passed since its last element was read, or
//  4. the source has ended, or failed: then the error follows it.
//
// A batch is never empty, and each slice is the consumer's own. Where the consumer is slower than the source, the
// next batch fills while the consumer has one, so that batches are longer under load; one whose time is up by then
// is yielded as soon as it is asked for.
//
// Order: of the source. The elements are the same on every run; where batches are cut depends on the clock.
// Memory: the batch that fills, beside the consumer's.
// Laziness: the source starts with the first pull, and is then read ahead: at most size elements.
// Termination: when the source ends.
// Concurrency: with a wait the source runs on a goroutine of its own. When the consumer breaks, the loop waits for
// it: a source that is blocked ends the loop no sooner than it returns. A panic of the source comes out as a
// *PanicError.
func BatchWithin[T any](s Seq[T], size int, opts BatchOptions) Seq[[]T] {
	needSeq(s, "BatchWithin")
	return func(yield func([]T, error) bool) {
		err := opts.check()
		if size < 1 {
			err = &OptionError{Package: "stream", Func: "BatchWithin", Option: "size", Got: size, Want: "positive"}
		}
		if err != nil {
			yield(nil, err)
			return
		}
		if opts == (BatchOptions{}) {
			Batch(s, size)(yield)
			return
		}
		g := newGatherer[T](size, opts)
		w := goWorker(func() { g.read(s) })
		defer w.Join()
		defer g.stop()
		for {
			batch, more := g.next()
			if !more {
				w.Join() // a panic comes before what was gathered until it, an error after
			}
			if len(batch) > 0 && !yield(batch, nil) {
				return
			}
			if !more {
				if g.err != nil {
					yield(nil, g.err)
				}
				return
			}
		}
	}
}

// gatherer is where the source's goroutine, which fills a batch, and the consumer's, which takes it, meet.
//
// An element costs a lock, not a switch between goroutines: the consumer is woken when a batch begins, so that
// it can time it, and when it is full, or the source has ended. It looks by itself when a wait is over; where
// elements came meanwhile, it goes on waiting for what is left of IdleWait.
type gatherer[T any] struct {
	size int
	opts BatchOptions
	wake chan struct{} // to the consumer: look again
	room chan struct{} // to the source: the batch was taken, or the consumer has stopped
	wait *time.Timer   // the consumer's

	mu      sync.Mutex // guards the following
	batch   []T
	first   time.Time // when batch[0] came
	last    time.Time // when its last came; kept for IdleWait only
	ended   bool      // nothing is added any more
	stopped bool      // nothing is taken any more
	err     error     // what the source failed with
}

func newGatherer[T any](size int, opts BatchOptions) *gatherer[T] {
	return &gatherer[T]{size: size, opts: opts, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// signal leaves a token in c, unless there is one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// read runs the source. It is all that the source's goroutine does.
func (g *gatherer[T]) read(s Seq[T]) {
	defer func() {
		g.mu.Lock()
		g.ended = true
		g.mu.Unlock()
		signal(g.wake)
	}()
	for v, err := range s {
		if err != nil {
			g.err = err
			return
		}
		if !g.add(v) {
			return
		}
	}
}

// add puts v into the batch, and waits until there is room for another. It reports whether one is wanted.
func (g *gatherer[T]) add(v T) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.batch = append(g.batch, v)
	n := len(g.batch)
	if n == 1 {
		g.first = time.Now()
		g.last = g.first
	} else if g.opts.IdleWait > 0 {
		g.last = time.Now()
	}
	if n == 1 || n == g.size {
		signal(g.wake)
	}
	for len(g.batch) == g.size && !g.stopped {
		g.mu.Unlock()
		<-g.room
		g.mu.Lock()
	}
	return !g.stopped
}

// next waits for a batch; more is false when it is the last, which may be empty.
func (g *gatherer[T]) next() (batch []T, more bool) {
	for {
		batch, more, wait := g.take()
		switch {
		case wait == 0:
			return batch, more
		case wait < 0:
			<-g.wake
		default:
			g.sleep(wait)
		}
	}
}

// take takes the batch if it is due. Otherwise wait is how long to wait for it to be, and negative if nothing is
// timed.
func (g *gatherer[T]) take() (batch []T, more bool, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if wait := g.due(); wait != 0 {
		return nil, true, wait
	}
	batch = g.batch
	// Batches of one source tend to be of one length.
	g.batch = make([]T, 0, min(len(batch), g.size))
	signal(g.room)
	return batch, !g.ended, 0
}

// due is how long the batch still has; negative: nothing ends it but elements and the end.
func (g *gatherer[T]) due() time.Duration {
	n := len(g.batch)
	if g.ended || n == g.size {
		return 0
	}
	if n == 0 {
		return -1
	}
	now := time.Now()
	left := time.Duration(-1)
	if g.opts.MaxWait > 0 {
		left = max(0, g.first.Add(g.opts.MaxWait).Sub(now))
	}
	if g.opts.IdleWait > 0 {
		idle := max(0, g.last.Add(g.opts.IdleWait).Sub(now))
		if left < 0 || idle < left {
			left = idle
		}
	}
	return left
}

// sleep waits for d, or until there is something to look at.
func (g *gatherer[T]) sleep(d time.Duration) {
	if g.wait == nil {
		g.wait = time.NewTimer(d)
	} else {
		g.wait.Reset(d)
	}
	select {
	case <-g.wait.C:
	case <-g.wake:
		g.wait.Stop()
	}
}

// stop tells the source's goroutine that the consumer has gone.
func (g *gatherer[T]) stop() {
	g.mu.Lock()
	g.stopped = true
	g.mu.Unlock()
	signal(g.room)
	if g.wait != nil {
		g.wait.Stop()
	}
}
