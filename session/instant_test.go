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
	year1, year9999 := time.Time{}, time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
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
		{"year_1_to_9999_is_more_than_a_duration_holds", year1, year9999, math.MaxInt64, true, true},
		{"equal_to_the_longest_gap", second(0), second(0).Add(math.MaxInt64), math.MaxInt64, false, true},
		{"one_more_than_the_longest_gap", second(0), second(0).Add(math.MaxInt64).Add(1), math.MaxInt64, true, true},
		{"whole_range_of_seconds", time.Unix(math.MinInt64, 0), time.Unix(math.MaxInt64, 0), math.MaxInt64, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := instantOf(c.a), instantOf(c.b)
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
		sec := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3), rapid.Just[int64](math.MaxInt64), rapid.Just[int64](math.MinInt64))
		nsec := rapid.Int32Range(0, 999_999_999)
		a := instant{sec.Draw(t, "a.sec"), nsec.Draw(t, "a.nsec")}
		b := instant{sec.Draw(t, "b.sec"), nsec.Draw(t, "b.nsec")}
		gap := time.Duration(rapid.OneOf(rapid.Int64Range(1, math.MaxInt64), rapid.Int64Range(1, 4)).Draw(t, "gap"))
		if rapid.Bool().Draw(t, "exact") { // b at the gap after a, to the nanosecond, where that exists
			b = instantOf(time.Unix(a.sec, int64(a.nsec)).Add(gap))
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
	})
}

// exact is an instant in nanoseconds.
func exact(a instant) *big.Int {
	n := new(big.Int).Mul(big.NewInt(a.sec), big.NewInt(1e9))
	return n.Add(n, big.NewInt(int64(a.nsec)))
}

func TestInstant_UTC(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	at := time.Date(2024, 7, 1, 14, 0, 0, 5, zone)
	require.Equal(t, time.Date(2024, 7, 1, 12, 0, 0, 5, time.UTC), instantOf(at).time())
	for _, at := range []time.Time{{}, time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Unix(math.MinInt64, 7)} {
		require.True(t, at.Equal(instantOf(at).time()), at)
	}
}
