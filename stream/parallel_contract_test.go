package stream_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// negated is ParallelMap with a function that cannot fail.
func negated(o stream.ParallelOptions) func(stream.Seq[int]) stream.Seq[int] {
	return func(s stream.Seq[int]) stream.Seq[int] {
		return stream.ParallelMap(s, func(v int) (int, error) { return -v, nil }, o)
	}
}

// shardsJoined is SplitByKey as a sink: the elements, shard after shard.
func shardsJoined(s stream.Seq[int], n int) ([]int, error) {
	shards := make([][]int, n)
	err := stream.SplitByKey(context.Background(), s, func(v int) int { return v }, n, func(shard int, s stream.Seq[int]) (err error) {
		shards[shard], err = stream.Collect(s)
		return err
	}, stream.SplitOptions{Ahead: 2})
	var all []int
	for _, s := range shards {
		all = append(all, s...)
	}
	return all, err
}

func init() {
	type ints = stream.Seq[int]
	register(contracttest.Ops{
		"ParallelMap": func(t *testing.T) {
			for _, workers := range []int{1, 2, 8} {
				for _, inFlight := range []int{1, 2, 5, 256} {
					o := stream.ParallelOptions{Workers: workers, InFlight: inFlight}
					t.Run(fmt.Sprintf("workers=%d/inflight=%d", workers, inFlight), func(t *testing.T) {
						t.Run("ordered", readingAhead(negated(o), inFlight))
						o.Unordered = true
						t.Run("unordered", func(t *testing.T) {
							streamtest.CheckWith(t, negated(o), streamtest.CheckOptions[int]{Unordered: true}, 3, 1, 4, 1, 5, 9, 2, 6)
						})
					})
				}
			}
			t.Run("defaults", func(t *testing.T) { streamtest.Check(t, negated(stream.ParallelOptions{})) })
			t.Run("of_prefetch", func(t *testing.T) {
				streamtest.Check(t, func(s ints) ints { return negated(stream.ParallelOptions{})(stream.Prefetch(s, 3)) })
			})
		},
		"Prefetch": func(t *testing.T) {
			for _, n := range []int{1, 2, 3, 256} {
				t.Run(fmt.Sprint(n), readingAhead(func(s ints) ints { return stream.Prefetch(s, n) }, n))
			}
		},
		"Interleave": func(t *testing.T) {
			unordered := func(op func(s ints) ints) func(*testing.T) {
				return func(t *testing.T) {
					streamtest.CheckWith(t, op, streamtest.CheckOptions[int]{Unordered: true}, 3, 1, 4, 1, 5, 9, 2, 6)
				}
			}
			t.Run("first", unordered(func(s ints) ints { return stream.Interleave(s, stream.Of(7, 8)) }))
			t.Run("last", unordered(func(s ints) ints { return stream.Interleave(stream.Of[int](), stream.Of(7, 8), s) }))
			t.Run("alone", readingAhead(func(s ints) ints { return stream.Interleave(s) }, 64))
		},
		"Broadcast": func(t *testing.T) {
			t.Run("two", sink(func(s ints) ([]int, error) {
				var mu sync.Mutex
				got := make([][]int, 2)
				collect := func(i int) func(ints) error {
					return func(s ints) error {
						all, err := stream.Collect(s)
						mu.Lock()
						defer mu.Unlock()
						got[i] = all
						return err
					}
				}
				err := stream.Broadcast(context.Background(), s, collect(0), collect(1))
				return append(got[0], got[1]...), err
			}))
			t.Run("swallowing", sink(func(s ints) (int, error) {
				return 0, stream.Broadcast(context.Background(), s, func(s ints) error { _ = stream.Drain(s); return nil })
			}))
		},
		"SplitByKey": func(t *testing.T) {
			for _, n := range []int{1, 3, 8} {
				t.Run(fmt.Sprint(n), sink(func(s ints) ([]int, error) { return shardsJoined(s, n) }))
			}
		},
	})
}
