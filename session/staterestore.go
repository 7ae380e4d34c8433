package session

import (
	"fmt"
	"math"

	"github.com/millrace-go/millrace/internal/eventtime"
	"github.com/millrace-go/millrace/internal/snapshot"
)

// restorer reads the payload of a snapshot into an empty state. It refuses what no calls can have made: a snapshot that
// is taken is written again as it was.
type restorer[T any, K comparable, A any] struct {
	*State[T, K, A]
	r *snapshot.Reader
}

func (s *restorer[T, K, A]) read() error {
	c := s.core
	if err := s.readClock(); err != nil {
		return err
	}
	keys, err := s.r.Uvarint()
	if err != nil {
		return err
	}
	for range keys {
		if err := s.readKey(); err != nil {
			return err
		}
	}
	at := s.r.Offset()
	for _, n := range c.stats.counts() {
		if *n, err = s.r.Count("a count"); err != nil {
			return err
		}
	}
	left := c.stats.In
	for _, n := range []int64{c.stats.Events, c.stats.Late, c.stats.NullKeys, c.stats.NullTimes, c.stats.BadKeys, c.stats.BadTimes, c.stats.BadGaps, c.held} {
		if left -= n; left < 0 {
			break
		}
	}
	if left != 0 || c.stats.Retracted > c.stats.Sessions {
		return snapshot.Refuse(at, "counts", fmt.Sprintf("%+v with %d events held", c.stats, c.held), "the same on both sides")
	}
	if c.prev, err = s.r.Count("position of the latest event"); err != nil {
		return err
	}
	return s.r.End()
}

func (s *restorer[T, K, A]) readClock() error {
	c := s.core
	at := s.r.Offset()
	if err := s.instant(&c.clock.watermark); err != nil {
		return err
	}
	if err := s.instant(&c.clock.floor); err != nil {
		return err
	}
	if c.clock.floor > c.clock.watermark {
		return snapshot.Refuse(at, "watermark", c.clock.watermark.time(), "not before the time before which all is late")
	}
	if err := s.bit("whether an event was seen", &c.any); err != nil {
		return err
	}
	at = s.r.Offset()
	if err := s.instant(&c.latest); err != nil {
		return err
	}
	if c.any && !(inRange(c.latest) && c.tellsLatest()) || !c.any && c.latest != math.MinInt64 {
		return snapshot.Refuse(at, "latest time", c.latest.time(), "one ahead of the watermark, or none")
	}
	least := never
	at = s.r.Offset()
	for i := range c.clock.sources {
		one := &c.clock.sources[i]
		if err := s.instant(&one.at); err != nil {
			return err
		}
		if err := s.bit("whether a source is idle", &one.idle); err != nil {
			return err
		}
		if !one.idle {
			least = min(least, one.at)
		}
	}
	if least != never && least > c.clock.watermark {
		return snapshot.Refuse(at, "watermark of the sources", least.time(), "not behind that of all of them")
	}
	return nil
}

// inRange reports whether an event can be of a time.
func inRange(at instant) bool {
	const first = eventtime.FirstSecond * 1e9
	return at >= first && at <= eventtime.LastSecond*1e9+999_999_999
}

func (s *restorer[T, K, A]) instant(to *instant) error {
	v, err := s.r.Varint()
	*to = instant(v)
	return err
}

func (s *restorer[T, K, A]) bit(what string, to *bool) error {
	at := s.r.Offset()
	v, err := s.r.Uvarint()
	if err == nil && v > 1 {
		err = snapshot.Refuse(at, what, v, "0 or 1")
	}
	*to = v == 1
	return err
}

// count reads a number of events or sessions.
func (s *restorer[T, K, A]) count(what string) (int, error) {
	at := s.r.Offset()
	v, err := s.r.Uvarint()
	if err == nil && v > math.MaxInt32 {
		err = snapshot.Refuse(at, what, v, "at most 2147483647")
	}
	return int(v), err
}

func (s *restorer[T, K, A]) reason(to *Reason) error {
	at := s.r.Offset()
	v, err := s.r.Uvarint()
	if err == nil && (v < uint64(ReasonGap) || v > uint64(ReasonEvents)) {
		err = snapshot.Refuse(at, "reason", v, "one of the reasons")
	}
	*to = Reason(v)
	return err
}

// hull reads the times of a run.
func (s *restorer[T, K, A]) hull(to *run) error {
	at := s.r.Offset()
	if err := s.instant(&to.from); err != nil {
		return err
	}
	length, err := s.r.Uvarint()
	if err != nil {
		return err
	}
	gap, err := s.r.Uvarint()
	if err != nil {
		return err
	}
	to.to = to.from + instant(length)
	if !inRange(to.from) || to.to < to.from || !inRange(to.to) {
		return snapshot.Refuse(at, "times of a session", fmt.Sprintf("%d and %d more", int64(to.from), length), "in the years 1677 to 2262")
	}
	most := uint64(to.to.plus(s.core.rules.gap)) - uint64(to.to)
	if gap < 1 || gap > most || s.core.rules.gapOf == nil && gap != most {
		return snapshot.Refuse(at, "gap of a session", gap, fmt.Sprintf("that of its events, at most %d", most))
	}
	to.reach = to.to + instant(gap)
	return nil
}

