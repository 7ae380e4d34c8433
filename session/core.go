package session

import (
	"cmp"
	"math"
	"slices"

	"github.com/millrace-go/millrace/internal/table"
	"github.com/millrace-go/millrace/stream"
)

// core makes sessions of events that come in any order, as far as the watermark allows, by every rule of Options. It is
// what State is, and what Run and Intervals use where their own engines do not know a rule.
//
// An event waits in the pending heap of its key. When the watermark reaches the time at which something may change
// there, the key is settled: events before the watermark join the open session or cut it, one after the other, in order.
// A session that was cut, or that no event can join any more, is closed. What closes at one watermark goes out together,
// in the order of the watermarks that close it, so that no schedule of watermarks shows in the output.
//
// Invariants between two calls:
//  1. no key is due: visits.due is after the watermark, and unless it is never there is an entry of dues for it;
//  2. held is the number of events that are pending or open: In == Events + Late + Rejected + held.
type core[T any, K comparable, A any] struct {
	*intake[T, K]
	rules   rules[T]
	fold    stream.Fold[T, A]
	acc     A     // of the session given out last: here, it needs no allocation of its own
	keeps   bool  // events of open sessions are looked at again
	revises bool  // sessions given out may change: Lateness or EveryChange
	late    int64 // nanoseconds of Options.Lateness

	clock clock
	slots []visits[T] // by key
	live  int         // of them used
	dues  dues
	ready []closed[T] // closed by the call that runs
	seq   uint64      // of the next event
	held  int64
	prev  int64 // position of the latest event, for *OrderError
}

// newCore starts a run. Close its intake on every path.
func newCore[T any, K comparable, A any](q *query[T, K], f stream.Fold[T, A]) (*core[T, K, A], error) {
	in, err := q.open()
	if err != nil {
		return nil, err
	}
	o := &q.opts
	c := &core[T, K, A]{
		intake: in, rules: rulesOf(q.gap, o), fold: f, revises: o.Lateness > 0 || o.EveryChange, late: int64(o.Lateness),
		clock: newClock(o.Sources, int64(o.Disorder), o.Ordered || o.Disorder > 0),
	}
	c.keeps = c.revises || c.rules.splits() || f.Add != nil && !f.Blind
	if !c.keeps {
		c.rules.tie = nil // nobody would see it
	}
	return c, nil
}

// push takes an event of a source in; what that closes goes to out first.
func (c *core[T, K, A]) push(from int, v T, out stream.Sink[Folded[K, A]]) error {
	key, at, ok, err := c.admit(v)
	if err != nil || !ok {
		return err
	}
	if c.opts.Ordered && c.any && at < c.latest {
		return &OrderError{Func: c.fn, Position: c.stats.In - 1, Time: at.time(), PrevPosition: c.prev, PrevTime: c.latest.time()}
	}
	if _, err := c.slot(key); err != nil {
		return err
	}
	e := held[T]{at: at, reach: at.plus(c.eventGap), seq: c.seq, value: v}
	c.seq++
	moved := c.clock.event(from, at)
	late := at < c.clock.watermark // of a source that was idle, it may have moved beyond at
	if !late {
		c.see(at)
		c.prev = c.stats.In - 1
	}
	if moved {
		err = c.advance(out)
	}
	switch {
	case err != nil:
	case late:
		err = c.takeLate(key, &e, out)
	default:
		err = c.take(key, &e, out)
	}
	if err != nil {
		return err
	}
	return c.tidy()
}

// slot is what is known of a key, which the intake has numbered.
func (c *core[T, K, A]) slot(key int) (*visits[T], error) {
	if key == len(c.slots) {
		var err error
		if c.slots, err = grow(c.acct, c.slots, blockMin); err != nil {
			return nil, err
		}
		c.slots = append(c.slots, visits[T]{due: never})
	}
	return &c.slots[key], nil
}

// use notes that something is known of a key.
func (c *core[T, K, A]) use(v *visits[T]) {
	if v.used {
		return
	}
	v.used = true
	c.live++
	v.low = c.clock.watermark
	for _, back := range [...]int64{c.rules.gap, c.late} {
		v.low = max(v.low, math.MinInt64+instant(back)) - instant(back)
	}
}

// hold books what an event holds beyond its static size; unhold gives it back.
func (c *core[T, K, A]) hold(e *held[T]) error {
	if c.opts.Size == nil {
		return nil
	}
	return c.acct.Grow(int64(c.opts.Size(e.value)))
}

