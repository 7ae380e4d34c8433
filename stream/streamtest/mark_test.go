package streamtest

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/stream"
)

// Equal values have equal marks, in whatever form they come; most others differ.
func TestMark_Law(t *testing.T) {
	type all struct {
		B bool
		I int32
		U uint64
		F float64
		S string
		T time.Time
		O stream.Opt[string]
		A [2]int16
		L [][]string
		M map[string]int
		P *int32
		V any
	}
	one, two := Random[all](1, 300), Random[all](1, 300)
	marks := make(map[uint64]bool)
	for i := range one {
		two[i].T = two[i].T.In(time.FixedZone("east", 3600))
		require.True(t, equalValues(one[i], two[i], 0))
		require.Equal(t, markOf(one[i]), markOf(two[i]))
		marks[markOf(one[i])] = true
	}
	require.Greater(t, len(marks), 290)
	require.Equal(t, markOf(0.0), markOf(math.Copysign(0, -1)))
	require.NotEqual(t, markOf([]string{"a", "bc"}), markOf([]string{"ab", "c"}))
	require.NotEqual(t, markOf(true), markOf(false))
	type knot []knot
	k := knot{nil}
	k[0] = k
	markOf(k) // ends
}

// With marks and without, as many stay without a partner.
func TestMatchUnordered_Law(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 12)
		want, got := list.Draw(t, "want"), list.Draw(t, "got")
		missing, unexpected := matchUnordered(want, got, intsEqual, markOf[int])
		plainMissing, plainUnexpected := matchUnordered(want, got, intsEqual, nil)
		require.Equal(t, plainMissing, missing)
		require.Equal(t, plainUnexpected, unexpected)
		require.True(t, slices.IsSorted(missing))
		counts := make(map[int]int)
		for _, v := range want {
			counts[v]++
		}
		for _, v := range got {
			counts[v]--
		}
		for _, i := range missing {
			counts[want[i]]--
		}
		for _, j := range unexpected {
			counts[got[j]]++
		}
		for v, n := range counts {
			require.Zero(t, n, "value %d", v)
		}
	})
}
