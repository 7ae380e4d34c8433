package dedup_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// upTo are the numbers from 0 to n-1, each of them the round-th time.
func upTo(n, rounds int) stream.Seq[int] {
	return func(yield func(int, error) bool) {
		for range rounds {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
		}
	}
}

func intItself(v int) int { return v }

func TestApprox_DropsWhatWasSeen(t *testing.T) {
	var stats dedup.ApproxStats
	var drops []dedup.Drop[click]
	s := dedup.Approx(stream.Of(shuffledClicks()...), click.Key, dedup.ApproxOptions[click]{
		Stats: &stats,
		Drops: func(d dedup.Drop[click]) error { drops = append(drops, d); return nil },
	})
	got, err := stream.Collect(s)
	require.NoError(t, err)
	want, err := stream.Collect(dedup.Distinct(stream.Of(shuffledClicks()...), click.Key))
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Len(t, drops, len(shuffledClicks())-len(want))
	for _, d := range drops {
		require.Equal(t, shuffledClicks()[d.Position], d.Row)
	}
	require.Equal(t, int64(len(drops)), stats.Dropped)
	require.Equal(t, int64(len(want)), stats.Keys)
	require.Equal(t, 1, stats.Generations)
	// The figure of the documentation of ExpectedKeys' default: 1<<20 keys at 8.6 bytes.
	require.InDelta(t, 8.57*(1<<20), stats.FilterBytes, 0.01*(1<<20))
}

func TestApprox_Options(t *testing.T) {
	sink := stream.Discard[dedup.Reject[int]]("nothing is rejected")
	for name, c := range map[string]struct {
		o    dedup.ApproxOptions[int]
		want string // "" is accepted
	}{
		"zero":                 {},
		"rate_highest":         {o: dedup.ApproxOptions[int]{FalseDropRate: 0.5}},
		"rate_above":           {o: dedup.ApproxOptions[int]{FalseDropRate: 0.51}, want: "FalseDropRate must be greater than 0 and at most 0.5, or 0 for 1e-06, got 0.51"},
		"rate_negative":        {o: dedup.ApproxOptions[int]{FalseDropRate: -1e-6}, want: "FalseDropRate must be greater than 0 and at most 0.5, or 0 for 1e-06, got -1e-06"},
		"rate_nan":             {o: dedup.ApproxOptions[int]{FalseDropRate: math.NaN()}, want: "FalseDropRate must be greater than 0 and at most 0.5, or 0 for 1e-06, got NaN"},
		"keys_negative":        {o: dedup.ApproxOptions[int]{ExpectedKeys: -1}, want: "ExpectedKeys must be 0 or positive, got -1"},
		"one_key":              {o: dedup.ApproxOptions[int]{ExpectedKeys: 1}},
		"generations_one":      {o: dedup.ApproxOptions[int]{Generations: 1, ExpectedKeys: 10}, want: "Generations must be 0 or from 2 to 64, got 1"},
		"generations_negative": {o: dedup.ApproxOptions[int]{Generations: -1, ExpectedKeys: 10}, want: "Generations must be 0 or from 2 to 64, got -1"},
		"generations_many":     {o: dedup.ApproxOptions[int]{Generations: 65, ExpectedKeys: 10}, want: "Generations must be 0 or from 2 to 64, got 65"},
		"generations_most":     {o: dedup.ApproxOptions[int]{Generations: 64, ExpectedKeys: 10}},
		"generations_of_what":  {o: dedup.ApproxOptions[int]{Generations: 2}, want: "ExpectedKeys must be positive where Generations is set, got 0"},
		"ahead_negative":       {o: dedup.ApproxOptions[int]{ReadAhead: -1}, want: "ReadAhead must be from 0 to 256, got -1"},
		"ahead_too_far":        {o: dedup.ApproxOptions[int]{ReadAhead: 257}, want: "ReadAhead must be from 0 to 256, got 257"},
		"nulls_unknown":        {o: dedup.ApproxOptions[int]{NullKeys: 9, NullKey: func(int) bool { return false }}, want: "NullKeys must be NullsDistinct, NullsEqual or NullsReject, got NullKeys(9)"},
		"nulls_without_null":   {o: dedup.ApproxOptions[int]{NullKeys: dedup.NullsEqual}, want: "NullKey must be set where NullKeys is, got nil"},
		"rejects_without":      {o: dedup.ApproxOptions[int]{Rejects: sink}, want: "Rejects must be nil unless NullKeys is NullsReject, got a sink"},
		"memory_negative":      {o: dedup.ApproxOptions[int]{Resources: stream.Resources{Memory: -1}}, want: "Resources.Memory must be 0 or positive, got -1"},
	} {
		t.Run(name, func(t *testing.T) {
			script := streamtest.Script[int]{Values: []int{1, 2, 1}}
			got, err := stream.Collect(dedup.Approx(script.Seq(), intItself, c.o))
			if c.want == "" {
				require.NoError(t, err)
				require.Equal(t, []int{1, 2}, got)
				return
			}
			var option *stream.OptionError
			require.ErrorAs(t, err, &option)
			require.EqualError(t, err, "dedup: Approx: "+c.want)
			require.Zero(t, script.Counts().Starts, "the source is not touched")
		})
	}
	require.PanicsWithValue(t, "dedup: Approx: nil stream", func() { dedup.Approx(nil, intItself, dedup.ApproxOptions[int]{}) })
	require.PanicsWithValue(t, "dedup: Approx: nil key", func() { dedup.Approx[int, int](stream.Of(1), nil, dedup.ApproxOptions[int]{}) })
	_, err := stream.Collect(dedup.Approx(stream.Of(1), func(v int) *int { return &v }, dedup.ApproxOptions[int]{}))
	require.ErrorContains(t, err, "dedup: Approx: key type must be comparable without pointers or channels")
}

