package merge_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/merge"
)

// guesses are what a tree may be told to merge by, right or wrong.
var guesses = map[string]func(v *item) uint64{
	"right":            func(v *item) uint64 { return uint64(v.key) },
	"coarse":           func(v *item) uint64 { return uint64(v.key / 4) },
	"constant":         func(*item) uint64 { return 7 },
	"wrong_in_the_end": func(v *item) uint64 { return uint64(v.key) ^ uint64(v.key/900*31) },
	"wrong":            func(v *item) uint64 { return uint64(-v.key) },
	"tells_ties_apart": func(v *item) uint64 { return uint64(v.key)<<8 | uint64(255-v.input) },
	"by_input":         func(v *item) uint64 { return uint64(v.input) },
}

// Whatever is guessed, a merge is the stable sort, up to where an input fails or descends.
func TestTree_Law_GuessesChangeNothing(t *testing.T) {
	for seed := range uint64(cases(t, 150)) {
		rng := rand.New(rand.NewPCG(seed, 11))
		k := 1 + rng.IntN(12)
		if rng.IntN(8) == 0 {
			k = 60 + rng.IntN(80) // groups
		}
		keys := []int{2, 30, 1000}[rng.IntN(3)]
		bad, badAt, descends := -1, 0, rng.IntN(2) == 0
		if rng.IntN(2) == 0 {
			bad = rng.IntN(k)
		}
		var want []item
		inputs := make([]*list, k)
		for i := range inputs {
			l := &list{items: sorted(rng, i, rng.IntN(600), keys), chunk: []int{1, 2, 64, 256}[rng.IntN(4)], failAt: -1}
			want = append(want, l.items...)
			inputs[i] = l
		}
		slices.SortStableFunc(want, byKey)
		if bad >= 0 {
			l := inputs[bad]
			badAt = rng.IntN(len(l.items) + 1)
			descends = descends && badAt > 0
			cut := 0
			if badAt > 0 {
				cut = 1 + slices.Index(want, l.items[badAt-1])
			}
			want = want[:cut]
			if descends {
				l.items = slices.Insert(slices.Clip(l.items), badAt, item{l.items[badAt-1].key - 1, bad, -1})
			} else {
				l.failAt = badAt
			}
		}
		for name, prefix := range guesses {
			cursors := make([]merge.Cursor[item], k)
			for i, l := range inputs {
				l.read, l.ended = 0, false
				cursors[i] = l
			}
			tree := merge.New(merge.Order[item]{
				Compare: byKey, Watch: byKey,
				Guess: func([]*item, func(a, b item) int) func(v *item) uint64 { return prefix },
				Descent: func(c merge.Cursor[item], index int64, got, after item) error {
					return fmt.Errorf("input %d at %d: %d after %d", slices.Index(inputs, c.(*list)), index, got.key, after.key)
				},
			}, cursors)
			got, err := drain(tree)
			switch {
			case bad < 0:
				require.NoError(t, err)
			case descends:
				before := inputs[bad].items[badAt-1].key
				require.EqualError(t, err, fmt.Sprintf("input %d at %d: %d after %d", bad, badAt, before-1, before), "seed %d, %s", seed, name)
			default:
				require.True(t, errors.Is(err, errBoom), "seed %d, %s: %v", seed, name, err)
			}
			require.True(t, slices.Equal(want, got), "seed %d, %s: %d elements, want %d", seed, name, len(got), len(want))
		}
	}
}

// A guess that holds leaves Compare one call per element, and a head of each input per block.
func TestTree_GuessSparesComparisons(t *testing.T) {
	const k, n = 8, 20_000
	rng := rand.New(rand.NewPCG(1, 1))
	run := func(prefix func(v *item) uint64) int {
		calls := 0
		cursors := make([]merge.Cursor[item], k)
		for i := range cursors {
			cursors[i] = &list{items: sorted(rng, i, n, 1<<30), chunk: 256, failAt: -1}
		}
		order := merge.Order[item]{Compare: func(a, b item) int { calls++; return byKey(a, b) }}
		order.Guess = func([]*item, func(a, b item) int) func(v *item) uint64 { return prefix }
		got, err := drain(merge.New(order, cursors))
		require.NoError(t, err)
		require.Len(t, got, k*n)
		return calls
	}
	require.Less(t, run(guesses["right"]), k*n*11/10)
	require.Greater(t, run(nil), k*n*29/10)
}

// A tree that finds nothing to go by stops looking.
func TestTree_StopsGuessing(t *testing.T) {
	asked := 0
	order := merge.Order[item]{Compare: byKey}
	order.Guess = func(block []*item, _ func(a, b item) int) func(v *item) uint64 {
		asked++
		require.GreaterOrEqual(t, len(block), 64)
		return nil
	}
	rng := rand.New(rand.NewPCG(1, 1))
	cursors := []merge.Cursor[item]{
		&list{items: sorted(rng, 0, 9000, 10), chunk: 256, failAt: -1},
		&list{items: sorted(rng, 1, 9000, 10), chunk: 256, failAt: -1},
	}
	_, err := drain(merge.New(order, cursors))
	require.NoError(t, err)
	require.Equal(t, 8, asked)
}
