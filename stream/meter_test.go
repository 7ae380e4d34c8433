package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// slowly is a stage that takes d for each element.
func slowly(s stream.Seq[int], d time.Duration) stream.Seq[int] {
	return stream.Tap(s, func(int) { time.Sleep(d) })
}

// stageNamed picks one stage.
func stageNamed(t *testing.T, s stream.Stats, name string) stream.StageStats {
	t.Helper()
	for _, st := range s.Stages {
		if st.Name == name {
			return st
		}
	}
	t.Fatalf("no stage %q", name)
	return stream.StageStats{}
}

// What takes longer than a tick is timed exactly, and told apart.
func TestMeter_exact_times(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := stream.NewMeters(stream.MetersOptions{})
		read := stream.Meter(slowly(stream.Of(firstInts(100)...), 10*ms), m.Stage("read"))
		parsed := stream.Meter(stream.Filter(slowly(read, 5*ms), func(v int) bool { return v%2 == 0 }), m.Stage("parse"))
		for _, err := range parsed {
			require.NoError(t, err)
			time.Sleep(20 * ms)
		}
		require.Equal(t, stream.Stats{
			Stages: []stream.StageStats{
				{
					Name: "read", Runs: 1, Rows: 100,
					Above: 1000 * ms, Below: 1500 * ms, Busy: 1000 * ms, WaitOutput: 1500 * ms,
				},
				{
					Name: "parse", Inputs: []string{"read"}, Last: true, Runs: 1, Rows: 50,
					Above: 1500 * ms, Below: 1000 * ms, Busy: 500 * ms, WaitInput: 1000 * ms, WaitOutput: 1000 * ms,
				},
			},
			Took: 2500 * ms,
		}, m.Stats())
	})
}

// A turn that is short is timed exactly behind a long one: it is not lost in it.
func TestMeter_short_turns_behind_long_ones(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := stream.NewMeters(stream.MetersOptions{})
		s := stream.Meter(slowly(stream.Of(make([]int, 100)...), 3*ms), m.Stage("slow"))
		for range s {
			time.Sleep(50 * time.Microsecond)
		}
		st := m.Stats().Stages[0]
		require.Equal(t, 300*ms, st.Above)
		require.Equal(t, 5*ms, st.Below)
	})
}

// Where both sides are short they are sampled, without a bias that would name the wrong bottleneck.
func TestMeter_sampled_times(t *testing.T) {
	us := time.Microsecond
	for _, c := range []struct{ above, below time.Duration }{
		{10 * us, 20 * us}, {100 * us, 300 * us}, {900 * us, 100 * us}, {500 * us, 500 * us}, {1200 * us, 400 * us},
		{1800 * us, 100 * us}, {50 * us, 400 * us}, {300 * us, 50 * us}, {5 * us, 1500 * us},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := stream.NewMeters(stream.MetersOptions{})
			rows := int(10 * time.Second / (c.above + c.below))
			if testing.Short() {
				rows /= 4
			}
			s := stream.Meter(slowly(stream.Of(make([]int, rows)...), c.above), m.Stage("a"))
			for range s {
				time.Sleep(c.below)
			}
			st := m.Stats().Stages[0]
			whole := time.Duration(rows) * (c.above + c.below)
			require.Equal(t, whole, st.Above+st.Below, "together they are exact")
			require.InDelta(t, float64(c.above)/float64(c.above+c.below), float64(st.Above)/float64(whole), 0.05, "%v above, %v below", c.above, c.below)
		})
	}
}

// A stage that works once in a thousand rows is not missed between samples.
func TestMeter_rare_work(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := stream.NewMeters(stream.MetersOptions{})
		rows := stream.Meter(stream.Of(make([]int, 10_000)...), m.Stage("read"))
		packed := stream.MeterFunc(stream.Batch(rows, 1000), m.Stage("pack"), func(b []int) (int, int) { return len(b), 8 * len(b) })
		for range packed {
			time.Sleep(7 * ms)
		}
		s := m.Stats()
		require.Equal(t, 70*ms, stageNamed(t, s, "pack").WaitOutput)
		require.EqualValues(t, 10_000, stageNamed(t, s, "read").Rows)
		require.EqualValues(t, 10_000, stageNamed(t, s, "pack").Rows)
		require.EqualValues(t, 80_000, stageNamed(t, s, "pack").Bytes)
		what, took := s.Bottleneck()
		require.Equal(t, "consumer of pack", what)
		require.Equal(t, 70*ms, took)
	})
}

