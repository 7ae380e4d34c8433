package session_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// What a State has booked is what is live after a collection, and little more.
func TestState_BookedIsLive(t *testing.T) {
	if testing.Short() {
		t.Skip("collects garbage a few times")
	}
	for name, o := range map[string]session.Options[benchClick]{
		"pending":  {},
		"disorder": {Disorder: 4 * time.Hour},
		"splits":   {Disorder: time.Hour, MaxLength: 10 * time.Minute},
		"lateness": {Disorder: time.Minute, Lateness: 6 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			budget, err := stream.NewBudget(1 << 30)
			require.NoError(t, err)
			o.Resources.Budget = budget
			events := benchEvents(200_000)
			pages := stream.Fold[benchClick, int64]{Add: func(acc *int64, c benchClick) { *acc += c.pages }}
			before := liveBytes()
			s, err := session.New(benchGap, benchUser, benchAt, pages, o)
			require.NoError(t, err)
			out := func(session.Folded[uint64, int64]) error { return nil }
			for _, e := range events {
				require.NoError(t, s.Push(e, out))
			}
			live, booked := liveBytes()-before, budget.Used()
			t.Logf("%d bytes live, %d booked, %d events held", live, booked, s.Held())
			require.LessOrEqual(t, live, booked+booked/8+64<<10)
			require.GreaterOrEqual(t, live, booked/2)
			require.NoError(t, s.Flush(out))
			require.Zero(t, budget.Used())
			runtime.KeepAlive(events)
		})
	}
}

// Under any bound the result is the unbounded one or a *LimitError, never another; and whatever happens, the budget is
// whole afterwards. Keys that have gone quiet are let go: new ones without end run in a bound.
func TestState_Limit(t *testing.T) {
	budget, err := stream.NewBudget(1 << 30)
	require.NoError(t, err)
	var events []visit
	for i := range 2000 {
		events = append(events, visit{User: fmt.Sprint("user", i/9), At: int64(i ^ 7), Kind: i / 50, Pos: i})
	}
	late := stream.Discard[stream.Late[visit]]("there are none")
	run := func(memory int64, o session.Options[visit]) ([]string, error) {
		o.Resources = stream.Resources{Memory: memory, Budget: budget}
		o.Late = late
		got, err := drain(session.Run(of(events...), 20, visit.user, visit.at, positions(), o))
		require.Zero(t, budget.Used())
		var lines []string
		for _, f := range got {
			lines = append(lines, fmt.Sprintf("%+v", f))
		}
		return lines, err
	}
	for name, o := range map[string]session.Options[visit]{
		"disorder": {Disorder: 8}, "splits": {SplitBy: session.By(visit.kind), Tie: byRank, Disorder: 8},
		"lateness": {Disorder: 4, Lateness: 30}, "any_order": {MaxEvents: 3},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := run(0, o)
			require.NoError(t, err)
			passed, failed := 0, 0
			for memory := int64(1); memory < 2<<20; memory += 1 + memory/3 {
				got, err := run(memory, o)
				if limit := (*stream.LimitError)(nil); errors.As(err, &limit) {
					require.Equal(t, memory, limit.Limit)
					failed++
					continue
				}
				require.NoError(t, err)
				require.Equal(t, want, got)
				passed++
			}
			require.Greater(t, passed, 2)
			require.Greater(t, failed, 2)
		})
	}
	var many []visit
	for i := range 100_000 {
		many = append(many, visit{User: fmt.Sprint(i), At: int64(i)})
	}
	o := session.Options[visit]{Disorder: 8, Resources: stream.Resources{Memory: 128 << 10}}
	got, err := drain(session.Intervals(of(many...), 20, visit.user, visit.at, o))
	require.NoError(t, err)
	require.Len(t, got, len(many))
}
