package session_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// The engines that know the gap only, and the core that knows every rule, give the same sessions in the same sequence.
func TestEngines_Law_AgreeWithCore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := programs(true).Draw(t, "program")
		o := p.options()
		var stats, coreStats session.Stats
		o.Stats = &stats
		byLog, err := drain(session.Intervals(of(p.events...), p.gap, userOf, atOf, o))
		require.NoError(t, err)
		byRows, err := drain(session.Run(of(p.events...), p.gap, userOf, atOf, collect(), o))
		require.NoError(t, err)

		o.Stats = &coreStats
		o.MaxEvents = math.MaxInt // a split that never is
		hulls, err := drain(session.Intervals(of(p.events...), p.gap, userOf, atOf, o))
		require.NoError(t, err)
		require.Equal(t, byLog, hulls)
		folded, err := drain(session.Run(of(p.events...), p.gap, userOf, atOf, collect(), o))
		require.NoError(t, err)
		require.Equal(t, byRows, folded)
		require.Equal(t, stats, coreStats)

		o.MaxEvents, o.Disorder = 0, math.MaxInt64 // more than times are apart
		within, err := drain(session.Run(of(p.events...), p.gap, userOf, atOf, collect(), o))
		require.NoError(t, err)
		require.Equal(t, byRows, within)
		hulls, err = drain(session.Intervals(of(p.events...), p.gap, userOf, atOf, o))
		require.NoError(t, err)
		require.Equal(t, byLog, hulls)
	})
}

// onTime makes a script one of events alone, each on time by the disorder of its options.
func (s *script) onTime() (events []visit) {
	latest := int64(math.MinInt64)
	for _, o := range s.ops {
		bad := s.o.GapOf != nil && (o.v.Gap <= 0 || o.v.Gap > s.gap)
		if bad || o.v.noUser() || latest != math.MinInt64 && o.v.At < latest-int64(s.o.Disorder) {
			continue
		}
		latest = max(latest, o.v.At)
		events = append(events, o.v)
	}
	return events
}

func lined[A any](t require.TestingT, s stream.Seq[session.Folded[string, A]]) []string {
	got, err := drain(s)
	require.NoError(t, err)
	var out []string
	for _, f := range got {
		out = append(out, fmt.Sprintf("%+v", f))
	}
	return out
}

// Run by any option is the model, and so it is in order of time and within the disorder of the events: whether sessions
// come out early or at the end, it is the same sequence.
func TestRun_Law_AnyOption(t *testing.T) {
	hunted(t, func(t *rapid.T) {
		s := scripts(false).Draw(t, "script")
		s.o.Sources, s.o.Lateness, s.o.EveryChange, s.o.Disorder = 0, 0, false, max(s.o.Disorder, 1)
		s.fold = true
		events := s.onTime()
		o := s.o
		o.Rejects = stream.Discard[session.Reject[visit]]("not of interest")
		run := func(o session.Options[visit], events []visit) []string {
			return lined(t, session.Run(of(events...), time.Duration(s.gap), visit.user, visit.at, positions(), o))
		}
		early := run(o, events)
		o.Disorder = 0
		require.Equal(t, run(o, events), early)

		m := newModel(s.gap, o)
		for _, v := range events {
			m.push(0, v)
		}
		m.flush()
		require.Len(t, early, len(m.out))

		inOrder := slices.Clone(events)
		slices.SortStableFunc(inOrder, func(a, b visit) int { return cmp.Compare(a.At, b.At) })
		require.Equal(t, early, run(o, inOrder))
		o.Ordered = true
		require.Equal(t, early, run(o, inOrder))
	})
}

// SP1: where no two events of a key tie, any order of the input gives the same sessions, by every option.
func TestRun_Law_Permutation(t *testing.T) {
	hunted(t, func(t *rapid.T) {
		s := scripts(false).Draw(t, "script")
		s.o.Sources, s.o.Lateness, s.o.EveryChange, s.o.Disorder = 0, 0, false, 0
		s.o.Rejects = stream.Discard[session.Reject[visit]]("not of interest")
		var events []visit
		seen := map[string]bool{}
		for _, o := range s.ops {
			if id := fmt.Sprint(o.v.User, o.v.At); !seen[id] {
				seen[id] = true
				events = append(events, o.v)
			}
		}
		run := func(events []visit) []string {
			return lined(t, session.Run(of(events...), time.Duration(s.gap), visit.user, visit.at, positions(), s.o))
		}
		require.Equal(t, run(events), run(rapid.Permutation(events).Draw(t, "permutation")))

		alone := []string{} // SP3: each key alone gives the same, but for the reason, which looks at the whole input
		for _, user := range []string{"ann", "bob", "cy"} {
			alone = append(alone, run(slices.DeleteFunc(slices.Clone(events), func(v visit) bool { return v.User != user }))...)
		}
		whole := run(events)
		for _, list := range [][]string{whole, alone} {
			for i := range list {
				list[i] = strings.ReplaceAll(list[i], session.ReasonEnd.String(), session.ReasonGap.String())
			}
		}
		requireSameSet(t, whole, alone)
	})
}

