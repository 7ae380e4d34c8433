package stream_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// listing is a server with n pages of size items each: page p holds p*size and what follows, and its cursor is p.
// It takes slow for each answer.
type listing struct {
	n, size int
	slow    time.Duration
	fail    map[int][]error // per page, what its first fetches fail with
	asked   []int           // cursors
}

func (l *listing) fetch(ctx context.Context, cursor int) (page stream.Page[int, int], err error) {
	l.asked = append(l.asked, cursor)
	select {
	case <-time.After(l.slow):
	case <-ctx.Done():
		return page, ctx.Err()
	}
	if faults := l.fail[cursor]; len(faults) > 0 {
		l.fail[cursor] = faults[1:]
		return page, faults[0]
	}
	for i := range l.size {
		page.Items = append(page.Items, cursor*l.size+i)
	}
	if cursor+1 < l.n {
		page.Next = cursor + 1
	}
	return page, nil
}

var prefetches = []int{0, 1, 2, 7}

func TestPages(t *testing.T) {
	for _, ahead := range prefetches {
		for n := range 5 {
			for size := range 4 {
				l := &listing{n: n + 1, size: size}
				var stats stream.PagesStats
				got, err := stream.Collect(stream.Pages(t.Context(), 0, l.fetch, stream.PagesOptions{Prefetch: ahead, Stats: &stats}))
				require.NoError(t, err)
				require.Equal(t, firstInts((n+1)*size), append([]int{}, got...))
				require.Equal(t, firstInts(n+1), l.asked)
				stats.Waited = 0
				require.Equal(t, stream.PagesStats{Pages: int64(n + 1), Items: int64((n + 1) * size), Fetches: int64(n + 1)}, stats)
			}
		}
	}
	l := &listing{n: 5, size: 2}
	got, err := stream.Collect(stream.Pages(t.Context(), 3, l.fetch, stream.PagesOptions{}))
	require.NoError(t, err)
	require.Equal(t, []int{6, 7, 8, 9}, got, "from the cursor given")
}

// A page takes 10 ms to fetch and 20 to consume: with one page ahead only the first is waited for.
func TestPages_prefetch_overlaps(t *testing.T) {
	for ahead, want := range map[int]stream.PagesStats{
		0: {Pages: 5, Items: 10, Fetches: 5, Waited: 50 * ms},
		1: {Pages: 5, Items: 10, Fetches: 5, Waited: 10 * ms},
		4: {Pages: 5, Items: 10, Fetches: 5, Waited: 10 * ms},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			l := &listing{n: 5, size: 2, slow: 10 * ms}
			var stats stream.PagesStats
			for _, err := range stream.Pages(t.Context(), 0, l.fetch, stream.PagesOptions{Prefetch: ahead, Stats: &stats}) {
				require.NoError(t, err)
				time.Sleep(10 * ms)
			}
			require.Equal(t, want, stats, "prefetch %d", ahead)
			require.Equal(t, 100*ms+want.Waited, time.Since(began))
		})
	}
}

// No more pages are fetched ahead than allowed, and a break ends the fetch that runs.
func TestPages_break(t *testing.T) {
	for ahead, fetches := range map[int]int{0: 1, 1: 2, 2: 3, 7: 8} {
		synctest.Test(t, func(t *testing.T) {
			l := &listing{n: 100, size: 2, slow: ms}
			for range stream.Pages(t.Context(), 0, l.fetch, stream.PagesOptions{Prefetch: ahead}) {
				time.Sleep(time.Hour)
				break
			}
			require.Len(t, l.asked, fetches, "prefetch %d", ahead)

			l = &listing{n: 100, size: 2, slow: time.Hour}
			began := time.Now()
			for range stream.Pages(t.Context(), 0, l.fetch, stream.PagesOptions{Prefetch: ahead}) {
				time.Sleep(time.Minute)
				break
			}
			require.Equal(t, time.Hour+time.Minute, time.Since(began), "prefetch %d: the fetch under way is not waited for", ahead)
		})
	}
}

