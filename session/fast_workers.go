package session

import (
	"cmp"
	"sync"
	"sync/atomic"

	"github.com/millrace-go/millrace/internal/roomerr"
	"github.com/millrace-go/millrace/internal/worker"
	"github.com/millrace-go/millrace/stream"
)

// orderedTeam is one run over input in order with workers. The consumer's goroutine reads events into chunks, hashes their keys
// and yields; each worker owns the keys whose hashes fall to it, and has an orderedRun of its own. A chunk goes to all workers,
// and each takes its events from it and closes what ends too long before the last event of the chunk, whoever has that.
//
//	reader     chunk 3 [a b a c]    chunk 2 [...]         yields  chunk 1
//	worker 0   a, c                 takes its events              b 9:58, c 10:01    merged by end, start
//	worker 1   b                    takes its events              a 9:59             and hash of the key
//
// So the sessions that close in a chunk are those that close there in a run without workers, and those of the next
// chunk end later.
type orderedTeam[T any, K comparable, A any] struct {
	*intake[T, K]
	runs    []*orderedRun[T, K, A]
	queues  []chan *orderedChunk[T, K, A]
	workers []*worker.Worker
	chunk   []*orderedChunk[T, K, A] // by worker: the one at work
	died    chan struct{}            // closed when a worker ends before its work does
	die     sync.Once                // closes died
	broken  atomic.Bool              // nobody wants the rest
	stopped bool
	waiting []*orderedChunk[T, K, A] // shared and not yielded, the oldest first
	free    []*orderedChunk[T, K, A] // empty
	made    int
	next    []int // by worker: what is merged next
}

// orderedChunk is events that are handed to all workers together, and the sessions that close in it.
type orderedChunk[T any, K comparable, A any] struct {
	number int // from 0, in the input
	n      int
	keys   []K
	hashes []uint64
	at     []instant
	values []T // nil without fold.Add
	owner  []uint8
	end    bool // of the input: all sessions close
	closed [][]Folded[K, A]
	errs   []error
	left   atomic.Int32 // workers that have not done their part
	done   chan struct{}
}

const (
	// chunkEvents are shared together: to wake a worker costs as much as some events.
	chunkEvents = 2048
	// chunksAhead may wait for workers, or to be yielded.
	chunksAhead = 4
	// mostWorkers are numbered in a byte.
	mostWorkers = 255
)

// orderedWorkers is how many workers a run has: none under a bound, where what does not fit must not depend on them.
func (in *intake[T, K]) orderedWorkers() int {
	if r := in.opts.Resources; r.Workers > 1 && r.Memory == 0 && r.Budget == nil {
		return min(r.Workers, mostWorkers)
	}
	return 0
}

func newOrderedTeam[T any, K comparable, A any](in *intake[T, K], f stream.Fold[T, A], workers int) *orderedTeam[T, K, A] {
	t := &orderedTeam[T, K, A]{
		intake: in, died: make(chan struct{}), next: make([]int, workers), chunk: make([]*orderedChunk[T, K, A], workers),
	}
	for range workers {
		own := *in
		own.acct = in.opts.Resources.Account("session: " + in.fn)
		t.runs = append(t.runs, newOrderedRun(&own, f))
		t.queues = append(t.queues, make(chan *orderedChunk[T, K, A], chunksAhead))
	}
	for w := range workers {
		t.workers = append(t.workers, worker.Go(roomerr.Panic, func() { t.work(w) }))
	}
	return t
}

// run reads s and yields the sessions. Its error is still to be yielded.
func (t *orderedTeam[T, K, A]) run(s stream.Seq[T], holds bool, yield func(Folded[K, A], error) bool) (err error) {
	defer t.stop()
	c := t.empty(holds)
	var latest instant
	var position int64
	for v, failed := range s {
		var k K
		at, ok := instant(0), false
		if failed == nil {
			k, at, ok, failed = t.screen(v)
		}
		if ok && failed == nil && at < latest && t.any {
			failed = t.orderError(at, position, latest)
		}
		if failed != nil {
			err = failed
			break
		}
		if !ok {
			continue
		}
		latest, t.any, position = at, true, t.stats.In-1
		c.keys[c.n], c.at[c.n] = k, at
		if holds {
			c.values[c.n] = v
		}
		if c.n++; c.n < chunkEvents {
			continue
		}
		if more, err := t.share(c, yield); err != nil || !more {
			return err
		}
		c = t.empty(holds)
	}
	c.end = err == nil
	more, failed := t.share(c, yield)
	for more && failed == nil && len(t.waiting) > 0 {
		more, failed = t.yieldOldest(yield)
	}
	switch {
	case failed != nil || !more:
		return failed
	case err == nil:
		t.conserved()
	}
	return err
}

// empty returns an empty chunk.
func (t *orderedTeam[T, K, A]) empty(holds bool) *orderedChunk[T, K, A] {
	var c *orderedChunk[T, K, A]
	if n := len(t.free); n > 0 {
		c, t.free = t.free[n-1], t.free[:n-1]
	} else {
		c = &orderedChunk[T, K, A]{
			keys: make([]K, chunkEvents), hashes: make([]uint64, chunkEvents), at: make([]instant, chunkEvents), owner: make([]uint8, chunkEvents),
			closed: make([][]Folded[K, A], len(t.runs)), errs: make([]error, len(t.runs)), done: make(chan struct{}, 1),
		}
		if holds {
			c.values = make([]T, chunkEvents)
		}
	}
	c.number, c.n = t.made, 0
	t.made++
	return c
}

