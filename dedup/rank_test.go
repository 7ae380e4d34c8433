package dedup

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// cases is n, or what MILLRACE_HUNT says.
func cases(t *testing.T, n int) int {
	text := os.Getenv("MILLRACE_HUNT")
	if text == "" {
		return n
	}
	hunt, err := strconv.Atoi(text)
	require.NoError(t, err, "MILLRACE_HUNT")
	return hunt
}

// row is what the ranks are taken of: a value of each kind.
type row struct {
	I   int
	I8  int8
	I16 int16
	I32 int32
	I64 int64
	U   uint
	U8  uint8
	U16 uint16
	U32 uint32
	U64 uint64
	Ptr uintptr
	F32 float32
	F64 float64
	Own score
	At  time.Time
	Has bool
	Opt uint8 // 0 missing, 1 null, otherwise there
}

type score int16 // a defined type, which no type switch would meet

func opt[V any](of func(row) V) func(row) stream.Opt[V] {
	return func(r row) stream.Opt[V] {
		switch r.Opt {
		case 0:
			return stream.Missing[V]()
		case 1:
			return stream.Null[V]()
		}
		return stream.Present(of(r))
	}
}

// ofValue are the six comparators of an ordered value.
func ofValue[V cmp.Ordered](of func(row) V) []Comparator[row] {
	name := func(form string) string { return fmt.Sprintf("%s[%T]", form, *new(V)) }
	return []Comparator[row]{
		Max(of).Named(name("Max")), Min(of).Named(name("Min")),
		MaxOpt(opt(of)).Named(name("MaxOpt")), MinOpt(opt(of)).Named(name("MinOpt")),
		MaxOpt(opt(of)).NullsFirst().Named(name("MaxOpt.NullsFirst")), MinOpt(opt(of)).Named(name("MinOpt.NullsFirst")).NullsFirst(),
	}
}

func rankedComparators() []Comparator[row] {
	at := func(r row) time.Time { return r.At }
	all := []Comparator[row]{
		Present(func(r row) bool { return r.Has }), Latest(at), Earliest(at), LatestOpt(opt(at)), EarliestOpt(opt(at)),
		LatestOpt(opt(at)).NullsFirst().Named("LatestOpt.NullsFirst"), EarliestOpt(opt(at)).NullsFirst().Named("EarliestOpt.NullsFirst"),
	}
	for _, kind := range [][]Comparator[row]{
		ofValue(func(r row) int { return r.I }), ofValue(func(r row) int8 { return r.I8 }), ofValue(func(r row) int16 { return r.I16 }),
		ofValue(func(r row) int32 { return r.I32 }), ofValue(func(r row) int64 { return r.I64 }), ofValue(func(r row) uint { return r.U }),
		ofValue(func(r row) uint8 { return r.U8 }), ofValue(func(r row) uint16 { return r.U16 }), ofValue(func(r row) uint32 { return r.U32 }),
		ofValue(func(r row) uint64 { return r.U64 }), ofValue(func(r row) uintptr { return r.Ptr }), ofValue(func(r row) float32 { return r.F32 }),
		ofValue(func(r row) float64 { return r.F64 }), ofValue(func(r row) score { return r.Own }),
	} {
		all = append(all, kind...)
	}
	return all
}

// extremeTimes are the ends of what a Time can be, and what lies beside the seams of its forms.
func extremeTimes() []time.Time {
	var out []time.Time
	for _, s := range []int64{
		math.MinInt64, math.MinInt64 + 1, math.MaxInt64, math.MaxInt64 - 1, -yearOneToUnix, -yearOneToUnix - 1, -1, 0, 1, 1 << 33,
		math.MinInt64 + yearOneToUnix, math.MaxInt64 - yearOneToUnix, math.MaxInt64 - yearOneToUnix + 1, 1714564800,
	} {
		for _, ns := range []int64{0, 1, 999_999_999} {
			out = append(out, time.Unix(s, ns), time.Unix(s, ns).UTC())
		}
	}
	return append(out, time.Time{}, time.Now(), time.Now().Add(time.Hour), time.Date(2024, 5, 1, 12, 0, 0, 0, time.FixedZone("", 9*3600)))
}

// randomRow draws from a few values of each kind, extremes above all, so that ties are common.
func randomRow(r *rand.Rand) row {
	n := [...]uint64{0, 1, math.MaxUint64, 1 << 63, 1<<63 - 1, 1<<31 - 1, 1 << 31, 127, 128, 1 << 15, r.Uint64(), r.Uint64() >> 32}[r.IntN(12)]
	f := [...]float64{
		0, math.Copysign(0, -1), 1, -1, math.NaN(), -math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64,
		math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, math.Float64frombits(1<<52 - 1), r.NormFloat64(), math.Float64frombits(r.Uint64()),
	}[r.IntN(15)]
	times := extremeTimes()
	at := times[r.IntN(len(times))]
	if r.IntN(4) == 0 {
		at = time.Unix(int64(r.Uint64()), r.Int64N(1e9))
	}
	return row{
		int(n), int8(n), int16(n), int32(n), int64(n), uint(n), uint8(n), uint16(n), uint32(n), n, uintptr(n),
		float32(f), f, score(n), at, r.IntN(2) == 0, uint8(r.IntN(4)),
	}
}

func cmpNumbers(aHi, aLo, bHi, bLo uint64) int {
	return cmp.Or(cmp.Compare(aHi, bHi), cmp.Compare(aLo, bLo))
}

