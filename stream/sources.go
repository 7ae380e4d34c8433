package stream

import (
	"context"
	"iter"
	"sync/atomic"
)

// Of yields the given items in order; Of(slice...) streams a slice without copying it. It allocates nothing
// per element and can run again.
func Of[T any](items ...T) Seq[T] {
	return func(yield func(T, error) bool) {
		for _, v := range items {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// From lifts a plain iterator that cannot fail (slices.Values, maps.Keys, your own) into a Seq, in its
// order. It can run again if the iterator can; a one-shot iterator (over a scanner, say) yields nothing the second
// time, which From cannot tell from an empty one. A map iterator has no stable order, so what stands on it has
// none either.
func From[T any](items iter.Seq[T]) Seq[T] {
	needFunc(items == nil, "From", "iterator")
	return func(yield func(T, error) bool) {
		items(func(v T) bool { return yield(v, nil) })
	}
}

// Fail yields err and nothing else. A nil err panics: a stream that ends well is Of().
func Fail[T any](err error) Seq[T] {
	needFunc(err == nil, "Fail", "error")
	return func(yield func(T, error) bool) {
		var zero T
		yield(zero, err)
	}
}

// Concat yields each sequence after the one before it has ended. The first error ends it: later sequences
// are not started. It can run again if all of them can.
func Concat[T any](seqs ...Seq[T]) Seq[T] {
	for _, s := range seqs {
		needSeq(s, "Concat")
	}
	return func(yield func(T, error) bool) {
		for _, s := range seqs {
			for v, err := range s {
				if err != nil {
					var zero T
					yield(zero, err)
					return
				}
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

// Chan yields what it receives from ch, in order, until ch is closed, or ends with context.Cause(ctx) once
// ctx is done. It waits on the consumer's goroutine and starts none. An element received is an element
// yielded: nothing is read ahead. It is single-use: a second run yields ErrConsumed.
func Chan[T any](ctx context.Context, ch <-chan T) Seq[T] {
	needFunc(ctx == nil, "Chan", "context")
	needFunc(ch == nil, "Chan", "channel")
	var once singleUse
	return func(yield func(T, error) bool) {
		var zero T
		if err := once.take("stream: Chan"); err != nil {
			yield(zero, err)
			return
		}
		for {
			// A done context wins over a ready channel, so that cancelling stops at a known place.
			if ctx.Err() != nil {
				yield(zero, context.Cause(ctx))
				return
			}
			select {
			case <-ctx.Done():
				yield(zero, context.Cause(ctx))
				return
			case v, open := <-ch:
				if !open || !yield(v, nil) {
					return
				}
			}
		}
	}
}

// WithContext forwards s until ctx is done, and then ends with context.Cause(ctx). Put it at the source:
// every operator above it then ends with that error. It looks between elements; a source that is blocked
// inside a read is not interrupted by it.
func WithContext[T any](ctx context.Context, s Seq[T]) Seq[T] {
	needFunc(ctx == nil, "WithContext", "context")
	needSeq(s, "WithContext")
	return func(yield func(T, error) bool) {
		var zero T
		done := ctx.Done()
		if ctx.Err() != nil {
			yield(zero, context.Cause(ctx))
			return
		}
		for v, err := range s {
			if err != nil {
				yield(zero, err)
				return
			}
			select {
			case <-done:
				yield(zero, context.Cause(ctx))
				return
			default:
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// singleUse lets one run of a source through.
type singleUse struct{ used atomic.Bool }

// take returns nil the first time and an error that matches ErrConsumed ever after.
func (u *singleUse) take(where string) error {
	if u.used.Swap(true) {
		return &consumedError{where: where}
	}
	return nil
}

type consumedError struct{ where string }

func (e *consumedError) Error() string { return e.where + ": second run: " + ErrConsumed.Error() }
func (e *consumedError) Unwrap() error { return ErrConsumed }
