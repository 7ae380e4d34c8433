package suite

import (
	"sync"

	"github.com/destel/rill"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
	"github.com/millrace-go/millrace/stream"
)

// parallelMap spreads little work over two goroutines and keeps the order.
func parallelMap() compare.Comparison {
	return compare.Comparison{
		Name:  "parallelmap",
		Title: "Two workers, in order",
		About: "A function of about 64 ns, on two goroutines, with the results in the order of the input: what handing " +
			"elements over costs. `chunks` is written by hand for this one purpose: two goroutines that take turns with " +
			"slices of 1024 numbers.",
		Cases: []compare.Case{{
			Name: "64ns", About: "numbers from a counter, a function of 64 ns", Rows: 10_000_000,
			Goals: []compare.Goal{{Measure: "wall", A: "millrace", B: "loop", AtMost: 1 / 1.5}},
		}},
		Sides: []compare.Side{
			{Name: "millrace", About: "stream.ParallelMap, 2 workers", Prepare: overNumbers(parallelMillrace)},
			{Name: "loop", About: "a for loop, one goroutine", Prepare: overNumbers(parallelLoop)},
			{Name: "chunks", About: "slices of 1024 to two goroutines, by hand", Prepare: overNumbers(parallelChunks)},
			{Name: "rill", About: "rill.OrderedMap, n = 2", Module: "github.com/destel/rill", Prepare: overNumbers(parallelRill)},
		},
	}
}

// labour takes about 64 ns: each round depends on the one before it.
func labour(v uint64) uint64 {
	for range 28 {
		v = events.Mix(v + 1)
	}
	return v
}

func parallelMillrace(n uint64, a *measure.Answer) error {
	work := func(v uint64) (uint64, error) { return labour(v), nil }
	for v, err := range stream.ParallelMap(stream.From(upTo(n)), work, stream.ParallelOptions{Workers: 2}) {
		if err != nil {
			return err
		}
		a.Next(v)
	}
	return nil
}

func parallelLoop(n uint64, a *measure.Answer) error {
	for v := range n {
		a.Next(labour(v))
	}
	return nil
}

// parallelChunks gives every other chunk to each of two workers, each of which has two buffers.
func parallelChunks(n uint64, a *measure.Answer) error {
	const size, workers = 1024, 2
	var todo, done [workers]chan []uint64
	var wg sync.WaitGroup
	for w := range workers {
		todo[w], done[w] = make(chan []uint64, 2), make(chan []uint64, 2)
		wg.Go(func() {
			for chunk := range todo[w] {
				for i, v := range chunk {
					chunk[i] = labour(v)
				}
				done[w] <- chunk
			}
			close(done[w])
		})
	}
	free := make(chan []uint64, 2*workers)
	for range 2 * workers {
		free <- make([]uint64, 0, size)
	}
	wg.Go(func() {
		turn := 0
		chunk := <-free
		for v := range n {
			chunk = append(chunk, v)
			if len(chunk) == size {
				todo[turn] <- chunk
				turn = (turn + 1) % workers
				chunk = <-free
			}
		}
		todo[turn] <- chunk
		for w := range workers {
			close(todo[w])
		}
	})
	for turn := 0; ; turn = (turn + 1) % workers {
		chunk, ok := <-done[turn]
		if !ok {
			break
		}
		for _, v := range chunk {
			a.Next(v)
		}
		free <- chunk[:0]
	}
	wg.Wait()
	return nil
}

func parallelRill(n uint64, a *measure.Answer) error {
	in := rill.FromSeq(upTo(n), nil)
	out := rill.OrderedMap(in, 2, func(v uint64) (uint64, error) { return labour(v), nil })
	return rill.ForEach(out, 1, func(v uint64) error {
		a.Next(v)
		return nil
	})
}
