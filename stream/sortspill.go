package stream

import (
	"github.com/millrace-go/millrace/internal/sortkey"
	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/internal/worker"
)

// sortRuns is the state of one external sort.
//
//	           memory                                  disk
//	filling    [ run, being filled ]
//	flying     [ run, sorted and written ] ----------> store: part n+1
//	                                                   store: parts 0 to n, sorted runs in input order
//
// A run begins to fly when the account has no room for the next row, or it has its share of it. With one worker it
// lands at once; with more, as many fly as there are workers, and the consumer's goroutine waits for the oldest when
// its own run is full. After the input each part is read by a cursor, and all by one loser tree; where cursors for all of
// them do not fit in memory, neighbours are merged into longer parts of another store first. Neighbours, because
// equal rows come out in input order only if runs do.
//
// Everything but sorting and writing a flying run, and reading blocks, happens on the consumer's goroutine.
type sortRuns[T any] struct {
	fn    string
	order sortOrder[T]
	codec Codec[T]
	opts  SortOptions

	bounded bool
	account *Account
	booked  int64 // by us
	fixed   int64 // bytes of block buffers that are taken from the bound beforehand
	share   int64 // bytes a run may grow to, if several are in memory at a time

	row     T // the next one: a place that has an address for free
	filling *sortRun[T]
	spare   []*sortRun[T]
	flying  []*flight[T] // the oldest first

	blockSize int
	dir       *spill.Dir
	stores    []*spill.Store[T] // by tier; nil: none is of that tier now
	written   []sortedRun[T]    // and finished or flying, in input order
	some      string            // a key, where keys are text
	fetches   int               // of each run in the last merge
	ahead     *readAhead[T]     // of the merge that is running
	common    int               // bytes that the keys of all runs have in common at the beginning; -1: none has been
}

// flight is a run that is sorted and written by a goroutine.
type flight[T any] struct {
	run    *sortRun[T] // the worker's until it has landed
	bytes  int64       // of the run
	worker *worker.Worker
	index  int          // in written
	wrote  sortedRun[T] // the worker's, as is
	err    error        // this: to be read after it
}

// sortedRun is a run on disk.
type sortedRun[T any] struct {
	spill.Run[T]
	tier int // how often its rows were merged
}

// minBlock is the size of a block where memory is smallest, in bytes.
const minBlock = 256

// sortFloor is what a run may take where others have the budget, in bytes.
const sortFloor = 16 << 10

// blockBuffers is how many blocks' size the store takes while it writes a part: the rows, s2's room for them (a
// sixth more), and slack.
const blockBuffers = 3

func newSortRuns[T any](fn string, order sortOrder[T], codec Codec[T], opts SortOptions) *sortRuns[T] {
	s := &sortRuns[T]{fn: fn, order: order, codec: codec, opts: opts, bounded: opts.bounded(), common: -1}
	s.account = opts.Resources.Account("stream: " + fn)
	limit := int64(0)
	if s.bounded {
		limit = s.limit()
		s.blockSize = int(min(max(limit/64, minBlock), spill.DefaultBlock))
		workers := int64(s.workers())
		s.fixed = min(blockBuffers*int64(s.blockSize)*workers, limit/2)
		inMemory := workers
		if workers > 1 {
			inMemory++ // the one that is being filled
		}
		s.share = (limit - s.fixed) / inMemory
		limit = s.share
	}
	s.filling = newSortRun(order, limit)
	return s
}

func (s *sortRuns[T]) workers() int { return max(s.opts.Resources.Workers, 1) }

// limit is the smaller one of the bounds.
func (s *sortRuns[T]) limit() int64 {
	r := s.opts.Resources
	if r.Budget != nil && (r.Memory == 0 || r.Budget.Total() < r.Memory) {
		return r.Budget.Total()
	}
	return r.Memory
}

// add takes a row, and makes room for it.
func (s *sortRuns[T]) add(v T) error {
	held := int64(0)
	if s.bounded {
		s.row = v
		var err error
		if held, err = heldAs(s.fn, s.codec, &s.row); err != nil {
			return err
		}
		if err := s.makeRoom(held); err != nil {
			return err
		}
	} else if int64(s.filling.rows) == maxRunRows {
		return &LimitError{Where: "stream: " + s.fn, What: "rows in memory", Limit: maxRunRows}
	}
	s.filling.add(v, held)
	return nil
}

// makeRoom books what one more row takes. What it does if that is refused, in this order: wait for a flying run, send
// off the one that is being filled, take the room of block buffers for a row that is alone.
func (s *sortRuns[T]) makeRoom(held int64) error {
	for {
		need := s.filling.bytes(1, held)
		full := s.filling.rows > 0 && need > s.share || int64(s.filling.rows) == maxRunRows
		var err error
		if !full {
			if err = s.book(s.live(need) + s.fixed); err == nil {
				return nil
			}
		}
		switch {
		case !full && len(s.flying) > 0:
			err = s.land()
		case !full && s.opts.Resources.Budget != nil && need <= min(sortFloor, s.limit()):
			return nil // others have the budget
		case s.filling.rows > 0:
			err = s.takeOff()
		case len(s.spare) > 0:
			s.spare = s.spare[:len(s.spare)-1]
			err = nil
		case s.filling.room > 0: // of rows that were smaller than this one
			s.filling = newSortRun(s.order, s.share)
			err = nil
		case s.opts.Resources.Budget != nil && need <= s.limit():
			s.book(need) // or others have the budget
			return nil
		default:
			return s.book(need)
		}
		if err != nil {
			return err
		}
	}
}

