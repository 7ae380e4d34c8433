package stream

import (
	"math"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// crew is one run of ParallelMap: a feeder that runs the source, workers, and the consumer, around a window of
// positions that moves along the stream.
//
//	          freed        claimed          tail       freed+size
//	            v             v               v             v
//	positions:  | yielded or  | claimed by    | read, not   | room
//	            | done        | workers       | claimed     |
//
// The feeder publishes each element as it comes, a worker each result, so that nothing is held back by what comes
// behind it. Workers claim runs of elements, under the mutex. Results are announced by tickets, which the
// consumer takes in order: the ticket of a result is its position or, where Unordered, the number of results before.
//
// How it ends: limit is the position at which the stream ends, with the reason in end. The source ends it behind its last
// element; a failure at its own position. It only ever falls: positions before it are worked on to the end, so
// that the one with the smallest position stands in the end, and elements behind it are dropped.
//
// Invariants:
//  1. freed <= claimed <= tail <= freed + size, and claimed <= limit unless limit fell.
//  2. A slot of in is written by the feeder before tail passes it; of out by the worker that claimed it, before its
//     ticket is announced.
//  3. Of the tickets announced and not taken there are at most size, so no two of them share a slot of tickets.
type crew[T, U any] struct {
	in      []T            // by position, a power of two
	out     []U            // by position
	tickets []atomic.Int64 // by ticket: position of the result + 1
	mask    int64
	size    int64 // the most elements in flight; at most len(in)
	workers int
	chunk   int64 // 0: by time
	suits   bool  // how many are in flight depends on the pace
	unorder bool
	began   time.Time

	goroutines sync.WaitGroup
	_          [64]byte // the lines below are written by one side and read by others
	tail       atomic.Int64
	_          [56]byte
	freed      atomic.Int64 // by the consumer
	_          [56]byte
	announced  atomic.Int64 // tickets given out, where unordered
	_          [56]byte
	window     atomic.Int64 // elements that may be in flight now; at most size
	limit      atomic.Int64
	idle       atomic.Int32 // workers asleep and not yet woken; changed under mu
	feeder     gate         // its token: how far slots must be free
	consumer   gate         // its token: the ticket waited for + 1

	mu      sync.Mutex
	work    sync.Cond // there is something to claim, or never will be
	claimed int64     // guarded by mu
	end     outcome   // guarded by mu until all have ended
	cleanUp outcome   // of the source, if it was told that no more is wanted; the feeder's until it has ended
}

func newCrew[T, U any](o ParallelOptions, suits bool) *crew[T, U] {
	n := int64(1) << bits.Len(uint(o.InFlight-1))
	c := &crew[T, U]{
		in: make([]T, n), out: make([]U, n), tickets: make([]atomic.Int64, n), mask: n - 1,
		size: int64(o.InFlight), workers: o.Workers, chunk: int64(o.Chunk), unorder: o.Unordered, suits: suits,
		feeder: newGate(), consumer: newGate(),
		began: time.Now(),
	}
	c.work.L = &c.mu
	c.limit.Store(math.MaxInt64)
	c.window.Store(c.size)
	if suits {
		c.window.Store(int64(min(leastPerWorker*c.workers, o.InFlight)))
	}
	return c
}

func (c *crew[T, U]) start(s Seq[T], fn func(T) (U, error)) {
	c.goroutines.Go(func() { c.feed(s) })
	for range c.workers {
		c.goroutines.Go(func() { c.toil(fn) })
	}
}

// finish says that the stream ends at pos, unless it ends before.
func (c *crew[T, U]) finish(pos int64, o outcome) {
	c.mu.Lock()
	if pos < c.limit.Load() {
		c.limit.Store(pos)
		c.end = o
	}
	c.idle.Store(0)
	c.work.Broadcast()
	c.mu.Unlock()
	c.feeder.open()
	c.consumer.open()
}

// stop ends it where it is: the consumer wants no more.
func (c *crew[T, U]) stop() { c.finish(0, outcome{}) }

// feed runs the source.
func (c *crew[T, U]) feed(s Seq[T]) {
	pos := int64(0)
	var o outcome
	refused := false
	defer func() {
		if refused {
			c.cleanUp, o = o, outcome{}
		}
		c.finish(pos, o)
	}()
	o.catch(func() error {
		room := c.window.Load()
		for v, err := range s {
			if err != nil {
				return err
			}
			c.in[pos&c.mask] = v
			pos++
			c.tail.Store(pos)
			if c.idle.Load() > 0 {
				c.call()
			}
			if pos == room {
				room = c.waitForRoom(pos)
			}
			if refused = c.limit.Load() <= pos; refused {
				return nil
			}
		}
		return nil
	})
}

// call wakes one worker.
func (c *crew[T, U]) call() {
	c.mu.Lock()
	if c.idle.Load() > 0 {
		c.idle.Add(-1)
		c.work.Signal()
	}
	c.mu.Unlock()
}

// waitForRoom waits until there is room at pos, or no more is wanted. It returns up to where there is room. Where it has to
// sleep it does so until a quarter of the window is free, for less would be a wake-up for every few elements; but it
// leaves enough in flight to keep the workers at work.
func (c *crew[T, U]) waitForRoom(pos int64) int64 {
	for {
		window := c.window.Load()
		if room := c.freed.Load() + window; room > pos || c.limit.Load() <= pos {
			return room
		}
		c.feeder.arm(pos - window + max(min(window/4, (window-int64(c.workers))/2), 1))
		if c.freed.Load()+window > pos || c.limit.Load() <= pos {
			c.feeder.disarm()
		} else {
			c.feeder.sleep()
		}
	}
}

// toil is one worker.
func (c *crew[T, U]) toil(fn func(T) (U, error)) {
	pos := int64(0)
	var o outcome
	defer func() {
		if o.failed() {
			c.finish(pos, o)
		}
	}()
	o.catch(func() error {
		most := max(c.chunk, 1)
		now := time.Since(c.began)
		done, turn := int64(0), int64(0) // elements since it last made way; the least of them where claims have no pace
		if c.chunk != 0 {
			turn = 64
		}
		for {
			n := int64(0)
			if pos, n = c.claim(most); n == 0 {
				return nil
			}
			v := c.in[pos&c.mask]
			for end := pos + n; pos < end; pos++ {
				if pos >= c.limit.Load() {
					return nil // as is all that it could claim
				}
				u, err := fn(v)
				if err != nil {
					return err
				}
				c.out[pos&c.mask] = u
				if pos+1 < end {
					v = c.in[(pos+1)&c.mask] // before the atomic store, so that the next call need not wait for it
				}
				c.announce(pos)
			}
			if c.chunk == 0 || c.suits {
				before := now
				now = time.Since(c.began)
				pace := paced(n, now-before)
				c.suit(pace)
				if c.chunk == 0 {
					most = pace
				}
			}
			if done += n; done >= max(turn, 2*most) && c.wanted() {
				done = 0
				runtime.Gosched()
				now = time.Since(c.began)
			}
		}
	})
}

// wanted reports that the consumer or the feeder was woken and has no processor yet. Where there are no more processors than
// workers these two run only when a worker makes way, and if none does before all is worked off, both workers then wait.
func (c *crew[T, U]) wanted() bool { return c.consumer.due.Load() || c.feeder.due.Load() }

// announce gives the result of pos a ticket.
func (c *crew[T, U]) announce(pos int64) {
	ticket := pos
	if c.unorder {
		ticket = c.announced.Add(1) - 1
	}
	c.tickets[ticket&c.mask].Store(pos + 1)
	if c.consumer.token.Load() == ticket+1 {
		c.consumer.open()
	}
}

// claimTime is what a claim should take: long beside the mutex and the clock, some 200 ns together, and short beside
// what anybody notices.
const claimTime = 20 * time.Microsecond

// paced returns how many elements to claim next, if the last n took so long. A claim grows fourfold at the most: one
// measurement is no evidence.
func paced(n int64, took time.Duration) int64 {
	return max(1, min(n*int64(claimTime)/max(int64(took), 1), 4*n, mostPerClaim))
}

// suit fits the window to the pace: slow calls need little ahead of them, and what they make may be large. A feeder that
// sleeps sees a larger window when the consumer next gives back slots, which it does at the latest when there is
// nothing for it.
func (c *crew[T, U]) suit(pace int64) {
	if c.suits {
		c.window.Store(max(min(c.size, leastPerWorker*int64(c.workers)*pace), c.window.Load()/2))
	}
}

// claim takes a run of at most that many positions, and waits until there are some. n is 0 where there will be none.
// Where little is left, workers take it in small parts, so that none is idle while another has a full hand; parts
// that take less than a sixteenth of claimTime are not worth it.
func (c *crew[T, U]) claim(most int64) (from, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		limit := c.limit.Load()
		if c.claimed >= limit {
			return 0, 0
		}
		if left := min(c.tail.Load(), limit) - c.claimed; left > 0 {
			if c.chunk == 0 {
				share := int64(2 * c.workers)
				most = min(most, max((left+share-1)/share, most/16))
			}
			from, n = c.claimed, min(most, left)
			c.claimed += n
			return from, n
		}
		c.idle.Add(1)
		if c.tail.Load() > c.claimed {
			c.idle.Add(-1) // the feeder may have looked before
			continue
		}
		c.work.Wait()
	}
}

