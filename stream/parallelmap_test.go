package stream_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// ticks yields 0 to n-1, one every interval.
func ticks(n int, interval time.Duration) stream.Seq[int] {
	return func(yield func(int, error) bool) {
		for v := range n {
			time.Sleep(interval)
			if !yield(v, nil) {
				return
			}
		}
	}
}

func same(v int) (int, error) { return v, nil }

// Each element of a slow source is out at the moment it comes: nothing waits for the next one.
func TestConcurrent_stages_hold_nothing_back(t *testing.T) {
	stages := map[string]func(stream.Seq[int]) stream.Seq[int]{
		"Prefetch":   func(s stream.Seq[int]) stream.Seq[int] { return stream.Prefetch(s, 256) },
		"Interleave": func(s stream.Seq[int]) stream.Seq[int] { return stream.Interleave(s, ticks(1, time.Hour)) },
		"ordered": func(s stream.Seq[int]) stream.Seq[int] {
			return stream.ParallelMap(s, same, stream.ParallelOptions{Workers: 2})
		},
		"unordered": func(s stream.Seq[int]) stream.Seq[int] {
			return stream.ParallelMap(s, same, stream.ParallelOptions{Workers: 2, Unordered: true})
		},
		"chunks": func(s stream.Seq[int]) stream.Seq[int] {
			return stream.ParallelMap(s, same, stream.ParallelOptions{Workers: 2, Chunk: 64})
		},
	}
	for name, stage := range stages {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				want := 0
				for v, err := range stage(ticks(100, time.Second)) {
					require.NoError(t, err)
					require.Equal(t, want, v)
					want++
					require.Equal(t, time.Duration(want)*time.Second, time.Since(began))
					if want == 100 {
						break
					}
				}
				require.Equal(t, 100, want)
			})
		})
	}
}

// The workers are all at work, on a slow function too: one element each, whatever the room.
func TestParallelMap_Shares_slow_calls(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			request := func(v int) (int, error) { time.Sleep(time.Second); return v, nil }
			n, err := stream.Count(stream.ParallelMap(stream.From(upTo(100)), request, stream.ParallelOptions{Workers: 10, Unordered: unordered}))
			require.NoError(t, err)
			require.Equal(t, 100, n)
			require.Equal(t, 10*time.Second, time.Since(began))
		})
	}
}

// A worker that has done its call gets the next one at once, however little room there is: the source is not left asleep
// until there is more.
func TestParallelMap_Keeps_workers_at_work(t *testing.T) {
	for _, inFlight := range []int{8, 9, 12, 16, 31, 64} {
		synctest.Test(t, func(t *testing.T) {
			longer := func(v int) (int, error) { time.Sleep(time.Duration(v+1) * time.Second); return v, nil }
			var idleAt [8]time.Duration // of each worker
			for v := range 100 {
				slices.Sort(idleAt[:])
				idleAt[0] += time.Duration(v+1) * time.Second
			}
			began := time.Now()
			o := stream.ParallelOptions{Workers: 8, InFlight: inFlight, Chunk: 1}
			require.NoError(t, stream.Drain(stream.ParallelMap(stream.From(upTo(100)), longer, o)))
			require.Equal(t, slices.Max(idleAt[:]), time.Since(began), "InFlight %d", inFlight)
		})
	}
}

// A slow element holds back those behind it, or with Unordered none of them, up to the room there is.
func TestParallelMap_SlowElement(t *testing.T) {
	delays := func(unordered bool, inFlight int) []time.Duration {
		var at []time.Duration
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			first := func(v int) (int, error) {
				if v == 0 {
					time.Sleep(time.Minute)
				}
				return v, nil
			}
			o := stream.ParallelOptions{Workers: 2, Chunk: 1, InFlight: inFlight, Unordered: unordered}
			for _, err := range stream.ParallelMap(stream.From(upTo(8)), first, o) {
				require.NoError(t, err)
				at = append(at, time.Since(began))
			}
		})
		return at
	}
	const m = time.Minute
	require.Equal(t, []time.Duration{m, m, m, m, m, m, m, m}, delays(false, 100))
	require.Equal(t, []time.Duration{0, 0, 0, 0, 0, 0, 0, m}, delays(true, 100))
	require.Equal(t, []time.Duration{0, 0, 0, m, m, m, m, m}, delays(true, 4), "room for three beside the slow one")
}

