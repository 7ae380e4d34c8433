package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// costs of three rounds of a side that takes about so long.
func costs(wall float64, others float64) []measure.Cost {
	var list []measure.Cost
	for _, factor := range []float64{1, 1.5, 0.9} {
		list = append(list, measure.Cost{
			Wall: wall * factor, User: wall, System: wall / 8, Others: others,
			Allocs: uint64(wall * 1e6), AllocBytes: 1 << 20, GCs: 3, Live: 5 << 20, PeakBefore: 10 << 20, Peak: 42 << 20,
		})
	}
	return list
}

func results() []compare.Result {
	machine := measure.Machine{CPU: "A Processor", Cores: 2, Memory: 8 << 30, OS: "linux", Arch: "amd64", Go: "go1.26.0"}
	base := compare.Result{
		Rounds: 3, Date: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), Commit: "0123456789ab", Machine: machine,
	}
	chain, zipf, few := base, base, base
	chain.Comparison, chain.Title, chain.About, chain.Case, chain.CaseAbout = "chain", "Three stages", "What a stage costs.", "uint64", "numbers"
	chain.Params.Events.Rows = 10_000_000
	chain.Goals = []compare.Goal{{Measure: "wall", A: "millrace", B: "loop", AtMost: 1.3}, {Measure: "wall", A: "millrace", B: "slow", AtMost: 0.02},
		{Measure: "peak", A: "millrace", AtMost: 1 << 20}, {Measure: "wall", A: "millrace", B: "absent", AtMost: 1}}
	chain.Sides = []compare.SideResult{
		{Name: "millrace", About: "stream.Map", Costs: costs(0.118, 0.02)},
		{Name: "loop", About: "by hand", Costs: costs(0.095, 0.01)},
		{Name: "slow", About: "a < b & c", Module: "example.com/slow", Version: "v1.0.0", Costs: costs(18, 0)},
	}
	zipf.Comparison, zipf.Title, zipf.About, zipf.Case, zipf.CaseAbout = "aggregate", "Counts", "Counts per key.", "zipf", "skewed"
	zipf.Params.Events = events.Options{Rows: 2_500, Seed: 7}
	zipf.Sides = []compare.SideResult{{Name: "millrace", About: "stream.CountBy", Costs: costs(2, 0.4)}, {Name: "loop", Costs: costs(1, 0)}}
	zipf.LeftOut = []compare.LeftOut{{Name: "duckdb", Reason: "not available here"}}
	zipf.Goals = []compare.Goal{{Measure: "wall", A: "millrace", B: "loop", AtMost: 1.9}, {Measure: "wall", A: "millrace", B: "loop", AtMost: 3}}
	few = zipf
	few.Case, few.CaseAbout, few.Machine.CPU = "few", "few keys", ""
	few.Sides = []compare.SideResult{{Name: "millrace", About: "stream.CountBy", Costs: costs(0.5, -1)}, {Name: "loop", Costs: costs(0.6, -1)}}
	return []compare.Result{few, zipf, chain}
}

func TestWrite_Golden(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "plots", "gone.svg")
	if err := os.MkdirAll(filepath.Dir(stale), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, results(), []string{"chain-uint64.json", "aggregate-zipf.json"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the plot of a comparison that is gone: %v", err)
	}
	for _, name := range []string{"RESULTS.md", "plots/chain.svg", "plots/aggregate.svg"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", filepath.Base(name))
		if *update {
			if err := os.WriteFile(golden, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not as in testdata; go test ./report -update, and look at the difference", name)
		}
		if filepath.Ext(name) == ".svg" {
			wellFormed(t, name, got)
		}
	}
}

func wellFormed(t *testing.T, name string, svg []byte) {
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.0001: "<0.001", 0.0012: "0.001", 0.1234: "0.123", 1.2345: "1.23", 12.345: "12.3", 123.45: "123", 1234.5: "1234"} {
		if got := digits(v); got != want {
			t.Errorf("digits(%v) = %q, want %q", v, got, want)
		}
	}
}
