package stream_test

import (
	"testing"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/stream"
)

func init() {
	type ints = stream.Seq[int]
	third := func(v int) int { return v % 3 }
	bounds := map[string]stream.Resources{
		"unbounded": {},
		"spilling":  {Memory: 1},
		"workers":   {Workers: 3},
		"both":      {Memory: 1, Workers: 2},
	}
	register(contracttest.Ops{
		"Aggregate": func(t *testing.T) {
			for name, r := range bounds {
				t.Run(name, waiting(func(s ints) stream.Seq[stream.Keyed[int, int]] {
					return stream.Aggregate(s, third, sum, stream.AggregateOptions{Resources: r})
				}))
			}
		},
		"CountBy": waiting(func(s ints) stream.Seq[stream.Keyed[int, int]] { return stream.CountBy(s, third) }),
		"GroupBy": func(t *testing.T) {
			for name, r := range bounds {
				t.Run(name, waiting(func(s ints) stream.Seq[stream.Keyed[int, []int]] {
					return stream.GroupBy(s, third, stream.AggregateOptions{Resources: r})
				}))
			}
		},
	})
}
