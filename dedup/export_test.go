package dedup

import (
	"math/bits"

	"github.com/millrace-go/millrace/stream"
)

// RunInBatches is Run with rows looked up so many at a time; one by one is the plain engine. With workers, few rows at a time
// are handed over together as well, and rows move when as few are gone.
func RunInBatches[T any, K comparable](batch int, s stream.Seq[T], key func(T) K, o Options[T]) stream.Seq[T] {
	p, err := newPlan("Run", o)
	if err != nil {
		return stream.Fail[T](err)
	}
	hasher, err := newHasher[K]("Run")
	if err != nil {
		return stream.Fail[T](err)
	}
	if err := spillBy(p, o.Codec); err != nil {
		return stream.Fail[T](err)
	}
	if !p.eager {
		p.batch = batch
		if batch < batchRows {
			p.tuned.chunk, p.tuned.holes = 1<<bits.Len(uint(batch)), batch
		}
	}
	return hashedRows(s, p, keysOf[T](byKey[T, K]{key, hasher}))
}

// RunTuned is Run with so many keys in memory at most (0: any), where each holder that is replaced at a multiple of that
// position (0: none) is refused the memory for it. Both need a bound.
func RunTuned[T any, K comparable](s stream.Seq[T], key func(T) K, o Options[T], mostKeys, evict int) stream.Seq[T] {
	return runTuned("Run", s, key, o, tuning{mostKeys: mostKeys, evict: evict})
}

// RunMoving is Run with that many rows handed to workers together, a power of two, and rows moved when so many are gone.
func RunMoving[T any, K comparable](s stream.Seq[T], key func(T) K, o Options[T], chunk, holes int) stream.Seq[T] {
	return runTuned("Run", s, key, o, tuning{chunk: chunk, holes: holes})
}
