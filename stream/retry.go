package stream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// RetryOptions say what is tried again, how often and when. The zero value retries what is transient, up to ten
// attempts in a row, which takes two to four minutes.
type RetryOptions struct {
	// MaxAttempts is how many attempts may fail in a row, without an element between them; 0: 10, 1: no retry.
	MaxAttempts int
	// MaxElapsed bounds the time from the first failure of such a row to the last attempt of it: an attempt that
	// would start later is not made. 0: no such bound.
	MaxElapsed time.Duration

	// FirstWait is the wait after the first failure of a row; each wait is twice the one before, up to MaxWait.
	// What is waited is between half of that and all of it, by chance. 0: 500 ms, or MaxWait if that is shorter.
	FirstWait time.Duration
	// MaxWait bounds a wait, unless the error asks for more; 0: 1 minute, or FirstWait if that is longer.
	MaxWait time.Duration
	// Seed makes the chance in the waits: the same Seed, the same waits. Where many processes retry against one
	// server, give each its own, or they come back in step.
	Seed uint64

	// Retryable says which errors another attempt may cure. Nil: what matches ErrTransient, and what is marked
	// with backoff.RetryAfter of cenkalti/backoff. What that package marks as permanent is never tried again.
	Retryable func(error) bool
	// OnRetry, if set, is told of each failure that is retried, before the wait, on the goroutine that waits.
	OnRetry func(RetryEvent)
}

// RetryEvent is a failed attempt that is about to be followed by another.
type RetryEvent struct {
	At      int64         // where it failed: elements yielded so far, or for Pages the page, counted from 0
	Attempt int           // attempts failed in a row, this one included
	Wait    time.Duration // until the next one
	Err     error         // what it failed with
}

// RetryError ends a stream whose retries did not help, or were not allowed to. It wraps the last error.
type RetryError struct {
	Where    string // what was tried, "stream: Retry: element"
	At       int64  // where the last attempt failed: the element, or the page, that it did not get
	Attempts int    // failed in a row, the last included
	Why      string // there was no other, "MaxAttempts is 10"
	Err      error  // what the last attempt failed with
}

// Error says where, after how many attempts, and why there was no other.
func (e *RetryError) Error() string {
	attempts := "1 attempt"
	if e.Attempts != 1 {
		attempts = fmt.Sprintf("%d attempts", e.Attempts)
	}
	return fmt.Sprintf("%s %d: gave up after %s (%s): %v", e.Where, e.At, attempts, e.Why, e.Err)
}

// Unwrap gives the error of the last attempt.
func (e *RetryError) Unwrap() error { return e.Err }

// RetryAfterError says that the same call may succeed once After has passed: what a server means by Retry-After.
// It matches ErrTransient, and Err.
type RetryAfterError struct {
	After time.Duration // from when the error was made
	Err   error         // what failed; may be nil
}

// Error says what failed, and for how long not to try again.
func (e *RetryAfterError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("retry after %v: %v", e.After, ErrTransient)
	}
	return fmt.Sprintf("%v: retry after %v", e.Err, e.After)
}

// RetryAfter gives After. Retry looks for this method on every error, so any type that has it will do.
func (e *RetryAfterError) RetryAfter() time.Duration { return e.After }

// Unwrap gives Err, if there is one, and ErrTransient.
func (e *RetryAfterError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrTransient}
	}
	return []error{e.Err, ErrTransient}
}

// Retry yields what the sequences of open yield, one after the other: where one fails with an error that another
// attempt may cure, Retry waits, and calls open again with the number of elements yielded so far. open must return
// the same stream from that position on, which it may do by asking for it (an offset, a cursor, a byte range) or by
// reading from the start and passing over as many: Skip(whole, int(resumeAt)). The ctx it is given is done when the
// attempt is over.
//
// It absorbs errors, and is the operator that may (contract E1): the ones it retries are told to OnRetry only. A
// failure after progress (at least one element) begins a new row of attempts with a short wait, so that a long
// stream survives any number of faults, and a dead one ends soon.
//
// An error with a method RetryAfter() time.Duration, such as a *RetryAfterError, anywhere in its chain, is not
// retried before that time.
//
// Order: of the attempts, joined without gap or repetition, if open keeps its promise.
// Memory: that of an attempt's own sequence.
// Laziness: open is called with the first pull. Nothing is read ahead.
// Termination: when an attempt ends without an error.
// Errors: what is not retryable, and the last of a row too long (MaxAttempts, MaxElapsed), comes out in a
// *RetryError that says where. Once ctx is done, the stream ends with context.Cause(ctx), out of a wait too; between
// elements it looks by itself, as WithContext does, but a sequence that is blocked must heed the ctx it was given.
//
// A stream that is read by another operator's worker (Prefetch) waits there.
func Retry[T any](ctx context.Context, open func(ctx context.Context, resumeAt int64) Seq[T], opts RetryOptions) Seq[T] {
	needFunc(ctx == nil, "Retry", "context")
	needFunc(open == nil, "Retry", "function")
	return func(yield func(T, error) bool) {
		var zero T
		r, err := newRetrier("Retry", "element", opts)
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			yield(zero, err)
			return
		}
		var at int64
		done, stopped := ctx.Done(), ctx.Err
		attempt := func() (failed error, more bool) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			s := open(ctx, at)
			needSeq(s, "Retry: open")
			for v, err := range s {
				if err != nil {
					return err, true
				}
				select {
				case <-done: // of a source that does not look
					return stopped(), true
				default:
				}
				if at++; r.failures > 0 {
					r.progress()
				}
				if !yield(v, nil) {
					return nil, false
				}
			}
			return nil, false
		}
		for {
			failed, more := attempt()
			if !more {
				return
			}
			if err := r.wait(ctx, at, failed); err != nil {
				yield(zero, err)
				return
			}
		}
	}
}

