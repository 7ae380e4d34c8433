package dedup_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// liveHeap is what lives on the heap, after a collection.
func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What a run books must be what it has: a bound that counts half is no bound. The heap is measured when all
// input is in, after a collection.
func TestRun_BookedIsWhatLives(t *testing.T) {
	const n = 40_000
	for name, o := range map[string]dedup.Options[profile]{
		"keys":               {},
		"rows":               {Tie: dedup.TieLast},
		"rows_and_positions": {Tie: dedup.TieLast, Order: dedup.OrderWinner},
		"null_rows":          {Tie: dedup.TieLast, NullKey: func(p profile) bool { return p.ID%2 == 0 }},
	} {
		for _, short := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/short=%v", name, short), func(t *testing.T) {
				budget, err := stream.NewBudget(1 << 30)
				require.NoError(t, err)
				o.Resources.Budget = budget
				var before, live, booked int64
				s := stream.Seq[profile](func(yield func(profile, error) bool) {
					before = liveHeap()
					for round := range 2 { // the second round replaces every row by a larger one
						for i := range n {
							p := profile{ID: i}
							if !short {
								p.Name = fmt.Sprintf("person number %020d", i)
								p.Tags = make([]string, 1+round, 2+2*round)
							}
							if !yield(p, nil) {
								return
							}
						}
					}
					live, booked = liveHeap()-before, budget.Used()
				})
				require.NoError(t, stream.Drain(dedup.Run(s, profile.Key, o)))
				require.Zero(t, budget.Used())
				// The allocator rounds sizes up, by an eighth at most.
				require.InEpsilon(t, live, booked, 0.15, "%d bytes live, %d booked", live, booked)
			})
		}
	}
}

// Keys that are cut from lines do not keep the lines alive, where only keys are held.
func TestEngines_KeysPinNoText(t *testing.T) {
	const n, line = 2_000, 32 << 10
	id := func(line string) string { return line[:8] }
	for name, run := range map[string]func(stream.Seq[string]) stream.Seq[string]{
		"Distinct": func(s stream.Seq[string]) stream.Seq[string] { return dedup.Distinct(s, id) },
		"TwoPass": func(s stream.Seq[string]) stream.Seq[string] {
			return dedup.TwoPass(func() stream.Seq[string] { return s }, id, dedup.Options[string]{Tie: dedup.TieLast, Order: dedup.OrderWinner})
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := liveHeap()
			var after int64
			lines := stream.Seq[string](func(yield func(string, error) bool) {
				for i := range n {
					if !yield(fmt.Sprintf("%08d", i)+strings.Repeat(" ", line), nil) {
						return
					}
				}
				after = liveHeap()
			})
			require.NoError(t, stream.Drain(run(lines)))
			require.Less(t, after-before, int64(n*line/4), "of %d bytes that passed", n*line)
		})
	}
}
