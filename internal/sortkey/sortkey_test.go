package sortkey_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/millrace-go/millrace/internal/sortkey"
)

type (
	level  int8
	name   string
	weight float32
)

// law holds every pair of keys against cmp.Compare.
func law[K cmp.Ordered](t *testing.T, wantExact bool, keys []K) {
	t.Helper()
	k := sortkey.Of[K]()
	prefix, exact := k.Prefix, k.Text == nil
	if exact != wantExact {
		t.Fatalf("Of[%T]() is exact: %v, want %v", keys[0], exact, wantExact)
	}
	for _, a := range keys {
		for _, b := range keys {
			want, got := cmp.Compare(a, b), cmp.Compare(prefix(a), prefix(b))
			if got != want && (exact || got != 0) {
				t.Fatalf("%T: %v (%x) and %v (%x) compare as %d, want %d", a, a, prefix(a), b, prefix(b), got, want)
			}
			if want == 0 && got != 0 {
				t.Fatalf("%T: %v and %v are equal, their numbers %x and %x are not", a, a, b, prefix(a), prefix(b))
			}
		}
	}
}

func TestOf_Law_Order(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	floats := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), -math.NaN(),
		math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, math.MaxFloat64, -math.MaxFloat64}
	ints := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt32, math.MinInt32}
	strs := []string{"", "\x00", "\x00\x00", "a", "a\x00", "ab", "b", "abcdefg", "abcdefgh", "abcdefghi", "abcdefgz", "\xff", strings.Repeat("\xff", 9)}
	for range 200 {
		floats = append(floats, math.Float64frombits(rng.Uint64()))
		ints = append(ints, int64(rng.Uint64()>>rng.IntN(64)))
		b := make([]byte, rng.IntN(12))
		for i := range b {
			b[i] = byte(rng.IntN(3)) * 127
		}
		strs = append(strs, string(b))
	}
	law(t, true, floats)
	law(t, true, ints)
	law(t, false, strs)
	law(t, true, convert(floats, func(f float64) weight { return weight(f) }))
	law(t, true, convert(ints, func(i int64) level { return level(i) }))
	law(t, true, convert(ints, func(i int64) int16 { return int16(i) }))
	law(t, true, convert(ints, func(i int64) int32 { return int32(i) }))
	law(t, true, convert(ints, func(i int64) int { return int(i) }))
	law(t, true, convert(ints, func(i int64) uint8 { return uint8(i) }))
	law(t, true, convert(ints, func(i int64) uint16 { return uint16(i) }))
	law(t, true, convert(ints, func(i int64) uint32 { return uint32(i) }))
	law(t, true, convert(ints, func(i int64) uint64 { return uint64(i) }))
	law(t, true, convert(ints, func(i int64) uintptr { return uintptr(i) }))
	law(t, false, convert(strs, func(s string) name { return name(s) }))
}

func TestCommon(t *testing.T) {
	for _, c := range []struct {
		a, b string
		most int
		want int
	}{
		{"", "", 9, 0}, {"a", "", 9, 0}, {"ab", "ac", 9, 1}, {"abc", "abc", 9, 3}, {"abc", "abc", 2, 2},
		{"0123456789", "0123456x89", 99, 7}, {"0123456789", "01234567x9", 99, 8}, {"0123456789abcdefg", "0123456789abcdefg", 99, 17},
	} {
		if got := sortkey.Common(c.a, c.b, c.most); got != c.want {
			t.Errorf("Common(%q, %q, %d) = %d, want %d", c.a, c.b, c.most, got, c.want)
		}
	}
}

func convert[A, B any](from []A, f func(A) B) []B {
	to := make([]B, len(from))
	for i, v := range from {
		to[i] = f(v)
	}
	return to
}
