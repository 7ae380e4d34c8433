package streamtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// TB is the part of testing.TB that this package needs, so that any test framework will do. If it also has
// Setenv and TempDir, as *testing.T has, temp files are watched.
type TB interface {
	// Helper marks the caller as a helper, so that a failure names the line of the test.
	Helper()
	// Errorf reports a failure; the test goes on.
	Errorf(format string, args ...any)
}

// CheckOptions adjusts a check. Out is what the operator or source yields, or what the sink returns. The zero
// value is right for most.
type CheckOptions[Out any] struct {
	// Equal compares outputs. Nil: deep equality, NaN equal to NaN, times by instant, nil and empty slices
	// apart.
	Equal func(a, b Out) bool

	// Unordered: the operator promises the same multiset, not the same order (E9).
	Unordered bool

	// Streaming: the operator holds nothing back. What it makes of the elements before an error comes out
	// before the error, all of it; and when an output comes out, no more inputs were read than it takes: the
	// least number after which the operator, if they were all, gives that many outputs (E10). Set it for Map
	// and Filter; not for what waits for more input (batches, groups, sorting).
	Streaming bool

	// ReadAhead is how many more inputs a Streaming operator may have read when an output comes out, their
	// end included, as its doc says. 0: none.
	ReadAhead int

	// SingleUse: a second run of the same sequence yields stream.ErrConsumed, instead of the same again.
	SingleUse bool

	// Absorbs: the operator's doc names the errors it handles (Retry), so injected ones need not come out.
	Absorbs bool

	// Fails: the run without faults ends with an error, which every run then repeats.
	Fails bool

	// Limit is how many outputs are looked at; 0: all. Set it for what never ends.
	Limit int

	// Seed makes other random inputs; 0 is a seed like any other. It is read only if no inputs are given.
	Seed uint64

	// Positions is how many positions are tried of each kind; 0: 64. Above it, the first, the last and a
	// sample between.
	Positions int

	// Patience is how long one run may take before it counts as hung; 0: 10 s.
	Patience time.Duration

	// TempDir is a directory that the operator uses and must leave as it found it. Empty: what os.TempDir
	// returns during the check, which then is a fresh one. In Violations, empty: none.
	TempDir string
}

func (o CheckOptions[Out]) patience() time.Duration {
	if o.Patience > 0 {
		return o.Patience
	}
	return 10 * time.Second
}

func (o CheckOptions[Out]) positions() int {
	if o.Positions > 0 {
		return o.Positions
	}
	return 64
}

// same compares two runs' values by the options: equal, or equal as multisets.
func (o CheckOptions[Out]) same(a, b []Out) bool {
	return len(a) == len(b) && o.prefix(a, b)
}

// prefix reports whether part begins whole; where Unordered, whether it is contained in it.
func (o CheckOptions[Out]) prefix(part, whole []Out) bool {
	equal := o.equal()
	if len(part) > len(whole) {
		return false
	}
	if !o.Unordered {
		for i := range part {
			if !equal(part[i], whole[i]) {
				return false
			}
		}
		return true
	}
	missing, _ := matchUnordered(part, whole, equal, o.mark())
	return len(missing) == 0
}

func (o CheckOptions[Out]) equal() func(a, b Out) bool {
	if o.Equal != nil {
		return o.Equal
	}
	return func(a, b Out) bool { return equalValues(a, b, 0) }
}

// mark goes with equal; nil: nothing is known of the caller's.
func (o CheckOptions[Out]) mark() func(Out) uint64 {
	if o.Equal != nil {
		return nil
	}
	return markOf[Out]
}

// Check runs the contract of stream on an operator and reports every rule it breaks: laziness, a break at
// every output, an error, a panic and a Goexit at every input, a panic and a Goexit in the loop body at every
// output, a second run, two runs in turns, the same again from a fresh source; and after each of them that
// the source was cleaned up and that no goroutine and no temp file is left.
//
// op is called many times; it must not keep state between calls. Without inputs, 24 random ones are made.
// Inputs must be such that the operator yields something and ends without an error.
func Check[In, Out any](t TB, op func(stream.Seq[In]) stream.Seq[Out], inputs ...In) {
	t.Helper()
	CheckWith(t, op, CheckOptions[Out]{}, inputs...)
}

// CheckWith is Check with options.
func CheckWith[In, Out any](t TB, op func(stream.Seq[In]) stream.Seq[Out], o CheckOptions[Out], inputs ...In) {
	t.Helper()
	restore := o.ownTempDir(t)
	defer restore()
	report(t, "operator", Violations(op, o, inputs...))
}

// CheckSource runs the contract on a source: a break, a panic and a Goexit in the loop body at every output, a
// second run, another source from open, goroutines and temp files. open is called many times, and must return
// the same stream each time.
func CheckSource[Out any](t TB, open func() stream.Seq[Out]) {
	t.Helper()
	CheckSourceWith(t, open, CheckOptions[Out]{})
}

// CheckSourceWith is CheckSource with options.
func CheckSourceWith[Out any](t TB, open func() stream.Seq[Out], o CheckOptions[Out]) {
	t.Helper()
	restore := o.ownTempDir(t)
	defer restore()
	report(t, "source", SourceViolations(open, o))
}

// CheckSink runs the contract on a sink, any function that reads a stream to an end of its own and returns a
// result: an error at every input comes back, panics and Goexit pass through, the source is cleaned up before
// the sink returns, and two calls give the same.
func CheckSink[In, R any](t TB, sink func(stream.Seq[In]) (R, error), inputs ...In) {
	t.Helper()
	CheckSinkWith(t, sink, CheckOptions[R]{}, inputs...)
}

// CheckSinkWith is CheckSink with options.
func CheckSinkWith[In, R any](t TB, sink func(stream.Seq[In]) (R, error), o CheckOptions[R], inputs ...In) {
	t.Helper()
	restore := o.ownTempDir(t)
	defer restore()
	report(t, "sink", SinkViolations(sink, o, inputs...))
}

func (o *CheckOptions[Out]) ownTempDir(t TB) (restore func()) {
	if o.TempDir != "" {
		return func() {}
	}
	o.TempDir, restore = ownTempDir(t)
	return restore
}

// report tells t of all violations in one message.
func report(t TB, what string, violations []error) {
	t.Helper()
	if len(violations) == 0 {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "streamtest: the %s breaks the contract of stream:", what)
	for _, v := range violations {
		b.WriteString("\n  - " + strings.ReplaceAll(v.Error(), "\n", "\n    "))
	}
	t.Errorf("%s", b.String())
}