// live is what the runs and the index of the store take, where the one being filled takes so much.
func (s *sortRuns[T]) live(filling int64) int64 {
	n := filling
	for _, f := range s.flying {
		n += f.bytes
	}
	for _, r := range s.spare {
		n += r.bytes(0, 0)
	}
	buffered := int64(0)
	for _, store := range s.stores {
		if store != nil {
			buffered += store.Buffered()
		}
	}
	return n + max(buffered-s.fixed, 0) + int64(max(len(s.written)-freeRuns, 0))*runBytes
}

// book brings the account to n bytes, in steps of bookStep where the bound has room for them.
func (s *sortRuns[T]) book(n int64) error {
	switch short := n - s.booked; {
	case short > 0:
		if s.account.Grow(short+bookStep) == nil {
			s.booked += short + bookStep
			return nil
		}
		if err := s.account.Grow(short); err != nil {
			return err
		}
		s.booked = n
	case short < -2*bookStep:
		s.account.Shrink(s.booked - n)
		s.booked = n
	}
	return nil
}

// takeOff sorts the run that was filled and writes it to a part of its own, on a goroutine if there are workers.
func (s *sortRuns[T]) takeOff() error {
	store, err := s.store(0)
	if err != nil {
		return err
	}
	f := &flight[T]{run: s.filling, bytes: s.filling.bytes(0, 0), index: len(s.written)}
	w := s.newWriter(store)
	s.written = append(s.written, sortedRun[T]{})
	if s.workers() == 1 {
		f.write(w)
		if err := s.landed(f); err != nil {
			return err
		}
		return s.compact()
	}
	if len(s.flying) == s.workers() {
		if err := s.land(); err != nil {
			return err
		}
	}
	f.worker = goWorker(func() { f.write(w) })
	s.flying = append(s.flying, f)
	if n := len(s.spare); n > 0 {
		s.filling, s.spare = s.spare[n-1], s.spare[:n-1]
	} else {
		s.filling = newSortRun(s.order, s.share)
	}
	return s.compact()
}

// write sorts the run and writes it.
func (f *flight[T]) write(w *spill.RunWriter[T]) {
	f.run.sort()
	rows := newSortedRows(f.run)
	for v := rows.Next(); v != nil; v = rows.Next() {
		if f.err = w.Append(v); f.err != nil {
			return
		}
	}
	f.wrote.Run, f.err = w.Finish()
}

// land waits for the oldest flying run. A panic of its worker comes out here.
func (s *sortRuns[T]) land() error {
	f := s.flying[0]
	s.flying[0] = nil // the array lives on, and must not keep the run
	s.flying = s.flying[1:]
	f.worker.Join()
	s.spare = append(s.spare, f.run)
	return s.landed(f)
}

// newWriter begins a run.
func (s *sortRuns[T]) newWriter(store *spill.Store[T]) *spill.RunWriter[T] {
	return spill.NewRunWriter(store, s.codec, int64(s.blockSize))
}

// landed notes what is known of a run that was written, and empties it.
func (s *sortRuns[T]) landed(f *flight[T]) error {
	s.written[f.index] = f.wrote
	s.reset(f.run)
	return spillError(s.fn, f.err)
}

// reset notes what the keys of a written run have in common with all others, and empties it.
func (s *sortRuns[T]) reset(run *sortRun[T]) {
	if s.order.text != nil {
		key := s.order.text(run.row(0))
		if s.common < 0 {
			s.some, s.common = key, len(key)
		}
		s.common = sortkey.Common(s.some, key, min(s.common, run.common))
	}
	run.reset()
}

// landAll waits for all flying runs, and returns the error of the first that has one.
func (s *sortRuns[T]) landAll() error {
	for len(s.flying) > 0 {
		if err := s.land(); err != nil {
			return err
		}
	}
	return nil
}

// settle returns the error that the run ends with where its input failed with err: what failed before in the work on
// earlier rows comes first, however late the worker was with it.
func (s *sortRuns[T]) settle(err error) error {
	if earlier := s.landAll(); earlier != nil {
		return earlier
	}
	return err
}

// merged ends the input and returns what gives the rows in order, nil at the end.
func (s *sortRuns[T]) merged() (next func() (*T, error), err error) {
	if len(s.written) == 0 {
		run := s.filling
		run.sort()
		run.scratch = nil
		rows := newSortedRows(run)
		return func() (*T, error) { return rows.Next(), nil }, nil
	}
	if err := s.takeOff(); err != nil {
		return nil, err
	}
	if err := s.landAll(); err != nil {
		return nil, err
	}
	s.filling, s.spare = nil, nil
	if err := s.lastPasses(); err != nil {
		return nil, err
	}
	tree := s.tree(s.written, s.fetches)
	return func() (*T, error) {
		v, err := tree.Next()
		return v, spillError(s.fn, err)
	}, nil
}

// close waits for the workers, and removes the files. A worker's panic is not raised here: the run ends in another way
// already. It can be called again.
func (s *sortRuns[T]) close() error {
	for _, f := range s.flying {
		<-f.worker.Done()
	}
	s.flying = nil
	if s.ahead != nil {
		s.ahead.end()
	}
	s.account.Close()
	s.booked = 0
	if s.dir == nil {
		return nil
	}
	return spillError(s.fn, s.dir.Close())
}