// deliver yields the results in order, up to the limit. It reports false if the consumer wants no more.
func (c *crew[T, U]) deliver(yield func(U, error) bool) bool {
	step := max(int64(len(c.in))/4, 1)
	for pos := int64(0); ; {
		if c.tickets[pos&c.mask].Load() != pos+1 {
			if c.limit.Load() == pos {
				return true
			}
			c.free(pos)
			c.await(pos, pos)
			continue
		}
		u := c.out[pos&c.mask]
		pos++
		if pos&(step-1) == 0 {
			c.free(pos)
		}
		if !yield(u, nil) {
			return false
		}
	}
}

// deliverUnordered yields the results by ticket. Slots are given back in order of position; freed moves over those
// that are taken.
func (c *crew[T, U]) deliverUnordered(yield func(U, error) bool) bool {
	taken := make([]bool, len(c.in))
	freed := int64(0)
	for ticket := int64(0); ; {
		slot := &c.tickets[ticket&c.mask]
		pos := slot.Load() - 1
		if pos < 0 {
			if c.limit.Load() == freed {
				return true
			}
			c.await(ticket, freed)
			continue
		}
		slot.Store(0)
		ticket++
		u := c.out[pos&c.mask]
		taken[pos&c.mask] = true
		if pos == freed {
			for taken[freed&c.mask] {
				taken[freed&c.mask] = false
				freed++
			}
			c.free(freed)
		}
		if pos < c.limit.Load() && !yield(u, nil) {
			return false
		}
	}
}

// free gives back the slots below pos. The consumer calls it at the latest when there is nothing for it, so that the
// feeder is woken whatever it waits for.
func (c *crew[T, U]) free(pos int64) {
	c.freed.Store(pos)
	if c.feeder.token.Load() <= pos {
		c.feeder.open()
	}
}

// await sleeps until the ticket is announced or the stream ends at freed.
func (c *crew[T, U]) await(ticket, freed int64) {
	c.consumer.arm(ticket + 1)
	at := c.tickets[ticket&c.mask].Load()
	if at == ticket+1 || c.unorder && at != 0 || c.limit.Load() == freed {
		c.consumer.disarm()
		return
	}
	c.consumer.sleep()
}
