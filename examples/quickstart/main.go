// Quickstart looks at a CSV or NDJSON file of your own: what its fields seem to be, how many rows are like
// that, and which are not.
//
//	go run ./examples/quickstart FILE
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: quickstart FILE   (CSV, TSV or NDJSON; plain, gzip or zstd)")
	}
	if flag.Parse(); flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := look(flag.Arg(0), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// sampleRows is how many rows the schema is inferred from. All rows are then held against it.
const sampleRows = 1000

func look(path string, out io.Writer) error {
	sketch, err := validate.InferFile(path, sampleRows)
	if err != nil {
		return err
	}
	if sketch.Rows+sketch.Rejected == 0 {
		fmt.Fprintln(out, "0 rows")
		return nil
	}
	fmt.Fprintln(out, sketch)
	schema, err := sketch.Schema()
	if err != nil {
		return fmt.Errorf("no field to hold rows against: %w", err)
	}
	rejects := 0
	show := func(r validate.Reject) error {
		if rejects++; rejects <= 5 {
			fmt.Fprintf(out, "reject %s:%d %s\n", r.Source, r.Line, r.Message)
		}
		return nil
	}
	valid, err := stream.Count(schema.ReadFiles([]string{path}, validate.Options{Quarantine: show}))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d rows: %d valid, %d rejected\n", valid+rejects, valid, rejects)
	return nil
}
