package streamtest

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/stream"
)

// FaultOptions adjusts a check of an operator's temp files. The zero value is right for most.
type FaultOptions[Out any] struct {
	// Equal compares outputs, as in CheckOptions.
	Equal func(a, b Out) bool

	// Unordered: the operator promises the same multiset, not the same order (E9).
	Unordered bool

	// Positions is how many positions are tried of each kind of fault; 0: 16. Above it, the first, the last and a
	// sample between.
	Positions int

	// Patience is how long one run may take before it counts as hung; 0: 10 s.
	Patience time.Duration

	// Seed chooses which bits are flipped.
	Seed uint64
}

// CheckFaults runs an operator that spills over a temp directory that fails. The operator must write temp files
// into the directory it is given when it runs over the inputs: set its memory bound so, or give more inputs.
//
// At the first, the last and positions between, of operators that spill as those of this module do: creating,
// writing, reading and removing fail, a write stores half a block and says it succeeded, a bit flips on its way to
// the disk or back. Of any operator: after an input or an output, a bit of every file flips, the files are cut in
// half, or deleted; and the directory does not exist, or is a file. Each run must either yield exactly the right
// outputs or end with an error, after outputs that are right: one that wraps the injected error, or
// stream.ErrCorrupt where bytes were changed. No files and no goroutines may be left.
func CheckFaults[In, Out any](t TB, op func(s stream.Seq[In], tempDir string) stream.Seq[Out], inputs ...In) {
	t.Helper()
	CheckFaultsWith(t, op, FaultOptions[Out]{}, inputs...)
}

// CheckFaultsWith is CheckFaults with options.
func CheckFaultsWith[In, Out any](t TB, op func(s stream.Seq[In], tempDir string) stream.Seq[Out], o FaultOptions[Out], inputs ...In) {
	t.Helper()
	report(t, "operator", FaultViolations(op, o, inputs...))
}

// FaultViolations is CheckFaultsWith for any framework; each error is a *Violation.
func FaultViolations[In, Out any](op func(s stream.Seq[In], tempDir string) stream.Seq[Out], o FaultOptions[Out], inputs ...In) []error {
	if op == nil {
		panic("streamtest: FaultViolations: nil operator")
	}
	if len(inputs) == 0 {
		inputs = Random[In](o.Seed, faultInputs)
	}
	if o.Positions <= 0 {
		o.Positions = 16
	}
	parent, err := os.MkdirTemp("", "streamtest-faults-")
	if err != nil {
		return []error{fmt.Errorf("streamtest: no directory for the check: %w", err)}
	}
	defer os.RemoveAll(parent)
	c := &faultCheck[In, Out]{
		bench:  newBench(CheckOptions[Out]{Equal: o.Equal, Unordered: o.Unordered, Patience: o.Patience}),
		op:     op,
		inputs: inputs,
		parent: parent,
		tries:  o.Positions,
		rand:   newRand(o.Seed),
	}
	c.run()
	return c.found.errors()
}

// faultInputs is how many inputs are made where none are given: enough for several blocks of some kilobytes.
const faultInputs = 2000

type faultCheck[In, Out any] struct {
	*bench[Out]
	op     func(stream.Seq[In], string) stream.Seq[Out]
	inputs []In
	parent string
	runs   int // so far, for the names of directories
	tries  int // positions of each kind
	rand   *rand.Rand
	base   *outcome[Out] // the run without faults
	seen   bool          // a temp file was there during a run
}

func (c *faultCheck[In, Out]) run() {
	s := step{kind: "run without faults", at: -1}
	c.base = c.play(s, faultRun{lookAt: positions(len(c.inputs)+1, c.tries)})
	if c.hung || !c.baseline(s, c.base) {
		return
	}
	spills := c.injectAll()
	if c.hung {
		return
	}
	if !spills && !c.seen {
		c.found.add(RuleFault, s, "no file was made in the temp directory, so there is nothing to check: give the operator less memory or more inputs")
		return
	}
	c.damageAll()
	c.unusable()
}

