package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

var errFlaky = fmt.Errorf("connection reset: %w", stream.ErrTransient)

// flaky is a source of the numbers up to n, whose attempts fail at the given positions, in this order.
type flaky struct {
	n       int
	faults  []int
	err     error           // errFlaky where nil
	opened  []int64         // resumeAt of each attempt
	last    context.Context // of the last attempt
	elapsed time.Duration   // that an element takes
}

func (f *flaky) open(ctx context.Context, resumeAt int64) stream.Seq[int] {
	f.opened, f.last = append(f.opened, resumeAt), ctx
	attempt := len(f.opened) - 1
	return func(yield func(int, error) bool) {
		for i := int(resumeAt); i <= f.n; i++ {
			if attempt < len(f.faults) && i == f.faults[attempt] {
				err := f.err
				if err == nil {
					err = errFlaky
				}
				yield(0, err)
				return
			}
			time.Sleep(f.elapsed)
			if i == f.n || !yield(i, nil) {
				return
			}
		}
	}
}

func firstInts(n int) []int { return slices.AppendSeq([]int{}, upTo(n)) }

func TestRetry_resumes_where_it_failed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &flaky{n: 10, faults: []int{0, 3, 3, 7, 10}}
		var events []stream.RetryEvent
		began := time.Now()
		got, err := stream.Collect(stream.Retry(t.Context(), src.open, stream.RetryOptions{
			OnRetry: func(e stream.RetryEvent) { events = append(events, e) },
		}))
		require.NoError(t, err)
		require.Equal(t, firstInts(10), got, "no gap, nothing twice")
		require.Equal(t, []int64{0, 0, 3, 3, 7, 10}, src.opened)
		require.ErrorIs(t, src.last.Err(), context.Canceled, "the ctx of an attempt ends with it")

		waited := time.Duration(0)
		attempts, at := []int{}, []int64{}
		for _, e := range events {
			require.Equal(t, errFlaky, e.Err)
			waited += e.Wait
			attempts, at = append(attempts, e.Attempt), append(at, e.At)
			most := 500 * ms << (e.Attempt - 1)
			require.LessOrEqual(t, e.Wait, most)
			require.GreaterOrEqual(t, e.Wait, most/2)
		}
		require.Equal(t, []int64{0, 3, 3, 7, 10}, at)
		require.Equal(t, []int{1, 1, 2, 1, 1}, attempts, "progress begins a new row")
		require.Equal(t, waited, time.Since(began))
	})
}

// Wherever attempts fail, the elements are the same, as long as no row of failures is too long.
func TestRetry_Law_same_elements(t *testing.T) {
	for seed := range uint64(cases(t, 500)) {
		r := rand.New(rand.NewPCG(seed, 3))
		src := &flaky{n: r.IntN(30)}
		at, row := 0, 0
		for range r.IntN(20) {
			next := at + r.IntN(src.n-at+1)
			if row++; next > at {
				row = 1
			}
			if row < 4 {
				src.faults = append(src.faults, next)
				at = next
			}
		}
		synctest.Test(t, func(t *testing.T) {
			retried := 0
			got, err := stream.Collect(stream.Retry(t.Context(), src.open, stream.RetryOptions{
				MaxAttempts: 4, Seed: seed, OnRetry: func(stream.RetryEvent) { retried++ },
			}))
			require.NoError(t, err, "seed %d", seed)
			require.Equal(t, firstInts(src.n), append([]int{}, got...), "seed %d", seed)
			require.Equal(t, len(src.faults), retried, "seed %d", seed)
		})
	}
}

// waits runs a dead source and says what is waited, and how it ends.
func waits(t *testing.T, src *flaky, o stream.RetryOptions) (waited []time.Duration, err error) {
	synctest.Test(t, func(t *testing.T) {
		began, sum := time.Now(), time.Duration(0)
		o.OnRetry = func(e stream.RetryEvent) { waited = append(waited, e.Wait); sum += e.Wait }
		_, err = stream.Collect(stream.Retry(t.Context(), src.open, o))
		require.Equal(t, sum, time.Since(began))
	})
	return waited, err
}

func dead(err error) *flaky { return &flaky{n: 1, faults: make([]int, 1000), err: err} }

func TestRetry_waits(t *testing.T) {
	o := stream.RetryOptions{FirstWait: 100 * ms, MaxWait: 1 * time.Second, MaxAttempts: 100, Seed: 7}
	waited, err := waits(t, dead(nil), o)
	require.Len(t, waited, 99)
	spread := time.Duration(0)
	for i, d := range waited {
		most := time.Second
		if i < 4 {
			most = 100 * ms << i
		}
		require.LessOrEqual(t, d, most, "wait %d", i)
		require.GreaterOrEqual(t, d, most/2, "wait %d", i)
		spread += d
	}
	require.InDelta(t, 0.75, spread.Seconds()/96.5, 0.05, "waits are three quarters of the most, on average")

	again, _ := waits(t, dead(nil), o)
	require.Equal(t, waited, again, "same seed, same waits")
	o.Seed = 8
	other, _ := waits(t, dead(nil), o)
	require.NotEqual(t, waited, other)

	var gaveUp *stream.RetryError
	require.ErrorAs(t, err, &gaveUp)
	require.Equal(t, stream.RetryError{Where: "stream: Retry: element", Attempts: 100, Why: "MaxAttempts is 100", Err: errFlaky}, *gaveUp)
	require.ErrorIs(t, err, stream.ErrTransient)
	require.EqualError(t, err, "stream: Retry: element 0: gave up after 100 attempts (MaxAttempts is 100): connection reset: transient failure")
}

