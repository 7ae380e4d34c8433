package stream

import (
	"context"
	"log/slog"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"
)

// MetersOptions adjust Meters. The zero value counts and times, and tells nobody.
type MetersOptions struct {
	// Logger is told when a run of a stage starts, completes, fails or is broken off, with its rows and its time.
	// Nil: nobody is.
	Logger *slog.Logger
	// Labels, if set, puts the pprof label "stage" on the goroutine while the code of a stage runs, beside the
	// labels of this context, which are put back when the stage ends. Then a CPU profile tells stages apart
	// (go tool pprof -tagfocus stage=parse). It costs some 15 ns per element that passes, so stream batches.
	Labels context.Context
	// Now is the clock; nil: time.Now. It is read about once in a millisecond.
	Now func() time.Time
}

// Meters watches the stages of a pipeline. Make one per pipeline; nothing is registered anywhere. Its methods are
// safe for concurrent use, while the pipeline runs too.
type Meters struct {
	opts MetersOptions
	tick pulse

	mu     sync.Mutex // guards the following, and the inputs and readers of stages
	stages []*Stage   // in the order they were named
	named  map[string]*Stage
	last   *Stage    // named last
	active int       // runs
	began  time.Time // the first run ever; zero: none
	ended  time.Time // the last run that ended, where none is active
}

// NewMeters returns meters that have seen nothing.
func NewMeters(opts MetersOptions) *Meters {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	m := &Meters{opts: opts, named: make(map[string]*Stage)}
	m.tick.init()
	return m
}

// Stage is what is known of one stage of a pipeline: of the code between the meters of its inputs and its own. It
// may run many times, also at once; everything adds up. A nil *Stage takes what it is told and forgets it, so that
// an operator may have one or not.
type Stage struct {
	meters *Meters
	name   string
	inputs []*Stage
	reader *Stage          // whose input it is; nil: none, or several
	labels context.Context // while its code runs; nil: no labels

	runs, active      atomic.Int64
	rows, bytes       atomic.Int64
	errors            atomic.Int64 // that began here
	failures          atomic.Int64 // runs that ended with an error, wherever it began
	above, below      atomic.Int64 // ns
	spill, spillBytes atomic.Int64 // ns, bytes
}

// Stage names the stage that the next meter stands behind. Its inputs are the stages it reads from; where none are
// given, it is the one named last, so that a pipeline whose stages are named from its source on needs none. A name
// that is there already is that stage, with its inputs.
//
// An input belongs to the same Meters; another's panics.
func (m *Meters) Stage(name string, inputs ...*Stage) *Stage {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(inputs) == 0 && m.last != nil {
		inputs = []*Stage{m.last}
	}
	return m.stage(name, inputs)
}

// Source names a stage that reads from no other: where a pipeline has several sources, the second and later ones.
func (m *Meters) Source(name string) *Stage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stage(name, nil)
}

func (m *Meters) stage(name string, inputs []*Stage) *Stage {
	st := m.named[name]
	if st == nil {
		st = &Stage{meters: m, name: name}
		for _, in := range inputs {
			if in == nil || in.meters != m {
				panic("stream: Meters.Stage: an input of " + name + " is not of these meters")
			}
			if st.inputs = append(st.inputs, in); in.reader == nil {
				in.reader = st
			} else {
				in.reader = in // read by several: none is the one
			}
		}
		if m.opts.Labels != nil {
			st.labels = pprof.WithLabels(m.opts.Labels, pprof.Labels("stage", name))
		}
		m.named[name] = st
		m.stages = append(m.stages, st)
	}
	m.last = st
	return st
}

// AddErrors counts n bad records that the stage put aside: call it from a quarantine's Sink.
func (st *Stage) AddErrors(n int64) {
	if st != nil {
		st.errors.Add(n)
	}
}

// AddSpill counts time that the stage spent on writing or reading spilled rows, and their bytes. The time is then not
// counted as busy. Sort, Aggregate and Join call it where Resources.Stage is set, from workers too: time on several
// goroutines at once is added up.
func (st *Stage) AddSpill(d time.Duration, bytes int64) {
	if st != nil {
		st.spill.Add(int64(d))
		st.spillBytes.Add(bytes)
	}
}

