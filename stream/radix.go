package stream

import (
	"sync/atomic"

	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/internal/table"
)

// aggregation is what one run of Aggregate has in all its levels.
type aggregation[T any, K comparable, A any] struct {
	keys    keys[K]
	key     func(T) K
	fold    Fold[T, A]
	plan    radixPlan
	bounded bool
	sized   bool // bounded, and accumulators say what they hold
	dynamic bool // keys must be checked one by one
	account *Account
	ledger  *ledger // nil: unbounded
	dir     *spill.Dir
	rows    Codec[T]                // nil: unbounded, nothing spills
	states  spill.Rows[Keyed[K, A]] // nil: accumulators cannot be spilled
	// stateless is why they cannot be.
	stateless error
}

// chunk is a run of rows with their keys and hashes, as they came.
type chunk[T any, K comparable] struct {
	n      int
	hashes []uint64
	keys   []K
	rows   []T             // nil: the fold is blind
	left   atomic.Int32    // workers that have not added their rows of it yet
	passed chan<- struct{} // not a chunk: the worker says that it has got here
}

// newChunk makes a chunk of n rows.
func (run *aggregation[T, K, A]) newChunk(n int) *chunk[T, K] {
	c := &chunk[T, K]{hashes: make([]uint64, n), keys: make([]K, n)}
	if !run.blind() {
		c.rows = make([]T, n)
	}
	return c
}

// blind reports whether rows need not be kept once their keys are known.
func (run *aggregation[T, K, A]) blind() bool { return run.fold.Blind && !run.bounded }

// radixLevel groups rows whose hashes share their first skip bits: the whole input at depth 0, the spilled rows of one
// partition of the level above at the others.
//
//	          source           stage, hashed together      picked by partition       groups
//	                                                     /  p=0  r r r           ->  [table accs]   worker 0
//	depth 0   r r r r r r  ->  [r r r r r r r r r r]   -    p=1  r r r r r r     ->  [table accs]   worker 1
//	                                                     \  p=2  r               ->  [table accs]   worker 0
//	                                                                                    | no memory for new keys
//	depth 1   rows of p=1  <------------------------------------------------ spill: part p=1
//
// A partition is the next bits of the hash after skip, so partitions in their order are in order of hash. They are
// the unit of all three: the work of one worker, growth in small steps under a bound, and what comes back from disk.
// While none of these is needed there is one table.
//
// Invariants:
//  1. All rows of a key go to one groups, by one owner, in input order.
//  2. Once a row of a key was spilled, all later rows of that key are: groups never thaws.
//  3. A key is in the table of this level, or in the spilled states or rows of its partition, never in the table and
//     in spilled rows; a spilled state stands before all spilled rows of its key.
type radixLevel[T any, K comparable, A any] struct {
	run     *aggregation[T, K, A]
	depth   int
	skip    uint   // leading bits that all hashes share
	shared  uint64 // those bits, the others 0
	index   int64  // position of the first staged row, where keys are checked
	stage   *chunk[T, K]
	trace   keyTrace // of the staged rows, where they came from disk
	waiting int64    // bytes that rows hold outside themselves, of those staged since all had been added
	groups  []*groups[T, K, A]
	growing atomic.Int64 // the most slots that a table has outgrown, where there are workers and no bound
	settled bool         // the tables stay as many as they are: one will do, or there was no memory to split it

	rows    *spillParts[T]
	states  *spillParts[Keyed[K, A]]
	pick    *picker[T, K, A]       // of this goroutine, which owns all partitions where there are no workers
	workers *radixWorkers[T, K, A] // nil: this goroutine does all
}

func newRadixLevel[T any, K comparable, A any](run *aggregation[T, K, A], depth int, skip uint, shared uint64) *radixLevel[T, K, A] {
	l := &radixLevel[T, K, A]{run: run, depth: depth, skip: skip, shared: shared}
	l.stage = run.newChunk(run.plan.stage)
	l.pick = newPicker(l, 0, 1)
	l.groups, l.settled = []*groups[T, K, A]{newGroups(l, skip)}, !run.bounded
	l.rows = newSpillParts(run.keys.fn, run.dir, run.rows, run.plan)
	l.states = newSpillParts(run.keys.fn, run.dir, run.states, run.plan)
	return l
}

// staged is told of each row that was staged where memory is bounded, else of the one that fills the stage, and hands
// rows on where it is time.
func (l *radixLevel[T, K, A]) staged() error {
	c := l.stage
	if l.run.bounded {
		held, err := heldAs(l.run.keys.fn, l.run.rows, &c.rows[c.n-1])
		if err != nil {
			return err
		}
		l.waiting += held
		if l.waiting > l.run.plan.waiting {
			return l.flush()
		}
	}
	if c.n < len(c.keys) {
		return nil
	}
	return l.flushStage()
}

