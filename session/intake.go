package session

import (
	"fmt"
	"math"
	"time"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/table"
	"github.com/millrace-go/millrace/stream"
)

// query is what the caller asked for; it does not change, so that a sequence can run again.
type query[T any, K comparable] struct {
	fn   string // "ByGap", for errors
	gap  time.Duration
	key  func(T) K
	at   func(T) time.Time
	opts Options[T]
}

// intake is one run of a query: it reads events, sets aside those that belong to no session, gives keys
// their dense index, and books what the keys take.
type intake[T any, K comparable] struct {
	*query[T, K]
	output[K]
	acct  *stream.Account
	stats Stats
	bytes int64 // booked for keys
	warm  int   // keeps the compiler from leaving out reads that only warm the cache

	eventGap int64 // nanoseconds, of the event admitted last
}

// open starts a run, or says which option is wrong. Close the intake on every path.
func (q *query[T, K]) open() (*intake[T, K], error) {
	if err := q.opts.check(q.fn, q.gap); err != nil {
		return nil, err
	}
	hasher, err := hash.New[K]()
	if err != nil {
		return nil, &stream.OptionError{Package: "session", Func: q.fn, Option: "key", Got: err, Want: "comparable without pointers or channels"}
	}
	in := &intake[T, K]{
		query: q,
		output: output[K]{
			hasher: hasher,
			keys:   table.New(hasher),
			rule:   newGapRule(q.gap, q.opts.AtLeast),
			salt:   saltOf(q.opts.Salt),
			latest: math.MinInt64,
		},
		acct: q.opts.Resources.Account("session: " + q.fn),
	}
	return in, nil
}

// close gives the memory back and publishes the counts.
func (in *intake[T, K]) close() {
	in.acct.Close()
	if in.opts.Stats != nil {
		*in.opts.Stats = in.stats
	}
}

// admit counts an event and gives the index of its key and its time; ok is false where the event was
// rejected. latest is the caller's to keep.
func (in *intake[T, K]) admit(v T) (key int, at instant, ok bool, err error) {
	k, at, ok, err := in.screen(v)
	if err != nil || !ok {
		return 0, 0, false, err
	}
	if key, err = in.number(k); err != nil {
		return 0, 0, false, err
	}
	return key, at, true, nil
}

// screen counts an event and gives its key and its time; ok is false where the event was rejected.
func (in *intake[T, K]) screen(v T) (k K, at instant, ok bool, err error) {
	position := in.stats.In
	in.stats.In++
	if in.opts.NullKey != nil && in.opts.NullKey(v) {
		in.stats.NullKeys++
		return k, 0, false, in.reject(Reject[T]{Event: v, Position: position, Reason: RejectNullKey})
	}
	if in.opts.NullTime != nil && in.opts.NullTime(v) {
		in.stats.NullTimes++
		return k, 0, false, in.reject(Reject[T]{Event: v, Position: position, Reason: RejectNullTime})
	}
	t := in.at(v)
	at, ok = instantOf(t)
	if !ok {
		in.stats.BadTimes++
		if in.opts.Rejects == nil {
			return k, 0, false, timeError(in.fn, position, t)
		}
		return k, 0, false, in.reject(Reject[T]{Event: v, Position: position, Reason: RejectTime, Err: timeError(in.fn, position, t)})
	}
	k = in.key(v)
	if in.hasher.Dynamic() {
		if err := in.hasher.Check(&k); err != nil {
			in.stats.BadKeys++
			err = &KeyError{Func: in.fn, Position: position, Err: err}
			if in.opts.Rejects == nil {
				return k, 0, false, err
			}
			return k, 0, false, in.reject(Reject[T]{Event: v, Position: position, Reason: RejectKey, Err: err})
		}
	}
	in.eventGap = int64(in.gap)
	if in.opts.GapOf != nil {
		gap := in.opts.GapOf(v)
		if gap <= 0 || gap > in.gap {
			in.stats.BadGaps++
			err = &GapError{Func: in.fn, Position: position, Gap: gap, Most: in.gap}
			if in.opts.Rejects == nil {
				return k, 0, false, err
			}
			return k, 0, false, in.reject(Reject[T]{Event: v, Position: position, Reason: RejectGap, Err: err})
		}
		in.eventGap = int64(gap)
	}
	return k, at, true, nil
}

// number gives a key its index, and books what that takes: the growth of the table before it happens.
func (in *intake[T, K]) number(k K) (int, error) { return in.numberHashed(&k, in.hasher.Hash(&k, 0)) }

// numberHashed is number of a key whose seed-0 hash is h.
func (in *intake[T, K]) numberHashed(k *K, h uint64) (int, error) {
	if in.keys.Room() == 0 {
		if key, ok := in.keys.Find(k); ok {
			return key, nil
		}
		_, growth := in.keys.Growth()
		if err := in.acct.Grow(growth); err != nil {
			return 0, err
		}
		in.bytes += growth
	}
	key, added := in.keys.UpsertHashed(k, h)
	if added {
		if held := in.keys.Bytes(); held > in.bytes { // what the key points to
			if err := in.acct.Grow(held - in.bytes); err != nil {
				return 0, err
			}
			in.bytes = held
		}
	}
	return key, nil
}

func (in *intake[T, K]) reject(r Reject[T]) error {
	if in.opts.Rejects == nil {
		return nil
	}
	return in.opts.Rejects(r)
}

// sorted books what byOutput takes, and leaves its result booked.
func (in *intake[T, K]) sorted(n int, at func(int) *span) ([]sortKey, error) {
	bytes := int64(n) * sizeOf[sortKey]()
	if err := in.acct.Grow(2 * bytes); err != nil {
		return nil, err
	}
	order := byOutput(n, at, in.compare)
	in.acct.Shrink(bytes)
	return order, nil
}

// yielded counts a session before it is handed over.
func (in *intake[T, K]) yielded(s *span) {
	in.stats.Sessions++
	in.stats.Events += int64(s.count)
}

// conserved panics unless every event read is in a session yielded or rejected: no result is better than one
// that lost events in silence.
func (in *intake[T, K]) conserved() {
	if s := in.stats; s.In != s.Events+s.Late+s.Rejected() {
		panic(fmt.Sprintf("session: %s: %d events in, %d in sessions, %d late, %d rejected", in.fn, s.In, s.Events, s.Late, s.Rejected()))
	}
}

func need[T any, K comparable](fn string, s stream.Seq[T], key func(T) K, at func(T) time.Time) {
	switch {
	case s == nil:
		panic("session: " + fn + ": nil sequence")
	case key == nil:
		panic("session: " + fn + ": nil key")
	case at == nil:
		panic("session: " + fn + ": nil at")
	}
}
