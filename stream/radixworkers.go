package stream

import (
	"sync"
	"sync/atomic"

	"github.com/millrace-go/millrace/internal/worker"
)

// radixWorkers are the goroutines that add rows to the groups of a level. Each owns every len(work)-th partition; the
// consumer's goroutine reads the source, calls the key function, hashes, and owns the workers. It shares every stage with
// all of them, and each picks its rows.
type radixWorkers[T any, K comparable, A any] struct {
	level   *radixLevel[T, K, A]
	work    []chan *chunk[T, K]
	workers []*worker.Worker
	died    chan struct{}     // closed when a worker ends before its work does
	die     sync.Once         // closes died
	free    chan *chunk[T, K] // emptied chunks
	made    int               // chunks made here so far
	most    int               // chunks that may be made here: what a queue holds, and one in hand; each is in all queues
	keys    atomic.Int64      // of the one table, as long as there is one
	failed  atomic.Bool       // what is queued is not worth the work
	fail    sync.Once         // sets err, before failed
	err     error             // the first one
	stopped bool
}

// queue is how many chunks may wait for a worker: enough that a run of rows for one of them does not stop the others.
const queue = 8

func newRadixWorkers[T any, K comparable, A any](l *radixLevel[T, K, A], n int) *radixWorkers[T, K, A] {
	w := &radixWorkers[T, K, A]{level: l, died: make(chan struct{}), most: queue + 1}
	// Room for every chunk there is, the one that the level fills included: workers never wait to give one back.
	w.free = make(chan *chunk[T, K], w.most+1)
	for range n {
		w.work = append(w.work, make(chan *chunk[T, K], queue))
	}
	for i := range n {
		w.workers = append(w.workers, goWorker(func() { w.run(i) }))
	}
	return w
}

// run adds a worker's rows of chunks until there are no more.
func (w *radixWorkers[T, K, A]) run(worker int) {
	ended := false
	defer func() {
		if !ended {
			w.die.Do(func() { close(w.died) })
		}
	}()
	pick := newPicker(w.level, worker, len(w.work))
	for c := range w.work[worker] {
		if c.passed != nil {
			c.passed <- struct{}{}
			continue
		}
		if !w.failed.Load() {
			if err := pick.add(c); err != nil {
				w.fail.Do(func() {
					w.err = err
					w.failed.Store(true)
				})
			}
			if worker == 0 {
				w.keys.Store(int64(w.level.groups[0].table.Len()))
			}
		}
		if c.left.Add(-1) == 0 {
			c.reset(w.level.run.bounded)
			w.free <- c
		}
	}
	ended = true
}

// share gives a chunk to all workers, and returns an empty one.
func (w *radixWorkers[T, K, A]) share(c *chunk[T, K]) (*chunk[T, K], error) {
	c.left.Store(int32(len(w.work)))
	for i := range w.work {
		if err := w.send(i, c); err != nil {
			return nil, err
		}
	}
	select {
	case c = <-w.free:
		return c, nil
	default:
	}
	if w.made < w.most {
		w.made++
		return w.level.run.newChunk(w.level.run.plan.stage), nil
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
		one.Join()
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
		<-one.Done()
	}
}
