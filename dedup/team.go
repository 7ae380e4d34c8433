package dedup

import (
	"cmp"
	"reflect"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/worker"
	"github.com/millrace-go/millrace/stream"
)

// team is one run of the hash engine with workers. Each worker owns the keys whose hashes fall to it, with an index and
// rows of its own; the consumer's goroutine reads, asks for keys, hashes, and owns the rows with a null key. Chunks of
// rows are shared with all workers, and each picks its own.
//
//	source      chunk, keys hashed       picked        owners
//	                                  /  r   r     ->  [index rows]   worker 0
//	r r r r ->  [r r r r r r r]     -
//	                                  \    r   r r ->  [index rows]   worker 1
//
// All rows of a key meet at one owner, in input order, so that an owner does just what the run without workers does with
// these rows.
//
// How it ends: what a worker panics with comes out on the consumer's goroutine, when all workers are done with what was
// handed over before; of several that panic, the one at the row that comes first. What the source ends with comes out
// after that.
type team[T any, K comparable] struct {
	p      *plan[T]
	key    func(T) K
	hasher *hash.Hasher[K]
	nulls  *hashed[T, K]   // the consumer's
	owners []*hashed[T, K] // one per worker

	work    []chan *chunk[T, K]
	workers []*worker.Worker
	errs    []error           // by worker; its own until it has ended
	died    chan struct{}     // closed when a worker ends before its work does
	die     sync.Once         // closes died
	free    chan *chunk[T, K] // emptied chunks
	made    int               // chunks made so far
	stopped bool              // the workers have been told to end
}

// chunk is rows that are handed to all workers together.
type chunk[T any, K comparable] struct {
	*stage[T, K]
	owner []uint8      // of each row
	left  atomic.Int32 // workers that have not settled their rows of it yet
}

const (
	// mostWorkers are numbered in a byte; nobody is no worker.
	mostWorkers = 255
	nobody      = 255
	// queuedChunks may wait for a worker: enough that a run of rows for one of them does not stop the others.
	queuedChunks = 8
	// chunkRows are handed over together, at most: to wake a worker costs as much as some rows.
	chunkRows = 4096
	// chunkBytes keeps a chunk in a core's second cache.
	chunkBytes = 256 << 10
)

// planWorkers finds out how many workers there are: none where rows come out on sight, and where the order of calls
// can be seen or memory is bounded.
func (p *plan[T]) planWorkers() {
	if p.res.Workers < 2 || p.eager || p.bounded() || p.losers != nil || p.rejected != nil {
		return
	}
	p.workers = min(p.res.Workers, mostWorkers)
	p.chunk = int(max(16, min(chunkRows, chunkBytes/max(1, int64(reflect.TypeFor[T]().Size())))))
	p.firsts = p.order == OrderFirstSeen
}

func newTeam[T any, K comparable](p *plan[T], key func(T) K, hasher *hash.Hasher[K]) *team[T, K] {
	t := &team[T, K]{
		p: p, key: key, hasher: hasher, nulls: newHashed(p, key, hasher),
		errs: make([]error, p.workers), died: make(chan struct{}),
	}
	// Room for every chunk there is: workers never wait to give one back.
	t.free = make(chan *chunk[T, K], queuedChunks+2)
	for range p.workers {
		t.owners = append(t.owners, newHashed(p, key, hasher))
		t.work = append(t.work, make(chan *chunk[T, K], queuedChunks))
	}
	for i := range p.workers {
		t.workers = append(t.workers, worker.Go(carried, func() { t.settle(i) }))
	}
	return t
}

// carried is what a run panics with where a worker did.
func carried(v any) any {
	if e, ok := v.(*stream.PanicError); ok {
		return e
	}
	return &stream.PanicError{Value: v, Stack: debug.Stack()}
}

// close ends the workers, however the run ended, and publishes the counts.
func (t *team[T, K]) close() {
	t.stop()
	t.count()
	t.nulls.publish()
}

// count brings all counts together.
func (t *team[T, K]) count() {
	for _, e := range t.owners {
		t.nulls.stats.add(&e.stats)
		e.stats = Stats{}
	}
}

// stop lets the workers settle what they have, and waits for their end. It can be called again.
func (t *team[T, K]) stop() {
	if t.stopped {
		return
	}
	t.stopped = true
	for _, work := range t.work {
		close(work)
	}
	for _, w := range t.workers {
		<-w.Done()
	}
}

// join is stop; what a worker failed with comes out, of several the one at the first row.
func (t *team[T, K]) join() error {
	t.stop()
	first := -1
	for i, w := range t.workers {
		if (w.Failed() || t.errs[i] != nil) && (first < 0 || t.owners[i].position < t.owners[first].position) {
			first = i
		}
	}
	if first < 0 {
		return nil
	}
	t.workers[first].Join()
	return t.errs[first]
}

