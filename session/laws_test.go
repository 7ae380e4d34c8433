package session_test

import (
	"cmp"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// Every law runs 1,000 times unless -rapid.checks says otherwise.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1000"); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(m.Run())
}

// program is a random input with its configuration. Times are few and dense, so that ties, distances of
// exactly the gap, and bridges between sessions are common; some are at the ends of time.
type program struct {
	events  []click
	gap     time.Duration
	atLeast bool
}

func programs(nulls bool) *rapid.Generator[program] {
	return rapid.Custom(func(t *rapid.T) program {
		users := []string{"ann", "bob", "cy"}
		if nulls {
			users = append(users, "")
		}
		unit := rapid.SampledFrom([]time.Duration{1, time.Millisecond, time.Minute}).Draw(t, "unit")
		base := rapid.SampledFrom([]time.Time{
			time.Date(2024, 3, 10, 23, 59, 59, 999_999_998, time.UTC),
			second(0),
			time.Date(1677, 9, 22, 0, 0, 0, 1, time.UTC),
			time.Date(2262, 4, 11, 0, 0, 0, 0, time.UTC),
		}).Draw(t, "base")
		zones := []*time.Location{time.UTC, time.FixedZone("east", 3600)}
		event := rapid.Custom(func(t *rapid.T) click {
			c := click{
				user: rapid.SampledFrom(users).Draw(t, "user"),
				at:   base.Add(unit * time.Duration(rapid.Int64Range(0, 60).Draw(t, "at"))).In(rapid.SampledFrom(zones).Draw(t, "zone")),
			}
			if nulls && rapid.IntRange(0, 9).Draw(t, "null time") == 0 {
				c.at = time.Time{}
			}
			return c
		})
		p := program{
			events:  rapid.SliceOfN(event, 0, 60).Draw(t, "events"),
			gap:     unit*time.Duration(rapid.Int64Range(1, 9).Draw(t, "gap")) + time.Duration(rapid.Int64Range(0, 1).Draw(t, "odd")),
			atLeast: rapid.Bool().Draw(t, "at least"),
		}
		for i := range p.events {
			p.events[i].n = i
		}
		return p
	})
}

func (p program) options() session.Options[click] {
	return session.Options[click]{AtLeast: p.atLeast, NullKey: nullUser, NullTime: nullTime}
}

func (p program) intervals(t require.TestingT) []session.Session[string] {
	got, err := drain(session.Intervals(of(p.events...), p.gap, userOf, atOf, p.options()))
	require.NoError(t, err)
	return got
}

func (p program) shuffled(t *rapid.T) program {
	p.events = rapid.Permutation(p.events).Draw(t, "permutation")
	return p
}

func (p program) inOrder() program {
	p.events = slices.Clone(p.events)
	slices.SortStableFunc(p.events, func(a, b click) int { return a.at.Compare(b.at) })
	return p
}

func TestIntervals_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := programs(true).Draw(t, "program")
		require.Equal(t, wantLines(bruteForce(p.events, p.gap, p.atLeast)), lines(p.intervals(t)))
	})
}

func TestRun_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := programs(true).Draw(t, "program")
		got, err := drain(session.Run(of(p.events...), p.gap, userOf, atOf, collect(), p.options()))
		require.NoError(t, err)
		wanted := bruteForce(p.events, p.gap, p.atLeast)
		require.Len(t, got, len(wanted))
		for _, s := range got {
			i := slices.IndexFunc(wanted, func(w want) bool { return w.user == s.Key && w.start.Equal(s.Start) })
			require.GreaterOrEqual(t, i, 0, "%v", s)
			require.True(t, wanted[i].end.Equal(s.End))
			require.Equal(t, wanted[i].events, s.Value, "events by time, then arrival")
			require.Equal(t, len(s.Value), s.Events)
		}
	})
}

