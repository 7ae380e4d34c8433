package session

import (
	"slices"

	"github.com/millrace-go/millrace/stream"
)

// An event is late when it comes behind the watermark. It is taken nevertheless where that changes nothing that is
// final: it joins a session that is open (or was given out and may still change), or is alone a session that is not
// closed yet. Otherwise nobody may pretend that it belongs anywhere: beside a final session it would be within its gap,
// and alone it would be a session that came out long after its time.
//
// Late events that join at the front, one before the other, could lead from a session far back to a final one that is
// forgotten. So they do for a key of which nothing was known only as far as one gap (and Lateness) behind the watermark
// of that moment: what was forgotten is farther back.

// takeLate takes an event from behind the watermark, or refuses it.
func (c *core[T, K, A]) takeLate(key int, e *held[T], out stream.Sink[Folded[K, A]]) error {
	if e.at < c.clock.floor {
		return c.tooLate(e)
	}
	if err := c.settle(key, c.clock.watermark); err != nil { // closes nothing, for the key is not due
		return err
	}
	v := &c.slots[key]
	if v.used && v.tail.count == 0 && e.at < v.low {
		return c.tooLate(e)
	}
	if first := v.first(); (first == nil || c.rules.orders(e, first)) && c.touches(&v.tail, e) {
		return c.tooLate(e)
	}
	if c.keeps {
		return c.revise(key, e, out)
	}
	switch o := &v.open; {
	case o.count == 0 && c.rules.closes(e.reach) <= c.clock.watermark:
		return c.tooLate(e)
	case o.count == 0:
		o.run = begin(e.at, e.reach, v.before())
	case e.at < o.from && c.rules.beyond(e.reach, o.from):
		return c.tooLate(e)
	default: // not beyond the reach of the session, or that would be closed
		o.from = min(o.from, e.at)
		o.add(e.at, e.reach)
	}
	c.held++
	c.use(v)
	return c.schedule(key)
}

// first is the first event that is kept of what comes after the tail, or nil.
func (v *visits[T]) first() *held[T] {
	switch {
	case len(v.given) > 0:
		return &v.given[0].events[0]
	case len(v.open.events) > 0:
		return &v.open.events[0]
	}
	return nil
}

// touches reports whether an event that would come next after the final session of a tail belongs into it or before it,
// or is too near to be in another.
func (c *core[T, K, A]) touches(t *tail[T], e *held[T]) bool {
	switch {
	case t.count == 0:
		return false
	case e.at < t.to:
		return true
	case e.at == t.to && c.rules.tie != nil && c.rules.tie(e.value, t.last.value) < 0:
		return true
	}
	var last *T
	if t.last != nil {
		last = &t.last.value
	}
	reason := c.rules.cut(&t.run, last, &e.value, e.at)
	return reason == 0 || reason != ReasonGap && t.reason == ReasonGap
}

// tooLate gives a late event away.
func (c *core[T, K, A]) tooLate(e *held[T]) error {
	c.stats.Late++
	position, now := c.stats.In-1, c.clock.watermark.time()
	if c.opts.Late == nil {
		return &stream.LateError{Package: "session", Func: c.fn, Index: position, Time: e.at.time(), Watermark: now}
	}
	return c.opts.Late(stream.Late[T]{Event: e.value, Index: position, Watermark: now})
}

