package session_test

import (
	"bytes"
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

// stateCase is all of stream-session-cases/1.
type stateCase struct {
	ID     string
	Unit   string
	Config struct {
		Gap       int64
		Boundary  string
		Lateness  int64
		Late      string
		Emit      string
		Watermark string
	}
	Steps []struct {
		Event *struct {
			Key *string
			TS  *int64
			V   any
		}
		Watermark       *int64
		SnapshotRestore bool                 `json:"snapshot_restore"`
		AssertEmitted   []conformanceSession `json:"assert_emitted"`
	}
	Expect        []conformanceSession
	ExpectChanges [][2]json.RawMessage `json:"expect_changes"`
	ExpectLate    []int64              `json:"expect_late"`
	ExpectStats   map[string]int64     `json:"expect_stats"`
	Strict        *struct {
		Expect          []conformanceSession
		ExpectLate      []int64 `json:"expect_late"`
		Alternative     []conformanceSession
		AlternativeLate []int64 `json:"alternative_late"`
	}
}

// caseEvent can be written into a snapshot.
type caseEvent struct {
	Key, Time *int64 // nil: null; Key is an index
	V         string // as JSON
}

// caseRun is a State that is fed a case, and what came out of it.
type caseRun struct {
	t       *testing.T
	c       *stateCase
	unit    time.Duration
	keys    []string
	s       *session.State[caseEvent, string, []string]
	late    []int64
	changes []string
	now     map[string]conformanceSession // given out and not taken back
}

// Every case, through State: the sessions it demands, at every point at which it demands them, and the late events. Where
// engines disagree it is the result under the rule that is demanded. Snapshot and Restore at every step change nothing.
func TestConformance_State(t *testing.T) {
	raw, err := os.ReadFile(fixture.Path(t, "cases", "session_cases.json"))
	require.NoError(t, err)
	var file struct {
		Format string
		Cases  []*stateCase
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	require.Equal(t, "stream-session-cases/1", file.Format)
	require.NotEmpty(t, file.Cases)
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			changes := c.run(t, false)
			require.Equal(t, changes, c.run(t, true), "cut at every step")
		})
	}
}

func (c *stateCase) run(t *testing.T, cut bool) []string {
	r := &caseRun{t: t, c: c, unit: map[string]time.Duration{"ms": time.Millisecond, "s": time.Second}[c.Unit], now: map[string]conformanceSession{}}
	require.NotZero(t, r.unit, "unit %q", c.Unit)
	require.Contains(t, []string{"gt", "ge"}, c.Config.Boundary)
	r.s = r.fresh()
	latest := int64(-1 << 62)
	var events int64
	for _, step := range c.Steps {
		switch {
		case step.Event != nil:
			events++
			e := caseEvent{Time: step.Event.TS}
			if step.Event.Key != nil {
				e.Key = r.index(*step.Event.Key)
			}
			v, err := json.Marshal(step.Event.V)
			require.NoError(t, err)
			e.V = string(v)
			require.NoError(t, r.s.Push(e, r.take))
			switch c.Config.Watermark {
			case "":
			case "max_ts - 1 over all keys, after each event":
				if e.Time != nil {
					latest = max(latest, *e.Time)
					r.advance(latest - 1)
				}
			default:
				t.Fatalf("watermark %q", c.Config.Watermark)
			}
		case step.Watermark != nil:
			r.advance(*step.Watermark)
		case step.AssertEmitted != nil:
			r.demand(step.AssertEmitted)
		case !step.SnapshotRestore:
			t.Fatalf("a step of no known kind: %+v", step)
		}
		if cut || step.SnapshotRestore {
			var b bytes.Buffer
			require.NoError(t, r.s.Snapshot(&b))
			r.s = r.fresh()
			require.NoError(t, r.s.Restore(&b))
		}
	}
	require.NoError(t, r.s.Flush(r.take))

	expect, late := c.Expect, c.ExpectLate
	if c.Strict != nil {
		expect, late = c.Strict.Expect, c.Strict.ExpectLate
		if c.Strict.Alternative != nil && len(r.late) == len(c.Strict.AlternativeLate) {
			expect, late = c.Strict.Alternative, c.Strict.AlternativeLate
		}
	}
	r.demand(expect)
	require.Equal(t, fmt.Sprint(late), fmt.Sprint(r.late))
	if c.ExpectChanges != nil {
		var want []string
		for _, change := range c.ExpectChanges {
			var sign string
			var s conformanceSession
			require.NoError(t, json.Unmarshal(change[0], &sign))
			require.NoError(t, json.Unmarshal(change[1], &s))
			want = append(want, sign+line(s, false, false))
		}
		require.Equal(t, want, r.changes)
	}
	stats := r.s.Stats()
	require.Equal(t, events, stats.Events+stats.Late+stats.Rejected(), "conservation")
	require.Equal(t, c.ExpectStats["null_time"], stats.NullTimes)
	require.Equal(t, c.ExpectStats["null_key"], stats.NullKeys)
	return r.changes
}

