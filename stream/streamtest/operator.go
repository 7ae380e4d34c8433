package streamtest

import (
	"errors"
	"iter"

	"github.com/millrace-go/millrace/stream"
)

// Violations is CheckWith for any framework: it returns what it found, each error a *Violation. It sets no
// environment; temp files are watched where o.TempDir says.
func Violations[In, Out any](op func(stream.Seq[In]) stream.Seq[Out], o CheckOptions[Out], inputs ...In) []error {
	if op == nil {
		panic("streamtest: Violations: nil operator")
	}
	if len(inputs) == 0 {
		inputs = Random[In](o.Seed, randomInputs)
	}
	c := &operatorCheck[In, Out]{bench: newBench(o), op: op, inputs: inputs}
	c.run()
	return c.found.errors()
}

// randomInputs is how many inputs are made where none are given: enough for a few batches and groups, few
// enough to try every position.
const randomInputs = 24

type operatorCheck[In, Out any] struct {
	*bench[Out]
	op     func(stream.Seq[In]) stream.Seq[Out]
	inputs []In

	base     *outcome[Out] // the healthy run
	baseRead ScriptCounts
	prefixes []given // by inputs, ascending
}

func (c *operatorCheck[In, Out]) run() {
	if !c.healthy() {
		return
	}
	steps := []func(){c.unused, c.again, c.reruns, c.breaks, c.sourceErrors, c.readsAhead, c.consumed, c.turns, c.sourcePanics, c.bodyPanics}
	for _, s := range steps {
		if s(); c.hung {
			return
		}
	}
	c.leftovers(step{kind: "end of the check", at: -1})
}

// play runs the operator over a script, once, and checks what holds for every run.
func (c *operatorCheck[In, Out]) play(s step, src *Script[In], body consumer) *outcome[Out] {
	return c.playSeq(s, src, body, func() stream.Seq[Out] { return c.op(src.Seq()) })
}

func (c *operatorCheck[In, Out]) playSeq(s step, src *Script[In], body consumer, build func() stream.Seq[Out]) *outcome[Out] {
	var after ScriptCounts
	src.probe = &probe{ended: func() { after = src.Counts() }}
	before := src.Counts()
	early := 0
	o := c.drive(s, body, src.probe, func() stream.Seq[Out] {
		seq := build()
		early = src.Counts().Starts - before.Starts
		return seq
	})
	if c.hung {
		return o
	}
	if early > 0 {
		c.found.add(RuleLazy, s, "the source was started while the sequence was built, before the first pull")
	}
	if n := after.Starts - before.Starts; n > 1 {
		c.found.add(RuleRerun, s, "the source was started %d times in one run; a single-use source would fail", n)
	}
	if n := after.Starts - after.Cleanups; n != 0 {
		c.found.add(RuleCleanup, s, "the source was still running when the loop ended: its deferred clean-up had not run")
	}
	if n := src.probe.drained.Load(); n > 0 && o.afterStop == 0 {
		c.found.add(RuleStop, s, "%s read from the source after the loop ended", plural(int(n), "element"))
	}
	return o
}

func (c *operatorCheck[In, Out]) script(n int) *Script[In] { return &Script[In]{Values: c.inputs[:n]} }

func (c *operatorCheck[In, Out]) all() *Script[In] { return c.script(len(c.inputs)) }

// healthy runs without faults: every later run is compared with it.
func (c *operatorCheck[In, Out]) healthy() bool {
	s := step{kind: "full run", at: -1}
	src := c.all()
	c.base = c.play(s, src, attentive())
	if c.hung {
		return false
	}
	c.baseRead = src.Counts()
	return c.baseline(s, c.base)
}

// unused builds a sequence and never runs it.
func (c *operatorCheck[In, Out]) unused() {
	s := step{kind: "sequence never run", at: -1}
	src := c.all()
	c.drive(s, patient(), nil, func() stream.Seq[Out] {
		c.op(src.Seq())
		return func(func(Out, error) bool) {}
	})
}

// again builds the operator afresh: nothing may depend on map order, addresses or time (E9).
func (c *operatorCheck[In, Out]) again() {
	for i := range recreations {
		s := step{"fresh operator", i, recreations}
		c.compare(RuleRepeat, s, c.play(s, c.all(), patient()), c.base)
	}
}

// recreations is enough to see a random order of two elements with probability 15/16.
const recreations = 4

// reruns runs one sequence three times.
func (c *operatorCheck[In, Out]) reruns() {
	src := c.all()
	seq := c.build(src)
	for i := range 3 {
		s := step{"run of one sequence", i, 3}
		o := c.playSeq(s, src, patient(), func() stream.Seq[Out] { return seq })
		if c.hung {
			return
		}
		c.second(s, i, o, c.base)
	}
}

// build makes a sequence outside a run. A panic here was already met in the healthy run.
func (c *operatorCheck[In, Out]) build(src *Script[In]) stream.Seq[Out] { return c.op(src.Seq()) }

// consumed runs the operator twice over a single-use source: silence would be a silent loss (E6).
func (c *operatorCheck[In, Out]) consumed() {
	src := c.all()
	src.SingleUse = true
	seq := c.build(src)
	c.playSeq(step{kind: "first run over a single-use source", at: -1}, src, patient(), func() stream.Seq[Out] { return seq })
	if c.hung {
		return
	}
	s := step{kind: "second run over a single-use source", at: -1}
	o := c.playSeq(s, src, patient(), func() stream.Seq[Out] { return seq })
	if c.hung || c.o.Absorbs {
		return
	}
	if (src.Counts().Faults > 0 || c.o.SingleUse) && !errors.Is(o.err, stream.ErrConsumed) {
		c.found.add(RuleRerun, s, "want stream.ErrConsumed, but %s", o.end())
	}
}

