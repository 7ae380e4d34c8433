package dedup

import (
	"fmt"
	"reflect"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

// Approx yields the first row of each key, as Distinct does, in memory that depends on the number of keys only and
// not on what they are: it remembers the keys in a Bloom filter. What it yields had surely not been seen; what it drops
// had been, or is dropped wrongly, which happens to a row with a new key with at most ApproxOptions.FalseDropRate. By
// default nothing is forgotten and no key comes out twice; with ApproxOptions.Generations the memory is fixed and old
// keys may come out again.
//
// Rows come as soon as they are seen, in the order of the input. It holds the filter, 8.6 bytes per key at a rate of 1
// in a million, and reads nothing ahead unless ApproxOptions.ReadAhead says so; so it can stand on an endless
// stream. A filter that ApproxOptions.Resources have no room for is a *stream.LimitError that says what it needs:
// before the source is touched, or where more keys came than were expected. A key with something in it that cannot be
// a key is a *KeyError.
func Approx[T any, K comparable](s stream.Seq[T], key func(T) K, o ApproxOptions[T]) stream.Seq[T] {
	a, err := newApproxPlan(o)
	hasher, err := keyed("Approx", s, key, err)
	if err != nil {
		return stream.Fail[T](err)
	}
	return func(yield func(T, error) bool) {
		e := &approx[T, K]{ledger: ledger[T]{p: a.plan}, a: a, key: key, hasher: hasher, yield: yield}
		e.seen.account = a.plan.res.Account("dedup: Approx")
		defer e.close()
		if err := e.run(s); err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

// approx is one run of the approximate engine. Where it may read ahead, rows are staged, so that the cache misses of their
// lookups overlap, and then settled one after the other: how many were staged changes no output. Where it may not, each
// is settled as it comes; runPlain does so by a shorter way.
//
//	rows    [ 7 click ][ 9 view ][ 7 click ]           n = 3 of size 4
//	hashes  [ 5c..    ][ 61..   ][ 5c..    ]
//	        position of the first: stats.In
//
// Invariants, between two rows of the input:
//  1. n < size <= len(rows), and len(hashes) == len(rows); so is len(null) where there is a NullKey. There is room for one
//     row where none is read ahead.
//  2. stats.In rows are settled, and stats.In + n were read.
type approx[T any, K comparable] struct {
	ledger[T]
	a      *approxPlan[T]
	key    func(T) K
	hasher *hash.Hasher[K]
	seen   generations

	rows   []T
	hashes []uint64
	null   []bool // the row has a null key; nil: none can have
	n      int    // rows staged
	size   int    // rows to stage before they are settled

	rowKey      K     // of the row being staged: a field, so that its address costs no allocation per row
	nullSeen    bool  // under NullsEqual: the group's row came out
	unconfirmed int64 // presumed duplicates that Verify let through
	yield       func(T, error) bool
	stopped     bool // the consumer broke
}

// run reads the input and yields the survivors. Its error is still to be yielded.
func (e *approx[T, K]) run(s stream.Seq[T]) error {
	if err := e.begin(); err != nil {
		return err
	}
	if e.isPlain() {
		return e.runPlain(s)
	}
	for v, err := range s {
		if err == nil {
			err = e.stage(v)
		}
		if err != nil || e.n == e.size {
			if flushErr := e.flush(); flushErr != nil {
				err = flushErr // of an earlier row
			}
			if err != nil || e.stopped {
				return e.unlessStopped(err)
			}
			e.size = min(2*e.size, len(e.rows))
		}
		e.checkInvariants()
	}
	if err := e.flush(); err != nil || e.stopped {
		return e.unlessStopped(err)
	}
	e.balance()
	return nil
}

// begin books and makes what the run needs from its start.
func (e *approx[T, K]) begin() error {
	most := e.a.readAhead + 1
	perRow := int64(reflect.TypeFor[T]().Size()) + 8
	if e.p.nullKey != nil {
		perRow++
	}
	if err := e.seen.begin(e.a.sizes, int64(most)*perRow); err != nil {
		return err
	}
	e.rows, e.hashes, e.size = make([]T, most), make([]uint64, most), 1
	if e.p.nullKey != nil {
		e.null = make([]bool, most)
	}
	return nil
}

// close gives the booked memory back and publishes the counts. It runs on every path.
func (e *approx[T, K]) close() {
	if e.a.stats != nil {
		*e.a.stats = e.counts()
	}
	e.seen.account.Close()
}

// unlessStopped is err, or nil where the consumer, who broke, must not be called again.
func (e *approx[T, K]) unlessStopped(err error) error {
	if e.stopped {
		return nil
	}
	return err
}

// stage takes a row in.
func (e *approx[T, K]) stage(v T) error {
	i := e.n
	e.rows[i] = v
	if e.null != nil {
		if e.null[i] = e.p.nullKey(v); e.null[i] {
			e.n++
			return nil
		}
	}
	e.rowKey = e.key(v)
	if e.hasher.Dynamic() {
		if err := e.hasher.Check(&e.rowKey); err != nil {
			return &KeyError{Position: e.stats.In + int64(e.n), Err: err}
		}
	}
	e.hashes[i] = e.hasher.Hash(&e.rowKey, e.a.seed)
	e.n++
	return nil
}

// flush settles the rows that are staged, in order, as far as the consumer goes along.
func (e *approx[T, K]) flush() error {
	if e.n > 1 {
		e.seen.touch(e.hashes[:e.n])
	}
	n := e.n
	e.n = 0
	for i := range n {
		position := e.stats.In
		e.stats.In++
		if err := e.settle(i, position); err != nil || e.stopped {
			return err
		}
	}
	clear(e.rows[:n])
	return nil
}

// settle decides about row i of the stage.
func (e *approx[T, K]) settle(i int, position int64) error {
	row := &e.rows[i]
	if e.null != nil && e.null[i] {
		return e.settleNull(row, position)
	}
	fresh, err := e.seen.add(e.hashes[i])
	if err != nil {
		return e.noRoom(err, position)
	}
	if fresh {
		e.stats.Keys++
		e.emit(row)
		return nil
	}
	return e.presume(row, e.hashes[i], position)
}

// noRoom says where no filter could be added.
func (e *approx[T, K]) noRoom(err error, position int64) error {
	return fmt.Errorf("%w (at element %d, after %d keys)", err, position, e.stats.Keys)
}

// presume decides about a row whose key, with hash h, is presumed to have been seen.
func (e *approx[T, K]) presume(row *T, h uint64, position int64) error {
	if e.a.verify == nil {
		return e.dropRow(row, position)
	}
	seen, err := e.a.verify(*row)
	if err != nil {
		return fmt.Errorf("dedup: Approx: Verify: element %d: %w", position, err)
	}
	if seen {
		return e.dropRow(row, position)
	}
	if err := e.seen.refresh(h); err != nil {
		return err
	}
	e.stats.Keys++
	e.unconfirmed++
	e.emit(row)
	return nil
}

// settleNull decides about a row with a null key, exactly: no filter is asked.
func (e *approx[T, K]) settleNull(row *T, position int64) error {
	e.stats.NullKeys++
	switch {
	case e.p.nullKeys == NullsReject:
		return e.reject(row, position)
	case e.p.nullKeys == NullsEqual && e.nullSeen:
		return e.dropRow(row, position)
	case e.p.nullKeys == NullsEqual:
		e.nullSeen = true
		e.stats.Keys++
	}
	e.emit(row)
	return nil
}

// dropRow counts a row as dropped and delivers it to the sink, if there is one.
func (e *approx[T, K]) dropRow(row *T, position int64) error {
	e.stats.Dropped++
	if e.a.drops == nil {
		return nil
	}
	if err := e.a.drops(Drop[T]{Row: *row, Position: position}); err != nil {
		return fmt.Errorf("dedup: Approx: Drops: element %d: %w", position, err)
	}
	return nil
}

// emit yields a row, the counts being up to date.
func (e *approx[T, K]) emit(row *T) {
	e.stats.Out++
	if e.a.stats != nil {
		*e.a.stats = e.counts()
	}
	e.stopped = !e.yield(*row, nil)
}