func TestRetry_bounds(t *testing.T) {
	for name, c := range map[string]struct {
		opts  stream.RetryOptions
		waits int
		least time.Duration // of the sum
		most  time.Duration
	}{
		"zero_options":              {stream.RetryOptions{}, 9, 91 * time.Second, 184 * time.Second},
		"no_retry":                  {stream.RetryOptions{MaxAttempts: 1}, 0, 0, 0},
		"max_wait_below_first":      {stream.RetryOptions{MaxWait: 10 * ms}, 9, 45 * ms, 90 * ms},
		"first_wait_above_a_minute": {stream.RetryOptions{FirstWait: time.Hour, MaxAttempts: 3}, 2, time.Hour, 2 * time.Hour},
		"one_nanosecond":            {stream.RetryOptions{FirstWait: 1, MaxWait: 1}, 9, 0, 9},
		"longest_wait":              {stream.RetryOptions{FirstWait: 1 << 61, MaxAttempts: 2}, 1, 1 << 60, 1 << 61},
	} {
		t.Run(name, func(t *testing.T) {
			waited, err := waits(t, dead(nil), c.opts)
			require.ErrorIs(t, err, errFlaky)
			require.Len(t, waited, c.waits)
			sum := time.Duration(0)
			for _, d := range waited {
				sum += d
			}
			require.GreaterOrEqual(t, sum, c.least)
			require.LessOrEqual(t, sum, c.most)
		})
	}
}

// The last attempt of a row starts within MaxElapsed of the first failure, and another would not.
func TestRetry_max_elapsed(t *testing.T) {
	for seed := range uint64(cases(t, 100)) {
		bound := 10 * time.Second
		o := stream.RetryOptions{MaxElapsed: bound, MaxWait: time.Second, MaxAttempts: 1000, Seed: seed}
		waited, err := waits(t, dead(nil), o)
		var gaveUp *stream.RetryError
		require.ErrorAs(t, err, &gaveUp)
		require.Equal(t, "MaxElapsed is 10s", gaveUp.Why)
		sum := time.Duration(0)
		for _, d := range waited {
			sum += d
		}
		require.LessOrEqual(t, sum, bound)
		require.Greater(t, sum, bound-time.Second)
	}
	// The time of elements does not count: each row begins anew.
	synctest.Test(t, func(t *testing.T) {
		src := &flaky{n: 5, faults: []int{1, 2, 3, 4}, elapsed: time.Hour}
		got, err := stream.Collect(stream.Retry(t.Context(), src.open, stream.RetryOptions{MaxElapsed: time.Second}))
		require.NoError(t, err)
		require.Equal(t, firstInts(5), got)
	})
}

func TestRetry_honours_retry_after(t *testing.T) {
	later := &stream.RetryAfterError{After: time.Hour, Err: io.ErrUnexpectedEOF}
	for name, err := range map[string]error{
		"ours":    later,
		"wrapped": fmt.Errorf("page 7: %w", later),
		"theirs":  backoff.RetryAfter(3600),
		"any":     fmt.Errorf("%w, %w", slowDown{}, stream.ErrTransient),
	} {
		t.Run(name, func(t *testing.T) {
			waited, last := waits(t, dead(err), stream.RetryOptions{MaxAttempts: 3})
			require.Equal(t, []time.Duration{time.Hour, time.Hour}, waited)
			require.ErrorIs(t, last, err)
		})
	}
	// It is the least to wait, not the most.
	waited, _ := waits(t, dead(&stream.RetryAfterError{After: time.Nanosecond}), stream.RetryOptions{MaxAttempts: 2})
	require.GreaterOrEqual(t, waited[0], 250*ms)
	// Where it asks for more than there is, there is no use in waiting.
	waited, last := waits(t, dead(later), stream.RetryOptions{MaxElapsed: time.Minute})
	require.Empty(t, waited)
	require.ErrorIs(t, last, io.ErrUnexpectedEOF)
	require.ErrorIs(t, last, stream.ErrTransient)

	require.EqualError(t, later, "unexpected EOF: retry after 1h0m0s")
	require.EqualError(t, &stream.RetryAfterError{After: time.Second}, "retry after 1s: transient failure")
	require.ErrorIs(t, &stream.RetryAfterError{}, stream.ErrTransient)
}

type slowDown struct{}

func (slowDown) Error() string             { return "slow down" }
func (slowDown) RetryAfter() time.Duration { return time.Hour }

