package compare

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/millrace-go/millrace/bench/measure"
)

// Result is one case of one comparison, measured: a file of results/. It says everything the report needs.
type Result struct {
	Comparison string          `json:"comparison"`
	Title      string          `json:"title"`
	About      string          `json:"about"`
	Case       string          `json:"case"`
	CaseAbout  string          `json:"case_about"`
	Params     Params          `json:"params"`
	Rounds     int             `json:"rounds"`
	Date       time.Time       `json:"date"`
	Commit     string          `json:"commit"` // of the checkout; "+" at the end: with changes
	Machine    measure.Machine `json:"machine"`
	LoadBefore float64         `json:"load_before"` // see measure.Load
	LoadAfter  float64         `json:"load_after"`
	Goals      []Goal          `json:"goals,omitempty"`
	Answer     measure.Answer  `json:"answer"` // of every run of every side
	Sides      []SideResult    `json:"sides"`
	LeftOut    []LeftOut       `json:"left_out,omitempty"`
}

// SideResult is what one side cost.
type SideResult struct {
	Name    string         `json:"name"`
	About   string         `json:"about"`
	Module  string         `json:"module,omitempty"`
	Version string         `json:"version,omitempty"`
	Costs   []measure.Cost `json:"costs"` // one a round
}

// LeftOut is a side that could not run at all.
type LeftOut struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// File is the name of the result's file.
func (r *Result) File() string { return r.Comparison + "-" + r.Case + ".json" }

// Save writes the result into folder dir.
func (r *Result) Save(dir string) error {
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, r.File()), append(b, '\n'), 0o666)
}

// Load reads all results of a folder, sorted by file name.
func Load(dir fs.FS) ([]Result, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	var results []Result
	for _, entry := range entries {
		name := entry.Name()
		if path.Ext(name) != ".json" {
			continue
		}
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("compare: %w", err)
		}
		var r Result
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			return nil, fmt.Errorf("compare: %s: %w", name, err)
		}
		results = append(results, r)
	}
	return results, nil
}

// Side returns the side of that name, or nil.
func (r *Result) Side(name string) *SideResult {
	for i := range r.Sides {
		if r.Sides[i].Name == name {
			return &r.Sides[i]
		}
	}
	return nil
}

// Median of what of gives for each round.
func (s *SideResult) Median(of func(measure.Cost) float64) float64 {
	values := make([]float64, len(s.Costs))
	for i, c := range s.Costs {
		values[i] = of(c)
	}
	return median(values)
}

// Ratio is the median, over the rounds, of a's cost divided by b's in the same round: what disturbed the machine for
// minutes disturbed both.
func Ratio(a, b *SideResult, of func(measure.Cost) float64) float64 {
	ratios := make([]float64, min(len(a.Costs), len(b.Costs)))
	for i := range ratios {
		ratios[i] = of(a.Costs[i]) / of(b.Costs[i])
	}
	return median(ratios)
}

// median of a slice that it may reorder; 0 if it is empty.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	mid := len(v) / 2
	if len(v)%2 == 1 {
		return v[mid]
	}
	return (v[mid-1] + v[mid]) / 2
}

// Cost returns how to read what the goal is about.
func (g Goal) Cost() func(measure.Cost) float64 {
	switch g.Measure {
	case "wall":
		return func(c measure.Cost) float64 { return c.Wall }
	case "peak":
		return func(c measure.Cost) float64 { return float64(c.OwnPeak()) }
	case "live":
		return func(c measure.Cost) float64 { return float64(c.Live) }
	case "resident": // of the whole process, program and input included
		return func(c measure.Cost) float64 { return float64(c.Peak) }
	}
	panic("compare: no measure named " + g.Measure)
}

// Measured returns the figure that the goal bounds; false where a side of it did not run.
func (r *Result) Measured(g Goal) (float64, bool) {
	a := r.Side(g.A)
	if a == nil {
		return 0, false
	}
	if g.B == "" {
		return a.Median(g.Cost()), true
	}
	b := r.Side(g.B)
	if b == nil {
		return 0, false
	}
	return Ratio(a, b, g.Cost()), true
}