func (r *caseRun) index(key string) *int64 {
	if !slices.Contains(r.keys, key) {
		r.keys = append(r.keys, key)
	}
	i := int64(slices.Index(r.keys, key))
	return &i
}

// advance says what a watermark of the cases says: no event of that time or before is expected.
func (r *caseRun) advance(ts int64) {
	require.NoError(r.t, r.s.Advance(time.Unix(0, 0).Add(time.Duration(ts+1)*r.unit), r.take))
}

func (r *caseRun) fresh() *session.State[caseEvent, string, []string] {
	c := &r.c.Config
	o := session.Options[caseEvent]{
		AtLeast: c.Boundary == "ge",
		Late: func(l stream.Late[caseEvent]) error {
			r.late = append(r.late, *l.Event.Time)
			return nil
		},
		NullKey:  func(e caseEvent) bool { return e.Key == nil },
		NullTime: func(e caseEvent) bool { return e.Time == nil },
	}
	switch c.Late {
	case "", "drop":
	case "retract":
		o.Lateness = time.Duration(c.Lateness) * r.unit
	default:
		r.t.Fatalf("late %q", c.Late)
	}
	switch c.Emit {
	case "":
	case "every_change":
		o.EveryChange = true
	default:
		r.t.Fatalf("emit %q", c.Emit)
	}
	values := stream.Fold[caseEvent, []string]{Add: func(acc *[]string, e caseEvent) { *acc = append(*acc, e.V) }}
	key := func(e caseEvent) string { return r.keys[*e.Key] }
	at := func(e caseEvent) time.Time { return time.Unix(0, 0).Add(time.Duration(*e.Time) * r.unit) }
	s, err := session.New(time.Duration(c.Gap)*r.unit, key, at, values, o)
	require.NoError(r.t, err)
	return s
}

// take applies what is given out: what is taken back was there.
func (r *caseRun) take(f session.Folded[string, []string]) error {
	s := conformanceSession{
		Key: f.Key, First: int64(f.Start.Sub(time.Unix(0, 0)) / r.unit), Last: int64(f.End.Sub(time.Unix(0, 0)) / r.unit), Count: f.Events,
	}
	var sum float64
	for _, text := range f.Value {
		var v any
		require.NoError(r.t, json.Unmarshal([]byte(text), &v))
		s.Values = append(s.Values, v)
		if n, ok := v.(float64); ok {
			sum += n
		}
	}
	s.Sum = &sum
	id := fmt.Sprint(f.ID, f.Revision)
	before, there := r.now[id]
	require.Equal(r.t, f.Retracted, there, "%s of %+v", id, f)
	if f.Retracted {
		require.Equal(r.t, line(before, true, true), line(s, true, true))
		delete(r.now, id)
		r.changes = append(r.changes, "-"+line(s, false, false))
		return nil
	}
	r.now[id] = s
	r.changes = append(r.changes, "+"+line(s, false, false))
	return nil
}

// demand compares what is given out, as a set, with sums and values where the case states them.
func (r *caseRun) demand(want []conformanceSession) {
	sum := slices.ContainsFunc(want, func(s conformanceSession) bool { return s.Sum != nil })
	values := slices.ContainsFunc(want, func(s conformanceSession) bool { return s.Values != nil })
	var expected, got []string
	for _, s := range want {
		expected = append(expected, line(s, sum, values))
	}
	for _, s := range r.now {
		got = append(got, line(s, sum, values))
	}
	slices.Sort(expected)
	slices.Sort(got)
	require.Equal(r.t, strings.Join(expected, "\n"), strings.Join(got, "\n"))
}

func line(s conformanceSession, sum, values bool) string {
	text := fmt.Sprintf("%s %d..%d*%d", s.Key, s.First, s.Last, s.Count)
	if sum {
		text += fmt.Sprintf(" sum %v", *s.Sum)
	}
	if values {
		text += fmt.Sprintf(" values %v", s.Values)
	}
	return text
}
