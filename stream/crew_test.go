package stream

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A claim takes twenty microseconds, by the last one's measure; it grows fourfold at the most, and falls at once.
func TestPaced(t *testing.T) {
	for name, c := range map[string]struct {
		n    int64
		took time.Duration
		want int64
	}{
		"first_of_cheap_calls":     {1, 64 * time.Nanosecond, 4},
		"cheap_calls":              {16, time.Microsecond, 64},
		"no_more_than_256":         {256, 4 * time.Microsecond, 256},
		"as_many_as_fit":           {4, 2 * time.Microsecond, 16},
		"fewer_than_before":        {64, 40 * time.Microsecond, 32},
		"one_that_takes_just_that": {1, 20 * time.Microsecond, 1},
		"slow_calls":               {64, time.Second, 1},
		"clock_stands_still":       {2, 0, 8},
	} {
		require.Equal(t, c.want, paced(c.n, c.took), name)
	}
}

// What is in flight by default depends on how large elements and results are.
func TestParallelOptions_InFlight(t *testing.T) {
	for size, want := range map[uintptr]int{0: 2048, 16: 2048, 32: 2048, 64: 1024, 128: 512, 1 << 20: 512} {
		o, err := ParallelOptions{Workers: 3}.check(size)
		require.NoError(t, err)
		require.Equal(t, 3*want, o.InFlight, "%d bytes", size)
	}
	o, err := ParallelOptions{Workers: maxAhead}.check(16)
	require.NoError(t, err)
	require.Equal(t, maxAhead, o.InFlight)
	require.Equal(t, maxAhead, o.Workers)
}
