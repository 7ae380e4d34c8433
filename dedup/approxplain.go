package dedup

import "github.com/millrace-go/millrace/stream"

// isPlain says that no row is read ahead, and that of a row nothing is asked but whether its key is new.
func (e *approx[T, K]) isPlain() bool {
	return e.a.readAhead == 0 && e.p.nullKey == nil && !e.hasher.Dynamic() &&
		e.a.verify == nil && e.a.drops == nil && e.a.stats == nil
}

// runPlain is run for plain rows: the short way, as long as there is one filter and room in it, the long one after that.
//
// The lookup of a row is a cache miss that nothing of ours can overlap with, where no row is read ahead. But a processor
// goes on as if the key were new, as it mostly is, through yield to the next row, for some 250 instructions, and if
// it comes to the next lookup within these, two misses overlap. So the fewer instructions there are between, the better:
// of 10 M keys of 8 bytes in 86 MB, with a loop around it that only counts, a row took 200 to 250 ns by the long way and
// takes 110 to 200 by the short one, a third less on average (BenchmarkApprox). What is left is the miss.
func (e *approx[T, K]) runPlain(s stream.Seq[T]) error {
	filter, seed := e.seen.filters[0], e.a.seed
	lent := e.seen.room // to the loop, where there is one filter
	if e.a.sizes.turns > 0 {
		lent = 0
	}
	left := lent
	settle := func() {
		added := lent - left
		e.seen.room -= added
		e.seen.added += added
		e.seen.held[0] += added
		e.stats.Keys += added
		e.stats.Out += added
		e.stats.Dropped += e.stats.In - added
		lent, left = 0, 0
	}
	for v, err := range s {
		if err != nil {
			return err
		}
		if left == 0 {
			if lent > 0 {
				settle()
			}
			if err := e.stage(v); err != nil {
				return err
			}
			if err := e.flush(); err != nil || e.stopped {
				return e.unlessStopped(err)
			}
			continue
		}
		e.rowKey = e.key(v)
		h := e.hasher.Hash(&e.rowKey, seed)
		e.stats.In++
		if !filter.Add(h) {
			continue
		}
		left--
		if !e.yield(v, nil) {
			e.stopped = true
			return nil
		}
	}
	if lent > 0 {
		settle()
	}
	e.balance()
	return nil
}
