package stream

import (
	"math"
	"reflect"
	"time"

	"github.com/millrace-go/millrace/internal/rowcodec"
)

// TrailingOptions configures Trailing. The zero value: input in order of event time, the event itself counts, memory
// unbounded.
type TrailingOptions[T any] struct {
	// ExcludeSelf leaves the event itself out of its fold, as a prediction from what came before must.
	ExcludeSelf bool

	// Disorder is how far behind the latest event time seen, of any key, an event may come and still be put in its
	// place. Events are held back until the latest time is that much after theirs. 0: events come in order of
	// time (ties do not matter), and none is held back. math.MaxInt64: in no order at all; all are held.
	Disorder time.Duration

	// NullTime, where given, says which events have no time; they are yielded nowhere. By default every time is
	// one, the zero time.Time too, which is out of range.
	NullTime func(T) bool

	// Late takes the events that came farther behind than Disorder, in input order; they are yielded nowhere and
	// count in no fold. Where it is nil, the first one ends the stream with a *LateError.
	Late Sink[Late[T]]

	// Rejects takes the events that have no time, and those whose time is outside the years 1677 to 2262, in input order. Where it
	// is nil, the former are only counted, for the caller named them; the first of the latter ends the stream with
	// a *TimeError.
	Rejects Sink[T]

	// Stats, where given, is overwritten when the stream ends, for whatever reason.
	Stats *WindowStats

	// Resources.Memory and Budget bound the live state: the events of the last span of each key, the folds kept for
	// them, and the events held back. The strings, slices and maps of an event count unless its type has unexported
	// fields, interfaces, funcs or channels in it; then only its static size does. Trailing does not spill: where
	// the bound would be passed it ends with a *LimitError. Workers and TempDir have no effect.
	Resources Resources
}

// Trailing yields each event with the fold of the events of its key in the span before it: the failures of the last
// ten minutes at each login. For an event of time t these are the events of its key in (t-span, t], itself included
// (see TrailingOptions.ExcludeSelf): one exactly span older no longer counts; of those with equal time the ones that
// came before it count, and the ones after it do not.
//
// Order: by event time, ties by position in the input; input that comes in order keeps its order. A fold sees the
// events in that order, too.
// Memory: the events of the last span of each key that had one lately, and those held back by Disorder.
// Laziness: without Disorder, an event is yielded before the next is read.
// Cost: where the fold is Exact and has a Merge, three merges per event on average, however many are in the span.
// Otherwise the whole span is folded anew for each event.
// Errors: those of Window. Events held back when the input fails are not yielded.
func Trailing[T any, K comparable, A any](s Seq[T], span time.Duration, key func(T) K, at func(T) time.Time, fold Fold[T, A], o TrailingOptions[T]) Seq[Pair[T, A]] {
	needSeq(s, "Trailing")
	needWindows("Trailing", key, at, fold)
	return func(yield func(Pair[T, A], error) bool) {
		var none Pair[T, A]
		r, err := newTrails(span, key, at, fold, o)
		if err != nil {
			if o.Stats != nil {
				*o.Stats = WindowStats{}
			}
			yield(none, err)
			return
		}
		defer r.end(o.Stats)
		pushAll(s, yield, r.push, func(out Sink[Pair[T, A]]) error {
			if err := r.release(math.MaxInt64, out); err != nil {
				return err
			}
			r.clock.conserved()
			return nil
		})
	}
}

// arrival is an event with its time, its key and its place among those of equal time.
type arrival[T any, K comparable] struct {
	t     int64
	index int64
	key   K
	value T
}

// trails is one run of Trailing: the events that wait for their turn, and a trail per key.
type trails[T any, K comparable, A any] struct {
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
}

