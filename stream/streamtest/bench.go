package streamtest

import (
	"errors"

	"github.com/millrace-go/millrace/stream"
)

// bench is what the checks of operators, sources and sinks share: it drives runs, watches what they leave
// behind, and compares them.
type bench[Out any] struct {
	o          CheckOptions[Out]
	found      findings
	goroutines *watch
	temp       *tempWatch
	hung       bool // a run did not end: its goroutine is still there, so nothing more can be said
}

func newBench[Out any](o CheckOptions[Out]) *bench[Out] {
	return &bench[Out]{o: o, goroutines: newWatch(), temp: newTempWatch(o.TempDir)}
}

// drive runs a sequence and checks what holds for every run, whatever happens in it.
func (b *bench[Out]) drive(s step, body consumer, p *probe, build func() stream.Seq[Out]) *outcome[Out] {
	o := drive(b.goroutines, build, body, p, b.o.Limit, b.o.patience())
	if o.hung != "" {
		b.hung = true
		b.found.add(RuleHang, s, "the run did not end within %v:\n%s", b.o.patience(), o.hung)
		return o
	}
	b.leftovers(s, o.goroutine)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.nilSeq {
		b.found.add(RuleHealthy, s, "the sequence is nil")
	}
	if o.errs > 1 {
		b.found.add(RuleErrorLast, s, "%d error pairs, want at most one", o.errs)
	}
	if n := o.afterError - (o.errs - min(o.errs, 1)); n > 0 {
		b.found.add(RuleErrorLast, s, "%s yielded after the error %q", plural(n, "value"), o.err)
	}
	if o.beside != "" {
		b.found.add(RuleZero, s, "the value beside the error is %s", o.beside)
	}
	if o.afterStop > 0 {
		b.found.add(RuleStop, s, "%s yielded after the loop ended", plural(o.afterStop, "pair"))
	}
	if o.late > 0 {
		b.found.add(RuleStop, s, "%s yielded after the sequence had returned", plural(o.late, "pair"))
	}
	if o.foreign {
		b.found.add(RuleGoroutine, s, "yield was called on another goroutine than the consumer's: a panic in the loop body would kill the process")
	}
	return o
}

// leftovers looks for goroutines and temp files of the given consumers.
func (b *bench[Out]) leftovers(s step, consumers ...int64) {
	var leaked []string
	for _, id := range consumers {
		leaked = append(leaked, b.goroutines.leaked(id)...)
	}
	if len(consumers) == 0 {
		leaked = b.goroutines.search()
	}
	if len(leaked) > 0 {
		b.found.add(RuleGoroutines, s, "%s left when the loop ended, the first:\n%s", plural(len(leaked), "goroutine"), leaked[0])
	}
	if names := b.temp.left(); len(names) > 0 {
		b.found.add(RuleTempFiles, s, "left in the temp directory: %q", names)
	}
}

// baseline judges the run without faults, and reports whether it can serve as one.
func (b *bench[Out]) baseline(s step, o *outcome[Out]) bool {
	switch {
	case o.nilSeq:
		return false
	case o.panicked, o.goexited:
		b.found.add(RuleHealthy, s, "%s", o.end())
		return false
	case o.err != nil && !b.o.Fails:
		b.found.add(RuleHealthy, s, "%s; give inputs it accepts, or set CheckOptions.Fails", o.end())
		return false
	case o.err == nil && b.o.Fails:
		b.found.add(RuleHealthy, s, "CheckOptions.Fails is set, but %s", o.end())
		return false
	}
	return true
}

// compare demands that a run equals the healthy one.
func (b *bench[Out]) compare(rule Rule, s step, o, base *outcome[Out]) {
	switch {
	case o.hung != "":
	case !o.returned:
		b.found.add(rule, s, "the first run ended normally, now %s", o.end())
	case !b.o.same(o.values, base.values):
		b.found.add(rule, s, "the output differs from the first run's:\n%s", b.diff(base.values, o.values))
	case message(o.err) != message(base.err):
		b.found.add(rule, s, "the first run ended with error %q, this one with %q", message(base.err), message(o.err))
	}
}

// second judges run number i of one sequence.
func (b *bench[Out]) second(s step, i int, o, base *outcome[Out]) {
	if i == 0 || !b.o.SingleUse {
		b.compare(RuleRerun, s, o, base)
		return
	}
	if len(o.values) > 0 || !errors.Is(o.err, stream.ErrConsumed) {
		b.found.add(RuleRerun, s, "want stream.ErrConsumed and no value, but %s", o.end())
	}
}

// broken judges a run that was stopped at output at.
func (b *bench[Out]) broken(s step, o, base *outcome[Out], at int) {
	if !o.returned {
		b.found.add(RuleStop, s, "after the break %s", o.end())
		return
	}
	want := base.values[:min(at+1, len(base.values))]
	if b.o.Unordered {
		want = base.values
	}
	if !b.o.prefix(o.values, want) || len(o.values) != min(at+1, len(base.values)) {
		b.found.add(RuleRepeat, s, "the output before the break differs from the first run's:\n%s", b.diff(want, o.values))
	}
}

// thrown judges a run in which injected was thrown.
func (b *bench[Out]) thrown(s step, o *outcome[Out], injected error) {
	switch {
	case !o.panicked:
		b.found.add(RulePanic, s, "want the panic to come out on the consumer's goroutine, but %s", o.end())
	case !carries(o.thrown, injected):
		b.found.add(RulePanic, s, "want the injected value or one that wraps it, but %s", o.end())
	}
}

// bodies panics and exits in the loop body at every output.
func (b *bench[Out]) bodies(base *outcome[Out], play func(step, consumer) *outcome[Out]) {
	n := base.pairs
	for _, at := range positions(n, b.o.positions()) {
		body := patient()
		body.panicAt, body.with = at, injectedPanic("output", at)
		s := step{"panic in the loop body at output", at, n}
		o := play(s, body)
		if b.hung {
			return
		}
		if o.pairs > at {
			b.thrown(s, o, body.with.(error))
		}
		body = patient()
		body.goexitAt = at
		s.kind = "Goexit in the loop body at output"
		o = play(s, body)
		if b.hung {
			return
		}
		if o.pairs > at && !o.goexited {
			b.found.add(RulePanic, s, "want the consumer's goroutine to exit, but %s", o.end())
		}
	}
}

func (b *bench[Out]) diff(want, got []Out) string {
	return Diff(want, got, WantOptions{Unordered: b.o.Unordered})
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