// run reads the input and yields the survivors. Its error is still to be yielded.
func (t *team[T, K]) run(s stream.Seq[T], yield func(T, error) bool) error {
	t.nulls.yield = yield
	if err := t.read(s); err != nil {
		return err
	}
	if err := t.emitAll(); err != nil || t.nulls.stopped {
		return err
	}
	t.count()
	t.nulls.balance()
	return nil
}

// read takes in the input, and returns when all that came is settled. What a worker failed with stands before what the
// source ended with, be that a panic: it has the earlier row.
func (t *team[T, K]) read(s stream.Seq[T]) (err error) {
	c := t.newChunk()
	defer func() {
		if c != nil {
			t.share(c)
		}
		err = cmp.Or(t.join(), err)
	}()
	for v, err := range s {
		if err != nil {
			return err
		}
		c.rows[c.n] = v
		if err := t.stageKey(c, v); err != nil {
			return err
		}
		if c.n++; c.n < len(c.rows) {
			continue
		}
		if c = t.share(c); c == nil {
			return nil
		}
	}
	return nil
}

// stageKey sets what is staged beside a row, or takes the row in where its key is null.
func (t *team[T, K]) stageKey(c *chunk[T, K], v T) error {
	e, i := t.nulls, c.n
	if e.p.nullKey != nil {
		c.isNull[i] = e.p.nullKey(v)
		if c.isNull[i] {
			var zero K
			c.keys[i] = zero
			e.position = c.first + int64(i)
			e.stats.In++
			return e.takeNull(&c.rows[i])
		}
	}
	c.keys[i] = e.key(v)
	if e.hasher.Dynamic() {
		if err := e.hasher.Check(&c.keys[i]); err != nil {
			e.stats.In++
			return &KeyError{Position: c.first + int64(i), Err: err}
		}
	}
	return nil
}

func (t *team[T, K]) newChunk() *chunk[T, K] {
	t.made++
	return &chunk[T, K]{stage: newStage[T, K](t.p, t.p.chunk), owner: make([]uint8, t.p.chunk)}
}

// share hashes the keys of a chunk, hands it to all workers, and returns an empty one; nil where a worker has failed.
func (t *team[T, K]) share(c *chunk[T, K]) *chunk[T, K] {
	hashes, owner := c.hashes[:c.n], c.owner[:c.n]
	t.hasher.HashEach(c.keys[:c.n], hashes)
	scatterEach(hashes)
	n := uint64(len(t.owners))
	for i, h := range hashes { // an index begins with the other end of the hash
		owner[i] = uint8(uint64(uint32(h)) * n >> 32)
	}
	if c.isNull != nil {
		for i, isNull := range c.isNull[:c.n] {
			if isNull {
				owner[i] = nobody
			}
		}
	}
	c.left.Store(int32(len(t.work)))
	next := c.first + int64(c.n)
	for _, work := range t.work {
		select {
		case work <- c:
		case <-t.died:
			return nil
		}
	}
	if t.made < cap(t.free) {
		select {
		case c = <-t.free:
		default:
			c = t.newChunk()
		}
	} else {
		select {
		case c = <-t.free:
		case <-t.died:
			return nil
		}
	}
	c.n, c.first = 0, next
	return c
}

// settle is a worker.
func (t *team[T, K]) settle(w int) {
	ended := false
	defer func() {
		if !ended {
			t.die.Do(func() { close(t.died) })
		}
	}()
	e := t.owners[w]
	keys, hashes := make([]K, t.p.batch), make([]uint64, t.p.batch)
	order := make([]int32, t.p.chunk+1) // room for one that is not ours
	for c := range t.work[w] {
		n := 0
		for i, o := range c.owner[:c.n] {
			order[n] = int32(i)
			n += int(((uint64(o) ^ uint64(w)) - 1) >> 63) // 1 where it is ours, without a branch
		}
		for from := 0; from < n; from += t.p.batch {
			if err := e.settlePicked(c, order[from:min(n, from+t.p.batch)], keys, hashes); err != nil {
				t.errs[w] = err
				return
			}
		}
		if c.left.Add(-1) == 0 {
			t.free <- c
		}
	}
	if t.p.order == OrderWinner {
		e.order = e.byPlace()
	}
	ended = true
}

// settlePicked settles the rows of a chunk at these places. keys and hashes are room for theirs.
func (e *hashed[T, K]) settlePicked(c *chunk[T, K], places []int32, keys []K, hashes []uint64) error {
	keys, hashes = keys[:len(places)], hashes[:len(places)]
	for i, at := range places {
		keys[i], hashes[i] = c.keys[at], c.hashes[at]
	}
	e.lookUp(keys, hashes)
	for i, at := range places {
		e.position = c.first + int64(at)
		e.stats.In++
		if err := e.take(i, &c.rows[at], &keys[i], hashes[i]); err != nil {
			return err
		}
		e.checkInvariants()
	}
	return nil
}