func (c *core[T, K, A]) unhold(e *held[T]) {
	if c.opts.Size != nil {
		c.acct.Shrink(int64(c.opts.Size(e.value)))
	}
}

// let lets go of the events of a session.
func (c *core[T, K, A]) let(events []held[T]) {
	for i := range events {
		c.unhold(&events[i])
	}
	release(c.acct, events)
}

// take puts an event that is on time where it waits.
func (c *core[T, K, A]) take(key int, e *held[T], out stream.Sink[Folded[K, A]]) error {
	if c.opts.EveryChange {
		return c.revise(key, e, out)
	}
	if err := c.hold(e); err != nil {
		return err
	}
	v := &c.slots[key]
	c.use(v)
	if err := v.pending.push(&c.rules, c.acct, e); err != nil {
		return err
	}
	c.held++
	return c.schedule(key)
}

// schedule makes sure that a key is settled when something changes there.
func (c *core[T, K, A]) schedule(key int) error {
	v := &c.slots[key]
	due := c.dueOf(v)
	if due == v.due {
		return nil
	}
	v.due = due
	if due == never {
		return nil
	}
	if len(c.dues) == cap(c.dues) {
		var err error
		if c.dues, err = grow(c.acct, c.dues, blockMin); err != nil {
			return err
		}
	}
	c.dues.push(due, key)
	return nil
}

// dueOf is a watermark before which nothing changes at a key: never later than the first that changes something.
func (c *core[T, K, A]) dueOf(v *visits[T]) instant {
	due := never
	if len(v.given) > 0 {
		due = v.given[0].at.plus(c.late)
	}
	if v.open.count > 0 {
		due = min(due, c.rules.closes(v.open.reach))
	}
	if len(v.pending) > 0 {
		first := &v.pending[0]
		if c.rules.splits() { // the next event may cut, whenever it comes
			due = min(due, first.at.plus(1))
		} else if v.open.count == 0 {
			due = min(due, c.rules.closes(first.reach))
		}
	}
	if due == never && v.tail.count > 0 && v.open.count == 0 && len(v.pending) == 0 {
		due = c.forgets(&v.tail)
	}
	return due
}

// advance settles the keys that are due and gives what closes to out.
func (c *core[T, K, A]) advance(out stream.Sink[Folded[K, A]]) error {
	for len(c.dues) > 0 && c.dues[0].at <= c.clock.watermark {
		next := c.dues.pop()
		v := &c.slots[next.key]
		if v.due != next.at {
			continue
		}
		v.due = never
		if err := c.settle(next.key, c.clock.watermark); err != nil {
			return err
		}
		if v.empty() {
			v.used = false
			c.live--
			continue
		}
		if err := c.schedule(next.key); err != nil {
			return err
		}
	}
	return c.giveReady(out)
}

// after is what follows a call that may have moved the watermark.
func (c *core[T, K, A]) after(moved bool, out stream.Sink[Folded[K, A]]) error {
	if !moved {
		return nil
	}
	if err := c.advance(out); err != nil {
		return err
	}
	return c.tidy()
}

// settle lets the events of a key that are before a watermark find their place, and closes what is over by then.
func (c *core[T, K, A]) settle(key int, now instant) error {
	v := &c.slots[key]
	for len(v.pending) > 0 && v.pending[0].at < now {
		e := v.pending.pop(&c.rules, c.acct)
		if v.open.count > 0 {
			reason := c.cut(v, &e)
			if reason == 0 {
				v.open.add(e.at, e.reach)
				if err := c.keep(v, &e); err != nil {
					return err
				}
				continue
			}
			if err := c.close(key, reason, e.at); err != nil {
				return err
			}
		}
		v.open.run = begin(e.at, e.reach, v.before())
		if err := c.keep(v, &e); err != nil {
			return err
		}
	}
	if v.open.count > 0 && c.rules.closes(v.open.reach) <= now {
		if err := c.close(key, ReasonGap, 0); err != nil {
			return err
		}
	}
	return c.freeze(v)
}

// cut says why e is not in the open session.
func (c *core[T, K, A]) cut(v *visits[T], e *held[T]) Reason {
	if !c.keeps {
		return c.rules.cut(&v.open.run, nil, nil, e.at)
	}
	return c.rules.cut(&v.open.run, v.open.last(), &e.value, e.at)
}

