package streamtest

import (
	"runtime"

	"github.com/millrace-go/millrace/stream"
)

// Allocs reports if an operator allocates more than perElement times per element of its input, in the long run:
// what it allocates once, for its closures and buffers, does not count. The inputs are repeated as often as
// needed; without any, 24 random ones are. Up to one allocation in a thousand elements beyond perElement is let
// pass, since the rest of the process allocates too.
//
// Under the race detector, which allocates itself, it does nothing.
func Allocs[In, Out any](t TB, perElement float64, op func(stream.Seq[In]) stream.Seq[Out], inputs ...In) {
	t.Helper()
	if raceEnabled {
		return
	}
	if got := allocsPerElement(op, inputs); got > perElement+0.001 {
		t.Errorf("streamtest: the operator allocates %.3g times per element, want at most %v", got, perElement)
	}
}

// allocsPerElement is the slope between a short and a long run, the least of several: another goroutine can only
// add to it.
func allocsPerElement[In, Out any](op func(stream.Seq[In]) stream.Seq[Out], inputs []In) float64 {
	const short, long, rounds = 2_000, 22_000, 5
	if len(inputs) == 0 {
		inputs = Random[In](0, randomInputs)
	}
	least := 0.0
	for i := range rounds {
		first := allocations(op, inputs, short)
		slope := (float64(allocations(op, inputs, long)) - float64(first)) / (long - short)
		if i == 0 || slope < least {
			least = slope
		}
	}
	return least
}

func allocations[In, Out any](op func(stream.Seq[In]) stream.Seq[Out], inputs []In, n int) uint64 {
	seq := op(func(yield func(In, error) bool) {
		for i := range n {
			if !yield(inputs[i%len(inputs)], nil) {
				return
			}
		}
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, err := range seq {
		if err != nil {
			break
		}
	}
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}