// readKey reads a key and what is known of it. It must come behind those read before it.
func (s *restorer[T, K, A]) readKey() error {
	c := s.core
	at := s.r.Offset()
	var k K
	if err := snapshot.ReadRecord(s.r, "key", s.keyCodec, &k); err != nil {
		return err
	}
	if c.hasher.Dynamic() {
		if err := c.hasher.Check(&k); err != nil {
			return snapshot.Refuse(at, "key", err, "one that can be compared")
		}
	}
	key, err := c.number(k)
	if err != nil {
		return err
	}
	if key != len(c.slots) {
		return snapshot.Refuse(at, "key", k, "another")
	}
	if key > 0 {
		d, err := s.compareKeys(key-1, key)
		if err != nil {
			return err
		}
		if d >= 0 {
			return snapshot.Refuse(at, "key", k, "one behind that before it")
		}
	}
	v, err := c.slot(key)
	if err != nil {
		return err
	}
	if err := s.readTail(v); err != nil {
		return err
	}
	if err := s.readSessions(key); err != nil {
		return err
	}
	if v.empty() {
		return snapshot.Refuse(at, "key", k, "one of which something is known")
	}
	low := v.low
	c.use(v)
	v.low = low
	before := v.tail.count
	if err := c.freeze(v); err != nil {
		return err
	}
	if v.tail.count != before {
		return snapshot.Refuse(at, "key", k, "one without a session that is forgotten")
	}
	return c.schedule(key)
}

func (s *restorer[T, K, A]) readTail(v *visits[T]) (err error) {
	var is bool
	if err := s.bit("whether there is a tail", &is); err != nil {
		return err
	}
	at := s.r.Offset()
	if !is {
		if err := s.instant(&v.low); err != nil {
			return err
		}
		if v.low > s.core.clock.watermark {
			return snapshot.Refuse(at, "time from which late events are taken", int64(v.low), "not behind the watermark")
		}
		return nil
	}
	one := closed[T]{}
	if err := s.hull(&one.run); err != nil {
		return err
	}
	if one.count, err = s.count("events of a tail"); err != nil {
		return err
	}
	if one.ordinal, err = s.count("ordinal of a tail"); err != nil {
		return err
	}
	if err := s.reason(&one.reason); err != nil {
		return err
	}
	if one.reason == ReasonEnd {
		return snapshot.Refuse(at, "reason of a tail", one.reason, "another")
	}
	if one.count == 0 || one.to >= s.core.clock.watermark {
		return snapshot.Refuse(at, "tail", fmt.Sprintf("%d events to %s", one.count, one.to.time()), "some before the watermark")
	}
	if s.core.rules.looks() || s.core.rules.tie != nil {
		last := held[T]{at: one.to, reach: one.reach}
		if err := snapshot.ReadRecord(s.r, "event", s.eventCodec, &last.value); err != nil {
			return err
		}
		one.events = []held[T]{last}
	}
	return s.core.seal(v, &one)
}

// readSessions reads the sessions and events of a key behind its tail.
func (s *restorer[T, K, A]) readSessions(key int) error {
	c := s.core
	v, now := &c.slots[key], c.clock.watermark
	start := s.r.Offset()
	n, err := s.count("sessions given out")
	if err != nil {
		return err
	}
	if n > 0 && !c.revises {
		return snapshot.Refuse(start, "sessions given out", n, "0: none may change")
	}
	var given []closed[T]
	events := 0
	for range n {
		one := closed[T]{}
		if one.count, err = s.count("events of a session"); err != nil {
			return err
		}
		if err := s.reason(&one.reason); err != nil {
			return err
		}
		given = append(given, one)
		if events += one.count; one.count == 0 || events < 0 {
			return snapshot.Refuse(start, "events of a session", one.count, "positive, and not too many")
		}
	}
	if v.open.count, err = s.count("events of the open session"); err != nil {
		return err
	}
	if v.open.count > 0 && !c.keeps {
		if err := s.hull(&v.open.run); err != nil {
			return err
		}
		if v.open.to >= now || c.rules.closes(v.open.reach) <= now {
			return snapshot.Refuse(start, "open session", v.open.to.time(), "one that the watermark has reached and not closed")
		}
		if first := (held[T]{at: v.open.from, reach: v.open.reach}); c.touches(&v.tail, &first) || v.tail.count == 0 && first.at < v.low {
			return snapshot.Refuse(start, "open session", v.open.from.time(), "apart from that before it")
		}
	}
	if c.opts.EveryChange && v.open.count > 0 {
		return snapshot.Refuse(start, "events of the open session", v.open.count, "0: every session is given out")
	}
	waiting, err := s.count("pending events")
	if err != nil {
		return err
	}
	if c.opts.EveryChange && waiting > 0 {
		return snapshot.Refuse(start, "pending events", waiting, "0: every session is given out")
	}
	c.held += int64(v.open.count) + int64(waiting)

	kept := events
	if c.keeps {
		kept += v.open.count
	}
	one := eventReader[T, K, A]{restorer: s, tail: &v.tail, low: v.low}
	list, err := one.read(kept)
	if err != nil {
		return err
	}
	if err := s.place(key, list, given, start); err != nil {
		return err
	}
	for range waiting {
		at := s.r.Offset()
		e, err := one.next()
		if err != nil {
			return err
		}
		if e.at < now {
			return snapshot.Refuse(at, "time of a pending event", e.at.time(), "not before the watermark")
		}
		if err := c.hold(&e); err != nil {
			return err
		}
		if err := v.pending.push(&c.rules, c.acct, &e); err != nil {
			return err
		}
	}
	return nil
}

