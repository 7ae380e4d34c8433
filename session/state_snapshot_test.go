package session_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/statetest"
	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// sampleOptions leave nothing out that a snapshot can hold.
func sampleOptions() session.Options[visit] {
	return session.Options[visit]{
		GapOf: visit.gap, SplitBy: session.By(visit.kind), Tie: byRank, Disorder: 5 * time.Second, Lateness: 20 * time.Second, Sources: 2,
		NullKey: visit.noUser, Late: stream.Discard[stream.Late[visit]]("nobody looks"),
		Rejects: stream.Discard[session.Reject[visit]]("nobody looks"),
	}
}

type visitState = session.State[visit, string, []int]

func newVisits(t require.TestingT, o session.Options[visit]) *visitState {
	s, err := session.New(10*time.Second, visit.user, visit.at, positions(), o)
	require.NoError(t, err)
	return s
}

func nobody(session.Folded[string, []int]) error { return nil }

// sampleState has a tail, sessions that may change, open ones and pending events.
func sampleState(t require.TestingT) *visitState {
	s := newVisits(t, sampleOptions())
	second := int64(time.Second)
	for i, at := range []int64{0, 3, 3, 30, 32, 40, 41, 52, 50, 20, 55, 31, 61} {
		v := visit{User: []string{"ann", "bob", "ann"}[i%3], At: at * second, Gap: (4 + int64(i%4)) * second, Kind: i / 4 % 2, Rank: i % 2, Pos: i}
		require.NoError(t, s.PushFrom(i%2, v, nobody))
	}
	require.NoError(t, s.Push(visit{}, nobody))
	return s
}

func sampleTarget() statetest.Target {
	return statetest.Target{
		Name: "FuzzState_Restore", Op: "State.Restore",
		Sample: func(t testing.TB) stream.State { return sampleState(t) },
		Broken: brokenStates,
		GoOn:   goOn,
	}
}

func goOn(t testing.TB, s stream.State) {
	state := s.(*visitState)
	for i := range 8 { // an error may come of counts at their end
		v := visit{User: []string{"ann", "bob"}[i%2], At: int64(45+7*i) * int64(time.Second), Gap: int64(5 * time.Second), Kind: i / 3, Pos: i}
		if err := state.PushFrom(i%2, v, nobody); err != nil {
			return
		}
	}
	_ = state.Advance(time.Unix(100, 0), nobody)
	_ = state.Flush(nobody)
}

// The counted state has no events in its open sessions.
func countedTarget() statetest.Target {
	return statetest.Target{
		Name: "FuzzState_RestoreCounted", Op: "State.Restore",
		Sample: func(t testing.TB) stream.State { return countedState(t) },
		Broken: func(t testing.TB) []statetest.Broken {
			good := statetest.Snapshot(t, countedState(t))
			return []statetest.Broken{{Name: "other_fold", Bytes: statetest.Snapshot(t, sampleState(t)), Class: stream.ErrConflict, Says: "digest of the configuration"},
				{Name: "nothing", Bytes: statetest.Reframe(good, nil), Class: stream.ErrCorrupt, Says: "number"}}
		},
		GoOn: func(t testing.TB, s stream.State) {
			state := s.(*session.State[visit, string, int])
			for i := range 8 {
				if err := state.Push(visit{User: []string{"ann", "bob"}[i%2], At: int64(30 + 7*i), Pos: i}, func(session.Folded[string, int]) error { return nil }); err != nil {
					return
				}
			}
			_ = state.Flush(func(session.Folded[string, int]) error { return nil })
		},
	}
}

func countedState(t require.TestingT) *session.State[visit, string, int] {
	s, err := session.New(10, visit.user, visit.at, counted(), session.Options[visit]{Disorder: 5, Late: stream.Discard[stream.Late[visit]]("nobody looks")})
	require.NoError(t, err)
	for i, at := range []int64{0, 3, 3, 30, 32, 40, 41, 52, 50, 20, 55} {
		require.NoError(t, s.Push(visit{User: []string{"ann", "bob", "cy"}[i%3], At: at, Pos: i}, func(session.Folded[string, int]) error { return nil }))
	}
	return s
}

