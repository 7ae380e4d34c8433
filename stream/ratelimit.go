package stream

import (
	"context"
	"fmt"
	"math"
	"time"
)

// RateOptions adjust RateLimit. The zero value: no bursts.
type RateOptions struct {
	// Burst is how many elements may pass at once after a pause: what was not used is saved up to that many.
	// 0: 1, elements are evenly spaced. A timer is late by some 0.1 ms, now and then by several: above a thousand
	// elements a second the rate is only kept up with a Burst of what that time brings.
	Burst int
}

// RateLimit yields the elements of s, limit of them in each period of length per at the most, in the long run: at
// most limit + Burst elements in any such period. The bucket of Burst tokens is full at the start, refills evenly,
// and is counted in parts of a nanosecond, so that no rounding adds up.
//
// Order: of the input; what passes is the same on every run, when depends on the clock.
// Memory: one element.
// Laziness: nothing is read ahead. An element is read, then waits, so that the end does not.
// Termination: when the input ends, or with context.Cause(ctx) once ctx is done, which also ends a wait; the
// element that waited is then not yielded.
// Errors: an error of the input does not wait. limit and per must be positive, and the time that
// Burst periods take must be one that a Duration can hold; otherwise *OptionError.
func RateLimit[T any](ctx context.Context, s Seq[T], limit int, per time.Duration, opts RateOptions) Seq[T] {
	needFunc(ctx == nil, "RateLimit", "context")
	needSeq(s, "RateLimit")
	return func(yield func(T, error) bool) {
		var zero T
		b, err := newBucket(limit, per, opts.Burst)
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			yield(zero, err)
			return
		}
		var p pause
		for v, err := range s {
			if err == nil {
				err = p.sleep(ctx, b.take())
			}
			if err != nil {
				yield(zero, err)
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// bucket is a token bucket without fractions: a token is per units, and each nanosecond brings limit units. A token
// is taken on credit and then waited for, so that what a timer is late is not lost to the next element.
//
// Invariants: 1. -per <= level <= full. 2. full is a multiple of per, and full + per fits into an int64.
type bucket struct {
	limit, per, full int64 // units
	level            int64 // units at last
	last             time.Time
}

func newBucket(limit int, per time.Duration, burst int) (*bucket, error) {
	wrong := &OptionError{Package: "stream", Func: "RateLimit"}
	switch {
	case limit < 1:
		wrong.Option, wrong.Got, wrong.Want = "limit", limit, "positive"
		return nil, wrong
	case per < 1 || per > math.MaxInt64/2:
		wrong.Option, wrong.Got, wrong.Want = "per", per, "positive, and at most 146 years"
		return nil, wrong
	case burst < 0:
		wrong.Option, wrong.Got, wrong.Want = "Burst", burst, "0 or positive"
		return nil, wrong
	case int64(burst) > math.MaxInt64/int64(per)-1:
		wrong.Option, wrong.Got, wrong.Want = "Burst", burst, fmt.Sprintf("at most %d for a period of %v", math.MaxInt64/int64(per)-1, per)
		return nil, wrong
	}
	full := int64(max(burst, 1)) * int64(per)
	return &bucket{limit: int64(limit), per: int64(per), full: full, level: full, last: time.Now()}, nil
}

// take takes a token and returns how long it is until there is one.
func (b *bucket) take() time.Duration {
	now := time.Now()
	if passed := int64(now.Sub(b.last)); passed > (b.full-b.level)/b.limit {
		b.level = b.full
	} else {
		b.level += passed * b.limit
	}
	b.last = now
	b.level -= b.per
	if b.level >= 0 {
		return 0
	}
	return time.Duration((-b.level-1)/b.limit + 1)
}

// pause waits, with one timer for all waits of a run.
type pause struct{ timer *time.Timer }

// sleep waits for d. Once ctx is done, it returns its cause, even if there is nothing to wait for.
func (p *pause) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if p.timer == nil {
		p.timer = time.NewTimer(d)
	} else {
		p.timer.Reset(d)
	}
	select {
	case <-p.timer.C:
	case <-ctx.Done():
		p.timer.Stop()
	}
	return context.Cause(ctx) // done wins where both happened at once
}
