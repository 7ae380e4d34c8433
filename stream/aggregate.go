package stream

import (
	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/internal/spill"
)

// Keyed is one group: its key and what the fold made of its values.
type Keyed[K comparable, A any] struct {
	Key   K // as it was first seen
	Value A // the accumulator
}

// AggregateOptions bound Aggregate. The zero value: memory unbounded.
type AggregateOptions struct {
	// Resources.Memory and Budget bound the live state: the table, the bytes of strings in keys, and the
	// accumulators (their static size, and Fold.Size where it is set). Aggregate does not spill: where the
	// bound would be passed it ends with a *LimitError. Workers is accepted and has no effect.
	Resources Resources
}

// Aggregate yields one Keyed per distinct key: the fold of that key's values. Grouping is by hash, so the
// input may come in any order.
//
// Order: by the stable hash of the key, ties by first position: the same on every run, machine and release, and
// otherwise without meaning. A key's values are added in input order.
// Memory: one key and one accumulator per distinct key, however many elements there are; see
// AggregateOptions. A string key is kept as it is and keeps alive what it was cut from.
// Laziness: the first pull reads the whole input.
// Termination: only if the input ends.
// Errors: an error of the input is forwarded, and no group is yielded. A key type with pointers or channels
// inside is an *OptionError; an interface key that holds something that cannot be compared a *KeyError; more
// memory than allowed a *LimitError.
//
// Keys compare by the key rules: NaN equals NaN, -0 equals 0, times by instant. For keys that may be null use
// an Opt as the key: null is then one group, counted, and missing another.
//
// A hot key needs no special care: its values collapse into one accumulator as they come.
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
		_, err = whole.emit(func(_ uint64, k *K, acc *A) bool {
			return yield(Keyed[K, A]{Key: *k, Value: *acc}, nil)
		})
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
		keys: keys, key: key, fold: fold, accSize: sizeOf[A](), dynamic: keys.hasher.Dynamic(),
		account: r.Account("stream: " + fn), dir: spill.NewDir(r.TempDir),
	}
	memory := r.Memory
	if r.Budget != nil && (memory == 0 || r.Budget.Total() < memory) {
		memory = r.Budget.Total()
	}
	run.plan = planRadix(memory, sizeOf[T]()+sizeOf[K]()+8)
	if plan != nil {
		bound := run.plan.bound
		run.plan = *plan
		run.plan.bound = bound
	}
	if opts.Codec != nil || memory > 0 {
		if run.rows, err = codecOf[T](fn, opts.Codec); err != nil {
			return nil, err
		}
	}
	if memory > 0 {
		run.bounded, run.sized = true, fold.Size != nil
		if states, err := rowcodec.New[Keyed[K, A]](); err == nil {
			run.states = states
		}
		run.ledger = &ledger{bound: run.plan.bound, floor: run.plan.floor, account: run.account}
	}
	return run, nil
}

// close gives the memory back and removes the directory.
func (run *aggregation[T, K, A]) close() {
	run.dir.Close()
	run.account.Close()
}

// read groups the whole input.
func (l *radixLevel[T, K, A]) read(s Seq[T], workers int) error {
	if workers > 1 {
		l.workers = newRadixWorkers(l, workers)
	}
	var index int64
	for v, err := range s {
		if err != nil {
			return err
		}
		k := l.run.key(v)
		if l.run.dynamic {
			if err := l.run.keys.check(&k, index); err != nil {
				return err
			}
			index++
		}
		if err := l.add(v, k); err != nil {
			return err
		}
	}
	return l.finish()
}
