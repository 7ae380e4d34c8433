package stream

import (
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/internal/table"
)

// Keyed is one group: its key and what the fold made of its values.
type Keyed[K comparable, A any] struct {
	Key   K // as it was first seen
	Value A // the accumulator
}

// AggregateOptions bound Aggregate. The zero value: memory unbounded, one goroutine.
type AggregateOptions struct {
	// Resources.Memory and Budget bound the live state: the table, the bytes of strings in keys, the accumulators
	// (their static size, and Fold.Size where it is set), and the buffers. Beyond the bound, rows go to files below
	// TempDir. Workers above 1 adds rows to groups on that many goroutines beside the consumer's, which reads the
	// source and calls key: the fold's functions are then called from several at once, for one key from one. No
	// more than 256 have something to do, under a bound no more than 64, 16 below 4 MiB, and 4 below 64 KiB. So many are
	// the partitions too, and for each of them memory keeps, uncounted, what it must of the index of its rows on disk: 768
	// bytes, twice that from 32 blocks on and three times from 1,024. Where accumulators grow, theirs may take as much again.
	Resources Resources
	// Codec is a Codec[T] for elements on disk; nil: compiled from T. It is used only where memory is bounded, and a T
	// without a codec is then an *OptionError.
	Codec any
	// KeyCodec and ValueCodec are a Codec[K] and a Codec[A] for groups on disk, which go there where memory is bounded and
	// Fold.Size is set; nil: compiled from the types. Where one of the types has no codec (it has unexported fields, say)
	// groups stay in memory, and where they no longer fit there the *LimitError names the type. GroupBy writes groups with
	// Codec, and refuses a ValueCodec.
	KeyCodec, ValueCodec any
}

// Aggregate yields one Keyed per distinct key: the fold of that key's values. Grouping is by hash, so the
// input may come in any order.
//
// Order: by the stable hash of the key, ties by first position: the same on every run, machine and release,
// for any number of workers and any bound, and otherwise without meaning. A key's values are added in input order by
// one owner, so that float sums are the same to the bit.
// Memory: one key and one accumulator per distinct key, however many elements there are, and up to some MiB of
// buffers. Under a bound, the keys that came first stay in memory and go on; rows of keys that came when it was
// full are spilled, and grouped one radix partition after the other when the input has ended. Where accumulators
// grow (Fold.Size is set) they are spilled too. Beside the bound it takes at most 16 KiB (or room for 20 groups, where
// that is more) for each time that spilled rows had to be split again. What rows that wait in buffers hold outside
// themselves is a sixteenth of the bound, or 4 KiB, and one row. The strings of keys are copied, so that a key keeps no line
// alive that it was cut from; what waits, and what the fold keeps, does.
// Laziness: the first pull reads the whole input. key is called again for a row that was spilled, so it must be a pure
// function, and Codec must give back what it looks at.
// Termination: only if the input ends.
// Errors: an error of the input is forwarded, and no group is yielded. A key type with pointers or channels
// inside is an *OptionError; an interface key that holds something that cannot be compared a *KeyError, and so is a key that
// came back from disk as another one, before any group of its partition; trouble with
// a file a *SpillError, before or between groups, or after the last where it cannot be removed. A *LimitError comes
// only where one accumulator passes by itself the bound, or what others have left of the Budget, where
// accumulators grow and have no codec (see ValueCodec), where a key holds outside itself what the bound has no room for
// beside the keys that came first (a twentieth of it there always is), or for more than 1,342,177,280 keys without a bound.
// Concurrency: see AggregateOptions; all goroutines have ended before the first group is yielded.
//
// Keys compare by the key rules: NaN equals NaN, -0 equals 0, times by instant. For keys that may be null use
// an Opt as the key: null is then one group, counted, and missing another.
//
// Elements wait in a buffer until the keys of 256 are looked up together, of some thousand where there are workers or a
// bound. Where they are large, a Map before it that keeps what is needed saves a copy; without a bound, and for a
// fold that is Blind, a count say, only keys wait.
//
// A hot key collapses into one accumulator as its rows come, which is what two-stage aggregation does elsewhere. Under a
// bound that is so for a key that comes before the memory is full, whatever its share of the rows. Of a key that comes later
// all rows are written to disk with its partition, in order, and read back: once for each level in which the memory is full
// before the key comes. Where accumulators grow they may be spilled, and then so are the rows that follow.
func Aggregate[T any, K comparable, A any](s Seq[T], key func(T) K, fold Fold[T, A], opts AggregateOptions) Seq[Keyed[K, A]] {
	return aggregate("Aggregate", s, key, fold, opts)
}

// aggregate is Aggregate under the name that errors and panics show.
func aggregate[T any, K comparable, A any](fn string, s Seq[T], key func(T) K, fold Fold[T, A], opts AggregateOptions) Seq[Keyed[K, A]] {
	return aggregateWith(fn, s, key, fold, opts, nil)
}

