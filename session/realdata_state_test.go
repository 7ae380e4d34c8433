package session_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/fixture"
	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// The published answers for real files, from State: cut in ten pieces with the state carried over, whatever the order of
// the events, and in order of time with a watermark that follows them.
func TestRealData_State(t *testing.T) {
	raw, err := os.ReadFile(fixture.Path(t, "data", "expected_events.json"))
	require.NoError(t, err)
	var expected map[string]struct {
		Sessions map[string]expectedSessions `json:"sessions_30m"`
	}
	require.NoError(t, json.Unmarshal(raw, &expected))

	for _, file := range []struct{ name, user, at, layout string }{
		{"online_retail_2010-12-01_2011-08-31.csv.gz", "CustomerID", "InvoiceDate", time.DateTime},
		{"file_changes_pinot.csv.gz", "author", "author_time", time.RFC3339},
	} {
		t.Run(file.name, func(t *testing.T) {
			var events []visit
			for i, c := range readClicks(t, fixture.Path(t, "data", "events", file.name), file.user, file.at, file.layout) {
				events = append(events, visit{User: c.user, At: c.at.UnixNano(), Pos: i})
			}
			inOrder := slices.Clone(events)
			slices.SortStableFunc(inOrder, func(a, b visit) int { return int(min(1, max(-1, a.At-b.At))) })
			for convention, atLeast := range map[string]bool{"new_session_when_gap_gt_30m": false, "new_session_when_gap_ge_30m": true} {
				want, ok := expected[file.name].Sessions[convention]
				require.True(t, ok, convention)
				for name, arrival := range map[string][]visit{"as_they_came": events, "in_order": inOrder} {
					o := session.Options[visit]{AtLeast: atLeast, NullKey: visit.noUser}
					if name == "in_order" {
						o.Disorder = 1
					}
					fresh := func() *session.State[visit, string, int] {
						s, err := session.New(30*time.Minute, visit.user, visit.at, counted(), o)
						require.NoError(t, err)
						return s
					}
					var got []session.Session[string]
					take := func(f session.Folded[string, int]) error {
						require.Equal(t, f.Events, f.Value)
						got = append(got, f.Session)
						return nil
					}
					s := fresh()
					for i, v := range arrival {
						require.NoError(t, s.Push(v, take))
						if i%(len(arrival)/10) == 0 {
							b := snapshotOf(t, s)
							s = fresh()
							require.NoError(t, s.Restore(bytes.NewReader(b)))
						}
					}
					require.NoError(t, s.Flush(take))
					require.Equal(t, want, summarise(got), "%s, %s", convention, name)
					require.Equal(t, s.Stats().In, int64(want.Events)+s.Stats().NullKeys)
				}
			}
		})
	}
}

// trackerEvent is an event of a tracker that numbers its sessions itself.
type trackerEvent struct {
	Name, User, Session, Kind string
	At                        int64 // nanoseconds since 1970
}

func (e trackerEvent) user() string    { return e.User }
func (e trackerEvent) session() string { return e.Session }
func (e trackerEvent) at() time.Time   { return time.Unix(0, e.At) }

func trackerRows(t *testing.T, columns []string, elem ...string) (out [][]string) {
	f, err := os.Open(fixture.Path(t, append([]string{"data", "ground_truth"}, elem...)...))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	rows, err := csv.NewReader(z).ReadAll()
	require.NoError(t, err)
	for _, row := range rows[1:] {
		var one []string
		for _, name := range columns {
			i := slices.Index(rows[0], name)
			require.GreaterOrEqual(t, i, 0, name)
			one = append(one, row[i])
		}
		out = append(out, one)
	}
	return out
}

func trackerTime(t *testing.T, text string) int64 {
	at, err := time.Parse("2006-01-02 15:04:05.000", text)
	require.NoError(t, err)
	return at.UnixNano()
}

// The sessions of a tracker are reproduced by the split at its session number, in two files with the state between them.
func TestState_SnowplowSmall(t *testing.T) {
	fresh := func() *session.State[trackerEvent, string, []string] {
		numbers := stream.Fold[trackerEvent, []string]{Add: func(acc *[]string, e trackerEvent) { *acc = append(*acc, e.Session) }}
		s, err := session.New(time.Hour, trackerEvent.user, trackerEvent.at, numbers, session.Options[trackerEvent]{SplitBy: session.By(trackerEvent.session)})
		require.NoError(t, err)
		return s
	}
	got := map[string][]string{}
	take := func(f session.Folded[string, []string]) error {
		local := func(at time.Time) string { return at.Add(-5 * time.Hour).Format("2006-01-02 3:04:05") } // New York, in January
		got[f.Key+" "+f.Value[0]] = []string{local(f.Start), local(f.End)}
		return nil
	}
	s := fresh()
	for _, file := range []string{"sp_event.csv.gz", "sp_event_update.csv.gz"} {
		for _, r := range trackerRows(t, []string{"domain_userid", "domain_sessionidx", "collector_tstamp"}, "snowplow_small", file) {
			require.NoError(t, s.Push(trackerEvent{User: r[0], Session: r[1], At: trackerTime(t, r[2])}, take))
		}
		b := snapshotOf(t, s)
		s = fresh()
		require.NoError(t, s.Restore(bytes.NewReader(b)))
	}
	require.NoError(t, s.Flush(take))
	want := map[string][]string{}
	for _, r := range trackerRows(t, []string{"user_snowplow_domain_id", "session_index", "session_start", "session_end"}, "snowplow_small", "snowplow_sessions_expected.csv.gz") {
		want[r[0]+" "+r[1]] = r[2:]
	}
	require.Len(t, want, 5)
	require.Equal(t, want, got)
}