func TestPages_failing(t *testing.T) {
	for _, ahead := range prefetches {
		l := &listing{n: 5, size: 2, fail: map[int][]error{2: {errBoom}}}
		got, err := stream.Collect(stream.Pages(t.Context(), 0, l.fetch, stream.PagesOptions{Prefetch: ahead}))
		require.Equal(t, []int{0, 1, 2, 3}, got)
		require.ErrorIs(t, err, errBoom)
		require.EqualError(t, err, "stream: Pages: page 2: boom")
	}
	touched := func(context.Context, int) (p stream.Page[int, int], err error) { t.Error("fetched"); return p, err }
	for want, o := range map[string]stream.PagesOptions{
		"stream: Pages: Prefetch must be from 0 to 1048576, got -1":      {Prefetch: -1},
		"stream: Pages: Prefetch must be from 0 to 1048576, got 1048577": {Prefetch: 1<<20 + 1},
		"stream: Pages: MaxWait must be 0 or positive, got -1ns":         {Retry: &stream.RetryOptions{MaxWait: -1}},
	} {
		_, err := stream.Collect(stream.Pages(t.Context(), 0, touched, o))
		var wrong *stream.OptionError
		require.ErrorAs(t, err, &wrong)
		require.EqualError(t, err, want)
	}
}

func TestPages_retry(t *testing.T) {
	for _, ahead := range prefetches {
		synctest.Test(t, func(t *testing.T) {
			l := &listing{n: 4, size: 2, fail: map[int][]error{0: {errFlaky}, 2: {errFlaky, errFlaky}}}
			var at []int64
			var stats stream.PagesStats
			o := stream.PagesOptions{Prefetch: ahead, Stats: &stats, Retry: &stream.RetryOptions{
				MaxAttempts: 3, OnRetry: func(e stream.RetryEvent) { at = append(at, e.At) },
			}}
			got, err := stream.Collect(stream.Pages(t.Context(), 0, l.fetch, o))
			require.NoError(t, err)
			require.Equal(t, firstInts(8), got)
			require.Equal(t, []int{0, 0, 1, 2, 2, 2, 3}, l.asked)
			require.Equal(t, []int64{0, 2, 2}, at)
			require.EqualValues(t, 7, stats.Fetches)
			require.EqualValues(t, 4, stats.Pages)

			l.fail = map[int][]error{3: {errFlaky, errFlaky, errFlaky}}
			got, err = stream.Collect(stream.Pages(t.Context(), 0, l.fetch, o))
			require.Equal(t, firstInts(6), got)
			require.EqualError(t, err, "stream: Pages: page 3: gave up after 3 attempts (MaxAttempts is 3): connection reset: transient failure")
		})
	}
}

func TestPages_cancelled(t *testing.T) {
	for _, ahead := range prefetches {
		synctest.Test(t, func(t *testing.T) {
			enough := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(25*ms, func() { cancel(enough) })
			l := &listing{n: 100, size: 1, slow: 10 * ms}
			pages := stream.Pages(ctx, 0, l.fetch, stream.PagesOptions{Prefetch: ahead})
			began := time.Now()
			got, err := stream.Collect(pages)
			require.Equal(t, enough, err, "prefetch %d", ahead)
			require.Equal(t, []int{0, 1}, got)
			require.Equal(t, 25*ms, time.Since(began), "a fetch that listens ends at once")

			_, err = stream.Collect(pages)
			require.Equal(t, enough, err)
			require.Len(t, l.asked, 3, "nothing is fetched")
		})
		// While a page waits for the consumer: what was fetched and not delivered must not look like the end.
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			l := &listing{n: 100, size: 1}
			_, err := stream.Collect(stream.Tap(stream.Pages(ctx, 0, l.fetch, stream.PagesOptions{Prefetch: ahead}), func(v int) {
				time.Sleep(ms)
				if v == 20 {
					cancel()
				}
			}))
			require.Equal(t, context.Canceled, err, "prefetch %d", ahead)
		})
	}
}

func TestPages_panics(t *testing.T) {
	explode := func(with any, goexit bool) func(context.Context, int) (stream.Page[int, int], error) {
		return func(_ context.Context, cursor int) (stream.Page[int, int], error) {
			if cursor < 2 {
				return stream.Page[int, int]{Items: []int{cursor}, Next: cursor + 1}, nil
			}
			if goexit {
				runtime.Goexit()
			}
			panic(with)
		}
	}
	for _, ahead := range prefetches {
		o := stream.PagesOptions{Prefetch: ahead}
		run := func() { _ = stream.Drain(stream.Pages(t.Context(), 0, explode(errBoom, false), o)) }
		if ahead == 0 {
			require.PanicsWithValue(t, errBoom, run)
		} else {
			requireWorkerPanic(t, run)
		}
		requireGoexit(t, func() { _ = stream.Drain(stream.Pages(t.Context(), 0, explode(nil, true), o)) })
		synctest.Test(t, func(t *testing.T) { // a fetch is under way
			l := &listing{n: 100, size: 1, slow: ms}
			require.PanicsWithValue(t, "body", func() {
				for range stream.Pages(t.Context(), 0, l.fetch, o) {
					time.Sleep(ms / 2)
					panic("body")
				}
			})
		})
	}
}

