package stream

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// liveJoin joins letters with large ones from disk, both by To, and returns the most bytes that were live meanwhile: at
// left rows, at rows of the output, and where keys of right rows are asked for, which they are whenever one is read.
func liveJoin(t *testing.T, left, right Seq[letter], n int, memory int64) (float64, JoinStats) {
	before := liveHeap()
	var most uint64
	var stats JoinStats
	rows, reads := 0, 0
	leftKey := func(l letter) int { return l.To }
	rightKey := func(l letter) int {
		if reads++; reads%53 == 0 {
			most = max(most, liveHeap())
		}
		return l.To
	}
	opts := JoinOptions{Kind: Left, Stats: &stats, Resources: Resources{Memory: memory, TempDir: t.TempDir()}}
	for _, err := range liveAt(Join(liveAt(left, n/15, &most), right, leftKey, rightKey, opts), n/15, &most) {
		require.NoError(t, err)
		rows++
	}
	require.Equal(t, n, rows)
	require.False(t, stats.Broadcast)
	return float64(most) - float64(before), stats
}

// Where the right side nearly fits, left rows are held beside it: both, and what they find on disk, within the bound. Of
// the large rows a block has 128: fewer than are looked up together, so that what is left over of a block would be all.
func TestJoin_HeldRowsStayWithinTheBound(t *testing.T) {
	const memory, rights = 16 << 20, 700
	for size, n := range map[int]int{200: 30000, 32 << 10: 600} {
		left := letters(n, size, func(i int) int { return i % (rights + 20) })
		right := letters(rights, 20<<10, func(i int) int { return i })
		live, stats := liveJoin(t, left, right, n, memory)
		require.Greater(t, stats.LeftBlocks, 1)
		require.Positive(t, stats.SpilledRight)
		require.LessOrEqual(t, live, float64(memory+1<<20), "live bytes, left rows of %d: %+v", size, stats)
	}
}

// The right rows of a partition are let go of before those of the next are read: half of the bound is theirs, and small
// left rows need next to nothing beside them.
func TestJoin_PartitionsAreLetGoOf(t *testing.T) {
	const memory, rights = 16 << 20, 1500
	left := letters(2*rights, 10, func(i int) int { return i % rights })
	right := letters(rights, 64<<10, func(i int) int { return i })
	live, stats := liveJoin(t, left, right, 2*rights, memory)
	require.Greater(t, stats.Partitions, 1)
	require.LessOrEqual(t, live, float64(memory)*3/4, "live bytes: %+v", stats)
}

// One key that all rows have: its pairs pass the bound some hundred times over on their way into order, and what is known of
// runs and blocks on disk does not add up.
func TestJoin_HotKeyStaysWithinTheBound(t *testing.T) {
	const memory, lefts, rights = 64 << 10, 200, 3000
	one := func(int) int { return 1 }
	live, stats := liveJoin(t, letters(lefts, 10, one), letters(rights, 20, one), lefts*rights, memory)
	require.Equal(t, 1, stats.Partitions, "%+v", stats)
	require.Greater(t, stats.Blocks, 1, "%+v", stats)
	t.Logf("%.0f bytes live: %+v", live, stats)
	require.LessOrEqual(t, live, float64(3*memory), "live bytes: %+v", stats) // what the test itself leaves included
}