// aggregateWith is aggregate with a plan of the test's own.
func aggregateWith[T any, K comparable, A any](fn string, s Seq[T], key func(T) K, fold Fold[T, A], opts AggregateOptions, plan *radixPlan) Seq[Keyed[K, A]] {
	needSeq(s, fn)
	needFunc(key == nil, fn, "key")
	needFunc(fold.Add == nil, fn, "fold.Add")
	return func(yield func(Keyed[K, A], error) bool) {
		var none Keyed[K, A]
		run, err := newAggregation(fn, key, fold, opts, plan)
		if err != nil {
			yield(none, err)
			return
		}
		defer run.close()
		whole := newRadixLevel(run, 0, 0, 0)
		defer whole.close()
		if err := whole.read(s, opts.Resources.Workers); err != nil {
			yield(none, err)
			return
		}
		more, err := whole.emit(func(_ uint64, k *K, acc *A) bool {
			return yield(Keyed[K, A]{Key: *k, Value: *acc}, nil)
		})
		if more && err == nil {
			whole.close() // before the end is told, so that a failure can be
			err = spillError(fn, run.dir.Close())
		}
		if err != nil {
			yield(none, err)
		}
	}
}

// newAggregation checks the options and fits the sizes to them.
func newAggregation[T any, K comparable, A any](fn string, key func(T) K, fold Fold[T, A], opts AggregateOptions, plan *radixPlan) (*aggregation[T, K, A], error) {
	keys, err := newKeys[K](fn)
	if err != nil {
		return nil, err
	}
	r := opts.Resources
	if err := r.Check("stream", fn); err != nil {
		return nil, err
	}
	run := &aggregation[T, K, A]{
		keys: keys, key: key, fold: fold, dynamic: keys.hasher.Dynamic(),
		account: r.Account("stream: " + fn), dir: r.spillDir(),
	}
	memory := r.Memory
	if r.Budget != nil && (memory == 0 || r.Budget.Total() < memory) {
		memory = r.Budget.Total()
	}
	run.plan = planRadix(memory, sizeOf[T]()+sizeOf[K]()+8, sizeOf[K](), r.Workers)
	if plan != nil {
		bound, waiting := run.plan.bound, run.plan.waiting
		run.plan = *plan
		run.plan.bound, run.plan.waiting = bound, waiting
	}
	if opts.Codec != nil || memory > 0 {
		if run.rows, err = codecOf[T](fn, opts.Codec); err != nil {
			return nil, err
		}
	}
	if memory > 0 || opts.KeyCodec != nil || opts.ValueCodec != nil {
		if run.states, run.stateless, err = statesOf[K, A](fn, opts); err != nil {
			return nil, err
		}
	}
	if memory > 0 {
		run.bounded, run.sized = true, fold.Size != nil
		run.plan.floor = max(run.plan.floor, 2*run.smallest())
		run.ledger = &ledger{limit: memory, bound: run.plan.bound, floor: run.plan.floor, account: run.account}
	}
	return run, nil
}

// smallest is the bytes of the smallest table with its accumulators. Without room for one no pass gets anywhere.
func (run *aggregation[T, K, A]) smallest() int64 {
	_, bytes := table.NewInline[K, A](run.keys.hasher, 0).Growth()
	return bytes
}

// limitError is why the last bytes were refused; where groups that grow cannot go to disk, it says why.
func (run *aggregation[T, K, A]) limitError() error {
	err := run.ledger.limitError()
	var limit *LimitError
	if !run.sized || run.stateless == nil || !errors.As(err, &limit) {
		return err
	}
	named := *limit
	named.What = fmt.Sprintf("%s, where groups cannot go to disk (%v)", limit.What, run.stateless)
	return &named
}

// close gives the memory back and removes the directory.
func (run *aggregation[T, K, A]) close() {
	run.dir.Close()
	run.account.Close()
}

// read groups the whole input.
func (l *radixLevel[T, K, A]) read(s Seq[T], workers int) error {
	if workers > 1 { // more than there are partitions would have nothing to do
		l.work(min(workers, 1<<l.run.plan.bits))
	}
	key, bounded := l.run.key, l.run.bounded
	c := l.stage
	for v, err := range s {
		if err != nil {
			if bad := l.flush(); bad != nil { // what came before the error fails before it
				return bad
			}
			return err
		}
		if c.rows != nil {
			c.rows[c.n] = v
		}
		c.keys[c.n] = key(v)
		c.n++
		if c.n < len(c.keys) && !bounded {
			continue
		}
		if err := l.staged(); err != nil {
			return err
		}
		c = l.stage
	}
	return l.finish()
}
