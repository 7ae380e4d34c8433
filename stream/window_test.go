package stream_test

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
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
		"Window": func(t *testing.T) {
			any := stream.WindowOptions[int]{Disorder: math.MaxInt64}
			t.Run("any_order", waiting(func(s ints) stream.Seq[stream.Windowed[int, int]] {
				return stream.Window(s, 2*time.Second, parity, at, sum, any)
			}))
			late := stream.WindowOptions[int]{Every: time.Second, Disorder: time.Second, Late: stream.Discard[stream.Late[int]]("the test is about the rest")}
			t.Run("hopping_with_late", waiting(func(s ints) stream.Seq[stream.Windowed[int, int]] {
				return stream.Window(s, 3*time.Second, parity, at, sum, late)
			}))
		},
	})
}

// tick is an event of a model: its time is a small number of nanoseconds, so that edges are met all the time.
type tick struct {
	Key float64
	T   int64
	Pos int
}

func (e tick) key() float64  { return e.Key }
func (e tick) at() time.Time { return time.Unix(0, e.T).In(zone) }

// order keeps the positions of the events it was given, in that order.
var order = stream.Fold[tick, []int]{
	Add:   func(acc *[]int, e tick) { *acc = append(*acc, e.Pos) },
	Merge: func(dst, src *[]int) { *dst = append(*dst, *src...) },
	Exact: true,
	Size:  func(acc *[]int) int { return cap(*acc) * 8 },
}

// zone is not UTC: what comes out must be, whatever comes in.
var zone = time.FixedZone("CET", 3600)

type tickWindow = stream.Windowed[float64, []int]

// windowModel says for every event and every start of a window what becomes of the one in the other, and sorts.
func windowModel(t require.TestingT, events []tick, size int64, o stream.WindowOptions[tick]) (out []tickWindow, late []stream.Late[tick]) {
	every := int64(o.Every)
	if every == 0 {
		every = size
	}
	h, err := hash.New[float64]()
	require.NoError(t, err)
	watermark := int64(math.MinInt64)
	for i, e := range events {
		watermark = max(watermark, e.T-int64(o.Disorder))
		counted, missed := 0, 0
		for start := e.T - size + 1; start <= e.T; start++ {
			if (start-int64(o.Offset))%every != 0 {
				continue
			}
			if start+size <= watermark {
				missed++
				continue
			}
			counted++
			at := slices.IndexFunc(out, func(w tickWindow) bool {
				return w.Start.UnixNano() == start && h.Equal(&w.Key, &e.Key)
			})
			if at < 0 {
				at = len(out)
				out = append(out, tickWindow{Key: e.Key, Start: time.Unix(0, start).UTC(), End: time.Unix(0, start+size).UTC()})
			}
			out[at].Value = append(out[at].Value, e.Pos)
		}
		if missed > 0 {
			late = append(late, stream.Late[tick]{Event: e, Index: int64(i), Watermark: time.Unix(0, watermark).UTC(), Counted: counted})
		}
	}
	slices.SortStableFunc(out, func(a, b tickWindow) int {
		return cmp.Or(a.End.Compare(b.End), cmp.Compare(h.Hash(&a.Key, 0), h.Hash(&b.Key, 0)))
	})
	return out, late
}

var tickKeys = []float64{1, 2, 3, math.NaN(), 0, math.Copysign(0, -1), math.Float64frombits(0x7ff8000000000123)}

// randomTicks are up to 60 events in time around zero, at most disorder behind the latest before them, or farther
// with a chance of lateness in 10.
func randomTicks(r *rand.Rand, disorder int64, lateness int) []tick {
	events := make([]tick, r.IntN(60))
	step := 1 + r.Int64N(20)
	latest := r.Int64N(400) - 200
	for i := range events {
		latest += r.Int64N(step)
		back := r.Int64N(disorder + 1)
		if r.IntN(10) < lateness {
			back += r.Int64N(100)
		}
		events[i] = tick{Key: tickKeys[r.IntN(len(tickKeys))], T: latest - back, Pos: i}
	}
	return events
}

func randomWindow(r *rand.Rand) (size time.Duration, o stream.WindowOptions[tick]) {
	size = time.Duration(1 + r.IntN(40))
	o.Offset = time.Duration(r.IntN(200) - 100)
	o.Disorder = time.Duration(r.IntN(30))
	if r.IntN(3) > 0 {
		o.Every = 1 + time.Duration(r.IntN(int(size)))
	}
	return size, o
}

