package stream

import (
	"math"
	"math/bits"
	"sync/atomic"
)

// belt hands elements from one goroutine to others, each of which sees all of them in order. What is read ahead is
// bounded by its size, and an element can be taken as soon as it is put: a source that then blocks holds nothing back.
//
//	          slowest reader       tail
//	                v                v
//	[ free | free | a | b | c | d | free | free ]
//
// Putting an element costs two stores (one of them atomic) and a load for each reader's gate; a goroutine sleeps, and is
// woken, only where it has run into the other's end, and a writer that met a full belt sleeps until a quarter is free.
//
// Invariants:
//  1. Each reader's head <= tail <= the slowest reader's head + size.
//  2. The writer alone writes a slot, and only while no reader has it between head and tail.
//  3. end and cleanUp are written before closed is set, and not after.
type belt[T any] struct {
	slots []T // a power of two
	mask  int64
	size  int64 // how many elements may be ahead of the slowest reader; at most len(slots)

	// The writer's own.
	next    int64 // position of the next element
	room    int64 // below it slots are known to be free
	end     outcome
	cleanUp outcome // of a source that was told that no more is wanted: its consumer, who has left, still gets a panic

	_       [64]byte // the lines below are written by one side and read by the other
	tail    atomic.Int64
	_       [56]byte
	halted  atomic.Bool // nobody wants more elements
	closed  atomic.Bool // there will be none: see end
	cut     atomic.Bool // readers shall not sleep, whatever is there
	writer  gate
	readers []reader[T]
}

// maxAhead bounds every option that says how many elements may be read ahead: their slots are allocated up front.
const maxAhead = 1 << 20

// checkAhead returns an *OptionError if n is not a number of elements to read ahead.
func checkAhead(fn, option string, n int) error {
	if n < 1 || n > maxAhead {
		return &OptionError{Package: "stream", Func: fn, Option: option, Got: n, Want: "from 1 to 1048576"}
	}
	return nil
}

// newBelt makes a belt of the given size for that many readers, each woken through wake, or through a gate of its own
// where wake is nil.
func newBelt[T any](size, readers int, wake *gate) *belt[T] {
	n := int64(1) << bits.Len(uint(size-1))
	b := &belt[T]{
		slots: make([]T, n), mask: n - 1, size: int64(size), room: int64(size),
		writer: newGate(), readers: make([]reader[T], readers),
	}
	for i := range b.readers {
		rd := &b.readers[i]
		*rd = reader[T]{belt: b, step: max(n/4, 1), wake: wake}
		if wake == nil {
			own := newGate()
			rd.wake = &own
		}
	}
	return b
}

// fill puts all of s, on the goroutine it is called on, and closes the belt with how s ended.
func (b *belt[T]) fill(s Seq[T]) {
	var o outcome
	refused := false
	defer func() {
		if refused {
			b.cleanUp, o = o, outcome{}
		}
		b.close(o)
	}()
	o.catch(func() error {
		for v, err := range s {
			if err != nil {
				return err
			}
			if refused = !b.put(v); refused {
				return nil
			}
		}
		return nil
	})
}

// put appends an element, and waits until there is room for another. It reports false where no more are wanted.
func (b *belt[T]) put(v T) bool {
	b.slots[b.next&b.mask] = v
	b.next++
	b.tail.Store(b.next)
	for i := range b.readers {
		b.readers[i].wake.open()
	}
	if b.next == b.room {
		b.waitForRoom()
	}
	return !b.halted.Load()
}

func (b *belt[T]) waitForRoom() {
	for !b.roomy() {
		b.writer.arm(anything)
		if b.roomy() {
			b.writer.disarm()
			return
		}
		b.writer.sleep()
	}
}

// roomy looks how far the readers are. It is also true when nobody wants more.
func (b *belt[T]) roomy() bool {
	slowest := int64(math.MaxInt64 - maxAhead)
	for i := range b.readers {
		slowest = min(slowest, b.readers[i].head.Load())
	}
	b.room = slowest + b.size
	return b.next < b.room || b.halted.Load()
}

// close says that there will be no more elements, and why.
func (b *belt[T]) close(end outcome) {
	b.end = end
	b.closed.Store(true)
	for i := range b.readers {
		b.readers[i].wake.open()
	}
}

// halt makes the writer stop after the element it is at.
func (b *belt[T]) halt() {
	b.halted.Store(true)
	b.writer.open()
}

// wakeAll makes the writer stop, and readers look up; they sleep no more.
func (b *belt[T]) wakeAll() {
	b.cut.Store(true)
	b.halt()
	for i := range b.readers {
		b.readers[i].wake.open()
	}
}

// reader is one consumer's place in a belt.
type reader[T any] struct {
	belt *belt[T]
	wake *gate

	// The reader's own.
	next int64 // position of the next element
	seen int64 // the tail when it was last looked at
	step int64 // elements taken before their slots are given back, a power of two

	_    [64]byte
	head atomic.Int64 // below it this reader needs no slot
	_    [56]byte
}

// take returns the next element, if it is there.
func (r *reader[T]) take() (v T, ok bool) {
	if r.next == r.seen {
		if r.seen = r.belt.tail.Load(); r.next == r.seen {
			return v, false
		}
	}
	v = r.belt.slots[r.next&r.belt.mask]
	r.next++
	if r.next&(r.step-1) == 0 || r.next == r.seen {
		r.giveBack()
	}
	return v, true
}

func (r *reader[T]) giveBack() {
	r.head.Store(r.next)
	r.belt.writer.open()
}

// ended reports that all has been taken and no more will come: the belt's end can be looked at.
func (r *reader[T]) ended() bool { return r.belt.closed.Load() && r.belt.tail.Load() == r.next }

// ready reports that there is an element or the end, or that nobody shall sleep.
func (r *reader[T]) ready() bool {
	return r.belt.tail.Load() != r.next || r.belt.closed.Load() || r.belt.cut.Load()
}

// await sleeps until the reader is ready. It must have a gate of its own.
func (r *reader[T]) await() {
	r.wake.arm(anything)
	if r.ready() {
		r.wake.disarm()
		return
	}
	r.wake.sleep()
}

// leave gives up the reader's place: it holds the writer back no longer.
func (r *reader[T]) leave() {
	r.head.Store(math.MaxInt64 - maxAhead)
	r.belt.writer.open()
}