// brokenStates are damaged behind right checksums, too.
func brokenStates(t testing.TB) []statetest.Broken {
	good := statetest.Snapshot(t, sampleState(t))
	second := int64(time.Second)
	other := func(change func(o *session.Options[visit])) []byte {
		o := sampleOptions()
		change(&o)
		return statetest.Snapshot(t, newVisits(t, o))
	}
	// One key, ann, with one pending event of 20 s and a gap of 5 s; the watermark is at 10 s.
	clock := []any{10 * second, int64(-1 << 63), uint64(1), 20 * second, 10 * second, uint64(0), 15 * second, uint64(0)}
	key := []any{uint64(1), uint64(4), "\x03ann", uint64(0), 0 * second, uint64(0), uint64(0), uint64(1)}
	event := []any{20 * second, uint64(5 * second), uint64(0)}
	row := "\x03ann\xff\x00\x90\xd0\x3a\xf8\x25\x00\x00" // not one that a codec wrote: what is before it is refused first
	build := func(at int, v any) []byte {
		parts := append(append(append([]any{}, clock...), key...), event...)
		parts[at] = v
		return statetest.Build(good, append(parts, uint64(len(row)), row)...)
	}
	corrupt, conflict := stream.ErrCorrupt, stream.ErrConflict
	return []statetest.Broken{
		{Name: "other_gap", Bytes: statetest.Snapshot(t, must(session.New(11*time.Second, visit.user, visit.at, positions(), sampleOptions()))), Class: conflict, Says: "digest of the configuration"},
		{Name: "other_lateness", Bytes: other(func(o *session.Options[visit]) { o.Lateness = 0 }), Class: conflict, Says: "digest of the configuration"},
		{Name: "other_salt", Bytes: other(func(o *session.Options[visit]) { o.Salt = "salt" }), Class: conflict, Says: "digest of the configuration"},
		{Name: "other_zone", Bytes: other(func(o *session.Options[visit]) { o.Midnight = time.UTC }), Class: conflict, Says: "digest of the configuration"},
		{Name: "nothing", Bytes: statetest.Reframe(good, nil), Class: corrupt, Says: "number"},
		{Name: "cut", Bytes: good[:len(good)-9], Class: corrupt, Says: "end of input"},
		{Name: "floor_behind", Bytes: build(1, 11*second), Class: corrupt, Says: "watermark"},
		{Name: "seen_twice", Bytes: build(2, uint64(2)), Class: corrupt, Says: "whether an event was seen is 2"},
		{Name: "latest_out_of_range", Bytes: build(3, int64(-1<<63)), Class: corrupt, Says: "latest time"},
		{Name: "sources_ahead", Bytes: build(4, 14*second), Class: corrupt, Says: "watermark of the sources"},
		{Name: "source_half_idle", Bytes: build(5, uint64(3)), Class: corrupt, Says: "whether a source is idle is 3"},
		{Name: "many_keys", Bytes: build(8, uint64(1<<40)), Class: corrupt, Says: ""},
		{Name: "key_too_long", Bytes: build(9, uint64(200)), Class: corrupt, Says: "end of payload"},
		{Name: "two_tails", Bytes: build(11, uint64(2)), Class: corrupt, Says: "whether there is a tail is 2"},
		{Name: "late_events_ahead", Bytes: build(12, 11*second), Class: corrupt, Says: "time from which late events are taken"},
		{Name: "empty_session", Bytes: build(13, uint64(1)), Class: corrupt, Says: "events of a session"},
		{Name: "many_open", Bytes: build(14, uint64(1<<33)), Class: corrupt, Says: "events of the open session"},
		{Name: "no_events", Bytes: build(15, uint64(0)), Class: corrupt, Says: "one of which something is known"},
		{Name: "pending_before_the_watermark", Bytes: build(16, 9*second), Class: corrupt, Says: ""},
		{Name: "pending_out_of_range", Bytes: build(16, int64(1<<63-1)), Class: corrupt, Says: "time of an event"},
		{Name: "gap_too_long", Bytes: build(17, uint64(11*second)), Class: corrupt, Says: "gap of an event"},
		{Name: "gap_of_none", Bytes: build(17, uint64(0)), Class: corrupt, Says: "gap of an event"},
		{Name: "revised_too_often", Bytes: build(18, uint64(1<<31)), Class: corrupt, Says: "revision of an event"},
		{Name: "broken_event", Bytes: build(18, uint64(0)), Class: corrupt, Says: "event"},
	}
}

