package stream

import "iter"

// PullOptions sets how a cursor reads. The zero value reads nothing ahead, which is right for live and
// single-use sources.
type PullOptions struct {
	// Chunk is how many elements are read per switch to the source; 0: 1, nothing read ahead. A switch costs
	// about 150 ns, so 256 makes an element cost about 7 ns, at the price of up to Chunk-1 elements read
	// from the source and not yet asked for, and of a buffer that grows to Chunk elements.
	Chunk int
}

// Cursor is the pull form of a Seq. It is not safe for concurrent use. Close it on every path: an open cursor
// keeps its source suspended.
type Cursor[T any] struct {
	next func() ([]T, error, bool)
	stop func()
	buf  []T // elements read and not yet taken
	err  error
	done bool
}

// Pull turns s round: the caller asks for one element after the other. The source starts with the first Next.
// A negative Chunk shows as an *OptionError from the first Next.
//
// A panic in the source comes out of Next, or of Close if clean-up panics.
func Pull[T any](s Seq[T], opts PullOptions) *Cursor[T] {
	needSeq(s, "Pull")
	if opts.Chunk < 0 {
		err := &OptionError{Package: "stream", Func: "Pull", Option: "Chunk", Got: opts.Chunk, Want: "0 or positive"}
		return &Cursor[T]{stop: func() {}, err: err, done: true}
	}
	n := max(opts.Chunk, 1)
	next, stop := iter.Pull2(chunks(s, n, n))
	return &Cursor[T]{next: next, stop: stop}
}

// firstChunk is how many elements a buffer has room for before it is known that the source has more: a Chunk that
// means "all of it" must not be allocated up front.
const firstChunk = 1024

// chunks yields runs of elements in a buffer that it uses again; an error comes alone, after the elements before
// it. The first run is of n elements, each further one twice as long as the one before, up to most.
func chunks[T any](s Seq[T], n, most int) Seq[[]T] {
	return func(yield func([]T, error) bool) {
		c := chunker[T]{yield: yield, buf: make([]T, 0, min(n, firstChunk)), full: n, most: most}
		s(func(v T, err error) bool {
			if err != nil || c.done {
				return c.end(err)
			}
			c.buf = append(c.buf, v)
			return len(c.buf) < c.full || c.pass()
		})
		if !c.done && len(c.buf) > 0 {
			yield(c.buf, nil)
		}
	}
}

// chunker is one run of chunks. A loop over the source would keep what it needs in seven variables, each reached
// through a pointer of its own: twice the time per element.
type chunker[T any] struct {
	buf   []T
	full  int // length of this run
	most  int
	done  bool // nothing more is wanted
	yield func([]T, error) bool
}

// pass yields a run.
func (c *chunker[T]) pass() bool {
	c.done = true // unless yield returns, and returns true
	if !c.yield(c.buf, nil) {
		return false
	}
	c.buf = c.buf[:0]
	c.full = min(c.full+c.full, c.most)
	c.done = false
	return true
}

// end yields what there is, and then the error.
func (c *chunker[T]) end(err error) bool {
	if c.done {
		panic("stream: a source goes on after it was told that no more is wanted")
	}
	if len(c.buf) == 0 || c.pass() {
		c.done = true
		c.yield(nil, err)
	}
	return false
}

// Next returns the next element. ok is false at the end, after an error (see Err) and after Close.
func (c *Cursor[T]) Next() (v T, ok bool) {
	for len(c.buf) == 0 {
		if c.done {
			return v, false
		}
		c.fill()
	}
	v = c.buf[0]
	c.buf = c.buf[1:]
	return v, true
}

// fill reads the next chunk. It marks the cursor done before the source runs, so that a panic leaves it so.
func (c *Cursor[T]) fill() {
	c.done = true
	buf, err, ok := c.next()
	if ok && err == nil {
		c.buf, c.done = buf, false
		return
	}
	c.err = err
	c.stop()
}

// Err returns the error that ended the stream, nil before the end and where it ended well.
func (c *Cursor[T]) Err() error { return c.err }

// Close ends the source: its clean-up has run when Close returns. It can be called again, and after the end.
func (c *Cursor[T]) Close() {
	c.done, c.buf = true, nil
	c.stop()
}
