package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/suite"
)

// TestMain lets the test binary be the process of a side, as the command is.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == compare.SideCommand {
		if err := run(os.Args[1], os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestCompareAndReport(t *testing.T) {
	results, out := t.TempDir(), t.TempDir()
	err := run("compare", []string{"-rows", "5000", "-rounds", "2", "-sides", "millrace,iterseq,loop", "-out", results, "chain", "aggregate"})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := compare.Load(os.DirFS(results))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range loaded {
		for _, s := range r.Sides {
			for _, c := range s.Costs {
				if c.Wall <= 0 || c.CPU() < 0 || c.Peak < c.PeakBefore {
					t.Errorf("%s: %s cost %+v", r.File(), s.Name, c)
				}
			}
		}
	}
	if err := run("report", []string{"-in", results, "-out", out}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(out, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## Three stages", "**zipf-string**", "plots/aggregate.svg"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("RESULTS.md does not have %q", want)
		}
	}
}

// The sides of DuckDB need a C++ runtime to link, which not every machine has.
func TestDuckDB_answers_alike(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and links DuckDB")
	}
	processes := &compare.Processes{Root: ".", Log: t.Output()}
	defer processes.Close()
	for _, cmp := range suite.All() {
		for _, cs := range cmp.Cases {
			o := compare.Options{Rows: 5000, Rounds: 1, Cases: []string{cs.Name}, Sides: []string{"millrace", "duckdb"},
				Log: t.Output(), Start: processes.Start}
			err := compare.Run(&cmp, o, func(r *compare.Result) error {
				if len(r.LeftOut) > 0 {
					t.Skip(r.LeftOut[0].Reason)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestGenerate(t *testing.T) {
	dir := t.TempDir()
	if err := run("generate", []string{"-rows", "3000", "-out", dir}); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(filepath.Join(dir, "events.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(first, []byte("\n")); n != 3000 {
		t.Errorf("%d lines, want 3000", n)
	}
	if info, err := os.Stat(filepath.Join(dir, "events.parquet")); err != nil || info.Size() == 0 {
		t.Errorf("events.parquet: %v", err)
	}
	if err := run("generate", []string{"-rows", "3000", "-out", dir}); err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(filepath.Join(dir, "events.ndjson"))
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the same options give other bytes (%v)", err)
	}
}

func TestRun_refuses(t *testing.T) {
	for _, args := range [][]string{{"compare"}, {"compare", "nothing"}, {"compare", "-rounds", "0", "chain"}, {"dance"},
		{"side"}, {"side", "{"}, {"report", "-in", "nowhere", "-out", filepath.Join(t.TempDir(), "no", "such")}} {
		if err := run(args[0], args[1:]); err == nil {
			t.Errorf("%s: no error", strings.Join(args, " "))
		} else if errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%s: %v", strings.Join(args, " "), err)
		}
	}
}
