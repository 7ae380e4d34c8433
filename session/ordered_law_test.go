package session

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// orderedEvent is an event of these laws.
type orderedEvent struct {
	key string // "": null
	at  int64
	n   int
}

// orderedProgram is an input with its options, and where the consumer breaks off.
type orderedProgram struct {
	events []orderedEvent
	fails  error // after the last event
	gap    time.Duration
	opts   Options[orderedEvent]
	sized  bool
	breaks int // after so many sessions; 0: never
}

var errSource = errors.New("source failed")

// orderedPrograms draws a program. Times are dense or sparse against the gap, in runs of both, and tie; some keys come
// nearly always and many once, so that the tables grow, numbers are given again, and stages and buckets fill up.
func drawOrdered(r *rand.Rand) orderedProgram {
	gaps := []int64{1, 2, 3, 50, 1000, 1 << 20, int64(30 * time.Minute), math.MaxInt64}
	p := orderedProgram{gap: time.Duration(gaps[r.IntN(len(gaps))]), sized: r.IntN(3) == 0}
	p.opts = Options[orderedEvent]{AtLeast: r.IntN(2) == 0, Ordered: true, Salt: strconv.Itoa(r.IntN(3))}
	keys := 1 + r.IntN([]int{2, 10, 100, 3000}[r.IntN(4)])
	at := []int64{0, math.MinInt64 + 854775808, -5, math.MaxInt64 - 854775807 - 1e6}[r.IntN(4)]
	step := int64(1)
	for i := range r.IntN([]int{10, 200, 2000}[r.IntN(3)]) {
		switch r.IntN(40) {
		case 0: // another pace
			step = 1 + r.Int64N(max(1, int64(p.gap)/[]int64{1, 3, 30, 400}[r.IntN(4)]))
		case 1: // around a gap, exactly where it splits
			at = later(at, int64(p.gap-1)+min(r.Int64N(3), math.MaxInt64-int64(p.gap)+1))
		default:
			at = later(at, r.Int64N(step+1))
		}
		e := orderedEvent{key: strconv.Itoa(r.IntN(1 + r.IntN(keys))), at: at, n: i}
		if r.IntN(50) == 0 {
			e.key = ""
		}
		p.events = append(p.events, e)
	}
	switch n := len(p.events); r.IntN(6) {
	case 0:
		p.fails = errSource
	case 1:
		if n > 1 { // a descent, somewhere
			p.events[1+r.IntN(n-1)].at -= 1 + r.Int64N(1+min(1<<40, int64(p.gap))/2)
		}
	case 2:
		p.breaks = 1 + r.IntN(1+n/4)
	}
	p.opts.NullKey = func(e orderedEvent) bool { return e.key == "" }
	return p
}

// later is at plus d, unless that is out of range.
func later(at, d int64) int64 {
	if last := int64(math.MaxInt64 - 854775807); at > 0 && d > last-at {
		return at
	}
	return at + d
}

// trace is all that a consumer sees: every session with how many events were read when it came, and the end.
func (p orderedProgram) trace(engine func(stream.Seq[orderedEvent], *query[orderedEvent, string], stream.Fold[orderedEvent, []int]) stream.Seq[Folded[string, []int]]) (lines []string, stats Stats) {
	read := 0
	source := func(yield func(orderedEvent, error) bool) {
		for _, e := range p.events {
			read++
			if !yield(e, nil) {
				return
			}
		}
		if p.fails != nil {
			yield(orderedEvent{}, p.fails)
		}
	}
	o := p.opts
	o.Stats = &stats
	if o.Rejects == nil {
		o.Rejects = func(r Reject[orderedEvent]) error {
			lines = append(lines, fmt.Sprint("reject ", r.Position, r.Reason))
			return nil
		}
	}
	fold := stream.Fold[orderedEvent, []int]{Add: func(acc *[]int, e orderedEvent) { *acc = append(*acc, e.n) }}
	if p.sized {
		fold.Size = func(acc *[]int) int { return 8 * cap(*acc) }
	}
	q := &query[orderedEvent, string]{fn: "Run", gap: p.gap, opts: o,
		key: func(e orderedEvent) string { return e.key }, at: func(e orderedEvent) time.Time { return time.Unix(0, e.at) }}
	n := 0
	for s, err := range engine(source, q, fold) {
		if err != nil {
			lines = append(lines, "error "+err.Error())
			continue
		}
		lines = append(lines, fmt.Sprintf("%d: %+v", read, s))
		if n++; n == p.breaks {
			break
		}
	}
	return lines, stats
}

