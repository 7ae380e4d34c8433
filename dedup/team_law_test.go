package dedup_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// How many workers there are must not be seen in anything.

func withWorkers(workers, batch int, end error) engine {
	return func(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
		o.Resources.Workers = workers
		s := stream.Of(rows...)
		if end != nil {
			s = failing(rows, end)
		}
		return dedup.RunInBatches(batch, s, reading.Key, o)
	}
}

var drawWorkers = rapid.SampledFrom([]int{1, 2, 3, 8})

func TestRun_Law_WorkersAreNotSeen(t *testing.T) {
	defer goleak.VerifyNone(t)
	broken := errors.New("broken")
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		if rapid.IntRange(0, 5).Draw(t, "bounded") == 0 {
			p.o.Resources.Memory = rapid.Int64Range(1, 32<<10).Draw(t, "memory")
		}
		losers := rapid.IntRange(0, 3).Draw(t, "losers") == 0
		if p.o.NullKeys == dedup.NullsReject && rapid.Bool().Draw(t, "no place") {
			p.o.NullKeys = dedup.NullsEqual
		}
		var end error
		if rapid.IntRange(0, 3).Draw(t, "fails") == 0 {
			end = broken
		}
		want := p.run(withWorkers(0, 1, end), losers)
		got := p.run(withWorkers(drawWorkers.Draw(t, "workers"), rapid.SampledFrom([]int{1, 2, 3, 8, 256}).Draw(t, "batch"), end), losers)
		requireSame(t, want, got)
	})
}

func TestRun_Law_AnyOrderIsTheSameRows(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		want := p.run(withWorkers(0, 256, nil), false)
		p.o.Order = dedup.OrderAny
		got := p.run(withWorkers(drawWorkers.Draw(t, "workers"), 3, nil), false)
		require.Equal(t, fmt.Sprint(want.err), fmt.Sprint(got.err))
		require.Equal(t, sortedText(want.survivors), sortedText(got.survivors))
		require.Equal(t, want.stats, got.stats)
	})
}

func TestRun_Law_WorkersMerge(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawMerge(t, false)
		o := p.options()
		o.Resources.Workers = drawWorkers.Draw(t, "workers")
		chunk := 1 << rapid.IntRange(0, 4).Draw(t, "chunk")
		holes := rapid.IntRange(1, 8).Draw(t, "holes")
		got, err := p.run(func(s stream.Seq[profile], o dedup.Options[profile]) stream.Seq[profile] {
			return dedup.RunMoving(s, profile.Key, o, chunk, holes)
		}, o)
		require.NoError(t, err)
		require.Equal(t, p.model(), got)
	})
}

// Two passes keep the order of the source, which is any order too.
func TestTwoPass_AnyOrder(t *testing.T) {
	rows := shuffledClicks()
	o := dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}, Order: dedup.OrderWinner}
	want, err := stream.Collect(dedup.TwoPass(again(rows), click.Key, o))
	require.NoError(t, err)
	o.Order = dedup.OrderAny
	got, err := stream.Collect(dedup.TwoPass(again(rows), click.Key, o))
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// Enough rows that chunks go round, with the edges of chunks and windows, and a hot key.
func TestRun_WorkersOverManyChunks(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, n := range []int{0, 1, 4095, 4096, 4097, 20_000, 200_000} {
		for _, hot := range []uint64{0, 90} {
			if n > 100_000 && hot == 0 {
				continue // the large one is for rows that move, and that are read apart
			}
			events := retried(n)
			for i := range events {
				if mix(uint64(i)^1<<50)%100 < hot {
					events[i].id = 7
				}
			}
			o := dedup.Options[event]{
				By:      []dedup.Comparator[event]{dedup.Max(event.Ingested), dedup.Present(event.HasUpdater)},
				NullKey: func(e event) bool { return e.ingested%4096 == 4095 || e.ingested%1024 == 0 },
			}
			for _, o.Order = range []dedup.Order{dedup.OrderFirstSeen, dedup.OrderWinner} {
				for _, o.Keep = range []dedup.Keep{dedup.KeepBest, dedup.KeepNone} {
					o := o
					if o.Keep == dedup.KeepNone {
						o.By = nil
					}
					want, err := stream.Collect(dedup.Run(stream.Of(events...), event.ID, o))
					require.NoError(t, err)
					for _, o.Resources.Workers = range []int{1, 2, 3, 8, 1000} {
						got, err := stream.Collect(dedup.Run(stream.Of(events...), event.ID, o))
						require.NoError(t, err)
						require.Equal(t, want, got, "%d rows, %d workers, %v, %v", n, o.Resources.Workers, o.Order, o.Keep)
					}
				}
			}
		}
	}
}

