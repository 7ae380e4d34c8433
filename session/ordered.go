package session

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// OrderError reports an event before its predecessor in an input that Options.Ordered says is in order of
// event time. It matches stream.ErrConflict.
type OrderError struct {
	Func         string    // "Intervals" or "Run"
	Position     int64     // of the event, from 0, rejects counted
	Time         time.Time // of the event, in UTC
	PrevPosition int64     // of the last event before it that was not rejected
	PrevTime     time.Time // of that event, in UTC
}

// Error names both events and their times.
func (e *OrderError) Error() string {
	return fmt.Sprintf("session: %s: input not in order of event time: event %d is of %s after event %d of %s: %v", e.Func,
		e.Position, e.Time.Format(time.RFC3339Nano), e.PrevPosition, e.PrevTime.Format(time.RFC3339Nano), stream.ErrConflict)
}

// Unwrap gives stream.ErrConflict.
func (e *OrderError) Unwrap() error { return stream.ErrConflict }

// orderedRun is one run of the engine for input in order of time. Events wait in a stage until they are looked up together,
// so that their cache misses overlap. An event after which a session may have to close is preceded by its close: that
// of a session which no staged event belongs to is known without settling them.
//
//	staged  [a 10:40][c 10:41][d 10:41]     due  [b 10:09][a 10:12]
//
// With a gap of half an hour, b closes before an event at 10:40, and the staged ones stay; an event at 10:43 settles them,
// for a may have gone on, and did. So nothing comes out later than if events were taken in one by one, and no
// event is read ahead.
//
// Invariants:
//  1. hashes[:hashed] are the hashes of keys[:hashed];
//  2. when a bucket becomes due, no staged event is in it or before it, so that no due session goes on to an end that is due.
type orderedRun[T any, K comparable, A any] struct {
	*intake[T, K]
	fold stream.Fold[T, A] // without Add nothing is kept but the span
	open openSessions[K, A]
	ends expiries

	n      int // events staged
	hashed int // of them, those that have a hash
	keys   []K
	hashes []uint64
	at     []instant
	values []T // nil without fold.Add
	words  []uint64

	latest   instant // of the last event that was not rejected
	position int64   // of that event, where any
	limit    instant // no session can close at an event up to here
}

// ordered is the engine for input in order of event time. An f without Add keeps nothing but the span.
func ordered[T any, K comparable, A any](s stream.Seq[T], q *query[T, K], f stream.Fold[T, A]) stream.Seq[Folded[K, A]] {
	return func(yield func(Folded[K, A], error) bool) {
		in, err := q.open()
		if err != nil {
			yield(Folded[K, A]{}, err)
			return
		}
		defer in.close()
		if workers := in.orderedWorkers(); workers > 0 {
			if err := newOrderedTeam(in, f, workers).run(s, f.Add != nil, yield); err != nil {
				yield(Folded[K, A]{}, err)
			}
			return
		}
		r := newOrderedRun(in, f)
		for v, err := range s {
			if err != nil {
				r.fail(err, yield)
				return
			}
			k, at, ok, err := in.screen(v)
			if err == nil && ok && at < r.latest && r.any {
				err = in.orderError(at, r.position, r.latest)
			}
			if err != nil {
				r.fail(err, yield)
				return
			}
			if !ok {
				continue
			}
			r.latest, r.any, r.position = at, true, in.stats.In-1
			if at > r.limit {
				if more, err := r.pass(at, false, yield); err != nil || !more {
					if err != nil {
						yield(Folded[K, A]{}, err)
					}
					return
				}
			}
			r.stage(k, at)
			if r.values != nil {
				r.values[r.n] = v
			}
			if r.n++; r.n == len(r.keys) {
				if err := r.settle(); err != nil {
					yield(Folded[K, A]{}, err)
					return
				}
			}
		}
		more, err := r.pass(0, true, yield)
		if err != nil {
			yield(Folded[K, A]{}, err)
		} else if more {
			in.conserved()
		}
	}
}

