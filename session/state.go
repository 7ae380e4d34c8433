package session

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/millrace-go/millrace/internal/eventtime"
	"github.com/millrace-go/millrace/stream"
)

// State is a sessionization that lives with its caller: fed event by event, file by file or by several sources, saved
// between two runs of a process, with a clock from elsewhere. Pushing a stream in any chunks, with Snapshot and Restore
// at every cut, gives the sessions of one run, byte for byte.
//
//	visits, err := session.New(30*time.Minute, Event.User, Event.At, fold.Count[Event](), session.Options[Event]{Disorder: time.Hour})
//	...
//	err = visits.Push(event, func(s session.Folded[string, int]) error { ... })
//
// Each call gives the sessions that it makes final to the sink it is given, in the order of the output: by the watermark
// that closes them, which for one gap and no splits is by End, then by End, Start and the hash of the key. A session is
// closed when the watermark says that no event can join it any more that is on time, or that the event which splits it
// from the next is in its place. Late events join sessions that are open; see Options.Late and Options.Lateness for the
// others.
//
// It holds the events of sessions that are not closed, those that may still be changed, and one record for a key that
// has been quiet for less than twice the gap. Where neither the fold (it is Blind) nor a split looks at events again,
// only those ahead of the watermark are held. A visitor who never pauses is held whole: give him a MaxLength.
//
// Make one with New. After an error, of a sink too, or a panic the state is finished: its memory is given back to the
// budget, and every further call returns an error, the same one, until Restore. It is not safe for concurrent use, nor
// for calls from its own functions.
type State[T any, K comparable, A any] struct {
	core   *core[T, K, A]
	failed error // what ended the state
	codecs[T, K]
}

// New makes an empty state: f gets the events of each session in order of time, ties by Options.Tie, then as pushed. It
// returns an *stream.OptionError for a wrong option and for a key type with pointers or channels inside. Options.Stats
// has no effect: Stats is a method. A nil function panics.
func New[T any, K comparable, A any](gap time.Duration, key func(T) K, at func(T) time.Time, f stream.Fold[T, A], o Options[T]) (*State[T, K, A], error) {
	needFunc(key == nil, "New", "key")
	needFunc(at == nil, "New", "at")
	needFunc(f.Add == nil, "New", "Fold.Add")
	o.Stats = nil
	c, err := newCore(&query[T, K]{fn: "New", gap: gap, key: key, at: at, opts: o}, f)
	if err != nil {
		return nil, err
	}
	c.fn = "State"
	return &State[T, K, A]{core: c}, nil
}

func needFunc(missing bool, fn, name string) {
	if missing {
		panic("session: " + fn + ": nil " + name)
	}
}

// errInCall is why a state is not to be used while one of its functions runs, nor after one of them panicked.
var errInCall = errors.New("session: State: the call before it did not return: a function of the caller's runs, or panicked")

// call makes one call, and lets go of everything where it fails or panics.
func (s *State[T, K, A]) call(f func() error) error {
	if s.failed != nil {
		return s.failed
	}
	s.failed = errInCall // and so it stays if it panics
	defer func() {
		if s.failed != nil {
			s.core.forget()
		}
	}()
	if s.failed = f(); s.failed == nil {
		s.core.checkInvariants()
	}
	return s.failed
}

// Push takes one event in. Sessions that its time closes go to out first.
func (s *State[T, K, A]) Push(v T, out stream.Sink[Folded[K, A]]) error {
	needFunc(out == nil, "State.Push", "out")
	return s.call(func() error { return s.core.push(0, v, out) })
}

// PushFrom is Push of an event from one of several sources (0 to Options.Sources-1), each with a clock of its own. The
// watermark is that of the source farthest behind: nothing closes before each of them has been heard of, or is Idle. A
// source that is not there panics.
func (s *State[T, K, A]) PushFrom(source int, v T, out stream.Sink[Folded[K, A]]) error {
	needFunc(out == nil, "State.PushFrom", "out")
	s.needSource("PushFrom", source)
	return s.call(func() error { return s.core.push(source, v, out) })
}

// Advance says that no event before watermark is expected any more, of any source, and gives the sessions that this
// closes to out. A watermark behind the one reached is ignored.
func (s *State[T, K, A]) Advance(watermark time.Time, out stream.Sink[Folded[K, A]]) error {
	needFunc(out == nil, "State.Advance", "out")
	return s.call(func() error {
		return s.core.after(s.core.clock.advanceAll(instant(eventtime.Within(watermark))), out)
	})
}

// AdvanceFrom is Advance of one source. A source that is not there panics.
func (s *State[T, K, A]) AdvanceFrom(source int, watermark time.Time, out stream.Sink[Folded[K, A]]) error {
	needFunc(out == nil, "State.AdvanceFrom", "out")
	s.needSource("AdvanceFrom", source)
	return s.call(func() error {
		return s.core.after(s.core.clock.advance(source, instant(eventtime.Within(watermark))), out)
	})
}

// Idle says that a source has nothing to say for now: the watermark does not wait for it until it is heard of again. What
// it then brings from behind the watermark is late. While all are idle the watermark stays where it is. A source that is
// not there panics.
func (s *State[T, K, A]) Idle(source int, out stream.Sink[Folded[K, A]]) error {
	needFunc(out == nil, "State.Idle", "out")
	s.needSource("Idle", source)
	return s.call(func() error { return s.core.after(s.core.clock.rest(source), out) })
}

func (s *State[T, K, A]) needSource(fn string, source int) {
	if n := len(s.core.clock.sources); source < 0 || source >= n {
		panic(fmt.Sprintf("session: State.%s: source %d, want one of %d", fn, source, n))
	}
}

// Flush gives all sessions to out, as at the end of the input, and forgets all keys. It advances the watermark behind
// everything that could join one of them, and takes no event from before that any more, so that what is pushed from here
// on is apart from what was given out. The counts stay. Under EveryChange there is nothing left to give.
func (s *State[T, K, A]) Flush(out stream.Sink[Folded[K, A]]) error {
	needFunc(out == nil, "State.Flush", "out")
	return s.call(func() error {
		if err := s.core.flush(out); err != nil {
			return err
		}
		s.core.conserved()
		return nil
	})
}

// Stats returns the counts since the beginning; what was restored or merged counts.
func (s *State[T, K, A]) Stats() Stats { return s.core.stats }

// Held returns how many events are in no session yet that was given out: In is the sum of the other counts and this.
func (s *State[T, K, A]) Held() int64 { return s.core.held }

// Watermark returns the time before which no event is expected; ok is false while nothing is known of that.
func (s *State[T, K, A]) Watermark() (watermark time.Time, ok bool) {
	return s.core.clock.watermark.time(), s.core.clock.watermark != math.MinInt64
}