// SP1, SP7: the order of the input changes nothing, neither the sequence nor an ID nor a reason.
func TestIntervals_Law_Permutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := programs(true).Draw(t, "program")
		got := p.intervals(t)
		require.Equal(t, got, p.shuffled(t).intervals(t))
		require.True(t, slices.IsSortedFunc(got, func(a, b session.Session[string]) int {
			return cmp.Or(a.End.Compare(b.End), a.Start.Compare(b.Start))
		}), "by end, then start: %v", got)
	})
}

// SP3: each key alone gives the same sessions. The reason is about the input as a whole, so it is left out.
func TestIntervals_Law_KeysAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := programs(true).Draw(t, "program")
		var alone []session.Session[string]
		for _, user := range []string{"ann", "bob", "cy"} {
			q := p
			q.events = slices.DeleteFunc(slices.Clone(p.events), func(c click) bool { return c.user != user })
			alone = append(alone, q.intervals(t)...)
		}
		all := p.intervals(t)
		for i := range all {
			all[i].Reason = 0
		}
		for i := range alone {
			alone[i].Reason = 0
		}
		require.ElementsMatch(t, all, alone)
	})
}

// SP5: sessions of one key are farther apart than the gap, or as far under AtLeast.
func TestIntervals_Law_Separation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := programs(true).Draw(t, "program")
		last := map[string]time.Time{}
		for _, s := range p.intervals(t) { // by end, so by start within a key
			if end, ok := last[s.Key]; ok {
				d := s.Start.Sub(end)
				require.True(t, d > p.gap || p.atLeast && d == p.gap, "%v apart, gap %v", d, p.gap)
			}
			last[s.Key] = s.End
		}
	})
}

// SP6: every event is in exactly one session or rejected, and the rejects come in input order.
func TestIntervals_Law_Conservation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := programs(true).Draw(t, "program")
		var stats session.Stats
		var rejects []session.Reject[click]
		o := p.options()
		o.Stats, o.Rejects = &stats, stream.Into(&rejects)
		got, err := drain(session.Intervals(of(p.events...), p.gap, userOf, atOf, o))
		require.NoError(t, err)
		sum := 0
		for _, s := range got {
			sum += s.Events
		}
		require.Equal(t, len(p.events), sum+len(rejects))
		require.Equal(t, session.Stats{In: int64(len(p.events)), Events: int64(sum), Sessions: int64(len(got)), NullKeys: stats.NullKeys, NullTimes: stats.NullTimes}, stats)
		require.EqualValues(t, len(rejects), stats.Rejected())
		require.True(t, slices.IsSortedFunc(rejects, func(a, b session.Reject[click]) int { return int(a.Position - b.Position) }))
		for _, r := range rejects {
			require.Equal(t, p.events[r.Position], r.Event)
			require.Equal(t, nullUser(r.Event), r.Reason == session.RejectNullKey)
			require.Equal(t, !nullUser(r.Event), r.Reason == session.RejectNullTime)
		}
	})
}

// The engines agree wherever they apply: the same sequence of the same sessions.
func TestEngines_Law_Agree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := programs(false).Draw(t, "program").inOrder()
		byLog := p.intervals(t)
		o := p.options()
		byRows, err := drain(session.Run(of(p.events...), p.gap, userOf, atOf, collect(), o))
		require.NoError(t, err)
		o.Ordered = true
		inOrder, err := drain(session.Intervals(of(p.events...), p.gap, userOf, atOf, o))
		require.NoError(t, err)
		folded, err := drain(session.Run(of(p.events...), p.gap, userOf, atOf, collect(), o))
		require.NoError(t, err)

		require.Equal(t, byLog, inOrder)
		require.Equal(t, byRows, folded)
		require.Len(t, byRows, len(byLog))
		for i := range byRows {
			require.Equal(t, byLog[i], byRows[i].Session)
		}
	})
}