// share hands a chunk to all workers, and yields the oldest one where enough are ahead. It reports whether to go on.
func (t *orderedTeam[T, K, A]) share(c *orderedChunk[T, K, A], yield func(Folded[K, A], error) bool) (more bool, err error) {
	hashes := c.hashes[:c.n]
	t.hasher.HashEach(c.keys[:c.n], hashes)
	n := uint64(len(t.runs))
	for i, h := range hashes { // marks begin with the other end of the hash, made odd
		c.owner[i] = uint8(uint64(uint32(h)) * n >> 32)
	}
	c.left.Store(int32(n))
	for w, queue := range t.queues {
		if t.stopped { // by a failure in a chunk that is shared and not yet the oldest
			break
		}
		select {
		case queue <- c:
		case <-t.workers[w].Done(): // it has failed; the others come to the chunk where it did
		}
	}
	t.waiting = append(t.waiting, c)
	if len(t.waiting) < chunksAhead {
		return true, nil
	}
	return t.yieldOldest(yield)
}

// work is a worker.
func (t *orderedTeam[T, K, A]) work(w int) {
	ended := false
	defer func() {
		if !ended {
			t.die.Do(func() { close(t.died) })
		}
	}()
	for c := range t.queues[w] {
		t.chunk[w] = c
		if !t.broken.Load() {
			c.closed[w], c.errs[w] = t.runs[w].take(c, uint8(w), c.closed[w][:0])
		}
		if c.left.Add(-1) == 0 {
			c.done <- struct{}{}
		}
	}
	ended = true
}

// take takes the events of a chunk that belong to worker w, and appends the sessions that close to closed.
func (r *orderedRun[T, K, A]) take(c *orderedChunk[T, K, A], w uint8, closed []Folded[K, A]) ([]Folded[K, A], error) {
	emit := func(s Folded[K, A], _ error) bool {
		closed = append(closed, s)
		return true
	}
	for i, owner := range c.owner[:c.n] {
		if owner != w {
			continue
		}
		at := c.at[i]
		if at > r.limit {
			if _, err := r.pass(at, false, emit); err != nil {
				return closed, err
			}
		}
		r.stage(c.keys[i], at)
		if r.values != nil {
			r.values[r.n] = c.values[i]
		}
		if r.n++; r.n == len(r.keys) {
			if err := r.settle(); err != nil {
				return closed, err
			}
		}
	}
	if c.n > 0 && c.at[c.n-1] > r.limit {
		if _, err := r.pass(c.at[c.n-1], false, emit); err != nil {
			return closed, err
		}
	}
	if c.end {
		if _, err := r.pass(0, true, emit); err != nil {
			return closed, err
		}
	}
	return closed, nil
}

// yieldOldest waits for the oldest chunk that is shared, and yields its sessions in order. It reports whether to go on.
func (t *orderedTeam[T, K, A]) yieldOldest(yield func(Folded[K, A], error) bool) (more bool, err error) {
	c := t.waiting[0]
	select {
	case <-c.done:
	case <-t.died:
		t.stop()
		if c.left.Load() > 0 {
			t.fail()
		}
		<-c.done
	}
	t.waiting = append(t.waiting[:0], t.waiting[1:]...)
	if err := cmp.Or(c.errs...); err != nil {
		return false, err
	}
	clear(t.next)
	for {
		first := none
		for w, closed := range c.closed {
			if t.next[w] < len(closed) && (first == none || t.compareClosed(&closed[t.next[w]], &c.closed[first][t.next[first]]) < 0) {
				first = w
			}
		}
		if first == none {
			break
		}
		s := &c.closed[first][t.next[first]]
		t.next[first]++
		t.stats.Sessions++
		t.stats.Events += int64(s.Events)
		if !yield(*s, nil) {
			return false, nil
		}
	}
	for w := range c.closed {
		clear(c.closed[w]) // let go of what they point to
	}
	t.free = append(t.free, c)
	return true, nil
}

// compareClosed is the order of the output.
func (t *orderedTeam[T, K, A]) compareClosed(a, b *Folded[K, A]) int {
	if c := a.End.Compare(b.End); c != 0 {
		return c
	}
	if c := a.Start.Compare(b.Start); c != 0 {
		return c
	}
	if c := cmp.Compare(t.hasher.Hash(&a.Key, 0), t.hasher.Hash(&b.Key, 0)); c != 0 {
		return c
	}
	return cmp.Compare(t.hasher.Hash(&a.Key, seedKey2), t.hasher.Hash(&b.Key, seedKey2))
}

// fail ends as a worker did: of several that failed, the one at the first chunk. They have ended.
func (t *orderedTeam[T, K, A]) fail() {
	first := none
	for w := range t.workers {
		if t.workers[w].Failed() && (first == none || t.chunk[w].number < t.chunk[first].number) {
			first = w
		}
	}
	if first != none {
		t.workers[first].Join()
	}
}

// stop ends the workers and waits for them. It can be called again.
func (t *orderedTeam[T, K, A]) stop() {
	if t.stopped {
		return
	}
	t.stopped = true
	select {
	case <-t.died: // the others are to come to the first chunk at which they fail
	default:
		t.broken.Store(true)
	}
	for _, queue := range t.queues {
		close(queue)
	}
	for _, w := range t.workers {
		<-w.Done()
	}
	for _, r := range t.runs {
		r.acct.Close()
	}
}
