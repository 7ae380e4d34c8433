package streamtest

import (
	"runtime"
	"sync"

	"github.com/millrace-go/millrace/stream"
)

// Script is a source that does as it is told and records what was done to it: the values in order, and at one
// position an error, a panic or a Goexit instead of a value. It obeys the contract, so whatever goes wrong
// downstream is not its doing. Set the fields before the first run; counts may be read at any time.
//
//	src := &streamtest.Script[int]{Values: []int{1, 2, 3}, At: 2, Err: errDisk} // 1, 2, errDisk
//
// It runs again as often as asked, unless SingleUse is set, also concurrently.
type Script[T any] struct {
	Values []T

	At     int   // position of the fault: after this many values; len(Values): after the last
	Err    error // yield this error at At and end
	Panic  any   // or panic with this value
	Goexit bool  // or call runtime.Goexit

	SingleUse bool // a second run yields stream.ErrConsumed

	probe *probe // the kit's eye on who pulls, and when

	mu     sync.Mutex // guards the following
	counts ScriptCounts
}

// ScriptCounts is what a Script saw, over all its runs.
type ScriptCounts struct {
	Starts   int // runs begun
	Pulls    int // elements asked for, the end and the fault included
	Values   int // values given
	Faults   int // faults played (of Err, Panic, Goexit, ErrConsumed)
	Ends     int // runs read to their end
	Stops    int // runs that the consumer broke off
	Cleanups int // deferred clean-ups run: equal to Starts when nothing is running
}

// Seq is the scripted stream.
func (s *Script[T]) Seq() stream.Seq[T] {
	return func(yield func(T, error) bool) {
		var zero T
		consumed := s.begin()
		defer s.count(func(c *ScriptCounts) { c.Cleanups++ })
		if consumed {
			s.count(func(c *ScriptCounts) { c.Pulls++; c.Faults++ })
			yield(zero, stream.ErrConsumed)
			return
		}
		for i := 0; ; i++ {
			s.pulled()
			if i == s.At && s.faulty() {
				s.count(func(c *ScriptCounts) { c.Faults++ })
				switch {
				case s.Err != nil:
					yield(zero, s.Err)
				case s.Goexit:
					runtime.Goexit()
				default:
					panic(s.Panic)
				}
				return
			}
			if i >= len(s.Values) {
				s.count(func(c *ScriptCounts) { c.Ends++ })
				return
			}
			s.count(func(c *ScriptCounts) { c.Values++ })
			if !yield(s.Values[i], nil) {
				s.count(func(c *ScriptCounts) { c.Stops++ })
				return
			}
		}
	}
}

// Counts returns what happened so far.
func (s *Script[T]) Counts() ScriptCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

func (s *Script[T]) faulty() bool { return s.Err != nil || s.Panic != nil || s.Goexit }

func (s *Script[T]) begin() (consumed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Starts++
	return s.SingleUse && s.counts.Starts > 1
}

func (s *Script[T]) pulled() {
	s.count(func(c *ScriptCounts) { c.Pulls++ })
	if s.probe != nil {
		s.probe.pull()
	}
}

func (s *Script[T]) count(add func(*ScriptCounts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	add(&s.counts)
}