// The stream is the same with a meter, and so are the ways it ends; the meter knows which it was.
func TestMeter_ends(t *testing.T) {
	defer goleak.VerifyNone(t)
	type log struct{ level, msg, stage, err string }
	for name, c := range map[string]struct {
		run    func(s stream.Seq[int])
		at     int // of an error in the source, or else
		inner  int // of an error in the second stage
		logs   []log
		errors map[string]int64
	}{
		"completed": {
			run: func(s stream.Seq[int]) { require.NoError(t, stream.Drain(s)) }, at: -1, inner: -1,
			logs: []log{{"INFO", "stage completed", "read", ""}, {"INFO", "stage completed", "parse", ""}},
		},
		"failed_above": {
			run: func(s stream.Seq[int]) { require.ErrorIs(t, stream.Drain(s), errBoom) }, at: 2, inner: -1,
			logs: []log{
				{"INFO", "stage ended by an error from above", "parse", "boom"},
				{"ERROR", "stage failed", "read", "boom"},
			},
			errors: map[string]int64{"read": 1},
		},
		"failed_here": {
			run: func(s stream.Seq[int]) { require.ErrorIs(t, stream.Drain(s), errBoom) }, at: -1, inner: 2,
			logs: []log{
				{"INFO", "stage stopped by its consumer", "read", ""},
				{"ERROR", "stage failed", "parse", "boom"},
			},
			errors: map[string]int64{"parse": 1},
		},
		"stopped": {
			run: func(s stream.Seq[int]) { _, _, _ = stream.First(s) }, at: -1, inner: -1,
			logs: []log{{"INFO", "stage stopped by its consumer", "read", ""}, {"INFO", "stage stopped by its consumer", "parse", ""}},
		},
		"panicked": {
			run: func(s stream.Seq[int]) {
				require.PanicsWithValue(t, "body", func() {
					for range s {
						panic("body")
					}
				})
			}, at: -1, inner: -1,
			logs: []log{{"ERROR", "stage ended by a panic", "read", ""}, {"ERROR", "stage ended by a panic", "parse", ""}},
		},
		"exited": {
			run: func(s stream.Seq[int]) {
				requireGoexit(t, func() {
					for range s {
						runtime.Goexit()
					}
				})
			}, at: -1, inner: -1,
			logs: []log{{"ERROR", "stage ended by a panic", "read", ""}, {"ERROR", "stage ended by a panic", "parse", ""}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			m := stream.NewMeters(stream.MetersOptions{Logger: slog.New(slog.NewJSONHandler(&text, nil))})
			src := &streamtest.Script[int]{Values: []int{0, 1, 2, 3}, At: c.at, Err: errBoom}
			if c.at < 0 {
				src.Err = nil
			}
			read := stream.Meter(src.Seq(), m.Stage("read"))
			parse := stream.TryMap(read, func(v int) (int, error) {
				if v == c.inner {
					return 0, errBoom
				}
				return v, nil
			})
			c.run(stream.Meter(parse, m.Stage("parse")))

			s := m.Stats()
			require.Equal(t, c.errors["read"], stageNamed(t, s, "read").Errors)
			require.Equal(t, c.errors["parse"], stageNamed(t, s, "parse").Errors)
			require.Zero(t, s.Stages[0].Active+s.Stages[1].Active)

			lines := strings.Split(strings.TrimSpace(text.String()), "\n")
			require.Len(t, lines, 4)
			require.Contains(t, lines[0], `"msg":"stage started","stage":"parse"`)
			require.Contains(t, lines[1], `"msg":"stage started","stage":"read"`)
			ends := strings.Join(lines[2:], "\n")
			for _, want := range c.logs {
				line := fmt.Sprintf(`"level":"%s","msg":"%s","stage":"%s","rows":`, want.level, want.msg, want.stage)
				require.Contains(t, ends, line)
				if want.err != "" {
					require.Contains(t, ends, `"error":"`+want.err+`"`)
				}
			}
		})
	}
}

