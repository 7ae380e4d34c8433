package stream

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A claim takes ten microseconds, by the last one's measure; it grows fourfold at the most, and falls at once.
func TestPaced(t *testing.T) {
	for name, c := range map[string]struct {
		n    int64
		took time.Duration
		want int64
	}{
		"first_of_cheap_calls":     {1, 64 * time.Nanosecond, 4},
		"cheap_calls":              {16, time.Microsecond, 64},
		"no_more_than_64":          {64, 4 * time.Microsecond, 64},
		"as_many_as_fit":           {4, 2 * time.Microsecond, 16},
		"one_that_takes_just_that": {1, 10 * time.Microsecond, 1},
		"slow_calls":               {64, time.Second, 1},
		"clock_stands_still":       {2, 0, 8},
	} {
		require.Equal(t, c.want, paced(c.n, c.took), name)
	}
}