// retrier decides after each failure whether there is another attempt, and waits for it.
type retrier struct {
	fn, unit string // "Retry", "element"
	opts     RetryOptions
	waits    backoff.ExponentialBackOff // doubles; its own randomness is off
	chance   *rand.Rand
	pause    pause
	failures int       // in the present row
	since    time.Time // the first of them
}

const (
	retryAttempts  = 10
	retryFirstWait = 500 * time.Millisecond
	retryMaxWait   = time.Minute
)

func newRetrier(fn, unit string, o RetryOptions) (*retrier, error) {
	wrong := &OptionError{Package: "stream", Func: fn, Want: "0 or positive"}
	switch {
	case o.MaxAttempts < 0:
		wrong.Option, wrong.Got = "MaxAttempts", o.MaxAttempts
		return nil, wrong
	case o.MaxElapsed < 0:
		wrong.Option, wrong.Got = "MaxElapsed", o.MaxElapsed
		return nil, wrong
	case o.FirstWait < 0:
		wrong.Option, wrong.Got = "FirstWait", o.FirstWait
		return nil, wrong
	case o.MaxWait < 0:
		wrong.Option, wrong.Got = "MaxWait", o.MaxWait
		return nil, wrong
	case o.MaxWait > 0 && o.FirstWait > o.MaxWait:
		wrong.Option, wrong.Got, wrong.Want = "FirstWait", o.FirstWait, fmt.Sprintf("at most MaxWait, %v", o.MaxWait)
		return nil, wrong
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = retryAttempts
	}
	if o.MaxWait == 0 {
		o.MaxWait = max(retryMaxWait, o.FirstWait)
	}
	if o.FirstWait == 0 {
		o.FirstWait = min(retryFirstWait, o.MaxWait)
	}
	if o.Retryable == nil {
		o.Retryable = isTransient
	}
	return &retrier{
		fn: fn, unit: unit, opts: o,
		waits:  backoff.ExponentialBackOff{InitialInterval: o.FirstWait, Multiplier: 2, MaxInterval: o.MaxWait},
		chance: rand.New(rand.NewPCG(o.Seed, 0)),
	}, nil
}

func isTransient(err error) bool {
	var marked *backoff.RetryAfterError
	return errors.Is(err, ErrTransient) || errors.As(err, &marked)
}

// progress ends a row of failures.
func (r *retrier) progress() {
	r.failures = 0
	r.waits.Reset()
}

// wait returns nil when it is time for another attempt, or else the error that ends the stream.
func (r *retrier) wait(ctx context.Context, at int64, failed error) error {
	now := time.Now()
	if r.failures == 0 {
		r.since = now
	}
	r.failures++
	var permanent *backoff.PermanentError
	retryable := !errors.As(failed, &permanent) && r.opts.Retryable(failed)
	if stopped := ctx.Err(); stopped != nil && (retryable || errors.Is(failed, stopped)) {
		return context.Cause(ctx)
	}
	if !retryable {
		return r.giveUp(at, failed, "the error is not transient")
	}
	if r.failures >= r.opts.MaxAttempts {
		return r.giveUp(at, failed, fmt.Sprintf("MaxAttempts is %d", r.opts.MaxAttempts))
	}
	d := max(r.next(), askedFor(failed))
	if most := r.opts.MaxElapsed; most > 0 && d > most-now.Sub(r.since) {
		return r.giveUp(at, failed, fmt.Sprintf("MaxElapsed is %v", most))
	}
	if r.opts.OnRetry != nil {
		r.opts.OnRetry(RetryEvent{At: at, Attempt: r.failures, Wait: d, Err: failed})
	}
	return r.pause.sleep(ctx, d)
}

func (r *retrier) giveUp(at int64, failed error, why string) error {
	return &RetryError{Where: "stream: " + r.fn + ": " + r.unit, At: at, Attempts: r.failures, Why: why, Err: failed}
}

// next is the next wait of the row: its upper half by chance.
func (r *retrier) next() time.Duration {
	most := r.waits.NextBackOff()
	return most - time.Duration(r.chance.Int64N(int64(most/2)+1))
}

// askedFor is how long an error says not to try again; 0 if it does not.
func askedFor(err error) time.Duration {
	var ours interface{ RetryAfter() time.Duration }
	if errors.As(err, &ours) {
		return ours.RetryAfter()
	}
	var theirs *backoff.RetryAfterError
	if errors.As(err, &theirs) {
		return theirs.Duration
	}
	return 0
}
