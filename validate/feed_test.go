package validate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// The buffer reaches a row of the greatest MaxLine and its line end without an int that overflows, on machines of
// 32 bits too.
func TestGrownSize(t *testing.T) {
	size, steps := feedSize, 0
	for ; size < 1<<30+2; steps++ {
		next := grownSize(size)
		require.Greater(t, next, size)
		require.LessOrEqual(t, int64(next), int64(1<<30+1<<27), "more than the greatest row asks for")
		size = next
	}
	require.Less(t, steps, 20, "growth is geometric")
	for _, size := range []int{1<<30 - 1, 1 << 30, 1<<30 + 1, math.MaxInt32 - 1, math.MaxInt - 1} {
		require.Greater(t, grownSize(size), size)
	}
}
