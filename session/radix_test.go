package session

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestByOutput_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.SampledFrom([]*rapid.Generator[int64]{
			rapid.Int64Range(-2, 2),
			rapid.Int64Range(0, 1<<33),
			rapid.Int64(),
			rapid.SampledFrom([]int64{math.MinInt64, -1, 0, 1 << 33, 1<<33 - 1, 1 << 34, 3 << 40, 5<<50 + 1, math.MaxInt64}),
		}).Draw(t, "times")
		spans := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) span {
			return spanOf(0, instant(at.Draw(t, "at")))
		}), 0, 50).Draw(t, "spans")
		for i := range spans {
			spans[i].key = i // settles ties
		}
		compare := func(a, b *span) int {
			if c := a.end().compare(b.end()); c != 0 {
				return c
			}
			return a.key - b.key
		}
		var got, want []span
		for _, k := range byOutput(len(spans), func(i int) *span { return &spans[i] }, compare) {
			got = append(got, spans[k.index])
		}
		want = append(want, spans...)
		slices.SortFunc(want, func(a, b span) int { return compare(&a, &b) })
		require.Equal(t, want, got)
	})
}