func windowText(got []tickWindow) string { return fmt.Sprintf("%+v", got) }

func TestWindow_Oracle(t *testing.T) {
	eachCase(t, 1000, func(t require.TestingT, r *rand.Rand) {
		size, o := randomWindow(r)
		events := randomTicks(r, int64(o.Disorder), r.IntN(3))
		want, wantLate := windowModel(t, events, int64(size), o)
		for _, memory := range []int64{0, 1 << 40} {
			var late []stream.Late[tick]
			var stats stream.WindowStats
			o.Late, o.Stats, o.Resources.Memory = stream.Into(&late), &stats, memory
			s := stream.Window(stream.Of(events...), size, tick.key, tick.at, order, o)
			for range 2 {
				late = nil
				got, err := stream.Collect(s)
				require.NoError(t, err)
				require.Equal(t, windowText(want), windowText(got))
				require.Equal(t, fmt.Sprint(wantLate), fmt.Sprint(late))
				require.EqualValues(t, len(events), stats.In)
				require.EqualValues(t, len(events), stats.Counted+stats.Late)
				require.EqualValues(t, len(late), stats.Late+stats.PartlyLate)
				require.EqualValues(t, len(want), stats.Windows)
			}
		}
	})
}

// Whatever watermarks are given, as long as no event behind them is still to come, the windows are the same and come
// in the same sequence, and nothing is late.
func TestWindows_Law_AnyWatermark(t *testing.T) {
	eachCase(t, 1000, func(t require.TestingT, r *rand.Rand) {
		size, o := randomWindow(r)
		events := randomTicks(r, int64(o.Disorder), 0)
		want, late := windowModel(t, events, int64(size), o)
		require.Empty(t, late)
		future := make([]int64, len(events)+1) // the least time from here on
		future[len(events)] = math.MaxInt64 / 2
		for i := len(events) - 1; i >= 0; i-- {
			future[i] = min(future[i+1], events[i].T)
		}
		if r.IntN(2) == 0 {
			o.Disorder = math.MaxInt64
		} else {
			o.Disorder += time.Duration(r.IntN(100))
		}
		w, err := stream.NewWindows(size, tick.key, tick.at, order, o)
		require.NoError(t, err)
		var got []tickWindow
		out := stream.Into(&got)
		for i, e := range events {
			if r.IntN(3) == 0 {
				require.NoError(t, w.Advance(time.Unix(0, future[i]-r.Int64N(50)), out))
			}
			require.NoError(t, w.Push(e, out))
		}
		if r.IntN(2) == 0 {
			require.NoError(t, w.Advance(time.Unix(0, 1000-r.Int64N(2000)), out))
		}
		require.NoError(t, w.Flush(out))
		require.Equal(t, windowText(want), windowText(got))
		require.EqualValues(t, len(events), w.Stats().Counted)
	})
}

