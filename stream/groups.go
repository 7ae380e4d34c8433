package stream

import (
	"reflect"

	"github.com/millrace-go/millrace/internal/table"
)

// groups is the live state of one radix partition: accs[i] is the accumulator of the key of index i. It belongs to
// one goroutine at a time.
//
// Its states, in the order in which they come; each holds for all keys of the partition, so that the values of a key
// are added in input order whatever happens:
//
//	open      a new key is taken in
//	frozen    the keys that are here go on, rows of new keys are spilled: the memory was full
//	evicted   keys and accumulators were spilled, and all rows are: accumulators grew where the memory was full
//
// Accounting: booked is what the ledger holds for us, and at least live. Without a bound nothing is counted.
type groups[T any, K comparable, A any] struct {
	run   *aggregation[T, K, A]
	level *radixLevel[T, K, A]
	table *table.Table[K]
	accs  []A
	index []int32 // of the keys of a chunk, scratch

	frozen  bool
	evicted bool
	held    int64 // bytes that accumulators hold beyond their static size, by Fold.Size
	booked  int64 // bytes
}

func newGroups[T any, K comparable, A any](l *radixLevel[T, K, A], skip uint) *groups[T, K, A] {
	return &groups[T, K, A]{
		run: l.run, level: l,
		table: table.NewPartition(l.run.keys.hasher, int(skip)),
		index: make([]int32, l.run.plan.chunk),
	}
}

// apply adds the rows of a chunk.
func (g *groups[T, K, A]) apply(c *chunk[T, K]) error {
	n := c.n
	if g.evicted {
		return g.spill(c, 0)
	}
	index := g.index[:n]
	g.table.FindEach(c.keys[:n], c.hashes[:n], index)
	fold := &g.run.fold
	for i := range index {
		at := int(index[i])
		if at < 0 {
			if at = g.insert(&c.keys[i], c.hashes[i]); at < 0 {
				if err := g.level.spillRow(c.hashes[i], &c.rows[i]); err != nil {
					return err
				}
				continue
			}
		}
		if g.run.sized {
			if err := g.addSized(at, c, i); err != nil {
				return err
			}
			if g.evicted {
				return g.spill(c, i+1)
			}
			continue
		}
		fold.Add(&g.accs[at], c.rows[i])
	}
	return nil
}

// spill puts the rows of a chunk from the i-th on disk.
func (g *groups[T, K, A]) spill(c *chunk[T, K], i int) error {
	for ; i < c.n; i++ {
		if err := g.level.spillRow(c.hashes[i], &c.rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// insert returns the index of a key that may be new; -1 where it is new and there is no memory for it.
func (g *groups[T, K, A]) insert(k *K, h uint64) (index int) {
	if g.run.bounded {
		if index, ok := g.table.FindHashed(k, h); ok {
			return index
		}
		if g.frozen || !g.admit(k, 0) {
			g.frozen = true
			return -1
		}
	}
	if g.table.Room() == 0 {
		if index, ok := g.table.FindHashed(k, h); ok {
			return index
		}
		n, _ := g.table.Growth()
		g.accs = append(make([]A, 0, cap(g.accs)+n), g.accs...)
	}
	index, added := g.table.UpsertHashed(k, h)
	if added {
		g.accs = append(g.accs, g.run.fold.Init())
	}
	return index
}

// admit books what one more key takes, and the bytes its accumulator holds.
func (g *groups[T, K, A]) admit(k *K, held int64) bool {
	need := g.live() + g.run.keys.hasher.Held(k) + held
	if g.table.Room() == 0 {
		n, bytes := g.table.Growth()
		need += bytes + int64(n)*g.run.accSize
	}
	return g.cover(need)
}

// addSized adds a value to an accumulator whose size is counted.
func (g *groups[T, K, A]) addSized(at int, c *chunk[T, K], i int) error {
	fold, acc := &g.run.fold, &g.accs[at]
	g.held -= int64(fold.Size(acc))
	fold.Add(acc, c.rows[i])
	size := int64(fold.Size(acc))
	g.held += size
	if g.cover(g.live()) {
		return nil
	}
	if g.run.states == nil || size > g.run.ledger.bound {
		return g.run.ledger.limitError()
	}
	return g.evict()
}

// evict puts all keys with their accumulators on disk, and frees them.
func (g *groups[T, K, A]) evict() error {
	for i := range g.accs {
		state := Keyed[K, A]{Key: *g.table.Key(i), Value: g.accs[i]}
		if err := g.level.spillState(g.table.HashAt(i), &state); err != nil {
			return err
		}
	}
	g.release()
	g.frozen, g.evicted = true, true
	return nil
}

// restore takes a key with its accumulator back, or passes it on where there is no memory for it.
func (g *groups[T, K, A]) restore(h uint64, state *Keyed[K, A]) error {
	var size int64
	if g.run.sized {
		size = int64(g.run.fold.Size(&state.Value))
	}
	if g.frozen || !g.admit(&state.Key, size) {
		g.frozen = true
		return g.level.spillState(h, state)
	}
	g.accs[g.insert(&state.Key, h)] = state.Value
	g.held += size
	return nil
}

// moveTo moves every key to the partition it belongs to. The keys of one partition keep their order.
func (g *groups[T, K, A]) moveTo(partitions []*groups[T, K, A], of func(hash uint64) int) bool {
	for i := range g.accs {
		h := g.table.HashAt(i)
		to := partitions[of(h)]
		at := to.insert(g.table.Key(i), h)
		if at < 0 {
			return false
		}
		to.accs[at] = g.accs[i]
		if g.run.sized {
			to.held += int64(g.run.fold.Size(&g.accs[i]))
		}
	}
	return true
}

// live is what the state takes now, bytes.
func (g *groups[T, K, A]) live() int64 {
	return g.table.Bytes() + int64(cap(g.accs))*g.run.accSize + g.held
}

// cover books up to live bytes and, where it can, a step ahead, so that most keys touch no lock.
func (g *groups[T, K, A]) cover(live int64) bool {
	short := live - g.booked
	if short <= 0 {
		return true
	}
	for _, n := range [2]int64{short + g.run.plan.step, short} {
		if g.run.ledger.take(g.level.depth, n) {
			g.booked += n
			return true
		}
	}
	return false
}

// release frees everything.
func (g *groups[T, K, A]) release() {
	g.table = table.NewPartition(g.run.keys.hasher, int(g.table.Skip()))
	g.accs, g.held = nil, 0
	if g.booked > 0 {
		g.run.ledger.give(g.level.depth, g.booked)
		g.booked = 0
	}
}

// sizeOf is the static size of T in bytes.
func sizeOf[T any]() int64 {
	return int64(reflect.TypeFor[T]().Size())
}