// hunt is how many programs a law runs: the number in MILLRACE_HUNT, or few.
func hunt(t *testing.T, few int) int {
	if n, err := strconv.Atoi(os.Getenv("MILLRACE_HUNT")); err == nil {
		return n
	}
	if testing.Short() {
		return few / 20
	}
	return few
}

// The engine gives the sessions of the plain one, in the same sequence and each as early, the same rejects, errors and counts.
func TestOrdered_Law_Plain(t *testing.T) {
	for i := range hunt(t, 1000) {
		p := drawOrdered(rand.New(rand.NewPCG(uint64(i), 1)))
		want, wantStats := p.trace(orderedSimply[orderedEvent, string, []int])
		got, stats := p.trace(ordered[orderedEvent, string, []int])
		if !slices.Equal(want, got) || stats != wantStats {
			for j := range want {
				if j >= len(got) || want[j] != got[j] {
					t.Logf("line %d: want %s", j, want[j])
					if j < len(got) {
						t.Logf("line %d: got  %s", j, got[j])
					}
					break
				}
			}
			t.Fatalf("program %d: %d lines, want %d; counts %+v, want %+v", i, len(got), len(want), stats, wantStats)
		}
	}
}

// A session that a staged event prolongs inside the bucket that becomes due ends with another one then, and comes before it. The
// stage is full, and settled, between two events of one time; random programs do not meet this.
func TestOrdered_TieInDueBucket(t *testing.T) {
	p := orderedProgram{gap: 1000, opts: Options[orderedEvent]{Ordered: true}}
	p.events = append(p.events, orderedEvent{key: "a"})
	for len(p.events) < stagedEvents-1 {
		p.events = append(p.events, orderedEvent{key: "filler"})
	}
	p.events = append(p.events, orderedEvent{key: "b", at: 1}, orderedEvent{key: "a", at: 1},
		orderedEvent{key: "c", at: 1001}, orderedEvent{key: "c", at: 3000})
	want, _ := p.trace(orderedSimply[orderedEvent, string, []int])
	got, _ := p.trace(ordered[orderedEvent, string, []int])
	require.Len(t, want, 5)
	require.Equal(t, want, got)
}

// Workers give the same stream, but that events are read ahead: what is left out here is how many were.
func TestOrdered_Law_Workers(t *testing.T) {
	for i := range hunt(t, 250) {
		r := rand.New(rand.NewPCG(uint64(i), 6))
		p := drawOrdered(r)
		for len(p.events) > 500 && len(p.events) < 3*chunkEvents { // a few chunks, ends on their boundaries
			q := drawOrdered(r)
			for _, e := range q.events {
				e.at = later(p.events[len(p.events)-1].at, r.Int64N(3))
				p.events = append(p.events, e)
			}
		}
		if n := len(p.events) / chunkEvents * chunkEvents; n > 0 && r.IntN(2) == 0 {
			p.events = p.events[:n]
		}
		rejected := []string{}
		p.opts.Rejects = func(e Reject[orderedEvent]) error {
			rejected = append(rejected, fmt.Sprint(e.Position, e.Reason))
			return nil
		}
		want, stats := p.trace(ordered[orderedEvent, string, []int])
		wantRejected := append([]string{}, rejected...)
		p.opts.Resources.Workers = []int{2, 3, 8, 300}[r.IntN(4)]
		rejected = nil
		got, gotStats := p.trace(ordered[orderedEvent, string, []int])
		for _, lines := range [][]string{want, got} {
			for j, line := range lines {
				if _, after, ok := strings.Cut(line, ": {"); ok {
					lines[j] = after
				}
			}
		}
		require.Equal(t, want, got, "program %d", i)
		if p.breaks == 0 {
			require.Equal(t, stats, gotStats, "program %d", i)
			require.Equal(t, len(wantRejected), len(rejected))
		}
		require.Equal(t, wantRejected, append([]string{}, rejected[:len(wantRejected)]...), "program %d", i)
	}
}