// What is read ahead is what the options say, exactly, and not one element more; and a source does not wait for the
// consumer while half of the room is free. Where results come in any order the room of one is free when those before it
// in the input have been yielded too, so all that holds is that the source is ahead.
func TestConcurrent_stages_read_ahead(t *testing.T) {
	check := func(name string, stage func(stream.Seq[int]) stream.Seq[int], most, least int) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				read, taken := 0, 0
				source := stream.Tap(stream.From(upTo(400)), func(int) { read++ })
				for range stage(source) {
					taken++
					synctest.Wait()
					require.LessOrEqual(t, read, taken+most)
					require.GreaterOrEqual(t, read, min(taken+least, 400), "the source waits though there is room")
				}
				require.Equal(t, 400, taken)
			})
		})
	}
	for _, n := range []int{1, 2, 3, 4, 100} {
		mapped := func(unordered bool) func(stream.Seq[int]) stream.Seq[int] {
			return func(s stream.Seq[int]) stream.Seq[int] {
				return stream.ParallelMap(s, same, stream.ParallelOptions{Workers: 3, InFlight: n, Unordered: unordered})
			}
		}
		check(fmt.Sprintf("Prefetch/%d", n), func(s stream.Seq[int]) stream.Seq[int] { return stream.Prefetch(s, n) }, n, n-n/2)
		check(fmt.Sprintf("ParallelMap/%d", n), mapped(false), n, n-n/2)
		check(fmt.Sprintf("ParallelMap/%d/unordered", n), mapped(true), n, 1)
	}
}

// Slow calls need little ahead of them, and what they make may be large: without InFlight, 16 elements per worker.
func TestParallelMap_ReadsLittleAheadOfSlowCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read, taken := 0, 0
		source := stream.Tap(stream.From(upTo(1000)), func(int) { read++ })
		slow := func(v int) (int, error) {
			if v == 100 {
				time.Sleep(time.Hour) // all others wait for it
			}
			time.Sleep(time.Second)
			return v, nil
		}
		for range stream.ParallelMap(source, slow, stream.ParallelOptions{Workers: 4}) {
			taken++
			synctest.Wait()
			require.LessOrEqual(t, read, taken+64)
		}
		require.Equal(t, 1000, taken)
	})
}

// Reading and working overlap: ten seconds of each take eleven.
func TestPrefetch_Overlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		for range stream.Prefetch(ticks(10, time.Second), 1) {
			time.Sleep(time.Second)
		}
		require.Equal(t, 11*time.Second, time.Since(began))
	})
}

// A break waits for the calls under way, makes no new ones, and reads no more.
func TestParallelMap_Break(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var calls, ended atomic.Int32
		request := func(v int) (int, error) {
			calls.Add(1)
			defer ended.Add(1)
			time.Sleep(time.Duration(v+1) * time.Second)
			return v, nil
		}
		for range stream.ParallelMap(stream.From(upTo(1000)), request, stream.ParallelOptions{Workers: 4}) {
			break
		}
		require.Equal(t, calls.Load(), ended.Load())
		require.LessOrEqual(t, calls.Load(), int32(5))
		require.LessOrEqual(t, time.Since(began), 6*time.Second)
	})
}

func TestConcurrent_stages_wrong_options(t *testing.T) {
	untouched := func(func(int, error) bool) { t.Error("source was touched") }
	with := func(o stream.ParallelOptions) stream.Seq[int] { return stream.ParallelMap(untouched, same, o) }
	for want, s := range map[string]stream.Seq[int]{
		"stream: ParallelMap: Workers must be from 0 to 1048576, got -1":       with(stream.ParallelOptions{Workers: -1}),
		"stream: ParallelMap: InFlight must be from 0 to 1048576, got 1048577": with(stream.ParallelOptions{InFlight: 1<<20 + 1}),
		"stream: ParallelMap: Chunk must be 0 or positive, got -3":             with(stream.ParallelOptions{Chunk: -3}),
		"stream: Prefetch: n must be from 1 to 1048576, got 0":                 stream.Prefetch(untouched, 0),
	} {
		var option *stream.OptionError
		err := stream.Drain(s)
		require.ErrorAs(t, err, &option)
		require.EqualError(t, err, want)
	}
	s := stream.Of(1)
	require.PanicsWithValue(t, "stream: ParallelMap: nil function", func() { stream.ParallelMap[int, int](s, nil, stream.ParallelOptions{}) })
	require.PanicsWithValue(t, "stream: Prefetch: nil sequence", func() { stream.Prefetch[int](nil, 1) })
	require.PanicsWithValue(t, "stream: Interleave: nil sequence", func() { stream.Interleave(s, nil) })
}

