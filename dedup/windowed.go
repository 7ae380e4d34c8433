package dedup

import (
	"errors"

	"github.com/millrace-go/millrace/stream"
)

// Windowed is Run for streams that do not end: a key is forgotten when it has been there for StateOptions.TTL, in event
// time, and may then come again. Memory is bounded by the keys that are alive.
//
// Where the first row of a key is bound to survive (no comparators, KeepBest, not TieLast) rows come out as soon as they
// are seen, in input order. Otherwise the survivor of a key comes out when its key expires, in order of expiry, ties by
// Options.Order; those left when the input has ended come out then, in the same order. A row with a null key expires as
// if its key were its own.
//
// A key is over, to a row, when the row's time is the TTL or more after the time from which the key lives; so what comes
// out, and in which order, depends on neither when the watermark moves nor when memory is given back, as long as no row
// is late. Rows count in the order in which they come, within Disorder too: the first of a key is the one that comes
// first, not the one with the least time. Under TieFail a tie ends the stream when it is its key's turn to come out; where rows
// come out on sight, when it is met.
//
// It holds one key per live key, and its row unless that came out at once, and does not spill: where Resources would be
// passed it ends with a *stream.LimitError. Nothing is read ahead. A row whose time is behind the watermark is late: it
// goes to StateOptions.Late, and ends the stream with a *stream.LateError where that is nil. An error of the input is
// forwarded; what is held then does not come out, and so it is where a sink fails. A TTL is needed, and Expired and Changes must be nil.
//
// To save the state between runs use New.
func Windowed[T any, K comparable](s stream.Seq[T], key func(T) K, o StateOptions[T]) stream.Seq[T] {
	const fn = "Windowed"
	need(s == nil, fn, "stream")
	wrong := func(option string, got any, want string) stream.Seq[T] {
		need(key == nil, fn, "key")
		return stream.Fail[T](&stream.OptionError{Package: "dedup", Func: fn, Option: option, Got: got, Want: want})
	}
	switch {
	case o.TTL == 0:
		return wrong("TTL", o.TTL, "positive: Run is for keys that live for ever")
	case o.Expired != nil:
		return wrong("Expired", "a sink", "nil: what expires is yielded")
	case o.Changes != nil:
		return wrong("Changes", "a sink", "nil: Changelog yields them")
	}
	return runState(fn, s, key, o, func(state *State[T, K], yield func(T) error) {
		state.survive = func(row *T) error { return yield(*row) }
	})
}

// Changelog yields each change of the set of survivors as it happens: Inserted when a key gets its first row, Updated
// when a better one takes its place (after a Retracted with the old one, where StateOptions.Retract asks for it), Deleted
// when a tombstone deletes it, or, under KeepNone, when it is repeated. Applied in order they give what Run yields (see
// Replay). It is also what takes a changelog as its input: see StateOptions.Tombstone.
//
// Changes come in input order, at once, and nothing is read ahead. That a key has expired is no change: it is forgotten,
// not deleted, and when it comes again it is Inserted again. It holds what Windowed holds, without a TTL one row per
// distinct key, and ends with a *stream.LimitError where Resources would be passed; late rows are those of Windowed.
// Under TieFail a tie that is left when the input has ended is a *TieError, after all changes. Where a sink fails, what is
// held is gone. Expired and Changes must be
// nil.
func Changelog[T any, K comparable](s stream.Seq[T], key func(T) K, o StateOptions[T]) stream.Seq[Change[T]] {
	const fn = "Changelog"
	need(s == nil, fn, "stream")
	var got string
	switch {
	case o.Expired != nil:
		got = "Expired"
	case o.Changes != nil:
		got = "Changes"
	}
	if got != "" {
		need(key == nil, fn, "key")
		return stream.Fail[Change[T]](&stream.OptionError{Package: "dedup", Func: fn, Option: got, Got: "a sink", Want: "nil: changes are yielded"})
	}
	o.Changes = func(Change[T]) error { return nil } // set for each run
	return runState(fn, s, key, o, func(state *State[T, K], yield func(Change[T]) error) {
		state.plan().o.Changes = yield
	})
}

// errStopped is what a yield returns whose consumer has seen enough.
var errStopped = errors.New("dedup: the consumer stopped")

// runState is the operator that pushes s into a state of its own; connect says where what comes out of it goes.
func runState[T any, K comparable, Out any](fn string, s stream.Seq[T], key func(T) K, o StateOptions[T],
	connect func(state *State[T, K], yield func(Out) error),
) stream.Seq[Out] {
	made, err := newState(fn, fn, key, o)
	if err != nil {
		return stream.Fail[Out](err)
	}
	return func(yield func(Out, error) bool) {
		p := *made.plan() // this run's, for connect
		state := &State[T, K]{key: key}
		state.begin(&p, made.hasher)
		defer state.end()
		stopped := false
		connect(state, func(v Out) error {
			if stopped = !yield(v, nil); stopped {
				return errStopped
			}
			return nil
		})
		if err := state.run(s); err != nil && !stopped {
			var none Out
			yield(none, err)
		}
	}
}

// run pushes all of s, and flushes.
func (s *State[T, K]) run(rows stream.Seq[T]) error {
	for row, err := range rows {
		if err != nil {
			return err
		}
		s.row, s.position = row, s.stats.In
		if _, err := s.take(); err != nil {
			return err
		}
		s.checkInvariants()
	}
	return s.flush(s.expired)
}

// end gives the memory back and publishes the counts, when an operator's run ends.
func (s *State[T, K]) end() {
	s.giveBack()
	s.publish()
}