// A bound without room for the rate ends the stream before the source is touched, and says what it would need.
func TestApprox_LimitSaysWhatItNeeds(t *testing.T) {
	for name, o := range map[string]dedup.ApproxOptions[int]{
		"one_filter":  {ExpectedKeys: 100_000},
		"generations": {ExpectedKeys: 100_000, Generations: 4, ReadAhead: 256},
	} {
		t.Run(name, func(t *testing.T) {
			script := streamtest.Script[int]{Values: []int{1, 2, 1}}
			o.Resources.Memory = 64 << 10
			_, err := stream.Collect(dedup.Approx(script.Seq(), intItself, o))
			var limit *stream.LimitError
			require.ErrorAs(t, err, &limit)
			require.ErrorIs(t, err, stream.ErrLimit)
			require.Equal(t, "dedup: Approx", limit.Where)
			require.Zero(t, script.Counts().Starts)

			// What it needs is enough, but for the rows read ahead; one byte less is not.
			rows := int64(o.ReadAhead+1) * (8 + strconv.IntSize/8)
			o.Resources.Memory = limit.Need + rows
			got, err := stream.Collect(dedup.Approx(script.Seq(), intItself, o))
			require.NoError(t, err)
			require.Equal(t, []int{1, 2}, got)
			o.Resources.Memory--
			_, err = stream.Collect(dedup.Approx(script.Seq(), intItself, o))
			require.ErrorIs(t, err, stream.ErrLimit)
		})
	}
	t.Run("budget", func(t *testing.T) {
		budget, err := stream.NewBudget(64 << 10)
		require.NoError(t, err)
		_, err = stream.Collect(dedup.Approx(stream.Of(1), intItself, dedup.ApproxOptions[int]{ExpectedKeys: 100_000, Resources: stream.Resources{Budget: budget}}))
		require.EqualError(t, err, "dedup: Approx: bytes of the shared budget: limit is 65536: limit exceeded: "+
			"a filter for 100000 keys at a false-drop rate of 7.5e-07 takes 857312 bytes")
		require.Zero(t, budget.Used())
	})
	t.Run("no_machine", func(t *testing.T) {
		_, err := stream.Collect(dedup.Approx(stream.Of(1), intItself, dedup.ApproxOptions[int]{ExpectedKeys: math.MaxInt64}))
		var limit *stream.LimitError
		require.ErrorAs(t, err, &limit)
		require.Equal(t, "bytes of one filter", limit.What)
		_, err = stream.Collect(dedup.Approx(stream.Of(1), intItself, dedup.ApproxOptions[int]{FalseDropRate: 1e-300}))
		require.ErrorAs(t, err, &limit)
		require.Equal(t, int64(math.MaxInt64), limit.Need)
	})
}

// Where more keys come than were expected and the bound has no room for them, the rows so far come out first.
func TestApprox_LimitWhileItGrows(t *testing.T) {
	budget, err := stream.NewBudget(1 << 30)
	require.NoError(t, err)
	for _, ahead := range []int{0, 7, 256} {
		got, err := stream.Collect(dedup.Approx(upTo(5000, 1), intItself, dedup.ApproxOptions[int]{
			ExpectedKeys: 1000, ReadAhead: ahead, Resources: stream.Resources{Memory: 60_000, Budget: budget}}))
		require.ErrorIs(t, err, stream.ErrLimit)
		require.ErrorContains(t, err, "(at element 3000, after 3000 keys)")
		require.Len(t, got, 3000)
		require.Zero(t, budget.Used())
	}
}

