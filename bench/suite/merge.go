package suite

import (
	"cmp"
	"container/heap"
	"iter"
	"slices"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
	"github.com/millrace-go/millrace/stream"
)

// merge puts sorted inputs together into one.
func merge() compare.Comparison {
	const rows = 10_000_000
	faster := []compare.Goal{{Measure: "wall", A: "millrace", B: "heap", AtMost: 1. / 4}}
	few := []compare.Goal{{Measure: "wall", A: "millrace", B: "few", AtMost: 4}}
	return compare.Comparison{
		Name:  "merge",
		Title: "Merge of sorted inputs",
		About: "Sorted iterators, merged into one. `heap` is what the standard library offers: `iter.Pull` on each input and " +
			"`container/heap`, one switch to the input per element. `slices` is the same heap over slices, without " +
			"iterators: what remains where all input is in memory anyway. `few` has the rows of a thousand inputs in 8, each of " +
			"125 merged before, so that the output is the same.",
		Cases: []compare.Case{
			{Name: "8", About: "8 inputs of 16-byte rows", Rows: rows, Params: compare.Params{Inputs: 8},
				Sides: []string{"millrace", "heap", "slices"}, Goals: faster},
			{Name: "1000", About: "1000 inputs of 16-byte rows", Rows: rows, Params: compare.Params{Inputs: 1000}, Goals: few},
		},
		Sides: []compare.Side{
			{Name: "millrace", About: "stream.MergeFunc", Prepare: overSorted(mergeMillrace)},
			{Name: "few", About: "stream.MergeFunc of 8 inputs with the same rows", Prepare: overFew(mergeMillrace)},
			{Name: "heap", About: "iter.Pull and container/heap", Prepare: overSorted(mergeHeap)},
			{Name: "slices", About: "container/heap over slices", Prepare: overSorted(mergeSlices)},
		},
	}
}

// moment is what is merged: by At, and where that is equal by input.
type moment struct {
	At int64
	ID uint64
}

func (m moment) hash() uint64 { return events.Mix(m.ID) + uint64(m.At) }

func byTime(a, b moment) int { return cmp.Compare(a.At, b.At) }

// merger merges the inputs into an answer.
type merger func(inputs [][]moment, a *measure.Answer) error

func overSorted(run merger) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) { return mergeWork(run, sortedInputs(p)), nil }
}

// overFew merges neighbours among the inputs first, until 8 are left. Where times are equal the order is that of the
// inputs, so that it stays what it was.
func overFew(run merger) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) {
		inputs := sortedInputs(p)
		few := make([][]moment, min(8, len(inputs)))
		for i := range few {
			rows, err := stream.Collect(mergedInputs(inputs[i*len(inputs)/len(few) : (i+1)*len(inputs)/len(few)]))
			if err != nil {
				return nil, err
			}
			few[i] = rows
		}
		return mergeWork(run, few), nil
	}
}

// sortedInputs rise by small random steps, so that they interleave all the way, with ties.
func sortedInputs(p compare.Params) [][]moment {
	inputs := make([][]moment, p.Inputs)
	for i := range inputs {
		rows := make([]moment, p.Events.Rows/p.Inputs)
		at := int64(0)
		for j := range rows {
			id := events.Mix(p.Events.Seed ^ uint64(i)<<32 ^ uint64(j))
			at += int64(id % 100)
			rows[j] = moment{at, id}
		}
		inputs[i] = rows
	}
	return inputs
}

func mergeWork(run merger, inputs [][]moment) compare.Work {
	return func() (a measure.Answer, err error) {
		err = run(inputs, &a)
		return a, err
	}
}

func mergeMillrace(inputs [][]moment, a *measure.Answer) error {
	for m, err := range mergedInputs(inputs) {
		if err != nil {
			return err
		}
		a.Next(m.hash())
	}
	return nil
}

func mergedInputs(inputs [][]moment) stream.Seq[moment] {
	var seqs []stream.Seq[moment]
	for _, rows := range inputs {
		seqs = append(seqs, stream.Of(rows...))
	}
	return stream.MergeFunc(seqs, byTime, stream.MergeOptions{})
}

// head is an input with its next element.
type head struct {
	moment
	input int
	next  func() (moment, bool)
}

// heads is a binary heap of the inputs that are not at their end.
type heads []head

func (h heads) Len() int      { return len(h) }
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h heads) Less(i, j int) bool {
	if h[i].At != h[j].At {
		return h[i].At < h[j].At
	}
	return h[i].input < h[j].input
}
func (h *heads) Push(x any) { *h = append(*h, x.(head)) }
func (h *heads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func (h heads) merge(a *measure.Answer) {
	heap.Init(&h)
	for len(h) > 0 {
		a.Next(h[0].hash())
		m, ok := h[0].next()
		if !ok {
			heap.Pop(&h)
			continue
		}
		h[0].moment = m
		heap.Fix(&h, 0)
	}
}

func mergeHeap(inputs [][]moment, a *measure.Answer) error {
	var h heads
	for i, rows := range inputs {
		next, stop := iter.Pull(slices.Values(rows))
		defer stop()
		if m, ok := next(); ok {
			h = append(h, head{m, i, next})
		}
	}
	h.merge(a)
	return nil
}

func mergeSlices(inputs [][]moment, a *measure.Answer) error {
	var h heads
	for i, rows := range inputs {
		next := func() (m moment, ok bool) {
			if len(rows) == 0 {
				return m, false
			}
			m, rows = rows[0], rows[1:]
			return m, true
		}
		if m, ok := next(); ok {
			h = append(h, head{m, i, next})
		}
	}
	h.merge(a)
	return nil
}