// A panic of the fold in a worker comes out on the consumer's goroutine, after the sessions of the chunks before, and it is the
// same one whoever is faster.
func TestOrdered_WorkerPanics(t *testing.T) {
	for i := range hunt(t, 40) {
		r := rand.New(rand.NewPCG(uint64(i), 7))
		at := r.IntN(5 * chunkEvents)
		source := func(yield func(orderedEvent, error) bool) {
			for i := range 10 * chunkEvents {
				if !yield(orderedEvent{key: strconv.Itoa(i % 50), at: int64(i), n: i}, nil) {
					return
				}
			}
		}
		fold := stream.Fold[orderedEvent, int]{Add: func(_ *int, e orderedEvent) {
			if e.n >= at && e.n%50 == at%50 {
				panic("bad event")
			}
		}}
		q := &query[orderedEvent, string]{fn: "Run", gap: 10, opts: Options[orderedEvent]{Ordered: true, Resources: stream.Resources{Workers: 3}},
			key: func(e orderedEvent) string { return e.key }, at: func(e orderedEvent) time.Time { return time.Unix(0, e.at) }}
		n := 0
		func() {
			defer func() {
				failed, ok := recover().(*stream.PanicError)
				require.True(t, ok)
				require.Equal(t, "bad event", failed.Value)
			}()
			for _, err := range ordered(source, q, fold) {
				require.NoError(t, err)
				n++
			}
		}()
		require.InDelta(t, at/chunkEvents*chunkEvents, n, 15, "sessions of the chunks before")
	}
}

// Under a bound the stream is the same, or it is the same up to *stream.LimitError; and what was booked is given back.
func TestOrdered_Law_Memory(t *testing.T) {
	limited, whole := 0, 0
	for i := range hunt(t, 600) {
		r := rand.New(rand.NewPCG(uint64(i), 2))
		p := drawOrdered(r)
		want, _ := p.trace(ordered[orderedEvent, string, []int])
		budget, err := stream.NewBudget(1 << (9 + r.IntN(10)))
		require.NoError(t, err)
		p.opts.Resources.Budget = budget
		got, _ := p.trace(ordered[orderedEvent, string, []int])
		require.Zero(t, budget.Used())
		if n := len(got); n > 0 && len(got) <= len(want) && !slices.Equal(want, got) {
			require.Contains(t, got[n-1], stream.ErrLimit.Error(), "program %d", i)
			require.Equal(t, want[:n-1], got[:n-1], "program %d", i)
			limited++
			continue
		}
		require.Equal(t, want, got, "program %d", i)
		whole++
	}
	require.True(t, limited > 20 || testing.Short(), "%d programs met the bound", limited)
	require.True(t, whole > 20 || testing.Short(), "%d programs did not", whole)
}