func TestApprox_Nulls(t *testing.T) {
	rows := []int{0, 1, 0, 2, 1, 0}
	isNull := func(v int) bool { return v == 0 }
	run := func(o dedup.ApproxOptions[int]) ([]int, dedup.ApproxStats, error) {
		var stats dedup.ApproxStats
		o.NullKey, o.Stats = isNull, &stats
		o.Verify = func(v int) (bool, error) {
			if v == 0 {
				t.Error("Verify was asked for a null key")
			}
			return true, nil
		}
		got, err := stream.Collect(dedup.Approx(stream.Of(rows...), intItself, o))
		return got, stats, err
	}
	got, stats, err := run(dedup.ApproxOptions[int]{})
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 0, 2, 0}, got)
	require.Equal(t, int64(3), stats.NullKeys)
	require.Equal(t, int64(2), stats.Keys)

	got, stats, err = run(dedup.ApproxOptions[int]{NullKeys: dedup.NullsEqual})
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2}, got)
	require.Equal(t, int64(3), stats.Dropped)
	require.Equal(t, int64(3), stats.Keys)

	var rejects []int64
	got, stats, err = run(dedup.ApproxOptions[int]{NullKeys: dedup.NullsReject, Rejects: func(r dedup.Reject[int]) error {
		rejects = append(rejects, r.Position)
		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, got)
	require.Equal(t, []int64{0, 2, 5}, rejects)
	require.Equal(t, int64(3), stats.RejectedNull)

	got, _, err = run(dedup.ApproxOptions[int]{NullKeys: dedup.NullsReject})
	var key *dedup.KeyError
	require.ErrorAs(t, err, &key)
	require.Zero(t, key.Position)
	require.Empty(t, got)
}

// A key that cannot be one ends the stream behind the rows before it, however many are read ahead.
func TestApprox_KeyErrorInOrder(t *testing.T) {
	rows := []any{"a", 1, "a", []int{1}, "b"}
	for ahead := range 5 {
		got, err := stream.Collect(dedup.Approx(stream.Of(rows...), func(v any) any { return v }, dedup.ApproxOptions[any]{ReadAhead: ahead}))
		var key *dedup.KeyError
		require.ErrorAs(t, err, &key)
		require.Equal(t, int64(3), key.Position)
		require.Equal(t, []any{"a", 1}, got)
	}
}

var errSink = errors.New("no room")

func TestApprox_CallbacksFail(t *testing.T) {
	for ahead := range 4 {
		got, err := stream.Collect(dedup.Approx(stream.Of(1, 2, 1, 3), intItself, dedup.ApproxOptions[int]{
			ReadAhead: ahead, Drops: func(dedup.Drop[int]) error { return errSink }}))
		require.ErrorIs(t, err, errSink)
		require.EqualError(t, err, "dedup: Approx: Drops: element 2: no room")
		require.Equal(t, []int{1, 2}, got)

		got, err = stream.Collect(dedup.Approx(stream.Of(1, 2, 1, 3), intItself, dedup.ApproxOptions[int]{
			ReadAhead: ahead, Verify: func(int) (bool, error) { return false, errSink }}))
		require.ErrorIs(t, err, errSink)
		require.EqualError(t, err, "dedup: Approx: Verify: element 2: no room")
		require.Equal(t, []int{1, 2}, got)
	}
}

// With Verify no row is lost, at the worst rate and with a filter that is full from the start to the end.
func TestApprox_VerifyLosesNothing(t *testing.T) {
	for _, generations := range []int{0, 3} {
		var stats dedup.ApproxStats
		seen := map[int]bool{}
		o := dedup.ApproxOptions[int]{FalseDropRate: 0.5, ExpectedKeys: 3000, Generations: generations, Stats: &stats,
			Verify: func(v int) (bool, error) { return seen[v], nil }}
		next := 0
		for v, err := range dedup.Approx(upTo(3000, 3), intItself, o) {
			require.NoError(t, err)
			require.Equal(t, next, v)
			seen[v] = true
			next++
		}
		require.Equal(t, 3000, next)
		require.Greater(t, stats.Unconfirmed, int64(100), "the filter was wrong often")
		require.Equal(t, int64(6000), stats.Dropped)
		require.Zero(t, stats.FalseDrops)
	}
}

// What Verify let through is remembered as long as what the filter let through itself.
func TestApprox_VerifiedIsRemembered(t *testing.T) {
	const remembered = 200
	cameOut := map[int]int{}
	out := 0
	o := dedup.ApproxOptions[int]{FalseDropRate: 0.3, ExpectedKeys: remembered, Generations: 3,
		Verify: func(v int) (bool, error) { last, ok := cameOut[v]; return ok && out-last <= remembered, nil }}
	rows := func(yield func(int, error) bool) { // each key again after 0 to 300 others
		for i := range 6000 {
			if !yield(i, nil) || !yield(max(0, i-i%300), nil) {
				return
			}
		}
	}
	for v, err := range dedup.Approx(rows, intItself, o) {
		require.NoError(t, err)
		out++
		if last, again := cameOut[v]; again {
			require.Greater(t, out-last, remembered, "key %d", v)
		}
		cameOut[v] = out
	}
	require.Greater(t, out, 6000, "something was forgotten")
}

// The counts can be read in the body of the loop, and are right there.
func TestApprox_StatsAreLive(t *testing.T) {
	for _, ahead := range []int{0, 3, 256} {
		var stats dedup.ApproxStats
		out := int64(0)
		for v, err := range dedup.Approx(upTo(500, 2), intItself, dedup.ApproxOptions[int]{ExpectedKeys: 100, ReadAhead: ahead, Stats: &stats}) {
			require.NoError(t, err)
			out++
			require.Equal(t, out, stats.Out)
			require.Equal(t, int64(v)+1, stats.In)
			require.Equal(t, stats.In, stats.Out+stats.Dropped)
		}
		require.Equal(t, int64(1000), stats.In)
		require.Equal(t, 3, stats.Generations, "100, 200 and 400 keys")
		require.Zero(t, stats.Forgotten)
	}
}

// Another seed drops other rows; the same seed the same ones.
func TestApprox_SeedChoosesTheVictims(t *testing.T) {
	victims := func(seed uint64) string {
		var b strings.Builder
		require.NoError(t, stream.Drain(dedup.Approx(upTo(2000, 1), intItself, dedup.ApproxOptions[int]{
			FalseDropRate: 0.3, ExpectedKeys: 2000, Seed: seed,
			Drops: func(d dedup.Drop[int]) error { b.WriteRune(rune(d.Row)); return nil }})))
		return b.String()
	}
	require.NotEmpty(t, victims(1))
	require.Equal(t, victims(1), victims(1))
	require.NotEqual(t, victims(1), victims(2))
}

// What a run books is what it has, at its start and when it has grown.
func TestApprox_BookedIsWhatLives(t *testing.T) {
	for name, o := range map[string]dedup.ApproxOptions[int]{
		"expected": {ExpectedKeys: 200_000, ReadAhead: 256},
		"grown":    {ExpectedKeys: 20_000, ReadAhead: 256},
		"in_turn":  {ExpectedKeys: 50_000, Generations: 4},
	} {
		t.Run(name, func(t *testing.T) {
			budget, err := stream.NewBudget(1 << 30)
			require.NoError(t, err)
			var stats dedup.ApproxStats
			o.Resources.Budget, o.Stats = budget, &stats
			before := liveHeap()
			var live, booked int64
			s := stream.Seq[int](func(yield func(int, error) bool) {
				for v := range 200_000 {
					if !yield(v, nil) {
						return
					}
				}
				live, booked = liveHeap()-before, budget.Used()
			})
			require.NoError(t, stream.Drain(dedup.Approx(s, intItself, o)))
			require.Zero(t, budget.Used())
			require.InEpsilon(t, live, booked, 0.1, "%d bytes live, %d booked", live, booked)
			require.InEpsilon(t, booked, stats.FilterBytes, 0.05)
		})
	}
}

// Rows must not cost an allocation each.
func TestApprox_AllocatesNothingPerRow(t *testing.T) {
	for _, ahead := range []int{0, 256} {
		var stats dedup.ApproxStats
		perRun := testing.AllocsPerRun(3, func() {
			_ = stream.Drain(dedup.Approx(upTo(1000, 5), intItself, dedup.ApproxOptions[int]{ExpectedKeys: 1000, ReadAhead: ahead, Stats: &stats}))
		})
		require.Less(t, perRun, 60.)
	}
}
