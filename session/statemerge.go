package session

import (
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// MergeError reports two states that cannot be merged into what one run would have made. It matches stream.ErrConflict.
// Both are unchanged.
type MergeError struct {
	Key    any    // the key that both have; nil: it is not about a key
	Reason string // what stands in the way
}

// Error says what stands in the way, and for which key.
func (e *MergeError) Error() string {
	if e.Key == nil {
		return fmt.Sprintf("session: State.Merge: %s: %v", e.Reason, stream.ErrConflict)
	}
	return fmt.Sprintf("session: State.Merge: both have key %#v: %s: %v", e.Key, e.Reason, stream.ErrConflict)
}

// Unwrap gives stream.ErrConflict.
func (e *MergeError) Unwrap() error { return stream.ErrConflict }

// Merge takes in all that other has seen, as if other's events had been pushed here after those of this state, and gives
// the sessions that this closes to out. It is for the shards of one input by key, and for its chunks by time, the later
// one into the earlier. Both must have the same Digest; then, for a key that both have,
//
//   - other must have given nothing of it out, for that might have begun here: a chunk that is to be merged gets no
//     watermark (no Disorder, no Advance) as long as its first sessions are open on the left;
//   - other's events of it must not be from behind the watermark of this state.
//
// Otherwise it is a *MergeError, and nothing has changed. A key that only one of them has comes in whatever is known of
// it: that no session of it went out of the other long ago is the caller's promise, for such keys are forgotten. The watermark becomes the later one. What other held is moved here: it has no events afterwards, and must not be in
// use meanwhile.
func (s *State[T, K, A]) Merge(other *State[T, K, A], out stream.Sink[Folded[K, A]]) error {
	needFunc(other == nil || other == s, "State.Merge", "other state")
	needFunc(out == nil, "State.Merge", "out")
	switch {
	case s.failed != nil:
		return s.failed
	case other.failed != nil:
		return other.failed
	}
	if err := s.mergeable(other); err != nil {
		return err
	}
	return s.call(func() error {
		defer other.core.forget()
		return s.core.merge(other.core, out)
	})
}

// mergeable returns why two states cannot be merged.
func (s *State[T, K, A]) mergeable(other *State[T, K, A]) error {
	if got, want := other.Digest(), s.Digest(); got != want {
		return &MergeError{Reason: fmt.Sprintf("digest of the other configuration is %016x, want %016x", got, want)}
	}
	c, o := s.core, other.core
	for key := range o.slots {
		v := &o.slots[key]
		here, ok := c.keys.Find(o.keys.Key(key))
		if !v.used || !ok || here >= len(c.slots) || !c.slots[here].used {
			continue
		}
		first := never
		if v.open.count > 0 {
			first = v.open.from
		} else if len(v.pending) > 0 {
			first = v.pending[0].at
		}
		switch {
		case v.tail.count > 0 || len(v.given) > 0:
			return &MergeError{Key: *o.keys.Key(key), Reason: "the other has given out sessions of it"}
		case first < c.clock.watermark:
			return &MergeError{Key: *o.keys.Key(key), Reason: fmt.Sprintf("the other has an event of %s, and the watermark is %s", first.time(), c.clock.watermark.time())}
		}
	}
	return nil
}

func (c *core[T, K, A]) merge(o *core[T, K, A], out stream.Sink[Folded[K, A]]) error {
	for i, n := range c.stats.counts() {
		*n += *o.stats.counts()[i]
	}
	if o.any {
		c.see(o.latest)
		c.prev = c.stats.In - o.stats.In + o.prev
	}
	parts := map[int]run{} // sessions without events, by the key that they come to
	for key := range o.slots {
		v := &o.slots[key]
		if !v.used {
			continue
		}
		to, err := c.number(*o.keys.Key(key))
		if err != nil {
			return err
		}
		mine, err := c.slot(to)
		if err != nil {
			return err
		}
		if !mine.used {
			err = c.adopt(to, v, o)
		} else {
			if v.open.count > 0 && !c.keeps {
				parts[to] = v.open.run
				c.held += int64(v.open.count)
			}
			err = c.append(to, v, o)
		}
		if err != nil {
			return err
		}
	}
	c.clock.merge(&o.clock)
	for to, part := range parts {
		if err := c.join(to, part); err != nil {
			return err
		}
	}
	if err := c.advance(out); err != nil {
		return err
	}
	return c.tidy()
}

// adopt takes all that another core knows of a key which has nothing here.
func (c *core[T, K, A]) adopt(to int, v *visits[T], o *core[T, K, A]) error {
	lists := [][]held[T]{v.open.events, v.pending}
	for i := range v.given {
		v.given[i].key = to
		lists = append(lists, v.given[i].events)
	}
	if v.tail.last != nil {
		if err := c.acct.Grow(sizeOf[held[T]]()); err != nil {
			return err
		}
		if err := c.hold(v.tail.last); err != nil {
			return err
		}
	}
	if err := c.acct.Grow(int64(cap(v.given)) * sizeOf[closed[T]]()); err != nil {
		return err
	}
	for _, list := range lists {
		for i := range list {
			if err := c.hold(&list[i]); err != nil {
				return err
			}
			list[i].seq += c.seq // in their order, and behind those here
		}
		if err := c.acct.Grow(int64(cap(list)) * sizeOf[held[T]]()); err != nil {
			return err
		}
	}
	c.seq += o.seq
	c.held += int64(v.open.count + len(v.pending))
	low := v.low
	c.slots[to] = *v
	c.slots[to].used, c.slots[to].due = false, never
	c.use(&c.slots[to])
	c.slots[to].low = max(c.slots[to].low, low)
	return c.schedule(to)
}

// append puts the events that another core holds of a key behind those that are here.
func (c *core[T, K, A]) append(to int, v *visits[T], o *core[T, K, A]) error {
	add := func(e held[T]) error {
		e.seq = c.seq
		c.seq++
		if err := c.hold(&e); err != nil {
			return err
		}
		c.held++
		return c.slots[to].pending.push(&c.rules, c.acct, &e)
	}
	for i := range v.open.events {
		if err := add(v.open.events[i]); err != nil {
			return err
		}
	}
	for len(v.pending) > 0 {
		if err := add(v.pending.pop(&o.rules, o.acct)); err != nil {
			return err
		}
	}
	return c.schedule(to)
}

// join lets the session of another core, of which no events are kept, find its place behind what is here. All of it is
// before the watermark by now, as it was before the other's.
func (c *core[T, K, A]) join(to int, part run) error {
	v := &c.slots[to]
	rest := v.pending
	v.pending = nil
	for len(rest) > 0 && rest[0].at < part.from {
		e := rest.pop(&c.rules, c.acct)
		if err := v.pending.push(&c.rules, c.acct, &e); err != nil {
			return err
		}
	}
	if err := c.settle(to, part.from); err != nil { // what comes before it, whatever the watermark
		return err
	}
	v = &c.slots[to]
	if v.open.count > 0 && c.rules.beyond(v.open.reach, part.from) {
		if err := c.close(to, ReasonGap, 0); err != nil {
			return err
		}
	}
	if v.open.count == 0 {
		v.open.run = part
	} else {
		v.open.to, v.open.reach = max(v.open.to, part.to), max(v.open.reach, part.reach)
		v.open.count += part.count
	}
	for len(rest) > 0 {
		e := rest.pop(&c.rules, c.acct)
		if err := v.pending.push(&c.rules, c.acct, &e); err != nil {
			return err
		}
	}
	return c.schedule(to)
}

// merge goes on with what both have heard.
func (c *clock) merge(o *clock) {
	for i := range c.sources {
		c.sources[i].at = max(c.sources[i].at, o.sources[i].at)
		c.sources[i].idle = c.sources[i].idle && o.sources[i].idle
	}
	c.watermark, c.floor = max(c.watermark, o.watermark), max(c.floor, o.floor)
	c.move()
}
