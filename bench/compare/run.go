package compare

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/millrace-go/millrace/bench/measure"
)

// Options say how to run a comparison.
type Options struct {
	Rows   int      // 0: those of a full run
	Rounds int      // at least 1
	Seed   uint64   // of the data
	Cases  []string // nil: all
	Sides  []string // nil: all
	Commit string   // for the result
	Log    io.Writer

	// Start runs one side. ErrUnavailable: it cannot run here at all, and is left out.
	Start func(Side, Job) (Report, error)
}

// ErrUnavailable is in the chain of an error of Start where the side cannot run on this machine.
var ErrUnavailable = errors.New("not available here")

// Run measures the cases of a comparison one after the other and hands each to done.
func Run(cmp *Comparison, o Options, done func(*Result) error) error {
	for _, c := range cmp.Cases {
		if o.Cases != nil && !slices.Contains(o.Cases, c.Name) {
			continue
		}
		r, err := runCase(cmp, c, o)
		if err != nil {
			return fmt.Errorf("compare: %s, case %s: %w", cmp.Name, c.Name, err)
		}
		if err := done(r); err != nil {
			return err
		}
	}
	return nil
}

// runCase runs the rounds. Each begins with another side, so that no side always comes after the same one.
func runCase(cmp *Comparison, c Case, o Options) (*Result, error) {
	rows := o.Rows
	if rows == 0 {
		rows = c.Rows
	}
	r := &Result{
		Comparison: cmp.Name, Title: cmp.Title, About: cmp.About, Case: c.Name, CaseAbout: c.About,
		Params: c.fill(rows, o.Seed), Rounds: o.Rounds, Date: time.Now().UTC().Truncate(time.Second), Commit: o.Commit,
		Machine: measure.ThisMachine(), LoadBefore: measure.Load(), Goals: c.Goals,
	}
	fmt.Fprintf(o.Log, "%s, %s: %d rows\n", cmp.Name, c.Name, rows)
	sides := slices.DeleteFunc(cmp.sides(c), func(s Side) bool { return o.Sides != nil && !slices.Contains(o.Sides, s.Name) })
	if len(sides) == 0 {
		return nil, errors.New("no side left to run")
	}
	for _, s := range sides {
		r.Sides = append(r.Sides, SideResult{Name: s.Name, About: s.About, Module: s.Module})
	}
	for round := range o.Rounds {
		for i := range sides {
			s := sides[(i+round)%len(sides)]
			if slices.ContainsFunc(r.LeftOut, func(l LeftOut) bool { return l.Name == s.Name }) {
				continue
			}
			if err := r.runSide(s, o); err != nil {
				return nil, err
			}
		}
	}
	r.Sides = slices.DeleteFunc(r.Sides, func(s SideResult) bool { return len(s.Costs) == 0 })
	r.LoadAfter = measure.Load()
	return r, nil
}

// runSide runs one side once, and refuses an answer that is not that of the runs before it.
func (r *Result) runSide(s Side, o Options) error {
	report, err := o.Start(s, Job{Comparison: r.Comparison, Side: s.Name, Params: r.Params})
	if errors.Is(err, ErrUnavailable) {
		r.LeftOut = append(r.LeftOut, LeftOut{Name: s.Name, Reason: err.Error()})
		fmt.Fprintf(o.Log, "  %-14s left out: %v\n", s.Name, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("side %s: %w", s.Name, err)
	}
	if r.Answer == (measure.Answer{}) {
		r.Answer = report.Answer
	}
	if report.Answer != r.Answer {
		return fmt.Errorf("side %s answers %+v, another %+v: nothing of this is kept", s.Name, report.Answer, r.Answer)
	}
	c := report.Cost
	fmt.Fprintf(o.Log, "  %-14s %8.3f s wall %8.3f s cpu %7.1f MiB own peak %7.1f MiB live %12d allocs",
		s.Name, c.Wall, c.CPU(), float64(c.OwnPeak())/(1<<20), float64(c.Live)/(1<<20), c.Allocs)
	if c.Others >= 0 {
		fmt.Fprintf(o.Log, ", others used %2.0f %%", 100*c.Others)
	}
	fmt.Fprintln(o.Log)
	side := r.Side(s.Name)
	side.Costs = append(side.Costs, c)
	side.Version = report.Modules[s.Module]
	return nil
}
