package eventtime

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The first and the last second that fit do, to the nanosecond; one nanosecond beyond them does not.
func TestNanos_Ends(t *testing.T) {
	const second = int64(time.Second)
	for _, c := range []struct {
		name   string
		t      time.Time
		ns     int64
		within int64
		ok     bool
	}{
		{"epoch", time.Unix(0, 0), 0, 0, true},
		{"before the epoch", time.Unix(-1, 999_999_999), -1, -1, true},
		{"another zone", time.Unix(5, 7).In(time.FixedZone("east", 3*3600)), 5*second + 7, 5*second + 7, true},
		{"first", time.Unix(FirstSecond, 0), FirstSecond * second, FirstSecond * second, true},
		{"end of the first", time.Unix(FirstSecond, 999_999_999), FirstSecond*second + 999_999_999, FirstSecond*second + 999_999_999, true},
		{"before the first", time.Unix(FirstSecond-1, 999_999_999), 0, math.MinInt64, false},
		{"last", time.Unix(LastSecond, 0), LastSecond * second, LastSecond * second, true},
		{"end of the last", time.Unix(LastSecond, 999_999_999), LastSecond*second + 999_999_999, LastSecond*second + 999_999_999, true},
		{"after the last", time.Unix(LastSecond+1, 0), 0, math.MaxInt64, false},
		{"the zero time", time.Time{}, 0, math.MinInt64, false},
		{"the largest", time.Unix(math.MaxInt64, 0), 0, math.MaxInt64, false},
		{"the smallest", time.Unix(math.MinInt64, 0), 0, math.MinInt64, false},
	} {
		ns, ok := Nanos(c.t)
		require.Equal(t, c.ok, ok, c.name)
		require.Equal(t, c.ns, ns, c.name)
		require.Equal(t, c.within, Within(c.t), c.name)
		if ok {
			require.True(t, Instant(ns).Equal(c.t), c.name)
			require.Equal(t, time.UTC, Instant(ns).Location(), c.name)
		}
	}
}

// What is out of range sorts behind all that is in it, at either end.
func TestWithin_Order(t *testing.T) {
	times := []time.Time{
		time.Unix(FirstSecond-1, 0), time.Unix(FirstSecond, 0), time.Unix(FirstSecond, 1), time.Unix(0, 0),
		time.Unix(LastSecond, 999_999_999), time.Unix(LastSecond+1, 0),
	}
	for i := range times[1:] {
		require.Less(t, Within(times[i]), Within(times[i+1]), "%v, %v", times[i], times[i+1])
	}
}
