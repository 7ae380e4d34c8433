package dedup

import "github.com/millrace-go/millrace/stream"

// Best yields one row per key: the best by the comparators, the first of them that can tell two rows apart
// deciding; rows that none can tell apart tie, and the first seen stays. Without comparators it is Distinct.
//
// Rows come in the order in which their keys were first seen. It holds one row per distinct key in memory, all
// of the input read before the first row comes out. It asks for the key of a row once, and again for one that is held when
// another row with that key comes: key must always give the same. Run has the options: another tie rule, losers, null
// keys, a memory bound.
func Best[T any, K comparable](s stream.Seq[T], key func(T) K, by ...Comparator[T]) stream.Seq[T] {
	return runHashed("Best", s, key, Options[T]{By: by})
}

// Run is Best with everything spelled out; Options says what each field does.
//
// It holds one row per distinct key; rows of keys for which Options.Resources has no room go to disk, and the output is
// the same. Where the first row of a key is bound to survive (no comparators, KeepBest,
// not TieLast) rows come out as soon as they are seen, those of keys for which there is no room when the input has ended,
// nothing is read ahead, and only the keys are held, the
// rows too if Losers or Same has to see them. Otherwise all of the input is read before the first row
// comes out, and an error from it comes without any row before it.
func Run[T any, K comparable](s stream.Seq[T], key func(T) K, o Options[T]) stream.Seq[T] {
	return runHashed("Run", s, key, o)
}

// Distinct yields the first row of each key, as soon as it is seen. It holds the keys, not the rows, and reads
// nothing ahead, so that it can stand on an endless stream as long as the keys fit into memory.
func Distinct[T any, K comparable](s stream.Seq[T], key func(T) K) stream.Seq[T] {
	return runHashed("Distinct", s, key, Options[T]{})
}

// runHashed is the hash engine behind all three.
func runHashed[T any, K comparable](fn string, s stream.Seq[T], key func(T) K, o Options[T]) stream.Seq[T] {
	return runTuned(fn, s, key, o, tuning{})
}

// runTuned is runHashed as a test wants it.
func runTuned[T any, K comparable](fn string, s stream.Seq[T], key func(T) K, o Options[T], tuned tuning) stream.Seq[T] {
	p, err := newPlan(fn, o)
	hasher, err := keyed(fn, s, key, err)
	if err == nil {
		p.tuned = tuned
		err = spillBy(p, o.Codec)
	}
	if err != nil {
		return stream.Fail[T](err)
	}
	keys := byKey[T, K]{key, hasher}
	if p.merge != nil {
		return p.merge.reducers[0].engine(s, p, keys)
	}
	return hashedRows(s, p, keys)
}

// hashedRows yields the survivors of a run of the hash engine.
func hashedRows[T any](s stream.Seq[T], p *plan[T], keys keysOf[T]) stream.Seq[T] {
	return func(yield func(T, error) bool) {
		e := newEngine(p, keys)
		defer e.close()
		if err := e.run(s, yield); err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

// engine is one run of the hash engine.
type engine[T any] interface {
	run(s stream.Seq[T], yield func(T, error) bool) error
	close()
}

func newEngine[T any](p *plan[T], keys keysOf[T]) engine[T] {
	if p.workers > 0 {
		return newTeam(p, keys)
	}
	return newHashed(p, keys)
}