func newOrderedRun[T any, K comparable, A any](in *intake[T, K], f stream.Fold[T, A]) *orderedRun[T, K, A] {
	r := &orderedRun[T, K, A]{
		intake: in, fold: f, ends: newExpiries(in.rule, in.acct), limit: math.MaxInt64,
		open: newOpenSessions[K, A](in.hasher, in.acct, "session: "+in.fn, f.Size != nil),
	}
	n := in.stageSize(f.Add != nil)
	r.keys, r.hashes, r.at, r.words = make([]K, n), make([]uint64, n), make([]instant, n), make([]uint64, n)
	if f.Add != nil {
		r.values = make([]T, n)
	}
	return r
}

// orderError says that an event is before the latest one that was not rejected.
func (in *intake[T, K]) orderError(at instant, position int64, latest instant) error {
	return &OrderError{Func: in.fn, Position: in.stats.In - 1, Time: at.time(), PrevPosition: position, PrevTime: latest.time()}
}

// stage sets aside an event at which no session closes, but for its value and the count.
func (r *orderedRun[T, K, A]) stage(k K, at instant) {
	if r.n == 0 {
		r.limit = min(r.limit, at.plus(r.ends.gap))
	}
	r.keys[r.n], r.at[r.n] = k, at
}

// fail ends the stream with an error of the event that came last. What is staged closes nothing, but may fail itself,
// which is then the earlier failure.
func (r *orderedRun[T, K, A]) fail(err error, yield func(Folded[K, A], error) bool) {
	yield(Folded[K, A]{}, cmp.Or(r.settle(), err))
}

// pass yields the sessions that end too long before now, or all of them where that is the end. It reports whether to go on.
func (r *orderedRun[T, K, A]) pass(now instant, end bool, yield func(Folded[K, A], error) bool) (more bool, err error) {
	if end || r.n > 0 && now > r.at[0].plus(r.ends.gap) { // what staged events open may close
		if err := r.settle(); err != nil {
			return false, err
		}
	}
	r.hash()
	for x := &r.ends; ; {
		for ; x.head < len(x.due); x.head++ {
			d := x.due[x.head]
			if !end && now <= d.end.plus(x.gap) {
				return true, r.setLimit()
			}
			if slices.Contains(r.hashes[:r.n], d.hash) {
				if err := r.settle(); err != nil {
					return false, err
				}
			}
			if to := r.open.heads[d.number].to; to == d.end {
				if !r.close(&d, end, yield) {
					return false, nil
				}
			} else if err := x.put(d.number, to); err != nil {
				return false, err
			}
		}
		if limit := x.limit(); x.waiting == 0 || !end && now <= limit {
			return true, r.setLimit()
		}
		if r.n > 0 && int64(r.at[0])>>(x.shift&63) <= x.first { // so that none goes on in the bucket itself
			if err := r.settle(); err != nil {
				return false, err
			}
		}
		if err := r.nextDue(); err != nil {
			return false, err
		}
	}
}

// nextDue makes due what ends in the next bucket. It reads all of one kind after the other, so that cache misses overlap, and
// what closing will read as well.
func (r *orderedRun[T, K, A]) nextDue() error {
	x, o := &r.ends, &r.open
	bucket, err := x.pass()
	if err != nil {
		return err
	}
	for i := range x.due {
		x.due[i].end = o.heads[x.due[i].number].to
	}
	if err := x.keep(bucket); err != nil {
		return err
	}
	due, warm := x.due, 0
	for i := range due {
		due[i].hash = r.hasher.Hash(&o.heads[due[i].number].key, 0)
	}
	for i := range due {
		warm += int(o.words[due[i].hash*markFactor>>(o.shift&63)]) + int(o.from[due[i].number])
	}
	r.warm = warm
	return x.spread(r.sortDue)
}

func (r *orderedRun[T, K, A]) sortDue(due []dueSession) { slices.SortFunc(due, r.compareDue) }

func (r *orderedRun[T, K, A]) setLimit() error {
	r.limit = r.ends.limit()
	if r.n > 0 {
		r.limit = min(r.limit, r.at[0].plus(r.ends.gap))
	}
	return nil
}

