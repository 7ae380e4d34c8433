package stream

import (
	"github.com/millrace-go/millrace/internal/merge"
	"github.com/millrace-go/millrace/internal/spill"
)

// Runs on disk are merged when the input has ended, and before that where there are so many that what is known of them
// would take much of the memory. Then neighbours of one tier become runs of the next, which has a file of its own:
//
//	written   [tier 2          ][tier 1  ][tier 1  ][0][0][0]
//
// So a row is merged once per tier, of which there are log(runs), the file of a tier is removed when all of it was
// merged, and runs stay in input order, which makes the sort stable.

// runBytes is what memory has of a run on disk: its part, the root of its index, its entry in written.
const runBytes = 256

const (
	leastRuns = 8             // of a tier, are not merged however small the bound
	freeRuns  = 3 * leastRuns // are not booked: what is left where the bound is that small
)

// mostRuns is how many runs of one tier there may be: they take a sixteenth of the bound.
func (s *sortRuns[T]) mostRuns() int { return int(max(s.limit()/16/runBytes, leastRuns)) }

// store returns the file of a tier.
func (s *sortRuns[T]) store(tier int) (*spill.Store[T], error) {
	if s.dir == nil {
		s.dir = s.opts.Resources.spillDir()
	}
	for tier >= len(s.stores) {
		s.stores = append(s.stores, nil)
	}
	if s.stores[tier] == nil {
		store, err := spill.NewStore[T](s.dir, s.codec, s.blockSize)
		if err != nil {
			return nil, spillError(s.fn, err)
		}
		s.stores[tier] = store
	}
	return s.stores[tier], nil
}

// compact merges the runs of each tier that has too many. No row that was given to the sort is in memory meanwhile: the
// caller has just sent off what it had, and what still flies lands first.
func (s *sortRuns[T]) compact() error {
	for tier := 0; ; tier++ {
		first := len(s.written)
		for first > 0 && s.written[first-1].tier == tier {
			first--
		}
		if len(s.written)-first < s.mostRuns() {
			return nil
		}
		if err := s.landAll(); err != nil {
			return err
		}
		s.spare, s.filling = nil, newSortRun(s.order, s.share)
		to, err := s.store(tier + 1)
		if err != nil {
			return err
		}
		runs, merged := s.written[first:], s.written[:first:first]
		for len(runs) > 0 {
			n, fetches := s.fan(runs)
			run, err := s.mergeInto(to, runs[:n], fetches)
			if err != nil {
				return spillError(s.fn, err)
			}
			run.tier = tier + 1
			merged, runs = append(merged, run), runs[n:]
		}
		s.written = merged
		if err := s.stores[tier].Close(); err != nil {
			return spillError(s.fn, err)
		}
		s.stores[tier] = nil
	}
}

// lastPasses merges neighbours until the rest can be merged at once. Each merge of n runs leaves n-1 fewer; the last
// pass stops where that is enough, and leaves the runs behind as they are.
func (s *sortRuns[T]) lastPasses() error {
	for {
		fan, fetches := s.fan(s.written)
		s.fetches = fetches
		excess := len(s.written) - fan
		if excess <= 0 {
			return nil
		}
		store, err := spill.NewStore[T](s.dir, s.codec, s.blockSize)
		if err != nil {
			return spillError(s.fn, err)
		}
		var merged []sortedRun[T]
		rest := s.written
		for excess > 0 && len(rest) > 1 {
			n := min(fan, excess+1, len(rest))
			run, err := s.mergeInto(store, rest[:n], fetches)
			if err != nil {
				return spillError(s.fn, err)
			}
			merged = append(merged, run)
			rest = rest[n:]
			excess -= n - 1
		}
		if len(rest) == 0 { // nothing is left in the old ones
			for _, run := range s.written {
				if err := run.Store.Close(); err != nil {
					return spillError(s.fn, err)
				}
			}
			s.stores = nil
		}
		s.stores, s.written = append(s.stores, store), append(merged, rest...)
	}
}

func (s *sortRuns[T]) mergeInto(store *spill.Store[T], runs []sortedRun[T], fetches int) (sortedRun[T], error) {
	tree, w := s.tree(runs, fetches), s.newWriter(store)
	for {
		v, err := tree.Next()
		if err == nil && v == nil {
			run, err := w.Finish()
			return sortedRun[T]{Run: run}, err
		}
		if err == nil {
			err = w.Append(v)
		}
		if err != nil {
			return sortedRun[T]{}, err
		}
	}
}

// fan books the cursors of as many of these runs as memory has room for, and returns how many: at least two, where there
// are. Blocks are read ahead only with what all cursors leave: fetches is how many each has. It counts the largest
// blocks for all of them.
func (s *sortRuns[T]) fan(runs []sortedRun[T]) (n, fetches int) {
	rows, index, block := int64(0), int64(0), int64(s.blockSize)
	for _, run := range runs {
		rows, index = max(rows, run.Widest), max(index, run.Store.IndexSize(run.Part))
		block = max(block, run.Store.ReadSize(run.Part))
	}
	n = len(runs)
	for fetches = fetchesOf(s.workers()); ; {
		// Of rows that are larger than blocks, each reader has a block as it was stored and one as it was encoded.
		beside := s.live(0) + s.fixed + 2*(block-int64(s.blockSize))*int64(readersOf(s.workers(), fetches))
		cursor := int64(fetches)*rows + index + cursorBytes
		need := beside + int64(n)*cursor
		if need <= s.limit() && s.book(need) == nil {
			return n, fetches
		}
		switch {
		case fetches > 1:
			fetches = max(fetches/2, 1)
		case n > 2 && need > s.limit():
			n = int(max((s.limit()-beside)/cursor, 2))
		case n > 2: // others have booked of the budget
			n = max(n*3/4, 2)
		default:
			s.book(min(need, s.booked)) // less than they take: the floor
			return n, fetches
		}
	}
}

// cursorBytes is what a run takes in a merge beside the rows of its blocks: cursor, fetches, its place in the tree.
const cursorBytes = 1024

func (s *sortRuns[T]) tree(runs []sortedRun[T], fetches int) *merge.Tree[T] {
	if s.ahead != nil {
		s.ahead.stop() // of the merge before
	}
	s.ahead = newReadAhead[T](readersOf(s.workers(), fetches), len(runs), fetches)
	cursors := make([]merge.Cursor[T], len(runs))
	for i, run := range runs {
		cursors[i] = newRunCursor(run.Store.Blocks(run.Part), s.ahead, fetches)
	}
	return merge.New(s.order.ofMerge(s.common), cursors)
}
