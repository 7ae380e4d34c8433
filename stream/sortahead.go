package stream

import (
	"sync/atomic"

	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/internal/worker"
)

// runCursor reads a sorted run block by block. The merge has the rows of one block; where there are workers, those after
// it are read meanwhile, several of one run at a time: an input that is nearly in order makes runs that hardly overlap,
// and the merge then takes rows of one only.
//
//	on disk   [7][8][9] ...
//	fetches   [5: asked for][6: being read][4: the merge's]
//	                                        ^ at
//
// Who reads a block owns its fetch from ask to done; the merge owns all others.
type runCursor[T any] struct {
	blocks  *spill.Blocks[T] // those that are in none yet
	fetches []fetch[T]       // a ring, in order of blocks
	at      int              // whose rows the merge has
	begun   bool
	ahead   *readAhead[T]
}

// fetch is one block, and where it is read to.
type fetch[T any] struct {
	block spill.Block[T]
	asked bool // it has a block
	rows  []T
	err   error         // what is behind the rows
	done  chan struct{} // holds one: block has been read
}

func newRunCursor[T any](blocks *spill.Blocks[T], ahead *readAhead[T], fetches int) *runCursor[T] {
	c := &runCursor[T]{blocks: blocks, fetches: make([]fetch[T], fetches), ahead: ahead}
	for i := range c.fetches {
		c.fetches[i].done = make(chan struct{}, 1)
	}
	return c
}

// Next returns the rows of the next block.
func (c *runCursor[T]) Next() ([]T, error) {
	switch {
	case !c.begun:
		c.begun = true
		for i := range c.fetches {
			c.ask(&c.fetches[i])
		}
	case c.fetches[c.at].err != nil: // its rows went first
		return nil, c.fetches[c.at].err
	default:
		c.ask(&c.fetches[c.at])
		c.at = (c.at + 1) % len(c.fetches)
	}
	p := &c.fetches[c.at]
	if !p.asked {
		return nil, nil
	}
	c.ahead.wait(p)
	if len(p.rows) == 0 {
		return nil, p.err
	}
	return p.rows, nil
}

// ask has the next block read to p, if there is one.
func (c *runCursor[T]) ask(p *fetch[T]) {
	if p.block, p.asked = c.blocks.Next(); p.asked {
		c.ahead.asks <- p
	}
}

// read reads the block; raw is the reader's.
func (p *fetch[T]) read(raw *[]byte) {
	p.rows, *raw, p.err = p.block.Read(p.rows, *raw)
	p.done <- struct{}{}
}

// readAhead reads the blocks of one merge: its workers do, and the merge itself where it would have to wait, which is
// always where there are none. asks has room for every fetch, so that nobody ever waits to ask.
type readAhead[T any] struct {
	asks    chan *fetch[T]
	failed  chan struct{} // a worker ended before it was told to
	raw     []byte        // the merge's
	workers []*worker.Worker
	over    atomic.Bool // what is asked for is not worth the work
}

// mostAhead is how many blocks of one run may be read ahead, at most: as many readers as can then be at work on one run.
const mostAhead = 4

// fetchesOf is how many fetches a cursor has with so many workers, the merge's goroutine among them.
func fetchesOf(workers int) int {
	if workers == 1 {
		return 1
	}
	return 1 + min(workers, mostAhead)
}

// readersOf is how many goroutines read, the merge's among them: with one fetch, which the merge waits for, it does.
func readersOf(workers, fetches int) int {
	if fetches == 1 {
		return 1
	}
	return workers
}

func newReadAhead[T any](readers, cursors, fetches int) *readAhead[T] {
	a := &readAhead[T]{asks: make(chan *fetch[T], cursors*fetches), failed: make(chan struct{}, readers)}
	for range min(readers-1, cursors*(fetches-1)) {
		a.workers = append(a.workers, goWorker(func() {
			told := false
			defer func() {
				if !told {
					a.failed <- struct{}{}
				}
			}()
			var raw []byte
			for p := range a.asks {
				if !a.over.Load() {
					p.read(&raw)
				}
			}
			told = true
		}))
	}
	return a
}

// wait returns when p has been read.
func (a *readAhead[T]) wait(p *fetch[T]) {
	for {
		select {
		case <-p.done:
			return
		default:
		}
		select {
		case <-p.done:
			return
		case other := <-a.asks: // p itself, maybe
			other.read(&a.raw)
		case <-a.failed:
			a.stop() // continues the worker's panic
			panic("stream: unreachable: a worker ended by itself")
		}
	}
}

// end tells the workers to end, and waits for them. What panicked does not come out here. It can be called again.
func (a *readAhead[T]) end() {
	if a.over.Swap(true) {
		return
	}
	close(a.asks)
	for _, w := range a.workers {
		<-w.Done()
	}
}

// stop is end, and what panicked comes out.
func (a *readAhead[T]) stop() {
	a.end()
	for _, w := range a.workers {
		w.Join()
	}
}
