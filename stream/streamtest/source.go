package streamtest

import "github.com/millrace-go/millrace/stream"

// SourceViolations is CheckSourceWith for any framework; each error is a *Violation.
func SourceViolations[Out any](open func() stream.Seq[Out], o CheckOptions[Out]) []error {
	if open == nil {
		panic("streamtest: SourceViolations: nil open")
	}
	c := &sourceCheck[Out]{bench: newBench(o), open: open}
	c.run()
	return c.found.errors()
}

type sourceCheck[Out any] struct {
	*bench[Out]
	open func() stream.Seq[Out]
	base *outcome[Out]
}

func (c *sourceCheck[Out]) run() {
	s := step{kind: "full run", at: -1}
	c.base = c.drive(s, attentive(), nil, c.open)
	if c.hung || !c.baseline(s, c.base) {
		return
	}
	for _, s := range []func(){c.unused, c.again, c.reruns, c.breaks, c.bodyPanics} {
		if s(); c.hung {
			return
		}
	}
	c.leftovers(step{kind: "end of the check", at: -1})
}

func (c *sourceCheck[Out]) unused() {
	c.drive(step{kind: "sequence never run", at: -1}, patient(), nil, func() stream.Seq[Out] {
		c.open()
		return func(func(Out, error) bool) {}
	})
}

func (c *sourceCheck[Out]) again() {
	for i := range recreations {
		s := step{"fresh source", i, recreations}
		c.compare(RuleRepeat, s, c.drive(s, patient(), nil, c.open), c.base)
	}
}

func (c *sourceCheck[Out]) reruns() {
	seq := c.open()
	for i := range 3 {
		s := step{"run of one sequence", i, 3}
		o := c.drive(s, patient(), nil, func() stream.Seq[Out] { return seq })
		if c.hung {
			return
		}
		c.second(s, i, o, c.base)
	}
}

func (c *sourceCheck[Out]) breaks() {
	n := c.base.pairs
	for _, at := range positions(n, c.o.positions()) {
		seq := c.open()
		build := func() stream.Seq[Out] { return seq }
		body := patient()
		body.stopAt = at
		s := step{"break at output", at, n}
		o := c.drive(s, body, nil, build)
		if c.hung {
			return
		}
		c.broken(s, o, c.base, at)
		s.kind = "run after a break at output"
		o = c.drive(s, patient(), nil, build)
		if c.hung {
			return
		}
		c.second(s, 1, o, c.base)
	}
}

func (c *sourceCheck[Out]) bodyPanics() {
	if c.base.foreign {
		return
	}
	c.bodies(c.base, func(s step, body consumer) *outcome[Out] { return c.drive(s, body, nil, c.open) })
}
