package session_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// hunted sets how many programs each law draws: 1,000, or as many as MILLRACE_HUNT says.
func hunted(t *testing.T, law func(*rapid.T)) {
	t.Helper()
	n := 1000
	if text := os.Getenv("MILLRACE_HUNT"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	for n > 0 {
		rapid.Check(t, law)
		n -= 1000 // what TestMain sets
	}
}

// script is a random program of a State: a configuration, and calls.
type script struct {
	gap  int64
	o    session.Options[visit]
	fold bool // a fold that looks at events; otherwise one that counts
	ops  []op
}

type op struct {
	what   string // "push", "advance", "advance from", "idle", "flush"
	source int
	at     int64
	v      visit
}

// scripts are programs. Times are few and dense, so that ties, distances of exactly the gap, and late events are common.
func scripts(flushes bool) *rapid.Generator[script] {
	return rapid.Custom(func(t *rapid.T) script {
		flip := func(label string, of int) bool { return rapid.IntRange(0, of-1).Draw(t, label) == 0 }
		unit, base := int64(1), int64(0)
		var s script
		if flip("midnight", 5) { // around the nights on which clocks change
			unit = int64(time.Hour)
			berlin, err := time.LoadLocation("Europe/Berlin")
			require.NoError(t, err)
			s.o.Midnight = berlin
			base = time.Date(2024, rapid.SampledFrom([]time.Month{3, 10}).Draw(t, "month"), 29, 0, 0, 0, 0, berlin).UnixNano()
			if flip("zone without midnight", 3) {
				beirut, err := time.LoadLocation("Asia/Beirut")
				require.NoError(t, err)
				s.o.Midnight = beirut
			}
		}
		s.gap = unit * rapid.Int64Range(1, 9).Draw(t, "gap")
		s.o.AtLeast = flip("at least", 2)
		s.o.NullKey = visit.noUser
		s.o.Size = func(v visit) int { return 100 + v.Kind }
		s.o.Salt = rapid.SampledFrom([]string{"", "salt"}).Draw(t, "salt")
		s.fold = flip("fold", 2)
		if flip("gap of", 4) {
			s.o.GapOf = visit.gap
		}
		if flip("splits", 2) {
			if flip("length", 2) {
				s.o.MaxLength = time.Duration(unit * rapid.Int64Range(1, 20).Draw(t, "longest"))
			}
			if flip("events", 2) {
				s.o.MaxEvents = rapid.IntRange(1, 4).Draw(t, "most")
			}
			if flip("attribute", 2) {
				s.o.SplitBy = session.By(visit.kind)
			}
			if flip("predicate", 2) {
				s.o.SplitWhen = back
			}
		}
		if flip("tie", 3) {
			s.o.Tie = byRank
		}
		disorder := unit * rapid.Int64Range(1, 15).Draw(t, "disorder")
		switch rapid.IntRange(0, 2).Draw(t, "watermark") {
		case 0:
			s.o.Disorder = time.Duration(disorder)
		case 1:
			s.o.Sources = rapid.IntRange(1, 3).Draw(t, "sources")
			s.o.Disorder = time.Duration(disorder * rapid.Int64Range(0, 1).Draw(t, "both"))
		}
		if flip("lateness", 4) {
			s.o.Lateness = time.Duration(unit * rapid.Int64Range(1, 20).Draw(t, "late"))
		}
		s.o.EveryChange = flip("every change", 8)

		users := []string{"ann", "bob", "cy", ""}
		now := int64(0)
		for i := range rapid.IntRange(0, 50).Draw(t, "calls") {
			source := rapid.IntRange(0, max(1, s.o.Sources)-1).Draw(t, "source")
			now += rapid.Int64Range(0, 3).Draw(t, "step")
			at := base + unit*(now+rapid.Int64Range(-15, 5).Draw(t, "off"))
			o := op{what: "push", source: source, at: at}
			switch rapid.IntRange(0, 15).Draw(t, "what") {
			case 0:
				o.what = "advance"
			case 1:
				o.what = "advance from"
			case 2:
				o.what = "idle"
			case 3:
				if flushes && flip("flush", 3) {
					o.what = "flush"
				}
			}
			o.v = visit{
				User: rapid.SampledFrom(users).Draw(t, "user"), At: at, Gap: unit * rapid.Int64Range(0, 10).Draw(t, "own gap"),
				Kind: rapid.IntRange(0, 1).Draw(t, "kind"), Rank: rapid.IntRange(0, 4).Draw(t, "rank"), Pos: i,
			}
			s.ops = append(s.ops, o)
		}
		return s
	})
}

// machine is a State with what came out of it, in the words of the model.
type machine interface {
	do(o op) error
	state() stream.State
	held() int64
	stats() session.Stats
	said() []string
	continues(machine) // takes over what the other has said
	merge(machine) error
	watermark() (time.Time, bool)
}

type machineOf[A any] struct {
	t   require.TestingT
	s   *session.State[visit, string, A]
	say func(A) string
	out *[]string
	ids map[string]session.ID
}

func (m *machineOf[A]) do(o op) error {
	switch o.what {
	case "push":
		if o.source == 0 {
			return m.s.Push(o.v, m.take)
		}
		return m.s.PushFrom(o.source, o.v, m.take)
	case "advance":
		return m.s.Advance(time.Unix(0, o.at), m.take)
	case "advance from":
		return m.s.AdvanceFrom(o.source, time.Unix(0, o.at), m.take)
	case "idle":
		return m.s.Idle(o.source, m.take)
	default:
		return m.s.Flush(m.take)
	}
}

func (m *machineOf[A]) take(f session.Folded[string, A]) error {
	sign := "+"
	if f.Retracted {
		sign = "-"
	}
	*m.out = append(*m.out, fmt.Sprintf("%s %s %d..%d*%d ordinal %d revision %d %v%s", sign, f.Key, f.Start.UnixNano(), f.End.UnixNano(),
		f.Events, f.Ordinal, f.Revision, f.Reason, m.say(f.Value)))
	first := fmt.Sprint(f.Key, f.Start.UnixNano(), f.Ordinal) // decides the ID
	if id, ok := m.ids[first]; ok {
		require.Equal(m.t, id, f.ID)
	}
	m.ids[first] = f.ID
	return nil
}

func (m *machineOf[A]) state() stream.State  { return m.s }
func (m *machineOf[A]) held() int64          { return m.s.Held() }
func (m *machineOf[A]) stats() session.Stats { return m.s.Stats() }
func (m *machineOf[A]) said() []string       { return *m.out }

func (m *machineOf[A]) continues(o machine) {
	m.out, m.ids = o.(*machineOf[A]).out, o.(*machineOf[A]).ids
}

// positions is a fold that looks at events, counted one that does not.
func positions() stream.Fold[visit, []int] {
	return stream.Fold[visit, []int]{Add: func(acc *[]int, v visit) { *acc = append(*acc, v.Pos) }}
}

func counted() stream.Fold[visit, int] {
	return stream.Fold[visit, int]{Add: func(acc *int, _ visit) { *acc++ }, Blind: true}
}

// machine makes the State of a script; late are the positions of events that came too late.
func (s *script) machine(t require.TestingT, late *[]int) machine {
	o := s.o
	o.Late = func(l stream.Late[visit]) error { *late = append(*late, l.Event.Pos); return nil }
	o.Rejects = stream.Discard[session.Reject[visit]]("counted")
	if s.fold {
		state, err := session.New(time.Duration(s.gap), visit.user, visit.at, positions(), o)
		require.NoError(t, err)
		say := func(v []int) string { return " " + strings.Trim(fmt.Sprint(v), "[]") }
		return &machineOf[[]int]{t: t, s: state, say: say, out: new([]string), ids: map[string]session.ID{}}
	}
	state, err := session.New(time.Duration(s.gap), visit.user, visit.at, counted(), o)
	require.NoError(t, err)
	return &machineOf[int]{t: t, s: state, say: func(n int) string { return fmt.Sprint(" of ", n) }, out: new([]string), ids: map[string]session.ID{}}
}

// line is what the model said, without the positions where the fold does not see them.
func (s *script) line(said string) string {
	if s.fold {
		return said
	}
	count := said[strings.Index(said, "*")+1 : strings.Index(said, " ordinal")]
	i := len(said)
	for range must(strconv.Atoi(count)) {
		i = strings.LastIndex(said[:i], " ")
	}
	return said[:i] + " of " + count
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// run runs the model.
func (s *script) run() *model {
	m := newModel(s.gap, s.o)
	for _, o := range s.ops {
		m.do(o)
	}
	return m
}

func (m *model) do(o op) {
	switch o.what {
	case "push":
		m.push(o.source, o.v)
	case "advance":
		m.advance(o.at)
	case "advance from":
		m.advanceFrom(o.source, o.at)
	case "idle":
		m.rest(o.source)
	default:
		m.flush()
	}
}

// After every call, a State has given out what the definition says, in the same order, and refused the same events.
func TestState_Oracle(t *testing.T) {
	hunted(t, func(t *rapid.T) {
		s := scripts(true).Draw(t, "script")
		s.ops = append(s.ops, op{what: "flush"})
		var late []int
		state := s.machine(t, &late)
		m := newModel(s.gap, s.o)
		for i, o := range s.ops {
			require.NoError(t, state.do(o))
			m.do(o)
			want := []string{}
			for _, said := range m.out {
				want = append(want, s.line(said))
			}
			require.Equal(t, strings.Join(want, "\n"), strings.Join(state.said(), "\n"), "after call %d, %+v", i, o)
			require.Equal(t, fmt.Sprint(m.late), fmt.Sprint(late))
			stats := state.stats()
			require.EqualValues(t, m.rejected, stats.Rejected())
			require.EqualValues(t, len(m.late), stats.Late)
			require.Equal(t, stats.In, stats.Events+stats.Late+stats.Rejected()+state.held(), "conservation")
		}
		require.Zero(t, state.held())
	})
}

func (m *machineOf[A]) merge(o machine) error {
	return m.s.Merge(o.(*machineOf[A]).s, m.take)
}

func (m *machineOf[A]) watermark() (time.Time, bool) { return m.s.Watermark() }

func snapshotOf(t require.TestingT, s stream.State) []byte {
	var b bytes.Buffer
	require.NoError(t, s.Snapshot(&b))
	return b.Bytes()
}

// The programs are worth their while: all that a State can do happens in them.
func TestState_ScriptsReachEverything(t *testing.T) {
	seen := map[string]int{}
	gen := scripts(true)
	for i := range 400 {
		s := gen.Example(i)
		m := s.run()
		for _, said := range m.out {
			switch {
			case strings.HasPrefix(said, "-") && s.o.EveryChange:
				seen["changed"]++
			case strings.HasPrefix(said, "-"):
				seen["taken back"]++
			case strings.Contains(said, "ordinal 1"):
				seen["ordinal"]++
			}
			for r := session.ReasonGap; r <= session.ReasonEvents; r++ {
				if strings.Contains(said, " "+r.String()+" ") {
					seen[r.String()]++
				}
			}
		}
		if len(m.late) > 0 {
			seen["late"]++
		}
		if s.o.Sources > 1 && m.watermark != math.MinInt64 {
			seen["sources"]++
		}
	}
	for _, what := range []string{"changed", "taken back", "ordinal", "late", "sources", "gap", "end of input", "midnight", "attribute", "split", "length", "events"} {
		require.Positive(t, seen[what], "%s: %v", what, seen)
	}
	t.Log(seen)
}

// SP2: Snapshot and Restore between any calls change nothing, and neither does where the cuts are: the bytes at the end
// are those of one run.
func TestState_Law_Chunks(t *testing.T) {
	hunted(t, func(t *rapid.T) {
		s := scripts(false).Draw(t, "script")
		var lateWhole, lateCut []int
		whole, cut := s.machine(t, &lateWhole), s.machine(t, &lateCut)
		every := rapid.IntRange(1, 9).Draw(t, "cut every")
		for i, o := range s.ops {
			require.NoError(t, whole.do(o))
			require.NoError(t, cut.do(o))
			if i%every == 0 {
				b := snapshotOf(t, cut.state())
				fresh := s.machine(t, &lateCut)
				require.NoError(t, fresh.state().Restore(bytes.NewReader(b)))
				require.Equal(t, b, snapshotOf(t, fresh.state()), "written as it was read")
				fresh.continues(cut)
				cut = fresh
			}
			require.Equal(t, whole.said(), cut.said())
		}
		require.Equal(t, lateWhole, lateCut)
		require.Equal(t, snapshotOf(t, whole.state()), snapshotOf(t, cut.state()))
		require.NoError(t, whole.do(op{what: "flush"}))
		require.NoError(t, cut.do(op{what: "flush"}))
		require.Equal(t, whole.said(), cut.said())
		require.Equal(t, whole.stats(), cut.stats())
	})
}

// Merging a later chunk, or a shard by key, is pushing its events: what comes out is what one State gives out, as a set,
// and the state behind it is the same to what follows.
func TestState_Law_Merge(t *testing.T) {
	hunted(t, func(t *rapid.T) {
		s := scripts(false).Draw(t, "script")
		s.o.Disorder, s.o.EveryChange, s.o.Sources = 0, false, 1
		cut := rapid.IntRange(0, len(s.ops)).Draw(t, "cut")
		byKey := rapid.Bool().Draw(t, "by key")
		var lateWhole, lateA, lateB []int
		whole, a, b := s.machine(t, &lateWhole), s.machine(t, &lateA), s.machine(t, &lateB)
		b.continues(a)
		floor := int64(math.MinInt64)
		for i, o := range s.ops {
			o.source = 0
			if o.what != "push" {
				o.what = "advance"
				if i < cut && !byKey {
					floor = max(floor, o.at)
				} else if !byKey {
					continue // a chunk gets no watermark
				}
			}
			first := i < cut
			if byKey {
				first = o.v.User == "ann" || o.v.noUser()
			}
			if !first && !byKey {
				if o.v.At < floor {
					continue // a later chunk has only what is on time
				}
			}
			require.NoError(t, whole.do(o))
			switch {
			case o.what == "advance" && byKey:
				require.NoError(t, a.do(o))
				require.NoError(t, b.do(o))
			case first:
				require.NoError(t, a.do(o))
			default:
				require.NoError(t, b.do(o))
			}
		}
		require.NoError(t, a.merge(b))
		require.Zero(t, b.held())
		requireSameSet(t, whole.said(), a.said())
		require.ElementsMatch(t, lateWhole, append(lateA, lateB...))
		require.Equal(t, whole.stats(), a.stats())
		if !byKey {
			require.Equal(t, snapshotOf(t, whole.state()), snapshotOf(t, a.state()))
		}
		end := op{what: "advance", at: math.MaxInt64 / 2}
		require.NoError(t, whole.do(end))
		require.NoError(t, a.do(end))
		requireSameSet(t, whole.said(), a.said())
		if !byKey {
			require.Equal(t, whole.said(), a.said())
		}
	})
}

func requireSameSet(t require.TestingT, want, got []string) {
	want, got = slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))
	require.Equal(t, strings.Join(want, "\n"), strings.Join(got, "\n"))
}