// flush adds all rows that wait.
func (l *radixLevel[T, K, A]) flush() error {
	if l.stage.n > 0 {
		if err := l.flushStage(); err != nil {
			return err
		}
	}
	l.waiting = 0
	return l.barrier()
}

// flushStage checks and hashes the keys of the staged rows and adds the rows. Rows are staged so that each of these steps
// is a loop of its own.
func (l *radixLevel[T, K, A]) flushStage() error {
	c := l.stage
	if l.run.dynamic {
		for i := range c.keys[:c.n] {
			index := int64(-1)
			if l.depth == 0 {
				index = l.index + int64(i)
			}
			if err := l.run.keys.check(&c.keys[i], index); err != nil {
				return err
			}
		}
		l.index += int64(c.n)
	}
	l.run.keys.hasher.HashEach(c.keys[:c.n], c.hashes[:c.n])
	if l.depth > 0 {
		var other uint64 // bits in which a hash is not that of all keys here
		for _, h := range c.hashes[:c.n] {
			l.trace.add(h)
			other |= h ^ l.shared
		}
		if other>>(64-l.skip) != 0 { // at once: rows that all become one group could pass the bound before the end is reached
			return otherKey(l.run.keys.fn, rowKeys)
		}
	}
	if l.workers != nil {
		var err error
		if l.stage, err = l.workers.share(c); err != nil {
			return err
		}
		return l.splitIfLarge()
	}
	if err := l.pick.add(c); err != nil {
		return err
	}
	c.reset(l.run.bounded)
	return l.splitIfLarge()
}

// reset empties a chunk; what its rows point to is let go of where memory is bounded.
func (c *chunk[T, K]) reset(release bool) {
	if release {
		clear(c.keys[:c.n])
		clear(c.rows[:c.n])
	}
	c.n = 0
}

// partition is where a hash belongs.
func (l *radixLevel[T, K, A]) partition(h uint64) int {
	return int(h << l.skip >> (64 - l.run.plan.bits))
}

// splitIfLarge goes from one table to one per partition when there are keys enough for it (see radixPlan).
func (l *radixLevel[T, K, A]) splitIfLarge() error {
	if l.settled || l.size() < l.run.plan.splitAt {
		return nil
	}
	if err := l.barrier(); err != nil {
		return err
	}
	whole := l.groups[0]
	if whole.frozen || l.skip+l.run.plan.bits > table.MaxSkip {
		l.settled = true
		return nil
	}
	parts := make([]*groups[T, K, A], 1<<l.run.plan.bits)
	for p := range parts {
		parts[p] = newGroups(l, l.skip+l.run.plan.bits)
	}
	if !whole.moveTo(parts, l.partition) {
		for _, g := range parts {
			g.release()
		}
		l.settled = true
		return nil
	}
	whole.release()
	l.groups, l.settled = parts, true
	return nil
}

// work starts workers. Without a bound there is one table per partition from the start.
func (l *radixLevel[T, K, A]) work(n int) {
	if !l.run.bounded {
		l.groups = nil
		for range 1 << l.run.plan.bits {
			l.groups = append(l.groups, newGroups(l, l.skip+l.run.plan.bits))
		}
	}
	l.workers = newRadixWorkers(l, n)
}

// size is how many keys the one table has.
func (l *radixLevel[T, K, A]) size() int {
	if l.workers != nil {
		return int(l.workers.keys.Load())
	}
	return l.groups[0].table.Len()
}

// barrier waits until all rows that were handed on have been added.
func (l *radixLevel[T, K, A]) barrier() error {
	if l.workers == nil {
		return nil
	}
	return l.workers.barrier()
}

// finish adds what is left in the chunks. No rows follow.
func (l *radixLevel[T, K, A]) finish() error {
	if err := l.flush(); err != nil {
		return err
	}
	if l.workers != nil {
		if err := l.workers.join(); err != nil {
			return err
		}
		l.workers = nil
	}
	l.stage, l.pick = nil, nil
	return l.settle()
}

func (l *radixLevel[T, K, A]) spillRow(h uint64, v *T) error {
	return l.rows.append(l.partition(h), h, v)
}

func (l *radixLevel[T, K, A]) spillState(h uint64, state *Keyed[K, A]) error {
	return l.states.append(l.partition(h), h, state)
}

// close removes the level's files and gives its memory back; on every path.
func (l *radixLevel[T, K, A]) close() {
	if l.workers != nil {
		l.workers.abandon()
	}
	for _, g := range l.groups {
		g.release()
	}
	l.rows.close()
	l.states.close()
}