// The law that all of TwoPass stands on: a rank says of two rows what their comparator says.
func TestRank_Law_IsTheComparator(t *testing.T) {
	all := rankedComparators()
	for _, c := range all {
		require.NotNil(t, c.rank, c.Name())
	}
	for seed := range cases(t, 1000) {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		for range 10 {
			a, b := randomRow(r), randomRow(r)
			for _, c := range all {
				aHi, aLo := c.rank.of(&a)
				bHi, bLo := c.rank.of(&b)
				if want, got := cmp.Compare(c.compare(&a, &b), 0), cmpNumbers(aHi, aLo, bHi, bLo); want != got {
					t.Fatalf("seed %d: %s says %d, its rank %d (%x %x, %x %x) of\n%+v\n%+v", seed, c.Name(), want, got, aHi, aLo, bHi, bLo, a, b)
				}
				if c.rank.bits <= 64 && aHi != 0 || c.rank.bits < 64 && aLo>>c.rank.bits != 0 || c.rank.bits > 64 && aHi>>(c.rank.bits-64) != 0 {
					t.Fatalf("seed %d: %s has %d bits, and says %x %x of %+v", seed, c.Name(), c.rank.bits, aHi, aLo, a)
				}
			}
		}
	}
}

// Every pair of the extreme times, under the comparators of times.
func TestRank_ExtremeTimes(t *testing.T) {
	self := func(t time.Time) time.Time { return t }
	latest, earliest := Latest(self), Earliest(self)
	times := extremeTimes()
	for i := range times {
		for j := range times {
			a, b := times[i], times[j]
			want := a.Round(0).Compare(b.Round(0)) // without the monotonic reading
			aHi, aLo := latest.rank.of(&a)
			bHi, bLo := latest.rank.of(&b)
			require.Equal(t, want, cmpNumbers(aHi, aLo, bHi, bLo), "%v, %v", a, b)
			require.Equal(t, want, latest.compare(&a, &b), "%v, %v", a, b)
			require.Equal(t, -want, earliest.compare(&a, &b), "%v, %v", a, b)
		}
	}
}

// The words of a list compare as the list does, whatever the widths that meet in one word.
func TestRanking_Law_IsTheList(t *testing.T) {
	all := rankedComparators()
	for seed := range cases(t, 1000) {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		by := make([]Comparator[row], r.IntN(8))
		bits := uint(0)
		for i := range by {
			by[i] = all[r.IntN(len(all))]
			bits += by[i].rank.bits
		}
		ranking, without := newRanking(by)
		require.Equal(t, -1, without)
		require.Equal(t, int(bits+63)/64, ranking.words)
		e := &twice[row, int]{ranking: ranking, words: make([]uint64, ranking.words), entries: newBlocks[uint64](), stride: 1 + ranking.words}
		for range 5 {
			a, b := randomRow(r), randomRow(r)
			for i := range r.IntN(len(by) + 1) { // rows that the first comparators cannot tell apart
				if by[i].compare(&a, &b) != 0 {
					b = a
				}
			}
			want := 0
			for i := range by {
				if want = by[i].compare(&a, &b); want != 0 {
					break
				}
			}
			e.null = make([]uint64, e.stride)
			ranking.put(&b, e.null[1:])
			ranking.put(&a, e.words)
			require.Equal(t, cmp.Compare(want, 0), e.against(nullGroup), "seed %d", seed)
		}
	}
}

func TestRank_None(t *testing.T) {
	type text string
	for _, c := range []Comparator[row]{
		Max(func(row) string { return "" }), Min(func(row) text { return "" }), MaxOpt(func(row) stream.Opt[string] { return stream.Null[string]() }),
		MinOpt(func(row) stream.Opt[text] { return stream.Null[text]() }).NullsFirst(), MaxFunc(func(a, b row) int { return 0 }),
		MinFunc(func(a, b row) int { return 0 }), ByBytes[row](), ByBytesFunc(func(dst []byte, r row) []byte { return dst }),
	} {
		require.Nil(t, c.rank, c.Name())
	}
	_, without := newRanking([]Comparator[row]{Present(func(row) bool { return true }), ByBytes[row]()})
	require.Equal(t, 1, without)
}

// What two passes keep of a row: the figures of the documentation.
func TestRanking_Words(t *testing.T) {
	at := func(r row) time.Time { return r.At }
	has := Present(func(r row) bool { return r.Has })
	big := Max(func(r row) int64 { return r.I64 })
	for _, tt := range []struct {
		by   []Comparator[row]
		want int
	}{
		{nil, 0}, {[]Comparator[row]{has}, 1}, {[]Comparator[row]{big}, 1}, {[]Comparator[row]{big, has}, 2}, {[]Comparator[row]{Latest(at)}, 2},
		{[]Comparator[row]{LatestOpt(opt(at)), has}, 2}, {[]Comparator[row]{Latest(at), big}, 3}, {[]Comparator[row]{Max(func(r row) int32 { return r.I32 }), has, Min(func(r row) uint16 { return r.U16 })}, 1},
	} {
		r, _ := newRanking(tt.by)
		require.Equal(t, tt.want, r.words)
	}
}

func TestRanking_NoAllocations(t *testing.T) {
	r := randomRow(rand.New(rand.NewPCG(1, 3)))
	for _, c := range rankedComparators() {
		ranking, _ := newRanking([]Comparator[row]{c})
		words := make([]uint64, ranking.words)
		require.Zero(t, testing.AllocsPerRun(100, func() { ranking.put(&r, words) }), c.Name())
	}
}