// The consumer may leave wherever it likes; nothing runs on.
func TestRun_WorkersAndABreak(t *testing.T) {
	defer goleak.VerifyNone(t)
	rows := shuffledClicks()
	for _, order := range []dedup.Order{dedup.OrderFirstSeen, dedup.OrderWinner, dedup.OrderAny} {
		for at := range 7 {
			var stats dedup.Stats
			n := 0
			for range dedup.Run(stream.Of(rows...), click.Key, dedup.Options[click]{
				Tie: dedup.TieLast, Order: order, Stats: &stats, Resources: stream.Resources{Workers: 2}}) {
				if n++; n > at {
					break
				}
			}
			require.EqualValues(t, at+1, stats.Out)
			require.EqualValues(t, len(rows), stats.In)
			require.EqualValues(t, 7, stats.Keys)
		}
	}
}

// A worker that is far behind the others fails at the first row all the same: rows are handed to all workers or to none. Of
// two keys one has its worker wait, until chunks stand in line for it; in the chunk after these it fails, and behind it the
// other key fails with its own worker, which comes there first.
func TestRun_PanicOfASlowWorkerComesFirst(t *testing.T) {
	const (
		chunk = 16
		fails = 9 * chunk
	)
	for slow := range 4 {
		for other := 4; other < 8; other++ {
			synctest.Test(t, func(t *testing.T) {
				rows := make([]click, 12*chunk)
				for i := range rows {
					switch i {
					case 0, 1, fails:
						rows[i] = click{ID: slow, At: i}
					case 2, fails + 5:
						rows[i] = click{ID: other, At: i}
					default:
						rows[i] = click{ID: 1000 + i, At: i}
					}
				}
				by := dedup.MaxFunc(func(a, b click) int { // a is the row that came
					switch a.At {
					case 1:
						time.Sleep(time.Second)
					case fails, fails + 5:
						panic(a.At)
					}
					return 1
				})
				o := dedup.Options[click]{By: []dedup.Comparator[click]{by}, Resources: stream.Resources{Workers: 2}}
				defer func() {
					p, ok := recover().(*stream.PanicError)
					require.True(t, ok)
					require.Equal(t, fails, p.Value, "keys %d and %d", slow, other)
				}()
				_ = stream.Drain(dedup.RunMoving(stream.Of(rows...), click.Key, o, chunk, 1000))
			})
		}
	}
}

// A panic of a callback comes out on the consumer's goroutine: that of the row that comes first, whoever met it.
func TestRun_PanicsWithWorkers(t *testing.T) {
	defer goleak.VerifyNone(t)
	const n = 2000
	for seed := range 20 {
		bad := map[int]bool{}
		first := -1
		for i := range 3 {
			at := int(mix(uint64(seed*3+i)) % n)
			bad[at] = true
		}
		rows := make([]click, n)
		for i := range rows {
			rows[i] = click{ID: i % 500, At: i}
			if bad[i] && i >= 500 && first < 0 {
				first = i
			}
		}
		fail := func(workers int, exits bool) (recovered any, returned bool) {
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				defer func() { recovered = recover() }()
				err := stream.Drain(dedup.RunInBatches(8, stream.Of(rows...), click.Key, dedup.Options[click]{
					By: []dedup.Comparator[click]{dedup.MaxFunc(func(a, b click) int {
						switch {
						case !bad[a.At]: // a is the row that came
							return 1
						case exits:
							runtime.Goexit()
						}
						panic(a.At)
					})},
					Resources: stream.Resources{Workers: workers},
				}))
				returned = true
				require.NoError(t, err)
			}()
			<-ended
			return recovered, returned
		}
		for _, workers := range []int{2, 3, 8} {
			recovered, returned := fail(workers, false)
			if first < 0 {
				require.True(t, returned)
				continue
			}
			var p *stream.PanicError
			require.ErrorAs(t, recovered.(error), &p)
			require.Equal(t, first, p.Value)
			require.Contains(t, string(p.Stack), "dedup_test.")
			recovered, returned = fail(workers, true)
			require.Nil(t, recovered)
			require.False(t, returned, "a Goexit goes on")
		}
	}
}

// What the source ends with comes after what a worker failed with at an earlier row, and workers are gone then.
func TestRun_SourceEndsWithWorkers(t *testing.T) {
	defer goleak.VerifyNone(t)
	broken := errors.New("broken")
	for _, o := range []dedup.Options[click]{
		{Tie: dedup.TieLast},
		{By: []dedup.Comparator[click]{dedup.MaxFunc(func(a, b click) int { panic("worker") })}},
	} {
		o.Resources.Workers = 2
		for at := range 20 {
			rows := shuffledClicks()[:at]
			ends := map[string]stream.Seq[click]{
				"error": failing(rows, broken),
				"panic": func(yield func(click, error) bool) {
					for _, r := range rows {
						yield(r, nil)
					}
					panic(broken)
				},
			}
			for name, s := range ends {
				var got any
				func() {
					defer func() {
						if p := recover(); p != nil {
							got = p
						}
					}()
					got = stream.Drain(dedup.Run(s, click.Key, o))
				}()
				if at > 7 && o.By != nil {
					var p *stream.PanicError
					require.ErrorAs(t, got.(error), &p, name)
					require.Equal(t, "worker", p.Value)
					continue
				}
				require.ErrorIs(t, got.(error), broken)
			}
		}
	}
}
