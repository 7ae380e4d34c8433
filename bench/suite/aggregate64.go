package suite

import (
	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
)

// aggregate64 counts events per user and type where the groups do not fit.
func aggregate64() compare.Comparison {
	const rows, memory = 10_000_000, 64 << 20
	params := compare.Params{Events: events.Options{Users: rows / 20 * 3, Zipf: true}, Memory: memory}
	named := params
	named.StringKey = true
	goals := []compare.Goal{
		{Measure: "wall", A: "millrace", B: "unbounded", AtMost: 3},
		{Measure: "live", A: "millrace", AtMost: memory},
	}
	return compare.Comparison{
		Name:  "aggregate64",
		Title: "Count per user and type in 64 MiB",
		About: "The same counts with a bound on memory that holds about half of the groups: the rest goes through files. The " +
			"bound is on live bytes; the resident set has the collector's garbage on top. DuckDB gets the same number as " +
			"its `memory_limit`, and a folder to spill into.",
		Cases: []compare.Case{
			{Name: "zipf", About: "2.0 M groups, key (uint64, uint32), zipf users", Rows: rows, Params: params, Goals: goals},
			{Name: "zipf-string", About: "2.0 M groups, key (uint64, string), zipf users", Rows: rows, Params: named, Goals: goals},
		},
		Sides: []compare.Side{
			{Name: "millrace", About: "stream.Aggregate, 64 MiB, one worker", Prepare: aggregateMillrace(1, true)},
			{Name: "millrace-2", About: "stream.Aggregate, 64 MiB, two workers", Prepare: aggregateMillrace(2, true)},
			{Name: "unbounded", About: "stream.Aggregate without a bound, one worker", Prepare: aggregateMillrace(1, false)},
			{Name: "duckdb", About: "Appender, GROUP BY, database/sql; memory_limit 64 MiB", Module: "github.com/duckdb/duckdb-go/v2",
				Program: "duckdb"},
		},
	}
}
