package suite

import (
	"slices"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// sessionCases are the rows of both comparisons of sessions.
func sessionCases() []compare.Case {
	const rows, users = 10_000_000, 320_000
	goals := func(duckdb float64) []compare.Goal {
		return []compare.Goal{
			{Measure: "wall", A: "millrace", B: "loop", AtMost: 1 / 2.4},
			{Measure: "wall", A: "millrace-2", B: "loop", AtMost: 1. / 5},
			{Measure: "wall", A: "any", B: "millrace", AtMost: 1.5},
			{Measure: "wall", A: "any", B: "duckdb", AtMost: 1 / duckdb},
		}
	}
	data := func(o events.Options) compare.Params {
		o.Users = users
		return compare.Params{Events: o}
	}
	return []compare.Case{
		{Name: "uniform", About: "320,000 users, all alike; nearly each has an open session at any time, 1.3 M in all", Rows: rows,
			Params: data(events.Options{}), Goals: goals(5)},
		{Name: "zipf", About: "users by rank with frequency 1/rank", Rows: rows, Params: data(events.Options{Zipf: true}), Goals: goals(10)},
		{Name: "visits", About: "as many sessions of as many users, who come for 20 minutes and go: 14,000 are open, which fit in a cache",
			Rows: rows, Params: data(events.Options{Visits: true})},
		{Name: "late", About: "the users of uniform, one row in ten up to two hours late; `millrace` and `loop` get them sorted",
			Rows: rows, Params: data(events.Options{Late: 10}), Goals: goals(5)[2:]},
		{Name: "hot", About: "nine rows in ten are of one user", Rows: rows, Params: data(events.Options{Bot: 90}), Goals: goals(5)[:3]},
	}
}

const sessionPeers = "`millrace` and `loop` get the rows in order of time, and hold what is open; `any` and `pages` take them " +
	"in any order and answer at the end. Millrace gives the sessions in order of their ends, each with an ID of 128 bits, the others in " +
	"any order without. DuckDB gets the rows through its Appender and gives the sessions back through database/sql."

// sessions finds spans of time and counts clicks.
func sessions() compare.Comparison {
	return compare.Comparison{
		Name:  "sessions",
		Title: "The visits of each user",
		About: "Clicks as Go structs of 32 bytes, cut where a user is away for more than half an hour; of each session user, start, " +
			"end and number of clicks. " + sessionPeers,
		Cases: sessionCases(),
		Sides: []compare.Side{
			{Name: "millrace", About: "session.Intervals, Ordered", Prepare: overClicks(true, intervals(inOrder(1)))},
			{Name: "millrace-2", About: "the same with two workers", Prepare: overClicks(true, intervals(inOrder(2)))},
			{Name: "any", About: "session.Intervals", Prepare: overClicks(false, intervals(session.Options[events.Click]{}))},
			{Name: "loop", About: "a for loop and a map of open sessions", Prepare: overClicks(true, visitLoop(false))},
			{Name: "pages", About: "a map of slices of times, sorted one by one", Prepare: overClicks(false, visitTimes)},
			{Name: "duckdb", About: "Appender, lag() and a running sum(), database/sql", Module: "github.com/duckdb/duckdb-go/v2", Program: "duckdb"},
		},
	}
}

// sessionSums adds up what was spent in each visit, too.
func sessionSums() compare.Comparison {
	return compare.Comparison{
		Name:  "session-sums",
		Title: "What each visit was worth",
		About: "The same, and of each session the sum of a column, by a fold. " + sessionPeers,
		Cases: sessionCases(),
		Sides: []compare.Side{
			{Name: "millrace", About: "session.Run, Ordered", Prepare: overClicks(true, folded(inOrder(1)))},
			{Name: "millrace-2", About: "the same with two workers", Prepare: overClicks(true, folded(inOrder(2)))},
			{Name: "any", About: "session.Run", Prepare: overClicks(false, folded(session.Options[events.Click]{}))},
			{Name: "loop", About: "a for loop and a map of open sessions", Prepare: overClicks(true, visitLoop(true))},
			{Name: "pages", About: "a map of slices of rows, sorted one by one", Prepare: overClicks(false, visitRows)},
			{Name: "duckdb", About: "Appender, lag() and a running sum(), database/sql", Module: "github.com/duckdb/duckdb-go/v2", Program: "duckdb"},
		},
	}
}

func inOrder(workers int) session.Options[events.Click] {
	return session.Options[events.Click]{Ordered: true, Resources: stream.Resources{Workers: workers}}
}

// visitor calls done with each session.
type visitor func(rows []events.Click, done func(events.Visit)) error

// overClicks makes the rows, and the work.
func overClicks(sorted bool, run visitor) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) {
		rows, err := events.Clicks(p.Events)
		if err != nil {
			return nil, err
		}
		if sorted {
			events.SortClicks(rows)
		}
		return func() (a measure.Answer, err error) {
			err = run(rows, func(v events.Visit) { a.Add(events.HashVisit(v)) })
			return a, err
		}, nil
	}
}