// Now is the time by the clock of the stage's Meters, which is what AddSpill is measured with; by the system's where
// there is none.
func (st *Stage) Now() time.Time {
	if st == nil || st.meters == nil {
		return time.Now()
	}
	return st.meters.opts.Now()
}

// Meter yields s unchanged, and counts and times for the stage whose output it is. It watches and never acts: with
// and without it the stream is the same, its errors and panics included.
//
//	m := stream.NewMeters(stream.MetersOptions{})
//	lines := stream.Meter(stream.Lines(file, stream.LinesOptions{}), m.Stage("read"))
//	clicks := stream.Meter(stream.TryMap(lines, parse), m.Stage("parse"))
//	...
//	fmt.Print(m.Stats())
//
// What Stats says of the stage is exact when its runs have ended. While one runs, it lacks what passed since the
// last tick, about a millisecond ago: rows are not counted one by one in shared memory, which would cost more than
// many a stage. The clock is not read per element either: see Stats on how exact times are.
//
// An element costs less than 2 ns, and nothing is allocated for it. To count the rows of batches, or bytes, use
// MeterFunc.
func Meter[T any](s Seq[T], st *Stage) Seq[T] {
	needSeq(s, "Meter")
	needFunc(st == nil, "Meter", "stage")
	return meter(s, st, nil)
}

// MeterFunc is Meter for elements that are more, or less, than a row each, or whose bytes are known: size says how
// many rows and bytes an element is. For batches,
//
//	stream.MeterFunc(batches, m.Stage("pack"), func(b []Click) (rows, bytes int) { return len(b), 0 })
func MeterFunc[T any](s Seq[T], st *Stage, size func(T) (rows, bytes int)) Seq[T] {
	needSeq(s, "MeterFunc")
	needFunc(st == nil, "MeterFunc", "stage")
	needFunc(size == nil, "MeterFunc", "size")
	return meter(s, st, size)
}

// meter is Meter; a nil size: an element is a row.
//
// It calls s rather than ranging over it: the checks of a range loop on its own state would be half of the cost.
func meter[T any](s Seq[T], st *Stage, size func(T) (rows, bytes int)) Seq[T] {
	return func(yield func(T, error) bool) {
		r := st.begin()
		defer r.end()
		if r.labels != nil {
			yield = relabelled(yield, r)
		}
		if size == nil {
			s(counted(yield, r))
		} else {
			s(sized(yield, r, size))
		}
		r.returned()
	}
}

// counted is the loop body of a meter whose elements are a row each.
func counted[T any](yield func(T, error) bool, r *meterRun) func(T, error) bool {
	tick := &r.stage.meters.tick.count
	return func(v T, err error) bool {
		if err != nil {
			return passError(yield, r, err)
		}
		r.rows++
		if tick.Load() != r.seen {
			r.stampAbove()
		}
		if !yield(v, nil) {
			return r.stopped()
		}
		if tick.Load() != r.seen {
			r.stampBelow()
		}
		return true
	}
}

// sized is the loop body of a meter that asks what an element counts for.
func sized[T any](yield func(T, error) bool, r *meterRun, size func(T) (rows, bytes int)) func(T, error) bool {
	pass := counted(yield, r)
	return func(v T, err error) bool {
		if err == nil {
			rows, bytes := size(v)
			r.rows += int64(rows) - 1 // counted adds one
			r.bytes += int64(bytes)
		}
		return pass(v, err)
	}
}

// passError passes on the error that ends a run.
func passError[T any](yield func(T, error) bool, r *meterRun, err error) bool {
	r.fail(err)
	var zero T
	yield(zero, err)
	r.stampBelow()
	return false
}

// relabelled is yield under the labels of who reads, so that the meter's own code, and what is above it, run under
// the stage's.
func relabelled[T any](yield func(T, error) bool, r *meterRun) func(T, error) bool {
	return func(v T, err error) bool {
		pprof.SetGoroutineLabels(r.outside)
		more := yield(v, err)
		pprof.SetGoroutineLabels(r.labels)
		return more
	}
}

// runOutcome is how a run ended.
type runOutcome int

const (
	runPanicked  runOutcome = iota // until something else is known
	runCompleted                   // the input ended
	runFailed                      // with an error
	runStopped                     // by the consumer
)

