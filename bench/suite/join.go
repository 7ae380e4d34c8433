package suite

import (
	"fmt"
	"runtime"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
	"github.com/millrace-go/millrace/stream"
)

// join puts what is known of a user's events of a type beside each event.
func join() compare.Comparison {
	const rows, segments, memory = 10_000_000, 1_000_000, 128 << 20
	zipf := compare.Params{Events: events.Options{Users: rows / 20 * 3, Zipf: true}, Other: segments}
	uniform := compare.Params{Events: events.Options{Users: segments / len(events.Types)}, Other: segments}
	bounded := func(p compare.Params, memory int64, cut bool) compare.Params {
		p.Memory, p.Cut = memory, cut
		return p
	}
	// Nine events in ten are of one key.
	bot := compare.Params{Events: events.Options{Users: 4 * segments / len(events.Types), Bot: 90}, Other: 4 * segments}
	inMemory := []string{"millrace", "loop", "loop-iter", "duckdb"}
	faster := []compare.Goal{{Measure: "wall", A: "millrace", B: "loop", AtMost: 1. / 3}}
	within := func(memory float64) []compare.Goal {
		return []compare.Goal{
			{Measure: "wall", A: "millrace", B: "broadcast", AtMost: 4},
			{Measure: "live", A: "millrace", AtMost: memory},
		}
	}
	return compare.Comparison{
		Name:  "join",
		Title: "Join on two columns",
		About: "10 million events with a table of 1 million rows (hot: 5 and 4), inner join on (user, type); most events find a row. `loop` is " +
			"a Go map of the table, and reads both from slices; `loop-iter` is the same over iterators, as Join has to. DuckDB " +
			"gets both through its Appender, and gives the pairs back through database/sql.",
		Cases: []compare.Case{
			{Name: "broadcast", About: "no limit: the table is in memory, events stream past it", Rows: rows, Params: zipf,
				Sides: inMemory, Goals: faster},
			{Name: "broadcast-uniform", About: "the same, users with equal shares", Rows: rows, Params: uniform,
				Sides: inMemory, Goals: faster},
			{Name: "held", About: "limit 128 MiB, of which the table would take more than its half: what does not fit of it " +
				"goes to disk, and events wait in memory to meet it", Rows: rows,
				Params: bounded(zipf, memory, false), Goals: within(memory)},
			{Name: "held-uniform", About: "the same, users with equal shares", Rows: rows,
				Params: bounded(uniform, memory, false), Goals: within(memory)},
			{Name: "cut", About: "limit 32 MiB: both sides are cut by hash and go to disk", Rows: rows,
				Params: bounded(zipf, memory/4, true), Sides: []string{"millrace", "unordered", "broadcast"}, Goals: within(memory / 4)},
			{Name: "hot", About: "limit 128 MiB, a table of 4 million rows, nine events in ten of one user and type: both sides are cut", Rows: rows / 2,
				Params: bounded(bot, memory, true), Sides: []string{"millrace", "unordered", "broadcast", "loop"}, Goals: within(memory)},
		},
		Sides: []compare.Side{
			{Name: "millrace", About: "stream.Join", Prepare: overTable(joinMillrace(false))},
			{Name: "unordered", About: "stream.Join, Unordered", Prepare: overTable(joinMillrace(true))},
			{Name: "broadcast", About: "stream.Join without a bound", Prepare: overTable(joinBroadcast)},
			{Name: "loop", About: "a for loop and a Go map, unbounded", Prepare: overTable(joinLoop)},
			{Name: "loop-iter", About: "the same over iterators", Prepare: overTable(joinLoopIter)},
			{Name: "duckdb", About: "Appender, JOIN, database/sql", Module: "github.com/duckdb/duckdb-go/v2", Program: "duckdb"},
		},
	}
}

// enoughToHold is the bound from which on the size of a case does not decide whether both sides are cut.
const enoughToHold = 16 << 20

// joiner calls emit with each pair.
type joiner func(rows []events.Event, table []events.Segment, p compare.Params, emit func(e events.Event, s events.Segment)) error

func overTable(run joiner) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) {
		rows, err := events.Slab(p.Events)
		if err != nil {
			return nil, err
		}
		table := events.Segments(p.Other)
		return func() (a measure.Answer, err error) {
			err = run(rows, table, p, func(e events.Event, s events.Segment) {
				a.Add(events.HashJoined(e.ID, s.Segment, s.Weight))
			})
			runtime.KeepAlive(table) // or what the work holds would be offset by what it lets go of
			return a, err
		}, nil
	}
}

func joinMillrace(unordered bool) joiner {
	return func(rows []events.Event, table []events.Segment, p compare.Params, emit func(events.Event, events.Segment)) error {
		var stats stream.JoinStats
		joined := stream.Join(stream.Of(rows...), stream.Of(table...), events.Event.UserType, events.Segment.UserType, stream.JoinOptions{
			Unordered: unordered, Resources: stream.Resources{Memory: p.Memory}, Stats: &stats,
		})
		for j, err := range joined {
			if err != nil {
				return err
			}
			emit(j.Left, j.Right)
		}
		if stats.Broadcast != (p.Memory == 0) || p.Memory >= enoughToHold && (stats.Partitions > 0) != p.Cut {
			return fmt.Errorf("join: with a bound of %d bytes it did %+v: not what the case is about", p.Memory, stats)
		}
		return nil
	}
}

func joinBroadcast(rows []events.Event, table []events.Segment, p compare.Params, emit func(events.Event, events.Segment)) error {
	p.Memory, p.Cut = 0, false
	return joinMillrace(false)(rows, table, p, emit)
}

func joinLoop(rows []events.Event, table []events.Segment, _ compare.Params, emit func(events.Event, events.Segment)) error {
	byKey := make(map[events.UserType]events.Segment, len(table))
	for _, s := range table {
		byKey[s.UserType()] = s
	}
	for i := range rows {
		e := &rows[i]
		if s, ok := byKey[events.UserType{User: e.User, Type: e.Type}]; ok {
			emit(*e, s)
		}
	}
	return nil
}

func joinLoopIter(rows []events.Event, table []events.Segment, _ compare.Params, emit func(events.Event, events.Segment)) error {
	byKey := map[events.UserType]events.Segment{} // how many come, an iterator does not say
	for s, err := range stream.Of(table...) {
		if err != nil {
			return err
		}
		byKey[s.UserType()] = s
	}
	for e, err := range stream.Of(rows...) {
		if err != nil {
			return err
		}
		if s, ok := byKey[e.UserType()]; ok {
			emit(e, s)
		}
	}
	return nil
}
