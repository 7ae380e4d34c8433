package stream

import (
	"math"
	"time"
)

// Scans is the state behind ScanBy, for whoever feeds elements by hand: chunk by chunk, with a watermark from elsewhere, or
// with a snapshot between two runs of a process. Pushing a stream in any chunks, with Snapshot and Restore at every cut,
// gives what one run emits. Nothing waits in it, so that there is nothing to flush.
//
// Make one with NewScans. What is emitted goes to the sink of each call. After an error, of a sink too, or a panic the
// state is finished: its memory is given back to the budget, and every further Push returns an error, the same one, until
// Restore. It is not safe for concurrent use, nor for calls from its own functions.
type Scans[T any, K comparable, S, Out any] struct {
	*scan[T, K, S]
	fn   func(state *S, v T, emit func(Out))
	emit func(Out) // made once: it would be allocated for each element
	out  Sink[Out] // of the call that runs
	err  error     // of out

	stateCalls
	keyCodec   stateCodec[K]
	stateCodec stateCodec[S]
}

// NewScans makes an empty state. It returns an *OptionError for a wrong option and for a key type with pointers or
// channels inside. A nil function panics.
func NewScans[T any, K comparable, S, Out any](key func(T) K, fn func(state *S, v T, emit func(Out)), o ScanByOptions[T]) (*Scans[T, K, S, Out], error) {
	needFunc(key == nil, "NewScans", "key")
	needFunc(fn == nil, "NewScans", "function")
	states, err := newScan[T, K, S]("NewScans", "Scans", key, o)
	if err != nil {
		return nil, err
	}
	s := &Scans[T, K, S, Out]{scan: states, fn: fn, stateCalls: stateCalls{inCall: errInCall("Scans")}}
	s.emit = func(v Out) {
		if s.err == nil {
			s.err = s.out(v)
		}
	}
	return s, nil
}

// Push calls the function with v and the state of its key, and gives what that emits to out. What it emits after an error
// of out is dropped. For a late event the function is not called (see ScanByOptions.Late).
func (s *Scans[T, K, S, Out]) Push(v T, out Sink[Out]) error {
	needFunc(out == nil, "Scans.Push", "out")
	return s.run(s.letGo, func() error {
		state, err := s.state(v)
		if err != nil || state == nil {
			return err
		}
		s.out, s.err = out, nil
		s.fn(state, v, s.emit)
		s.out = nil
		return s.err
	})
}

// Advance says that no element before watermark is expected any more: one that comes all the same is late, and states that
// are over by then are forgotten. A watermark behind the one reached is ignored, and any where there is no TTL.
func (s *Scans[T, K, S, Out]) Advance(watermark time.Time) {
	if s.ttl > 0 {
		s.clock.advance(nanosWithin(watermark))
	}
}

// Stats returns the counts since the beginning; what was restored counts. Every element is Counted or Late, and what the
// function emits is neither: the other counts are 0, but for OutOfRange after the error of a time.
func (s *Scans[T, K, S, Out]) Stats() WindowStats { return s.clock.stats }

// Watermark returns the time before which no element is expected; ok is false before the first element, and always where
// there is no TTL.
func (s *Scans[T, K, S, Out]) Watermark() (watermark time.Time, ok bool) {
	return instant(s.clock.watermark), s.clock.watermark != math.MinInt64
}

// letGo gives back all that a state holds which has failed.
func (s *Scans[T, K, S, Out]) letGo() {
	s.out = nil
	s.giveBack()
	s.empty()
}

// scan is the states of one run, by key.
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

// newScan makes the states for fn: as is the name that later errors show.
func newScan[T any, K comparable, S any](fn, as string, key func(T) K, o ScanByOptions[T]) (*scan[T, K, S], error) {
	refuse := func(option string, got any, want string) error {
		return &OptionError{Package: "stream", Func: fn, Option: option, Got: got, Want: want}
	}
	switch {
	case o.TTL < 0:
		return nil, refuse("TTL", o.TTL, "0 or positive")
	case o.Disorder < 0:
		return nil, refuse("Disorder", o.Disorder, "0 or positive")
	case o.TTL > 0 && o.At == nil:
		return nil, refuse("At", nil, "given where there is a TTL")
	}
	keys, err := keysOf[K](fn, as, o.Resources)
	if err != nil {
		return nil, err
	}
	r := &scan[T, K, S]{
		clock: eventClock[T]{fn: as, at: o.At, late: o.Late, disorder: int64(o.Disorder), low: math.MinInt64, high: math.MaxInt64, watermark: math.MinInt64},
		key:   key, ttl: uint64(o.TTL),
	}
	r.begin(keys, o.Resources.accountOf(as))
	return r, nil
}

// begin makes an empty table.
func (r *scan[T, K, S]) begin(keys keys[K], account *Account) {
	r.keyedStates = keyedStates[K, dated[S]]{
		slots: newSlots[K, dated[S]](keys), keys: keys, account: account,
		over: func(d *dated[S]) bool { return r.expired(d, r.clock.watermark) },
	}
}

// another is empty, with the same options and an account of its own.
func (r *scan[T, K, S]) another() *scan[T, K, S] {
	fresh := &scan[T, K, S]{clock: r.clock, key: r.key, ttl: r.ttl}
	fresh.begin(r.keys, r.account.another())
	return fresh
}

// state returns the state that v finds, and notes its time; nil where v is late, and was given to the sink for such.
//
// A late event must not find what is there by chance: the state that it belongs to may be over and, as the table happened
// to be tidied, gone; the one that is there may have begun after it.
func (r *scan[T, K, S]) state(v T) (*S, error) {
	var t int64
	if r.ttl > 0 {
		var err error
		if t, _, err = r.clock.admit(v); err != nil {
			return nil, err
		}
	} else {
		r.clock.stats.In++
	}
	k := r.key(v)
	if err := r.keys.check(&k, r.clock.stats.In-1); err != nil {
		return nil, err
	}
	if r.ttl > 0 {
		if t < r.clock.watermark {
			return nil, r.clock.tooLate(v, t, 0)
		}
		r.clock.see(t)
	}
	index, err := r.of(&k)
	if err != nil {
		return nil, err
	}
	d := &r.vals[index]
	switch {
	case !d.known:
		d.known, d.latest = true, t
	case r.expired(d, t) || r.expired(d, r.clock.watermark):
		*d = dated[S]{known: true, latest: t}
		r.rekey(index, &k)
	default:
		d.latest = max(d.latest, t)
	}
	r.clock.stats.Counted++
	return &d.state, nil
}

// expired reports whether t is the TTL or more after the latest time of a key. The distance of two int64 fits an
// unsigned one.
func (r *scan[T, K, S]) expired(d *dated[S], t int64) bool {
	return r.ttl > 0 && t > d.latest && uint64(t)-uint64(d.latest) >= r.ttl
}

// end gives back what a run holds, and tells its counts.
func (r *scan[T, K, S]) end(stats *WindowStats) {
	r.giveBack()
	if stats != nil {
		*stats = r.clock.stats
	}
}

// empty forgets the states; what the account holds for them is the caller's to give back.
func (r *scan[T, K, S]) empty() { r.slots = newSlots[K, dated[S]](r.keys) }
