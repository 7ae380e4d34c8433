package session

import (
	"time"

	"github.com/millrace-go/millrace/internal/table"
	"github.com/millrace-go/millrace/stream"
)

// Tagged is an event with the session it is in.
type Tagged[T any] struct {
	Event   T   // as it came
	Session ID  // of its session
	Index   int // of the event in its session, from 0, in order of time
}

// Tag yields each event of s with the ID of its session and its place in it: the events themselves, for a table that is
// to have a column of the session.
//
// By default an event comes out with its session: sessions in the order of Run, the events of one by time, then
// Options.Tie, then as they came; it holds every event until s has ended or, with Options.Disorder, those of open
// sessions. With Options.Ordered (and no Tie) the session of an event is known when it comes, for its ID is that of the
// first event: events come out at once, in the order of s, and one event per open session is in memory. Events that are
// rejected or late are not yielded. It ends with s, or with the errors of Run; options that take sessions back (Lateness,
// EveryChange), and a gap or key type that is wrong, yield *stream.OptionError first.
func Tag[T any, K comparable](s stream.Seq[T], gap time.Duration, key func(T) K, at func(T) time.Time, o Options[T]) stream.Seq[Tagged[T]] {
	need("Tag", s, key, at)
	q := &query[T, K]{fn: "Tag", gap: gap, key: key, at: at, opts: o}
	if o.Ordered && o.Tie == nil {
		return tagOrdered(s, q)
	}
	events := stream.Fold[T, []T]{Add: func(list *[]T, v T) { *list = append(*list, v) }}
	return func(yield func(Tagged[T], error) bool) {
		for one, err := range throughCore(s, q, events) {
			if err != nil {
				yield(Tagged[T]{}, err)
				return
			}
			for i, v := range one.Value {
				if !yield(Tagged[T]{Event: v, Session: one.ID, Index: i}, nil) {
					return
				}
			}
		}
	}
}

// tagger tags events in order of time.
type tagger[T any, K comparable] struct {
	*intake[T, K]
	rules rules[T]
	slots []tagging[T] // by key
	next  int          // slots at which to look for keys that are over
}

// tagging is the last session of a key.
type tagging[T any] struct {
	run
	id   ID
	last T // its last event, where cuts look at it
}

func tagOrdered[T any, K comparable](s stream.Seq[T], q *query[T, K]) stream.Seq[Tagged[T]] {
	return func(yield func(Tagged[T], error) bool) {
		in, err := q.open()
		if err != nil {
			yield(Tagged[T]{}, err)
			return
		}
		defer in.close()
		t := &tagger[T, K]{intake: in, rules: rulesOf(q.gap, &q.opts), next: forgetKeys}
		var prev int64 // position of the latest event
		for v, err := range s {
			if err != nil {
				yield(Tagged[T]{}, err)
				return
			}
			key, at, ok, err := in.admit(v)
			if err == nil && ok && in.any && at < in.latest {
				err = &OrderError{Func: q.fn, Position: in.stats.In - 1, Time: at.time(), PrevPosition: prev, PrevTime: in.latest.time()}
			}
			var tagged Tagged[T]
			if err == nil && ok {
				in.see(at)
				prev = in.stats.In - 1
				tagged, err = t.tag(key, at, v)
			}
			if err != nil {
				yield(Tagged[T]{}, err)
				return
			}
			if ok && !yield(tagged, nil) {
				return
			}
		}
		in.conserved()
	}
}

// tag gives an event its session.
func (t *tagger[T, K]) tag(key int, at instant, v T) (Tagged[T], error) {
	if key == len(t.slots) {
		var err error
		if t.slots, err = grow(t.acct, t.slots, blockMin); err != nil {
			return Tagged[T]{}, err
		}
		t.slots = append(t.slots, tagging[T]{})
	}
	one := &t.slots[key]
	reach := at.plus(t.eventGap)
	if one.count > 0 && t.rules.cut(&one.run, &one.last, &v, at) == 0 {
		one.add(at, reach)
	} else {
		before := one.run
		one.run = begin(at, reach, &before)
		one.id = idOfOrdinal(t.keys.HashAt(key), t.hash2(key), at, one.ordinal, t.salt)
		t.stats.Sessions++
	}
	if t.rules.looks() {
		one.last = v
	}
	t.stats.Events++
	return Tagged[T]{Event: v, Session: one.id, Index: one.count - 1}, t.tidy()
}

// tidy forgets the keys whose session is over, each time as many again have been added as were left. What begins later
// is in none of them, and begins at another time.
func (t *tagger[T, K]) tidy() error {
	if len(t.slots) < t.next {
		return nil
	}
	rebuilt := table.New(t.hasher)
	var live []tagging[T]
	for key := range t.slots {
		one := &t.slots[key]
		if one.count == 0 || t.rules.beyond(one.reach, t.latest) {
			continue
		}
		var err error
		if live, err = grow(t.acct, live, blockMin); err != nil {
			return err
		}
		rebuilt.Upsert(*t.keys.Key(key))
		live = append(live, *one)
	}
	if err := t.acct.Grow(rebuilt.Bytes()); err != nil {
		return err
	}
	t.acct.Shrink(t.bytes)
	release(t.acct, t.slots)
	t.keys, t.bytes, t.slots = rebuilt, rebuilt.Bytes(), live
	t.next = 2*len(live) + forgetKeys
	return nil
}
