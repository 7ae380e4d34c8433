package dedup

import (
	"cmp"
	"math/bits"
	"reflect"

	"github.com/millrace-go/millrace/stream"
)

// team is one run of the hash engine with workers. The consumer's goroutine reads, asks for keys and hashes them, and
// owns the rows with a null key; each worker owns the keys whose hashes fall to it. A row is written once, at the place
// behind the row before it, and stays there: what is handed to the workers is keys and hashes, by the chunk, and each
// picks its own. The index of a worker numbers keys by the places of their rows.
//
//	places     0         1         2        3        4        5         worker 0   7 click -> 0, 8 buy -> 3
//	rows       [7 click] [9 view]  [     ]  [8 buy]  [     ]  [6 view]  worker 1   9 view -> 1, 6 view -> 5
//	marks      survivor  survivor  nothing  survivor nothing  survivor
//
// All rows of a key meet at one owner, in input order, so that an owner does just what the run without workers does with
// these rows. Of two rows that meet, one place is let go of: that of the row that came, which is copied over the one
// held if it is the better one; under OrderWinner that of the row that lost. So the survivors stand in the order
// in which they are to come out. Where too many places were let go of, the rows move down over them (see moves), while
// no worker works. Where most rows lose, they are read apart (see recently), and those that are held are copied to
// their places.
//
// How it ends: what a worker panics with comes out on the consumer's goroutine, when all workers are done with what was
// handed over before; of several that panic, the one at the row that comes first. What the source ends with comes out
// after that.
//
// Invariants, while no worker works:
//  1. A place that is not marked as nothing has a row without a key, or its number is in just one index.
//  2. A number in an index is a place that is not marked as nothing.
//  3. gone is how many places were let go of since rows moved; as many are marked as nothing.
//
// Here are rows and keys; teamCore and owner know places only, crew only chunks.
//
// A row and what is beside it (its mark, its position, its key) are written by the reader before the chunk is handed
// over, and by their owner after it. The lists of blocks grow behind what was there when a chunk was handed over: who
// settles it looks at the lists as they were then.
type team[T any] struct {
	teamCore
	p       *plan[T]
	keys    teamKeys[T]
	ledgers []ownLedger[T] // by number of the owner

	placed blocks[T] // rows by their places
	views  []view[T] // by number of the chunk
}

// ownLedger keeps a ledger from sharing a line of the cache with the next, which another core writes.
type ownLedger[T any] struct {
	ledger[T]
	_ [64]byte
}

// view is what the rows of a chunk are settled with: the list of rows as of when it was handed over, and its own rows.
type view[T any] struct {
	rows   blocks[T]
	own    []T // as they were read
	buffer []T // for rows that are read apart
}

const (
	// mostWorkers are numbered in a byte; nobody is no worker.
	mostWorkers = 255
	nobody      = 255
	// chunkRows are handed over together, at most: to wake a worker costs as much as some rows.
	chunkRows = 4096
	// chunkBytes bounds a chunk, which is a block of rows: what a small input takes.
	chunkBytes = 512 << 10
)

// planWorkers finds out how many workers there are: none where rows come out on sight, and where the order of calls
// can be seen or memory is bounded.
func (p *plan[T]) planWorkers() {
	if p.res.Workers < 2 || p.eager || p.bounded() || p.losers != nil || p.rejected != nil {
		return
	}
	p.workers = min(p.res.Workers, mostWorkers)
	p.positions = p.tie == TieFail || p.keep == KeepMerge // otherwise places say enough
}

