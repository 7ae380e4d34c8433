package stream_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

// plan is what a consumer of a fan-out does.
type plan struct {
	take int    // elements; -1: all
	then ending // after them
	got  []int
	end  error // what its elements ended with
}

// newPlans makes plans for consumers of n elements; most take all.
func newPlans(r *rand.Rand, consumers, n int) []*plan {
	plans := make([]*plan, consumers)
	for i := range plans {
		plans[i] = &plan{take: -1}
		if r.IntN(3) == 0 {
			plans[i].take = r.IntN(n + 2)
			if r.IntN(2) == 0 {
				plans[i].then = ending(r.IntN(4))
			}
		}
	}
	return plans
}

// consume carries the plan out.
func (p *plan) consume(number int, pauses uint64, s stream.Seq[int]) error {
	if p.take != 0 {
		for v, err := range s {
			if err != nil {
				p.end = err
				return fmt.Errorf("consumer was told: %w", err)
			}
			p.got = append(p.got, v)
			if pauses>>((v+5*number)%64)&1 == 1 {
				runtime.Gosched()
			}
			if len(p.got) == p.take {
				break
			}
		}
	}
	return p.then.endAt("consumer", number)
}

// verdict is how the first consumer to fail by itself fails, if every element were given to one consumer after the
// other, in order. given are the positions that each gets.
func verdict(plans []*plan, given [][]int, sourceFails bool) (consumer int, failed bool) {
	type failure struct{ at, consumer int }
	var first []failure
	for i, p := range plans {
		switch {
		case p.then == well:
		case p.take == 0:
			first = append(first, failure{-1, i})
		case p.take > 0 && p.take <= len(given[i]):
			first = append(first, failure{given[i][p.take-1], i})
		case !sourceFails: // it came to the end
			first = append(first, failure{1 << 30, i})
		}
	}
	if len(first) == 0 {
		return 0, false
	}
	least := slices.MinFunc(first, func(a, b failure) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.consumer, b.consumer)) })
	return least.consumer, true
}

// judge holds the end of a fan-out against the verdict, and what each consumer got against what it was to get.
func judge(t require.TestingT, name string, c *trial, plans []*plan, given [][]int, got ran) {
	c.over(t)
	loser, failed := verdict(plans, given, c.source != well)
	everybodyLeft := true
	for i, p := range plans {
		everybodyLeft = everybodyLeft && p.take >= 0 && p.take <= len(given[i])
	}
	switch {
	case c.source == withPanic, c.source == withGoexit:
		// It is the caller's own, and wins where it is reached.
		require.True(t, got.failed() || failed || everybodyLeft)
	case failed && plans[loser].then == withError:
		require.EqualError(t, got.err, fmt.Sprintf("stream: %s: consumer %d: consumer at %d", name, loser, loser))
	case failed && plans[loser].then == withPanic:
		require.Equal(t, fmt.Sprintf("consumer at %d", loser), got.thrown)
	case failed:
		require.True(t, got.exited)
	case c.source == withError && !everybodyLeft:
		require.EqualError(t, got.err, fmt.Sprintf("source at %d", c.n))
	case everybodyLeft:
		require.True(t, got.err == nil || got.err.Error() == fmt.Sprintf("source at %d", c.n))
	default:
		require.False(t, got.failed(), "%+v", got)
	}
	for i, p := range plans {
		want := given[i]
		if p.take >= 0 {
			want = want[:min(p.take, len(want))]
		}
		if p.end != nil {
			require.LessOrEqual(t, len(p.got), len(want))
			want = want[:len(p.got)]
			require.True(t, errors.Is(p.end, context.Canceled) || p.end.Error() == fmt.Sprintf("source at %d", c.n), "%v", p.end)
		}
		if got.thrown == nil && !got.exited {
			require.True(t, slices.Equal(want, p.got), "consumer %d got %v, want %v", i, p.got, want)
		}
	}
}

func TestBroadcast_Law_EqualsOneLoop(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	eachCase(t, 1000, func(t require.TestingT, r *rand.Rand) {
		c := newTrial(r)
		plans := newPlans(r, 1+r.IntN(5), c.n)
		given := make([][]int, len(plans))
		consumers := make([]func(stream.Seq[int]) error, len(plans))
		for i, p := range plans {
			for v := range c.n {
				given[i] = append(given[i], v)
			}
			consumers[i] = func(s stream.Seq[int]) error { return p.consume(i, c.pauses, s) }
		}
		got := call(func() error { return stream.Broadcast(context.Background(), c.seq, consumers...) })
		judge(t, "Broadcast", c, plans, given, got)
	})
}

