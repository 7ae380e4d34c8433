// Command duckdb is the sides of DuckDB: a program of its own, because its library is C++ (70 MB, linked by cgo against
// the C++ runtime), which neither the other sides nor a machine without a C++ compiler should carry.
package main

import (
	"fmt"
	"os"

	"github.com/millrace-go/millrace/bench/compare"
)

func main() {
	if len(os.Args) != 3 || os.Args[1] != compare.SideCommand {
		fmt.Fprintln(os.Stderr, "duckdb: run go run . compare in the folder above; it starts this program")
		os.Exit(2)
	}
	if err := compare.Serve(sides(), os.Args[2], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// sides are the comparisons as far as this program answers them. Names and cases are those of the suite.
func sides() []compare.Comparison {
	return []compare.Comparison{
		{Name: "aggregate", Sides: []compare.Side{{Name: "duckdb", Prepare: prepareAggregate}}},
		{Name: "join", Sides: []compare.Side{{Name: "duckdb", Prepare: prepareJoin}}},
		{Name: "dedup", Sides: []compare.Side{{Name: "duckdb", Prepare: prepareDedup}}},
		{Name: "sessions", Sides: []compare.Side{{Name: "duckdb", Prepare: prepareSessions(false)}}},
		{Name: "session-sums", Sides: []compare.Side{{Name: "duckdb", Prepare: prepareSessions(true)}}},
		{Name: "aggregate64", Sides: []compare.Side{{Name: "duckdb", Prepare: prepareAggregate}}},
	}
}
