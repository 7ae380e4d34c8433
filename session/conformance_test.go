package session_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/fixture"
	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// conformanceCase is the part of stream-session-cases/1 that final sessions need.
type conformanceCase struct {
	ID     string
	Unit   string
	Config struct {
		Gap      int64
		Boundary string
	}
	Steps       []conformanceStep
	Expect      []conformanceSession
	ExpectLate  []int64        `json:"expect_late"`
	ExpectStats map[string]int `json:"expect_stats"`
	Strict      *struct{}
}

type conformanceStep struct {
	Event *struct {
		Key *string
		TS  *int64
		V   any
	}
	AssertEmitted []any `json:"assert_emitted"`
}

type conformanceSession struct {
	Key         string
	First, Last int64
	Count       int
	Sum         *float64
	Values      []any
}

// outOfReach names the feature without which the final sessions of a case cannot be right, if there is one.
// Watermarks and snapshots that do not change the final sessions are stepped over. TestConformance_State runs all cases.
func (c *conformanceCase) outOfReach() string {
	switch {
	case len(c.ExpectLate) > 0 || c.Strict != nil:
		return "late events"
	case c.Config.Boundary != "gt" && c.Config.Boundary != "ge":
		return "boundary " + c.Config.Boundary
	case slices.ContainsFunc(c.Steps, func(s conformanceStep) bool { return s.AssertEmitted != nil }):
		return "sessions before the end of input"
	}
	return ""
}

type conformanceEvent struct {
	key *string
	at  *time.Time
	v   any
}

func TestConformance(t *testing.T) {
	raw, err := os.ReadFile(fixture.Path(t, "cases", "session_cases.json"))
	require.NoError(t, err)
	var file struct {
		Format string
		Cases  []conformanceCase
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	require.Equal(t, "stream-session-cases/1", file.Format)
	require.NotEmpty(t, file.Cases)

	done, skipped := 0, map[string][]string{}
	for _, c := range file.Cases {
		if feature := c.outOfReach(); feature != "" {
			skipped[feature] = append(skipped[feature], c.ID)
			continue
		}
		done++
		t.Run(c.ID, func(t *testing.T) { c.run(t) })
	}
	t.Logf("%d of %d cases run", done, len(file.Cases))
	for feature, ids := range skipped {
		t.Logf("needs %s: %s", feature, strings.Join(ids, " "))
	}
	require.Positive(t, done)
}

func (c *conformanceCase) run(t *testing.T) {
	unit := map[string]time.Duration{"ms": time.Millisecond, "s": time.Second}[c.Unit]
	require.NotZero(t, unit, "unit %q", c.Unit)
	var events []conformanceEvent
	inOrder := true
	for _, s := range c.Steps {
		if s.Event == nil {
			continue
		}
		e := conformanceEvent{key: s.Event.Key, v: s.Event.V}
		if s.Event.TS != nil {
			at := time.Unix(0, 0).Add(time.Duration(*s.Event.TS) * unit)
			e.at = &at
			for _, before := range events {
				inOrder = inOrder && (before.at == nil || !at.Before(*before.at))
			}
		}
		events = append(events, e)
	}
	var stats session.Stats
	o := session.Options[conformanceEvent]{
		AtLeast:  c.Config.Boundary == "ge",
		NullKey:  func(e conformanceEvent) bool { return e.key == nil },
		NullTime: func(e conformanceEvent) bool { return e.at == nil },
		Rejects:  stream.Discard[session.Reject[conformanceEvent]]("counted in Stats"),
		Stats:    &stats,
	}
	key := func(e conformanceEvent) string { return *e.key }
	at := func(e conformanceEvent) time.Time { return *e.at }
	fold := stream.Fold[conformanceEvent, []any]{Add: func(acc *[]any, e conformanceEvent) { *acc = append(*acc, e.v) }}
	gap := time.Duration(c.Config.Gap) * unit

	check := func(name string, s stream.Seq[session.Folded[string, []any]], values bool) {
		got, err := drain(s)
		require.NoError(t, err, name)
		require.Equal(t, c.lines(c.Expect, values), c.lines(c.seen(got, unit), values), name)
		require.EqualValues(t, c.ExpectStats["null_time"], stats.NullTimes, name)
		require.EqualValues(t, c.ExpectStats["null_key"], stats.NullKeys, name)
		require.EqualValues(t, len(events), stats.Events+stats.Rejected(), name)
	}
	check("run", session.Run(of(events...), gap, key, at, fold, o), true)
	check("intervals", unfolded(session.Intervals(of(events...), gap, key, at, o)), false)
	if inOrder {
		o.Ordered = true
		check("ordered", session.Run(of(events...), gap, key, at, fold, o), true)
		o.Ordered = false
	}
	slices.Reverse(events)
	check("reversed", unfolded(session.Intervals(of(events...), gap, key, at, o)), false)
}

func unfolded(s stream.Seq[session.Session[string]]) stream.Seq[session.Folded[string, []any]] {
	return func(yield func(session.Folded[string, []any], error) bool) {
		for v, err := range s {
			if !yield(session.Folded[string, []any]{Session: v}, err) {
				return
			}
		}
	}
}

// seen puts sessions in the words of the cases.
func (c *conformanceCase) seen(got []session.Folded[string, []any], unit time.Duration) (out []conformanceSession) {
	for _, s := range got {
		var sum float64
		for _, v := range s.Value {
			if n, ok := v.(float64); ok {
				sum += n
			}
		}
		out = append(out, conformanceSession{
			Key: s.Key, First: int64(s.Start.Sub(time.Unix(0, 0)) / unit), Last: int64(s.End.Sub(time.Unix(0, 0)) / unit),
			Count: s.Events, Sum: &sum, Values: s.Value,
		})
	}
	return out
}

// lines prints sessions as a set; sums and values only where the case states them.
func (c *conformanceCase) lines(sessions []conformanceSession, values bool) (out []string) {
	withSum := values && slices.ContainsFunc(c.Expect, func(s conformanceSession) bool { return s.Sum != nil })
	withValues := values && slices.ContainsFunc(c.Expect, func(s conformanceSession) bool { return s.Values != nil })
	for _, s := range sessions {
		line := fmt.Sprintf("%s %d..%d*%d", s.Key, s.First, s.Last, s.Count)
		if withSum {
			line += fmt.Sprintf(" sum %v", *s.Sum)
		}
		if withValues {
			line += fmt.Sprintf(" values %v", s.Values)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}
