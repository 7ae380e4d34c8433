package dedup

import (
	"sync"
	"sync/atomic"

	"github.com/millrace-go/millrace/internal/roomerr"
	"github.com/millrace-go/millrace/internal/worker"
)

// crew is the workers of a team and how chunks come to them: each chunk goes to all of them, and who has settled its
// share last gives it back. It knows neither rows nor keys.
//
//	reader     empty     hash     share           settle
//	                            /  [r   r r  ]    worker 0  \
//	free  ->  [       ] [r r r]                               ->  free
//	                            \  [  r     r]    worker 1  /
type crew struct {
	team    settler
	queues  []chan *chunk
	workers []*worker.Worker
	errs    []error       // by worker; its own until it has ended
	died    chan struct{} // closed when a worker ends before its work does
	die     sync.Once     // closes died
	free    chan *chunk   // emptied chunks; it has room for every chunk there is, so that workers never wait to give one back
	made    int           // chunks made so far
	rows    int           // of a chunk, at most
	stopped bool          // the workers have been told to end
}

// settler is what the workers work for. Each of its methods is called by worker w, or when that one has ended.
type settler interface {
	settle(w int, c *chunk, mine []int32) error // settles the rows of a chunk with these numbers
	follow(w int, m *moves)                     // changes what w knows of places
	reached(w int) int64                        // position of the row that w settled last
}

// chunk is rows that are handed to all workers together.
type chunk struct {
	number    int   // among the chunks that there are
	n         int   // rows
	first     int64 // position of the first row in the input
	base      int   // place of the first row
	hashes    []uint64
	owner     []uint8      // of each row
	nulls     []int32      // rows with a null key: they are nobody's
	room      int          // rows that there is room for
	apart     bool         // the rows are not at their places yet
	marks     blocks[mark] // as of when it was handed over, as positions
	positions blocks[int64]
	left      atomic.Int32 // workers that have not settled their rows of it yet
	pause     *pause       // nil: it has rows
}

// pause is a chunk without rows, at which workers wait until the reader has moved the rows.
type pause struct {
	arrived chan struct{}
	resume  chan struct{} // closed
	moved   *moves        // set before; nil: nothing has moved
}

// queuedChunks may wait for a worker: enough that a run of rows for one of them does not stop the others.
const queuedChunks = 8

// newCrew starts workers.
func newCrew(workers, rows int, team settler) *crew {
	c := &crew{
		team: team, errs: make([]error, workers), died: make(chan struct{}), rows: rows,
		free: make(chan *chunk, queuedChunks+2),
	}
	for range workers {
		c.queues = append(c.queues, make(chan *chunk, queuedChunks))
	}
	for i := range workers {
		c.workers = append(c.workers, worker.Go(roomerr.Panic, func() { c.work(i) }))
	}
	return c
}

// empty returns an empty chunk; nil where a worker has failed.
func (c *crew) empty() *chunk {
	if c.made == cap(c.free) {
		select {
		case e := <-c.free:
			return e
		case <-c.died:
			return nil
		}
	}
	select {
	case e := <-c.free:
		return e
	default:
	}
	c.made++
	return &chunk{number: c.made - 1, hashes: make([]uint64, c.rows), owner: make([]uint8, c.rows)}
}

// share hands a chunk, whose hashes are set, to all workers; it is false where one has failed.
func (c *crew) share(e *chunk) bool {
	n := uint64(len(c.queues))
	owner := e.owner[:e.n]
	for i, h := range e.hashes[:e.n] { // an index begins with the other end of the hash
		owner[i] = uint8(uint64(uint32(h)) * n >> 32)
	}
	for _, i := range e.nulls {
		if int(i) < e.n { // the last one may have ended the run
			owner[i] = nobody
		}
	}
	e.left.Store(int32(n))
	return c.hand(e)
}

// hand hands a chunk to all workers that have not ended, and is false where one had failed by then. All others get it all
// the same: of what was handed to any of them, everyone is to come to the first row that it fails at.
func (c *crew) hand(e *chunk) bool {
	for w, queue := range c.queues {
		select {
		case queue <- e:
		case <-c.workers[w].Done():
		}
	}
	select {
	case <-c.died:
		return false
	default:
		return true
	}
}

// halt waits until all workers have settled what was shared, and holds them there until resume; nil where one has
// failed.
func (c *crew) halt() *pause {
	p := &pause{arrived: make(chan struct{}, len(c.queues)), resume: make(chan struct{})}
	if !c.hand(&chunk{pause: p}) {
		close(p.resume)
		return nil
	}
	for range c.queues {
		select {
		case <-p.arrived:
		case <-c.died:
			close(p.resume)
			return nil
		}
	}
	return p
}

// work is a worker.
func (c *crew) work(w int) {
	ended := false
	defer func() {
		if !ended {
			c.die.Do(func() { close(c.died) })
		}
	}()
	order := make([]int32, c.rows+1) // room for one that is not ours
	for e := range c.queues[w] {
		if e.pause != nil {
			e.pause.arrived <- struct{}{}
			<-e.pause.resume
			if e.pause.moved != nil {
				c.team.follow(w, e.pause.moved)
			}
			continue
		}
		n := 0
		for i, o := range e.owner[:e.n] {
			order[n] = int32(i)
			n += int(((uint64(o) ^ uint64(w)) - 1) >> 63) // 1 where it is ours, without a branch
		}
		if err := c.team.settle(w, e, order[:n]); err != nil {
			c.errs[w] = err
			return
		}
		if e.left.Add(-1) == 0 {
			c.free <- e
		}
	}
	ended = true
}

// stop lets the workers settle what they have, and waits for their end. It can be called again.
func (c *crew) stop() {
	if c.stopped {
		return
	}
	c.stopped = true
	for _, queue := range c.queues {
		close(queue)
	}
	for _, w := range c.workers {
		<-w.Done()
	}
}

// join is stop; what a worker failed with comes out, of several the one at the first row.
func (c *crew) join() error {
	c.stop()
	first := -1
	for i, w := range c.workers {
		if (w.Failed() || c.errs[i] != nil) && (first < 0 || c.team.reached(i) < c.team.reached(first)) {
			first = i
		}
	}
	if first < 0 {
		return nil
	}
	c.workers[first].Join()
	return c.errs[first]
}
