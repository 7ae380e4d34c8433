package streamtest

import (
	"errors"

	"github.com/millrace-go/millrace/stream"
)

// SinkViolations is CheckSinkWith for any framework; each error is a *Violation.
func SinkViolations[In, R any](sink func(stream.Seq[In]) (R, error), o CheckOptions[R], inputs ...In) []error {
	if sink == nil {
		panic("streamtest: SinkViolations: nil sink")
	}
	if len(inputs) == 0 {
		inputs = Random[In](o.Seed, randomInputs)
	}
	// A sink is an operator whose one output is its result; an error beside it is the stream's error.
	c := &sinkCheck[In, R]{bench: newBench(o), sink: sink, inputs: inputs}
	c.run()
	return c.found.errors()
}

type sinkCheck[In, R any] struct {
	*bench[R]
	sink   func(stream.Seq[In]) (R, error)
	inputs []In

	base     *outcome[R]
	baseRead ScriptCounts
}

func (c *sinkCheck[In, R]) run() {
	s := step{kind: "full run", at: -1}
	src := &Script[In]{Values: c.inputs}
	c.base = c.play(s, src)
	c.baseRead = src.Counts()
	if c.hung || !c.baseline(s, c.base) {
		return
	}
	for _, s := range []func(){c.again, c.errors, c.panics} {
		if s(); c.hung {
			return
		}
	}
	c.leftovers(step{kind: "end of the check", at: -1})
}

// play calls the sink once on a script and checks what holds for every call.
func (c *sinkCheck[In, R]) play(s step, src *Script[In]) *outcome[R] {
	var counts ScriptCounts
	ended := &probe{ended: func() { counts = src.Counts() }}
	o := c.drive(s, patient(), ended, func() stream.Seq[R] {
		r, err := c.sink(src.Seq())
		return func(yield func(R, error) bool) {
			if err != nil {
				var zero R // a sink may return what it had beside an error
				yield(zero, err)
				return
			}
			yield(r, nil)
		}
	})
	if c.hung {
		return o
	}
	if counts.Starts > 1 {
		c.found.add(RuleRerun, s, "the source was started %d times in one call; a single-use source would fail", counts.Starts)
	}
	if counts.Starts != counts.Cleanups {
		c.found.add(RuleCleanup, s, "the source was still running when the sink returned: its deferred clean-up had not run")
	}
	return o
}

func (c *sinkCheck[In, R]) again() {
	for i := range recreations {
		s := step{"call again", i, recreations}
		c.compare(RuleRepeat, s, c.play(s, &Script[In]{Values: c.inputs}), c.base)
	}
}

// needless: a sink that stops by itself (First) may have read ahead.
func (c *sinkCheck[In, R]) needless(o *outcome[R]) bool {
	return c.baseRead.Ends == 0 && o.returned && o.err == nil && c.o.same(o.values, c.base.values)
}

func (c *sinkCheck[In, R]) errors() {
	n := len(c.inputs)
	for _, at := range positions(n+1, c.o.positions()) {
		s := step{"error at input", at, n}
		src := &Script[In]{Values: c.inputs, At: at, Err: injectedError(at)}
		o := c.play(s, src)
		if c.hung {
			return
		}
		if src.Counts().Faults > 0 && !c.o.Absorbs && !c.needless(o) && !errors.Is(o.err, src.Err) {
			c.found.add(RuleErrorForwarded, s, "want an error that wraps the injected one, but %s", o.end())
		}
	}
}

func (c *sinkCheck[In, R]) panics() {
	n := len(c.inputs)
	for _, at := range positions(n+1, c.o.positions()) {
		injected := injectedPanic("input", at)
		s := step{"panic at input", at, n}
		src := &Script[In]{Values: c.inputs, At: at, Panic: injected}
		o := c.play(s, src)
		if c.hung {
			return
		}
		if src.Counts().Faults > 0 && !c.needless(o) {
			c.thrown(s, o, injected)
		}
		s.kind = "Goexit at input"
		src = &Script[In]{Values: c.inputs, At: at, Goexit: true}
		o = c.play(s, src)
		if c.hung {
			return
		}
		if src.Counts().Faults > 0 && !c.needless(o) && !o.goexited {
			c.found.add(RulePanic, s, "want the caller's goroutine to exit, but %s", o.end())
		}
	}
}