func TestRetry_what_is_not_retried(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		opts stream.RetryOptions
	}{
		"corrupt":          {stream.ErrCorrupt, stream.RetryOptions{}},
		"without_a_class":  {errBoom, stream.RetryOptions{}},
		"marked_permanent": {backoff.Permanent(errFlaky), stream.RetryOptions{Retryable: func(error) bool { return true }}},
		"by_option":        {errFlaky, stream.RetryOptions{Retryable: func(err error) bool { return errors.Is(err, errBoom) }}},
	} {
		t.Run(name, func(t *testing.T) {
			src := &flaky{n: 5, faults: []int{3, 3}, err: c.err}
			waited, err := waits(t, src, c.opts)
			require.Empty(t, waited)
			require.ErrorIs(t, err, c.err)
			var gaveUp *stream.RetryError
			require.ErrorAs(t, err, &gaveUp)
			require.EqualValues(t, 3, gaveUp.At)
			require.Contains(t, err.Error(), "stream: Retry: element 3: gave up after 1 attempt (the error is not transient): ")
		})
	}
	waited, err := waits(t, &flaky{n: 5, faults: []int{3}, err: errBoom}, stream.RetryOptions{Retryable: func(err error) bool { return errors.Is(err, errBoom) }})
	require.Len(t, waited, 1)
	require.NoError(t, err)
}

func TestRetry_cancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second/10, func() { cancel(enough) })
		began := time.Now()
		src := dead(nil)
		_, err := stream.Collect(stream.Retry(ctx, src.open, stream.RetryOptions{}))
		require.Equal(t, enough, err, "in a wait")
		require.Equal(t, time.Second/10, time.Since(began))

		_, err = stream.Collect(stream.Retry(ctx, src.open, stream.RetryOptions{}))
		require.Equal(t, enough, err, "before the first attempt")
		require.Len(t, src.opened, 1)

		ctx, cancel = context.WithCancelCause(t.Context())
		n := 0
		all := stream.Retry(ctx, (&flaky{n: 10}).open, stream.RetryOptions{})
		err = stream.ForEach(all, func(int) error {
			if n++; n == 3 {
				cancel(enough)
			}
			return nil
		})
		require.Equal(t, enough, err, "between the elements of a source that does not look")
		require.Equal(t, 3, n)

		// What ctx itself does to an attempt is told by its cause; other errors stay what they are.
		for _, c := range []struct{ failed, want error }{
			{context.Canceled, enough},
			{fmt.Errorf("get: %w", context.Canceled), enough},
			{errFlaky, enough},
			{stream.ErrCorrupt, stream.ErrCorrupt},
		} {
			ctx, cancel := context.WithCancelCause(t.Context())
			_, err := stream.Collect(stream.Retry(ctx, func(context.Context, int64) stream.Seq[int] {
				cancel(enough)
				return stream.Fail[int](c.failed)
			}, stream.RetryOptions{}))
			require.ErrorIs(t, err, c.want)
		}
	})
}

func TestRetry_wrong_options(t *testing.T) {
	open := func(context.Context, int64) stream.Seq[int] { t.Error("source was touched"); return nil }
	for want, o := range map[string]stream.RetryOptions{
		"stream: Retry: MaxAttempts must be 0 or positive, got -1":       {MaxAttempts: -1},
		"stream: Retry: MaxElapsed must be 0 or positive, got -1ns":      {MaxElapsed: -1},
		"stream: Retry: FirstWait must be 0 or positive, got -1ns":       {FirstWait: -1},
		"stream: Retry: MaxWait must be 0 or positive, got -1ns":         {MaxWait: -1},
		"stream: Retry: FirstWait must be at most MaxWait, 1s, got 1m0s": {FirstWait: time.Minute, MaxWait: time.Second},
	} {
		_, err := stream.Collect(stream.Retry(t.Context(), open, o))
		var wrong *stream.OptionError
		require.ErrorAs(t, err, &wrong)
		require.EqualError(t, err, want)
	}
	var none context.Context
	require.PanicsWithValue(t, "stream: Retry: nil context", func() { stream.Retry(none, open, stream.RetryOptions{}) })
	require.PanicsWithValue(t, "stream: Retry: nil function", func() { stream.Retry[int](t.Context(), nil, stream.RetryOptions{}) })
	require.PanicsWithValue(t, "stream: Retry: open: nil sequence", func() {
		_ = stream.Drain(stream.Retry(t.Context(), func(context.Context, int64) stream.Seq[int] { return nil }, stream.RetryOptions{}))
	})
}

func TestRetry_allocates_nothing_per_element(t *testing.T) {
	items := make([]int, 10_000)
	n := testing.AllocsPerRun(5, func() {
		open := func(_ context.Context, at int64) stream.Seq[int] { return stream.Of(items[at:]...) }
		if err := stream.Drain(stream.Retry(t.Context(), open, stream.RetryOptions{})); err != nil {
			t.Fatal(err)
		}
	})
	require.Less(t, n, 30.0)
}
