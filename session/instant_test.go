package session

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestGapRule_Table(t *testing.T) {
	base := time.Date(2024, 3, 1, 12, 0, 0, 999_999_999, time.UTC)
	year1678, year2262 := time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2262, 4, 11, 23, 47, 15, 999_999_999, time.UTC)
	longest := time.Unix(-1, 0)
	for _, c := range []struct {
		name          string
		a, b          time.Time
		gap           time.Duration
		more, atLeast bool // what splits under each rule
	}{
		{"equal_times", base, base, 1, false, false},
		{"gap_exactly_equal", base, base.Add(30 * time.Minute), 30 * time.Minute, false, true},
		{"one_nanosecond_less", base, base.Add(30*time.Minute - 1), 30 * time.Minute, false, false},
		{"one_nanosecond_more", base, base.Add(30*time.Minute + 1), 30 * time.Minute, true, true},
		{"gap_of_one_nanosecond", base, base.Add(1), 1, false, true},
		{"nanoseconds_borrow", base, base.Add(2 * time.Second), 2*time.Second + 1, false, false},
		{"before_1970", second(-10), second(-5), 5 * time.Second, false, true},
		{"across_1970", second(-1), second(1), 2 * time.Second, false, true},
		{"year_1678_to_2262_is_more_than_a_duration_holds", year1678, year2262, math.MaxInt64, true, true},
		{"equal_to_the_longest_gap", longest, longest.Add(math.MaxInt64), math.MaxInt64, false, true},
		{"one_more_than_the_longest_gap", longest, longest.Add(math.MaxInt64).Add(1), math.MaxInt64, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, okA := instantOf(c.a)
			b, okB := instantOf(c.b)
			require.True(t, okA && okB)
			require.False(t, b.before(a))
			require.Equal(t, c.more, newGapRule(c.gap, false).splits(a, b))
			require.Equal(t, c.atLeast, newGapRule(c.gap, true).splits(a, b))
		})
	}
}

func second(s int64) time.Time { return time.Unix(s, 0).UTC() }

// The rule against arithmetic that cannot overflow.
func TestGapRule_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3), rapid.Just[int64](math.MaxInt64), rapid.Just[int64](math.MinInt64))
		a, b := instant(at.Draw(t, "a")), instant(at.Draw(t, "b"))
		gap := time.Duration(rapid.OneOf(rapid.Int64Range(1, math.MaxInt64), rapid.Int64Range(1, 4)).Draw(t, "gap"))
		if rapid.Bool().Draw(t, "exact") { // b at the gap after a, to the nanosecond, where that exists
			b = a.plus(int64(gap))
		}
		order := exact(a).Cmp(exact(b))
		require.Equal(t, order, a.compare(b))
		require.Equal(t, order < 0, a.before(b))
		if order > 0 {
			a, b = b, a
		}
		d := new(big.Int).Sub(exact(b), exact(a)).Cmp(big.NewInt(int64(gap)))
		require.Equal(t, d > 0, newGapRule(gap, false).splits(a, b))
		require.Equal(t, d >= 0, newGapRule(gap, true).splits(a, b))

		sum := new(big.Int).Add(exact(a), big.NewInt(int64(gap)))
		if sum.Cmp(big.NewInt(math.MaxInt64)) > 0 {
			sum = big.NewInt(math.MaxInt64)
		}
		require.Zero(t, sum.Cmp(exact(a.plus(int64(gap)))))
		s, n := a.unix()
		require.Equal(t, time.Unix(0, int64(a)).Unix(), int64(s))
		require.EqualValues(t, time.Unix(0, int64(a)).Nanosecond(), n)
	})
}

// exact is an instant in nanoseconds.
func exact(a instant) *big.Int { return big.NewInt(int64(a)) }

func TestInstant_UTC(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	at := time.Date(2024, 7, 1, 14, 0, 0, 5, zone)
	noon, ok := instantOf(at)
	require.True(t, ok)
	require.Equal(t, time.Date(2024, 7, 1, 12, 0, 0, 5, time.UTC), noon.time())
	for _, at := range []time.Time{{}, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), time.Unix(math.MinInt64, 7)} {
		_, ok := instantOf(at)
		require.False(t, ok, at)
	}
}
