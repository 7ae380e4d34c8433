package stream

import (
	"math"
	"time"
)

// ScanByOptions configures ScanBy. The zero value: states live as long as the run, memory unbounded.
type ScanByOptions[T any] struct {
	// TTL is how long the state of a key lives after its last event, in event time: an event of the key that comes
	// TTL or more after the latest before it finds a new one. 0: for ever. A TTL needs At.
	TTL time.Duration

	// At gives the event time.
	At func(T) time.Time

	// Disorder is how far behind the latest event time seen, of any key, an event may come and still find the state
	// of its key: a state is over, too, when that time less Disorder is TTL or more after the key's latest event.
	// 0: events come in order of time.
	Disorder time.Duration

	// Resources.Memory and Budget bound the live state: keys and states, without what a state points to. ScanBy
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
// time outside the years 1677 to 2262 a *TimeError (without a TTL, times are not looked at); more memory than allowed
// a *LimitError.
//
// The expiry is half-open, as windows are: with a TTL of an hour, the state of 12:00 is there at 12:59:59 and is not
// at 13:00. An event behind the latest of its key does not make a state older.
func ScanBy[T any, K comparable, S, Out any](s Seq[T], key func(T) K, fn func(state *S, v T, emit func(Out)), o ScanByOptions[T]) Seq[Out] {
	needSeq(s, "ScanBy")
	needFunc(key == nil, "ScanBy", "key")
	needFunc(fn == nil, "ScanBy", "function")
	return func(yield func(Out, error) bool) {
		var none Out
		run, err := newScan[T, K, S](key, o)
		if err != nil {
			yield(none, err)
			return
		}
		defer run.close()
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
			if fn(state, v, emit); !going {
				return
			}
		}
	}
}

// scan is one run of ScanBy.
type scan[T any, K comparable, S any] struct {
	keyedStates[K, dated[S]]
	clock eventClock[T]
	key   func(T) K
	ttl   uint64 // nanoseconds; 0: none
}

// dated is a state with the latest time of its key.
type dated[S any] struct {
	latest int64
	state  S
	known  bool // an event was seen; false in a new slot
}

func newScan[T any, K comparable, S any](key func(T) K, o ScanByOptions[T]) (*scan[T, K, S], error) {
	refuse := func(option string, got any, want string) error {
		return &OptionError{Package: "stream", Func: "ScanBy", Option: option, Got: got, Want: want}
	}
	switch {
	case o.TTL < 0:
		return nil, refuse("TTL", o.TTL, "0 or positive")
	case o.Disorder < 0:
		return nil, refuse("Disorder", o.Disorder, "0 or positive")
	case o.TTL > 0 && o.At == nil:
		return nil, refuse("At", nil, "given where there is a TTL")
	}
	keys, err := newKeys[K]("ScanBy")
	if err == nil {
		err = o.Resources.Check("stream", "ScanBy")
	}
	if err != nil {
		return nil, err
	}
	r := &scan[T, K, S]{
		clock: eventClock[T]{fn: "ScanBy", at: o.At, disorder: int64(o.Disorder), low: math.MinInt64, high: math.MaxInt64, watermark: math.MinInt64},
		key:   key, ttl: uint64(o.TTL),
	}
	r.keyedStates = keyedStates[K, dated[S]]{
		slots: newSlots[K, dated[S]](keys), keys: keys, account: o.Resources.accountOf("ScanBy"),
		over: func(d *dated[S]) bool { return r.expired(d, r.clock.watermark) },
	}
	return r, nil
}

// state returns the state that v finds, and notes its time.
func (r *scan[T, K, S]) state(v T) (*S, error) {
	var t int64
	if r.ttl > 0 {
		var err error
		if t, _, err = r.clock.admit(v); err != nil {
			return nil, err
		}
		r.clock.see(t)
	} else {
		r.clock.stats.In++
	}
	k := r.key(v)
	if err := r.keys.check(&k, r.clock.stats.In-1); err != nil {
		return nil, err
	}
	d, err := r.of(&k)
	if err != nil {
		return nil, err
	}
	switch {
	case !d.known:
		d.known, d.latest = true, t
	case r.expired(d, t) || r.expired(d, r.clock.watermark):
		*d = dated[S]{known: true, latest: t}
	default:
		d.latest = max(d.latest, t)
	}
	return &d.state, nil
}

// expired reports whether t is the TTL or more after the latest time of a key. The distance of two int64 fits an
// unsigned one.
func (r *scan[T, K, S]) expired(d *dated[S], t int64) bool {
	return r.ttl > 0 && t > d.latest && uint64(t)-uint64(d.latest) >= r.ttl
}

func (r *scan[T, K, S]) close() {
	if r.account != nil {
		r.account.Close()
	}
}