// revise puts an event among those of its key that are not final, divides them anew, and gives out what that changes:
// first what it takes back, then what it closes, each in order of time. It refuses a late event that would be alone in a
// session that is final.
//
//	given [a b][c]  open [d]  late e      divided [a b e c][d]      out  -[a b] -[c] +[a b e c]
//
// Under EveryChange it is how every event is taken, and every session is given.
func (c *core[T, K, A]) revise(key int, e *held[T], out stream.Sink[Folded[K, A]]) error {
	v := &c.slots[key]
	events, place := c.among(v, e)
	sessions := c.divide(key, events, &v.tail.run)
	mine, before := 0, 0 // the session of e, and how many events come before it
	for before+sessions[mine].count <= place {
		before += sessions[mine].count
		mine++
	}
	now := c.clock.watermark
	if e.at < now && sessions[mine].count == 1 && sessions[mine].at.plus(c.late) <= now {
		return c.tooLate(e)
	}
	if err := c.hold(e); err != nil {
		return err
	}
	if err := c.acct.Grow(int64(cap(events)) * sizeOf[held[T]]()); err != nil {
		return err
	}
	old := v.given
	for i := range old {
		release(c.acct, old[i].events)
	}
	release(c.acct, v.open.events)
	if err := c.acct.Grow(int64(cap(sessions)) * sizeOf[closed[T]]()); err != nil {
		return err
	}
	release(c.acct, old)

	c.held -= int64(v.open.count)
	c.use(v)
	v.given, v.open = sessions, series[T]{}
	if last := len(sessions) - 1; !c.opts.EveryChange && sessions[last].at > now {
		v.given, v.open = sessions[:last], sessions[last].series
	}
	c.held += int64(v.open.count)
	back, again := c.compare(old, v.given, events, place)
	for _, i := range back {
		old[i].retracted = true
		if err := c.give(&old[i], out); err != nil {
			return err
		}
	}
	for _, i := range again {
		if err := c.give(&v.given[i], out); err != nil {
			return err
		}
	}
	if err := c.freeze(v); err != nil {
		return err
	}
	return c.schedule(key)
}

// among returns the events of a key that are not final with e in its place, which it tells.
func (c *core[T, K, A]) among(v *visits[T], e *held[T]) (events []held[T], place int) {
	n := len(v.open.events) + 1
	for i := range v.given {
		n += v.given[i].count
	}
	events = make([]held[T], 0, n)
	for i := range v.given {
		events = append(events, v.given[i].events...)
	}
	events = append(events, v.open.events...)
	place = len(events)
	for place > 0 && c.rules.orders(e, &events[place-1]) {
		place--
	}
	return slices.Insert(events, place, *e), place
}

// divide cuts events of a key, which are in order, into sessions; before is the session before them. The last one is
// over when no event can join it any more, the others when the event is settled that begins the next.
func (c *core[T, K, A]) divide(key int, events []held[T], before *run) (out []closed[T]) {
	from := 0
	for i := range events {
		e := &events[i]
		next := begin(e.at, e.reach, before)
		if i > 0 {
			s := &out[len(out)-1]
			reason := c.rules.cut(&s.run, &events[i-1].value, &e.value, e.at)
			if reason == 0 {
				s.add(e.at, e.reach)
				continue
			}
			c.end(s, reason, e.at)
			s.events = events[from:i:i]
			from = i
			next = begin(e.at, e.reach, &s.run)
		}
		out = append(out, closed[T]{series: series[T]{run: next}, key: key})
	}
	last := &out[len(out)-1]
	c.end(last, ReasonGap, 0)
	last.events = events[from:len(events):len(events)]
	return out
}

// compare tells which sessions of old are to be taken back, and which of now are to be given: those that the other does
// not have. events are those of now and of the open session, with one more than before at place. The events of what is
// taken back are marked, so that what they are in from here on has a higher revision.
func (c *core[T, K, A]) compare(old, now []closed[T], events []held[T], place int) (back, again []int) {
	there := func(i int) int { // where event i of those before is now
		if i >= place {
			return i + 1
		}
		return i
	}
	kept := make([]bool, len(now))
	begins, j, from := 0, 0, 0 // of old; of now
	for i := range old {
		was := &old[i]
		first, last := there(begins), there(begins+was.count-1)
		begins += was.count
		for j < len(now) && from < first {
			from += now[j].count
			j++
		}
		if j < len(now) && from == first && was.count == now[j].count && last-first == was.count-1 &&
			was.ordinal == now[j].ordinal && (was.reason == now[j].reason || c.opts.EveryChange) {
			kept[j], now[j].shown = true, was.says()
			continue
		}
		back = append(back, i)
		next := was.revision() + 1
		for k := first; k <= last; k++ {
			if k != place {
				events[k].revision = max(events[k].revision, next)
			}
		}
	}
	for j := range now {
		if !kept[j] {
			again = append(again, j)
		}
	}
	return back, again
}
