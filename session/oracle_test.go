package session_test

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// click is the event of these tests.
type click struct {
	user string
	at   time.Time
	n    int // position or amount, whatever the test wants
}

func userOf(c click) string    { return c.user }
func atOf(c click) time.Time   { return c.at }
func nullUser(c click) bool    { return c.user == "" }
func nullTime(c click) bool    { return c.at.IsZero() }
func second(s int64) time.Time { return time.Unix(s, 0).UTC() }

// want is what a session is to the oracle: its bounds, and its events by time, then arrival.
type want struct {
	user       string
	start, end time.Time
	events     []click
}

// bruteForce is the definition: sort by key and time, split where the gap is exceeded. Rejects are left out.
func bruteForce(events []click, gap time.Duration, atLeast bool) []want {
	sorted := slices.DeleteFunc(slices.Clone(events), func(c click) bool { return nullUser(c) || nullTime(c) })
	slices.SortStableFunc(sorted, func(a, b click) int {
		return cmp.Or(cmp.Compare(a.user, b.user), a.at.Compare(b.at))
	})
	var out []want
	for i, c := range sorted {
		d := time.Duration(0)
		if i > 0 {
			d = c.at.Sub(sorted[i-1].at) // saturates, which is right where gap < 292 years
		}
		if i == 0 || c.user != sorted[i-1].user || d > gap || atLeast && d == gap {
			out = append(out, want{user: c.user, start: c.at})
		}
		s := &out[len(out)-1]
		s.end, s.events = c.at, append(s.events, c)
	}
	return out
}

// collect is a fold that keeps the events in the order in which they were given to it.
func collect() stream.Fold[click, []click] {
	return stream.Fold[click, []click]{Add: func(acc *[]click, c click) { *acc = append(*acc, c) }}
}

// drain collects a stream and its error.
func drain[T any](s stream.Seq[T]) (out []T, err error) {
	for v, e := range s {
		if e != nil {
			return out, e
		}
		out = append(out, v)
	}
	return out, nil
}

// of is a source of the events, in their order.
func of[T any](events ...T) stream.Seq[T] {
	return func(yield func(T, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// lines prints sessions for comparison, one per line, without what the oracle does not know.
func lines(got []session.Session[string]) []string {
	out := []string{}
	for _, s := range got {
		out = append(out, fmt.Sprintf("%s %v %v %d", s.Key, s.Start, s.End, s.Events))
	}
	slices.Sort(out)
	return out
}

func wantLines(w []want) []string {
	out := []string{}
	for _, s := range w {
		out = append(out, fmt.Sprintf("%s %v %v %d", s.user, s.start.UTC(), s.end.UTC(), len(s.events)))
	}
	slices.Sort(out)
	return out
}
