package session

import (
	"time"
)

// Attribute tells events of different kinds apart: it reports whether two of them differ. By makes one.
type Attribute[T any] func(a, b T) bool

// By is the attribute that of gives, a campaign or the id of a tracker's own session, say. Values are compared by ==,
// but a NaN is equal to itself.
func By[T any, V comparable](of func(T) V) Attribute[T] {
	if of == nil {
		panic("session: By: nil function")
	}
	return func(a, b T) bool {
		x, y := of(a), of(b)
		return x != y && (x == x || y == y)
	}
}

// rules say where the events of a key, in order, are cut into sessions. A session is a run of events; the next event is
// in it or, for the first of these reasons that applies, begins another:
//
//	ReasonGap        it is beyond the reach of the run: the latest of its events' times, each plus its gap
//	ReasonMidnight   it is of another calendar day than the event before it
//	ReasonAttribute  its attribute differs from that of the event before it
//	ReasonSplit      the predicate says so
//	ReasonLength     the session would be longer than it may be
//	ReasonEvents     the session has as many events as it may have
//
// With one gap for all, the reach is the last event's time plus the gap. With a gap per event, a short one in a session
// does not end the patience of a long one before it; it does in another session, for a reach ends with its run.
type rules[T any] struct {
	atLeast   bool // an event at the reach is beyond it
	gap       int64
	gapOf     func(T) time.Duration
	midnight  *time.Location
	attribute Attribute[T]
	predicate func(prev, cur T) bool
	length    int64 // nanoseconds; 0: as long as they like
	events    int   // 0: as many as they like
	tie       func(a, b T) int
}

func rulesOf[T any](gap time.Duration, o *Options[T]) rules[T] {
	return rules[T]{
		atLeast: o.AtLeast, gap: int64(gap), gapOf: o.GapOf, midnight: o.Midnight, attribute: o.SplitBy, predicate: o.SplitWhen,
		length: int64(o.MaxLength), events: o.MaxEvents, tie: o.Tie,
	}
}

// splits reports whether anything but the gap ends a session.
func (r *rules[T]) splits() bool {
	return r.midnight != nil || r.attribute != nil || r.predicate != nil || r.length > 0 || r.events > 0
}

// looks reports whether the event before the next one is looked at, beyond its time.
func (r *rules[T]) looks() bool { return r.attribute != nil || r.predicate != nil }

// beyond reports whether an event at t is out of reach.
func (r *rules[T]) beyond(reach, t instant) bool { return t > reach || r.atLeast && t == reach }

// closes is the least watermark behind which nothing within reach can come.
func (r *rules[T]) closes(reach instant) instant {
	if r.atLeast {
		return reach
	}
	return reach.plus(1)
}

// cut says why cur, which comes after all events of run, is not in it; 0: it is. last is the last of them, which is only
// looked at where looks says so.
func (r *rules[T]) cut(run *run, last, cur *T, at instant) Reason {
	switch {
	case r.beyond(run.reach, at):
		return ReasonGap
	case r.midnight != nil && r.day(run.to) != r.day(at):
		return ReasonMidnight
	case r.attribute != nil && r.attribute(*last, *cur):
		return ReasonAttribute
	case r.predicate != nil && r.predicate(*last, *cur):
		return ReasonSplit
	case r.length > 0 && uint64(at)-uint64(run.from) > uint64(r.length):
		return ReasonLength
	case r.events > 0 && run.count >= r.events:
		return ReasonEvents
	}
	return 0
}

// day numbers the calendar days of the zone. A day of 23 or 25 hours is one day, and where midnight itself is left out or
// comes twice, the dates still tell.
func (r *rules[T]) day(at instant) int64 {
	sec, _ := at.unix()
	_, offset := at.time().In(r.midnight).Zone()
	local := int64(sec) + int64(offset)
	day := local / secondsOfDay
	if local%secondsOfDay < 0 {
		day--
	}
	return day
}

const secondsOfDay = 24 * 60 * 60

// orders reports whether a comes before b: by time, then the tie order, then as they came.
func (r *rules[T]) orders(a, b *held[T]) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	if r.tie != nil {
		if c := r.tie(a.value, b.value); c != 0 {
			return c < 0
		}
	}
	return a.seq < b.seq
}

// run is what counts of a session for where it ends.
type run struct {
	from, to instant // of the first event and of the last
	reach    instant // beyond it no event is in the session
	count    int     // events; 0: no session
	ordinal  int     // sessions of the key before it that begin at the same time
}

// begin makes the run of one event; before is the session before it, or of count 0.
func begin(at, reach instant, before *run) run {
	r := run{from: at, to: at, reach: reach, count: 1}
	if before.count > 0 && before.from == at {
		r.ordinal = before.ordinal + 1
	}
	return r
}

// add takes one more event in.
func (r *run) add(at, reach instant) {
	r.to = max(r.to, at)
	r.reach = max(r.reach, reach)
	r.count++
}
