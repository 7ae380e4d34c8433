package stream_test

import (
	"context"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// times runs s and says when each element came. It must run in a bubble.
func times[T any](s stream.Seq[T]) (at []time.Duration, err error) {
	began := time.Now()
	for _, err := range s {
		if err != nil {
			return at, err
		}
		at = append(at, time.Since(began))
	}
	return at, nil
}

func TestRateLimit(t *testing.T) {
	s := time.Second
	for name, c := range map[string]struct {
		delays []time.Duration // of the source
		limit  int
		per    time.Duration
		burst  int
		want   []time.Duration
	}{
		"evenly_spaced":       {make([]time.Duration, 4), 10, s, 0, []time.Duration{0, 100 * ms, 200 * ms, 300 * ms}},
		"burst_first":         {make([]time.Duration, 5), 10, s, 3, []time.Duration{0, 0, 0, 100 * ms, 200 * ms}},
		"burst_after_a_pause": {[]time.Duration{0, 0, s, 0, 0, 0}, 10, s, 2, []time.Duration{0, 0, s, s, s + 100*ms, s + 200*ms}},
		"pause_saves_parts":   {[]time.Duration{0, 0, 150 * ms, 0}, 10, s, 2, []time.Duration{0, 0, 150 * ms, 200 * ms}},
		"no_more_than_burst":  {[]time.Duration{0, time.Hour, 0, 0}, 10, s, 2, []time.Duration{0, time.Hour, time.Hour, time.Hour + 100*ms}},
		"slower_source":       {[]time.Duration{s, s, s}, 10, s, 1, []time.Duration{s, 2 * s, 3 * s}},
		"one_an_hour":         {make([]time.Duration, 3), 1, time.Hour, 1, []time.Duration{0, time.Hour, 2 * time.Hour}},
		// A third of a second is no number of nanoseconds: each time is rounded up, and the third is exact again.
		"thirds":      {make([]time.Duration, 4), 3, s, 1, []time.Duration{0, 333333334, 666666667, s}},
		"the_longest": {make([]time.Duration, 2), 1, math.MaxInt64 / 2, 1, []time.Duration{0, math.MaxInt64 / 2}},
		"two_per_ns":  {make([]time.Duration, 4), 2, 1, 1, []time.Duration{0, 1, 1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := times(stream.RateLimit(t.Context(), paced(c.delays...), c.limit, c.per, stream.RateOptions{Burst: c.burst}))
				require.NoError(t, err)
				require.Equal(t, c.want, got)
			})
		})
	}
}

// Against a bucket of fractions: a token is one, and limit/per come each nanosecond.
func TestRateLimit_Oracle(t *testing.T) {
	for seed := range uint64(cases(t, 300)) {
		r := rand.New(rand.NewPCG(seed, 2))
		delays := make([]time.Duration, r.IntN(50))
		for i := range delays {
			if r.IntN(2) == 0 {
				delays[i] = time.Duration(r.IntN(1 + r.IntN(1_000_000)))
			}
		}
		limit, per, burst := 1+r.IntN(1000), time.Duration(1+r.IntN(50_000_000)), 1+r.IntN(10)
		rate := big.NewRat(int64(limit), int64(per))
		full := new(big.Rat).SetInt64(int64(burst))
		level, now := new(big.Rat).Set(full), int64(0)
		one := big.NewRat(1, 1)
		pass := func(d int64) {
			now += d
			level.Add(level, new(big.Rat).Mul(rate, new(big.Rat).SetInt64(d)))
			if level.Cmp(full) > 0 {
				level.Set(full)
			}
		}
		want := []time.Duration(nil)
		for _, d := range delays {
			pass(int64(d))
			if level.Sub(level, one); level.Sign() < 0 {
				wait := new(big.Rat).Quo(new(big.Rat).Neg(level), rate)
				q, m := new(big.Int).QuoRem(wait.Num(), wait.Denom(), new(big.Int))
				if m.Sign() > 0 {
					q.Add(q, one.Num())
				}
				pass(q.Int64())
			}
			want = append(want, time.Duration(now))
		}
		synctest.Test(t, func(t *testing.T) {
			got, err := times(stream.RateLimit(t.Context(), paced(delays...), limit, per, stream.RateOptions{Burst: burst}))
			require.NoError(t, err)
			require.Equal(t, want, got, "seed %d", seed)
		})
	}
}

func TestRateLimit_cancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		src := &streamtest.Script[int]{Values: []int{1, 2, 3, 4}}
		limited := stream.RateLimit(ctx, src.Seq(), 1, time.Hour, stream.RateOptions{Burst: 2})
		time.AfterFunc(time.Minute, func() { cancel(enough) })
		began := time.Now()
		got, err := stream.Collect(limited)
		require.ErrorIs(t, err, enough)
		require.Equal(t, []int{1, 2}, got)
		require.Equal(t, time.Minute, time.Since(began), "the wait ends when ctx does")
		require.Equal(t, 3, src.Counts().Values, "nothing is read ahead of the one that waits")
		require.Equal(t, 1, src.Counts().Cleanups)

		got, err = stream.Collect(limited)
		require.ErrorIs(t, err, enough)
		require.Empty(t, got, "a token is there, but done wins")
		require.Equal(t, 1, src.Counts().Starts, "the source is not touched")
	})
}

func TestRateLimit_an_error_and_the_end_do_not_wait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := stream.Collect(stream.RateLimit(t.Context(), failAfter(errBoom, 1), 1, time.Hour, stream.RateOptions{}))
		require.ErrorIs(t, err, errBoom)
		require.NoError(t, stream.Drain(stream.RateLimit(t.Context(), stream.Of(1), 1, time.Hour, stream.RateOptions{})))
		require.Zero(t, time.Since(began))
	})
}

func TestRateLimit_wrong_options(t *testing.T) {
	touched := func(yield func(int, error) bool) { t.Error("source was touched") }
	limited := func(limit int, per time.Duration, burst int) stream.Seq[int] {
		return stream.RateLimit(t.Context(), touched, limit, per, stream.RateOptions{Burst: burst})
	}
	for want, s := range map[string]stream.Seq[int]{
		"stream: RateLimit: limit must be positive, got 0":                                           limited(0, 1, 0),
		"stream: RateLimit: per must be positive, and at most 146 years, got 0s":                     limited(1, 0, 0),
		"stream: RateLimit: Burst must be 0 or positive, got -1":                                     limited(1, 1, -1),
		"stream: RateLimit: Burst must be at most 1 for a period of 1281023h53m38.427387903s, got 2": limited(1, math.MaxInt64/2, 2),
	} {
		_, err := stream.Collect(s)
		var wrong *stream.OptionError
		require.ErrorAs(t, err, &wrong)
		require.EqualError(t, err, want)
	}
}

func TestRateLimit_allocates_nothing_per_element(t *testing.T) {
	items := make([]int, 10_000)
	n := testing.AllocsPerRun(5, func() {
		if err := stream.Drain(stream.RateLimit(t.Context(), stream.Of(items...), math.MaxInt32, 1, stream.RateOptions{})); err != nil {
			t.Fatal(err)
		}
	})
	require.Less(t, n, 20.0)
}
