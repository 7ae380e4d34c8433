package stream

import (
	"math"
	"time"
)

// arrival is an event with its time, its key and its place among those of equal time.
type arrival[T any, K comparable] struct {
	t     int64
	index int64
	held  int64 // bytes that value held beyond its static size when it came; where it waits and memory is bounded
	key   K
	value T
}

// Trails is the state behind Trailing, for whoever feeds events by hand: chunk by chunk, with a watermark from elsewhere,
// or with a snapshot between two runs of a process. It holds the events that wait for their turn, and for each key the
// events of the last span. Pushing a stream in any chunks, with Snapshot and Restore at every cut, gives the folds of
// one run, byte for byte.
//
// Make one with NewTrails. Results go to the sink of each call, in the order that Trailing yields them. After an error,
// of a sink too, or a panic the state is finished: its memory is given back to the budget, and every further call
// returns an error, the same one, until Restore. It is not safe for concurrent use, nor for calls from its own sinks.
type Trails[T any, K comparable, A any] struct {
	keyedStates[K, trail[T, A]]
	clock   eventClock[T]
	key     func(T) K
	fold    Fold[T, A]
	span    int64 // nanoseconds
	self    bool  // an event counts in its own fold
	waiting minHeap[arrival[T, K]]
	size    func(*T) int64 // bytes an event holds beyond its static size; 0 where nothing is bounded
	now     int64          // time of the event released last
	arrived T              // the event that came last, where it waits and memory is bounded
	result  A              // of the event released last: here, it needs no allocation of its own

	stateCalls
	eventCodec stateCodec[T]
	keyCodec   stateCodec[K]
	valueCodec stateCodec[A]
}

// NewTrails makes an empty state. It returns an *OptionError for a wrong option and for a key type with pointers or
// channels inside. A nil function panics.
func NewTrails[T any, K comparable, A any](span time.Duration, key func(T) K, at func(T) time.Time, fold Fold[T, A], o TrailingOptions[T]) (*Trails[T, K, A], error) {
	needWindows("NewTrails", key, at, fold)
	return newTrails("NewTrails", "Trails", span, key, at, fold, o)
}

// newTrails is NewTrails, for fn: as is the name that later errors show.
func newTrails[T any, K comparable, A any](fn, as string, span time.Duration, key func(T) K, at func(T) time.Time, fold Fold[T, A], o TrailingOptions[T]) (*Trails[T, K, A], error) {
	refuse := func(option string, got any, want string) error {
		return &OptionError{Package: "stream", Func: fn, Option: option, Got: got, Want: want}
	}
	switch {
	case span <= 0:
		return nil, refuse("span", span, "positive")
	case o.Disorder < 0:
		return nil, refuse("Disorder", o.Disorder, "0 or positive")
	}
	keys, err := keysOf[K](fn, as, o.Resources)
	if err != nil {
		return nil, err
	}
	r := &Trails[T, K, A]{
		stateCalls: stateCalls{inCall: errInCall("Trails")},
		clock: eventClock[T]{
			fn: as, at: at, nullTime: o.NullTime, rejects: o.Rejects, late: o.Late, disorder: int64(o.Disorder),
			low: math.MinInt64, high: math.MaxInt64, watermark: math.MinInt64,
		},
		key: key, fold: fold, span: int64(span), self: !o.ExcludeSelf, now: math.MinInt64,
		waiting: minHeap[arrival[T, K]]{before: func(a, b *arrival[T, K]) bool {
			return a.t < b.t || a.t == b.t && a.index < b.index
		}},
	}
	r.keyedStates = keyedStates[K, trail[T, A]]{
		slots: newSlots[K, trail[T, A]](keys), keys: keys, account: o.Resources.accountOf(as),
		over: func(tr *trail[T, A]) bool { return r.isOver(tr) },
		held: func(tr *trail[T, A]) int64 { return tr.booked },
	}
	r.size = func(*T) int64 { return 0 }
	if r.account != nil {
		if size := heldBy[T](); size != nil {
			r.size = size
		}
	}
	return r, nil
}

// isOver reports whether all events of a trail are out of the span, for every event that is still to come.
func (r *Trails[T, K, A]) isOver(tr *trail[T, A]) bool {
	return uint64(r.now)-uint64(tr.newest) >= uint64(r.span)
}

// Push takes one event in, and gives the events whose turn has come to out, each with its fold.
func (r *Trails[T, K, A]) Push(v T, out Sink[Pair[T, A]]) error {
	needFunc(out == nil, "Trails.Push", "out")
	return r.run(r.letGo, func() error { return r.push(v, out) })
}

// Advance says that no event before watermark is expected any more, and gives the events that waited for that to out. A
// watermark behind the one reached is ignored.
func (r *Trails[T, K, A]) Advance(watermark time.Time, out Sink[Pair[T, A]]) error {
	needFunc(out == nil, "Trails.Advance", "out")
	return r.run(r.letGo, func() error {
		if !r.clock.advance(nanosWithin(watermark)) {
			return nil
		}
		return r.release(r.clock.watermark, out)
	})
}

