package dedup

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/millrace-go/millrace/internal/eventtime"
	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

// State is a deduplication that lives with its caller: fed row by row, chunk by chunk or by several shards, saved
// between two runs of a process, with a clock from elsewhere. Pushing a stream in any chunks, with Snapshot and Restore
// at every cut, gives what one run gives, byte for byte.
//
//	seen, err := dedup.New(Event.ID, dedup.StateOptions[Event]{TTL: 24 * time.Hour, At: Event.At})
//	...
//	verdict, err := seen.Push(event)
//	if verdict == dedup.VerdictNew {
//		...
//	}
//
// A row survives by its verdict, where the first row of a key is bound to (see StateOptions.Hold), by
// StateOptions.Expired, or by Flush. In each case once.
//
// Make one with New: the zero State is empty, and its methods return an error that says so; Digest panics. After an error, of a sink too, or a panic the state is finished: its memory is given back to the
// budget, and every further call returns an error, the same one, until Restore. It is not safe for concurrent use, nor
// for calls from its own functions.
type State[T any, K comparable] struct {
	ledger[T]
	entries[T, K]
	key     func(T) K
	survive func(*T) error // takes what survives of an operator; nil: the verdict says it, or Expired

	watermark int64 // nanoseconds; math.MinInt64: none yet
	next      int64 // position behind all rows
	local     bool  // some position is a count of Push, and says nothing outside
	waiting   int64 // rows held that neither survived nor were dropped yet

	row      T // the row being pushed, its key and position: fields, so that their addresses cost no allocation
	rowKey   K
	position int64
	rowMore  *more[T]       // under KeepMerge, of a row that another state held: what is known beside it
	meeting  [2]gathered[T] // under KeepMerge: the row held and the one that came; the first is where a row is finished, too

	failed error // what ended the state
	codecs[T, K]
}

// New makes an empty state. It returns an *stream.OptionError for a wrong option and for a key type with pointers or
// channels inside. Options.Stats must be nil, for Stats is a method. A nil function panics.
func New[T any, K comparable](key func(T) K, o StateOptions[T]) (*State[T, K], error) {
	if o.TTL > 0 && o.Expired == nil && o.Changes == nil && !o.survivesAtOnce() {
		return nil, &stream.OptionError{Package: "dedup", Func: "New", Option: "Expired", Got: "nil",
			Want: "set where rows that expire would be lost: there is a TTL, and they do not survive at once"}
	}
	if o.Stats != nil {
		return nil, &stream.OptionError{Package: "dedup", Func: "New", Option: "Stats", Got: "a *Stats", Want: "nil: State.Stats returns the counts"}
	}
	return newState("New", "State", key, o)
}

// survivesAtOnce says that the first row of a key survives when it comes.
func (o *StateOptions[T]) survivesAtOnce() bool {
	return len(o.By) == 0 && o.Tie != TieLast && (o.Keep == KeepBest || o.Keep == KeepFirst) && !o.Hold && o.Tombstone == nil
}

// newState is New, for fn: as is the name that later errors show.
func newState[T any, K comparable](fn, as string, key func(T) K, o StateOptions[T]) (*State[T, K], error) {
	need(key == nil, fn, "key")
	p, err := newStatePlan(fn, as, o)
	if err != nil {
		return nil, err
	}
	hasher, err := newHasher[K](fn)
	if err != nil {
		return nil, err
	}
	s := &State[T, K]{key: key}
	s.begin(p, hasher)
	return s, nil
}

// begin makes the state empty, with an account of its own.
func (s *State[T, K]) begin(p *statePlan[T], hasher *hash.Hasher[K]) {
	var account *stream.Account
	if r := p.o.Resources; r.Memory > 0 || r.Budget != nil {
		account = r.Account("dedup: " + p.fn)
	}
	s.ledger = ledger[T]{p: p.plan}
	s.entries = newEntries(p, hasher, account)
	s.watermark, s.next, s.local, s.waiting, s.failed = math.MinInt64, 0, false, 0, nil
}

// plan returns what the state works from.
func (s *State[T, K]) plan() *statePlan[T] { return s.entries.p }

// errStateInCall is why a state is not to be used while one of its functions runs, nor after one of them panicked.
var errStateInCall = errors.New("dedup: State: the call before it did not return: a function of the caller's runs, or panicked")

// errZeroState is what the zero State returns.
var errZeroState = errors.New("dedup: State: the zero State takes no rows: make one with New")

// usable returns why a state takes no calls; nil where it does.
func (s *State[T, K]) usable() error {
	if s.plan() == nil {
		return errZeroState
	}
	return s.failed
}

// Push takes one row in, at the position behind all before it, and says what became of it.
func (s *State[T, K]) Push(row T) (Verdict, error) {
	s.local = true
	return s.pushAt(row, s.next)
}

