package streamtest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// ModelOptions adjusts a model check. The zero value is right for most.
type ModelOptions[In, Out any] struct {
	// Generate makes an input of n elements, of any n that it likes better if the operator is picky. Nil: as Random
	// does, with keys that recur often, sometimes or hardly ever.
	Generate func(r *rand.Rand, n int) []In

	// Valid says whether an input may be given to the operator: shrinking keeps to it. Nil: after Generate,
	// elements may be left out but not changed; otherwise everything goes.
	Valid func(input []In) bool

	// Equal compares an output with the model's. Nil: deep equality, NaN equal to NaN, times by instant, nil and
	// empty slices apart.
	Equal func(a, b Out) bool

	// Unordered: the operator promises the same multiset, not the same order (E9).
	Unordered bool

	// Variants are the operator under options that must not change its output: other numbers of workers, less
	// memory, smaller chunks. Each must give what the operator gives, floats bit for bit.
	Variants map[string]func(stream.Seq[In]) stream.Seq[Out]

	// Cases is how many inputs are made; 0: 128, the first 32 of which are lengths on the edges of chunks and
	// tables (0, 1, 2, 3, ... 255, 256, 257, ... 1023, 1024, 1025) and the others random ones.
	Cases int

	// Seed is the first case's; the next has Seed+1. A failure tells the seed of its case.
	Seed uint64

	// MaxLen bounds the length of an input; 0: 1025.
	MaxLen int

	// Patience is how long one run may take before it counts as hung; 0: 10 s.
	Patience time.Duration

	// TempDir is as in CheckOptions.
	TempDir string
}

// Model compares an operator with a naive twin, a plain function over slices, on random inputs. Each input is run
// whole, broken off at a random output, and made to fail at a random element; after every run nothing may be left
// behind. The first input at which the operator is wrong is made as small as it can be, and reported with the
// difference and the seed that replays it.
//
// The model must be right, not fast: the ten lines one would write if memory were free. It is given a copy of the
// input.
func Model[In, Out any](t TB, op func(stream.Seq[In]) stream.Seq[Out], naive func([]In) []Out) {
	t.Helper()
	ModelWith(t, op, naive, ModelOptions[In, Out]{})
}

// ModelWith is Model with options.
func ModelWith[In, Out any](t TB, op func(stream.Seq[In]) stream.Seq[Out], naive func([]In) []Out, o ModelOptions[In, Out]) {
	t.Helper()
	if o.TempDir == "" {
		var restore func()
		o.TempDir, restore = ownTempDir(t)
		defer restore()
	}
	if err := Mismatch(op, naive, o); err != nil {
		t.Errorf("%v", err)
	}
}

// Mismatch is ModelWith for any framework: it returns what it found, or nil. It sets no environment; temp files are
// watched where o.TempDir says.
func Mismatch[In, Out any](op func(stream.Seq[In]) stream.Seq[Out], naive func([]In) []Out, o ModelOptions[In, Out]) error {
	if op == nil {
		panic("streamtest: Mismatch: nil operator")
	}
	if naive == nil {
		panic("streamtest: Mismatch: nil model")
	}
	m := &modelCheck[In, Out]{o: o, op: op, naive: naive}
	m.bench = newBench(m.options())
	cases := o.Cases
	if cases <= 0 {
		cases = 128
	}
	for i := range uint64(cases) {
		if err := m.checkCase(o.Seed + i); err != nil {
			return err
		}
	}
	return nil
}

type modelCheck[In, Out any] struct {
	o     ModelOptions[In, Out]
	op    func(stream.Seq[In]) stream.Seq[Out]
	naive func([]In) []Out
	bench *bench[Out] // one for all runs: its findings are those of the last
}

// checkCase makes the input of a seed and runs it.
func (m *modelCheck[In, Out]) checkCase(seed uint64) error {
	values := m.input(seed)
	found := m.judge(values, seed)
	if found == "" {
		return nil
	}
	small, runs := values, 0
	if !m.bench.hung { // shrinking would wait again and again
		s := shrinker[In]{left: shrinkRuns, simplify: m.o.Generate == nil || m.o.Valid != nil, fails: func(v []In) bool {
			return (m.o.Valid == nil || m.o.Valid(slices.Clone(v))) && m.judge(v, seed) != "" && !m.bench.hung
		}}
		small = s.shrink(slices.Clone(values))
		runs = shrinkRuns - s.left
		if again := m.judge(small, seed); again != "" {
			found = again
		} else { // it fails now and then: the input that was seen to fail says more
			small = values
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "streamtest: the operator differs from its model: %s\n", found)
	reportInput(&b, small, len(values), runs)
	fmt.Fprintf(&b, "replay: streamtest.ModelOptions{Seed: %d, Cases: 1}", seed)
	return errors.New(b.String())
}

// edgeLengths are where chunks end, tables grow and trees get a level.
var edgeLengths = [...]int{
	0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129,
	254, 255, 256, 257, 511, 512, 513, 767, 1023, 1024, 1025,
}

// input makes the values of a seed: of 64 seeds in a row, half have the lengths on the edges.
func (m *modelCheck[In, Out]) input(seed uint64) []In {
	r := newRand(seed)
	return makeInput(r, inputLength(r, seed, m.o.MaxLen), m.o.Generate)
}

// inputLength is on an edge for every other 32 seeds; otherwise small ones are as frequent as large ones.
func inputLength(r *rand.Rand, seed uint64, most int) int {
	if most <= 0 {
		most = edgeLengths[len(edgeLengths)-1]
	}
	if at := seed % 64; at < uint64(len(edgeLengths)) && edgeLengths[at] <= most {
		return edgeLengths[at]
	}
	return min(r.IntN(1<<r.IntN(11)+1), most)
}

func makeInput[T any](r *rand.Rand, n int, generate func(*rand.Rand, int) []T) []T {
	if generate != nil {
		return generate(r, n)
	}
	spans := [...]int64{2, 10, 100, int64(4*n + 1), 1 << 40}
	span := spans[r.IntN(len(spans))]
	lows := [...]int64{0, 0, -span / 2, -span}
	values := randomValues[T](randomizer{Rand: r, low: lows[r.IntN(len(lows))], span: span}, n)
	if n > 0 && r.IntN(2) == 0 { // whatever the type: elements that come again
		pool := 1 + r.IntN(n)
		for i := pool; i < n; i++ {
			values[i] = values[r.IntN(pool)]
		}
	}
	return values
}

// judge runs one input in all ways and returns what is wrong, or "".
func (m *modelCheck[In, Out]) judge(values []In, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, uint64(len(values))))
	want := m.naive(slices.Clone(values))
	whole, found := m.run(m.op, step{kind: "whole input", at: -1}, &Script[In]{Values: values}, patient())
	if found == "" {
		found = m.ended(whole)
	}
	if found == "" && !m.options().same(whole.values, want) {
		found = m.diff(want, whole.values)
	}
	if found == "" {
		found = m.brokenOff(values, want, r)
	}
	if found == "" {
		found = m.failed(values, want, r)
	}
	for _, name := range slices.Sorted(maps.Keys(m.o.Variants)) {
		if found != "" {
			break
		}
		if found = m.variant(m.o.Variants[name], values, whole.values); found != "" {
			found = fmt.Sprintf("variant %q: %s", name, found)
		}
	}
	return found
}

