package stream_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

const ms = time.Millisecond

// paced yields 0, 1, 2 and so on, each after a delay, counted from when the one before was taken.
func paced(delays ...time.Duration) stream.Seq[int] {
	return func(yield func(int, error) bool) {
		for i, d := range delays {
			time.Sleep(d)
			if !yield(i, nil) {
				return
			}
		}
	}
}

// cut is a batch, and when it came.
type cut struct {
	at    time.Duration
	batch []int
}

// cuts runs a stream of batches with a consumer who takes busy for each. It must run in a bubble.
func cuts(s stream.Seq[[]int], busy time.Duration) (all []cut, err error) {
	began := time.Now()
	for b, err := range s {
		if err != nil {
			return all, err
		}
		all = append(all, cut{time.Since(began), b})
		time.Sleep(busy)
	}
	return all, nil
}

func TestBatchWithin(t *testing.T) {
	for name, c := range map[string]struct {
		delays []time.Duration
		size   int
		opts   stream.BatchOptions
		busy   time.Duration
		want   []cut
	}{
		"full": {
			delays: []time.Duration{0, 0, 0, 0, 0}, size: 2, opts: stream.BatchOptions{MaxWait: time.Hour},
			want: []cut{{0, []int{0, 1}}, {0, []int{2, 3}}, {0, []int{4}}},
		},
		"max_wait_from_the_first": {
			delays: []time.Duration{10 * ms, 10 * ms, 10 * ms, 10 * ms}, size: 100, opts: stream.BatchOptions{MaxWait: 25 * ms},
			want: []cut{{35 * ms, []int{0, 1, 2}}, {40 * ms, []int{3}}},
		},
		"idle_wait_from_the_last": {
			delays: []time.Duration{10 * ms, 20 * ms, 100 * ms, 20 * ms}, size: 100, opts: stream.BatchOptions{IdleWait: 30 * ms},
			want: []cut{{60 * ms, []int{0, 1}}, {150 * ms, []int{2, 3}}},
		},
		"idle_before_max": {
			delays: []time.Duration{0, 20 * ms, 100 * ms}, size: 100, opts: stream.BatchOptions{MaxWait: 90 * ms, IdleWait: 30 * ms},
			want: []cut{{50 * ms, []int{0, 1}}, {120 * ms, []int{2}}},
		},
		"max_before_idle": {
			delays: []time.Duration{0, 20 * ms, 20 * ms, 20 * ms, 20 * ms}, size: 100, opts: stream.BatchOptions{MaxWait: 50 * ms, IdleWait: 30 * ms},
			want: []cut{{50 * ms, []int{0, 1, 2}}, {80 * ms, []int{3, 4}}},
		},
		"the_wait_of_an_empty_batch_does_not_count": {
			delays: []time.Duration{time.Hour, 10 * ms}, size: 2, opts: stream.BatchOptions{MaxWait: 20 * ms},
			want: []cut{{time.Hour + 10*ms, []int{0, 1}}},
		},
		"batches_fill_while_the_consumer_is_busy": {
			delays: []time.Duration{0, 10 * ms, 10 * ms, 10 * ms, 10 * ms, 10 * ms}, size: 3, opts: stream.BatchOptions{MaxWait: 5 * ms}, busy: 100 * ms,
			// 0 alone, in time; 1 to 3 while the consumer has it; then there is no room until it asks.
			want: []cut{{5 * ms, []int{0}}, {105 * ms, []int{1, 2, 3}}, {205 * ms, []int{4, 5}}},
		},
		"no_wait_is_batch": {
			delays: []time.Duration{time.Hour, time.Hour, time.Hour}, size: 2,
			want: []cut{{2 * time.Hour, []int{0, 1}}, {3 * time.Hour, []int{2}}},
		},
		"empty": {size: 2, opts: stream.BatchOptions{MaxWait: ms}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := cuts(stream.BatchWithin(paced(c.delays...), c.size, c.opts), c.busy)
				require.NoError(t, err)
				require.Equal(t, c.want, got)
			})
		})
	}
}

// Random sources and consumers against a simulation on paper. Waits end in half a millisecond and the consumer adds
// a microsecond each time, so that no two things happen at once.
func TestBatchWithin_Oracle(t *testing.T) {
	for seed := range uint64(cases(t, 300)) {
		r := rand.New(rand.NewPCG(seed, 1))
		delays := make([]time.Duration, r.IntN(40))
		for i := range delays {
			if r.IntN(3) > 0 {
				delays[i] = time.Duration(r.IntN(20)) * ms
			}
		}
		size := 1 + r.IntN(8)
		opts := stream.BatchOptions{MaxWait: time.Duration(r.IntN(40))*ms + ms/2}
		if r.IntN(2) == 0 {
			opts.IdleWait = time.Duration(r.IntN(15))*ms + ms/2
			if r.IntN(2) == 0 {
				opts.MaxWait = 0
			}
		}
		busy := time.Duration(r.IntN(4)*r.IntN(20))*ms + time.Microsecond
		synctest.Test(t, func(t *testing.T) {
			got, err := cuts(stream.BatchWithin(paced(delays...), size, opts), busy)
			require.NoError(t, err)
			require.Equal(t, cutsOnPaper(delays, size, opts, busy), got, "seed %d: %v size %d %+v busy %v", seed, delays, size, opts, busy)
		})
	}
}