// place divides events that are in order into sessions, which must be the given ones and the open one.
func (s *restorer[T, K, A]) place(key int, list []held[T], given []closed[T], start int64) error {
	c := s.core
	v, now := &c.slots[key], c.clock.watermark
	if len(list) == 0 {
		return nil
	}
	sessions := c.divide(key, list, &v.tail.run)
	want := len(given)
	if c.keeps && v.open.count > 0 {
		want++
	}
	if len(sessions) != want {
		return snapshot.Refuse(start, "number of sessions", want, len(sessions))
	}
	for i := range given {
		if given[i].count != sessions[i].count {
			return snapshot.Refuse(start, "events of a session", given[i].count, sessions[i].count)
		}
		if !c.opts.EveryChange && sessions[i].reason != given[i].reason {
			return snapshot.Refuse(start, "reason of a session", given[i].reason, sessions[i].reason)
		}
		if !c.opts.EveryChange && sessions[i].at > now || sessions[i].at.plus(c.late) <= now {
			return snapshot.Refuse(start, "session given out", sessions[i].at.time(), "one that has closed and is not final")
		}
		if sessions[i].reason != given[i].reason {
			sessions[i].shown = given[i].reason
		}
	}
	last := &sessions[len(sessions)-1]
	if !c.opts.EveryChange && last.to >= now {
		return snapshot.Refuse(start, "last event before the pending ones", last.to.time(), "before the watermark")
	}
	if len(sessions) > len(given) {
		if last.at <= now {
			return snapshot.Refuse(start, "open session", last.at.time(), "one that is not closed")
		}
		v.open = last.series
		sessions = sessions[:len(given)]
	}
	if len(given) > 0 {
		v.given = sessions[:len(given):len(given)]
		return c.acct.Grow(int64(cap(v.given)) * sizeOf[closed[T]]())
	}
	return nil
}

// eventReader reads the events of one key, in order.
type eventReader[T any, K comparable, A any] struct {
	*restorer[T, K, A]
	tail *tail[T]
	low  instant // where there is no tail
	any  bool
	last held[T]
}

// read reads n events, and books them.
func (s *eventReader[T, K, A]) read(n int) (list []held[T], err error) {
	for range n {
		e, err := s.next()
		if err != nil {
			return nil, err
		}
		if err := s.core.hold(&e); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	list = list[:len(list):len(list)]
	return list, s.core.acct.Grow(int64(len(list)) * sizeOf[held[T]]())
}

func (s *eventReader[T, K, A]) next() (e held[T], err error) {
	c := s.core
	start := s.r.Offset()
	if s.any {
		more, err := s.r.Uvarint()
		if err != nil {
			return e, err
		}
		if e.at = s.last.at + instant(more); more > math.MaxInt64 || e.at < s.last.at {
			return e, snapshot.Refuse(start, "distance of an event", more, "one in range")
		}
	} else if err := s.instant(&e.at); err != nil {
		return e, err
	}
	if !inRange(e.at) {
		return e, snapshot.Refuse(start, "time of an event", int64(e.at), "one in the years 1677 to 2262")
	}
	e.reach = e.at.plus(c.rules.gap)
	if c.rules.gapOf != nil {
		at := s.r.Offset()
		gap, err := s.r.Uvarint()
		if err != nil {
			return e, err
		}
		if gap < 1 || gap > uint64(e.reach)-uint64(e.at) {
			return e, snapshot.Refuse(at, "gap of an event", gap, fmt.Sprintf("positive and at most %d", c.rules.gap))
		}
		e.reach = e.at + instant(gap)
	}
	if c.revises {
		revision, err := s.count("revision of an event")
		if err != nil {
			return e, err
		}
		e.revision = int32(revision)
	}
	at := s.r.Offset()
	if err := snapshot.ReadRecord(s.r, "event", s.eventCodec, &e.value); err != nil {
		return e, err
	}
	e.seq = c.seq
	c.seq++
	if s.any && !c.rules.orders(&s.last, &e) {
		return e, snapshot.Refuse(at, "event", e.at.time(), "one that orders behind that before it")
	}
	if !s.any && (c.touches(s.tail, &e) || s.tail.count == 0 && e.at < s.low) {
		return e, snapshot.Refuse(at, "event", e.at.time(), "one apart from the session before it")
	}
	s.any, s.last = true, e
	return e, nil
}
