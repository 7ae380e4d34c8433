package session

import "math"

// visits is what a core knows of one key. From left to right is event time, w the watermark:
//
//	tail            given            open                  w   pending
//	a session that  sessions that    the session that the  |   events before which others
//	is final, and   were given out   events before w end   |   may come, in no order
//	given out       and may change   in, not closed yet    |
//
// Invariants, once the key is settled (see settle):
//  1. every event of given and open is before the watermark, none of pending is;
//  2. they come in the order of rules.orders, and are cut into runs as rules.cut says;
//  3. the open run is not closed: closes(open.reach) is after the watermark;
//  4. nothing is given unless late events may change it (core.revises); nothing of it is final.
//
// Where nobody looks at events again (core.keeps is false) open has no events, only its run.
type visits[T any] struct {
	tail    tail[T]
	given   []closed[T]
	open    series[T]
	pending pending[T]
	due     instant // no watermark before it changes anything here; never: none does
	used    bool    // something of the above is there
	low     instant // as long as there is no tail: no late event before it is taken, for there may have been one
}

// never is a watermark that is not reached.
const never instant = math.MaxInt64

// series is a run with its events, in order.
type series[T any] struct {
	run
	events []held[T]
}

// last is the last event of a series that keeps its events.
func (s *series[T]) last() *T { return &s.events[len(s.events)-1].value }

// closed is a session that has ended.
type closed[T any] struct {
	series[T]
	key       int
	reason    Reason
	shown     Reason  // what was given out as the reason, where that is another by now (EveryChange); 0: reason
	at        instant // the first watermark that closes it
	retracted bool
}

// revision says how often sessions with events of this one were taken back.
func (s *series[T]) revision() (r int32) {
	for i := range s.events {
		r = max(r, s.events[i].revision)
	}
	return r
}

// says is the reason that is given out.
func (c *closed[T]) says() Reason {
	if c.shown != 0 {
		return c.shown
	}
	return c.reason
}

// tail is what is kept of the last session that is final, so that no late event comes to lie within its gap.
type tail[T any] struct {
	run             // count 0: there is none
	reason Reason   // why it ended; never ReasonEnd
	last   *held[T] // its last event, where cuts look at it or ties have an order; otherwise nil
}

// empty reports whether nothing is known of the key.
func (v *visits[T]) empty() bool {
	return v.tail.count == 0 && len(v.given) == 0 && v.open.count == 0 && len(v.pending) == 0
}