func TestState_RestoreRefuses(t *testing.T)        { statetest.Refused(t, sampleTarget()) }
func TestState_RestoreCountedRefuses(t *testing.T) { statetest.Refused(t, countedTarget()) }
func FuzzState_Restore(f *testing.F)               { statetest.Fuzz(f, sampleTarget(), *update) }
func FuzzState_RestoreCounted(f *testing.F)        { statetest.Fuzz(f, countedTarget(), *update) }

// The bytes of snapshots are frozen: what was written before is read.
func TestState_GoldenSnapshots(t *testing.T) {
	for name, fresh := range map[string]func() stream.State{
		"state":         func() stream.State { return sampleState(t) },
		"state_counted": func() stream.State { return countedState(t) },
	} {
		t.Run(name, func(t *testing.T) {
			b := statetest.Snapshot(t, fresh())
			file := filepath.Join("testdata", name+".golden")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(hex.Dump(b)), 0o644))
			}
			golden, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(golden), hex.Dump(b))
			require.NoError(t, fresh().Restore(bytes.NewReader(b)))
		})
	}
}

// Carry forgets the counts: an input whose first hour is mended gives the same Carry once nothing of that hour matters.
func TestState_CarryConverges(t *testing.T) {
	hour := func(s *visitState, of int64, users ...string) [32]byte {
		for i, user := range users {
			at := of*int64(time.Hour) + int64(i)*int64(time.Second)
			require.NoError(t, s.Push(visit{User: user, At: at, Pos: int(of)*100 + i}, nobody))
		}
		require.NoError(t, s.Advance(time.Unix(0, (of+1)*int64(time.Hour)), nobody))
		sum, err := s.Carry()
		require.NoError(t, err)
		return sum
	}
	a, b := newVisits(t, session.Options[visit]{}), newVisits(t, session.Options[visit]{})
	require.NotEqual(t, hour(a, 0), hour(newVisits(t, session.Options[visit]{AtLeast: true}), 0), "the configuration is in it")
	a = newVisits(t, session.Options[visit]{})
	first, mended := hour(a, 0, "ann", "bob"), hour(b, 0, "ann", "bob", "bob")
	require.Equal(t, first, mended, "all of it is final and forgotten at the hour's end")
	require.NotEqual(t, a.Stats(), b.Stats())
	require.NotEqual(t, snapshotOf(t, a), snapshotOf(t, b))
	require.NoError(t, a.Push(visit{User: "ann", At: int64(2 * time.Hour)}, nobody))
	differs, err := a.Carry()
	require.NoError(t, err)
	require.NotEqual(t, differs, hour(b, 1))
}

// A key and an event of no known layout are an *OptionError, and are written by the codecs of the caller.
func TestState_Codecs(t *testing.T) {
	type hidden struct{ n int }
	s, err := session.New(time.Second, func(v hidden) string { return "k" }, func(v hidden) time.Time { return time.Unix(int64(v.n), 0) },
		stream.Fold[hidden, int]{Add: func(acc *int, v hidden) { *acc += v.n }}, session.Options[hidden]{})
	require.NoError(t, err)
	option := (*stream.OptionError)(nil)
	require.ErrorAs(t, s.Snapshot(&bytes.Buffer{}), &option)
	require.Equal(t, "event type", option.Option)
	_, err = s.Carry()
	require.ErrorAs(t, err, &option)
	require.ErrorAs(t, s.Restore(&bytes.Buffer{}), &option)
}

// A budget holds both states while one is restored, and nothing once they are flushed; a restore that does not fit
// changes nothing.
func TestState_RestoreIsBooked(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	o := sampleOptions()
	o.Resources.Budget = budget
	o.Size = func(visit) int { return 1000 }
	s := newVisits(t, o)
	for i := range int64(20) {
		require.NoError(t, s.Push(visit{User: fmt.Sprint(i % 3), At: i, Gap: 1}, nobody))
	}
	b := snapshotOf(t, s)
	used := budget.Used()
	require.Greater(t, used, int64(20_000))
	require.NoError(t, s.Restore(bytes.NewReader(b)))
	require.InDelta(t, used, budget.Used(), 8192, "the old state is given back")
	rest := budget.Total() - budget.Used() - 100
	require.True(t, budget.Reserve(rest))
	require.ErrorIs(t, s.Restore(bytes.NewReader(b)), stream.ErrLimit)
	require.Equal(t, b, snapshotOf(t, s))
	budget.Release(rest)
	require.NoError(t, s.Flush(nobody))
	require.Zero(t, budget.Used())
}
