package stream

import "github.com/millrace-go/millrace/internal/table"

// What a level does when its input has ended: its groups come out in order of hash, those on disk among them, grouped
// one level deeper.

// settle makes ready for emit. Where accumulators grow and some were spilled, all are: what comes back may need all
// of the memory.
func (l *radixLevel[T, K, A]) settle() error {
	if l.run.sized && l.spilled() {
		for _, g := range l.groups {
			if g.evicted {
				continue
			}
			if l.run.states == nil {
				break
			}
			if err := g.evict(); err != nil {
				return err
			}
		}
	}
	if err := l.rows.finish(); err != nil {
		return err
	}
	return l.states.finish()
}

func (l *radixLevel[T, K, A]) spilled() bool { return l.rows.any() || l.states.any() }

// emit yields all groups in order of hash, ties in order of first position, and frees partition after partition. more
// is false where yield said stop.
func (l *radixLevel[T, K, A]) emit(yield func(h uint64, k *K, acc *A) bool) (more bool, err error) {
	var g *groups[T, K, A]
	var walk table.Walk[*table.Inline[K, A]]
	var next *table.Slot[K, A] // the next resident key; valid while left
	left := false
	advance := func() {
		var at int
		if at, left = walk.Next(); left {
			next = g.table.At(at)
		}
	}
	// resident yields the keys in memory up to a hash: before those from disk, which came later.
	resident := func(upTo uint64) bool {
		for left && next.Hash <= upTo {
			if !yield(next.Hash, &next.Key, &next.Value) {
				return false
			}
			advance()
		}
		return true
	}
	for p := range 1 << l.run.plan.bits {
		if p == 0 || len(l.groups) > 1 {
			if g != nil {
				g.release()
			}
			g = l.groups[min(p, len(l.groups)-1)]
			walk = g.table.Sorted()
			advance()
		}
		if l.rows.count(p) > 0 || l.states.count(p) > 0 {
			more, err := l.emitSpilled(p, func(h uint64, k *K, acc *A) bool {
				return resident(h) && yield(h, k, acc)
			})
			if err != nil || !more {
				return more, err
			}
		}
		if !resident(l.lastHash(p)) {
			return false, nil
		}
	}
	g.release()
	return true, nil
}

// firstHash is the smallest hash of a partition, lastHash the largest.
func (l *radixLevel[T, K, A]) firstHash(p int) uint64 {
	return l.shared | uint64(p)<<(64-l.skip-l.run.plan.bits)
}

func (l *radixLevel[T, K, A]) lastHash(p int) uint64 {
	return l.firstHash(p) | (1<<(64-l.skip-l.run.plan.bits) - 1)
}

// emitSpilled groups what a partition has on disk one level deeper, and yields it.
func (l *radixLevel[T, K, A]) emitSpilled(p int, yield func(h uint64, k *K, acc *A) bool) (more bool, err error) {
	below := newRadixLevel(l.run, l.depth+1, l.skip+l.run.plan.bits, l.firstHash(p))
	defer below.close()
	if below.skip+l.run.plan.bits > table.MaxSkip {
		return false, l.run.limitError()
	}
	if err := below.restore(l.states, p); err != nil {
		return false, err
	}
	if err := below.replay(l.rows, p); err != nil {
		return false, err
	}
	if err := below.finish(); err != nil {
		return false, err
	}
	if err := sameKeys(l.run.keys.fn, l.rows.trace(p), below.trace, rowKeys); err != nil {
		return false, err
	}
	return below.emit(yield)
}

// restore takes in the spilled states of a partition of the level above.
func (l *radixLevel[T, K, A]) restore(from *spillParts[Keyed[K, A]], p int) error {
	if from.count(p) == 0 {
		return nil
	}
	r := from.store.Read(p)
	var state Keyed[K, A]
	var trace keyTrace
	for {
		ok, err := r.Next(&state)
		if err != nil {
			return spillError(l.run.keys.fn, err)
		}
		if !ok {
			return sameKeys(l.run.keys.fn, from.trace(p), trace, groupKeys)
		}
		if err := l.run.keys.check(&state.Key, -1); err != nil {
			return err
		}
		h := l.run.keys.hasher.Hash(&state.Key, 0)
		trace.add(h)
		if err := l.groups[0].restore(h, &state); err != nil {
			return err
		}
	}
}

// replay adds the spilled rows of a partition of the level above.
func (l *radixLevel[T, K, A]) replay(from *spillParts[T], p int) error {
	if from.count(p) == 0 {
		return nil
	}
	r := from.store.Read(p)
	for {
		c := l.stage
		ok, err := r.Next(&c.rows[c.n])
		if err != nil || !ok {
			return spillError(l.run.keys.fn, err)
		}
		c.keys[c.n] = l.run.key(c.rows[c.n])
		c.n++
		if err := l.staged(); err != nil {
			return err
		}
	}
}
