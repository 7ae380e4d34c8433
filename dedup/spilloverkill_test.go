package dedup_test

import (
	"fmt"
	"testing"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/internal/spilltest"
	"github.com/millrace-go/millrace/stream"
)

// killedRuns are the runs that are killed: rows and runs of survivors on disk, and losers beside them, and rows that change as
// they are merged.
var killedRuns = spilltest.Runs{
	"Best":  killedRun(dedup.Options[visit]{By: []dedup.Comparator[visit]{latestVisit()}}),
	"First": killedRun(dedup.Options[visit]{}),
	"Merge": killedRun(dedup.Options[visit]{Keep: dedup.KeepMerge, By: []dedup.Comparator[visit]{latestVisit()},
		Merge: []dedup.Reducer[visit]{dedup.Greatest(func(v *visit) *string { return &v.Page })}}),
	"Losers": func(r stream.Resources) stream.Seq[string] {
		return func(yield func(string, error) bool) {
			more := true
			o := dedup.Options[visit]{Tie: dedup.TieLast, Losers: func(l dedup.Loser[visit]) error {
				more = more && yield(fmt.Sprint(l), nil)
				return nil
			}}
			for row, err := range killedRun(o)(r) {
				if more = more && yield(row, err); !more {
					return
				}
			}
		}
	},
}

// killedRun deduplicates under a bound, and prints the rows.
func killedRun(o dedup.Options[visit]) spilltest.Run {
	rows := stream.Of(visits(3000)...)
	return func(r stream.Resources) stream.Seq[string] {
		o := o
		r.Memory = 20 << 10
		o.Resources = r
		return stream.Map(dedup.Run(rows, visit.Key, o), func(v visit) string { return fmt.Sprint(v) })
	}
}

// TestSpillingRuns_Victim is the process that is killed, and does nothing otherwise.
func TestSpillingRuns_Victim(t *testing.T) { killedRuns.Victim(t) }

// Killed at any moment of a run that spills, once or several times, the next run in the same place gives the right rows and
// losers, and leaves no file, its own or of the dead.
func TestSpillingRuns_Killed(t *testing.T) { killedRuns.Kill(t, "TestSpillingRuns_Victim") }
