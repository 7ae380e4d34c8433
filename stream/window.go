package stream

import "time"

// WindowOptions configures Window and NewWindows. The zero value: tumbling windows from the Unix epoch, input in
// order of event time, memory unbounded.
type WindowOptions[T any] struct {
	// Every is the distance between the starts of two windows: less than the size makes them overlap, so that an
	// event is in several (hopping windows). 0: the size. More than the size is refused, for events between two
	// windows would be lost; so is less than 1/65536 of it.
	Every time.Duration

	// Offset moves the start of windows, which is otherwise a multiple of Every since 1970-01-01 00:00:00 UTC:
	// days of a zone an hour east of UTC start at -1h.
	Offset time.Duration

	// Disorder is how far behind the latest event time seen an event may come and still be in time. A window is
	// yielded that much later. 0: events come in order of time (ties do not matter). math.MaxInt64: in no order
	// at all, and no window closes before the input ends.
	Disorder time.Duration

	// NullTime, where given, says which events have no time; neither key nor time is asked of them. By default
	// every time is one, the zero time.Time too, which is out of range.
	NullTime func(T) bool

	// Late takes the events that came after a window of theirs had closed, in input order. Where it is nil, the
	// first one ends the stream with a *LateError.
	Late Sink[Late[T]]

	// Rejects takes the events that have no time, and those whose time is out of range (the years 1677 to 2262, less
	// twice the size at both ends), in input order. Where it
	// is nil, the former are only counted, for the caller named them; the first of the latter ends the stream with
	// a *TimeError.
	Rejects Sink[T]

	// Stats, where given, is overwritten when the stream ends, for whatever reason. A Windows has a method instead.
	Stats *WindowStats

	// Resources.Memory and Budget bound the live state: the keys and accumulators of open windows. Windows do not
	// spill: where the bound would be passed there is a *LimitError. Workers and TempDir have no effect.
	Resources Resources
}

// Windowed is one window of one key, and what the fold made of the events in it.
type Windowed[K comparable, A any] struct {
	Key   K         // as it was first seen in this window
	Start time.Time // of the window, in UTC; inclusive
	End   time.Time // of the window, in UTC; exclusive: an event of that time is in the next
	Value A         // the accumulator, which is the consumer's from here on
}

// Window yields, per window of event time and key, the fold of the events in it: counts per user and hour. Windows
// are half-open, [start, start+size), and aligned to the Unix epoch; see WindowOptions.Every for such that overlap.
// A window without events is not yielded.
//
// A window closes, and is yielded, when the watermark has reached its end: the latest event time seen, of any key,
// less Disorder. It is yielded once and never again: an event that comes later is late, and goes to
// WindowOptions.Late. What is yielded depends on neither the order of events within Disorder (a fold sees a key's
// events in input order, and that much can show) nor on when windows were closed. A single event with a time far in
// the future closes all windows, and makes what follows late: where clocks cannot be trusted, let NullTime set aside
// times that cannot be.
//
// Order: by end of window, then by the stable hash of the key, ties by first position.
// Memory: one key and one accumulator per open window and key. An event costs a fold.Add for each window it is in:
// size/Every of them.
// Laziness: a window is yielded before the event that closes it is taken in.
// Termination: with the input; the windows still open are then yielded.
// Errors: an error of the input is forwarded, and no open window is yielded. A key type with pointers or channels
// inside, or a wrong option, is an *OptionError; an interface key that holds something that cannot be compared a
// *KeyError; more memory than allowed a *LimitError; a *LateError and a *TimeError where there is no sink for such
// events; an error of a sink itself.
//
// To save the state of windows between runs, use NewWindows.
func Window[T any, K comparable, A any](s Seq[T], size time.Duration, key func(T) K, at func(T) time.Time, fold Fold[T, A], o WindowOptions[T]) Seq[Windowed[K, A]] {
	needSeq(s, "Window")
	needWindows("Window", key, at, fold)
	return func(yield func(Windowed[K, A], error) bool) {
		var none Windowed[K, A]
		w, err := newWindows("Window", "Window", size, key, at, fold, o)
		if err != nil {
			if o.Stats != nil {
				*o.Stats = WindowStats{}
			}
			yield(none, err)
			return
		}
		defer w.end(o.Stats)
		pushAll(s, yield, w.push, func(out Sink[Windowed[K, A]]) error {
			if err := w.flush(out); err != nil {
				return err
			}
			w.clock.conserved()
			return nil
		})
	}
}

// pushAll is the loop of an operator of event time: every element is pushed, at the end finish gives out what is left,
// and what is given out is yielded, until the consumer or an error ends it.
func pushAll[T, Out any](s Seq[T], yield func(Out, error) bool, push func(v T, out Sink[Out]) error, finish func(out Sink[Out]) error) {
	var none Out
	stopped := false
	out := func(v Out) error {
		if stopped = !yield(v, nil); stopped {
			return errStopped
		}
		return nil
	}
	for v, err := range s {
		if err == nil {
			err = push(v, out)
		}
		if stopped {
			return
		}
		if err != nil {
			yield(none, err)
			return
		}
	}
	if err := finish(out); err != nil && !stopped {
		yield(none, err)
	}
}