// injectAll lets the files of package spill fail, and reports whether the operator uses it.
func (c *faultCheck[In, Out]) injectAll() (spills bool) {
	for _, kind := range []struct {
		name    string
		op      spill.Op
		changes bool // bytes, and no call fails
		fault   spill.Faults
	}{
		{"temp file not created, call", spill.OpCreate, false, spill.Faults{}},
		{"temp file not written, call", spill.OpWrite, false, spill.Faults{}},
		{"half of a block lost, write", spill.OpWrite, true, spill.Faults{Lost: true}},
		{"bit flipped on its way to the disk, write", spill.OpWrite, true, spill.Faults{Flip: true}},
		{"temp file not read, call", spill.OpRead, false, spill.Faults{}},
		{"bit flipped on its way from the disk, read", spill.OpRead, true, spill.Faults{Flip: true}},
		{"temp file not removed, call", spill.OpRemove, false, spill.Faults{}},
	} {
		n := c.count(kind.op)
		for _, at := range positions(n, c.tries) {
			s := step{kind.name, at + 1, n}
			f := kind.fault
			f.Op, f.At, f.Bit = kind.op, at+1, c.rand.IntN(1<<20)
			class := stream.ErrCorrupt
			if !kind.changes {
				class = &fault{fmt.Sprintf("streamtest: %s %d injected", kind.name, at+1)}
				f.Err = class
			}
			o := c.play(s, faultRun{inject: &f, keeps: kind.op == spill.OpRemove})
			if c.hung {
				return true
			}
			c.judge(s, o, class)
			spills = true
		}
	}
	return spills
}

// count finds how often a run does op: with a fault that does nothing but tell that its turn came.
func (c *faultCheck[In, Out]) count(op spill.Op) int {
	reached := func(n int) bool {
		struck := false
		c.play(step{kind: "run without faults", at: -1}, faultRun{inject: &spill.Faults{Op: op, At: n, Do: func() { struck = true }}})
		return struck && !c.hung
	}
	low, high := 0, 1
	for reached(high) {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if middle := (low + high) / 2; reached(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// damageAll changes files from outside, which any operator meets.
func (c *faultCheck[In, Out]) damageAll() {
	for _, kind := range []struct {
		name   string
		class  error // of the error, if there is one; nil: any
		damage func(path string, size int64)
	}{
		{"a bit of each temp file flipped", stream.ErrCorrupt, c.flip},
		{"temp files cut in half", stream.ErrCorrupt, func(path string, size int64) { os.Truncate(path, size/2) }},
		{"temp files deleted", nil, func(path string, _ int64) { os.Remove(path) }},
	} {
		damage := func(dir string) {
			eachFile(dir, func(path string, size int64) { kind.damage(path, size) })
		}
		for _, at := range positions(len(c.inputs)+1, c.tries) {
			s := step{kind.name + " after input", at, len(c.inputs)}
			o := c.play(s, faultRun{damage: damage, damageAt: at})
			if c.hung {
				return
			}
			c.judge(s, o, kind.class)
		}
		n := len(c.base.values)
		for _, at := range positions(n, c.tries) {
			s := step{kind.name + " after output", at, n}
			o := c.play(s, faultRun{damage: damage, damageAt: at, afterOutput: true})
			if c.hung {
				return
			}
			c.judge(s, o, kind.class)
		}
	}
}

// flip turns over one bit in the middle half of a file.
func (c *faultCheck[In, Out]) flip(path string, size int64) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil || size == 0 {
		return
	}
	defer f.Close()
	at := size/4 + c.rand.Int64N(size/2+1)
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err == nil {
		b[0] ^= 1 << c.rand.IntN(8)
		f.WriteAt(b[:], at)
	}
}

func eachFile(dir string, do func(path string, size int64)) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				do(path, info.Size())
			}
		}
		return nil
	})
}

