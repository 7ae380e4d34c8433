package stream

import "github.com/millrace-go/millrace/internal/spill"

// runCursor reads a run in chunks of rows that hold little.
type runCursor[T any] struct {
	reader *spill.Reader[T]
	codec  Codec[T]
	chunk  []T
	rows   int   // per chunk, at most
	held   int64 // bytes that they may hold, but for the last
}

// Next returns the next chunk.
func (c *runCursor[T]) Next() ([]T, error) {
	if c.chunk == nil {
		c.chunk = make([]T, c.rows)
	}
	clear(c.chunk)
	held := int64(0)
	for n := range c.chunk {
		ok, err := c.reader.Next(&c.chunk[n])
		if err != nil && n == 0 {
			return nil, err // it stays, so that the rows before it can go first
		}
		if !ok {
			return c.chunk[:n], nil
		}
		if held += c.codec.Held(&c.chunk[n]); held > c.held {
			return c.chunk[:n+1], nil
		}
	}
	return c.chunk, nil
}

// aheadCursor is a runCursor whose next chunk is read by a worker while the one before is merged. The two change
// places: what the worker fills is never what the merge reads.
type aheadCursor[T any] struct {
	now    *runCursor[T] // its chunk is the merge's
	next   *runCursor[T] // its chunk is the worker's, from ask to take; the reader is the same
	ahead  *readAhead[T]
	asked  bool
	filled chan filled[T] // holds one
}

// filled is what Next of a runCursor returned.
type filled[T any] struct {
	chunk []T
	err   error
}

// Next returns the next chunk and asks for the one after it.
func (c *aheadCursor[T]) Next() ([]T, error) {
	if !c.asked {
		return c.turn(filled[T]{}.of(c.next.Next()))
	}
	select {
	case f := <-c.filled:
		return c.turn(f)
	case <-c.ahead.failed:
		c.ahead.stop() // continues the worker's panic
		panic("stream: unreachable: a worker ended by itself")
	}
}

func (filled[T]) of(chunk []T, err error) filled[T] { return filled[T]{chunk, err} }

// turn hands out what was filled, and lets the other chunk be filled, unless this is the end.
func (c *aheadCursor[T]) turn(f filled[T]) ([]T, error) {
	c.now, c.next = c.next, c.now
	if c.asked = f.err == nil && len(f.chunk) > 0; c.asked {
		c.ahead.asks <- c
	}
	return f.chunk, f.err
}

// readAhead is the workers of one merge. The merge asks, they fill; a cursor has one question open at most, so that
// nobody ever waits to ask or to answer.
type readAhead[T any] struct {
	asks    chan *aheadCursor[T]
	failed  chan struct{} // a worker ended before it was told to
	workers []*worker
	stopped bool
}

func newReadAhead[T any](workers, cursors int) *readAhead[T] {
	a := &readAhead[T]{asks: make(chan *aheadCursor[T], cursors), failed: make(chan struct{}, workers)}
	for range workers {
		a.workers = append(a.workers, goWorker(func() {
			told := false
			defer func() {
				if !told {
					a.failed <- struct{}{}
				}
			}()
			for c := range a.asks {
				c.filled <- filled[T]{}.of(c.next.Next())
			}
			told = true
		}))
	}
	return a
}

// end tells the workers to end, and waits for them. What panicked does not come out here. It can be called again.
func (a *readAhead[T]) end() {
	if a.stopped {
		return
	}
	a.stopped = true
	close(a.asks)
	for _, w := range a.workers {
		<-w.done
	}
}

// stop is end, and what panicked comes out.
func (a *readAhead[T]) stop() {
	a.end()
	for _, w := range a.workers {
		w.join()
	}
}
