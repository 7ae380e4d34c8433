package stream

import "time"

// ScanByOptions configures ScanBy. The zero value: states live as long as the run, memory unbounded.
type ScanByOptions[T any] struct {
	// TTL is how long the state of a key lives after its last event, in event time: an event of the key that comes
	// TTL or more after the latest before it finds a new one. 0: for ever. A TTL needs At.
	TTL time.Duration

	// At gives the event time.
	At func(T) time.Time

	// Disorder is how far behind the latest event time seen, of any key, an event may come and still find the state
	// of its key: a state is over, too, when that time less Disorder is TTL or more after the key's latest event.
	// 0: events come in order of time (ties do not matter). math.MaxInt64: in no order at all, and none is late.
	Disorder time.Duration

	// Late takes the events that came farther behind than Disorder, in input order: the states that they belong to
	// may be gone, so the function does not see them. Where it is nil, the first one ends the stream with a
	// *LateError. Without a TTL times are not looked at, and no event is late.
	Late Sink[Late[T]]

	// Stats, where given, is overwritten when the stream ends, for whatever reason. A Scans has a method instead.
	Stats *WindowStats

	// Resources.Memory and Budget bound the live state: keys, and states without what they point to (a map or a slice in
	// a state counts as its header, whatever is in it). ScanBy
	// does not spill: where the bound would be passed it ends with a *LimitError. Workers and TempDir have no effect.
	Resources Resources
}

// ScanBy yields what fn emits: it is called for each element with the state of the element's key, which it may
// change. Three failures of one user within an hour, a click that follows a view, the second visit of a day are
// patterns that need some state per key and no window. The state starts as the zero value of S, for each key and run.
//
// Order: that of the input; what one call emits, in that order. emit must not be used after fn has returned.
// Memory: one state per distinct key, or, with a TTL, per key that had an event within it (and up to as many again,
// until the table is full).
// Errors: an error of the input is forwarded. A negative option, a TTL without At, or a key type with pointers or
// channels inside is an *OptionError; an interface key that holds something that cannot be compared a *KeyError; a
// time outside the years 1677 to 2262 a *TimeError; a late event a *LateError where there is no sink for it (without a
// TTL, times are not looked at); more memory than allowed a *LimitError; an error of the sink itself.
//
// The expiry is half-open, as windows are: with a TTL of an hour, the state of 12:00 is there at 12:59:59 and is not
// at 13:00. An event behind the latest of its key does not make a state older.
//
// To save the states between runs, or to count, use NewScans.
func ScanBy[T any, K comparable, S, Out any](s Seq[T], key func(T) K, fn func(state *S, v T, emit func(Out)), o ScanByOptions[T]) Seq[Out] {
	needSeq(s, "ScanBy")
	needFunc(key == nil, "ScanBy", "key")
	needFunc(fn == nil, "ScanBy", "function")
	return func(yield func(Out, error) bool) {
		var none Out
		run, err := newScan[T, K, S]("ScanBy", "ScanBy", key, o)
		if err != nil {
			if o.Stats != nil {
				*o.Stats = WindowStats{}
			}
			yield(none, err)
			return
		}
		defer run.end(o.Stats)
		going := true
		emit := func(out Out) { going = going && yield(out, nil) }
		for v, err := range s {
			var state *S
			if err == nil {
				state, err = run.state(v)
			}
			if err != nil {
				yield(none, err)
				return
			}
			if state == nil {
				continue
			}
			if fn(state, v, emit); !going {
				return
			}
		}
	}
}