// cutsOnPaper says when which batch comes.
func cutsOnPaper(delays []time.Duration, size int, o stream.BatchOptions, busy time.Duration) (all []cut) {
	asked, resumed := time.Duration(0), time.Duration(0) // the consumer asks; the source begins with its next element
	for i := 0; i < len(delays); {
		first := resumed + delays[i]
		last, batch := first, []int{i}
		var at time.Duration
		for {
			i++
			if len(batch) == size || i == len(delays) {
				at = max(asked, last)
				resumed = last
				if len(batch) == size {
					resumed = at
				}
				break
			}
			due := time.Duration(1 << 62)
			if o.MaxWait > 0 {
				due = first + o.MaxWait
			}
			if o.IdleWait > 0 {
				due = min(due, last+o.IdleWait)
			}
			if at = max(asked, due); at < last+delays[i] {
				resumed = last
				break
			}
			last += delays[i]
			batch = append(batch, i)
		}
		all = append(all, cut{at, batch})
		asked = at + busy
	}
	return all
}

func TestBatchWithin_failing(t *testing.T) {
	wait := stream.BatchOptions{MaxWait: time.Hour}
	got, err := stream.Collect(stream.BatchWithin(failAfter(errBoom, 1, 2, 3), 2, wait))
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, [][]int{{1, 2}, {3}}, got, "no element read is lost")

	touched := func(yield func(int, error) bool) { t.Error("source was touched") }
	for want, s := range map[string]stream.Seq[[]int]{
		"stream: BatchWithin: size must be positive, got 0":             stream.BatchWithin(touched, 0, wait),
		"stream: BatchWithin: MaxWait must be 0 or positive, got -1ns":  stream.BatchWithin(touched, 1, stream.BatchOptions{MaxWait: -1}),
		"stream: BatchWithin: IdleWait must be 0 or positive, got -1ns": stream.BatchWithin(touched, 1, stream.BatchOptions{IdleWait: -1}),
	} {
		_, err := stream.Collect(s)
		var wrong *stream.OptionError
		require.ErrorAs(t, err, &wrong)
		require.EqualError(t, err, want)
	}
}

// A panic and a Goexit of the source come out on the consumer's goroutine, whatever was gathered before.
func TestBatchWithin_panics(t *testing.T) {
	s := func(src *streamtest.Script[int]) stream.Seq[[]int] {
		return stream.BatchWithin(src.Seq(), 2, stream.BatchOptions{MaxWait: time.Hour})
	}
	for at := range 5 {
		src := &streamtest.Script[int]{Values: []int{1, 2, 3, 4}, At: at, Panic: errBoom}
		requireWorkerPanic(t, func() { _ = stream.Drain(s(src)) })
		require.Equal(t, 1, src.Counts().Cleanups)

		src = &streamtest.Script[int]{Values: []int{1, 2, 3, 4}, At: at, Goexit: true}
		requireGoexit(t, func() { _ = stream.Drain(s(src)) })
	}
	src := &streamtest.Script[int]{Values: []int{1, 2, 3, 4}}
	require.PanicsWithValue(t, "body", func() {
		for range s(src) {
			panic("body")
		}
	})
	require.Equal(t, 1, src.Counts().Cleanups, "the source has ended before the panic is out")
}

// requireWorkerPanic wants f to panic with errBoom, and with the stack of the worker it happened on.
func requireWorkerPanic(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		p, ok := recover().(*stream.PanicError)
		require.True(t, ok, "a *PanicError")
		require.ErrorIs(t, p, errBoom)
		require.Contains(t, string(p.Stack), "goroutine ")
	}()
	f()
}

// requireGoexit wants f to end its goroutine.
func requireGoexit(t *testing.T, f func()) {
	t.Helper()
	returned, done := false, make(chan struct{})
	go func() {
		defer close(done)
		f()
		returned = true
	}()
	<-done
	require.False(t, returned)
}

// A consumer that breaks waits for the source, and nothing is read after it.
func TestBatchWithin_reads_one_batch_ahead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &streamtest.Script[int]{Values: make([]int, 100)}
		for range stream.BatchWithin(src.Seq(), 10, stream.BatchOptions{MaxWait: ms}) {
			time.Sleep(time.Hour)
			break
		}
		require.Equal(t, 20, src.Counts().Values)
		require.Equal(t, 1, src.Counts().Cleanups)
	})
}

func BenchmarkBatchWithin(b *testing.B) {
	items := make([]uint64, 1<<16)
	for _, c := range []struct {
		name string
		opts stream.BatchOptions
	}{
		{"none", stream.BatchOptions{}},
		{"max", stream.BatchOptions{MaxWait: time.Second}},
		{"idle", stream.BatchOptions{IdleWait: time.Second}},
	} {
		b.Run("wait="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for batch := range stream.BatchWithin(stream.Of(items...), 256, c.opts) {
					n += len(batch)
				}
				if n != len(items) {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(items)), "ns/element")
		})
	}
}
