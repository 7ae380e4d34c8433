package session

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// Events that are looked up together give what they give one by one: the same sessions, counts, rejects and error, whatever
// ends the input. A bound that leaves room for everything makes the stage one of one event.
func TestStagedIntake_Law_OneByOne(t *testing.T) {
	for i := range hunt(t, 500) {
		r := rand.New(rand.NewPCG(uint64(i), 4))
		p := drawOrdered(r)
		p.opts.Ordered = false
		if r.IntN(2) == 0 {
			r.Shuffle(len(p.events), func(i, j int) { p.events[i], p.events[j] = p.events[j], p.events[i] })
		}
		intervals := func(s stream.Seq[orderedEvent], q *query[orderedEvent, string], _ stream.Fold[orderedEvent, []int]) stream.Seq[Folded[string, []int]] {
			return func(yield func(Folded[string, []int], error) bool) {
				for s, err := range intervals(s, q) {
					if !yield(Folded[string, []int]{Session: s}, err) {
						return
					}
				}
			}
		}
		run := func(s stream.Seq[orderedEvent], q *query[orderedEvent, string], f stream.Fold[orderedEvent, []int]) stream.Seq[Folded[string, []int]] {
			return Run(s, q.gap, q.key, q.at, f, q.opts)
		}
		for name, engine := range map[string]func(stream.Seq[orderedEvent], *query[orderedEvent, string], stream.Fold[orderedEvent, []int]) stream.Seq[Folded[string, []int]]{
			"Intervals": intervals, "Run": run,
		} {
			p.opts.Resources = stream.Resources{}
			got, stats := p.trace(engine)
			p.opts.Resources.Memory = 1 << 40
			want, wantStats := p.trace(engine)
			require.Equal(t, want, got, "program %d, %s", i, name)
			require.Equal(t, wantStats, stats, "program %d, %s", i, name)
		}
	}
}

// The engine for any order gives the sessions of the one for input in order, where both apply.
func TestStagedIntake_Law_Ordered(t *testing.T) {
	for i := range hunt(t, 300) {
		p := drawOrdered(rand.New(rand.NewPCG(uint64(i), 5)))
		p.breaks, p.fails = 0, nil
		p.opts.Rejects = func(Reject[orderedEvent]) error { return nil } // a descent may have gone out of range
		slices.SortStableFunc(p.events, func(a, b orderedEvent) int { return cmp.Compare(a.at, b.at) })
		of := func(yield func(orderedEvent, error) bool) {
			for _, e := range p.events {
				if !yield(e, nil) {
					return
				}
			}
		}
		key := func(e orderedEvent) string { return e.key }
		at := func(e orderedEvent) time.Time { return time.Unix(0, e.at) }
		fold := stream.Fold[orderedEvent, []int]{Add: func(acc *[]int, e orderedEvent) { *acc = append(*acc, e.n) }}
		var lines [2][]string
		for j, inOrder := range []bool{false, true} {
			p.opts.Ordered = inOrder
			for s, err := range Run(of, p.gap, key, at, fold, p.opts) {
				require.NoError(t, err)
				lines[j] = append(lines[j], fmt.Sprintf("%+v", s))
			}
		}
		require.Equal(t, lines[0], lines[1], "program %d", i)
	}
}
