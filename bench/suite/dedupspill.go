package suite

import (
	"os"
	"runtime/debug"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// deduplicateSpilling keeps the latest copy of each sample where the samples do not fit.
func deduplicateSpilling() compare.Comparison {
	const rows, memory = 20_000_000, 256 << 20
	return compare.Comparison{
		Name:  "dedup-spill",
		Title: "The latest copy of each sample in 256 MiB",
		About: "Two copies of each of 10 M samples, Go structs of 64 bytes, the second copies after all first ones; the latest is to be " +
			"kept, in the order in which the samples were first seen. The bound holds a quarter of the samples: the others go " +
			"through files. Rows are made from a seed while they are read, by all sides alike, so that none has its input in memory. " +
			"The bounded side sets Go's memory limit to five quarters of the bound. The answer is that of rows and order.",
		Cases: []compare.Case{{
			Name: "samples", About: "10 M samples, two copies each", Rows: rows,
			Params: compare.Params{Events: events.Options{Users: rows / 2}, Memory: memory},
			Goals: []compare.Goal{
				{Measure: "wall", A: "millrace", B: "unbounded", AtMost: 2.5},
				{Measure: "live", A: "millrace", AtMost: memory},
				{Measure: "resident", A: "millrace", AtMost: memory*5/4 + 64<<20},
			},
		}},
		Sides: []compare.Side{
			{Name: "millrace", About: "dedup.Run, 256 MiB", Prepare: overSamples(dedupBounded)},
			{Name: "unbounded", About: "dedup.Best", Prepare: overSamples(dedupUnbounded)},
			{Name: "index", About: "a for loop, a slice of rows and a map of their numbers", Prepare: overSamples(dedupSampleIndex)},
		},
	}
}

// sampleKeeper calls keep with each sample that is kept, in the order in which they were first seen.
type sampleKeeper func(s events.Samples, memory int64, keep func(events.Sample)) error

// overSamples makes the work; the rows are made by whoever reads them.
func overSamples(run sampleKeeper) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) {
		s := events.Samples{Rows: p.Events.Rows, Keys: p.Events.Users, Seed: p.Events.Seed}
		return func() (a measure.Answer, err error) {
			err = run(s, p.Memory, func(row events.Sample) { a.Next(events.HashSample(&row)) })
			return a, err
		}, nil
	}
}

// samples is the input as a stream.
func samples(s events.Samples) stream.Seq[events.Sample] {
	return func(yield func(events.Sample, error) bool) {
		for i := range s.Rows {
			if !yield(s.At(i), nil) {
				return
			}
		}
	}
}

// theLatest is the rule of all sides.
func theLatest() dedup.Comparator[events.Sample] { return dedup.Max(events.Sample.Arrived) }

func dedupBounded(s events.Samples, memory int64, keep func(events.Sample)) error {
	// The rest is for the program itself.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memory + memory/4))
	temp, err := os.MkdirTemp("", "millrace-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	o := dedup.Options[events.Sample]{
		By:        []dedup.Comparator[events.Sample]{theLatest()},
		Resources: stream.Resources{Memory: memory, TempDir: temp},
	}
	return keepSamples(dedup.Run(samples(s), events.Sample.Key, o), keep)
}

func dedupUnbounded(s events.Samples, _ int64, keep func(events.Sample)) error {
	return keepSamples(dedup.Best(samples(s), events.Sample.Key, theLatest()), keep)
}

// keepSamples consumes what Millrace yields.
func keepSamples(s stream.Seq[events.Sample], keep func(events.Sample)) error {
	for row, err := range s {
		if err != nil {
			return err
		}
		keep(row)
	}
	return nil
}

func dedupSampleIndex(s events.Samples, _ int64, keep func(events.Sample)) error {
	var best []events.Sample
	index := map[uint64]int{}
	for i := range s.Rows {
		row := s.At(i)
		n, ok := index[row.ID]
		switch {
		case !ok:
			index[row.ID] = len(best)
			best = append(best, row)
		case row.At > best[n].At:
			best[n] = row
		}
	}
	for i := range best {
		keep(best[i])
	}
	return nil
}