// circle is a server whose pages 0 to before-1 lead into a circle of length pages.
func circle(before, length int) func(context.Context, string) (stream.Page[int, string], error) {
	return func(_ context.Context, cursor string) (stream.Page[int, string], error) {
		n := 0
		if cursor != "" {
			if _, err := fmt.Sscanf(cursor, "c%d", &n); err != nil {
				return stream.Page[int, string]{}, err
			}
		}
		next := n + 1
		if next == before+length {
			next = before
		}
		return stream.Page[int, string]{Items: []int{n}, Next: fmt.Sprint("c", next)}, nil
	}
}

func TestPages_cursor_that_comes_again(t *testing.T) {
	for _, ahead := range []int{0, 1, 5} {
		for _, c := range []struct{ before, length int }{{1, 1}, {1, 2}, {3, 1}, {2, 10}, {5000, 1}, {1, 1024}, {3000, 1024}} {
			got, err := stream.Collect(stream.Pages(t.Context(), "", circle(c.before, c.length), stream.PagesOptions{Prefetch: ahead}))
			var again *stream.CursorError
			require.ErrorAs(t, err, &again, "%+v", c)
			require.ErrorIs(t, err, stream.ErrConflict)
			require.Equal(t, firstInts(c.before+c.length), got, "each page once, and all of them")
			require.Equal(t, fmt.Sprint("c", c.before), again.Cursor)
			require.EqualValues(t, c.before, again.First)
			require.EqualValues(t, c.before+c.length-1, again.Page)
		}
	}
	_, err := stream.Collect(stream.Pages(t.Context(), "", circle(1, 2), stream.PagesOptions{}))
	require.EqualError(t, err, `stream: Pages: page 2: its next cursor "c1" led to page 1 before: conflict`)
}

// An interface as the cursor may hold what cannot be compared, and then nobody sees a circle.
func TestPages_cursor_that_cannot_be_compared(t *testing.T) {
	type wrapped struct{ of any }
	cursors := []any{"a", 2, wrapped{of: "b"}, wrapped{of: []string{"c"}}}
	fetch := func(_ context.Context, c any) (stream.Page[int, any], error) {
		for n, next := range cursors {
			if c == next {
				return stream.Page[int, any]{Items: []int{n + 1}, Next: cursors[n+1]}, nil
			}
		}
		return stream.Page[int, any]{Items: []int{0}, Next: cursors[0]}, nil
	}
	for _, ahead := range []int{0, 3} {
		got, err := stream.Collect(stream.Pages(t.Context(), any(nil), fetch, stream.PagesOptions{Prefetch: ahead}))
		require.Equal(t, []int{0, 1, 2, 3}, got)
		var cursor *stream.CursorError
		require.ErrorAs(t, err, &cursor)
		require.ErrorIs(t, err, stream.ErrSchema)
		require.NotErrorIs(t, err, stream.ErrConflict)
		require.EqualValues(t, 3, cursor.Page)
		require.EqualError(t, err, "stream: Pages: page 3: its next cursor is stream_test.wrapped, which holds what cannot be compared: schema mismatch")
	}
	_, err := stream.Collect(stream.Pages(t.Context(), any([]string{"d"}), fetch, stream.PagesOptions{}))
	var option *stream.OptionError
	require.ErrorAs(t, err, &option)
	require.EqualError(t, err, "stream: Pages: from must be comparable, got []string")
}

// Circles that are longer than what is remembered are found too, if later: within three times the pages there are.
func TestPages_long_circle(t *testing.T) {
	for _, c := range []struct{ before, length int }{{1, 1025}, {100, 1500}, {2047, 2049}, {5000, 3000}, {1, 5000}} {
		got, err := stream.Collect(stream.Pages(t.Context(), "", circle(c.before, c.length), stream.PagesOptions{}))
		var again *stream.CursorError
		require.ErrorAs(t, err, &again)
		require.LessOrEqual(t, len(got), 3*(c.before+c.length), "%+v", c)
		require.Equal(t, firstInts(c.before+c.length), got[:c.before+c.length])
		require.Zero(t, (again.Page+1-again.First)%int64(c.length), "a whole number of rounds")
	}
}
