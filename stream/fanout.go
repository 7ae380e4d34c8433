package stream

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
)

// fanOut is one call of Broadcast or SplitByKey: the caller's goroutine runs the source and puts each element into a
// belt; each consumer takes from its reader of a belt, on a goroutine of its own.
//
// How it fails: a consumer that fails stops the source, but takes nothing from the others that was put before: they go
// on to the end of their belts, and only there meet errOthers. As elements are put in the order of their positions,
// everybody who fails at a smaller position does so in every run, and the smallest position is what the call returns. A
// done context ends all at once, wherever they are.
type fanOut[T any] struct {
	name  string // "Broadcast"
	ctx   context.Context
	belts []*belt[placed[T]]

	errOthers error // what consumers are given whose source was stopped for no reason of theirs

	consumers sync.WaitGroup
	present   atomic.Int32 // consumers that may still want elements
	cancelled atomic.Bool  // the context is done
	unheeded  atomic.Bool  // somebody was cut off by it

	mu    sync.Mutex
	first failure // guarded by mu until all have ended
}

// placed is an element with its position in the source.
type placed[T any] struct {
	value T
	at    int64
}

// failure is how a consumer failed by itself.
type failure struct {
	outcome
	at       int64 // position of the last element it took; -1: none
	consumer int
}

// before says which of two failures one loop over the source, calling consumer after consumer, would have met first.
func (f failure) before(g failure) bool {
	return !g.failed() || f.at < g.at || f.at == g.at && f.consumer < g.consumer
}

// aheadOfConsumers is how many elements may wait for a consumer unless its options say otherwise.
const aheadOfConsumers = 256

func newFanOut[T any](ctx context.Context, name string, consumers int) *fanOut[T] {
	f := &fanOut[T]{
		name: name, ctx: ctx,
		errOthers: fmt.Errorf("stream: %s: stopped because another part of it failed: %w", name, context.Canceled),
	}
	f.present.Store(int32(consumers))
	return f
}

// start gives a consumer its reader, and a goroutine. All belts must be there.
func (f *fanOut[T]) start(number int, in *reader[placed[T]], consume func(Seq[T]) error) {
	p := &place[T]{fanOut: f, in: in, at: -1}
	f.consumers.Go(func() {
		var o outcome
		defer func() {
			p.used.take("")
			p.leave()
			f.ended(failure{outcome: o, at: p.at, consumer: number}, p.cutOff)
		}()
		o.catch(func() error { return consume(p.elements) })
	})
}

// ended books how a consumer ended. One that was cut off and says so is no failure of its own.
func (f *fanOut[T]) ended(how failure, cutOff bool) {
	if !how.failed() || cutOff && how.err != nil {
		return
	}
	f.mu.Lock()
	if how.before(f.first) {
		f.first = how
	}
	f.mu.Unlock()
	for _, b := range f.belts {
		b.halt()
	}
}

// cancel ends everything, because the context is done.
func (f *fanOut[T]) cancel() {
	f.cancelled.Store(true)
	for _, b := range f.belts {
		b.wakeAll()
	}
}

// run puts the elements of s into the belts that route names, waits for the consumers, and returns the first failure.
func (f *fanOut[T]) run(s Seq[T], route func(v T, at int64) (belt int, err error)) error {
	told := make(chan struct{})
	untie := context.AfterFunc(f.ctx, func() {
		defer close(told)
		f.cancel()
	})
	end := f.errOthers // unless feed returns
	func() {
		defer func() {
			for _, b := range f.belts {
				b.close(outcome{err: end})
			}
			f.consumers.Wait()
			if !untie() {
				<-told
			}
		}()
		end = f.feed(s, route)
	}()
	switch {
	case f.first.failed():
		return fmt.Errorf("stream: %s: consumer %d: %w", f.name, f.first.consumer, f.first.rethrow())
	case f.unheeded.Load():
		return context.Cause(f.ctx)
	case end == f.errOthers:
		return nil // nobody wanted more
	}
	return end
}

// feed runs the source, and returns what the belts shall end with.
func (f *fanOut[T]) feed(s Seq[T], route func(T, int64) (int, error)) error {
	at := int64(0)
	for v, err := range s {
		if err != nil {
			return err
		}
		i, err := route(v, at)
		if err != nil {
			return err
		}
		if !f.belts[i].put(placed[T]{value: v, at: at}) {
			if f.cancelled.Load() {
				f.unheeded.Store(true)
				return context.Cause(f.ctx)
			}
			return f.errOthers
		}
		at++
	}
	return nil
}

// place is one consumer's.
type place[T any] struct {
	*fanOut[T]
	in     *reader[placed[T]]
	used   singleUse
	left   bool
	at     int64 // position of the last element it took; -1: none
	cutOff bool  // it was given an error instead of the rest
}

// atEnd is the position of a consumer that has been told that there is nothing more: behind all elements.
const atEnd = math.MaxInt64

// elements is the Seq that the consumer gets.
func (p *place[T]) elements(yield func(T, error) bool) {
	var zero T
	if err := p.used.take("stream: " + p.name + ": the elements of a consumer"); err != nil {
		yield(zero, err)
		return
	}
	defer p.leave()
	for {
		if p.cancelled.Load() {
			p.unheeded.Store(true)
			p.cutOff = true
			yield(zero, context.Cause(p.ctx))
			return
		}
		if e, ok := p.in.take(); ok {
			p.at = e.at
			if !yield(e.value, nil) {
				return
			}
			continue
		}
		if p.in.ended() {
			p.at = atEnd
			if err := p.in.belt.end.err; err != nil {
				p.cutOff = true
				yield(zero, err)
			}
			return
		}
		p.in.await()
	}
}

// leave says that the consumer wants no more elements. The last to leave stops the source.
func (p *place[T]) leave() {
	if p.left {
		return
	}
	p.left = true
	p.in.leave()
	if p.present.Add(-1) == 0 {
		for _, b := range p.belts {
			b.halt()
		}
	}
}