// visitOf is a session of Millrace as the sides write it.
func visitOf(s *session.Session[uint64]) events.Visit {
	return events.Visit{User: s.Key, Start: s.Start.UnixMilli(), End: s.End.UnixMilli(), Clicks: int64(s.Events)}
}

func intervals(o session.Options[events.Click]) visitor {
	return func(rows []events.Click, done func(events.Visit)) error {
		for s, err := range session.Intervals(stream.Of(rows...), events.SessionGap, events.Click.UserID, events.Click.Time, o) {
			if err != nil {
				return err
			}
			done(visitOf(&s))
		}
		return nil
	}
}

func folded(o session.Options[events.Click]) visitor {
	cents := stream.Fold[events.Click, int64]{Add: func(sum *int64, c events.Click) { *sum += c.Cents }}
	return func(rows []events.Click, done func(events.Visit)) error {
		for s, err := range session.Run(stream.Of(rows...), events.SessionGap, events.Click.UserID, events.Click.Time, cents, o) {
			if err != nil {
				return err
			}
			v := visitOf(&s.Session)
			v.Cents = s.Value
			done(v)
		}
		return nil
	}
}

// visitLoop keeps the open session of each user. It sums the cents where that is asked.
func visitLoop(sums bool) visitor {
	return func(rows []events.Click, done func(events.Visit)) error {
		open := map[uint64]*events.Visit{}
		for i := range rows {
			c := &rows[i]
			v := open[c.User]
			if v == nil {
				v = &events.Visit{User: c.User, Start: c.At}
				open[c.User] = v
			} else if c.At-v.End > events.SessionGap.Milliseconds() {
				done(*v)
				*v = events.Visit{User: c.User, Start: c.At}
			}
			v.End = c.At
			v.Clicks++
			if sums {
				v.Cents += c.Cents
			}
		}
		for _, v := range open {
			done(*v)
		}
		return nil
	}
}

// visitTimes keeps the times of all clicks.
func visitTimes(rows []events.Click, done func(events.Visit)) error {
	byUser := map[uint64][]int64{}
	for i := range rows {
		byUser[rows[i].User] = append(byUser[rows[i].User], rows[i].At)
	}
	for user, times := range byUser {
		slices.Sort(times)
		v := events.Visit{User: user, Start: times[0], End: times[0]}
		for _, at := range times {
			if at-v.End > events.SessionGap.Milliseconds() {
				done(v)
				v = events.Visit{User: user, Start: at}
			}
			v.End = at
			v.Clicks++
		}
		done(v)
	}
	return nil
}

// visitRows keeps all clicks.
func visitRows(rows []events.Click, done func(events.Visit)) error {
	byUser := map[uint64][]events.Click{}
	for i := range rows {
		byUser[rows[i].User] = append(byUser[rows[i].User], rows[i])
	}
	for user, own := range byUser {
		events.SortClicks(own)
		v := events.Visit{User: user, Start: own[0].At, End: own[0].At}
		for i := range own {
			c := &own[i]
			if c.At-v.End > events.SessionGap.Milliseconds() {
				done(v)
				v = events.Visit{User: user, Start: c.At}
			}
			v.End = c.At
			v.Clicks++
			v.Cents += c.Cents
		}
		done(v)
	}
	return nil
}
