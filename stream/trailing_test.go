package stream_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

func init() {
	type ints = stream.Seq[int]
	type pairs = stream.Seq[stream.Pair[int, int]]
	parity := func(v int) int { return v % 2 }
	at := func(v int) time.Time { return time.Unix(int64(v), 0) }
	same := func(int) time.Time { return time.Unix(0, 0) }
	register(contracttest.Ops{
		"Trailing": func(t *testing.T) {
			t.Run("in_order", streaming(func(s ints) pairs {
				return stream.Trailing(s, time.Second, parity, same, sum, stream.TrailingOptions[int]{})
			}))
			t.Run("any_order", waiting(func(s ints) pairs {
				return stream.Trailing(s, 2*time.Second, parity, at, sum, stream.TrailingOptions[int]{Disorder: math.MaxInt64})
			}))
			late := stream.Discard[stream.Late[int]]("the test is about the rest")
			t.Run("late", waiting(func(s ints) pairs {
				return stream.Trailing(s, 2*time.Second, parity, at, sum, stream.TrailingOptions[int]{Disorder: time.Second, Late: late})
			}))
		},
	})
}

// trailingModel sorts the events that are not late and looks, for each, at all others.
func trailingModel(t require.TestingT, events []tick, span int64, o stream.TrailingOptions[tick]) (out []stream.Pair[tick, []int], late []tick) {
	h, err := hash.New[float64]()
	require.NoError(t, err)
	latest := int64(math.MinInt64 / 2)
	var sorted []tick
	for _, e := range events {
		latest = max(latest, e.T)
		if e.T < latest-int64(o.Disorder) {
			late = append(late, e)
		} else {
			sorted = append(sorted, e)
		}
	}
	slices.SortStableFunc(sorted, func(a, b tick) int { return cmp.Compare(a.T, b.T) })
	for i, e := range sorted {
		p := stream.Pair[tick, []int]{First: e}
		for j, other := range sorted {
			if (j < i || j == i && !o.ExcludeSelf) && other.T > e.T-span && h.Equal(&e.Key, &other.Key) {
				p.Second = append(p.Second, other.Pos)
			}
		}
		out = append(out, p)
	}
	return out, late
}

func TestTrailing_Oracle(t *testing.T) {
	refolded := order
	refolded.Exact = false
	eachCase(t, 1000, func(t require.TestingT, r *rand.Rand) {
		span := 1 + r.Int64N(60)
		o := stream.TrailingOptions[tick]{Disorder: time.Duration(r.IntN(30)), ExcludeSelf: r.IntN(2) == 0}
		events := randomTicks(r, int64(o.Disorder), r.IntN(3))
		if r.IntN(2) == 0 { // many keys, of which some come back: keys that have gone quiet are let go
			for i := range events {
				events[i].Key = float64(r.IntN(60))
			}
		}
		want, wantLate := trailingModel(t, events, span, o)
		for _, f := range []stream.Fold[tick, []int]{order, refolded} {
			for _, memory := range []int64{0, 1 << 40} {
				var late []stream.Late[tick]
				var stats stream.WindowStats
				o.Late, o.Stats, o.Resources.Memory = stream.Into(&late), &stats, memory
				s := stream.Trailing(stream.Of(events...), time.Duration(span), tick.key, tick.at, f, o)
				got, err := stream.Collect(s)
				require.NoError(t, err)
				require.Equal(t, fmt.Sprint(want), fmt.Sprint(got))
				require.Len(t, late, len(wantLate))
				for i, l := range late {
					require.EqualValues(t, wantLate[i].Pos, l.Index)
					require.Zero(t, l.Counted)
				}
				require.Equal(t, stream.WindowStats{In: int64(len(events)), Counted: int64(len(want)), Late: int64(len(late)), Windows: int64(len(want))}, stats)
			}
		}
	})
}

