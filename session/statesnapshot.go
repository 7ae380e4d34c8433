package session

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/roomerr"
	"github.com/millrace-go/millrace/internal/snapshot"
	"github.com/millrace-go/millrace/stream"
)

// The payload of a snapshot of a State, in the frame of internal/snapshot (uvarint and varint as in encoding/binary;
// times are nanoseconds since 1970; a record is the uvarint of its bytes, then the bytes of a codec):
//
//	varint   watermark; the least int64: none yet
//	varint   the time before which all is late
//	uvarint  1 where an event was seen that is not behind the watermark, otherwise 0 (Ordered: where any was seen)
//	varint   the latest time seen; the least int64 where the number before it is 0
//	for each source:
//	    varint   its watermark
//	    uvarint  1 where it is idle, otherwise 0
//	uvarint  keys, and for each in order of its two hashes, then of its bytes:
//	    record   the key
//	    uvarint  1 where a tail follows, otherwise 0; then varint: no late event before this time is taken
//	    tail:    varint from; uvarint to - from, reach - to, events, ordinal, reason; where ends are looked at: event to
//	    uvarint  sessions given out that may change, and for each: uvarint events, uvarint reason
//	    uvarint  events of the open session; where events are not kept: varint from, uvarint to - from, reach - to
//	    uvarint  pending events
//	    events:  those of the sessions given, of the open one (where events are kept), and the pending ones, in order
//	uvarint  each of Stats, in the order of its fields
//	uvarint  position of the latest event
//
//	event    varint   time, the first of a key; of the others the uvarint of the distance to the one before
//	         uvarint  its gap, under GapOf
//	         uvarint  its least revision, under Lateness and EveryChange
//	         record   the event
//
// All but the last two is what later sessions depend on: Carry is its hash. Whether events before the watermark have been
// put into sessions depends on when calls were made, so that is done first: equal states are equal bytes.

var _ stream.State = (*State[int, int, int])(nil)

// Digest identifies the gap, all options that decide about sessions, and the layouts of key and event. What key, time,
// fold and the functions of the options do with an event is not in it, for functions cannot be compared: whoever changes
// them starts anew.
func (s *State[T, K, A]) Digest() uint64 {
	c := s.core
	_ = s.compile("State.Digest") // a type that cannot be written has no shape; Snapshot says so
	r, o := &c.rules, &c.opts
	var b strings.Builder
	fmt.Fprintf(&b, "session gap=%d atleast=%t gapof=%t length=%d events=%d attribute=%t predicate=%t tie=%t", r.gap, r.atLeast,
		r.gapOf != nil, r.length, r.events, r.attribute != nil, r.predicate != nil, r.tie != nil)
	if r.midnight != nil {
		fmt.Fprintf(&b, " midnight=%q", r.midnight)
	}
	fmt.Fprintf(&b, " ordered=%t disorder=%d lateness=%d every=%t sources=%d keeps=%t salt=%016x key=%s event=%s",
		o.Ordered, o.Disorder, o.Lateness, o.EveryChange, len(c.clock.sources), c.keeps, c.salt, s.keyShape, s.eventShape)
	return hash.String(b.String(), 0)
}

func (s *State[T, K, A]) header() snapshot.Header {
	return snapshot.Header{Kind: "session", Digest: s.Digest()}
}

// counts are the fields of Stats in the order of a snapshot, which is that of their declaration.
func (s *Stats) counts() [10]*int64 {
	return [...]*int64{&s.In, &s.Events, &s.Sessions, &s.Retracted, &s.Late, &s.NullKeys, &s.NullTimes, &s.BadKeys, &s.BadTimes, &s.BadGaps}
}

// Snapshot writes the state. It returns an *stream.OptionError for a key or an event that cannot be written (see
// UseCodecs), the error of out, and the state's own after one. It takes 16 bytes of memory for each key, beside the bound.
func (s *State[T, K, A]) Snapshot(out io.Writer) error {
	const op = "State.Snapshot"
	return s.write(op, out, func(w *snapshot.Writer) {
		for _, n := range s.core.stats.counts() {
			w.Uvarint(uint64(*n))
		}
		w.Uvarint(uint64(s.core.prev))
	})
}