func newTeam[T any](p *plan[T], keys keysOf[T]) *team[T] {
	size := int(reflect.TypeFor[T]().Size())
	rows := cmp.Or(p.tuned.chunk, max(16, min(chunkRows, chunkBytes/max(1, size))))
	shift := uint(bits.Len(uint(rows)) - 1)
	t := &team[T]{p: p, ledgers: make([]ownLedger[T], p.workers+1)}
	for i := range t.ledgers {
		t.ledgers[i].p = p
	}
	t.placed = wholeBlocks[T](shift)
	t.teamCore = teamCore{
		fn: p.fn, nullKeys: p.nullKeys, byWinner: p.order == OrderWinner, keepsNone: p.keep == KeepNone,
		compares: len(p.by) > 0, hasPositions: p.positions, turns: p.tuned.chunk > 0,
	}
	t.start(t, p.workers, p.batch, shift, cmp.Or(p.tuned.holes, leastHoles/(size+1)))
	t.views = make([]view[T], cap(t.crew.free))
	t.keys = keys.shared(shift, cap(t.crew.free), p.holdKeys)
	return t
}

// close ends the workers, however the run ended, and publishes the counts.
func (t *team[T]) close() {
	t.crew.stop()
	t.count().publish()
}

// count brings all counts together in the ledger of the consumer, which it returns.
func (t *team[T]) count() *ledger[T] {
	all := &t.ledgers[len(t.owners)].ledger
	for i := range t.ledgers {
		e, l := t.owner(i), &t.ledgers[i].ledger
		all.stats.In += e.in
		all.stats.Keys += e.keys
		all.stats.NullKeys += e.nulls
		e.in, e.keys, e.nulls = 0, 0, 0
		if l != all {
			all.stats.add(&l.stats)
			l.stats = Stats{}
		}
	}
	return all
}

// run reads the input and yields the survivors. Its error is still to be yielded.
func (t *team[T]) run(s stream.Seq[T], yield func(T, error) bool) error {
	if err := t.read(s); err != nil {
		return err
	}
	t.checkInvariants()
	t.views[0].rows = t.placed
	t.keys.look(&chunk{})
	if tie := t.unsettled(&chunk{}); tie != nil {
		return tie
	}
	if l := t.count(); t.emit(yield, &l.stats) {
		l.balance()
	}
	return nil
}

// read takes in the input, and returns when all that came is settled. What a worker failed with stands before what the
// source ended with, be that a panic: it has the earlier row.
func (t *team[T]) read(s stream.Seq[T]) (err error) {
	c := t.begin(t.crew.empty(), 0)
	defer func() {
		if c != nil {
			t.hash(c)
			t.share(c)
		}
		err = cmp.Or(t.crew.join(), err)
	}()
	rows := t.views[c.number].own
	for v, err := range s {
		if err != nil {
			return err
		}
		rows[c.n] = v
		if err := t.stageKey(c); err != nil {
			return err
		}
		if c.n++; c.n < len(rows) {
			continue
		}
		t.hash(c)
		if c = t.next(c); c == nil {
			return nil
		}
		rows = t.views[c.number].own
	}
	return nil
}

// stageKey sets what is staged beside the row that was read last, or takes the row in where its key is null.
func (t *team[T]) stageKey(c *chunk) error {
	row := &t.views[c.number].own[c.n]
	if t.p.nullKey != nil && t.p.nullKey(*row) {
		t.keys.stageNull(c, c.n)
		c.nulls = append(c.nulls, int32(c.n))
		return t.nulls.takeNull(c, c.n)
	}
	if err := t.keys.stage(c, c.n, row); err != nil {
		t.nulls.in++
		return &KeyError{Position: c.first + int64(c.n), Err: err}
	}
	return nil
}

// hash hashes the keys of a chunk.
func (t *team[T]) hash(c *chunk) {
	t.placed.n += c.n
	t.keys.hash(c)
}

// emit yields the survivors, which stand in order, and reports whether the consumer took them all.
func (t *team[T]) emit(yield func(T, error) bool, stats *Stats) bool {
	t.dismiss() // their memory is free while the rows go out
	t.views, t.keys = nil, nil
	left := t.marks.n
	for i, rows := range t.placed.list {
		marks := t.marks.list[i]
		for j := range min(len(rows), left) {
			if marks[j] != survivor {
				continue
			}
			stats.Out++
			if !yield(rows[j], nil) {
				return false
			}
		}
		left -= min(len(rows), left)
		t.placed.list[i] = nil
	}
	return true
}