// Flush gives all events that wait to out, as at the end of the input, and advances the watermark to the last of them.
// The events of the last span stay: what is pushed from here on finds them.
func (r *Trails[T, K, A]) Flush(out Sink[Pair[T, A]]) error {
	needFunc(out == nil, "Trails.Flush", "out")
	return r.run(r.letGo, func() error { return r.flush(out) })
}

// Stats returns the counts since the beginning; what was restored counts.
func (r *Trails[T, K, A]) Stats() WindowStats { return r.clock.stats }

// Watermark returns the time before which no event is expected; ok is false before the first event.
func (r *Trails[T, K, A]) Watermark() (watermark time.Time, ok bool) {
	return instant(r.clock.watermark), r.clock.watermark != math.MinInt64
}

// push takes one event in, and gives out those whose turn has come.
func (r *Trails[T, K, A]) push(v T, out Sink[Pair[T, A]]) error {
	t, ok, err := r.clock.admit(v)
	if err != nil || !ok {
		return err
	}
	e := arrival[T, K]{t: t, index: r.clock.stats.In - 1, key: r.key(v), value: v}
	if err := r.keys.check(&e.key, e.index); err != nil {
		return err
	}
	if t < r.clock.watermark {
		return r.clock.tooLate(v, t, 0)
	}
	r.clock.stats.Counted++
	r.clock.see(t)
	if t <= r.clock.watermark && r.waiting.len() == 0 {
		return r.give(&e, out)
	}
	if err := r.wait(e); err != nil {
		return err
	}
	return r.release(r.clock.watermark, out)
}

// wait holds an event back.
func (r *Trails[T, K, A]) wait(e arrival[T, K]) error {
	if r.account == nil {
		r.waiting.push(e)
		return nil
	}
	r.arrived = e.value // &e.value would put every event on the heap, bounded or not
	e.held = r.size(&r.arrived)
	before := cap(r.waiting.items)
	r.waiting.push(e)
	grown := cap(r.waiting.items) - before
	return r.account.Grow(int64(grown)*sizeOf[arrival[T, K]]() + e.held)
}

// release gives out the events up to and with the time to, in order.
func (r *Trails[T, K, A]) release(to int64, out Sink[Pair[T, A]]) error {
	for r.waiting.len() > 0 && r.waiting.first().t <= to {
		if r.account != nil {
			r.account.Shrink(r.waiting.first().held)
		}
		e := r.waiting.pop()
		if err := r.give(&e, out); err != nil {
			return err
		}
	}
	return nil
}

// flush releases all events.
func (r *Trails[T, K, A]) flush(out Sink[Pair[T, A]]) error {
	for r.waiting.len() > 0 {
		r.clock.advance(r.waiting.first().t)
		if err := r.release(r.clock.watermark, out); err != nil {
			return err
		}
	}
	return nil
}

// give gives out one event with its fold.
func (r *Trails[T, K, A]) give(e *arrival[T, K], out Sink[Pair[T, A]]) error {
	r.now = e.t
	index, err := r.of(&e.key)
	if err != nil {
		return err
	}
	tr := &r.vals[index]
	if r.isOver(tr) {
		r.rekey(index, &e.key)
	}
	if e.t >= math.MinInt64+r.span { // otherwise there is nothing so old
		if err := tr.evict(e.t-r.span, &r.fold); err != nil {
			return named(err, r.clock.fn)
		}
	}
	if r.self {
		tr.add(e.t, e.value, &r.fold, r.size)
		tr.result(&r.result, &r.fold)
	} else {
		tr.result(&r.result, &r.fold)
		tr.add(e.t, e.value, &r.fold, r.size)
	}
	if r.account != nil {
		more, err := tr.rebook(&r.fold)
		if err != nil {
			return named(err, r.clock.fn)
		}
		if err := rebook(r.account, more); err != nil {
			return err
		}
	}
	r.clock.stats.Windows++
	return out(Pair[T, A]{First: e.value, Second: r.result})
}

// letGo gives back all that a state holds which has failed.
func (r *Trails[T, K, A]) letGo() {
	r.giveBack()
	r.empty()
}

// empty forgets the events; what the account holds for them is the caller's to give back.
func (r *Trails[T, K, A]) empty() {
	r.slots = newSlots[K, trail[T, A]](r.keys)
	r.waiting.items = nil
	var none arrival[T, K]
	r.arrived = none.value
	var zero A
	r.result = zero
}

// end gives the memory back and publishes the counts, when an operator's run ends.
func (r *Trails[T, K, A]) end(stats *WindowStats) {
	r.giveBack()
	if stats != nil {
		*stats = r.clock.stats
	}
}
