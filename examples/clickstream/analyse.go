package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/parquetio"
	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/sketch"
	"github.com/millrace-go/millrace/stream"
)

// analysis is a step that reads the staged events on its own. What it finds goes into fields of its own, so
// that steps can run at once; the table of stages keeps their order.
type analysis struct {
	name  string
	needs string // why it is skipped, where it is; empty: it runs
	do    func(context.Context) (stageReport, error)

	stage    stageReport
	err      error
	panicked any    // what the step panicked with
	stack    []byte // where
}

// analyse runs the steps behind the staged events, at most workers of them at once. The first error, in the
// order of the steps, is the job's.
func (j *job) analyse(ctx context.Context) error {
	steps := []*analysis{
		{name: "sessions", needs: j.unmapped("user", "ts"), do: j.findSessions},
		{name: "counts per user and type", needs: j.unmapped("user", "type"), do: j.countUserTypes},
		{name: "distinct users", needs: j.unmapped("user"), do: j.countUsers},
		{name: "distinct users per type", needs: j.unmapped("user", "type"), do: j.estimateUsers},
		{name: "heavy hitters", needs: j.unmapped("user"), do: j.findTopUsers},
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	slots := make(chan struct{}, j.cfg.workers)
	for _, step := range steps {
		if step.needs != "" {
			j.skip(step.name, step.needs)
			continue
		}
		slots <- struct{}{}
		j.begin(step.name)
		group.Go(func() {
			defer func() { <-slots }()
			defer func() {
				if step.panicked = recover(); step.panicked != nil {
					step.stack = debug.Stack()
					cancel(errors.New("a step panicked"))
				}
			}()
			if step.stage, step.err = step.do(ctx); step.err != nil {
				cancel(fmt.Errorf("%s: %w", step.name, step.err))
				return
			}
			j.logDone(step.stage)
		})
	}
	group.Wait()
	for _, step := range steps {
		if step.panicked != nil { // on the job's goroutine, so that what is staged is dropped
			panic(fmt.Sprintf("%s: %v\n\n%s", step.name, step.panicked, step.stack))
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for _, step := range steps {
		if step.needs == "" {
			j.report.Stages = append(j.report.Stages, step.stage)
		}
	}
	return nil
}

// unmapped says which of the roles has no column; empty: all have one.
func (j *job) unmapped(roles ...string) string {
	m := j.cfg.columns
	columns := map[string]string{"user": m.user, "type": m.kind, "ts": m.ts}
	for _, role := range roles {
		if columns[role] == "" {
			return "no column is mapped to " + role
		}
	}
	return ""
}

// userEvent, timedUser and typedUser are what the steps read of an event: only those columns are decoded.
type (
	userEvent struct {
		User stream.Opt[string] `parquet:"user_id"`
	}
	typedUser struct {
		User stream.Opt[string] `parquet:"user_id"`
		Type stream.Opt[string] `parquet:"event_type"`
	}
	timedUser struct {
		User stream.Opt[string] `parquet:"user_id"`
		At   time.Time          `parquet:"ts,timestamp(nanos)"`
	}
)

func (e userEvent) user() string  { return e.User.Or("") }
func (e userEvent) known() bool   { return e.User.IsPresent() }
func (e typedUser) key() userType { return userType(e) }
func (e timedUser) user() string  { return e.User.Or("") }
func (e timedUser) isNull() bool  { return !e.User.IsPresent() }
func (e timedUser) at() time.Time { return e.At }

func staged[T any](ctx context.Context, events *parquetio.Staged[event]) stream.Seq[T] {
	return stream.WithContext(ctx, parquetio.ReadStaged[T](events, parquetio.ReadOptions{}))
}

// findSessions cuts each user's events where more than the gap lies between them. With a date range it looks at
// all events of the input and keeps the sessions that start inside.
func (j *job) findSessions(ctx context.Context) (stageReport, error) {
	started := time.Now()
	var stats session.Stats
	events := j.events
	if j.all != nil {
		events = j.all
	}
	found := session.Intervals(staged[timedUser](ctx, events), j.cfg.gap, timedUser.user, timedUser.at,
		session.Options[timedUser]{AtLeast: j.cfg.atLeast, NullKey: timedUser.isNull, Stats: &stats})
	var n, total int64
	if j.all != nil {
		found = stream.Filter(found, func(s session.Session[string]) bool { return j.inRange(s.Start) })
	}
	rows := stream.Map(found, func(s session.Session[string]) sessionRow {
		length := s.Length().Milliseconds()
		n++
		total += length
		return sessionRow{
			SessionID: s.ID.String(), UserID: s.Key, Start: s.Start, End: s.End, Events: int64(s.Events),
			LengthMS: length, Reason: s.Reason.String(),
		}
	})
	if err := j.stageSessions(ctx, rows); err != nil {
		return stageReport{}, err
	}
	j.report.Answers.Sessions, j.report.Answers.SessionsTotalMS = &n, &total
	return newStage("sessions", int64(stats.In), n, int64(stats.Rejected()), time.Since(started)), nil
}

// countRow is one row of counts.parquet in the output.
type countRow struct {
	User  stream.Opt[string] `parquet:"user_id"`
	Type  stream.Opt[string] `parquet:"event_type"`
	Count int64              `parquet:"events"`
}

// countUserTypes counts events per (user, type). A null user is one user here, as in SQL's GROUP BY.
func (j *job) countUserTypes(ctx context.Context) (stageReport, error) {
	started := time.Now()
	var in int64
	var groups, counted int64
	counts := stream.CountBy(stream.Tap(staged[typedUser](ctx, j.events), func(typedUser) { in++ }), typedUser.key)
	rows := stream.Map(counts, func(c stream.Keyed[userType, int]) countRow {
		groups++
		counted += int64(c.Value)
		return countRow{User: c.Key.User, Type: c.Key.Type, Count: int64(c.Value)}
	})
	t, err := stageTable(j, countsName, rows)
	if err != nil {
		return stageReport{}, err
	}
	j.stagedTables(t)
	if in != counted {
		return stageReport{}, fmt.Errorf("counted %d of %d events", counted, in)
	}
	j.report.Answers.UserTypeGroups = &groups
	return newStage("counts per user and type", counted, groups, 0, time.Since(started)), nil
}

// countUsers counts distinct users twice in one pass: exactly, and by HLL.
func (j *job) countUsers(ctx context.Context) (stageReport, error) {
	started := time.Now()
	hll, err := sketch.NewHLL[string](sketch.HLLOptions{})
	if err != nil {
		return stageReport{}, err
	}
	var in int64
	known := stream.Filter(stream.Tap(staged[userEvent](ctx, j.events), func(userEvent) { in++ }), userEvent.known)
	known = stream.Tap(known, func(e userEvent) { hll.Add(e.user()) })
	exact, err := stream.Count(dedup.Distinct(known, userEvent.user))
	if err != nil {
		return stageReport{}, err
	}
	j.report.Answers.DistinctUsers = &distinctUsers{Exact: int64(exact), Estimated: hll.Estimate()}
	return newStage("distinct users", in, int64(exact), 0, time.Since(started)), nil
}

// typeUsersRow is one row of distinct_users.parquet in the output.
type typeUsersRow struct {
	Type      stream.Opt[string] `parquet:"event_type"`
	Estimated int64              `parquet:"users_estimated"`
	Low       int64              `parquet:"users_low"`  // two standard errors below
	High      int64              `parquet:"users_high"` // two standard errors above
}

// estimateUsers estimates the distinct users of each type, one HLL per type.
func (j *job) estimateUsers(ctx context.Context) (stageReport, error) {
	started := time.Now()
	distinct, err := sketch.DistinctFold(func(e typedUser) string { return e.User.Or("") }, sketch.HLLOptions{})
	if err != nil {
		return stageReport{}, err
	}
	var in int64
	known := stream.Filter(stream.Tap(staged[typedUser](ctx, j.events), func(typedUser) { in++ }), func(e typedUser) bool { return e.User.IsPresent() })
	byType := stream.Aggregate(known, func(e typedUser) stream.Opt[string] { return e.Type }, distinct, stream.AggregateOptions{})
	found, err := stream.Collect(stream.Map(byType, func(k stream.Keyed[stream.Opt[string], *sketch.HLL[string]]) typeUsersRow {
		low, high := k.Value.Bounds(2)
		return typeUsersRow{Type: k.Key, Estimated: int64(k.Value.Estimate()), Low: int64(low), High: int64(high)}
	}))
	if err != nil {
		return stageReport{}, err
	}
	slices.SortFunc(found, func(a, b typeUsersRow) int { return cmp.Compare(a.Type.String(), b.Type.String()) })
	t, err := stageTable(j, distinctName, stream.Of(found...))
	if err != nil {
		return stageReport{}, err
	}
	j.stagedTables(t)
	for _, row := range found {
		j.report.ByType = append(j.report.ByType, typeUsers{Type: row.Type.String(), Estimated: uint64(row.Estimated)})
	}
	return newStage("distinct users per type", in, int64(len(found)), 0, time.Since(started)), nil
}

// topUserRow is one row of top_users.parquet in the output. The true count lies in [Count-Error, Count].
type topUserRow struct {
	User  string `parquet:"user_id"`
	Count int64  `parquet:"events_at_most"`
	Error int64  `parquet:"error"`
}

// topUsersShown is how many heavy hitters are kept.
const topUsersShown = 10

// findTopUsers finds the users with the most events in fixed memory.
func (j *job) findTopUsers(ctx context.Context) (stageReport, error) {
	started := time.Now()
	hitters, err := sketch.NewHeavyHitters[string](sketch.HeavyHittersOptions{})
	if err != nil {
		return stageReport{}, err
	}
	var in int64
	known := stream.Filter(stream.Tap(staged[userEvent](ctx, j.events), func(userEvent) { in++ }), userEvent.known)
	if err := stream.ForEach(known, func(e userEvent) error { hitters.Add(e.user(), 1); return nil }); err != nil {
		return stageReport{}, err
	}
	var rows []topUserRow
	for _, h := range hitters.Top(topUsersShown) {
		rows = append(rows, topUserRow{User: h.Key, Count: int64(h.Count), Error: int64(h.Error)})
		j.report.TopUsers = append(j.report.TopUsers, topUser{User: h.Key, Count: h.Count})
	}
	t, err := stageTable(j, topName, stream.Of(rows...))
	if err != nil {
		return stageReport{}, err
	}
	j.stagedTables(t)
	return newStage("heavy hitters", in, int64(len(rows)), 0, time.Since(started)), nil
}

// stagedTables notes a table for publish and for drop; steps that run at once call it.
func (j *job) stagedTables(t *stagedTable) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tables = append(j.tables, t)
	slices.SortFunc(j.tables, func(a, b *stagedTable) int { return cmp.Compare(a.name, b.name) })
}
