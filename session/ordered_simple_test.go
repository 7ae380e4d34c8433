package session

import (
	"slices"

	"github.com/millrace-go/millrace/internal/table"
	"github.com/millrace-go/millrace/stream"
)

// The plain engine for input in order, which the laws hold the other one to.

// simpleSession is a session that later events may join, linked to those that end before and after it.
type simpleSession[A any] struct {
	span         // count 0: none is open for this key
	acc    A     // of the events so far
	booked int64 // bytes of acc, by Fold.Size
	prev   int   // the key whose session ends before this one or with it; none at the front
	next   int   // the key whose session ends after this one or with it; none at the back
}

// simpleSessions are the sessions of an input in order of time that an event may still join. As the input is
// in order, the session touched last is the one that ends last: moving it to the back keeps the list in order
// of end, and the sessions to close are always at its front.
//
//	front  c[3,5] <-> a[0,9] <-> b[8,12]  back          a@14 joins:  c[3,5] <-> b[8,12] <-> a[0,14]
//	                                                    a@16 (gap 10) first closes c
//
// Invariants:
//  1. from front to back, ends do not descend;
//  2. the list holds exactly the keys k with slots[k].count > 0, and live is their number;
//  3. keys and slots have the same length, at most 2*live+idleKeys after tidy.
type simpleSessions[T any, K comparable, A any] struct {
	*intake[T, K]
	fold        stream.Fold[T, A]
	slots       []simpleSession[A] // by key
	front, back int
	live        int
	ready       []int // keys that close together, reused
}

// idleKeys is how many keys without an open session are kept before the table is rebuilt.
const idleKeys = 64

// orderedSimply is ordered, event by event, with a list of the open sessions by end.
func orderedSimply[T any, K comparable, A any](s stream.Seq[T], q *query[T, K], f stream.Fold[T, A]) stream.Seq[Folded[K, A]] {
	return func(yield func(Folded[K, A], error) bool) {
		in, err := q.open()
		if err != nil {
			yield(Folded[K, A]{}, err)
			return
		}
		defer in.close()
		o := &simpleSessions[T, K, A]{intake: in, fold: f, front: none, back: none}
		var latest int64 // position of the event of in.latest
		for v, err := range s {
			if err != nil {
				yield(Folded[K, A]{}, err)
				return
			}
			key, at, ok, err := in.admit(v)
			if err == nil && ok && in.any && at.before(in.latest) {
				err = &OrderError{Func: q.fn, Position: in.stats.In - 1, Time: at.time(), PrevPosition: latest, PrevTime: in.latest.time()}
			}
			if err != nil {
				yield(Folded[K, A]{}, err)
				return
			}
			if !ok {
				continue
			}
			in.see(at)
			latest = in.stats.In - 1
			if !o.close(at, yield) {
				return
			}
			if err := o.add(key, at, v); err != nil {
				yield(Folded[K, A]{}, err)
				return
			}
		}
		if o.rest(yield) {
			in.conserved()
		}
	}
}

// add gives an event to the session of its key, which is open or is opened. Sessions too old for at must be
// closed.
func (o *simpleSessions[T, K, A]) add(key int, at instant, v T) error {
	if key == len(o.slots) {
		var err error
		if o.slots, err = grow(o.acct, o.slots, blockMin); err != nil {
			return err
		}
		o.slots = append(o.slots, simpleSession[A]{})
	}
	s := &o.slots[key]
	if s.count == 0 {
		s.span = spanOf(key, at)
		s.acc = o.fold.Init()
		o.live++
	} else {
		o.unlink(key)
		s.setEnd(at)
		s.count++
	}
	o.pushBack(key)
	if o.fold.Add != nil {
		o.fold.Add(&s.acc, v)
	}
	if o.fold.Size != nil {
		size := int64(o.fold.Size(&s.acc))
		if size > s.booked {
			if err := o.acct.Grow(size - s.booked); err != nil {
				return err
			}
			s.booked = size
		}
	}
	return o.tidy()
}

// close yields the sessions that no event from now on can join, and reports whether to go on.
func (o *simpleSessions[T, K, A]) close(now instant, yield func(Folded[K, A], error) bool) bool {
	for o.front != none && o.rule.splits(o.slots[o.front].end(), now) {
		if !o.closeFront(yield) {
			return false
		}
	}
	return true
}

// rest yields what is open when the input has ended, and reports whether all of it was taken.
func (o *simpleSessions[T, K, A]) rest(yield func(Folded[K, A], error) bool) bool {
	for o.front != none {
		if !o.closeFront(yield) {
			return false
		}
	}
	return true
}

// closeFront yields the sessions of the least end in the order of output: they leave the list together.
func (o *simpleSessions[T, K, A]) closeFront(yield func(Folded[K, A], error) bool) bool {
	end := o.slots[o.front].end()
	o.ready = o.ready[:0]
	for o.front != none && o.slots[o.front].end() == end {
		o.ready = append(o.ready, o.front)
		o.unlink(o.front)
	}
	if len(o.ready) > 1 {
		slices.SortFunc(o.ready, func(a, b int) int { return o.compare(&o.slots[a].span, &o.slots[b].span) })
	}
	for _, key := range o.ready {
		s := o.slots[key]
		o.slots[key] = simpleSession[A]{}
		o.acct.Shrink(s.booked)
		o.live--
		o.yielded(&s.span)
		if !yield(Folded[K, A]{Session: o.session(&s.span), Value: s.acc}, nil) {
			return false
		}
	}
	return true
}

func (o *simpleSessions[T, K, A]) unlink(key int) {
	s := &o.slots[key]
	if s.prev == none {
		o.front = s.next
	} else {
		o.slots[s.prev].next = s.next
	}
	if s.next == none {
		o.back = s.prev
	} else {
		o.slots[s.next].prev = s.prev
	}
}

func (o *simpleSessions[T, K, A]) pushBack(key int) {
	s := &o.slots[key]
	s.prev, s.next = o.back, none
	if o.back == none {
		o.front = key
	} else {
		o.slots[o.back].next = key
	}
	o.back = key
}

// tidy forgets the keys without an open session once they are the greater part: a rebuild of n keys has n/2
// closed sessions to pay for it.
func (o *simpleSessions[T, K, A]) tidy() error {
	if len(o.slots) <= 2*o.live+idleKeys {
		return nil
	}
	old := o.slots
	slots, err := resize[simpleSession[A]](o.acct, nil, o.live+idleKeys)
	if err != nil {
		return err
	}
	rebuilt := table.New(o.hasher)
	key := o.front
	o.front, o.back = none, none
	for key != none {
		s := &old[key]
		to, _ := rebuilt.Upsert(*o.keys.Key(key))
		slots = append(slots, *s)
		slots[to].key = to
		key = s.next
	}
	if err := o.acct.Grow(rebuilt.Bytes()); err != nil {
		return err
	}
	o.acct.Shrink(o.bytes)
	o.keys, o.bytes = rebuilt, rebuilt.Bytes()
	o.slots = slots
	for to := range slots {
		o.pushBack(to)
	}
	o.acct.Shrink(int64(cap(old)) * sizeOf[simpleSession[A]]())
	return nil
}
