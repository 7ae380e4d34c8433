package suite

import (
	"slices"

	"github.com/samber/lo/it"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

// aggregate counts events per user and type, unbounded.
func aggregate() compare.Comparison {
	const rows = 10_000_000
	zipf := events.Options{Users: rows / 20 * 3, Zipf: true}
	even := events.Options{Users: rows / 2000 * 47}
	few := events.Options{Users: 4000, Zipf: true}
	faster := func(times float64, side string) compare.Goal {
		return compare.Goal{Measure: "wall", A: side, B: "loop", AtMost: 1 / times}
	}
	many := []compare.Goal{faster(3.5, "millrace"), faster(8, "millrace-2")}
	return compare.Comparison{
		Name:  "aggregate",
		Title: "Count per user and type",
		About: "Events in memory as Go structs of 64 bytes, counted per (user, type); the answer is read group by group. " +
			"DuckDB gets the rows through its Appender, as any data that Go already holds, and gives the groups back " +
			"through database/sql; all of that is counted, since all of it is needed.",
		Cases: []compare.Case{
			{Name: "zipf", About: "2.0 M groups, key (uint64, uint32), zipf users", Rows: rows, Params: compare.Params{Events: zipf}, Goals: many},
			{Name: "zipf-string", About: "2.0 M groups, key (uint64, string), zipf users", Rows: rows,
				Params: compare.Params{Events: zipf, StringKey: true}, Goals: many},
			{Name: "even", About: "2.1 M groups, key (uint64, uint32), all users alike", Rows: rows, Params: compare.Params{Events: even}, Goals: many},
			{Name: "few", About: "48 thousand groups, key (uint64, uint32), zipf users", Rows: rows, Params: compare.Params{Events: few},
				Goals: []compare.Goal{faster(3, "millrace")}},
		},
		Sides: []compare.Side{
			{Name: "millrace", About: "stream.Aggregate, one worker", Prepare: aggregateMillrace(1, false)},
			{Name: "millrace-2", About: "stream.Aggregate, two workers", Prepare: aggregateMillrace(2, false)},
			{Name: "loop", About: "a for loop and a Go map", Prepare: overEvents(countByType, countByName)},
			{Name: "lo", About: "it.CountValuesBy", Module: "github.com/samber/lo",
				Prepare: overEvents(countLo(events.Event.UserType), countLo(events.Event.UserTypeName))},
			{Name: "duckdb", About: "Appender, GROUP BY, database/sql", Module: "github.com/duckdb/duckdb-go/v2", Program: "duckdb"},
		},
	}
}

// counter counts rows per key and hands each group to emit.
type counter[K comparable] func(rows []events.Event, emit func(K, int)) error

// overEvents makes the events, and the work for the case's key.
func overEvents(byType counter[events.UserType], byName counter[events.UserTypeName]) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) {
		rows, err := events.Slab(p.Events)
		if err != nil {
			return nil, err
		}
		return func() (a measure.Answer, err error) {
			if p.StringKey {
				err = byName(rows, func(k events.UserTypeName, n int) { a.Add(events.HashName(k.User, k.Type, n)) })
			} else {
				err = byType(rows, func(k events.UserType, n int) { a.Add(events.HashType(k.User, k.Type, n)) })
			}
			return a, err
		}, nil
	}
}

// aggregateMillrace counts with or without the memory bound of the case.
func aggregateMillrace(workers int, bounded bool) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) {
		r := stream.Resources{Workers: workers}
		if bounded {
			r.Memory = p.Memory
		}
		return overEvents(countMillrace(events.Event.UserType, r), countMillrace(events.Event.UserTypeName, r))(p)
	}
}

func countMillrace[K comparable](key func(events.Event) K, r stream.Resources) counter[K] {
	return func(rows []events.Event, emit func(K, int)) error {
		counts := stream.Aggregate(stream.Of(rows...), key, fold.Count[events.Event](), stream.AggregateOptions{Resources: r})
		for c, err := range counts {
			if err != nil {
				return err
			}
			emit(c.Key, c.Value)
		}
		return nil
	}
}

func countByType(rows []events.Event, emit func(events.UserType, int)) error {
	counts := map[events.UserType]int{}
	for i := range rows {
		e := &rows[i]
		counts[events.UserType{User: e.User, Type: e.Type}]++
	}
	for k, n := range counts {
		emit(k, n)
	}
	return nil
}

func countByName(rows []events.Event, emit func(events.UserTypeName, int)) error {
	counts := map[events.UserTypeName]int{}
	for i := range rows {
		e := &rows[i]
		counts[events.UserTypeName{User: e.User, Type: e.TypeName}]++
	}
	for k, n := range counts {
		emit(k, n)
	}
	return nil
}

func countLo[K comparable](key func(events.Event) K) counter[K] {
	return func(rows []events.Event, emit func(K, int)) error {
		for k, n := range it.CountValuesBy(slices.Values(rows), key) {
			emit(k, n)
		}
		return nil
	}
}