// A fold that does not mind the order gives the same windows for any order of the events inside the bound.
func TestWindow_Law_OrderWithinDisorder(t *testing.T) {
	total := stream.Fold[tick, int64]{Add: func(acc *int64, e tick) { *acc += e.T*1000 + int64(e.Pos) }}
	eachCase(t, 500, func(t require.TestingT, r *rand.Rand) {
		size, o := randomWindow(r)
		events := randomTicks(r, int64(o.Disorder), 0)
		for i := range events {
			events[i].Key = float64(r.IntN(4)) // no keys that look different and are equal
		}
		want, err := stream.Collect(stream.Window(stream.Of(events...), size, tick.key, tick.at, total, o))
		require.NoError(t, err)
		o.Disorder = math.MaxInt64
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		got, err := stream.Collect(stream.Window(stream.Of(events...), size, tick.key, tick.at, total, o))
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type visit struct {
	User string
	At   time.Time
}

func (v visit) user() string  { return v.User }
func (v visit) at() time.Time { return v.At }

func visitAt(minute int) visit { return visit{"ann", epoch.Add(time.Duration(minute) * time.Minute)} }

var countVisits = stream.Fold[visit, int]{Add: func(acc *int, _ visit) { *acc++ }}

func TestWindow_Table(t *testing.T) {
	const m = time.Minute
	for name, c := range map[string]struct {
		minutes []int
		size    time.Duration
		o       stream.WindowOptions[visit]
		want    string // start+size=count, in minutes since epoch
	}{
		"empty":                     {nil, 10 * m, stream.WindowOptions[visit]{}, ""},
		"end_is_in_the_next":        {[]int{0, 9, 10, 19, 20}, 10 * m, stream.WindowOptions[visit]{}, "0+10=2 10+10=2 20+10=1"},
		"equal_times":               {[]int{5, 5, 5}, 10 * m, stream.WindowOptions[visit]{}, "0+10=3"},
		"offset":                    {[]int{0, 2, 3, 12}, 10 * m, stream.WindowOptions[visit]{Offset: 3 * m}, "-7+10=2 3+10=2"},
		"negative_offset":           {[]int{0, 2, 3, 12}, 10 * m, stream.WindowOptions[visit]{Offset: -7 * m}, "-7+10=2 3+10=2"},
		"empty_windows_are_skipped": {[]int{0, 1_000_000}, 10 * m, stream.WindowOptions[visit]{}, "0+10=1 1000000+10=1"},
		"hopping":                   {[]int{7}, 10 * m, stream.WindowOptions[visit]{Every: 5 * m}, "0+10=1 5+10=1"},
		"hopping_on_the_edge":       {[]int{10}, 10 * m, stream.WindowOptions[visit]{Every: 5 * m}, "5+10=1 10+10=1"},
		"size_no_multiple_of_every": {[]int{0, 7}, 10 * m, stream.WindowOptions[visit]{Every: 4 * m}, "-8+10=1 -4+10=1 0+10=2 4+10=1"},
		"disorder_reached":          {[]int{10, 9, 0}, 10 * m, stream.WindowOptions[visit]{Disorder: 10 * m}, "0+10=2 10+10=1"},
	} {
		t.Run(name, func(t *testing.T) {
			var visits []visit
			for _, minute := range c.minutes {
				visits = append(visits, visitAt(minute))
			}
			text := ""
			for w, err := range stream.Window(stream.Of(visits...), c.size, visit.user, visit.at, countVisits, c.o) {
				require.NoError(t, err)
				if text != "" {
					text += " "
				}
				text += fmt.Sprintf("%d+%d=%d", int(w.Start.Sub(epoch)/m), int(w.End.Sub(w.Start)/m), w.Value)
			}
			require.Equal(t, c.want, text)
		})
	}
}

// Windows of a year before and after 1970, and at both ends of the range, start where they should.
func TestWindow_NegativeAndFarTimes(t *testing.T) {
	start := func(size time.Duration, at time.Time) string {
		got := collect(t, stream.Window(stream.Of(visit{"ann", at}), size, visit.user, visit.at, countVisits, stream.WindowOptions[visit]{}))
		require.Len(t, got, 1)
		require.False(t, at.Before(got[0].Start))
		require.True(t, at.Before(got[0].End))
		return got[0].Start.Format(time.RFC3339Nano)
	}
	require.Equal(t, "1969-12-31T23:00:00Z", start(time.Hour, time.Unix(0, -1)))
	require.Equal(t, "1970-01-01T00:00:00Z", start(time.Hour, time.Unix(0, 0)))
	require.Equal(t, "1969-12-31T23:00:00Z", start(time.Hour, time.Unix(-3600, 0)))
	require.Equal(t, "1969-12-31T22:00:00Z", start(time.Hour, time.Unix(-3600, -1)))
	require.Equal(t, "1677-09-22T00:00:00Z", start(time.Hour, time.Date(1677, 9, 22, 0, 59, 0, 0, time.UTC)))
	require.Equal(t, "2262-04-11T00:00:00Z", start(time.Hour, time.Date(2262, 4, 11, 0, 59, 59, 999999999, time.UTC)))
}

// Disorder of the largest duration means no order at all, also where times are farther apart than a duration can be.
func TestWindow_NoOrderAtAll(t *testing.T) {
	years := []int{2250, 1700, 2000, 1690, 2255}
	var visits []visit
	for _, year := range years {
		visits = append(visits, visit{"ann", time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)})
	}
	const all = time.Duration(math.MaxInt64)
	got := collect(t, stream.Window(stream.Of(visits...), time.Hour, visit.user, visit.at, countVisits, stream.WindowOptions[visit]{Disorder: all}))
	require.Len(t, got, len(years))
	require.Equal(t, 1690, got[0].Start.Year())
	trailing := collect(t, stream.Trailing(stream.Of(visits...), all/2, visit.user, visit.at, countVisits, stream.TrailingOptions[visit]{Disorder: all}))
	require.Len(t, trailing, len(years))
	require.Equal(t, 1690, trailing[0].First.At.Year())
}

func TestWindow_RejectsTimes(t *testing.T) {
	far := []time.Time{{}, time.Unix(math.MaxInt64, 0), time.Unix(math.MinInt64, 0), time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64),
		time.Date(1677, 9, 21, 0, 12, 43, 0, time.UTC), time.Date(2262, 4, 11, 23, 47, 16, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	visits := []visit{visitAt(0), {"", time.Time{}}}
	for _, at := range far {
		visits = append(visits, visit{"far", at})
	}
	visits = append(visits, visitAt(1))
	var stats stream.WindowStats
	var rejects []visit
	o := stream.WindowOptions[visit]{Every: time.Second, NullTime: func(v visit) bool { return v.User == "" }, Stats: &stats, Rejects: stream.Into(&rejects)}
	got := collect(t, stream.Window(stream.Of(visits...), time.Minute, visit.user, visit.at, countVisits, o))
	require.Len(t, got, 2*60)
	require.Equal(t, stream.WindowStats{In: int64(len(visits)), Counted: 2, NullTimes: 1, OutOfRange: int64(len(far)), Windows: 120}, stats)
	require.Equal(t, visits[1:len(visits)-1], rejects)

	o.Rejects = nil
	_, err := stream.Collect(stream.Window(stream.Of(visits...), time.Minute, visit.user, visit.at, countVisits, o))
	var typed *stream.TimeError
	require.ErrorAs(t, err, &typed)
	require.ErrorIs(t, err, stream.ErrSchema)
	require.EqualValues(t, 2, typed.Index)
	require.EqualError(t, err, "stream: Window: time of event 2 is 0001-01-01T00:00:00Z, want 1677-09-21T00:14:43Z to 2262-04-11T23:45:16Z: schema mismatch")
	require.EqualValues(t, 1, stats.NullTimes)
}

// A late event is in the sink with what it missed, or it is the error; a hopping one may be in time for some windows.
func TestWindow_Late(t *testing.T) {
	visits := []visit{visitAt(4), visitAt(12), visitAt(9), visitAt(4), visitAt(13)}
	var late []stream.Late[visit]
	var stats stream.WindowStats
	o := stream.WindowOptions[visit]{Every: 5 * time.Minute, Late: stream.Into(&late), Stats: &stats}
	s := stream.Window(stream.Of(visits...), 10*time.Minute, visit.user, visit.at, countVisits, o)
	text := ""
	for _, w := range collect(t, s) {
		text += fmt.Sprintf("%d=%d ", int(w.Start.Sub(epoch)/time.Minute), w.Value)
	}
	require.Equal(t, "-5=1 0=1 5=3 10=2 ", text)
	at12 := epoch.Add(12 * time.Minute)
	require.Equal(t, []stream.Late[visit]{
		{Event: visits[2], Index: 2, Watermark: at12, Counted: 1},
		{Event: visits[3], Index: 3, Watermark: at12, Counted: 0},
	}, late)
	require.Equal(t, stream.WindowStats{In: 5, Counted: 4, Late: 1, PartlyLate: 1, Windows: 4}, stats)

	o.Late = nil
	got, err := stream.Collect(stream.Window(stream.Of(visits...), 10*time.Minute, visit.user, visit.at, countVisits, o))
	require.Len(t, got, 2)
	var typed *stream.LateError
	require.ErrorAs(t, err, &typed)
	require.ErrorIs(t, err, stream.ErrConflict)
	require.Equal(t, stream.LateError{Func: "Window", Index: 2, Time: visits[2].At, Watermark: at12}, *typed)
	require.EqualError(t, err, "stream: Window: event 2 is late: its time is 2026-03-01T12:09:00Z, the watermark is 2026-03-01T12:12:00Z, and there is no sink for late events: conflict")

	o.Late = func(stream.Late[visit]) error { return errBoom }
	_, err = stream.Collect(stream.Window(stream.Of(visits...), 10*time.Minute, visit.user, visit.at, countVisits, o))
	require.ErrorIs(t, err, errBoom)
}

func TestWindow_Refuses(t *testing.T) {
	pulls := 0
	source := countPulls(stream.Of(visitAt(0)), &pulls)
	for name, c := range map[string]struct {
		size time.Duration
		o    stream.WindowOptions[visit]
		want string
	}{
		"negative_size":     {-5 * time.Minute, stream.WindowOptions[visit]{}, "stream: Window: size must be positive and at most 73 years, got -5m0s"},
		"zero_size":         {0, stream.WindowOptions[visit]{}, "stream: Window: size must be positive and at most 73 years, got 0s"},
		"endless":           {math.MaxInt64, stream.WindowOptions[visit]{}, "stream: Window: size must be positive and at most 73 years"},
		"every_more":        {time.Minute, stream.WindowOptions[visit]{Every: time.Hour}, "stream: Window: Every must be positive and at most the size, 1m0s, got 1h0m0s"},
		"every_negative":    {time.Minute, stream.WindowOptions[visit]{Every: -1}, "stream: Window: Every must be positive and at most the size"},
		"too_many":          {time.Minute, stream.WindowOptions[visit]{Every: 1}, "stream: Window: Every must be at least 1/65536 of the size, 1m0s, got 1ns"},
		"negative_disorder": {time.Minute, stream.WindowOptions[visit]{Disorder: -1}, "stream: Window: Disorder must be 0 or positive, got -1ns"},
		"negative_memory":   {time.Minute, stream.WindowOptions[visit]{Resources: stream.Resources{Memory: -1}}, "stream: Window: Resources.Memory must be 0 or positive, got -1"},
	} {
		stats := stream.WindowStats{In: 1} // of another run
		c.o.Stats = &stats
		err := stream.Drain(stream.Window(source, c.size, visit.user, visit.at, countVisits, c.o))
		require.Zero(t, stats, name)
		var typed *stream.OptionError
		require.ErrorAs(t, err, &typed, name)
		require.ErrorContains(t, err, c.want, name)
		_, err = stream.NewWindows(c.size, visit.user, visit.at, countVisits, c.o)
		require.ErrorAs(t, err, &typed, name)
		require.Equal(t, "NewWindows", typed.Func)
	}
	err := stream.Drain(stream.Window(source, time.Minute, func(v visit) *visit { return &v }, visit.at, countVisits, stream.WindowOptions[visit]{}))
	require.ErrorContains(t, err, "stream: Window: key type must be comparable")
	require.Zero(t, pulls)

	o := stream.WindowOptions[visit]{}
	require.PanicsWithValue(t, "stream: Window: nil sequence", func() { stream.Window(nil, 1, visit.user, visit.at, countVisits, o) })
	require.PanicsWithValue(t, "stream: Window: nil key", func() { stream.Window[visit, string](source, 1, nil, visit.at, countVisits, o) })
	require.PanicsWithValue(t, "stream: Window: nil at", func() { stream.Window(source, 1, visit.user, nil, countVisits, o) })
	require.PanicsWithValue(t, "stream: NewWindows: nil fold.Add", func() { stream.NewWindows(1, visit.user, visit.at, stream.Fold[visit, int]{}, o) })
	w, err := stream.NewWindows(1, visit.user, visit.at, countVisits, o)
	require.NoError(t, err)
	require.PanicsWithValue(t, "stream: Windows.Push: nil out", func() { _ = w.Push(visitAt(0), nil) })
}

// After an error, of whatever kind, a state says the same error again and takes nothing in.
func TestWindows_ErrorSticks(t *testing.T) {
	discard := stream.Discard[stream.Windowed[any, int]]("not looked at")
	key := func(v visit) any {
		if v.User == "bad" {
			return []int{1}
		}
		return v.User
	}
	w, err := stream.NewWindows(time.Minute, key, visit.at, countVisits, stream.WindowOptions[visit]{})
	require.NoError(t, err)
	require.NoError(t, w.Push(visitAt(0), discard))
	err = w.Push(visit{"bad", epoch}, discard)
	var typed *stream.KeyError
	require.ErrorAs(t, err, &typed)
	require.EqualValues(t, 1, typed.Index)
	require.Equal(t, "Windows", typed.Func)
	require.Equal(t, err, w.Push(visitAt(1), discard))
	require.Equal(t, err, w.Advance(epoch, discard))
	require.Equal(t, err, w.Flush(discard))

	w, err = stream.NewWindows(time.Minute, key, visit.at, countVisits, stream.WindowOptions[visit]{})
	require.NoError(t, err)
	require.NoError(t, w.Push(visitAt(0), discard))
	boom := errors.New("disk full")
	require.ErrorIs(t, w.Advance(epoch.Add(time.Hour), func(stream.Windowed[any, int]) error { return boom }), boom)
	require.ErrorIs(t, w.Flush(discard), boom)
}

// A panic of one of its functions finishes a state as an error does, and so does a call from its own sink. What was
// booked with a budget is given back.
func TestWindows_PanicSticks(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	sized := countVisits
	sized.Size = func(*int) int { panic(errBoom) }
	w, err := stream.NewWindows(time.Minute, visit.user, visit.at, sized, stream.WindowOptions[visit]{Resources: stream.Resources{Budget: budget}})
	require.NoError(t, err)
	none := stream.Discard[stream.Windowed[string, int]]("nobody looks")
	require.PanicsWithError(t, errBoom.Error(), func() { _ = w.Push(visitAt(0), none) })
	require.Zero(t, budget.Used())
	const want = "the call before it did not return"
	require.ErrorContains(t, w.Push(visitAt(1), none), want)
	require.ErrorContains(t, w.Snapshot(io.Discard), want, "it would be one that no state takes: an event is counted nowhere")

	w, err = stream.NewWindows(time.Minute, visit.user, visit.at, countVisits, stream.WindowOptions[visit]{})
	require.NoError(t, err)
	require.NoError(t, w.Push(visitAt(0), none))
	err = w.Push(visitAt(5), func(stream.Windowed[string, int]) error { return w.Push(visitAt(9), none) })
	require.ErrorContains(t, err, want)
}

// What has been flushed is never given again: the watermark is at the end of the last window.
func TestWindows_FlushAndGoOn(t *testing.T) {
	var got []stream.Windowed[string, int]
	var late []stream.Late[visit]
	out := stream.Into(&got)
	w, err := stream.NewWindows(10*time.Minute, visit.user, visit.at, countVisits, stream.WindowOptions[visit]{Late: stream.Into(&late)})
	require.NoError(t, err)
	_, ok := w.Watermark()
	require.False(t, ok)
	require.NoError(t, w.Flush(out))
	_, ok = w.Watermark()
	require.False(t, ok, "there was nothing to flush")
	require.NoError(t, w.Push(visitAt(3), out))
	require.NoError(t, w.Flush(out))
	watermark, ok := w.Watermark()
	require.True(t, ok)
	require.Equal(t, epoch.Add(10*time.Minute), watermark)
	require.NoError(t, w.Push(visitAt(4), out))
	require.Len(t, late, 1)
	require.NoError(t, w.Push(visitAt(11), out))
	require.NoError(t, w.Advance(time.Unix(math.MaxInt64, 0), out)) // far beyond the range: everything closes
	require.Len(t, got, 2)
	require.NoError(t, w.Advance(time.Time{}, out)) // far before it: nothing happens
	require.Equal(t, stream.WindowStats{In: 3, Counted: 2, Late: 1, Windows: 2}, w.Stats())
}

// A window comes out before the event that closes it is folded, and no later.
func TestWindow_YieldsAsSoonAsItCloses(t *testing.T) {
	pulls := 0
	visits := []visit{visitAt(0), visitAt(9), visitAt(10), visitAt(14), visitAt(15)}
	s := stream.Window(countPulls(stream.Of(visits...), &pulls), 10*time.Minute, visit.user, visit.at, countVisits, stream.WindowOptions[visit]{Disorder: 5 * time.Minute})
	for w, err := range s {
		require.NoError(t, err)
		require.Equal(t, 2, w.Value)
		require.Equal(t, 5, pulls)
		break
	}
}

// Under any limit the result is the unlimited one or a *LimitError, there is one limit where the one turns into
// the other, and whatever happens the budget is whole afterwards.
func TestWindow_Limit(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	key := func(e tick) string { return strconv.Itoa(e.Pos * e.Pos % 97) }
	events := make([]tick, 2000)
	for i := range events {
		events[i] = tick{T: int64(i), Pos: i}
	}
	run := func(r stream.Resources) ([]stream.Windowed[string, []int], error) {
		return stream.Collect(stream.Window(stream.Of(events...), 100, key, tick.at, order, stream.WindowOptions[tick]{Every: 40, Resources: r}))
	}
	want, err := run(stream.Resources{})
	require.NoError(t, err)
	passed := 0
	for memory := int64(1); memory < 48<<10; memory += 97 {
		got, err := run(stream.Resources{Memory: memory, Budget: budget})
		require.Zero(t, budget.Used(), "limit %d", memory)
		if err != nil {
			var typed *stream.LimitError
			require.ErrorAs(t, err, &typed)
			require.Equal(t, "stream: Window", typed.Where)
			require.Zero(t, passed, "limit %d fails, a smaller one was enough", memory)
			continue
		}
		require.Equal(t, want, got)
		passed++
	}
	require.Positive(t, passed)
	require.Less(t, passed, 450, "no limit was too small: nothing was tested")
}

// An endless stream of windows uses the memory of closed ones again, and where it is bounded gives it back.
func TestWindow_ClosedWindowsAreLetGo(t *testing.T) {
	count := stream.Fold[tick, int]{Add: func(acc *int, _ tick) { *acc++ }}
	run := func(n int, r stream.Resources) float64 {
		return testing.AllocsPerRun(3, func() {
			s := stream.Map(stream.From(upTo(n)), func(i int) tick { return tick{Key: float64(i % 7), T: int64(i)} })
			o := stream.WindowOptions[tick]{Every: 3, Resources: r}
			if err := stream.Drain(stream.Window(s, 10, tick.key, tick.at, count, o)); err != nil {
				t.Fatal(err)
			}
		})
	}
	more, windows := run(21_000, stream.Resources{})-run(3000, stream.Resources{}), 6000.0
	require.Less(t, more, 3.1*windows, "a window that closes costs the walk through its keys, not a table")
	run(20_000, stream.Resources{Memory: 8 << 10}) // 6,667 windows, at most four open at once
}

// BenchmarkWindow counts 1 M events in order of time, of 1,000 users, per window and user: 64,000 groups of 16 events.
// The loops are what one would write: a map by window and user for tumbling windows, with closed ones taken out; a map per
// open window for hopping ones.
func BenchmarkWindow(b *testing.B) {
	const n, users, size = 1_000_000, 1000, 16_000
	events := make([]tick, n)
	for i := range events {
		events[i] = tick{Key: float64(hash.Uint64(uint64(i), 0) % users), T: int64(i), Pos: i}
	}
	count := stream.Fold[tick, int]{Add: func(acc *int, _ tick) { *acc++ }}
	for _, overlap := range []int64{1, 4, 60} {
		every := size / overlap
		var want [2]int // groups, and a sum that needs every count
		check := func(b *testing.B, got [2]int) {
			b.Helper()
			if want == [2]int{} {
				want = got
			} else if want != got {
				b.Fatalf("%v, want %v", got, want)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
		}
		b.Run(fmt.Sprintf("overlap=%d/loop", overlap), func(b *testing.B) {
			b.ReportAllocs()
			var got [2]int
			for b.Loop() {
				got = [2]int{}
				open := map[int64]map[float64]int{}
				least := int64(math.MaxInt64)
				closeTo := func(watermark int64) {
					for least+size <= watermark && len(open) > 0 {
						for _, n := range open[least] {
							got[0]++
							got[1] += n * n
						}
						delete(open, least)
						least += every
					}
				}
				for _, e := range events {
					closeTo(e.T)
					start := e.T - e.T%every
					for ; start > e.T-size; start -= every {
						w := open[start]
						if w == nil {
							w = map[float64]int{}
							open[start] = w
							least = min(least, start)
						}
						w[e.Key]++
					}
				}
				closeTo(math.MaxInt64)
			}
			check(b, got)
		})
		for name, memory := range map[string]int64{"window": 0, "window_bounded": 1 << 30} {
			b.Run(fmt.Sprintf("overlap=%d/%s", overlap, name), func(b *testing.B) {
				b.ReportAllocs()
				var got [2]int
				o := stream.WindowOptions[tick]{Every: time.Duration(every), Resources: stream.Resources{Memory: memory}}
				for b.Loop() {
					got = [2]int{}
					for w, err := range stream.Window(stream.Of(events...), size, tick.key, tick.at, count, o) {
						if err != nil {
							b.Fatal(err)
						}
						got[0]++
						got[1] += w.Value * w.Value
					}
				}
				check(b, got)
			})
		}
	}
}