// The same events in any order inside the bound give the same result, where no two of a key have the same time.
func TestTrailing_Law_OrderWithinDisorder(t *testing.T) {
	eachCase(t, 300, func(t require.TestingT, r *rand.Rand) {
		events := make([]tick, r.IntN(60))
		for i := range events {
			events[i] = tick{Key: float64(r.IntN(4)), T: int64(i) * (1 + r.Int64N(5)), Pos: i}
		}
		slices.SortFunc(events, func(a, b tick) int { return cmp.Compare(a.T, b.T) })
		events = slices.CompactFunc(events, func(a, b tick) bool { return a.T == b.T })
		span := time.Duration(1 + r.IntN(60))
		want, err := stream.Collect(stream.Trailing(stream.Of(events...), span, tick.key, tick.at, order, stream.TrailingOptions[tick]{}))
		require.NoError(t, err)
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		got, err := stream.Collect(stream.Trailing(stream.Of(events...), span, tick.key, tick.at, order, stream.TrailingOptions[tick]{Disorder: 400}))
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestTrailing_Table(t *testing.T) {
	const m = time.Minute
	far := visit{"far", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	for name, c := range map[string]struct {
		minutes []int
		o       stream.TrailingOptions[visit]
		want    string // of a span of 10 minutes
	}{
		"empty":            {nil, stream.TrailingOptions[visit]{}, ""},
		"start_is_open":    {[]int{0, 9, 10, 19}, stream.TrailingOptions[visit]{}, "0=1 9=2 10=2 19=2 "},
		"equal_times":      {[]int{5, 5, 5}, stream.TrailingOptions[visit]{}, "5=1 5=2 5=3 "},
		"before_the_event": {[]int{5, 5, 6, 15}, stream.TrailingOptions[visit]{ExcludeSelf: true}, "5=0 5=1 6=2 15=1 "},
		"reordered":        {[]int{5, 3, 9, 4, 20}, stream.TrailingOptions[visit]{Disorder: 5 * m}, "3=1 4=2 5=3 9=4 20=1 "},
	} {
		var visits []visit
		for _, minute := range c.minutes {
			visits = append(visits, visitAt(minute))
		}
		text := ""
		for p, err := range stream.Trailing(stream.Of(visits...), 10*m, visit.user, visit.at, countVisits, c.o) {
			require.NoError(t, err)
			text += fmt.Sprintf("%d=%d ", int(p.First.At.Sub(epoch)/m), p.Second)
		}
		require.Equal(t, c.want, text, name)
	}

	late := stream.Trailing(stream.Of(visitAt(5), visitAt(4)), m, visit.user, visit.at, countVisits, stream.TrailingOptions[visit]{})
	got, err := stream.Collect(late)
	require.Len(t, got, 1)
	var lateErr *stream.LateError
	require.ErrorAs(t, err, &lateErr)
	require.Equal(t, "Trailing", lateErr.Func)
	var timeErr *stream.TimeError
	require.ErrorAs(t, stream.Drain(stream.Trailing(stream.Of(far), m, visit.user, visit.at, countVisits, stream.TrailingOptions[visit]{})), &timeErr)
	var rejects []visit
	var stats stream.WindowStats
	o := stream.TrailingOptions[visit]{Rejects: stream.Into(&rejects), NullTime: func(v visit) bool { return v.User == "" }, Stats: &stats}
	require.Len(t, collect(t, stream.Trailing(stream.Of(visitAt(1), far, visit{}, visitAt(2)), m, visit.user, visit.at, countVisits, o)), 2)
	require.Equal(t, []visit{far, {}}, rejects)
	require.Equal(t, stream.WindowStats{In: 4, Counted: 2, NullTimes: 1, OutOfRange: 1, Windows: 2}, stats)
}

func TestTrailing_Refuses(t *testing.T) {
	pulls := 0
	source := countPulls(stream.Of(visitAt(0)), &pulls)
	for name, c := range map[string]struct {
		span time.Duration
		o    stream.TrailingOptions[visit]
		want string
	}{
		"zero_span":         {0, stream.TrailingOptions[visit]{}, "stream: Trailing: span must be positive, got 0s"},
		"negative_disorder": {1, stream.TrailingOptions[visit]{Disorder: -1}, "stream: Trailing: Disorder must be 0 or positive, got -1ns"},
		"negative_memory":   {1, stream.TrailingOptions[visit]{Resources: stream.Resources{Memory: -1}}, "stream: Trailing: Resources.Memory must be 0 or positive, got -1"},
	} {
		err := stream.Drain(stream.Trailing(source, c.span, visit.user, visit.at, countVisits, c.o))
		var typed *stream.OptionError
		require.ErrorAs(t, err, &typed, name)
		require.EqualError(t, err, c.want, name)
	}
	o := stream.TrailingOptions[visit]{}
	err := stream.Drain(stream.Trailing(source, 1, func(v visit) *visit { return &v }, visit.at, countVisits, o))
	require.ErrorContains(t, err, "stream: Trailing: key type must be comparable")
	require.Zero(t, pulls)
	err = stream.Drain(stream.Trailing(source, 1, func(v visit) any { return []int{} }, visit.at, countVisits, o))
	var typed *stream.KeyError
	require.ErrorAs(t, err, &typed)
	require.PanicsWithValue(t, "stream: Trailing: nil sequence", func() { stream.Trailing(nil, 1, visit.user, visit.at, countVisits, o) })
	require.PanicsWithValue(t, "stream: Trailing: nil at", func() { stream.Trailing(source, 1, visit.user, nil, countVisits, o) })
}

// Under any limit the result is the unlimited one or a *LimitError, and whatever happens the budget is whole
// afterwards. Keys that have gone quiet are let go: an endless stream of new ones runs in a bound.
func TestTrailing_Limit(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	key := func(e tick) string { return strconv.Itoa(e.Pos / 50) }
	events := make([]tick, 3000)
	for i := range events {
		events[i] = tick{T: int64(i ^ 7), Pos: i}
	}
	run := func(r stream.Resources, disorder time.Duration) ([]stream.Pair[tick, []int], error) {
		return stream.Collect(stream.Trailing(stream.Of(events...), 100, key, tick.at, order, stream.TrailingOptions[tick]{Disorder: disorder, Resources: r}))
	}
	for _, disorder := range []time.Duration{8, 1000} {
		want, err := run(stream.Resources{}, disorder)
		require.NoError(t, err)
		passed, failed := 0, 0
		for memory := int64(1); memory < 256<<10; memory += 1999 {
			got, err := run(stream.Resources{Memory: memory, Budget: budget}, disorder)
			require.Zero(t, budget.Used(), "limit %d", memory)
			if err != nil {
				var typed *stream.LimitError
				require.ErrorAs(t, err, &typed)
				require.Equal(t, "stream: Trailing", typed.Where)
				require.Zero(t, passed, "limit %d fails, a smaller one was enough", memory)
				failed++
				continue
			}
			require.Equal(t, want, got)
			passed++
		}
		require.Positive(t, passed)
		require.Greater(t, failed, 2)
	}
}

// The strings of events count: those that wait, and those of the span; and only as long as they are held.
func TestTrailing_LimitCountsStrings(t *testing.T) {
	page := func(v int) visit { return visit{strings.Repeat("x", 1000) + strconv.Itoa(v), time.Unix(0, int64(v))} }
	refold := countVisits
	exact := countVisits
	exact.Merge, exact.Exact = func(dst, src *int) { *dst += *src }, true
	one := func(visit) int { return 0 }
	for name, f := range map[string]stream.Fold[visit, int]{"refold": refold, "exact": exact} {
		run := func(n int, span, disorder time.Duration, memory int64) error {
			o := stream.TrailingOptions[visit]{Disorder: disorder, Resources: stream.Resources{Memory: memory}}
			return stream.Drain(stream.Trailing(stream.Map(stream.From(upTo(n)), page), span, one, visit.at, f, o))
		}
		require.ErrorIs(t, run(200, 200, 0, 100_000), stream.ErrLimit, name)
		require.ErrorIs(t, run(200, 1, 200, 100_000), stream.ErrLimit, name)
		require.NoError(t, run(200, 200, 200, 500_000), name)
		require.NoError(t, run(5000, 20, 20, 100_000), name)
	}
	// What folds hold is given back with the events they are of.
	ticks := stream.Map(stream.From(upTo(5000)), func(i int) tick { return tick{T: int64(i), Pos: i} })
	o := stream.TrailingOptions[tick]{Resources: stream.Resources{Memory: 32 << 10}}
	require.NoError(t, stream.Drain(stream.Trailing(ticks, 20, tick.key, tick.at, order, o)))
}

// TestTrailing_CostIsFlat counts the merges and adds of an exact fold: a constant per event, whatever the span.
func TestTrailing_CostIsFlat(t *testing.T) {
	const n = 20_000
	for _, span := range []int{1, 2, 10, 1000, n} {
		work := 0
		counting := stream.Fold[int, int]{
			Add:   func(acc *int, v int) { *acc += v; work++ },
			Merge: func(dst, src *int) { *dst += *src; work++ },
			Exact: true,
		}
		s := stream.Trailing(stream.From(upTo(n)), time.Duration(span), func(int) int { return 0 },
			func(v int) time.Time { return time.Unix(0, int64(v)) }, counting, stream.TrailingOptions[int]{})
		require.NoError(t, stream.Drain(s))
		require.LessOrEqual(t, work, 5*n, "span %d", span)
	}
}

func TestTrailing_AllocatesNothingPerEvent(t *testing.T) {
	for name, f := range map[string]stream.Fold[int, int]{
		"exact":  {Add: func(acc *int, v int) { *acc += v }, Merge: func(dst, src *int) { *dst += *src }, Exact: true},
		"refold": sum,
	} {
		run := func(n int) float64 {
			return fewestAllocs(5, func() {
				s := stream.Trailing(stream.From(upTo(n)), 50, func(v int) int { return v % 7 },
					func(v int) time.Time { return time.Unix(0, int64(v)) }, f, stream.TrailingOptions[int]{})
				if err := stream.Drain(s); err != nil {
					t.Fatal(err)
				}
			})
		}
		require.Equal(t, run(1000), run(20_000), name)
	}
}

// BenchmarkTrailing sums what 1,000 users did in the last span, against a loop that keeps a queue per user and takes
// out what leaves, which only a fold that can subtract can do.
func BenchmarkTrailing(b *testing.B) {
	const n = 500_000
	events := make([]tick, n)
	for i := range events {
		events[i] = tick{Key: float64(hash.Uint64(uint64(i), 0) % 1000), T: int64(i), Pos: i}
	}
	for _, perUser := range []int{4, 64, 1024} {
		span := time.Duration(1000 * perUser)
		exact := fold.Sum(func(e tick) int { return e.Pos })
		folded := exact
		folded.Exact = false
		want := 0
		report := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
		}
		b.Run(fmt.Sprintf("span=%d/loop", perUser), func(b *testing.B) {
			for b.Loop() {
				type window struct {
					queue []tick
					sum   int
				}
				users := map[float64]*window{}
				want = 0
				for _, e := range events {
					w := users[e.Key]
					if w == nil {
						w = &window{}
						users[e.Key] = w
					}
					for len(w.queue) > 0 && w.queue[0].T <= e.T-int64(span) {
						w.sum -= w.queue[0].Pos
						w.queue = w.queue[1:]
					}
					w.queue = append(w.queue, e)
					w.sum += e.Pos
					want ^= w.sum
				}
			}
			report(b)
		})
		for name, f := range map[string]stream.Fold[tick, int]{"exact": exact, "refold": folded} {
			if name == "refold" && perUser > 64 {
				continue
			}
			b.Run(fmt.Sprintf("span=%d/%s", perUser, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					got := 0
					for p, err := range stream.Trailing(stream.Of(events...), span, tick.key, tick.at, f, stream.TrailingOptions[tick]{}) {
						if err != nil {
							b.Fatal(err)
						}
						got ^= p.Second
					}
					if want != 0 && got != want {
						b.Fatal("wrong sums")
					}
				}
				report(b)
			})
		}
	}
}