// meterRun is one run of a metered stage. It belongs to the goroutine that runs it.
//
// At each element two sides take turns: above, from where the consumer asks until the element is there, and below,
// until the consumer asks again. Nothing is timed unless there was a tick in between. Then all the time since the
// last stamp is given to the side in which the tick fell, and the other side's next turn is timed too. It follows
// that a turn which is longer than any tick is timed exactly, and so is the short one behind it; where both are
// short, they are sampled, as a profiler does.
//
// Invariant: the time given to both sides is the time from the start of the run to last.
type meterRun struct {
	stage           *Stage
	seen            uint64    // no stamp while the count of ticks is this
	tick            uint64    // the count at the last stamp
	last            time.Time // of the last stamp
	rows, bytes     int64     // not yet told to the stage
	started         time.Time
	totalRows       int64           // told
	totalBytes      int64           // told
	labels, outside context.Context // of the stage's code, and of who reads
	outcome         runOutcome
	err             error // of runFailed
	failed          int64 // failuresAbove when it started
	fromAbove       bool  // err is of an input
}

func (st *Stage) begin() *meterRun {
	m := st.meters
	r := &meterRun{stage: st, started: m.opts.Now(), labels: st.labels, outside: m.opts.Labels}
	r.last = r.started
	m.mu.Lock()
	if m.active++; m.began.IsZero() {
		m.began = r.started
	}
	r.failed = st.failuresAbove()
	if st.reader != nil && st.reader != st {
		r.outside = st.reader.labels
	}
	m.mu.Unlock()
	st.runs.Add(1)
	st.active.Add(1)
	r.tick = m.tick.start()
	r.seen = r.tick
	if r.labels != nil {
		pprof.SetGoroutineLabels(r.labels)
	}
	r.logStart()
	return r
}

// end runs however the run ends. After a panic it is not known on which side it was, and the time since the last
// stamp is given to none.
func (r *meterRun) end() {
	st, m := r.stage, r.stage.meters
	if r.labels != nil {
		pprof.SetGoroutineLabels(r.outside)
	}
	if r.outcome != runPanicked {
		r.stampAbove()
	} else {
		r.stamp()
	}
	m.tick.stop()
	st.active.Add(-1)
	m.mu.Lock()
	if m.active--; m.active == 0 {
		m.ended = r.last
	}
	m.mu.Unlock()
	r.logEnd()
}

// fail notes the error that ends the run.
func (r *meterRun) fail(err error) {
	r.outcome, r.err = runFailed, err
	r.stampAbove()
	r.fromAbove = r.stage.failuresAbove() > r.failed
	if !r.fromAbove {
		r.stage.errors.Add(1)
	}
	r.stage.failures.Add(1)
}

// stopped notes that the consumer wants no more, and returns false.
func (r *meterRun) stopped() bool {
	r.outcome = runStopped
	r.stampBelow()
	return false
}

// returned notes that the input came back.
func (r *meterRun) returned() {
	if r.outcome == runPanicked {
		r.outcome = runCompleted
	}
}

// failuresAbove is how many runs of the inputs have failed: if it goes up during a run, an error of the run is theirs.
func (st *Stage) failuresAbove() (n int64) {
	for _, in := range st.inputs {
		n += in.failures.Load()
	}
	return n
}

// stampAbove gives the time since the last stamp to what is above the meter.
func (r *meterRun) stampAbove() { r.stage.above.Add(r.stamp()) }

// stampBelow gives it to what is below.
func (r *meterRun) stampBelow() { r.stage.below.Add(r.stamp()) }

// stamp returns the time since the last stamp, in ns, and asks for the next tick.
func (r *meterRun) stamp() int64 {
	m := r.stage.meters
	now := m.opts.Now()
	passed := now.Sub(r.last)
	r.last = now
	if r.seen = m.tick.again(); r.seen != r.tick {
		r.tick = r.seen
		r.seen = ^r.seen // not yet reached: the next turn is timed as well
	}
	r.tell()
	return int64(passed)
}

// tell adds what was counted to the stage.
func (r *meterRun) tell() {
	r.stage.rows.Add(r.rows)
	r.stage.bytes.Add(r.bytes)
	r.totalRows += r.rows
	r.totalBytes += r.bytes
	r.rows, r.bytes = 0, 0
}
