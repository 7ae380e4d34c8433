package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/files"
)

// runGenerate writes the events to files. The comparisons do not need them: they make their own, in memory.
func runGenerate(args []string) error {
	f := flag.NewFlagSet("generate", flag.ContinueOnError)
	var o events.Options
	f.IntVar(&o.Rows, "rows", 10_000_000, "events, retries among them")
	f.Uint64Var(&o.Seed, "seed", 1, "other events for each")
	f.IntVar(&o.Users, "users", 0, "that can occur; 0: three for 20 rows")
	f.BoolVar(&o.Zipf, "zipf", true, "few users make most events; otherwise all are alike")
	dir := f.String("out", "data", "folder; events.ndjson and events.parquet in it are replaced")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.Users == 0 {
		o.Users = max(o.Rows/20*3, 1)
	}
	if err := os.MkdirAll(*dir, 0o777); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(*dir, "events.ndjson"))
	if err != nil {
		return err
	}
	defer file.Close()
	broken, err := files.WriteNDJSON(file, o)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := files.WriteParquet(filepath.Join(*dir, "events.parquet"), o); err != nil {
		return err
	}
	fmt.Printf("%d events in events.parquet; the same in events.ndjson, %d lines broken\n", o.Rows, broken)
	return nil
}