// unusable gives the operator directories in which nothing can be made.
func (c *faultCheck[In, Out]) unusable() {
	missing := step{kind: "temp directory that does not exist", at: -1}
	file := step{kind: "temp directory that is a file", at: -1}
	for _, s := range []step{missing, file} {
		o := c.play(s, faultRun{missing: s == missing, isFile: s == file})
		if c.hung {
			return
		}
		if c.judge(s, o, nil); o.returned && o.err == nil {
			c.found.add(RuleFault, s, "want an error, but %s", o.end())
		}
	}
}

// judge says what a run with a fault may do: all outputs and no error, or right outputs and then an error of the
// class; a nil class is any.
func (c *faultCheck[In, Out]) judge(s step, o *outcome[Out], class error) {
	switch {
	case !o.returned:
		c.found.add(RuleFault, s, "want an error or the right outputs, but %s", o.end())
	case o.err == nil && !c.o.same(o.values, c.base.values):
		c.found.add(RuleFault, s, "no error, and the outputs are wrong:\n%s", c.diff(c.base.values, o.values))
	case o.err != nil && !c.o.prefix(o.values, c.base.values):
		c.found.add(RuleFault, s, "the outputs before the error are wrong:\n%s", c.diff(c.base.values, o.values))
	case o.err != nil && class != nil && !errors.Is(o.err, class):
		c.found.add(RuleFault, s, "want an error that is %q, got %q", class, o.err)
	}
}

// faultRun is one run: what is done to its directory.
type faultRun struct {
	inject *spill.Faults
	keeps  bool // files cannot be removed, so they may be left

	damage      func(dir string)
	damageAt    int  // after this many inputs, or the output of this index
	afterOutput bool // the latter

	lookAt          []int // inputs at which to look whether there are files
	missing, isFile bool  // instead of a directory
}

// play runs the operator once in a directory of its own.
func (c *faultCheck[In, Out]) play(s step, run faultRun) *outcome[Out] {
	c.runs++
	dir := filepath.Join(c.parent, fmt.Sprintf("run-%d", c.runs))
	var err error
	switch {
	case run.isFile:
		err = os.WriteFile(dir, nil, 0o600)
	case !run.missing:
		err = os.Mkdir(dir, 0o700)
	}
	if err != nil {
		panic("streamtest: " + err.Error()) // the directory that we made is gone
	}
	defer os.RemoveAll(dir)
	c.temp = newTempWatch(dir)
	if run.keeps {
		c.temp = newTempWatch("")
	}
	if run.inject != nil {
		defer spill.Inject(dir, *run.inject)()
	}
	src := &Script[In]{Values: c.inputs}
	o := c.drive(s, patient(), nil, func() stream.Seq[Out] {
		return c.outputs(c.op(c.sourceOf(src.Seq(), dir, run), dir), dir, run)
	})
	if names := newTempWatch(dir).known; run.keeps && len(names) > 0 && o.returned && o.err == nil {
		c.found.add(RuleFault, s, "files could not be removed, and nobody was told: left are %q", names)
	}
	return o
}

// sourceOf does between inputs what the run asks for.
func (c *faultCheck[In, Out]) sourceOf(s stream.Seq[In], dir string, run faultRun) stream.Seq[In] {
	return func(yield func(In, error) bool) {
		given := 0
		between := func() {
			if run.damage != nil && !run.afterOutput && run.damageAt == given {
				run.damage(dir)
			}
			if len(run.lookAt) > 0 && run.lookAt[0] == given {
				run.lookAt = run.lookAt[1:]
				eachFile(dir, func(string, int64) { c.seen = true })
			}
			given++
		}
		for v, err := range s {
			if between(); !yield(v, err) {
				return
			}
		}
		between()
	}
}

// outputs does after an output what the run asks for.
func (c *faultCheck[In, Out]) outputs(s stream.Seq[Out], dir string, run faultRun) stream.Seq[Out] {
	if !run.afterOutput {
		return s
	}
	return func(yield func(Out, error) bool) {
		at := 0
		s(func(v Out, err error) bool {
			more := yield(v, err)
			if run.damageAt == at {
				run.damage(dir)
			}
			at++
			return more
		})
	}
}