// Whatever is opened and removed, each open session is found, and nothing else is.
func TestOpenSessions_Model(t *testing.T) {
	for i := range hunt(t, 300) {
		r := rand.New(rand.NewPCG(uint64(i), 3))
		q := &query[uint64, uint64]{fn: "Run", gap: 1}
		in, err := q.open()
		require.NoError(t, err)
		o := newOpenSessions[uint64, int](in.hasher, in.acct, "session: Run", i%2 == 0)
		numbers := map[uint64]int{}
		keys := uint64(1 + r.IntN(200))
		spread := []uint64{1, 1 << 20, 1 << 62, 1 << 40}[r.IntN(4)] // marks that crowd, or that have one high half
		for range 1000 {
			k := r.Uint64N(keys)
			m := k * spread
			number, slot := o.find(&k, m)
			want, open := numbers[k]
			switch {
			case !open:
				require.Equal(t, none, number)
				number, err = o.open(&k, m, slot, instant(k), int(k))
				require.NoError(t, err)
				numbers[k] = number
			case r.IntN(2) == 0:
				require.Equal(t, want, number)
				require.Equal(t, openHead[uint64, int]{key: k, to: instant(k), count: 1, acc: int(k)}, o.heads[number])
				require.Equal(t, instant(k), o.from[number])
			default:
				o.remove(want, m)
				delete(numbers, k)
			}
			require.Equal(t, len(numbers), o.live)
		}
		require.LessOrEqual(t, len(o.heads), int(keys), "numbers are given again")
		booked := int64(len(o.words))*wordBytes + int64(cap(o.heads))*sizeOf[openHead[uint64, int]]() + int64(cap(o.from))*8 + int64(cap(o.booked))*8
		require.Equal(t, booked, in.acct.Used())
		in.close()
	}
}

// An event costs no allocation: what there is is for tables that grow.
func TestOrdered_Allocations(t *testing.T) {
	const events, users = 50_000, 500
	source := func(yield func(orderedEvent, error) bool) {
		for i := range events {
			if !yield(orderedEvent{key: names[i*7%users], at: int64(i * i % 13), n: i}, nil) {
				return
			}
		}
	}
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	clock := 0
	q := &query[orderedEvent, string]{fn: "Run", gap: 600, opts: Options[orderedEvent]{Ordered: true},
		key: func(e orderedEvent) string { return e.key },
		at:  func(e orderedEvent) time.Time { clock += 1 + e.n%3; return time.Unix(0, int64(clock)) }}
	fold := stream.Fold[orderedEvent, int]{Add: func(acc *int, e orderedEvent) { *acc += e.n }}
	sessions := 0
	allocs := testing.AllocsPerRun(3, func() {
		sessions = 0
		for _, err := range ordered(source, q, fold) {
			require.NoError(t, err)
			sessions++
		}
	})
	require.Greater(t, sessions, events/10)
	require.Less(t, allocs, 200.0)
}

var names [500]string

// What is booked is what is live, while sessions are open and after many have closed.
func TestOrdered_BookedIsLive(t *testing.T) {
	if testing.Short() {
		t.Skip("collects garbage a few times")
	}
	budget, err := stream.NewBudget(1 << 30)
	require.NoError(t, err)
	const users = 100_000
	source := func(yield func(orderedEvent, error) bool) {
		for i := range 3 * users {
			if !yield(orderedEvent{at: int64(i), n: i}, nil) {
				return
			}
		}
	}
	q := &query[orderedEvent, int]{fn: "Run", gap: users, opts: Options[orderedEvent]{Ordered: true, Resources: stream.Resources{Budget: budget}},
		key: func(e orderedEvent) int { return e.n }, at: func(e orderedEvent) time.Time { return time.Unix(0, e.at) }}
	before, n := liveHeap(), 0
	for _, err := range ordered(source, q, stream.Fold[orderedEvent, struct{}]{}) {
		require.NoError(t, err)
		if n++; n == 1 || n == users {
			live, booked := liveHeap()-before, budget.Used()
			t.Logf("%d bytes live, %d booked", live, booked)
			require.LessOrEqual(t, live, booked+64<<10)
			require.GreaterOrEqual(t, live, booked/2)
		}
	}
	require.Equal(t, 3*users, n)
	require.Zero(t, budget.Used())
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers of the first let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
