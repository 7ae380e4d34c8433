package streamtest

import (
	"math"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// Event is one event of a web shop, as the generator makes them and the examples use them.
type Event struct {
	EventID    string             // the same in every retry of the event
	UserID     int64              // positive, below 2^31
	Type       string             // one of EventTypes
	Time       time.Time          // when it happened (event time), UTC, to the millisecond
	IngestTime time.Time          // when this copy of it arrived
	UpdatedBy  stream.Opt[string] // who touched this copy, where known
	Page       string             // "" if not given
	Amount     float64            // in whole cents; 0 if not given
}

// The accessors are what operators take: dedup.Best(events, Event.ID, dedup.Latest(Event.IngestedAt)).

// ID is the event's identity.
func (e Event) ID() string { return e.EventID }

// User is who did it.
func (e Event) User() int64 { return e.UserID }

// Kind is what was done.
func (e Event) Kind() string { return e.Type }

// At is when it happened.
func (e Event) At() time.Time { return e.Time }

// IngestedAt is when this copy arrived.
func (e Event) IngestedAt() time.Time { return e.IngestTime }

// HasUpdater reports whether it is known who touched this copy.
func (e Event) HasUpdater() bool { return e.UpdatedBy.IsPresent() }

// UserType is the key of counts per user and type.
func (e Event) UserType() UserType { return UserType{e.UserID, e.Type} }

// UserType is a composite key.
type UserType struct {
	User int64  // Event.UserID
	Type string // Event.Type
}

// EventTypes are the twelve values of Event.Type, the most frequent first.
func EventTypes() []string {
	names := make([]string, len(eventTypes))
	for i, t := range eventTypes {
		names[i] = t.name
	}
	return names
}

// eventTypes with their share in percent; the shares add up to 100.
var eventTypes = [...]struct {
	name   string
	share  uint64
	amount bool
}{
	{"page_view", 36, false},
	{"click", 22, false},
	{"search", 11, false},
	{"add_to_cart", 8, true},
	{"video_play", 6, false},
	{"login", 5, false},
	{"checkout", 3, true},
	{"share", 3, false},
	{"purchase", 2, true},
	{"logout", 2, false},
	{"error", 1, false},
	{"signup", 1, false},
}

// EventOptions says which events to generate. The zero value: a million lines over three days of January 2024.
// The same options give the same events on every machine.
//
// A ratio of 0 stands for its default; to have none, make it negative.
type EventOptions struct {
	Seed uint64 // other events; 0 is a seed like any other
	N    int    // lines, broken ones included; 0: 1,000,000; negative: none

	Users int     // that can occur; 0: N/20, at least 10
	Skew  float64 // the user of rank k has a share of 1/k^Skew; 0: 1; negative: all alike

	Start time.Time     // the earliest event time, cut to ms; zero: 2024-01-15 00:00 UTC
	Span  time.Duration // event times lie in [Start, Start+Span); 0: 72 h

	RetryRatio  float64 // of the valid lines, those that repeat an earlier event; 0: 0.15
	LateRatio   float64 // of the events, those that arrive up to 45 minutes late; 0: 0.02
	BrokenRatio float64 // of the lines, those that must be rejected; 0: 0.01
	DirtyRatio  float64 // of the valid lines, those in an unusual but valid form; 0: 0.1
}

// defaultStart is EventOptions.Start where none is given.
var defaultStart = time.Date(2024, time.January, 15, 0, 0, 0, 0, time.UTC)

// filled replaces zeros by defaults, or returns an *OptionError of fn.
func (o EventOptions) filled(fn string) (EventOptions, error) {
	bad := func(option string, got any, want string) error {
		return &stream.OptionError{Package: "streamtest", Func: fn, Option: option, Got: got, Want: want}
	}
	switch {
	case o.N == 0:
		o.N = 1_000_000
	case o.N < 0:
		o.N = 0
	}
	switch {
	case o.Users < 0 || int64(o.Users) > math.MaxInt32:
		return o, bad("Users", o.Users, "between 0 and 2^31-1")
	case o.Users == 0:
		o.Users = max(o.N/20, 10)
	}
	switch {
	case o.Skew < 0:
		o.Skew = 0
	case o.Skew == 0:
		o.Skew = 1
	case !(o.Skew <= 10):
		return o, bad("Skew", o.Skew, "at most 10")
	}
	if o.Start.IsZero() {
		o.Start = defaultStart
	}
	switch {
	case o.Span == 0:
		o.Span = 72 * time.Hour
	case o.Span < time.Millisecond:
		return o, bad("Span", o.Span, "at least 1ms")
	}
	for _, r := range []struct {
		name  string
		value *float64
		usual float64
	}{
		{"RetryRatio", &o.RetryRatio, 0.15}, {"LateRatio", &o.LateRatio, 0.02},
		{"BrokenRatio", &o.BrokenRatio, 0.01}, {"DirtyRatio", &o.DirtyRatio, 0.1},
	} {
		switch v := *r.value; {
		case v == 0:
			*r.value = r.usual
		case v < 0:
			*r.value = 0
		case !(v <= 1):
			return o, bad(r.name, v, "at most 1")
		}
	}
	return o, nil
}

// Events generates the events of o: what a correct parser gets from the valid lines of WriteNDJSON with the same
// options, in the same order, retries included. It needs memory for the users only, and can run again. A wrong
// option is a *stream.OptionError, yielded first.
func Events(o EventOptions) stream.Seq[Event] {
	return func(yield func(Event, error) bool) {
		o, err := o.filled("Events")
		if err != nil {
			yield(Event{}, err)
			return
		}
		g := newGenerator(o)
		for g.next() {
			if !g.broken && !yield(g.now.event(), nil) {
				return
			}
		}
	}
}