// Counts are whole when a run has ended, wherever it was broken off.
func TestMeter_counts_at_each_break(t *testing.T) {
	for n := range 6 {
		m := stream.NewMeters(stream.MetersOptions{})
		src := &streamtest.Script[int]{Values: firstInts(5)}
		s := stream.MeterFunc(src.Seq(), m.Stage("read"), func(v int) (int, int) { return 2, v })
		require.NoError(t, stream.Drain(stream.Take(s, n)))
		st := m.Stats().Stages[0]
		passed := min(n, 5)
		require.EqualValues(t, 2*passed, st.Rows)
		require.EqualValues(t, passed*(passed-1)/2, st.Bytes)
	}
}

// Runs of one stage add up, also those that are under way at the same time, and another goroutine may look.
func TestMeter_concurrent(t *testing.T) {
	defer goleak.VerifyNone(t)
	m := stream.NewMeters(stream.MetersOptions{})
	const runs, rows = 8, 50_000
	stop, looked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(looked)
		last := int64(0)
		for {
			s := m.Stats()
			if len(s.Stages) > 0 {
				if s.Stages[0].Rows < last {
					t.Errorf("%d rows after %d", s.Stages[0].Rows, last)
				}
				last = s.Stages[0].Rows
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	var all sync.WaitGroup
	for range runs {
		all.Go(func() {
			read := stream.Meter(stream.Of(make([]int, rows)...), m.Stage("read"))
			if err := stream.Drain(read); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	close(stop)
	<-looked
	st := m.Stats().Stages[0]
	require.Equal(t, "read", st.Name)
	require.EqualValues(t, runs*rows, st.Rows)
	require.Equal(t, runs, st.Runs)
	require.Zero(t, st.Active)
}

// Two sources and a join of them: its own time is what is above it, less both.
func TestMeter_several_inputs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := stream.NewMeters(stream.MetersOptions{})
		left := m.Stage("left")
		right := m.Source("right")
		both := stream.Zip(
			stream.Meter(slowly(stream.Of(1, 2, 3), 10*ms), left),
			stream.Meter(slowly(stream.Of(1, 2, 3), 20*ms), right))
		joined := stream.Map(both, func(p stream.Pair[int, int]) int { time.Sleep(40 * ms); return p.First + p.Second })
		require.NoError(t, stream.Drain(stream.Meter(joined, m.Stage("join", left, right))))
		s := m.Stats()
		st := stageNamed(t, s, "join")
		require.Equal(t, []string{"left", "right"}, st.Inputs)
		require.Equal(t, 120*ms, st.Busy)
		require.Equal(t, 90*ms, st.WaitInput)
		what, took := s.Bottleneck()
		require.Equal(t, "join", what)
		require.Equal(t, 120*ms, took)
	})
}

// Behind a goroutine a stage waits for less than what is above it takes, and its workers' time is its own.
func TestMeter_behind_a_goroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := stream.NewMeters(stream.MetersOptions{})
		read := stream.Meter(slowly(stream.Of(make([]int, 10)...), 10*ms), m.Stage("read"))
		batches := stream.Meter(stream.BatchWithin(read, 1, stream.BatchOptions{MaxWait: time.Hour}), m.Stage("batch"))
		for range batches {
			time.Sleep(30 * ms)
		}
		s := m.Stats()
		require.Equal(t, 310*ms, s.Took)
		batch := stageNamed(t, s, "batch")
		require.Equal(t, 10*ms, batch.WaitInput)
		require.Zero(t, batch.Busy)
		require.Equal(t, 300*ms, batch.WaitOutput)
		require.Equal(t, 100*ms, stageNamed(t, s, "read").Busy)
		what, _ := s.Bottleneck()
		require.Equal(t, "consumer of batch", what)
	})
}

func TestMeter_spill_and_bad_records(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := stream.NewMeters(stream.MetersOptions{})
		read := stream.Meter(slowly(stream.Of(1, 2, 3), 10*ms), m.Stage("read"))
		sort := m.Stage("sort")
		spilled := stream.Tap(read, func(int) {
			time.Sleep(25 * ms)
			sort.AddSpill(20*ms, 1000)
			sort.AddErrors(1)
		})
		require.NoError(t, stream.Drain(stream.Meter(spilled, sort)))
		s := m.Stats()
		st := stageNamed(t, s, "sort")
		require.Equal(t, 15*ms, st.Busy)
		require.Equal(t, 60*ms, st.Spill)
		require.EqualValues(t, 3000, st.SpillBytes)
		require.EqualValues(t, 3, st.Errors)
		what, took := s.Bottleneck()
		require.Equal(t, "sort, spilling", what)
		require.Equal(t, 60*ms, took)
	})
	var none *stream.Stage
	none.AddSpill(time.Second, 1)
	none.AddErrors(1)
}

