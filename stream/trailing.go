package stream

import "time"

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

	// Stats, where given, is overwritten when the stream ends, for whatever reason. A Trails has a method instead.
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
//
// To save the state between runs, use NewTrails.
func Trailing[T any, K comparable, A any](s Seq[T], span time.Duration, key func(T) K, at func(T) time.Time, fold Fold[T, A], o TrailingOptions[T]) Seq[Pair[T, A]] {
	needSeq(s, "Trailing")
	needWindows("Trailing", key, at, fold)
	return func(yield func(Pair[T, A], error) bool) {
		var none Pair[T, A]
		r, err := newTrails("Trailing", "Trailing", span, key, at, fold, o)
		if err != nil {
			if o.Stats != nil {
				*o.Stats = WindowStats{}
			}
			yield(none, err)
			return
		}
		defer r.end(o.Stats)
		pushAll(s, yield, r.push, func(out Sink[Pair[T, A]]) error {
			if err := r.flush(out); err != nil {
				return err
			}
			r.clock.conserved()
			return nil
		})
	}
}
