package stream_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

func init() {
	type ints = stream.Seq[int]
	parity := func(v int) int { return v % 2 }
	at := func(v int) time.Time { return time.Unix(int64(v), 0) }
	register(contracttest.Ops{
		"ScanBy": func(t *testing.T) {
			t.Run("one_each", streaming(func(s ints) ints {
				return stream.ScanBy(s, parity, func(total *int, v int, emit func(int)) { *total += v; emit(*total) },
					stream.ScanByOptions[int]{At: at, TTL: time.Second, Disorder: 10 * time.Second})
			}))
			t.Run("none_or_many", streaming(func(s ints) ints {
				return stream.ScanBy(s, parity, func(seen *int, v int, emit func(int)) {
					*seen++
					for range *seen - 1 {
						emit(v)
					}
				}, stream.ScanByOptions[int]{})
			}))
		},
	})
}

// The oracle keeps, for each key, every event since the state was new, and the times that decide.
func TestScanBy_Oracle(t *testing.T) {
	h, err := hash.New[float64]()
	require.NoError(t, err)
	eachCase(t, 1000, func(t require.TestingT, r *rand.Rand) {
		o := stream.ScanByOptions[tick]{At: tick.at, TTL: time.Duration(r.IntN(40)), Disorder: time.Duration(r.IntN(20))}
		events := randomTicks(r, r.Int64N(30), r.IntN(3))
		if r.IntN(2) == 0 { // many keys that come once: the table is tidied
			for i := range events {
				events[i].Key = float64(r.IntN(200))
			}
		}
		type state struct {
			key    float64
			latest int64
			list   []int
		}
		var states []*state
		var want [][]int
		var wantLate, gotLate []stream.Late[tick]
		latest := int64(math.MinInt64 / 2)
		for _, e := range events {
			if watermark := latest - int64(o.Disorder); o.TTL > 0 && e.T < watermark {
				wantLate = append(wantLate, stream.Late[tick]{Event: e, Index: int64(e.Pos), Watermark: time.Unix(0, watermark).UTC()})
				continue
			}
			latest = max(latest, e.T)
			var own *state
			for _, s := range states {
				if h.Equal(&s.key, &e.Key) {
					own = s
				}
			}
			if own == nil {
				own = &state{key: e.Key, latest: e.T}
				states = append(states, own)
			}
			ttl := int64(o.TTL)
			if ttl > 0 && (e.T-own.latest >= ttl || latest-int64(o.Disorder)-own.latest >= ttl) {
				own.list, own.latest = nil, e.T
			}
			own.latest = max(own.latest, e.T)
			own.list = append(own.list, e.Pos)
			want = append(want, append([]int(nil), own.list...))
		}
		var stats stream.WindowStats
		o.Stats, o.Late = &stats, stream.Into(&gotLate)
		for _, memory := range []int64{0, 1 << 30} {
			o.Resources.Memory = memory
			s := stream.ScanBy(stream.Of(events...), tick.key, func(list *[]int, e tick, emit func([]int)) {
				*list = append(*list, e.Pos)
				emit(append([]int(nil), *list...))
			}, o)
			for range 2 {
				gotLate = nil
				got, err := stream.Collect(s)
				require.NoError(t, err)
				require.Equal(t, fmt.Sprint(want), fmt.Sprint(got))
				require.Equal(t, fmt.Sprint(wantLate), fmt.Sprint(gotLate))
				late := int64(len(wantLate))
				require.Equal(t, stream.WindowStats{In: int64(len(events)), Counted: int64(len(events)) - late, Late: late}, stats)
			}
		}
	})
}

func count(n *int, _ visit, emit func(int)) { *n++; emit(*n) }