// turns runs one sequence twice at the same time, an element here, an element there: state kept outside a run
// would be shared.
func (c *operatorCheck[In, Out]) turns() {
	if c.base.foreign || c.o.SingleUse || c.o.Limit > 0 {
		return
	}
	s := step{kind: "two runs in turns", at: -1}
	seq := c.build(c.all())
	var first, second []Out
	c.drive(s, patient(), nil, func() stream.Seq[Out] {
		return func(yield func(Out, error) bool) {
			next1, stop1 := iter.Pull2(seq)
			defer stop1()
			next2, stop2 := iter.Pull2(seq)
			defer stop2()
			for ok1, ok2 := true, true; ok1 || ok2; {
				first, ok1 = pullInto(first, next1, ok1)
				second, ok2 = pullInto(second, next2, ok2)
			}
		}
	})
	if c.hung {
		return
	}
	for _, got := range [][]Out{first, second} {
		if !c.o.same(got, c.base.values) {
			c.found.add(RuleRerun, s, "state is shared between runs:\n%s", c.diff(c.base.values, got))
			return
		}
	}
}

func pullInto[T any](got []T, next func() (T, error, bool), ok bool) ([]T, bool) {
	if !ok {
		return got, false
	}
	v, err, ok := next()
	if ok && err == nil {
		got = append(got, v)
	}
	return got, ok && err == nil
}

// breaks stops at every output, and then runs the same sequence in full.
func (c *operatorCheck[In, Out]) breaks() {
	n := c.base.pairs
	for _, at := range positions(n, c.o.positions()) {
		src := c.all()
		seq := c.build(src)
		s := step{"break at output", at, n}
		body := patient()
		body.stopAt = at
		o := c.playSeq(s, src, body, func() stream.Seq[Out] { return seq })
		if c.hung {
			return
		}
		c.broken(s, o, c.base, at)
		s.kind = "run after a break at output"
		o = c.playSeq(s, src, patient(), func() stream.Seq[Out] { return seq })
		if c.hung {
			return
		}
		c.second(s, 1, o, c.base)
	}
}

// sourceErrors injects an error at every input, the first and after the last included.
func (c *operatorCheck[In, Out]) sourceErrors() {
	n := len(c.inputs)
	for _, at := range positions(n+1, c.o.positions()) {
		s := step{"error at input", at, n}
		injected := injectedError(at)
		fail := func(body consumer) (*outcome[Out], *Script[In]) {
			src := c.all()
			src.At, src.Err = at, injected
			return c.play(s, src, body), src
		}
		o, src := fail(patient())
		if c.hung {
			return
		}
		if src.Counts().Faults > 0 && !c.o.Absorbs && !c.needless(o) && !errors.Is(o.err, injected) {
			c.found.add(RuleErrorForwarded, s, "want an error that wraps the injected one, but %s", o.end())
			continue
		}
		whole := c.play(step{"run over inputs", at, n}, c.script(at), patient())
		if c.hung {
			return
		}
		c.prefixes = append(c.prefixes, given{at, len(whole.values)})
		if !c.o.Absorbs && src.Counts().Faults > 0 {
			c.beforeError(s, o, whole)
		}
		body := patient()
		body.stopsErr = true
		o2, _ := fail(body)
		if c.hung {
			return
		}
		if !c.o.Unordered && !c.o.same(o.values, o2.values) {
			c.found.add(RuleRepeat, s, "two runs differ before the error:\n%s", c.diff(o.values, o2.values))
		}
	}
}

// beforeError compares what came before an error with what the same inputs give when they end there.
func (c *operatorCheck[In, Out]) beforeError(s step, o, whole *outcome[Out]) {
	switch {
	case !c.o.prefix(o.values, whole.values):
		c.found.add(RuleRepeat, s, "the values before the error do not begin what the inputs before it give:\n%s", c.diff(whole.values, o.values))
	case c.o.Streaming && len(o.values) < len(whole.values):
		c.found.add(RuleRepeat, s, "values made of the inputs before the error are lost:\n%s", c.diff(whole.values, o.values))
	}
}

// needless reports that the operator gave its whole output without the input at which the fault was: one that
// stops by itself (Take) may have read ahead.
func (c *operatorCheck[In, Out]) needless(o *outcome[Out]) bool {
	return c.baseRead.Ends == 0 && o.returned && o.err == nil && c.o.same(o.values, c.base.values)
}

// sourcePanics injects a panic and a Goexit at every input.
func (c *operatorCheck[In, Out]) sourcePanics() {
	if c.base.foreign {
		return // it would take the process down
	}
	n := len(c.inputs)
	for _, at := range positions(n+1, c.o.positions()) {
		src := c.all()
		injected := injectedPanic("input", at)
		src.At, src.Panic = at, injected
		s := step{"panic at input", at, n}
		o := c.play(s, src, patient())
		if c.hung {
			return
		}
		if src.Counts().Faults > 0 && !c.needless(o) {
			c.thrown(s, o, injected)
		}
		src = c.all()
		src.At, src.Goexit = at, true
		s.kind = "Goexit at input"
		o = c.play(s, src, patient())
		if c.hung {
			return
		}
		if src.Counts().Faults > 0 && !c.needless(o) && !o.goexited {
			c.found.add(RulePanic, s, "want the consumer's goroutine to exit, but %s", o.end())
		}
	}
}

// bodyPanics panics and exits in the loop body at every output.
func (c *operatorCheck[In, Out]) bodyPanics() {
	if c.base.foreign {
		return
	}
	c.bodies(c.base, func(s step, body consumer) *outcome[Out] { return c.play(s, c.all(), body) })
}
