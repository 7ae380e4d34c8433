package streamtest_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

func TestRandom_Repeats(t *testing.T) {
	type all struct {
		B     bool
		I     int64
		U     uint8
		F     float64
		C     complex128
		S     string
		T     time.Time
		O     stream.Opt[string]
		A     [2]int16
		L     []click
		M     map[string]int
		P     *int32
		V     any
		E     error
		Ch    chan int
		Deep  *node
		small int
	}
	one, two, other := streamtest.Random[all](1, 200), streamtest.Random[all](1, 200), streamtest.Random[all](2, 200)
	require.Empty(t, streamtest.Diff(one, two, streamtest.WantOptions{}))
	require.NotEmpty(t, streamtest.Diff(one, other, streamtest.WantOptions{}))
	present, null, missing, nilSlices, emptySlices := 0, 0, 0, 0, 0
	for _, v := range one {
		switch {
		case v.O.IsPresent():
			present++
		case v.O.IsNull():
			null++
			require.Equal(t, stream.Null[string](), v.O)
		case v.O.IsMissing():
			missing++
			require.Equal(t, stream.Missing[string](), v.O)
		}
		if v.L == nil {
			nilSlices++
		} else if len(v.L) == 0 {
			emptySlices++
		}
		require.False(t, math.IsNaN(v.F) || math.IsInf(v.F, 0))
		require.Equal(t, "2024-02-29", v.T.Format(time.DateOnly))
		require.Zero(t, v.small)
		require.Nil(t, v.E)
		require.Nil(t, v.Ch)
	}
	for name, n := range map[string]int{"present": present, "null": null, "missing": missing, "nil": nilSlices, "empty": emptySlices} {
		require.Greater(t, n, 10, name)
	}
}

// Small integers recur, so that groups and duplicates occur; the extremes occur too.
func TestRandom_Integers(t *testing.T) {
	seen := make(map[int8]int)
	for _, v := range streamtest.Random[int8](3, 2000) {
		seen[v]++
	}
	require.Greater(t, seen[5], 100)
	require.NotZero(t, seen[math.MaxInt8])
	require.NotZero(t, seen[math.MinInt8])
	for _, v := range streamtest.Random[uint64](3, 2000) {
		if v == math.MaxInt64 {
			return
		}
	}
	t.Fatal("no extreme among 2000 values")
}