func TestScanBy_Table(t *testing.T) {
	const m = time.Minute
	for name, c := range map[string]struct {
		minutes  []int
		ttl      time.Duration
		disorder time.Duration
		want     []int
	}{
		"no_ttl":                    {[]int{0, 1000, 2}, 0, 0, []int{1, 2, 3}},
		"expiry_is_half_open":       {[]int{0, 9, 18, 28}, 10 * m, 0, []int{1, 2, 3, 1}},
		"one_behind_does_not_renew": {[]int{10, 5, 19, 20, 30}, 10 * m, 10 * m, []int{1, 2, 3, 4, 1}},
		"equal_times":               {[]int{0, 0, 0}, 1, 0, []int{1, 2, 3}},
	} {
		var visits []visit
		for _, minute := range c.minutes {
			visits = append(visits, visitAt(minute))
		}
		o := stream.ScanByOptions[visit]{At: visit.at, TTL: c.ttl, Disorder: c.disorder}
		require.Equal(t, c.want, collect(t, stream.ScanBy(stream.Of(visits...), visit.user, count, o)), name)
	}
	// Another key's time ends a state as well, for nobody may wait for an event that cannot come.
	visits := []visit{{"ann", epoch}, {"bob", epoch.Add(time.Hour)}, {"ann", epoch.Add(time.Minute)}}
	var late []stream.Late[visit]
	o := stream.ScanByOptions[visit]{At: visit.at, TTL: 10 * m, Late: stream.Into(&late)}
	require.Equal(t, []int{1, 1}, collect(t, stream.ScanBy(stream.Of(visits...), visit.user, count, o)))
	require.Equal(t, []stream.Late[visit]{{Event: visits[2], Index: 2, Watermark: visits[1].At.UTC()}}, late)
	o.Disorder = time.Hour
	require.Equal(t, []int{1, 1, 2}, collect(t, stream.ScanBy(stream.Of(visits...), visit.user, count, o)))
}

// An event that is farther behind than Disorder is never given a state as if it were the first of its key.
func TestScanBy_Late(t *testing.T) {
	visits := []visit{visitAt(0), visitAt(10), {"bob", epoch.Add(time.Hour)}, visitAt(20), visitAt(60)}
	var stats stream.WindowStats
	o := stream.ScanByOptions[visit]{At: visit.at, TTL: time.Hour, Stats: &stats}
	run := func() ([]int, error) {
		return stream.Collect(stream.ScanBy(stream.Of(visits...), visit.user, count, o))
	}
	got, err := run()
	require.Equal(t, []int{1, 2, 1}, got)
	var late *stream.LateError
	require.ErrorAs(t, err, &late)
	require.Equal(t, stream.LateError{Func: "ScanBy", Index: 3, Time: visits[3].At.UTC(), Watermark: visits[2].At.UTC()}, *late)
	require.Equal(t, stream.WindowStats{In: 4, Counted: 3, Late: 1}, stats)

	o.Late = func(stream.Late[visit]) error { return errBoom }
	_, err = run()
	require.ErrorIs(t, err, errBoom)
	o.Late = stream.Discard[stream.Late[visit]]("only their number is asked for")
	got, err = run()
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 1, 3}, got)
	require.Equal(t, stream.WindowStats{In: 5, Counted: 4, Late: 1}, stats)

	o.Late, o.Disorder = nil, math.MaxInt64
	got, err = run()
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 1, 3, 4}, got)
	o.TTL, o.At = 0, nil
	_, err = run()
	require.NoError(t, err, "without a TTL no time is asked for")
	o.TTL = -1
	_, err = run()
	require.Error(t, err)
	require.Zero(t, stats)
}