func TestSplitByKey_Law_EqualsOneLoop(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	eachCase(t, 1000, func(t require.TestingT, r *rand.Rand) {
		c := newTrial(r)
		shards, keys := 1+r.IntN(6), 1+r.IntN(20)
		key := func(v int) int { return v % keys }
		given := make([][]int, shards)
		require.NoError(t, stream.SplitByKey(context.Background(), stream.From(upTo(c.n)), key, shards, func(shard int, s stream.Seq[int]) (err error) {
			given[shard], err = stream.Collect(s)
			return err
		}, stream.SplitOptions{}))
		home := map[int]int{}
		total := 0
		for shard, vs := range given {
			require.True(t, slices.IsSorted(vs))
			total += len(vs)
			for _, v := range vs {
				if h, ok := home[key(v)]; ok {
					require.Equal(t, h, shard, "key %d is in two shards", key(v))
				}
				home[key(v)] = shard
			}
		}
		require.Equal(t, c.n, total)

		plans := newPlans(r, shards, c.n/shards)
		o := stream.SplitOptions{Ahead: []int{0, 1, 2, 7, 64}[r.IntN(5)]}
		got := call(func() error {
			return stream.SplitByKey(context.Background(), c.seq, key, shards, func(shard int, s stream.Seq[int]) error {
				return plans[shard].consume(shard, c.pauses, s)
			}, o)
		})
		judge(t, "SplitByKey", c, plans, given, got)
	})
}

// call runs fn on a goroutine of its own and says how it ended.
func call(fn func() error) ran {
	return loop(func(yield func(int, error) bool) {
		if err := fn(); err != nil {
			yield(0, err)
		}
	}, -1)
}

// Shards of tables are aggregated on their own and put together: the same groups as of one table.
func TestSplitByKey_Law_AggregateByShard(t *testing.T) {
	key := func(v int) int { return v % 1000 }
	events := stream.From(upTo(20_000))
	byKey := func(a, b stream.Keyed[int, int]) int { return cmp.Compare(a.Key, b.Key) }
	want := collect(t, stream.CountBy(events, key))
	slices.SortFunc(want, byKey)
	parts := make([][]stream.Keyed[int, int], 4)
	require.NoError(t, stream.SplitByKey(t.Context(), events, key, len(parts), func(shard int, s stream.Seq[int]) (err error) {
		parts[shard], err = stream.Collect(stream.Aggregate(s, key, fold.Count[int](), stream.AggregateOptions{}))
		return err
	}, stream.SplitOptions{}))
	for shard, part := range parts {
		require.InDelta(t, 250, len(part), 75, "keys in shard %d", shard)
	}
	got := slices.Concat(parts...)
	slices.SortFunc(got, byKey)
	require.Equal(t, want, got)
}

// The shard of a key is for ever: data that was split by one release is found by the next.
func TestSplitByKey_Golden_Shards(t *testing.T) {
	words := []string{"", "ann", "bob", "cem", "dia", "/home", "/cart"}
	got := map[string]int{}
	shards := make([][]string, 5)
	require.NoError(t, stream.SplitByKey(t.Context(), stream.Of(words...), func(w string) string { return w }, len(shards), func(shard int, s stream.Seq[string]) (err error) {
		shards[shard], err = stream.Collect(s)
		return err
	}, stream.SplitOptions{}))
	for shard, ws := range shards {
		for _, w := range ws {
			got[w] = shard
		}
	}
	require.Equal(t, map[string]int{"": 1, "/cart": 1, "/home": 0, "ann": 2, "bob": 3, "cem": 0, "dia": 1}, got)
}

func TestFanOut_Wrong_options(t *testing.T) {
	untouched := func(func(int, error) bool) { t.Error("source was touched") }
	id := func(v int) int { return v }
	none := func(int, stream.Seq[int]) error { t.Error("consumer was called"); return nil }
	ctx := t.Context()
	for want, err := range map[string]error{
		"stream: Broadcast: consumers must be one or more, got 0":                  stream.Broadcast(ctx, untouched),
		"stream: SplitByKey: n must be from 1 to 4096, got 0":                      stream.SplitByKey(ctx, untouched, id, 0, none, stream.SplitOptions{}),
		"stream: SplitByKey: Ahead must be at most 1024 for 1024 shards, got 1025": stream.SplitByKey(ctx, untouched, id, 1024, none, stream.SplitOptions{Ahead: 1025}),
		"stream: SplitByKey: n must be from 1 to 4096, got 4097":                   stream.SplitByKey(ctx, untouched, id, 4097, none, stream.SplitOptions{}),
		"stream: SplitByKey: Ahead must be from 1 to 1048576, got -1":              stream.SplitByKey(ctx, untouched, id, 1, none, stream.SplitOptions{Ahead: -1}),
		"stream: SplitByKey: Ahead must be from 1 to 1048576, got 1048577":         stream.SplitByKey(ctx, untouched, id, 1, none, stream.SplitOptions{Ahead: 1<<20 + 1}),
	} {
		var option *stream.OptionError
		require.ErrorAs(t, err, &option)
		require.EqualError(t, err, want)
	}
	var option *stream.OptionError
	require.ErrorAs(t, stream.SplitByKey(ctx, untouched, func(v int) *int { return &v }, 2, none, stream.SplitOptions{}), &option)

	cause := errors.New("shutting down")
	over, cancel := context.WithCancelCause(ctx)
	cancel(cause)
	require.Equal(t, cause, stream.Broadcast(over, untouched, func(stream.Seq[int]) error { t.Error("consumer was called"); return nil }))
	require.Equal(t, cause, stream.SplitByKey(over, untouched, id, 1, none, stream.SplitOptions{}))
}