// While a stage is waited for, what has passed can be seen, and nothing ticks.
func TestMeter_snapshot_of_a_running_pipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := stream.NewMeters(stream.MetersOptions{})
		require.Equal(t, stream.Stats{}, m.Stats())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = stream.Drain(stream.Meter(paced(time.Hour, time.Hour, time.Hour), m.Stage("live")))
		}()
		time.Sleep(2*time.Hour + time.Minute)
		s := m.Stats()
		require.EqualValues(t, 2, s.Stages[0].Rows)
		require.Equal(t, 1, s.Stages[0].Active)
		require.Equal(t, 2*time.Hour, s.Stages[0].Above)
		require.Equal(t, 2*time.Hour+time.Minute, s.Took)
		<-done
	})
}

func TestMeter_own_clock(t *testing.T) {
	at := time.Unix(0, 0)
	m := stream.NewMeters(stream.MetersOptions{Now: func() time.Time { return at }})
	for range stream.Meter(stream.Of(1), m.Stage("a")) {
		at = at.Add(time.Hour)
		break
	}
	require.Equal(t, time.Hour, m.Stats().Took)
	require.Equal(t, time.Hour, m.Stats().Stages[0].Below)
}

// The code of each stage runs under its label, and the goroutine has its own labels back afterwards.
func TestMeter_labels(t *testing.T) {
	label := func() string {
		// The label set of the goroutine is only to be seen in a profile of goroutines.
		var b bytes.Buffer
		require.NoError(t, pprof.Lookup("goroutine").WriteTo(&b, 1))
		for _, g := range strings.Split(b.String(), "\n\n") {
			// The test's own goroutine, which waits for the subtest, has labels of its own.
			if strings.Contains(g, "TestMeter_labels") && strings.Contains(g, "runtime/pprof.") {
				for _, line := range strings.Split(g, "\n") {
					if l, ok := strings.CutPrefix(line, "# labels: "); ok {
						return l
					}
				}
			}
		}
		return ""
	}
	ctx := pprof.WithLabels(context.Background(), pprof.Labels("job", "daily"))
	pprof.SetGoroutineLabels(ctx)
	defer pprof.SetGoroutineLabels(context.Background())
	outside := label()
	require.Contains(t, outside, `"job":"daily"`)

	for name, end := range map[string]func(stream.Seq[int]){
		"end":   func(s stream.Seq[int]) { _ = stream.Drain(s) },
		"break": func(s stream.Seq[int]) { _, _, _ = stream.First(s) },
		"body": func(s stream.Seq[int]) {
			for range s {
				require.Equal(t, outside, label(), "in the loop")
			}
		},
		"panic": func(s stream.Seq[int]) {
			require.Panics(t, func() {
				for range s {
					panic(1)
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := stream.NewMeters(stream.MetersOptions{Labels: ctx})
			in := func(stage string) func(int) {
				return func(int) {
					require.Contains(t, label(), `"stage":"`+stage+`"`)
					require.Contains(t, label(), `"job":"daily"`)
				}
			}
			read := stream.Meter(stream.Tap(stream.Of(1, 2, 3), in("read")), m.Stage("read"))
			parsed := stream.Meter(stream.Tap(read, in("parse")), m.Stage("parse"))
			end(parsed)
			require.Equal(t, outside, label())
		})
	}
}

func TestMeters_mistakes(t *testing.T) {
	m, other := stream.NewMeters(stream.MetersOptions{}), stream.NewMeters(stream.MetersOptions{})
	require.PanicsWithValue(t, "stream: Meters.Stage: an input of b is not of these meters", func() { m.Stage("b", other.Stage("a")) })
	require.PanicsWithValue(t, "stream: Meters.Stage: an input of c is not of these meters", func() { m.Stage("c", nil) })
	require.PanicsWithValue(t, "stream: Meter: nil stage", func() { stream.Meter(stream.Of(1), nil) })
	require.PanicsWithValue(t, "stream: MeterFunc: nil stage", func() { stream.MeterFunc(stream.Of(1), nil, func(int) (int, int) { return 1, 1 }) })
	require.PanicsWithValue(t, "stream: MeterFunc: nil size", func() { stream.MeterFunc(stream.Of(1), m.Stage("a"), nil) })
	require.Same(t, m.Stage("a"), m.Stage("a"), "a name is one stage")
}

func TestStats_String(t *testing.T) {
	s := stream.Stats{
		Stages: []stream.StageStats{
			{Name: "read", Rows: 1_000_000, Bytes: 56_000_000, Busy: 1234567 * time.Microsecond, WaitOutput: 93 * time.Second},
			{Name: "straße", Rows: 5, Errors: 12, Busy: 3 * ms, WaitInput: 1500 * time.Nanosecond, Spill: 12345 * time.Microsecond, Last: true},
		},
		Took: 95 * time.Second,
	}
	require.Equal(t, strings.Join([]string{
		"stage      rows     bytes  errors   busy  wait in  wait out    spill",
		"read    1000000  56000000       0  1.23s       0s     1m33s       0s",
		"straße        5         0      12    3ms    1.5µs        0s  12.35ms",
		"bottleneck: read, 1.23s of 1m35s",
		"",
	}, "\n"), s.String())
	require.NotContains(t, stream.Stats{}.String(), "bottleneck")
}

func TestMeter_allocates_nothing_per_element(t *testing.T) {
	m := stream.NewMeters(stream.MetersOptions{})
	items := make([]int, 100_000)
	n := testing.AllocsPerRun(5, func() {
		plain := stream.Meter(stream.Of(items...), m.Stage("plain"))
		sized := stream.MeterFunc(plain, m.Stage("sized"), func(int) (int, int) { return 1, 8 })
		if err := stream.Drain(sized); err != nil {
			t.Fatal(err)
		}
	})
	require.Less(t, n, 40.0)
}

// BenchmarkMeter runs a chain without and with a meter in it, in turns, so that both meet the machine in the same
// moods, and reports the fastest pass of each: added-ns/row is what a meter costs.
func BenchmarkMeter(b *testing.B) {
	items := make([]uint64, 1<<16)
	batches := make([][]uint64, 0, len(items)/256)
	for i := 0; i < len(items); i += 256 {
		batches = append(batches, items[i:i+256])
	}
	double := func(v uint64) uint64 { return 2 * v }
	twice := func(batch []uint64) []uint64 {
		for i := range batch {
			batch[i] *= 2
		}
		return batch
	}
	elements := func(meter func(stream.Seq[uint64]) stream.Seq[uint64]) (n int) {
		for range stream.Map(meter(stream.Map(stream.Of(items...), double)), double) {
			n++
		}
		return n
	}
	inBatches := func(meter func(stream.Seq[[]uint64]) stream.Seq[[]uint64]) (n int) {
		for batch := range stream.Map(meter(stream.Map(stream.Of(batches...), twice)), twice) {
			n += len(batch)
		}
		return n
	}
	bare := func() int { return elements(func(s stream.Seq[uint64]) stream.Seq[uint64] { return s }) }
	metered := func(o stream.MetersOptions) func() int {
		return func() int {
			stage := stream.NewMeters(o).Stage("a")
			return elements(func(s stream.Seq[uint64]) stream.Seq[uint64] { return stream.Meter(s, stage) })
		}
	}
	for _, c := range []struct {
		name          string
		without, with func() int
	}{
		{"elements", bare, metered(stream.MetersOptions{})},
		{"elements/labels", bare, metered(stream.MetersOptions{Labels: context.Background()})},
		{
			"batches",
			func() int { return inBatches(func(s stream.Seq[[]uint64]) stream.Seq[[]uint64] { return s }) },
			func() int {
				stage := stream.NewMeters(stream.MetersOptions{}).Stage("a")
				return inBatches(func(s stream.Seq[[]uint64]) stream.Seq[[]uint64] {
					return stream.MeterFunc(s, stage, func(batch []uint64) (int, int) { return len(batch), 8 * len(batch) })
				})
			},
		},
	} {
		b.Run(c.name, func(b *testing.B) {
			fastest := [2]float64{math.Inf(1), math.Inf(1)}
			for b.Loop() {
				for i, pass := range []func() int{c.without, c.with} {
					began := time.Now()
					if got := pass(); got != len(items) {
						b.Fatal(got)
					}
					fastest[i] = min(fastest[i], float64(time.Since(began).Nanoseconds())/float64(len(items)))
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(fastest[0], "bare-ns/row")
			b.ReportMetric(fastest[1], "metered-ns/row")
			b.ReportMetric(fastest[1]-fastest[0], "added-ns/row")
		})
	}
}
