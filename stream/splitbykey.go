package stream

import (
	"context"
	"fmt"
	"math/bits"
)

// SplitOptions set how SplitByKey works. The zero value is right for most.
type SplitOptions struct {
	// Ahead is how many elements may wait for a shard's consumer. 0: 256; at most 1,048,576 for all shards together, and
	// 256 for each. Where keys come in long runs, more lets the other shards go on meanwhile.
	Ahead int
}

// shardSeed makes shards independent of the order in which tables and radix partitions keep the same keys.
const shardSeed = 0x73706c69746b6579

// maxShards bounds the goroutines and belts of one call.
const maxShards = 1 << 12

// SplitByKey runs n consumers, one for each shard, and gives each element to the shard of its key: work that is done
// key by key goes on in parallel. It returns when all of them have returned.
//
// Order: within a shard the source's; elements of one key are all in one shard. The shard of a key is a
// function of the key (by the key rules, see Aggregate) and of n alone: the same on every run, machine and release.
// Memory: Ahead elements for each shard. A shard that is Ahead behind stops the source, and so all: a hot key, whose
// shard has more than 1/n of the work, sets the pace.
// Termination, errors and concurrency are those of Broadcast: positions are those of the source, whatever the shard. A
// consumer that breaks drops the rest of its shard. n is from 1 to 4,096, or *OptionError, as is a key type
// with pointers or channels inside. An interface key that holds something that cannot be compared is a *KeyError, and
// ends the elements of all shards.
func SplitByKey[T any, K comparable](ctx context.Context, s Seq[T], key func(T) K, n int, consume func(shard int, s Seq[T]) error, o SplitOptions) error {
	needFunc(ctx == nil, "SplitByKey", "context")
	needSeq(s, "SplitByKey")
	needFunc(key == nil, "SplitByKey", "key")
	needFunc(consume == nil, "SplitByKey", "consumer")
	if n < 1 || n > maxShards {
		return &OptionError{Package: "stream", Func: "SplitByKey", Option: "n", Got: n, Want: "from 1 to 4096"}
	}
	if o.Ahead == 0 {
		o.Ahead = aheadOfConsumers
	}
	if err := checkAhead("SplitByKey", "Ahead", o.Ahead); err != nil {
		return err
	}
	if most := max(maxAhead/n, aheadOfConsumers); o.Ahead > most {
		return &OptionError{Package: "stream", Func: "SplitByKey", Option: "Ahead", Got: o.Ahead, Want: fmt.Sprintf("at most %d for %d shards", most, n)}
	}
	keys, err := newKeys[K]("SplitByKey")
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f := newFanOut[T](ctx, "SplitByKey", n)
	for range n {
		f.belts = append(f.belts, newBelt[placed[T]](o.Ahead, 1, nil))
	}
	for shard, b := range f.belts {
		f.start(shard, &b.readers[0], func(s Seq[T]) error { return consume(shard, s) })
	}
	return f.run(s, func(v T, at int64) (int, error) {
		k := key(v)
		if err := keys.check(&k, at); err != nil {
			return 0, err
		}
		shard, _ := bits.Mul64(keys.hasher.Hash(&k, shardSeed), uint64(n))
		return int(shard), nil
	})
}
