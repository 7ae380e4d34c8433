package suite

import (
	"slices"
	"testing"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/measure"
)

// Every side of this program answers every case alike at a size that takes milliseconds. Sides of other programs are
// met in the test of the command.
func TestSuite_answers_agree(t *testing.T) {
	const rows = 20_000
	for _, cmp := range All() {
		t.Run(cmp.Name, func(t *testing.T) {
			answered := map[string]int{}
			start := func(s compare.Side, j compare.Job) (compare.Report, error) {
				if s.Program != "" {
					return compare.Report{}, compare.ErrUnavailable
				}
				work, err := s.Prepare(j.Params)
				if err != nil {
					return compare.Report{}, err
				}
				a, err := work()
				if err == nil && (a.Rows == 0 || a.Rows > 2*rows) {
					t.Errorf("side %s answers with %d rows", s.Name, a.Rows)
				}
				answered[s.Name]++
				return compare.Report{Answer: a, Cost: measure.Cost{Wall: 1}}, err
			}
			o := compare.Options{Rows: rows, Rounds: 1, Seed: 5, Log: t.Output(), Start: start}
			err := compare.Run(&cmp, o, func(r *compare.Result) error {
				for _, g := range r.Goals {
					g.Cost() // panics for a measure that does not exist
					away := slices.ContainsFunc(r.LeftOut, func(l compare.LeftOut) bool { return l.Name == g.A || l.Name == g.B })
					if _, ok := r.Measured(g); !ok && !away {
						t.Errorf("case %s: a goal names a side that it does not have: %+v", r.Case, g)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range cmp.Sides {
				if s.Program == "" && answered[s.Name] == 0 {
					t.Errorf("side %s answers no case", s.Name)
				}
			}
		})
	}
}
