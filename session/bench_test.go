package session_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// benchClick is 32 bytes, with a numeric user as most event stores have.
type benchClick struct {
	user  uint64
	at    int64 // nanoseconds since 1970
	pages int64
	_     int64
}

func benchUser(c benchClick) uint64  { return c.user }
func benchAt(c benchClick) time.Time { return time.Unix(0, c.at) }

// benchEvents are n events over a day, the users by a zipf law, in order of time.
func benchEvents(n int) []benchClick {
	r := rand.New(rand.NewPCG(7, 11))
	zipf := rand.NewZipf(r, 1.1, 8, uint64(n/10))
	events := make([]benchClick, n)
	step := int64(24*time.Hour) / int64(n)
	for i := range events {
		events[i] = benchClick{user: zipf.Uint64() * 0x9e3779b97f4a7c15, at: int64(i)*step + r.Int64N(step), pages: 1}
	}
	return events
}

// arrangements are the orders in which they arrive.
var arrangements = []struct {
	name    string
	arrange func([]benchClick)
}{
	{"in_order", func([]benchClick) {}},
	{"5_percent_late", func(events []benchClick) {
		r := rand.New(rand.NewPCG(1, 1))
		for range len(events) / 20 { // up to two hours late
			i := r.IntN(len(events))
			j := min(i+r.IntN(len(events)/12), len(events)-1)
			events[i], events[j] = events[j], events[i]
		}
	}},
	{"shuffled", func(events []benchClick) {
		rand.New(rand.NewPCG(1, 1)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	}},
	{"one_key_has_90_percent_shuffled", func(events []benchClick) {
		r := rand.New(rand.NewPCG(1, 1))
		for i := range events {
			if r.IntN(10) > 0 {
				events[i].user = 1
				events[i].at *= 1000 // so that the bot has sessions, too
			}
		}
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	}},
}

const benchN, benchGap = 1_000_000, 30 * time.Minute

// handWritten is what one writes without a library: a map of slices, sort, scan.
func handWritten(events []benchClick, gap time.Duration) (sessions, total int) {
	byUser := map[uint64][]int64{}
	for _, e := range events {
		byUser[e.user] = append(byUser[e.user], e.at)
	}
	for _, times := range byUser {
		slices.Sort(times)
		for i, at := range times {
			if i == 0 || at-times[i-1] > int64(gap) {
				sessions++
			}
			total++
		}
	}
	return sessions, total
}

// handWrittenFold keeps the events too, as Run must.
func handWrittenFold(events []benchClick, gap time.Duration) (sessions int, pages int64) {
	byUser := map[uint64][]benchClick{}
	for _, e := range events {
		byUser[e.user] = append(byUser[e.user], e)
	}
	for _, own := range byUser {
		slices.SortStableFunc(own, func(a, b benchClick) int { return cmp.Compare(a.at, b.at) })
		for i, e := range own {
			if i == 0 || e.at-own[i-1].at > int64(gap) {
				sessions++
			}
			pages += e.pages
		}
	}
	return sessions, pages
}

func BenchmarkSession(b *testing.B) {
	for _, a := range arrangements {
		events := benchEvents(benchN)
		a.arrange(events)
		want, _ := handWritten(events, benchGap)
		pages := stream.Fold[benchClick, int64]{Add: func(acc *int64, c benchClick) { *acc += c.pages }}
		engines := map[string]func() int{
			"hand_written":      func() int { n, _ := handWritten(events, benchGap); return n },
			"hand_written_fold": func() int { n, _ := handWrittenFold(events, benchGap); return n },
			"by_gap":            func() int { return count(b, session.ByGap(of(events...), benchGap, benchUser, benchAt)) },
			"run": func() int {
				return count(b, session.Run(of(events...), benchGap, benchUser, benchAt, pages, session.Options[benchClick]{}))
			},
		}
		if a.name == "in_order" {
			o := session.Options[benchClick]{Ordered: true}
			engines["by_gap_ordered"] = func() int {
				return count(b, session.Intervals(of(events...), benchGap, benchUser, benchAt, o))
			}
			engines["run_ordered"] = func() int {
				return count(b, session.Run(of(events...), benchGap, benchUser, benchAt, pages, o))
			}
		}
		for _, name := range []string{"hand_written", "by_gap", "by_gap_ordered", "hand_written_fold", "run", "run_ordered"} {
			engine, ok := engines[name]
			if !ok {
				continue
			}
			b.Run(fmt.Sprintf("arrival=%s/engine=%s", a.name, name), func(b *testing.B) {
				require.Equal(b, want, engine())
				b.ReportAllocs()
				b.ResetTimer()
				for b.Loop() {
					engine()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchN, "ns/row")
				b.ReportMetric(float64(want), "sessions")
			})
		}
	}
}

func count[S any](tb testing.TB, s stream.Seq[S]) (n int) {
	for _, err := range s {
		if err != nil {
			tb.Fatal(err)
		}
		n++
	}
	return n
}

// BenchmarkMemory measures live bytes after a collection, at the moment the first session is yielded.
func BenchmarkMemory(b *testing.B) {
	for _, a := range arrangements {
		events := benchEvents(benchN)
		a.arrange(events)
		pages := stream.Fold[benchClick, int64]{Add: func(acc *int64, c benchClick) { *acc += c.pages }}
		b.Run("arrival="+a.name+"/engine=by_gap", func(b *testing.B) {
			liveAtFirst(b, session.ByGap(of(events...), benchGap, benchUser, benchAt))
		})
		b.Run("arrival="+a.name+"/engine=run", func(b *testing.B) {
			liveAtFirst(b, session.Run(of(events...), benchGap, benchUser, benchAt, pages, session.Options[benchClick]{}))
		})
	}
}

func liveAtFirst[S any](b *testing.B, s stream.Seq[S]) {
	for b.Loop() {
		var before, during runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		n := 0
		for _, err := range s {
			require.NoError(b, err)
			if n++; n == 1 {
				runtime.GC()
				runtime.ReadMemStats(&during)
			}
		}
		live := float64(during.HeapAlloc) - float64(before.HeapAlloc)
		b.ReportMetric(live/float64(n), "B/session")
		b.ReportMetric(live/benchN, "B/row")
	}
}