// fail panics from a function whose name can be found in a stack.
//
//go:noinline
func fail(v any) { panic(v) }

// A panic keeps its value, its error chain, and the stack of the goroutine it happened on, through any number of stages.
func TestConcurrent_stages_carry_panics(t *testing.T) {
	stages := map[string]func(){
		"ParallelMap": func() {
			_ = stream.Drain(stream.ParallelMap(stream.Of(1), func(int) (int, error) { fail(errBoom); return 0, nil }, stream.ParallelOptions{}))
		},
		"three stages": func() {
			s := stream.Map(stream.Of(1), func(int) int { fail(errBoom); return 0 })
			_ = stream.Drain(stream.Interleave(stream.ParallelMap(stream.Prefetch(s, 1), same, stream.ParallelOptions{})))
		},
		"Broadcast": func() {
			_ = stream.Broadcast(t.Context(), stream.Of(1), func(stream.Seq[int]) error { fail(errBoom); return nil })
		},
	}
	for name, run := range stages {
		t.Run(name, func(t *testing.T) {
			defer func() {
				p, ok := recover().(*stream.PanicError)
				require.True(t, ok)
				require.Equal(t, errBoom, p.Value)
				require.True(t, errors.Is(p, errBoom))
				require.Contains(t, string(p.Stack), "stream_test.fail(")
			}()
			run()
			t.Error("no panic")
		})
	}
}

// What a source throws while it is told to end comes out too, though its consumer has left.
func TestConcurrent_stages_carry_panics_of_clean_up(t *testing.T) {
	stages := map[string]func(stream.Seq[int]) stream.Seq[int]{
		"ParallelMap": func(s stream.Seq[int]) stream.Seq[int] {
			return stream.ParallelMap(s, same, stream.ParallelOptions{InFlight: 2})
		},
		"Prefetch":   func(s stream.Seq[int]) stream.Seq[int] { return stream.Prefetch(s, 2) },
		"Interleave": func(s stream.Seq[int]) stream.Seq[int] { return stream.Interleave(stream.Of(1), s) },
	}
	for name, stage := range stages {
		for _, how := range []ending{withPanic, withGoexit} {
			got := loop(stage(func(yield func(int, error) bool) {
				defer func() { _ = how.endAt("clean-up", 0) }()
				for yield(7, nil) {
				}
			}), 0)
			require.Len(t, got.values, 1, name)
			require.Equal(t, how == withGoexit, got.exited, name)
			if how == withPanic {
				require.Equal(t, "clean-up at 0", got.thrown, name)
			}
		}
	}
}

// Chunks are not made per element: a long run allocates no more than a short one, but for what the scheduler keeps.
func TestConcurrent_stages_allocate_nothing_per_element(t *testing.T) {
	try := func(v uint64) (uint64, error) { return v + 1, nil }
	ops := map[string]func(stream.Seq[uint64]) error{
		"ordered": func(s stream.Seq[uint64]) error {
			return stream.Drain(stream.ParallelMap(s, try, stream.ParallelOptions{Workers: 2}))
		},
		"unordered": func(s stream.Seq[uint64]) error {
			return stream.Drain(stream.ParallelMap(s, try, stream.ParallelOptions{Workers: 2, Unordered: true}))
		},
		"Prefetch":   func(s stream.Seq[uint64]) error { return stream.Drain(stream.Prefetch(s, 256)) },
		"Interleave": func(s stream.Seq[uint64]) error { return stream.Drain(stream.Interleave(s, s)) },
		"Broadcast": func(s stream.Seq[uint64]) error {
			return stream.Broadcast(t.Context(), s, stream.Drain[uint64], stream.Drain[uint64])
		},
		"SplitByKey": func(s stream.Seq[uint64]) error {
			return stream.SplitByKey(t.Context(), s, func(v uint64) uint64 { return v }, 2, func(_ int, s stream.Seq[uint64]) error {
				return stream.Drain(s)
			}, stream.SplitOptions{})
		},
	}
	items := make([]uint64, 50_000)
	for i := range items {
		items[i] = uint64(i)
	}
	for name, op := range ops {
		run := func(items []uint64) float64 {
			return testing.AllocsPerRun(3, func() {
				if err := op(stream.Of(items...)); err != nil {
					t.Error(err)
				}
			})
		}
		few, many := run(items[:1000]), run(items)
		require.Less(t, many-few, 50.0, "%s: %v allocations for 1,000 elements, %v for 50,000", name, few, many)
	}
	runtime.KeepAlive(items)
}
