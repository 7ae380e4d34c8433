// Package compare runs several programs that answer the same question, in turns, each in a process of its own, and
// keeps their costs only if their answers agree.
//
// A comparison asks one question in one or more cases (kinds of data or of work). A case is answered by several
// sides. A run is one side answering one case once; a round is one run of every side.
package compare

import (
	"fmt"
	"slices"

	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
)

// Comparison is one named question.
type Comparison struct {
	Name  string // "aggregate"
	Title string // of its section in the report
	About string // a paragraph for it: what is asked, and what each side does
	Cases []Case
	Sides []Side // the first is ours
}

// Case is one kind of data or work.
type Case struct {
	Name   string
	About  string // a line
	Rows   int    // of a full run
	Params Params
	Sides  []string // those that answer it; nil: all
	Goals  []Goal
}

// Params is what sides need to know of a case. What a comparison does not use stays zero.
type Params struct {
	Events    events.Options `json:"events"` // Rows and Seed are filled in by the runner
	StringKey bool           `json:"string_key,omitempty"`
	Numbers   bool           `json:"numbers,omitempty"` // the rows are keys alone
	Inputs    int            `json:"inputs,omitempty"`  // of a merge
	Other     int            `json:"other,omitempty"`   // rows of the second input of a join
	Memory    int64          `json:"memory,omitempty"`  // bytes that a bounded side may keep alive
	Cut       bool           `json:"cut,omitempty"`     // both sides of a bounded join are cut by hash
}

// Side is one way to answer.
type Side struct {
	Name    string
	About   string // a line
	Module  string // path of the peer's module; empty: the standard library
	Program string // folder of the nested module that has this side; empty: this program

	// Prepare makes the input, and returns the work to measure. nil where Program is set.
	Prepare func(Params) (Work, error)
}

// Work answers. Consuming the result is part of it.
type Work func() (measure.Answer, error)

// Goal is a promise about two sides of a case: what A costs against B.
type Goal struct {
	Measure string  `json:"measure"` // "wall", "peak", "live" or "resident"
	A       string  `json:"a"`
	B       string  `json:"b,omitempty"` // empty: A alone, in bytes or seconds
	AtMost  float64 `json:"at_most"`     // A / B
}

// sides returns the sides that answer c, in their order.
func (cmp *Comparison) sides(c Case) []Side {
	return slices.DeleteFunc(slices.Clone(cmp.Sides), func(s Side) bool {
		return c.Sides != nil && !slices.Contains(c.Sides, s.Name)
	})
}

// side finds a side by name.
func (cmp *Comparison) side(name string) (Side, error) {
	for _, s := range cmp.Sides {
		if s.Name == name {
			return s, nil
		}
	}
	return Side{}, fmt.Errorf("compare: %s has no side %q", cmp.Name, name)
}

// Find returns the comparison of that name.
func Find(all []Comparison, name string) (*Comparison, error) {
	for i := range all {
		if all[i].Name == name {
			return &all[i], nil
		}
	}
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	return nil, fmt.Errorf("compare: no comparison named %q; there are %v", name, names)
}

// fill completes the parameters of a case for so many rows. What goes with the number of rows is scaled.
func (c Case) fill(rows int, seed uint64) Params {
	p := c.Params
	scale := func(n int) int { return max(1, int(float64(n)*float64(rows)/float64(c.Rows))) }
	p.Events.Rows, p.Events.Seed = rows, seed
	p.Events.Users = scale(max(p.Events.Users, 1))
	if p.Other > 0 {
		p.Other = scale(p.Other)
	}
	if p.Memory > 0 {
		p.Memory = max(64<<10, int64(scale(int(p.Memory))))
	}
	return p
}
