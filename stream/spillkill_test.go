package stream_test

import (
	"fmt"
	"testing"

	"github.com/millrace-go/millrace/internal/spilltest"
	"github.com/millrace-go/millrace/stream"
)

// spillRuns are the runs that are killed.
var spillRuns = spilltest.Runs{
	"Aggregate": func(r stream.Resources) stream.Seq[string] {
		r.Memory = 16 << 10
		last := stream.Fold[sale, []int]{Add: func(n *[]int, v sale) { *n = append(*n, v.At) }, Size: func(n *[]int) int { return 8 * cap(*n) }}
		return shown(stream.Aggregate(killedSales, seller, last, stream.AggregateOptions{Resources: r}))
	},
	"Sort": func(r stream.Resources) stream.Seq[string] {
		r.Memory = 8 << 10
		return shown(stream.Sort(killedSales, seller, stream.SortOptions{Resources: r}))
	},
	"Join": func(r stream.Resources) stream.Seq[string] {
		r.Memory = 16 << 10
		shifted := stream.Map(killedSales, func(v sale) sale { return sale{By: fmt.Sprint("user-", v.At), At: v.At} })
		return shown(stream.Join(killedSales, shifted, seller, seller, stream.JoinOptions{Kind: stream.Full, Resources: r}))
	},
}

var killedSales = stream.Of(manySales(3000)...)

// TestSpillingOperators_Victim is the process that is killed, and does nothing otherwise.
func TestSpillingOperators_Victim(t *testing.T) { spillRuns.Victim(t) }

// Killed at any moment of a spilling run, once or several times, the next run in the same place gives the right rows and
// leaves no file, its own or of the dead.
func TestSpillingOperators_Killed(t *testing.T) { spillRuns.Kill(t, "TestSpillingOperators_Victim") }