// before is the session before the open one, of count 0 where none is known.
func (v *visits[T]) before() *run {
	if n := len(v.given); n > 0 {
		return &v.given[n-1].run
	}
	return &v.tail.run
}

// keep adds an event to those of the open session, or lets go of it.
func (c *core[T, K, A]) keep(v *visits[T], e *held[T]) (err error) {
	if !c.keeps {
		c.unhold(e)
		return nil
	}
	if v.open.events, err = grow(c.acct, v.open.events, 1); err == nil {
		v.open.events = append(v.open.events, *e)
	}
	return err
}

// end says of a session why it has ended, and when: by the event at next, or where no event came within reach.
func (c *core[T, K, A]) end(s *closed[T], reason Reason, next instant) {
	s.reason, s.at = reason, next.plus(1)
	if reason != ReasonGap {
		return
	}
	s.at = c.rules.closes(s.reach)
	if s.at > max(c.latest, c.clock.watermark) {
		s.reason = ReasonEnd
	}
}

// close ends the open session: it goes out with what else this call closes.
func (c *core[T, K, A]) close(key int, reason Reason, next instant) (err error) {
	v := &c.slots[key]
	one := closed[T]{series: v.open, key: key}
	c.end(&one, reason, next)
	v.open = series[T]{}
	c.held -= int64(one.count)
	if c.ready, err = grow(c.acct, c.ready, 1); err != nil {
		return err
	}
	c.ready = append(c.ready, one)
	if !c.revises {
		return c.seal(v, &one)
	}
	if v.given, err = grow(c.acct, v.given, 1); err == nil {
		v.given = append(v.given, one)
	}
	return err
}

// seal makes one the last session that is final.
func (c *core[T, K, A]) seal(v *visits[T], one *closed[T]) error {
	before := v.tail.last
	v.tail = tail[T]{run: one.run, reason: one.reason}
	if one.reason == ReasonEnd {
		v.tail.reason = ReasonGap // as is known by now
	}
	if !c.rules.looks() && c.rules.tie == nil {
		return nil
	}
	if before == nil {
		if err := c.acct.Grow(sizeOf[held[T]]()); err != nil {
			return err
		}
		before = new(held[T])
	} else {
		c.unhold(before)
	}
	*before = one.events[len(one.events)-1]
	v.tail.last = before
	return c.hold(before)
}

// freeze makes final what late events can change no more, and forgets a tail that none can touch.
func (c *core[T, K, A]) freeze(v *visits[T]) error {
	now := c.clock.watermark
	final := 0
	for final < len(v.given) && v.given[final].at.plus(c.late) <= now {
		if err := c.seal(v, &v.given[final]); err != nil {
			return err
		}
		c.let(v.given[final].events)
		final++
	}
	if final > 0 {
		v.given = slices.Delete(v.given, 0, final)
	}
	if len(v.given) == 0 {
		release(c.acct, v.given)
		v.given = nil
	}
	t := &v.tail
	if t.count == 0 || len(v.given) > 0 || v.open.count > 0 || len(v.pending) > 0 || c.forgets(t) > now {
		return nil
	}
	if t.last != nil {
		c.unhold(t.last)
		c.acct.Shrink(sizeOf[held[T]]())
	}
	*t = tail[T]{}
	return nil
}

// forgets is the watermark from which on no event that is alone can be taken that a tail concerns: its session would be
// final itself. What joins a session that begins after that is kept from the tail by visits.low.
func (c *core[T, K, A]) forgets(t *tail[T]) instant {
	return c.rules.closes(t.reach).plus(c.rules.gap).plus(c.late)
}

// giveReady gives out what was closed, in the order of the output.
func (c *core[T, K, A]) giveReady(out stream.Sink[Folded[K, A]]) error {
	if len(c.ready) == 0 {
		return nil
	}
	slices.SortFunc(c.ready, func(a, b closed[T]) int { return c.compareClosed(&a, &b) })
	for i := range c.ready {
		one := &c.ready[i]
		if err := c.give(one, out); err != nil {
			return err
		}
		if !c.revises {
			c.let(one.events)
		}
		*one = closed[T]{}
	}
	c.ready = c.ready[:0]
	if cap(c.ready) > blockLen {
		release(c.acct, c.ready)
		c.ready = nil
	}
	return nil
}