func TestScanBy_Refuses(t *testing.T) {
	pulls := 0
	source := countPulls(stream.Of(visitAt(0), visit{"far", time.Time{}}), &pulls)
	for name, c := range map[string]struct {
		o    stream.ScanByOptions[visit]
		want string
	}{
		"negative_ttl":      {stream.ScanByOptions[visit]{TTL: -1}, "stream: ScanBy: TTL must be 0 or positive, got -1ns"},
		"no_time":           {stream.ScanByOptions[visit]{TTL: 1}, "stream: ScanBy: At must be given where there is a TTL, got <nil>"},
		"negative_disorder": {stream.ScanByOptions[visit]{Disorder: -1}, "stream: ScanBy: Disorder must be 0 or positive, got -1ns"},
		"negative_memory":   {stream.ScanByOptions[visit]{Resources: stream.Resources{Memory: -1}}, "stream: ScanBy: Resources.Memory must be 0 or positive, got -1"},
	} {
		err := stream.Drain(stream.ScanBy(source, visit.user, count, c.o))
		var typed *stream.OptionError
		require.ErrorAs(t, err, &typed, name)
		require.EqualError(t, err, c.want, name)
	}
	o := stream.ScanByOptions[visit]{}
	require.ErrorContains(t, stream.Drain(stream.ScanBy(source, func(v visit) *visit { return &v }, count, o)), "key type must be comparable")
	require.Zero(t, pulls)
	require.NoError(t, stream.Drain(stream.ScanBy(source, visit.user, count, o)), "without a TTL no time is asked for")
	o = stream.ScanByOptions[visit]{At: visit.at, TTL: 1}
	got, err := stream.Collect(stream.ScanBy(source, visit.user, count, o))
	require.Equal(t, []int{1}, got)
	var timeErr *stream.TimeError
	require.ErrorAs(t, err, &timeErr)
	require.Equal(t, "ScanBy", timeErr.Func)
	require.EqualValues(t, 1, timeErr.Index)
	for at, ok := range map[time.Time]bool{
		time.Unix(-9_223_372_037, 999_999_999): false, time.Unix(-9_223_372_036, 0): true,
		time.Unix(9_223_372_035, 999_999_999): true, time.Unix(9_223_372_036, 0): false,
	} {
		err := stream.Drain(stream.ScanBy(stream.Of(visit{"ann", at}), visit.user, count, o))
		require.Equal(t, !ok, errors.As(err, &timeErr), "%v: %v", at, err)
	}
	require.ErrorContains(t, timeErr, "want 1677-09-21T00:12:44Z to 2262-04-11T23:47:15Z")
	var keyErr *stream.KeyError
	require.ErrorAs(t, stream.Drain(stream.ScanBy(source, func(visit) any { return []int{} }, count, stream.ScanByOptions[visit]{})), &keyErr)
	require.PanicsWithValue(t, "stream: ScanBy: nil sequence", func() { stream.ScanBy(nil, visit.user, count, o) })
	require.PanicsWithValue(t, "stream: ScanBy: nil function", func() { stream.ScanBy[visit, string, int, int](source, visit.user, nil, o) })
}

// Ten thousand keys in turn fit the memory of those that live at once, and no budget is kept.
func TestScanBy_ForgetsWhatIsOver(t *testing.T) {
	budget, err := stream.NewBudget(1 << 30)
	require.NoError(t, err)
	run := func(ttl time.Duration, memory int64) error {
		s := stream.From(upTo(10_000))
		return stream.Drain(stream.ScanBy(s, strconv.Itoa, func(n *int, _ int, emit func(int)) { *n++ },
			stream.ScanByOptions[int]{At: func(v int) time.Time { return time.Unix(0, int64(v)) }, TTL: ttl,
				Resources: stream.Resources{Memory: memory, Budget: budget}}))
	}
	require.NoError(t, run(20, 16<<10))
	require.Zero(t, budget.Used())
	require.ErrorIs(t, run(0, 16<<10), stream.ErrLimit)
	require.Zero(t, budget.Used())
	require.NoError(t, run(0, 4<<20))
	require.Zero(t, budget.Used())
}

func TestScanBy_AllocatesPerKeyOnly(t *testing.T) {
	at := func(v int) time.Time { return time.Unix(0, int64(v)) }
	run := func(n int) float64 {
		return fewestAllocs(5, func() {
			s := stream.ScanBy(stream.From(upTo(n)), func(v int) int { return v % 50 },
				func(total *int, v int, emit func(int)) { *total += v; emit(*total) }, stream.ScanByOptions[int]{At: at, TTL: 1000})
			if err := stream.Drain(s); err != nil {
				t.Fatal(err)
			}
		})
	}
	require.Equal(t, run(1000), run(20_000))
}

// BenchmarkScanBy counts per user over 1 M events, against a map of states.
func BenchmarkScanBy(b *testing.B) {
	const n = 1_000_000
	events := make([]tick, n)
	for i := range events {
		events[i] = tick{Key: float64(hash.Uint64(uint64(i), 0) % 100_000), T: int64(i)}
	}
	report := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
	}
	b.Run("map", func(b *testing.B) {
		for b.Loop() {
			counts := map[float64]int{}
			out := 0
			for _, e := range events {
				counts[e.Key]++
				out += counts[e.Key]
			}
		}
		report(b)
	})
	for name, o := range map[string]stream.ScanByOptions[tick]{"forever": {}, "ttl": {At: tick.at, TTL: 200_000}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := stream.ScanBy(stream.Of(events...), tick.key, func(n *int, _ tick, emit func(int)) { *n++; emit(*n) }, o)
				if err := stream.Drain(s); err != nil {
					b.Fatal(err)
				}
			}
			report(b)
		})
	}
}