// And those of a larger file, each event once, the first that was collected. Two users are left out whose sessions were
// open at the same time, which no split in time can tell apart, and two whose events are in part outside the window of
// their run. A session that begins with a ping begins five seconds before it for them.
func TestState_SnowplowWeb(t *testing.T) {
	rows := trackerRows(t, []string{"event_id", "collector_tstamp", "derived_tstamp", "domain_sessionid", "user_id", "event"}, "snowplow_web", "snowplow_web_events.csv.gz")
	slices.SortStableFunc(rows, func(a, b []string) int { return strings.Compare(a[1], b[1]) })
	seen := map[string]bool{}
	var events []trackerEvent
	for _, r := range rows {
		if !seen[r[0]] {
			seen[r[0]] = true
			user, _, _ := strings.Cut(r[4], " id:") // of the user who is stitched together
			events = append(events, trackerEvent{Name: r[0], User: user, Session: r[3], Kind: r[5], At: trackerTime(t, r[2])})
		}
	}
	require.Len(t, events, 157)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })

	first := stream.Fold[trackerEvent, []trackerEvent]{Add: func(acc *[]trackerEvent, e trackerEvent) { *acc = append(*acc, e) }}
	o := session.Options[trackerEvent]{SplitBy: session.By(trackerEvent.session), Tie: func(a, b trackerEvent) int { return strings.Compare(a.Session, b.Session) }}
	got := map[string][]string{}
	for f, err := range session.Run(of(events...), 30*24*time.Hour, trackerEvent.user, trackerEvent.at, first, o) {
		require.NoError(t, err)
		start := f.Start
		if f.Value[0].Kind == "page_ping" {
			start = start.Add(-5 * time.Second)
		}
		const layout = "2006-01-02 15:04:05.000"
		got[f.Value[0].Session] = []string{start.Format(layout), f.End.Format(layout), strconv.Itoa(f.Events)}
	}
	compared := 0
	for _, r := range trackerRows(t, []string{"original_domain_sessionid", "user_id", "start_tstamp", "end_tstamp", "total_events"}, "snowplow_web", "snowplow_web_sessions_expected.csv.gz") {
		if slices.Contains([]string{"Multiple first sessions per user", "Multiple last sessions per user", "long session", "Unexpired session"}, r[1]) {
			continue
		}
		compared++
		require.Equal(t, r[2:], got[r[0]], r[1])
	}
	require.Equal(t, 12, compared)
}

// A run that is killed at any event, and resumed from the snapshot before it, gives out what one run does: what was given
// out after the snapshot is given out again, the same, and in the same order.
func TestState_KilledAndResumed(t *testing.T) {
	kills := 20
	if text := os.Getenv("MILLRACE_HUNT"); text != "" {
		kills = must(strconv.Atoi(text))
	}
	r := rand.New(rand.NewPCG(7, 7))
	var events []visit
	for i := range 4000 {
		events = append(events, visit{User: fmt.Sprint("user", r.IntN(60)*r.IntN(60)/30), At: int64(i)*3 + r.Int64N(120), Kind: r.IntN(30) / 29, Pos: i})
	}
	fresh := func() *visitState {
		return newVisitsOf(t, 40, session.Options[visit]{Disorder: 100, MaxEvents: 25, SplitBy: session.By(visit.kind), Lateness: 50,
			Late: stream.Discard[stream.Late[visit]]("counted")})
	}
	run := func(s *visitState, from int, out []string, saved func(i int, out []string)) []string {
		take := func(f session.Folded[string, []int]) error {
			out = append(out, fmt.Sprintf("%+v", f))
			return nil
		}
		for i := from; i < len(events); i++ {
			if i%97 == 0 {
				saved(i, out)
			}
			require.NoError(t, s.Push(events[i], take))
		}
		require.NoError(t, s.Flush(take))
		return out
	}
	type save struct {
		bytes []byte
		at    int
		out   int
	}
	var saves []save
	s := fresh()
	want := run(s, 0, nil, func(i int, out []string) { saves = append(saves, save{snapshotOf(t, s), i, len(out)}) })
	require.Positive(t, s.Stats().Late+s.Stats().Retracted)
	for range kills {
		one := saves[r.IntN(len(saves))]
		again := fresh()
		require.NoError(t, again.Restore(bytes.NewReader(one.bytes)))
		got := run(again, one.at, slices.Clone(want[:one.out]), func(int, []string) {})
		require.True(t, slices.Equal(want, got))
		require.Equal(t, s.Stats(), again.Stats())
	}
}

func newVisitsOf(t require.TestingT, gap time.Duration, o session.Options[visit]) *visitState {
	s, err := session.New(gap, visit.user, visit.at, positions(), o)
	require.NoError(t, err)
	return s
}