// A chunk that was counted only is merged by its open sessions, where the watermark has gone through it.
func TestState_Law_MergeCounted(t *testing.T) {
	hunted(t, func(t *rapid.T) {
		s := scripts(false).Draw(t, "script")
		s = script{gap: s.gap, ops: s.ops, o: session.Options[visit]{AtLeast: s.o.AtLeast, GapOf: s.o.GapOf, NullKey: visit.noUser, Size: s.o.Size}}
		s.fold = rapid.Bool().Draw(t, "fold")
		cut := rapid.IntRange(0, len(s.ops)).Draw(t, "cut")
		var late []int
		whole, a, b := s.machine(t, &late), s.machine(t, &late), s.machine(t, &late)
		b.continues(a)
		latest := int64(math.MinInt64)
		for i, o := range s.ops {
			o.source = 0
			if o.what != "push" || o.v.noUser() {
				continue
			}
			if i < cut {
				latest = max(latest, o.v.At)
				require.NoError(t, a.do(o))
			} else if o.v.At < latest {
				continue
			} else {
				require.NoError(t, b.do(o))
				// As far as the chunk's first sessions stay open: b gives out nothing.
				least := o.v.At
				for _, other := range s.ops[cut:i] {
					if other.what == "push" && other.v.At >= latest && !other.v.noUser() {
						least = min(least, other.v.At)
					}
				}
				require.NoError(t, b.do(op{what: "advance", at: least + rapid.Int64Range(0, 1).Draw(t, "step")}))
			}
			require.NoError(t, whole.do(o))
		}
		if len(b.said()) > len(a.said()) || len(late) > 0 {
			return
		}
		err := a.merge(b)
		if conflict := (*session.MergeError)(nil); errors.As(err, &conflict) {
			require.ErrorIs(t, err, stream.ErrConflict)
			return
		}
		require.NoError(t, err)
		if at, ok := a.watermark(); ok {
			require.NoError(t, whole.do(op{what: "advance", at: at.UnixNano()}))
		}
		requireSameSet(t, whole.said(), a.said())
		require.NoError(t, whole.do(op{what: "flush"}))
		require.NoError(t, a.do(op{what: "flush"}))
		requireSameSet(t, whole.said(), a.said())
	})
}