// A memory bound changes nothing, or ends the stream with *LimitError before the first session.
func TestEngines_Law_Memory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 0))
		p := program{gap: 5}
		for i := range 3000 {
			user := []string{"bot", "ann", "bob"}[max(0, r.IntN(12)-9)]
			p.events = append(p.events, click{user: user, at: second(0).Add(time.Duration(r.IntN(8000))), n: i})
		}
		o := p.options()
		o.Resources.Memory = rapid.Int64Range(1<<10, 200<<10).Draw(t, "memory")
		for _, got := range []struct {
			bounded, free stream.Seq[session.Session[string]]
		}{
			{session.Intervals(of(p.events...), p.gap, userOf, atOf, o), session.ByGap(of(p.events...), p.gap, userOf, atOf)},
			{plain(session.Run(of(p.events...), p.gap, userOf, atOf, sum(), o)), session.ByGap(of(p.events...), p.gap, userOf, atOf)},
		} {
			bounded, err := drain(got.bounded)
			if limit := (*stream.LimitError)(nil); errors.As(err, &limit) {
				require.ErrorIs(t, err, stream.ErrLimit)
				require.Empty(t, bounded)
				require.Equal(t, o.Resources.Memory, limit.Limit)
				continue
			}
			require.NoError(t, err)
			free, err := drain(got.free)
			require.NoError(t, err)
			require.Equal(t, free, bounded)
		}
	})
}

func plain(s stream.Seq[session.Folded[string, int]]) stream.Seq[session.Session[string]] {
	return func(yield func(session.Session[string], error) bool) {
		for f, err := range s {
			if !yield(f.Session, err) {
				return
			}
		}
	}
}

func sum() stream.Fold[click, int] {
	return stream.Fold[click, int]{Add: func(acc *int, c click) { *acc += c.n }}
}

// One key with every row, sessions without number, in the orders that are worst for a list of intervals: it
// must stay far from quadratic. 300,000 events would take minutes if it were not.
func TestByGap_HotKey(t *testing.T) {
	n := 300_000
	events := make([]click, n)
	for i := range events {
		events[i] = click{user: "bot", at: second(int64(i/2) * 100)} // two events per session
	}
	wanted, err := drain(session.ByGap(of(events...), time.Second, userOf, atOf))
	require.NoError(t, err)
	require.Len(t, wanted, n/2)
	r := rand.New(rand.NewPCG(1, 2))
	for name, arrange := range map[string]func(){
		"reversed":         func() { slices.Reverse(events) },
		"shuffled":         func() { r.Shuffle(n, func(i, j int) { events[i], events[j] = events[j], events[i] }) },
		"from_both_ends":   func() { arrangeEnds(events) },
		"odd_seconds_last": func() { arrangeOddLast(events) },
	} {
		t.Run(name, func(t *testing.T) {
			arrange()
			began := time.Now()
			got, err := drain(session.ByGap(of(events...), time.Second, userOf, atOf))
			require.NoError(t, err)
			require.True(t, slices.Equal(wanted, got))
			require.Less(t, time.Since(began), 20*time.Second)
		})
	}
}

func arrangeEnds(events []click) {
	slices.SortFunc(events, func(a, b click) int { return a.at.Compare(b.at) })
	out := make([]click, 0, len(events))
	for i, j := 0, len(events)-1; i <= j; i, j = i+1, j-1 {
		out = append(out, events[i])
		if i != j {
			out = append(out, events[j])
		}
	}
	copy(events, out)
}

func arrangeOddLast(events []click) {
	slices.SortStableFunc(events, func(a, b click) int { return int(a.at.Unix()/100%2 - b.at.Unix()/100%2) })
}

func TestSession_Length(t *testing.T) {
	s := session.Session[string]{Start: second(10), End: second(75)}
	require.Equal(t, 65*time.Second, s.Length())
	s.Start, s.End = time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	require.Equal(t, time.Duration(math.MaxInt64), s.Length())
}