// Carry is a SHA-256 of all that later sessions depend on: what a snapshot holds without the counts. Where an input is
// cut in pieces and one of them is mended, the pieces behind it must be run again until Carry is what it was before; from
// there on everything is as it was. Its errors are those of Snapshot.
func (s *State[T, K, A]) Carry() (sum [32]byte, err error) {
	h := sha256.New()
	if err := s.write("State.Carry", h, func(*snapshot.Writer) {}); err != nil {
		return sum, err
	}
	h.Sum(sum[:0])
	return sum, nil
}

// write writes a snapshot that ends with what last writes.
func (s *State[T, K, A]) write(op string, out io.Writer, last func(*snapshot.Writer)) error {
	if s.failed != nil {
		return s.failed
	}
	if err := s.compile(op); err != nil {
		return err
	}
	if err := s.call(s.core.settleAll); err != nil {
		return err
	}
	w := snapshot.NewWriter(out, s.header())
	order, err := s.writeClock(w)
	if err != nil {
		return fmt.Errorf("session: %s: %w", op, err)
	}
	for _, key := range order {
		if err := s.writeKey(w, key); err != nil {
			return fmt.Errorf("session: %s: %w", op, err)
		}
	}
	last(w)
	if err := w.Close(); err != nil {
		return fmt.Errorf("session: %s: %w", op, err)
	}
	return nil
}

// settleAll puts all events before the watermark in their place. It closes nothing, for no key is due.
func (c *core[T, K, A]) settleAll() error {
	for key := range c.slots {
		v := &c.slots[key]
		if !v.used {
			continue
		}
		if err := c.settle(key, c.clock.watermark); err != nil {
			return err
		}
		if v.empty() {
			v.used, v.due = false, never
			c.live--
			continue
		}
		if err := c.schedule(key); err != nil {
			return err
		}
	}
	return nil
}

func (s *State[T, K, A]) writeClock(w *snapshot.Writer) (order []int, err error) {
	c := s.core
	w.Varint(int64(c.clock.watermark))
	w.Varint(int64(c.clock.floor))
	latest := c.latest
	if !c.tellsLatest() {
		latest = math.MinInt64
	}
	w.Uvarint(bit(latest != math.MinInt64))
	w.Varint(int64(latest))
	for i := range c.clock.sources {
		w.Varint(int64(c.clock.sources[i].at))
		w.Uvarint(bit(c.clock.sources[i].idle))
	}
	order, err = s.canonical()
	w.Uvarint(uint64(len(order)))
	return order, err
}

