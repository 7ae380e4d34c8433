package stream

import (
	"reflect"

	"github.com/millrace-go/millrace/internal/table"
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
	needSeq(s, fn)
	needFunc(key == nil, fn, "key")
	needFunc(fold.Add == nil, fn, "fold.Add")
	return func(yield func(Keyed[K, A], error) bool) {
		var none Keyed[K, A]
		keys, err := newKeys[K](fn)
		if err == nil {
			err = opts.Resources.Check("stream", fn)
		}
		if err != nil {
			yield(none, err)
			return
		}
		g := newGroups[T](keys, fold, opts.Resources)
		defer g.close()
		for v, err := range s {
			if err == nil {
				err = g.add(key(v), v)
			}
			if err != nil {
				yield(none, err)
				return
			}
		}
		for i := range g.table.ByHash() {
			if !yield(Keyed[K, A]{Key: *g.table.Key(i), Value: g.accs[i]}, nil) {
				return
			}
		}
	}
}

// groups is the live state of one run: accs[i] is the accumulator of the key of index i.
//
// Accounting: booked is what the account holds for us, and at least live unless the run is about to fail.
// Without a bound nothing is counted. With one, table and accumulators are booked before they grow; what keys
// and accumulators point to exists already when we first see it, and is booked then, in steps, so that most
// elements touch no account.
type groups[T any, K comparable, A any] struct {
	keys  keys[K]
	table *table.Table[K]
	fold  Fold[T, A]
	accs  []A
	index int64 // position of the next element

	bounded bool
	account *Account
	accSize int64 // static bytes of an accumulator
	held    int64 // bytes that accumulators hold beyond it, by Fold.Size
	booked  int64
}

// bookStep is how many bytes are booked ahead: enough that a run of short string keys calls the account once in
// some hundred keys, little beside any bound worth setting. Where the bound has no step left, bytes are booked
// one by one.
const bookStep = 4 << 10

func newGroups[T any, K comparable, A any](keys keys[K], fold Fold[T, A], r Resources) *groups[T, K, A] {
	return &groups[T, K, A]{
		keys: keys, table: table.New(keys.hasher), fold: fold,
		bounded: r.Memory > 0 || r.Budget != nil,
		account: r.Account("stream: " + keys.fn), accSize: int64(reflect.TypeFor[A]().Size()),
	}
}

// add folds one value into its group.
func (g *groups[T, K, A]) add(k K, v T) error {
	if err := g.keys.check(&k, g.index); err != nil {
		return err
	}
	g.index++
	i, added, err := g.upsert(&k)
	if err != nil {
		return err
	}
	acc := &g.accs[i]
	if !g.bounded {
		g.fold.Add(acc, v)
		return nil
	}
	if g.fold.Size == nil {
		g.fold.Add(acc, v)
		if !added {
			return nil
		}
		return g.book()
	}
	if !added {
		g.held -= int64(g.fold.Size(acc))
	}
	g.fold.Add(acc, v)
	g.held += int64(g.fold.Size(acc))
	return g.book()
}

// upsert finds or adds the group of k. Where a new key needs more room, table and accumulators grow together,
// after it is booked.
func (g *groups[T, K, A]) upsert(k *K) (index int, added bool, err error) {
	if g.table.Room() == 0 {
		if index, ok := g.table.Find(k); ok {
			return index, false, nil
		}
		n, bytes := g.table.Growth()
		if g.bounded {
			if err := g.bookFor(g.live() + bytes + int64(n)*g.accSize); err != nil {
				return 0, false, err
			}
		}
		g.accs = append(make([]A, 0, cap(g.accs)+n), g.accs...)
	}
	index, added = g.table.Upsert(*k)
	if added {
		g.accs = append(g.accs, g.fold.Init())
	}
	return index, added, nil
}

// live is what the state takes now.
func (g *groups[T, K, A]) live() int64 {
	return g.table.Bytes() + int64(cap(g.accs))*g.accSize + g.held
}

// book brings the account up to the live state.
func (g *groups[T, K, A]) book() error { return g.bookFor(g.live()) }

// bookFor books so that live bytes are covered, and gives back what is far too much.
func (g *groups[T, K, A]) bookFor(live int64) error {
	switch short := live - g.booked; {
	case short > 0:
		if g.account.Grow(short+bookStep) == nil {
			g.booked += short + bookStep
			return nil
		}
		if err := g.account.Grow(short); err != nil {
			return err
		}
		g.booked = live
	case short < -2*bookStep:
		g.account.Shrink(-short - bookStep)
		g.booked = live + bookStep
	}
	return nil
}

func (g *groups[T, K, A]) close() { g.account.Close() }
