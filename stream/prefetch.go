package stream

import "sync"

// Prefetch yields the elements of s, in order, and runs s on a goroutine of its own up to n elements ahead of the
// consumer: reading and working overlap. One that is read can be taken at once, however slow the next one is.
//
// Memory: n elements, with room for them made up front. n is from 1 to 1,048,576, or the stream is an *OptionError.
// Laziness: the source starts with the first pull, and up to n elements are read before they are asked for; with a live
// or single-use source those are lost on a break.
// Errors: in their place, after the elements before them; so are a panic of s (as a *PanicError) and a Goexit.
// Concurrency: s runs on another goroutine than its consumer; it has ended when the for ends. A break waits for s to
// give its next element, or to end.
//
// With a source that costs 3 ns an element took 10 to 14 ns (decision note 0013), and each time that one side has to
// sleep until the other wakes it costs more: it pays where both sides do real work.
func Prefetch[T any](s Seq[T], n int) Seq[T] {
	needSeq(s, "Prefetch")
	return func(yield func(T, error) bool) {
		var zero T
		if err := checkAhead("Prefetch", "n", n); err != nil {
			yield(zero, err)
			return
		}
		ahead := newBelt[T](n, 1, nil)
		var source sync.WaitGroup
		defer func() {
			ahead.halt()
			source.Wait()
			_ = ahead.cleanUp.rethrow()
		}()
		source.Go(func() { ahead.fill(s) })
		in := &ahead.readers[0]
		for {
			v, ok := in.take()
			if ok {
				if !yield(v, nil) {
					return
				}
				continue
			}
			if in.ended() {
				break
			}
			in.await()
		}
		source.Wait()
		if err := ahead.end.rethrow(); err != nil {
			yield(zero, err)
		}
	}
}
