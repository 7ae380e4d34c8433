package stream_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// sale is a row whose files have something to lose: text that does not compress away.
type sale struct {
	By string
	At int
}

func manySales(n int) []sale {
	rows := make([]sale, n)
	for i := range rows {
		rows[i] = sale{By: fmt.Sprintf("user-%d", (i*7919)%(n/2)), At: i}
	}
	return rows
}

// Operators that spill, over a disk that fails: right rows or an error, and nothing left.
func TestSpillingOperators_faultyDisk(t *testing.T) {
	options := streamtest.FaultOptions[string]{Positions: 3}
	// The second where groups are small: more than the 16 KiB that every pass may take, on 32-bit machines too.
	rows, many := manySales(250), manySales(1000)
	for _, workers := range []int{1, 3} {
		bound := func(dir string, memory int64) stream.Resources {
			return stream.Resources{Memory: memory, Workers: workers, TempDir: dir}
		}
		for name, op := range map[string]func(s stream.Seq[sale], dir string) stream.Seq[string]{
			"Aggregate": func(s stream.Seq[sale], dir string) stream.Seq[string] {
				count := stream.Fold[sale, int]{Add: func(n *int, v sale) { *n += v.At }}
				return shown(stream.Aggregate(s, seller, count, stream.AggregateOptions{Resources: bound(dir, 1<<10)}))
			},
			"GroupBy": func(s stream.Seq[sale], dir string) stream.Seq[string] {
				return shown(stream.GroupBy(s, seller, stream.AggregateOptions{Resources: bound(dir, 2<<10)}))
			},
			"Sort": func(s stream.Seq[sale], dir string) stream.Seq[string] {
				return shown(stream.Sort(s, seller, stream.SortOptions{Resources: bound(dir, 2<<10)}))
			},
			"SortFunc": func(s stream.Seq[sale], dir string) stream.Seq[string] {
				compare := func(a, b sale) int { return strings.Compare(a.By, b.By) }
				return shown(stream.SortFunc(s, compare, stream.SortOptions{Resources: bound(dir, 2<<10), Descending: true}))
			},
			"Join/left side": func(s stream.Seq[sale], dir string) stream.Seq[string] {
				return shown(stream.Join(s, stream.Of(rows...), seller, seller, stream.JoinOptions{Kind: stream.Full, Resources: bound(dir, 2<<10)}))
			},
			"Join/right side": func(s stream.Seq[sale], dir string) stream.Seq[string] {
				return shown(stream.Join(stream.Of(rows...), s, seller, seller, stream.JoinOptions{Kind: stream.Right, Resources: bound(dir, 2<<10)}))
			},
			"Join/hot key": func(s stream.Seq[sale], dir string) stream.Seq[string] {
				hot := func(sale) string { return "all" }
				return shown(stream.Join(stream.Of(rows[:3]...), s, hot, hot, stream.JoinOptions{Resources: bound(dir, 2<<10)}))
			},
		} {
			if workers > 1 && strings.HasPrefix(name, "Join") {
				continue // has no workers
			}
			t.Run(fmt.Sprintf("%s/workers=%d", name, workers), func(t *testing.T) {
				inputs := rows
				if name == "Aggregate" || name == "GroupBy" {
					inputs = many
				}
				streamtest.CheckFaultsWith(t, op, options, inputs...)
			})
		}
	}
}

func seller(v sale) string { return v.By }

func shown[T any](s stream.Seq[T]) stream.Seq[string] {
	return stream.Map(s, func(v T) string { return fmt.Sprint(v) })
}