// PushAt is Push of a row that stood at position in an input of which others have other parts: what is first and what
// is last then goes by position, whatever order the rows come in, and states can be merged. Rows that are no copies of
// each other have different positions; copies, as of what is delivered again, are no conflict under TieFail. A negative
// position, or one beyond 1<<62 - 2, panics.
//
// Where the first row of a key survives at once, it is the first pushed. Under KeepMerge, reducers that are not exact (see
// Reducer.Exact) take rows in the order in which they are pushed.
func (s *State[T, K]) PushAt(row T, position int64) (Verdict, error) {
	if position < 0 || position >= maxPosition {
		panic(fmt.Sprintf("dedup: State.PushAt: position must be in [0, 1<<62 - 1), got %d", position))
	}
	return s.pushAt(row, position)
}

// maxPosition keeps the sum of two positions from overflow.
const maxPosition = 1<<62 - 1

func (s *State[T, K]) pushAt(row T, position int64) (v Verdict, err error) {
	if err := s.usable(); err != nil {
		return VerdictNone, err
	}
	s.failed = errStateInCall // and so it stays if it panics
	defer s.letGoIfFailed()
	if position >= maxPosition {
		s.failed = &stream.LimitError{Where: "dedup: State", What: "positions", Limit: maxPosition}
		return VerdictNone, s.failed
	}
	s.row, s.position = row, position
	if v, s.failed = s.take(); s.failed != nil {
		return VerdictNone, s.failed
	}
	s.checkInvariants()
	return v, nil
}

// Advance says that no row before watermark is expected any more: keys that are over by then are forgotten, and what
// survives by that goes to StateOptions.Expired. A watermark behind the one reached is ignored, and any where there is
// no TTL.
func (s *State[T, K]) Advance(watermark time.Time) error {
	if err := s.usable(); err != nil {
		return err
	}
	s.failed = errStateInCall
	defer s.letGoIfFailed()
	s.failed = s.advance(eventtime.Within(watermark))
	return s.failed
}

// Flush ends the input: it gives the rows that have not survived yet to out, and forgets all keys. They come in the
// order of Options.Order; where there is a TTL, by order of expiry first. The counts stay, and so does the watermark;
// what is pushed from here on begins anew. Under TieFail a tie that is left is a *TieError. An error of out finishes the
// state as any other does, with all that it held: where out may fail, Snapshot first.
func (s *State[T, K]) Flush(out stream.Sink[T]) error {
	need(out == nil, "State.Flush", "out")
	if err := s.usable(); err != nil {
		return err
	}
	s.failed = errStateInCall
	defer s.letGoIfFailed()
	s.failed = s.flush(func(row *T) error { return out(*row) })
	return s.failed
}

// Len returns how many keys are alive; the null keys are one under NullsEqual, and none otherwise.
func (s *State[T, K]) Len() int {
	n := s.index.n
	if s.group >= 0 && s.plan() != nil {
		n++
	}
	return n
}

// Stats returns the counts since the beginning; what was restored or merged counts. Rows that are held are in In, and
// in none of the others yet.
func (s *State[T, K]) Stats() Stats { return s.stats }

// Watermark returns the time before which no row is expected; ok is false before the first row, and always where there
// is no TTL.
func (s *State[T, K]) Watermark() (watermark time.Time, ok bool) {
	return eventtime.Instant(s.watermark), s.watermark != math.MinInt64 && s.plan() != nil
}

// letGoIfFailed gives back all that a state holds which has failed.
func (s *State[T, K]) letGoIfFailed() {
	if s.failed == nil {
		return
	}
	s.giveBack()
	s.empty()
}

// giveBack ends the account, where there is one.
func (s *State[T, K]) giveBack() {
	if s.account != nil {
		s.account.Close()
	}
}

// empty forgets the entries; what the account holds for them is the caller's to give back.
func (s *State[T, K]) empty() {
	s.entries = newEntries(s.plan(), s.hasher, s.account)
	s.waiting = 0
	var noRow T
	var noKey K
	s.row, s.rowKey, s.rowMore = noRow, noKey, nil
	s.meeting = [2]gathered[T]{}
}

// balance panics where rows were lost or invented on the way.
func (s *State[T, K]) balance() {
	if !conserved(&s.stats, s.waiting) {
		panic(fmt.Sprintf("dedup: %s: internal error: rows are not conserved, %d are held: %+v", s.plan().fn, s.waiting, s.stats))
	}
}

// conserved reports whether every row is counted in one place. It does not overflow, whatever the counts.
func conserved(s *Stats, waiting int64) bool {
	left := s.In
	for _, n := range [...]int64{s.Out, s.Dropped, s.Late, s.RejectedNull, s.BadTimes, s.Tombstones, s.Deleted, waiting} {
		if left -= n; left < 0 {
			return false
		}
	}
	return left == 0
}