// compareDue is the order of the output.
func (r *orderedRun[T, K, A]) compareDue(a, b dueSession) int {
	if a.end != b.end {
		return cmp.Compare(a.end, b.end)
	}
	if c := cmp.Compare(r.open.from[a.number], r.open.from[b.number]); c != 0 {
		return c
	}
	if c := cmp.Compare(a.hash, b.hash); c != 0 {
		return c
	}
	hash2 := func(number int) uint64 { return r.hasher.Hash(&r.open.heads[number].key, seedKey2) }
	return cmp.Compare(hash2(a.number), hash2(b.number))
}

// close yields a session, and reports whether to go on.
func (r *orderedRun[T, K, A]) close(d *dueSession, end bool, yield func(Folded[K, A], error) bool) bool {
	s, from := &r.open.heads[d.number], r.open.from[d.number]
	out := Folded[K, A]{Value: s.acc, Session: Session[K]{
		Key: s.key, ID: idOf(d.hash, r.hasher.Hash(&s.key, seedKey2), from, r.salt), Start: from.time(), End: d.end.time(), Events: s.count, Reason: ReasonGap,
	}}
	if end {
		out.Reason = ReasonEnd
	}
	r.stats.Sessions++
	r.stats.Events += int64(s.count)
	r.open.remove(d.number, d.hash*markFactor)
	return yield(out, nil)
}

// hash hashes the keys that were staged since.
func (r *orderedRun[T, K, A]) hash() {
	r.hasher.HashEach(r.keys[r.hashed:r.n], r.hashes[r.hashed:r.n])
	r.hashed = r.n
}

// settle gives the staged events to their sessions.
func (r *orderedRun[T, K, A]) settle() error {
	if r.n == 0 {
		return nil
	}
	r.hash()
	o, keys, hashes, words := &r.open, r.keys[:r.n], r.hashes[:r.n], r.words[:r.n]
	r.n, r.hashed = 0, 0
	r.warmUp(hashes, words)
	for i := range keys {
		m := hashes[i] * markFactor
		number, slot := int(uint32(words[i]))-1, 0
		if number == none || !(o.exact && o.heads[number].key == keys[i]) && !o.is(number, &keys[i]) {
			number, slot = o.find(&keys[i], m)
		}
		if number != none {
			h := &o.heads[number]
			h.to = r.at[i]
			h.count++
		} else {
			var err error
			if number, err = o.open(&keys[i], m, slot, r.at[i], r.fold.Init()); err != nil {
				return err
			}
			if err := r.ends.put(number, r.at[i]); err != nil {
				return err
			}
		}
		if r.values == nil {
			continue
		}
		acc := &o.heads[number].acc
		r.fold.Add(acc, r.values[i])
		if r.fold.Size != nil {
			if err := r.book(number, int64(r.fold.Size(acc))); err != nil {
				return err
			}
		}
	}
	return nil
}

// warmUp reads what staged events will, all of one kind after the other, so that the cache misses overlap. words become the
// first words of the same high halves: nearly always those of the keys.
func (r *orderedRun[T, K, A]) warmUp(hashes, words []uint64) {
	o := &r.open
	if len(o.words) == 0 {
		clear(words)
		return
	}
	all, mask, shift := o.words, uint64(len(o.words)-1), o.shift&63
	words = words[:len(hashes)]
	for i, h := range hashes {
		words[i] = all[h*markFactor>>shift&mask]
	}
	warm := 0
	for i, h := range hashes {
		m, w := h*markFactor, words[i]
		for at := m >> shift; (w^m)>>32 != 0 && w != 0; w = all[at&mask] {
			at++
		}
		words[i] = w
	}
	for _, w := range words {
		if number := uint32(w) - 1; w != 0 {
			warm += o.heads[number].count
		}
	}
	r.warm = warm
}

// book books what an accumulator takes beyond its static size.
func (r *orderedRun[T, K, A]) book(number int, size int64) error {
	more := size - r.open.booked[number]
	if more <= 0 {
		return nil
	}
	if err := r.acct.Grow(more); err != nil {
		return err
	}
	r.open.booked[number] = size
	return nil
}
