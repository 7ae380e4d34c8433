// Package report writes RESULTS.md and its plots from result files, and from nothing else: the same files give the
// same bytes.
package report

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/millrace-go/millrace/bench/compare"
)

// Write replaces RESULTS.md and plots/ in folder dir. Cases come in the given order, which names them as their files
// are named; others behind them.
func Write(dir string, results []compare.Result, order []string) error {
	sections := group(results, order)
	plots := filepath.Join(dir, "plots")
	if err := os.RemoveAll(plots); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := os.MkdirAll(plots, 0o777); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for _, s := range sections {
		if err := os.WriteFile(filepath.Join(plots, s.plot()), []byte(s.chart()), 0o666); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return os.WriteFile(filepath.Join(dir, "RESULTS.md"), []byte(page(sections)), 0o666)
}

// section is one comparison: its cases.
type section []compare.Result

func (s section) plot() string { return s[0].Comparison + ".svg" }

// group puts the cases of each comparison together.
func group(results []compare.Result, order []string) []section {
	place := func(r compare.Result) int {
		if i := slices.Index(order, r.File()); i >= 0 {
			return i
		}
		return len(order)
	}
	results = slices.Clone(results)
	slices.SortStableFunc(results, func(a, b compare.Result) int { return place(a) - place(b) })
	var sections []section
	for _, r := range results {
		i := slices.IndexFunc(sections, func(s section) bool { return s[0].Comparison == r.Comparison })
		if i < 0 {
			i = len(sections)
			sections = append(sections, nil)
		}
		sections[i] = append(sections[i], r)
	}
	return sections
}