func newTrails[T any, K comparable, A any](span time.Duration, key func(T) K, at func(T) time.Time, fold Fold[T, A], o TrailingOptions[T]) (*trails[T, K, A], error) {
	refuse := func(option string, got any, want string) error {
		return &OptionError{Package: "stream", Func: "Trailing", Option: option, Got: got, Want: want}
	}
	switch {
	case span <= 0:
		return nil, refuse("span", span, "positive")
	case o.Disorder < 0:
		return nil, refuse("Disorder", o.Disorder, "0 or positive")
	}
	keys, err := newKeys[K]("Trailing")
	if err == nil {
		err = o.Resources.Check("stream", "Trailing")
	}
	if err != nil {
		return nil, err
	}
	r := &trails[T, K, A]{
		clock: eventClock[T]{
			fn: "Trailing", at: at, nullTime: o.NullTime, rejects: o.Rejects, late: o.Late, disorder: int64(o.Disorder),
			low: math.MinInt64, high: math.MaxInt64, watermark: math.MinInt64,
		},
		key: key, fold: fold, span: int64(span), self: !o.ExcludeSelf, now: math.MinInt64,
		waiting: minHeap[arrival[T, K]]{before: func(a, b *arrival[T, K]) bool {
			return a.t < b.t || a.t == b.t && a.index < b.index
		}},
	}
	r.keyedStates = keyedStates[K, trail[T, A]]{
		slots: newSlots[K, trail[T, A]](keys), keys: keys, account: o.Resources.accountOf("Trailing"),
		over: func(tr *trail[T, A]) bool { return uint64(r.now)-uint64(tr.newest) >= uint64(r.span) },
		held: func(tr *trail[T, A]) int64 { return tr.booked },
	}
	r.size = func(*T) int64 { return 0 }
	if r.account != nil {
		if codec, err := rowcodec.New[T](); err == nil {
			r.size = codec.Held
		}
	}
	return r, nil
}

// push takes one event in, and gives out those whose turn has come.
func (r *trails[T, K, A]) push(v T, out Sink[Pair[T, A]]) error {
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
func (r *trails[T, K, A]) wait(e arrival[T, K]) error {
	if r.account == nil {
		r.waiting.push(e)
		return nil
	}
	before := cap(r.waiting.items)
	r.waiting.push(e)
	grown := cap(r.waiting.items) - before
	r.arrived = e.value // &e.value would put every event on the heap, bounded or not
	return r.account.Grow(int64(grown)*int64(reflect.TypeFor[arrival[T, K]]().Size()) + r.size(&r.arrived))
}

// release gives out the events up to and with the time to, in order.
func (r *trails[T, K, A]) release(to int64, out Sink[Pair[T, A]]) error {
	for r.waiting.len() > 0 && r.waiting.first().t <= to {
		if r.account != nil {
			r.account.Shrink(r.size(&r.waiting.first().value))
		}
		e := r.waiting.pop()
		if err := r.give(&e, out); err != nil {
			return err
		}
	}
	return nil
}

// give gives out one event with its fold.
func (r *trails[T, K, A]) give(e *arrival[T, K], out Sink[Pair[T, A]]) error {
	r.now = e.t
	tr, err := r.of(&e.key)
	if err != nil {
		return err
	}
	if e.t >= math.MinInt64+r.span { // otherwise there is nothing so old
		tr.evict(e.t-r.span, &r.fold, r.size)
	}
	if r.self {
		tr.add(e.t, e.value, &r.fold, r.size)
		tr.result(&r.result, &r.fold)
	} else {
		tr.result(&r.result, &r.fold)
		tr.add(e.t, e.value, &r.fold, r.size)
	}
	if r.account != nil {
		if err := rebook(r.account, tr.rebook(&r.fold)); err != nil {
			return err
		}
	}
	r.clock.stats.Windows++
	return out(Pair[T, A]{First: e.value, Second: r.result})
}

func (r *trails[T, K, A]) end(stats *WindowStats) {
	if r.account != nil {
		r.account.Close()
	}
	if stats != nil {
		*stats = r.clock.stats
	}
}
