package stream

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// Where the right side nearly fits, left rows are held beside it: both, and what they find on disk, within the bound.
func TestJoin_HeldRowsStayWithinTheBound(t *testing.T) {
	const memory, rights = 4 << 20, 180
	to := func(l letter) int { return l.To }
	for size, n := range map[int]int{200: 9000, 20 << 10: 300} {
		left := letters(n, size, func(i int) int { return i % (rights + 20) })
		right := letters(rights, 20<<10, func(i int) int { return i })
		var before runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var most uint64
		var stats JoinStats
		rows := 0
		joined := Join(liveAt(left, n/15, &most), right, to, to, JoinOptions{Kind: Left, Stats: &stats, Resources: Resources{Memory: memory, TempDir: t.TempDir()}})
		for _, err := range liveAt(joined, n/15, &most) {
			require.NoError(t, err)
			rows++
		}
		require.Equal(t, n, rows)
		require.Greater(t, stats.LeftBlocks, 1)
		require.Positive(t, stats.SpilledRight)
		require.LessOrEqual(t, float64(most-before.HeapAlloc), 1.2*memory+float64(1<<20), "live bytes, left rows of %d: %+v", size, stats)
	}
}
