package stream

import (
	"reflect"

	"github.com/millrace-go/millrace/internal/table"
)

// groups is the live state of one radix partition: a table of keys with their accumulators. It belongs to one goroutine
// at a time.
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
	table *table.Inline[K, A]

	frozen  bool
	evicted bool
	held    int64 // bytes that accumulators hold beyond their static size, by Fold.Size
	booked  int64 // bytes
}

func newGroups[T any, K comparable, A any](l *radixLevel[T, K, A], skip uint) *groups[T, K, A] {
	return &groups[T, K, A]{
		run: l.run, level: l,
		table: table.NewInline[K, A](l.run.keys.hasher, int(skip)),
	}
}

// add adds rows, of which it is given keys and hashes, and the rows themselves: rows[from[i]], or rows[i] where from is
// nil, or none where the fold is blind. at is scratch for as many.
func (g *groups[T, K, A]) add(keys []K, hashes []uint64, rows []T, from, at []int32) error {
	if g.run.bounded {
		return g.addBounded(keys, hashes, rows, from, at)
	}
	at = at[:len(keys)]
	g.table.FindEach(keys, hashes, at)
	add := g.run.fold.Add
	var none T
	for i := range at {
		slot := int(at[i])
		if slot < 0 {
			var grew bool
			slot, grew = g.insert(at[i], &keys[i], hashes[i])
			if grew {
				g.table.FindEach(keys[i+1:], hashes[i+1:], at[i+1:])
			}
			if slot < 0 {
				return &LimitError{Where: "stream: " + g.run.keys.fn, What: "keys", Limit: table.MaxInline}
			}
		}
		acc := &g.table.At(slot).Value
		switch {
		case rows == nil:
			add(acc, none)
		case from == nil:
			add(acc, rows[i])
		default:
			add(acc, rows[from[i]])
		}
	}
	return nil
}

// addBounded is add where memory is bounded.
func (g *groups[T, K, A]) addBounded(keys []K, hashes []uint64, rows []T, from, at []int32) error {
	at = at[:len(keys)]
	blind := g.run.fold.Blind
	var none T
	if !g.evicted {
		g.table.FindEach(keys, hashes, at)
	}
	for i := range at {
		row := &rows[i]
		if from != nil {
			row = &rows[from[i]]
		}
		value := row
		if blind {
			value = &none // as without a bound: a fold that says so by mistake is then wrong everywhere
		}
		slot := -1
		if !g.evicted {
			slot = int(at[i])
			if slot < 0 {
				var grew bool
				slot, grew = g.insert(at[i], &keys[i], hashes[i])
				if grew {
					g.table.FindEach(keys[i+1:], hashes[i+1:], at[i+1:])
				}
			}
		}
		var err error
		switch {
		case slot < 0:
			err = g.level.spillRow(hashes[i], row)
		case g.run.sized:
			err = g.addSized(&g.table.At(slot).Value, *value)
		default:
			g.run.fold.Add(&g.table.At(slot).Value, *value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// insert returns the slot of a key that was not there when the chunk was looked up (at is what the table said then),
// and whether all others moved; the slot is -1 where the key is new and there is no memory for it, or no number.
func (g *groups[T, K, A]) insert(at int32, k *K, h uint64) (slot int, grew bool) {
	if at = g.table.Again(at, k, h); at >= 0 {
		return int(at), false
	}
	full := int64(g.table.Len()) >= table.MaxInline
	if full && !g.run.bounded {
		return -1, false
	}
	if g.run.bounded && (full || g.frozen || !g.admit(k, 0)) {
		g.frozen = true
		return -1, false
	}
	if g.table.Room() == 0 && !g.run.bounded {
		g.level.outgrown(int64(g.table.Slots()))
	}
	slot, grew = g.table.Add(at, k, h, g.run.fold.Init())
	if g.run.sized && slot >= 0 {
		if n := int64(g.run.fold.Size(&g.table.At(slot).Value)); n > 0 { // it is checked when the first value is in
			g.held += n
		}
	}
	return slot, grew
}

// admit books what one more key takes, and the bytes its accumulator holds.
func (g *groups[T, K, A]) admit(k *K, held int64) bool {
	need := g.live() + g.run.keys.hasher.Held(k) + held
	if g.table.Room() == 0 {
		_, bytes := g.table.Growth()
		need += bytes
	}
	if g.cover(need) {
		return true
	}
	if g.level.depth == 0 || g.table.Len() > 0 {
		return false
	}
	// What comes back from disk must get somewhere: one large key may take what is kept for the passes below.
	if !g.run.ledger.takeAll(need - g.booked) {
		return false
	}
	g.booked = need
	return true
}

// addSized adds a value to an accumulator whose size is counted.
func (g *groups[T, K, A]) addSized(acc *A, v T) error {
	fold := &g.run.fold
	before := int64(fold.Size(acc)) // it was checked after the last value
	fold.Add(acc, v)
	size, err := sizeOfAcc(fold, acc)
	if err != nil {
		return named(err, g.run.keys.fn)
	}
	g.held = max(g.held-before, 0) + size // what it grew by behind our back was never counted
	if g.cover(g.live()) {
		return nil
	}
	if size > g.run.ledger.bound {
		return g.run.ledger.tooLarge(size)
	}
	if g.run.states == nil {
		return g.run.limitError()
	}
	return g.evict()
}

// evict puts all keys with their accumulators on disk, and frees them.
func (g *groups[T, K, A]) evict() error {
	for slot := range g.table.All() {
		state := Keyed[K, A]{Key: slot.Key, Value: slot.Value}
		if err := g.level.spillState(slot.Hash, &state); err != nil {
			return err
		}
	}
	g.release()
	g.frozen, g.evicted = true, true
	return nil
}

// restore takes a key with its accumulator back, or passes it on where there is no memory for it.
func (g *groups[T, K, A]) restore(h uint64, state *Keyed[K, A]) error {
	size, err := sizeOfAcc(&g.run.fold, &state.Value)
	if err != nil {
		return named(err, g.run.keys.fn)
	}
	at := g.table.Seek(&state.Key, h)
	if at >= 0 {
		return otherKey(g.run.keys.fn, groupKeys) // a key is written once
	}
	if g.frozen || !g.admit(&state.Key, size) {
		g.frozen = true
		return g.level.spillState(h, state)
	}
	g.table.Add(at, &state.Key, h, state.Value)
	g.held += size
	return nil
}

// moveTo copies every key to the partition it belongs to, and reports whether there was memory for all. Keys with the
// same hash keep their order.
func (g *groups[T, K, A]) moveTo(partitions []*groups[T, K, A], of func(hash uint64) int) bool {
	for slot := range g.table.All() {
		to := partitions[of(slot.Hash)]
		var held int64
		if g.run.sized {
			held = int64(g.run.fold.Size(&slot.Value))
		}
		at := to.table.Seek(&slot.Key, slot.Hash)
		if g.run.bounded && !to.admit(&slot.Key, held) {
			return false
		}
		to.table.Add(at, &slot.Key, slot.Hash, slot.Value)
		to.held += held
	}
	return true
}

// live is what the state takes now, bytes.
func (g *groups[T, K, A]) live() int64 {
	return g.table.Bytes() + g.held
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
	g.table = table.NewInline[K, A](g.run.keys.hasher, g.table.Skip())
	g.held = 0
	if g.booked > 0 {
		g.run.ledger.give(g.level.depth, g.booked)
		g.booked = 0
	}
}

// sizeOf is the static size of T in bytes.
func sizeOf[T any]() int64 {
	return int64(reflect.TypeFor[T]().Size())
}
