package suite

import (
	"iter"

	"github.com/destel/rill"
	streams "github.com/reugn/go-streams"
	"github.com/reugn/go-streams/extension"
	"github.com/reugn/go-streams/flow"
	"github.com/samber/lo/it"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/measure"
	"github.com/millrace-go/millrace/stream"
)

// chain is the price of a stage: three of them over numbers, so cheap that hardly anything else is measured.
func chain() compare.Comparison {
	return compare.Comparison{
		Name:  "chain",
		Title: "Three stages over numbers",
		About: "Map, Filter and Map with functions of one instruction or two over uint64: what a stage costs when the " +
			"work is nothing. `iterseq` is the same three closures over a plain `iter.Seq`, without errors. `lifted` begins " +
			"with stream.From over a plain iterator, which is a stage more.",
		Cases: []compare.Case{{
			Name: "uint64", About: "numbers from a counter, no input in memory", Rows: 10_000_000,
			Goals: []compare.Goal{
				{Measure: "wall", A: "millrace", B: "iterseq", AtMost: 1.3},
				{Measure: "wall", A: "millrace", B: "rill", AtMost: 1. / 50},
				{Measure: "wall", A: "millrace", B: "go-streams", AtMost: 1. / 50},
			},
		}},
		Sides: []compare.Side{
			{Name: "millrace", About: "stream.Map, Filter, Map", Prepare: overNumbers(chainMillrace)},
			{Name: "lifted", About: "stream.From, Map, Filter, Map", Prepare: overNumbers(chainLifted)},
			{Name: "loop", About: "one for loop, written by hand", Prepare: overNumbers(chainLoop)},
			{Name: "iterseq", About: "the same closures over iter.Seq", Prepare: overNumbers(chainSeq)},
			{Name: "lo", About: "it.Map, it.Filter, it.Map", Module: "github.com/samber/lo", Prepare: overNumbers(chainLo)},
			{Name: "rill", About: "rill.Map, Filter, Map, one goroutine a stage", Module: "github.com/destel/rill",
				Prepare: overNumbers(chainRill)},
			{Name: "go-streams", About: "flow.Map, Filter, Map, parallelism 1", Module: "github.com/reugn/go-streams",
				Prepare: overNumbers(chainStreams)},
		},
	}
}

func overNumbers(run func(n uint64, a *measure.Answer) error) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) {
		return func() (a measure.Answer, err error) {
			err = run(uint64(p.Events.Rows), &a)
			return a, err
		}, nil
	}
}

// The three functions. They are not inlined into the loop of any side but the hand-written one's.
func scramble(v uint64) uint64 { return v*0x9e3779b97f4a7c15 + 1 }
func wanted(v uint64) bool     { return v&7 != 0 }
func finish(v uint64) uint64   { return v ^ v>>32 }

// upTo counts from 0.
func upTo(n uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for v := range n {
			if !yield(v) {
				return
			}
		}
	}
}

// numbers is upTo as a source of Millrace.
func numbers(n uint64) stream.Seq[uint64] {
	return func(yield func(uint64, error) bool) {
		for v := range n {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func chainMillrace(n uint64, a *measure.Answer) error { return chainOver(numbers(n), a) }

func chainLifted(n uint64, a *measure.Answer) error { return chainOver(stream.From(upTo(n)), a) }

func chainOver(source stream.Seq[uint64], a *measure.Answer) error {
	for v, err := range stream.Map(stream.Filter(stream.Map(source, scramble), wanted), finish) {
		if err != nil {
			return err
		}
		a.Add(v)
	}
	return nil
}

func chainLoop(n uint64, a *measure.Answer) error {
	for v := range n {
		if v = scramble(v); wanted(v) {
			a.Add(finish(v))
		}
	}
	return nil
}

func chainSeq(n uint64, a *measure.Answer) error {
	for v := range mapSeq(filterSeq(mapSeq(upTo(n), scramble), wanted), finish) {
		a.Add(v)
	}
	return nil
}

func mapSeq[T, U any](s iter.Seq[T], fn func(T) U) iter.Seq[U] {
	return func(yield func(U) bool) {
		for v := range s {
			if !yield(fn(v)) {
				return
			}
		}
	}
}

func filterSeq[T any](s iter.Seq[T], keep func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		for v := range s {
			if keep(v) && !yield(v) {
				return
			}
		}
	}
}

func chainLo(n uint64, a *measure.Answer) error {
	for v := range it.Map(it.Filter(it.Map(upTo(n), scramble), wanted), finish) {
		a.Add(v)
	}
	return nil
}

func chainRill(n uint64, a *measure.Answer) error {
	infallible := func(fn func(uint64) uint64) func(uint64) (uint64, error) {
		return func(v uint64) (uint64, error) { return fn(v), nil }
	}
	in := rill.FromSeq(upTo(n), nil)
	kept := rill.Filter(rill.Map(in, 1, infallible(scramble)), 1, func(v uint64) (bool, error) { return wanted(v), nil })
	return rill.ForEach(rill.Map(kept, 1, infallible(finish)), 1, func(v uint64) error {
		a.Add(v)
		return nil
	})
}

func chainStreams(n uint64, a *measure.Answer) error {
	in, out := make(chan any), make(chan any)
	go func() {
		defer close(in)
		for v := range n {
			in <- v
		}
	}()
	var last streams.Flow = extension.NewChanSource(in).
		Via(flow.NewMap(scramble, 1)).
		Via(flow.NewFilter(wanted, 1)).
		Via(flow.NewMap(finish, 1))
	go last.To(extension.NewChanSink(out))
	for v := range out {
		a.Add(v.(uint64))
	}
	return nil
}
