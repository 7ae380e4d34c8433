package stream

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Stats is what Meters saw until now.
//
// # Where the time of a stage comes from
//
// A meter sees the two sides of a boundary. While the stages above it make an element, their time goes to Above;
// while those below use it, theirs goes to Below. Above and Below together are the time of the run. A stage lies
// between two meters, so that what is its own is what its meter saw above, less what the meters of its inputs did:
//
//	read |> meter |> parse |> meter |> loop
//	  Above of read's meter:  read               = Busy of read
//	  Above of parse's meter: read, parse        Busy of parse = Above - Above of read
//	  Below of parse's meter: loop               = WaitOutput of parse
//
// Where a stage reads on other goroutines (Prefetch, ParallelMap), it waits for less than its inputs take: what
// it waits for up to their time is WaitInput, and only what is beyond that is Busy, so that slow workers of a
// ParallelMap count as its own work.
//
// A turn of a side that takes longer than two milliseconds is timed exactly, and so is the turn of the other side
// that follows it. Shorter ones are sampled, some thousand times a second, as a profiler does: a share p of n
// samples has a standard error of the square root of p(1-p)/n, 0.5 % after ten seconds; where turns are about as
// long as the distance of samples, expect an error of up to 4 % beside. Above and Below together are exact. Where
// other goroutines keep all processors busy, samples come later, and rather where a stage waits. A run that is over
// before the first sample, within some milliseconds, has a total and no more: which stage took it is not known.
type Stats struct {
	Stages []StageStats  // in the order they were named
	Took   time.Duration // from the start of the first run to the end of the last, or to now
}

// StageStats is one stage of Stats. Times of several runs add up.
type StageStats struct {
	Name   string   // as it was given
	Inputs []string // the stages it reads from
	Last   bool     // no other stage reads from it: below it is the consumer

	Runs   int   // started
	Active int   // of these, not ended
	Rows   int64 // passed on
	Bytes  int64 // of them, where MeterFunc knows
	Errors int64 // that began in this stage: runs that failed, and bad records (AddErrors)

	Above time.Duration // the stage and all above it
	Below time.Duration // all below it

	Busy       time.Duration // the stage's own: Above without WaitInput and Spill
	WaitInput  time.Duration // for its inputs
	WaitOutput time.Duration // for the stages below it, or the consumer: Below
	Spill      time.Duration // writing and reading spilled rows (AddSpill)
	SpillBytes int64         // written and read
}

// Stats returns what was seen until now. The counts of runs that have ended are exact; those of one that has not lack
// what passed since its last tick.
func (m *Meters) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	var s Stats
	read := make(map[*Stage]bool)
	for _, st := range m.stages {
		for _, in := range st.inputs {
			read[in] = true
		}
	}
	for _, st := range m.stages {
		s.Stages = append(s.Stages, st.stats(!read[st]))
	}
	switch {
	case m.active > 0:
		s.Took = m.opts.Now().Sub(m.began)
	case !m.began.IsZero():
		s.Took = m.ended.Sub(m.began)
	}
	return s
}

func (st *Stage) stats(last bool) StageStats {
	s := StageStats{
		Name: st.name, Last: last,
		Runs: int(st.runs.Load()), Active: int(st.active.Load()),
		Rows: st.rows.Load(), Bytes: st.bytes.Load(), Errors: st.errors.Load(),
		Above: time.Duration(st.above.Load()), Below: time.Duration(st.below.Load()),
		Spill: time.Duration(st.spill.Load()), SpillBytes: st.spillBytes.Load(),
	}
	for _, in := range st.inputs {
		s.Inputs = append(s.Inputs, in.name)
		s.WaitInput += time.Duration(in.above.Load())
	}
	s.WaitInput = min(s.WaitInput, s.Above)
	s.Busy = max(0, s.Above-s.WaitInput-s.Spill)
	s.WaitOutput = s.Below
	return s
}

// Bottleneck says what took the most time: a stage's work ("parse"), its spilling ("sort, spilling"), or the consumer
// of a last stage ("consumer of parse"). On one goroutine these add up to Took; where there are several, it is the
// one that the others wait for. Without any time what is "".
func (s Stats) Bottleneck() (what string, took time.Duration) {
	longest := func(name string, d time.Duration) {
		if d > took {
			what, took = name, d
		}
	}
	for _, st := range s.Stages {
		longest(st.Name, st.Busy)
		longest(st.Name+", spilling", st.Spill)
		if st.Last {
			longest("consumer of "+st.Name, st.WaitOutput)
		}
	}
	return what, took
}

// String is a table of the stages, and names the bottleneck.
func (s Stats) String() string {
	table := [][]string{{"stage", "rows", "bytes", "errors", "busy", "wait in", "wait out", "spill"}}
	for _, st := range s.Stages {
		table = append(table, []string{
			st.Name, fmt.Sprint(st.Rows), fmt.Sprint(st.Bytes), fmt.Sprint(st.Errors),
			short(st.Busy), short(st.WaitInput), short(st.WaitOutput), short(st.Spill),
		})
	}
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range table {
		fmt.Fprintf(&b, "%-*s", widths[0], row[0])
		for i, cell := range row[1:] {
			fmt.Fprintf(&b, "  %*s", widths[i+1], cell)
		}
		b.WriteByte('\n')
	}
	if what, took := s.Bottleneck(); took > 0 {
		fmt.Fprintf(&b, "bottleneck: %s, %s of %s\n", what, short(took), short(s.Took))
	}
	return b.String()
}

// short is d with three digits or so.
func short(d time.Duration) string {
	switch {
	case d >= time.Minute:
		d = d.Round(time.Second)
	case d >= time.Second:
		d = d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		d = d.Round(10 * time.Microsecond)
	}
	return d.String()
}