func TestFanOut_Nil_functions_panic(t *testing.T) {
	s, id := stream.Of(1), func(v int) int { return v }
	all := func(s stream.Seq[int]) error { return stream.Drain(s) }
	require.PanicsWithValue(t, "stream: Broadcast: nil sequence", func() { _ = stream.Broadcast[int](t.Context(), nil, all) })
	require.PanicsWithValue(t, "stream: Broadcast: nil consumer", func() { _ = stream.Broadcast(t.Context(), s, all, nil) })
	require.PanicsWithValue(t, "stream: SplitByKey: nil key", func() {
		_ = stream.SplitByKey[int, int](t.Context(), s, nil, 1, func(int, stream.Seq[int]) error { return nil }, stream.SplitOptions{})
	})
	require.PanicsWithValue(t, "stream: SplitByKey: nil consumer", func() { _ = stream.SplitByKey(t.Context(), s, id, 1, nil, stream.SplitOptions{}) })
}

// A key that cannot be one is an error with its position, and all shards end with it.
func TestSplitByKey_BadKey(t *testing.T) {
	key := func(v int) any {
		if v == 5 {
			return []int{v}
		}
		return v
	}
	ends := make([]error, 3)
	err := stream.SplitByKey(t.Context(), stream.From(upTo(9)), key, len(ends), func(shard int, s stream.Seq[int]) error {
		ends[shard] = stream.Drain(s)
		return ends[shard]
	}, stream.SplitOptions{})
	var bad *stream.KeyError
	require.ErrorAs(t, err, &bad)
	require.EqualValues(t, 5, bad.Index)
	require.Equal(t, []error{err, err, err}, ends)
}

// The elements of a consumer are its own, once.
func TestBroadcast_Elements_are_single_use(t *testing.T) {
	var kept stream.Seq[int]
	require.NoError(t, stream.Broadcast(t.Context(), stream.Of(1, 2), func(s stream.Seq[int]) error {
		require.Equal(t, []int{1, 2}, collect(t, s))
		require.ErrorIs(t, stream.Drain(s), stream.ErrConsumed)
		return nil
	}, func(s stream.Seq[int]) error { kept = s; return nil }))
	require.ErrorIs(t, stream.Drain(kept), stream.ErrConsumed)
}

// A consumer is no further ahead than the belt is long, and one that leaves holds nobody back.
func TestBroadcast_BackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fast := 0
		err := stream.Broadcast(t.Context(), stream.From(upTo(1000)), func(s stream.Seq[int]) error {
			for range s {
				fast++
			}
			return nil
		}, func(s stream.Seq[int]) error {
			for v := range s {
				synctest.Wait() // until all others wait for this one
				require.LessOrEqual(t, fast, v+1+256)
				require.GreaterOrEqual(t, fast, v+192)
				if v == 500 {
					break
				}
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			require.Equal(t, 1000, fast, "the slow consumer has left")
			return nil
		})
		require.NoError(t, err)
	})
}

// A done context ends consumers that wait for elements, and a source that waits for consumers.
func TestFanOut_Context(t *testing.T) {
	cause := errors.New("shutting down")
	cancelled := func(t *testing.T) context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(cause) })
		return ctx
	}
	t.Run("source_waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx := cancelled(t)
			began := time.Now()
			err := stream.Broadcast(ctx, stream.From(upTo(1000)), func(s stream.Seq[int]) error {
				for _, err := range s {
					if err != nil {
						return err
					}
					<-ctx.Done() // stuck in its own work
					time.Sleep(time.Second)
				}
				return nil
			})
			require.Equal(t, cause, err)
			require.Equal(t, 61*time.Second, time.Since(began))
		})
	})
	t.Run("consumers_wait", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx := cancelled(t)
			live := make(chan int, 1)
			live <- 7
			shards := make([]error, 3)
			err := stream.SplitByKey(ctx, stream.Chan(ctx, live), func(v int) int { return v }, 3, func(shard int, s stream.Seq[int]) error {
				shards[shard] = stream.Drain(s)
				return shards[shard]
			}, stream.SplitOptions{})
			require.Equal(t, cause, err)
			require.Equal(t, []error{cause, cause, cause}, shards)
		})
	})
	t.Run("source_blocks", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx := cancelled(t)
			began := time.Now()
			var told time.Duration
			err := stream.Broadcast(ctx, ticks(2, time.Hour), func(s stream.Seq[int]) error {
				err := stream.Drain(s)
				told = time.Since(began)
				return err
			})
			require.Equal(t, cause, err)
			require.Equal(t, time.Minute, told, "consumers do not wait for the source")
			require.Equal(t, time.Hour, time.Since(began), "the call does, once")
		})
	})
}
