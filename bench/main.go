// Command bench makes data, runs comparisons with peers, and writes the report. See README.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/report"
	"github.com/millrace-go/millrace/bench/suite"
)

const usage = `usage, in the folder bench:
  go run . list                               the comparisons, their cases and sides
  go run . compare [flags] NAME... | all      run them, write results/*.json
  go run . report                             write RESULTS.md and plots/ from results/
  go run . generate [flags]                   write the events as NDJSON and Parquet
Each with -h says its flags.
`

func main() {
	err := errors.New("no command")
	if len(os.Args) > 1 {
		err = run(os.Args[1], os.Args[2:])
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		if len(os.Args) < 2 {
			fmt.Fprint(os.Stderr, usage)
		}
		os.Exit(1)
	}
}

func run(command string, args []string) error {
	switch command {
	case compare.SideCommand:
		if len(args) != 1 {
			return errors.New("bench: side: want one job")
		}
		return compare.Serve(suite.All(), args[0], os.Stdout)
	case "list":
		list()
		return nil
	case "compare":
		return runCompare(args)
	case "report":
		return runReport(args)
	case "generate":
		return runGenerate(args)
	}
	return fmt.Errorf("bench: no command %q\n%s", command, usage)
}

func list() {
	for _, c := range suite.All() {
		fmt.Printf("%s: %s\n", c.Name, c.Title)
		for _, cs := range c.Cases {
			fmt.Printf("  case %-14s %d rows: %s\n", cs.Name, cs.Rows, cs.About)
		}
		for _, s := range c.Sides {
			fmt.Printf("  side %-14s %s\n", s.Name, s.About)
		}
	}
}

func runCompare(args []string) error {
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	rows := f.Int("rows", 0, "rows of every case; 0: as many as the case says")
	rounds := f.Int("rounds", 5, "runs of every side")
	seed := f.Uint64("seed", 1, "of the data")
	cases := f.String("cases", "", "only these cases, separated by commas")
	sides := f.String("sides", "", "only these sides, separated by commas")
	out := f.String("out", "results", "folder for the results; empty: keep none")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 || *rows < 0 {
		return fmt.Errorf("bench: compare: %d rounds, %d rows: want at least 1 and 0", *rounds, *rows)
	}
	root, err := benchRoot()
	if err != nil {
		return err
	}
	all := suite.All()
	names := f.Args()
	if len(names) == 1 && names[0] == "all" {
		names = nil
		for _, c := range all {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return errors.New("bench: compare: name a comparison, or all; list shows them")
	}
	processes := &compare.Processes{Root: root, Log: os.Stderr}
	defer processes.Close()
	o := compare.Options{Rows: *rows, Rounds: *rounds, Seed: *seed, Cases: split(*cases), Sides: split(*sides),
		Commit: commit(root), Log: os.Stderr, Start: processes.Start}
	for _, name := range names {
		c, err := compare.Find(all, name)
		if err != nil {
			return err
		}
		err = compare.Run(c, o, func(r *compare.Result) error {
			if *out == "" {
				return nil
			}
			return r.Save(*out)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func runReport(args []string) error {
	f := flag.NewFlagSet("report", flag.ContinueOnError)
	in := f.String("in", "results", "folder of the results")
	out := f.String("out", ".", "folder for RESULTS.md and plots/")
	if err := f.Parse(args); err != nil {
		return err
	}
	results, err := compare.Load(os.DirFS(*in))
	if err != nil {
		return err
	}
	var order []string
	for _, c := range suite.All() {
		for _, cs := range c.Cases {
			order = append(order, (&compare.Result{Comparison: c.Name, Case: cs.Name}).File())
		}
	}
	return report.Write(*out, results, order)
}

// benchRoot is the folder of this module: nested modules are built from there.
func benchRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	root := strings.TrimSpace(string(out))
	if err != nil || !strings.HasSuffix(filepath.ToSlash(root), "/bench") {
		return "", errors.New("bench: run it in the folder bench, with go run")
	}
	return root, nil
}

// commit names the checkout, with a plus sign where it has changes outside the results.
func commit(root string) string {
	out, err := exec.Command("git", "-C", root, "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "not known"
	}
	id := strings.TrimSpace(string(out))
	changes, err := exec.Command("git", "-C", root, "status", "--porcelain", "--", "..",
		":!results", ":!plots", ":!RESULTS.md").Output()
	if err != nil || len(changes) > 0 {
		id += "+"
	}
	return id
}

// split is strings.Split, with nil for nothing.
func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}