// compareClosed is the order of the output: by the watermark that closes a session; then by end, start and hash of the
// key, as the other engines have it. With one gap and no splits sessions close in the order of their ends.
func (c *core[T, K, A]) compareClosed(a, b *closed[T]) int {
	if d := cmp.Compare(a.at, b.at); d != 0 {
		return d
	}
	if d := cmp.Compare(a.to, b.to); d != 0 {
		return d
	}
	if d := cmp.Compare(a.from, b.from); d != 0 {
		return d
	}
	if d := cmp.Compare(c.keys.HashAt(a.key), c.keys.HashAt(b.key)); d != 0 {
		return d
	}
	if a.key != b.key {
		if d := cmp.Compare(c.hash2(a.key), c.hash2(b.key)); d != 0 {
			return d
		}
		return cmp.Compare(a.key, b.key)
	}
	return cmp.Compare(a.ordinal, b.ordinal)
}

// give folds a session and gives it to out, or takes it back.
func (c *core[T, K, A]) give(one *closed[T], out stream.Sink[Folded[K, A]]) error {
	if one.retracted {
		c.stats.Retracted++
		c.stats.Events -= int64(one.count)
	} else {
		c.stats.Sessions++
		c.stats.Events += int64(one.count)
	}
	if err := c.fill(one); err != nil {
		return err
	}
	return out(Folded[K, A]{Session: Session[K]{
		Key:       *c.keys.Key(one.key),
		ID:        idOfOrdinal(c.keys.HashAt(one.key), c.hash2(one.key), one.from, one.ordinal, c.salt),
		Start:     one.from.time(),
		End:       one.to.time(),
		Events:    one.count,
		Reason:    one.says(),
		Ordinal:   one.ordinal,
		Revision:  int(one.revision()),
		Retracted: one.retracted,
	}, Value: c.acc})
}

// fill makes c.acc what the fold makes of a session.
func (c *core[T, K, A]) fill(one *closed[T]) error {
	if c.fold.Add == nil {
		return nil
	}
	if c.keeps {
		return foldEach(&c.acc, c.acct, len(one.events), func(i int) *T { return &one.events[i].value }, c.fold)
	}
	var none T // Add does not look at it
	return foldEach(&c.acc, c.acct, one.count, func(int) *T { return &none }, c.fold)
}

// flush gives out all sessions, as at the end of the input, and forgets all keys.
func (c *core[T, K, A]) flush(out stream.Sink[Folded[K, A]]) error {
	at := c.clock.watermark
	for key := range c.slots {
		if err := c.settle(key, never); err != nil {
			return err
		}
		for i := range c.slots[key].given {
			at = max(at, c.slots[key].given[i].at)
		}
	}
	for i := range c.ready {
		at = max(at, c.ready[i].at)
	}
	if err := c.giveReady(out); err != nil {
		return err
	}
	c.clock.raise(at)
	c.forget()
	return nil
}

// forget lets go of all keys, and of all memory.
func (c *core[T, K, A]) forget() {
	c.acct.Close()
	c.bytes = 0
	c.keys = table.New(c.hasher)
	c.slots, c.dues, c.ready, c.live, c.held = nil, nil, nil, 0, 0
}

// forgetKeys is how many keys of which nothing is known are kept before the table is rebuilt.
const forgetKeys = 64

// tidy forgets the keys of which nothing is known once they are the greater part: a rebuild of n keys has n/2 forgotten
// ones to pay for it.
func (c *core[T, K, A]) tidy() error {
	if len(c.slots) <= 2*c.live+forgetKeys {
		return nil
	}
	old := c.slots
	slots, err := resize[visits[T]](c.acct, nil, c.live+forgetKeys)
	if err != nil {
		return err
	}
	rebuilt := table.New(c.hasher)
	c.dues = c.dues[:0]
	for key := range old {
		v := &old[key]
		if !v.used {
			continue
		}
		to, _ := rebuilt.Upsert(*c.keys.Key(key))
		slots = append(slots, *v)
		for i := range v.given {
			v.given[i].key = to
		}
		if v.due != never {
			c.dues.push(v.due, to)
		}
	}
	if err := c.acct.Grow(rebuilt.Bytes()); err != nil {
		return err
	}
	c.acct.Shrink(c.bytes)
	c.keys, c.bytes = rebuilt, rebuilt.Bytes()
	c.slots = slots
	release(c.acct, old)
	return nil
}
