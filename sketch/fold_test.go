package sketch_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/sketch"
	"github.com/millrace-go/millrace/stream"
)

type click struct {
	UserID  string
	Type    string
	Seconds int
}

func (c click) User() string { return c.UserID }

func (c click) Kind() string { return c.Type }

func clicks(n int) []click {
	all := make([]click, n)
	for i := range all {
		all[i] = click{UserID: fmt.Sprintf("user-%d", i*i%97), Type: []string{"view", "buy", "search"}[i%3]}
	}
	return all
}

// checkFold folds the clicks whole and cut at every fiftieth place, and merges the parts.
func checkFold[A any](t *testing.T, f stream.Fold[click, A], same func(whole, merged A)) {
	all := clicks(1000)
	whole := f.Init()
	for _, c := range all {
		f.Add(&whole, c)
	}
	require.Positive(t, f.Size(&whole))
	for cut := 0; cut <= len(all); cut += 50 {
		a, b := f.Init(), f.Init()
		for _, c := range all[:cut] {
			f.Add(&a, c)
		}
		for _, c := range all[cut:] {
			f.Add(&b, c)
		}
		f.Merge(&a, &b)
		same(whole, a)
	}
}

func TestDistinctFold_Exact(t *testing.T) {
	f, err := sketch.DistinctFold(click.User, sketch.HLLOptions{Precision: 7}) // turns dense on the way
	require.NoError(t, err)
	require.True(t, f.Exact)
	checkFold(t, f, func(whole, merged *sketch.HLL[string]) {
		require.Equal(t, snapshot(t, whole), snapshot(t, merged))
	})
}

func TestFrequencyFold_Exact(t *testing.T) {
	for _, conservative := range []bool{false, true} {
		f, err := sketch.FrequencyFold(click.User, sketch.CountMinOptions{Width: 50, Conservative: conservative})
		require.NoError(t, err)
		require.Equal(t, !conservative, f.Exact)
		checkFold(t, f, func(whole, merged *sketch.CountMin[string]) {
			require.Equal(t, whole.Total(), merged.Total())
			if f.Exact {
				require.Equal(t, snapshot(t, whole), snapshot(t, merged))
			}
		})
	}
}

func TestHeavyHittersFold(t *testing.T) {
	f, err := sketch.HeavyHittersFold(click.User, sketch.HeavyHittersOptions{Capacity: 10})
	require.NoError(t, err)
	require.False(t, f.Exact)
	truth := map[string]uint64{}
	for _, c := range clicks(1000) {
		truth[c.UserID]++
	}
	checkFold(t, f, func(_, merged *sketch.HeavyHitters[string]) {
		require.EqualValues(t, 1000, merged.Total())
		for _, hitter := range merged.Top(10) {
			require.LessOrEqual(t, truth[hitter.Key], hitter.Count)
			require.GreaterOrEqual(t, truth[hitter.Key], hitter.Count-hitter.Error)
		}
		for k, n := range truth {
			require.GreaterOrEqual(t, merged.Count(k), n)
		}
	})
}

func TestFolds_WrongUse(t *testing.T) {
	require.PanicsWithValue(t, "sketch: DistinctFold: nil key", func() { sketch.DistinctFold[click, string](nil, sketch.HLLOptions{}) })
	require.PanicsWithValue(t, "sketch: FrequencyFold: nil key", func() { sketch.FrequencyFold[click, string](nil, sketch.CountMinOptions{}) })
	require.PanicsWithValue(t, "sketch: HeavyHittersFold: nil key", func() { sketch.HeavyHittersFold[click, string](nil, sketch.HeavyHittersOptions{}) })

	_, distinct := sketch.DistinctFold(click.User, sketch.HLLOptions{Precision: 99})
	_, frequency := sketch.FrequencyFold(click.User, sketch.CountMinOptions{Epsilon: 7})
	_, heavy := sketch.HeavyHittersFold(click.User, sketch.HeavyHittersOptions{CountMin: sketch.CountMinOptions{Delta: 7}})
	for fn, err := range map[string]error{"DistinctFold": distinct, "FrequencyFold": frequency, "HeavyHittersFold": heavy} {
		var wrong *stream.OptionError
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, fn, wrong.Func)
	}

	a, err := sketch.DistinctFold(click.User, sketch.HLLOptions{Precision: 4})
	require.NoError(t, err)
	b, err := sketch.DistinctFold(click.User, sketch.HLLOptions{Precision: 5})
	require.NoError(t, err)
	x, y := a.Init(), b.Init()
	require.PanicsWithValue(t, "sketch: DistinctFold: accumulators of different folds: sketch: HLL.Merge: precision is 5, want 4: conflict",
		func() { a.Merge(&x, &y) })
}

// A memory bound on a grouped sketch is kept by what the fold says of its size.
func TestDistinctFold_UnderMemoryBound(t *testing.T) {
	distinct, err := sketch.DistinctFold(click.User, sketch.HLLOptions{})
	require.NoError(t, err)
	run := func(rows []click, memory int64) (groups int, err error) {
		opts := stream.AggregateOptions{Resources: stream.Resources{Memory: memory, TempDir: t.TempDir()}}
		for _, err := range stream.Aggregate(stream.Of(rows...), click.Kind, distinct, opts) {
			if err != nil {
				return groups, err
			}
			groups++
		}
		return groups, nil
	}
	for _, memory := range []int64{1 << 20, 2 << 10} {
		groups, err := run(clicks(3000), memory)
		require.NoError(t, err, "memory %d", memory)
		require.Equal(t, 3, groups)
	}
	// A dense sketch is 16 KiB: one is more than all memory and what Aggregate takes beside it.
	strangers := clicks(60_000)
	for i := range strangers {
		strangers[i].UserID = strconv.Itoa(i)
	}
	_, err = run(strangers, 1<<10)
	require.ErrorIs(t, err, stream.ErrLimit)
}