// options are those of the runs, for what checks and models share.
func (m *modelCheck[In, Out]) options() CheckOptions[Out] {
	return CheckOptions[Out]{Equal: m.o.Equal, Unordered: m.o.Unordered, Patience: m.o.Patience, TempDir: m.o.TempDir}
}

// run makes one run and returns the first rule of the contract that it broke.
func (m *modelCheck[In, Out]) run(op func(stream.Seq[In]) stream.Seq[Out], s step, src *Script[In], body consumer) (*outcome[Out], string) {
	b := m.bench
	b.found = findings{}
	o := b.drive(s, body, nil, func() stream.Seq[Out] { return op(src.Seq()) })
	if c := src.Counts(); !b.hung && c.Starts != c.Cleanups {
		b.found.add(RuleCleanup, s, "the source was still running when the loop ended: its deferred clean-up had not run")
	}
	if len(b.found.list) > 0 {
		v := b.found.list[0]
		return o, fmt.Sprintf("%s: %s", v.Rule, v.Detail)
	}
	return o, ""
}

// ended tells how a run that should end well did otherwise.
func (m *modelCheck[In, Out]) ended(o *outcome[Out]) string {
	if o.err != nil || !o.returned {
		return o.end()
	}
	return ""
}

func (m *modelCheck[In, Out]) brokenOff(values []In, want []Out, r *rand.Rand) string {
	if len(want) == 0 {
		return ""
	}
	at := r.IntN(len(want))
	s := step{"break at output", at, len(want)}
	body := patient()
	body.stopAt = at
	o, found := m.run(m.op, s, &Script[In]{Values: values}, body)
	if found == "" {
		found = m.ended(o)
	}
	if found == "" && (len(o.values) != at+1 || !m.options().prefix(o.values, want)) {
		found = m.diff(want[:at+1], o.values)
	}
	return within(s, found)
}

func (m *modelCheck[In, Out]) failed(values []In, want []Out, r *rand.Rand) string {
	at := r.IntN(len(values) + 1)
	s := step{"error at input", at, len(values)}
	src := &Script[In]{Values: values, At: at, Err: injectedError(at)}
	o, found := m.run(m.op, s, src, patient())
	switch {
	case found != "":
	case src.Counts().Faults == 0 || o.err == nil && o.returned && m.options().same(o.values, want): // it needed no more
		if found = m.ended(o); found == "" && !m.options().same(o.values, want) {
			found = m.diff(want, o.values)
		}
	case !errors.Is(o.err, src.Err):
		found = "want an error that wraps the injected one, but " + o.end()
	default:
		if before := m.naive(slices.Clone(values[:at])); !m.options().prefix(o.values, before) {
			found = "the values before the error do not begin the model's:\n" + m.diff(before, o.values)
		}
	}
	return within(s, found)
}

func (m *modelCheck[In, Out]) variant(op func(stream.Seq[In]) stream.Seq[Out], values []In, want []Out) string {
	s := step{kind: "whole input", at: -1}
	o, found := m.run(op, s, &Script[In]{Values: values}, patient())
	if found == "" {
		found = m.ended(o)
	}
	exact := m.options()
	exact.Equal = identical[Out]
	if found == "" && !exact.same(o.values, want) {
		found = "it differs from the operator:\n" + diffBy(want, o.values, WantOptions{Unordered: m.o.Unordered}, exact.Equal, nil)
	}
	return found
}

func (m *modelCheck[In, Out]) diff(want, got []Out) string {
	return diffBy(want, got, WantOptions{Unordered: m.o.Unordered}, m.options().equal(), m.options().mark())
}

func within(s step, found string) string {
	if found == "" {
		return ""
	}
	return s.String() + ": " + found
}
