package stream_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// streaming checks an operator that holds nothing back.
func streaming[Out any](op func(stream.Seq[int]) stream.Seq[Out]) func(*testing.T) {
	return readingAhead(op, 0)
}

// readingAhead checks an operator that holds nothing back longer than it takes to read that many more elements.
func readingAhead[Out any](op func(stream.Seq[int]) stream.Seq[Out], most int) func(*testing.T) {
	return func(t *testing.T) {
		streamtest.CheckWith(t, op, streamtest.CheckOptions[Out]{Streaming: true, ReadAhead: most}, 3, 1, 4, 1, 5, 9, 2, 6)
	}
}

// stopping checks an operator that ends before its input does: an error behind its end must not come out.
func stopping[Out any](op func(stream.Seq[int]) stream.Seq[Out], read int) func(*testing.T) {
	return func(t *testing.T) {
		inputs := []int{3, 1, 4, 1, 5, 9, 2, 6}
		streamtest.CheckWith(t, op, streamtest.CheckOptions[Out]{Streaming: true}, inputs...)
		for at := range len(inputs) + 1 {
			src := &streamtest.Script[int]{Values: inputs, At: at, Err: errBoom}
			_, err := stream.Collect(op(src.Seq()))
			if at < read {
				require.ErrorIs(t, err, errBoom, "error at input %d", at)
			} else {
				require.NoError(t, err, "error at input %d", at)
				require.Equal(t, read, src.Counts().Pulls)
			}
		}
	}
}

// waiting checks an operator that may hold elements back until it has seen more.
func waiting[Out any](op func(stream.Seq[int]) stream.Seq[Out]) func(*testing.T) {
	return func(t *testing.T) {
		streamtest.Check(t, op, 3, 3, 1, 4, 1, 1, 5, 9)
	}
}

func source[Out any](open func() stream.Seq[Out]) func(*testing.T) {
	return func(t *testing.T) { streamtest.CheckSource(t, open) }
}

func singleUse[Out any](open func() stream.Seq[Out]) func(*testing.T) {
	return func(t *testing.T) {
		streamtest.CheckSourceWith(t, open, streamtest.CheckOptions[Out]{SingleUse: true})
	}
}

func sink[R any](run func(stream.Seq[int]) (R, error)) func(*testing.T) {
	return func(t *testing.T) { streamtest.CheckSink(t, run, 3, 1, 4, 1, 5) }
}

// operators is what the files of this package register beside the operators named below.
var operators = contracttest.Ops{}

// register adds the entries of one file, from its init.
func register(ops contracttest.Ops) {
	for name, test := range ops {
		if operators[name] != nil {
			panic("registered twice: " + name)
		}
		operators[name] = test
	}
}

func init() {
	type ints = stream.Seq[int]
	even := func(v int) bool { return v%2 == 0 }
	below := func(v int) bool { return v < 5 }
	register(contracttest.Ops{
		"Of":   source(func() ints { return stream.Of(1, 2, 3) }),
		"From": source(func() ints { return stream.From(slices.Values([]int{1, 2, 3})) }),
		"Fail": func(t *testing.T) {
			streamtest.CheckSourceWith(t, func() ints { return stream.Fail[int](errBoom) }, streamtest.CheckOptions[int]{Fails: true})
		},
		"Lines": singleUse(func() stream.Seq[string] {
			return stream.Lines(strings.NewReader("a\nb\nc"), stream.LinesOptions{})
		}),
		"Chan": singleUse(func() ints {
			ch := make(chan int, 3)
			ch <- 1
			ch <- 2
			ch <- 3
			close(ch)
			return stream.Chan(context.Background(), ch)
		}),
		"Concat":      streaming(func(s ints) ints { return stream.Concat(stream.Of(7, 8), s) }),
		"WithContext": streaming(func(s ints) ints { return stream.WithContext(context.Background(), s) }),

		"Map":     streaming(func(s ints) ints { return stream.Map(s, func(v int) int { return -v }) }),
		"TryMap":  streaming(func(s ints) ints { return stream.TryMap(s, func(v int) (int, error) { return -v, nil }) }),
		"FlatMap": streaming(func(s ints) ints { return stream.FlatMap(s, func(v int) ints { return stream.Of(v, -v) }) }),
		"Tap":     streaming(func(s ints) ints { return stream.Tap(s, func(int) {}) }),
		"Filter":  streaming(func(s ints) ints { return stream.Filter(s, even) }),
		"Take": func(t *testing.T) {
			t.Run("all", streaming(func(s ints) ints { return stream.Take(s, 100) }))
			t.Run("three", stopping(func(s ints) ints { return stream.Take(s, 3) }, 3))
			t.Run("none", stopping(func(s ints) ints { return stream.Take(s, 0) }, 0))
		},
		"Skip": streaming(func(s ints) ints { return stream.Skip(s, 2) }),
		"TakeWhile": func(t *testing.T) {
			t.Run("all", streaming(func(s ints) ints { return stream.TakeWhile(s, func(v int) bool { return v < 100 }) }))
			t.Run("four", stopping(func(s ints) ints { return stream.TakeWhile(s, below) }, 5))
		},
		"SkipWhile": streaming(func(s ints) ints { return stream.SkipWhile(s, below) }),
		"Scan":      streaming(func(s ints) ints { return stream.Scan(s, 0, func(acc, v int) int { return acc + v }) }),
		"Enumerate": streaming(stream.Enumerate[int]),
		"Batch":     waiting(func(s ints) stream.Seq[[]int] { return stream.Batch(s, 3) }),
		"ChunkBy": waiting(func(s ints) stream.Seq[stream.Chunk[int, int]] {
			return stream.ChunkBy(s, func(v int) int { return v })
		}),
		"Zip": func(t *testing.T) {
			same := stream.Of(1, 2, 3, 4, 5, 6, 7, 8)
			t.Run("first", streaming(func(s ints) stream.Seq[stream.Pair[int, int]] { return stream.Zip(s, same) }))
			t.Run("second", streaming(func(s ints) stream.Seq[stream.Pair[int, int]] { return stream.Zip(same, s) }))
		},
		"Pull": func(t *testing.T) {
			for _, chunk := range []int{0, 1, 2, 256} {
				readingAhead(func(s ints) ints { return pulled(s, chunk) }, max(chunk, 1)-1)(t)
			}
		},

		"Collect": sink(stream.Collect[int]),
		"Count":   sink(stream.Count[int]),
		"Reduce":  sink(func(s ints) (int, error) { return stream.Reduce(s, sum) }),
		"Drain":   sink(func(s ints) (int, error) { return 0, stream.Drain(s) }),
		"ForEach": sink(func(s ints) (int, error) {
			n := 0
			return n, stream.ForEach(s, func(v int) error { n += v; return nil })
		}),
		"First": func(t *testing.T) {
			// First reads one element, so errors behind it are not its own: it is checked on one.
			streamtest.CheckSink(t, func(s ints) (int, error) {
				v, _, err := stream.First(stream.Skip(s, 4))
				return v, err
			}, 3, 1, 4, 1, 5)
		},
		"Try": sink(func(s ints) (int, error) {
			var err error
			n := 0
			for v := range stream.Try(s, &err) {
				n += v
			}
			return n, err
		}),
	})
}

func TestContract(t *testing.T) { contracttest.Run(t, operators) }