// tellsLatest reports whether the latest time seen matters: behind the watermark it does only to say that events of an
// ordered input are not.
func (c *core[T, K, A]) tellsLatest() bool {
	return c.any && (c.opts.Ordered || c.latest >= c.clock.watermark)
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// canonical returns the keys of which something is known, in the order of a snapshot.
func (s *State[T, K, A]) canonical() (order []int, err error) {
	c := s.core
	for key := range c.slots {
		if c.slots[key].used {
			order = append(order, key)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		d, e := s.compareKeys(a, b)
		err = cmpError(err, e)
		return d
	})
	return order, err
}

func cmpError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// compareKeys orders keys by their hashes, then by their bytes.
func (s *State[T, K, A]) compareKeys(a, b int) (int, error) {
	c := s.core
	if d := cmp.Compare(c.keys.HashAt(a), c.keys.HashAt(b)); d != 0 || a == b {
		return d, nil
	}
	if d := cmp.Compare(c.hash2(a), c.hash2(b)); d != 0 {
		return d, nil
	}
	x, err := s.keyCodec.Append(nil, c.keys.Key(a))
	if err != nil {
		return 0, err
	}
	y, err := s.keyCodec.Append(nil, c.keys.Key(b))
	return slices.Compare(x, y), err
}

func (s *State[T, K, A]) writeKey(w *snapshot.Writer, key int) error {
	c := s.core
	v := &c.slots[key]
	if err := snapshot.WriteRecord(w, s.keyCodec, c.keys.Key(key)); err != nil {
		return err
	}
	w.Uvarint(bit(v.tail.count > 0))
	if v.tail.count == 0 {
		w.Varint(int64(v.low))
	} else {
		writeHull(w, &v.tail.run)
		w.Uvarint(uint64(v.tail.count))
		w.Uvarint(uint64(v.tail.ordinal))
		w.Uvarint(uint64(v.tail.reason))
		if v.tail.last != nil {
			if err := snapshot.WriteRecord(w, s.eventCodec, &v.tail.last.value); err != nil {
				return err
			}
		}
	}
	w.Uvarint(uint64(len(v.given)))
	for i := range v.given {
		w.Uvarint(uint64(v.given[i].count))
		w.Uvarint(uint64(v.given[i].says()))
	}
	w.Uvarint(uint64(v.open.count))
	if v.open.count > 0 && !c.keeps {
		writeHull(w, &v.open.run)
	}
	w.Uvarint(uint64(len(v.pending)))

	e := eventWriter[T, K, A]{s: s, w: w}
	for i := range v.given {
		if err := e.write(v.given[i].events); err != nil {
			return err
		}
	}
	if err := e.write(v.open.events); err != nil {
		return err
	}
	waiting := slices.Clone(v.pending)
	slices.SortFunc(waiting, func(a, b held[T]) int {
		if c.rules.orders(&a, &b) {
			return -1
		}
		return 1
	})
	return e.write(waiting)
}

func writeHull(w *snapshot.Writer, r *run) {
	w.Varint(int64(r.from))
	w.Uvarint(uint64(r.to) - uint64(r.from))
	w.Uvarint(uint64(r.reach) - uint64(r.to))
}

// eventWriter writes the events of one key.
type eventWriter[T any, K comparable, A any] struct {
	s    *State[T, K, A]
	w    *snapshot.Writer
	any  bool
	last instant
}

func (e *eventWriter[T, K, A]) write(events []held[T]) error {
	for i := range events {
		one := &events[i]
		if e.any {
			e.w.Uvarint(uint64(one.at) - uint64(e.last))
		} else {
			e.w.Varint(int64(one.at))
		}
		e.any, e.last = true, one.at
		if e.s.core.rules.gapOf != nil {
			e.w.Uvarint(uint64(one.reach) - uint64(one.at))
		}
		if e.s.core.revises {
			e.w.Uvarint(uint64(one.revision))
		}
		if err := snapshot.WriteRecord(e.w, e.s.eventCodec, &one.value); err != nil {
			return err
		}
	}
	return nil
}

// Restore replaces the state by a snapshot: what is pushed from here on continues it. It reads exactly one snapshot from
// in. It returns a *stream.SnapshotError for bytes that are broken or of another configuration, an *stream.OptionError
// for a key or an event that cannot be read, a *stream.LimitError, and the error of in; the state is then unchanged.
// While it runs, both the old state and the new are there, and booked with a shared budget.
func (s *State[T, K, A]) Restore(in io.Reader) error {
	const op = "State.Restore"
	if err := s.compile(op); err != nil {
		return err
	}
	r, err := snapshot.NewReader(in, s.header())
	if err != nil {
		return roomerr.Restore("session", op, err)
	}
	old := s.core
	fresh, err := newCore(&query[T, K]{fn: "New", gap: old.gap, key: old.key, at: old.at, opts: old.opts}, old.fold)
	if err != nil {
		return err
	}
	fresh.fn = old.fn
	give := fresh // whose memory is not needed: after a panic of a codec, too
	defer func() { give.acct.Close() }()
	if err := (&restorer[T, K, A]{State: &State[T, K, A]{core: fresh, codecs: s.codecs}, r: r}).read(); err != nil {
		return roomerr.Restore("session", op, err)
	}
	s.core, s.failed, give = fresh, nil, old
	return nil
}