// SP4: any schedule of watermarks inside the disorder gives the same sessions, in the same sequence.
func TestState_Law_WatermarkSchedule(t *testing.T) {
	hunted(t, func(t *rapid.T) {
		s := scripts(false).Draw(t, "script")
		s.o.Sources, s.o.EveryChange, s.o.Disorder = 1, false, max(s.o.Disorder, 1)
		events := s.onTime()
		disorder := int64(s.o.Disorder)
		s.o.Disorder = 0 // the watermark is ours
		run := func(due func(i int) bool) machine {
			var late []int
			m := s.machine(t, &late)
			latest := int64(math.MinInt64)
			for i, v := range events {
				require.NoError(t, m.do(op{what: "push", v: v}))
				latest = max(latest, v.At)
				if due(i) {
					require.NoError(t, m.do(op{what: "advance", at: latest - disorder}))
				}
			}
			require.NoError(t, m.do(op{what: "flush"}))
			require.Empty(t, late)
			return m
		}
		want := run(func(int) bool { return false })
		each := run(func(int) bool { return true })
		require.Equal(t, want.said(), each.said())
		n := rapid.IntRange(2, 7).Draw(t, "every")
		require.Equal(t, want.said(), run(func(i int) bool { return i%n == 0 }).said())
		require.Equal(t, want.stats(), each.stats())
	})
}

// SP5, SP6, SP8: whatever comes late, what is out at the end is apart but where it was split, holds every event that was
// neither late nor rejected once, and what is taken back was there.
func TestState_Law_Separation(t *testing.T) {
	hunted(t, func(t *rapid.T) {
		s := scripts(true).Draw(t, "script")
		s.fold = true
		var late []int
		state, err := session.New(time.Duration(s.gap), visit.user, visit.at, kept(), s.late(&late))
		require.NoError(t, err)
		out := map[string]session.Folded[string, []visit]{}
		take := func(f session.Folded[string, []visit]) error {
			id := fmt.Sprint(f.ID, f.Revision)
			before, there := out[id]
			require.Equal(t, f.Retracted, there, "%+v", f)
			if f.Retracted {
				require.Equal(t, before.Value, f.Value)
				delete(out, id)
			} else {
				out[id] = f
			}
			return nil
		}
		for _, o := range append(s.ops, op{what: "flush"}) {
			switch o.what {
			case "push":
				err = state.PushFrom(o.source, o.v, take)
			case "advance", "advance from":
				err = state.AdvanceFrom(o.source, time.Unix(0, o.at), take)
			case "idle":
				err = state.Idle(o.source, take)
			default:
				err = state.Flush(take)
			}
			require.NoError(t, err)
		}
		byUser := map[string][]session.Folded[string, []visit]{}
		events := 0
		ids := map[session.ID]bool{}
		for _, f := range out {
			byUser[f.Key] = append(byUser[f.Key], f)
			events += len(f.Value)
			require.False(t, ids[f.ID], "two sessions with one ID")
			ids[f.ID] = true
		}
		stats := state.Stats()
		require.EqualValues(t, events, stats.Events)
		require.Equal(t, stats.In, stats.Events+stats.Late+stats.Rejected())
		require.EqualValues(t, len(late), stats.Late)
		m := newModel(s.gap, s.o)
		for _, sessions := range byUser {
			slices.SortFunc(sessions, func(a, b session.Folded[string, []visit]) int {
				return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Ordinal, b.Ordinal))
			})
			for i, f := range sessions[1:] {
				prev := sessions[i]
				reach := int64(math.MinInt64)
				for _, e := range prev.Value {
					reach = max(reach, e.At+m.gapOf(e))
				}
				apart := f.Start.UnixNano() > reach || s.o.AtLeast && f.Start.UnixNano() == reach
				split := prev.Reason != session.ReasonGap && prev.Reason != session.ReasonEnd
				require.True(t, apart || split || s.o.EveryChange, "%+v\n%+v", prev, f)
				require.False(t, f.Start.Before(prev.End))
			}
		}
	})
}

// kept keeps the events.
func kept() stream.Fold[visit, []visit] {
	return stream.Fold[visit, []visit]{Add: func(acc *[]visit, v visit) { *acc = append(*acc, v) }}
}

// late is the options of the script with places for what is set aside.
func (s *script) late(late *[]int) session.Options[visit] {
	o := s.o
	o.Late = func(l stream.Late[visit]) error { *late = append(*late, l.Event.Pos); return nil }
	o.Rejects = stream.Discard[session.Reject[visit]]("counted")
	return o
}
