package stream

import (
	"reflect"
	"runtime"
)

// ParallelOptions set how ParallelMap works. The zero value: as many workers as the program may use processors, output
// in input order.
type ParallelOptions struct {
	// Workers is how many calls may be under way at once. 0: GOMAXPROCS, right where the function computes. Where
	// it waits (for a request, a disk), say how many requests the other side should see.
	Workers int

	// InFlight bounds how many elements may have been read and not yet been yielded. 0: by the time that calls take,
	// from 16 per worker where they are slow (above some 20 microseconds) to as many per worker as 64 KiB hold of T and U
	// together, but no fewer than 512 and no more than 2,048; at most 1,048,576 in all. It is also how far
	// results can overtake a slow one where Unordered is set.
	InFlight int

	// Chunk is the most elements a worker takes at a time. 0: as many as take it some 20 microseconds, from 1 to
	// 256, and no more than its share of what is there, unless that takes about a microsecond. Elements in a worker's
	// hands wait for it: set 1 where single elements are a thousand times slower than most.
	Chunk int

	// Unordered yields results as they are ready: a slow element does not hold back those behind it.
	Unordered bool
}

// Sizes and rates of the default options; see the decision notes 0013 and 0017.
const (
	leastPerWorker = 16   // in flight, where calls are slow
	largePerWorker = 512  // in flight, where they are not, of large elements
	mostPerWorker  = 2048 // in flight, where they are not, of small ones
	bytesPerWorker = 64 << 10
	mostPerClaim   = 256
)

// check gives the options their defaults, for elements and results that take so many bytes together.
func (o ParallelOptions) check(size uintptr) (ParallelOptions, error) {
	wrong := func(option string, got int, want string) error {
		return &OptionError{Package: "stream", Func: "ParallelMap", Option: option, Got: got, Want: want}
	}
	switch {
	case o.Workers < 0 || o.Workers > maxAhead:
		return o, wrong("Workers", o.Workers, "from 0 to 1048576")
	case o.InFlight < 0 || o.InFlight > maxAhead:
		return o, wrong("InFlight", o.InFlight, "from 0 to 1048576")
	case o.Chunk < 0:
		return o, wrong("Chunk", o.Chunk, "0 or positive")
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.InFlight == 0 {
		fit := bytesPerWorker / int(min(max(size, 1), bytesPerWorker))
		o.InFlight = min(min(max(fit, largePerWorker), mostPerWorker), maxAhead/o.Workers) * o.Workers
	}
	o.Workers = min(o.Workers, o.InFlight)
	return o, nil
}

// ParallelMap is TryMap on several goroutines: it yields what fn makes of each element, and ends with fn's first error
// as it is. fn is called from several goroutines at once.
//
// Order: the input's, whatever the workers; with Unordered that of completion.
// Memory: InFlight elements and results, with room for them made up front.
// Laziness: the source starts with the first pull; up to InFlight elements are read before they are asked for, and fn
// is called with them. With a live or single-use source those are lost on a break. A result is yielded as soon as it is
// its turn, however long the source or fn then takes.
// Errors: the one of the smallest position comes out, the source's or fn's, after the results of all elements before it,
// ordered or not: the same as without workers. So do a panic of fn or s (as a *PanicError) and a Goexit. Calls behind
// it that are under way are waited for, and what they make is dropped.
// Concurrency: the source runs on a goroutine of its own, fn on Workers more; all have ended when the for ends. A break
// waits for the calls under way, and for s to give its next element: where a call may take long, give it a context
// that you cancel before you break.
//
// An element costs some 25 ns of processor time more than with TryMap: with 78 ns of work the serial loop took 1.4 to 1.7
// times as long as two workers on two processors (decision note 0017). Where the work is much less than that, measure before
// you use it.
func ParallelMap[T, U any](s Seq[T], fn func(T) (U, error), o ParallelOptions) Seq[U] {
	needSeq(s, "ParallelMap")
	needFunc(fn == nil, "ParallelMap", "function")
	return func(yield func(U, error) bool) {
		var zero U
		suits := o.InFlight == 0
		o, err := o.check(reflect.TypeFor[T]().Size() + reflect.TypeFor[U]().Size())
		if err != nil {
			yield(zero, err)
			return
		}
		c := newCrew[T, U](o, suits)
		defer func() {
			c.stop()
			c.goroutines.Wait()
			_ = c.cleanUp.rethrow()
		}()
		c.start(s, fn)
		if o.Unordered {
			if !c.deliverUnordered(yield) {
				return
			}
		} else if !c.deliver(yield) {
			return
		}
		c.goroutines.Wait()
		if err := c.end.rethrow(); err != nil {
			yield(zero, err)
		}
	}
}
