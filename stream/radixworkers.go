package stream

import (
	"sync"
	"sync/atomic"
)

// radixWorkers are the goroutines that add rows to the groups of a level. Each owns every len(work)-th partition; the
// consumer's goroutine reads the source, calls the key function, hashes, and owns the workers. Under a bound it also
// scatters the rows, and hands each worker chunks of its partitions; otherwise it shares every stage with all of them.
type radixWorkers[T any, K comparable, A any] struct {
	level   *radixLevel[T, K, A]
	work    []chan *chunk[T, K]
	workers []*worker
	died    chan struct{}     // closed when a worker ends before its work does
	die     sync.Once         // closes died
	free    chan *chunk[T, K] // emptied chunks
	made    int               // chunks made here so far
	most    int               // chunks that may be made here: what the queues hold and the workers have in hand
	keys    atomic.Int64      // of the one table, as long as there is one
	failed  atomic.Bool       // what is queued is not worth the work
	fail    sync.Once         // sets err, before failed
	err     error             // the first one
	stopped bool
}

// queue is how many chunks may wait for a worker: enough that a run of rows for one of them does not stop the others.
const queue = 8

func newRadixWorkers[T any, K comparable, A any](l *radixLevel[T, K, A], n int) *radixWorkers[T, K, A] {
	w := &radixWorkers[T, K, A]{level: l, died: make(chan struct{})}
	// Room for every chunk there is, those that the level fills included: workers never wait to give one back.
	w.most = n * (queue + 1)
	w.free = make(chan *chunk[T, K], 1<<l.run.plan.bits+1+w.most)
	do := w.apply
	if !l.run.bounded {
		w.most = queue + 1 // each is in all queues
		do = w.pick
	}
	for range n {
		w.work = append(w.work, make(chan *chunk[T, K], queue))
	}
	for i := range n {
		w.workers = append(w.workers, goWorker(func() { w.run(i, do) }))
	}
	return w
}

// run does the work of one worker, and tells when it died of it.
func (w *radixWorkers[T, K, A]) run(worker int, do func(worker int)) {
	ended := false
	defer func() {
		if !ended {
			w.die.Do(func() { close(w.died) })
		}
	}()
	do(worker)
	ended = true
}

// apply adds the chunks of a worker's partitions to their groups until there are no more.
func (w *radixWorkers[T, K, A]) apply(worker int) {
	for c := range w.work[worker] {
		if c.passed != nil {
			c.passed <- struct{}{}
			continue
		}
		if !w.failed.Load() {
			g := w.level.groups[c.part]
			if err := g.apply(c); err != nil {
				w.fail.Do(func() {
					w.err = err
					w.failed.Store(true)
				})
			}
			w.keys.Store(int64(g.table.Len()))
		}
		c.reset(true)
		w.free <- c
	}
}

// pick adds the rows of a worker's partitions, in every stage, to their groups until there are no more.
func (w *radixWorkers[T, K, A]) pick(worker int) {
	l := w.level
	shift := 64 - l.run.plan.bits
	n := l.run.plan.stage
	from, keys, hashes := make([]int32, n+1), make([]K, n), make([]uint64, n)
	for c := range w.work[worker] {
		if c.passed != nil {
			c.passed <- struct{}{}
			continue
		}
		for p := worker; p < len(l.groups) && !w.failed.Load(); p += len(w.work) {
			n := 0
			for i, h := range c.hashes[:c.n] {
				from[n] = int32(i)
				n += int(((h>>shift ^ uint64(p)) - 1) >> 63) // 1 where it is of p: no branch, since there is nothing to predict
			}
			for j, i := range from[:n] {
				keys[j], hashes[j] = c.keys[i], c.hashes[i]
			}
			l.groups[p].add(keys[:n], hashes[:n], c.rows, from)
		}
		if c.left.Add(-1) == 0 {
			c.reset(false)
			w.free <- c
		}
	}
}

// share gives a chunk to all workers, and returns an empty one.
func (w *radixWorkers[T, K, A]) share(c *chunk[T, K]) (*chunk[T, K], error) {
	c.left.Store(int32(len(w.work)))
	for i := range w.work {
		if err := w.send(i, c); err != nil {
			return nil, err
		}
	}
	return w.empty(w.level.run.plan.stage)
}

// hand gives a chunk to the owner of a partition, and returns an empty one.
func (w *radixWorkers[T, K, A]) hand(part int, c *chunk[T, K]) (*chunk[T, K], error) {
	c.part = part
	if err := w.send(part%len(w.work), c); err != nil {
		return nil, err
	}
	return w.empty(w.level.run.plan.chunk)
}

// empty returns a chunk to fill, of n rows if it is a new one.
func (w *radixWorkers[T, K, A]) empty(n int) (c *chunk[T, K], err error) {
	select {
	case c = <-w.free:
		return c, nil
	default:
	}
	if w.made < w.most {
		w.made++
		return w.level.run.newChunk(n), nil
	}
	select {
	case c = <-w.free:
		return c, nil
	case <-w.died:
		return nil, w.join()
	}
}

func (w *radixWorkers[T, K, A]) send(to int, c *chunk[T, K]) error {
	if w.failed.Load() {
		return w.err
	}
	select {
	case w.work[to] <- c:
		return nil
	case <-w.died:
		return w.join()
	}
}

// barrier waits until everything that was handed over has been added.
func (w *radixWorkers[T, K, A]) barrier() error {
	passed := make(chan struct{}, len(w.work))
	for i := range w.work {
		if err := w.send(i, &chunk[T, K]{passed: passed}); err != nil {
			return err
		}
	}
	for range w.work {
		select {
		case <-passed:
		case <-w.died:
			return w.join()
		}
	}
	if w.failed.Load() {
		return w.err
	}
	return nil
}

// join ends the workers, and ends itself as one of them did: a panic or a Goexit continues here.
func (w *radixWorkers[T, K, A]) join() error {
	w.abandon()
	for _, one := range w.workers {
		one.join()
	}
	if w.failed.Load() {
		return w.err
	}
	return nil
}

// abandon ends the workers and waits for them, however they end. It can be called again.
func (w *radixWorkers[T, K, A]) abandon() {
	if w.stopped {
		return
	}
	w.stopped = true
	w.failed.Store(true)
	for _, work := range w.work {
		close(work)
	}
	for _, one := range w.workers {
		<-one.done
	}
}
