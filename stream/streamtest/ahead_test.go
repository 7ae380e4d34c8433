package streamtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// oneAhead yields each element when it has seen the next one.
func oneAhead(s ints) ints {
	return func(yield func(int, error) bool) {
		held, have := 0, false
		for v, err := range s {
			if have && !yield(held, nil) {
				return
			}
			if err != nil {
				yield(0, err)
				return
			}
			held, have = v, true
		}
		if have {
			yield(held, nil)
		}
	}
}

// prefetched reads n elements ahead of each run of n+1 that it yields.
func prefetched(n int) func(ints) ints {
	return func(s ints) ints {
		return func(yield func(int, error) bool) {
			var held []int
			flush := func() bool {
				for _, v := range held {
					if !yield(v, nil) {
						return false
					}
				}
				held = held[:0]
				return true
			}
			for v, err := range s {
				if err != nil {
					if flush() {
						yield(0, err)
					}
					return
				}
				if held = append(held, v); len(held) > n && !flush() {
					return
				}
			}
			flush()
		}
	}
}

// Honest operators pass: those that give nothing, several or something before the first input, that stop early,
// and that read ahead no further than they say.
func TestReadAhead_HonestOnesPass(t *testing.T) {
	header := func(s ints) ints { return stream.Concat(stream.Of(-1, -2), s) }
	twice := func(s ints) ints { return stream.FlatMap(s, func(v int) ints { return stream.Of(v, v) }) }
	odd := func(s ints) ints { return stream.Filter(s, func(v int) bool { return v%2 == 1 }) }
	for name, c := range map[string]struct {
		op    func(ints) ints
		ahead int
	}{
		"header": {header, 0}, "twice": {twice, 0}, "filter": {odd, 0}, "take": {take[int](3), 0},
		"one_ahead": {oneAhead, 1}, "three_ahead": {prefetched(3), 3}, "less_than_allowed": {mapOp(double), 5},
	} {
		for _, n := range []int{1, 24, 500} {
			streamtest.CheckWith(t, c.op, streamtest.CheckOptions[int]{Streaming: true, ReadAhead: c.ahead}, numbers(1, n+1)...)
		}
		require.False(t, t.Failed(), name)
	}
}

// With more inputs than positions are tried, what suffices is known of a sample; the beginning is among it.
func TestReadAhead_ManyInputs(t *testing.T) {
	caught(t, streamtest.Violations(oneAhead, streamtest.CheckOptions[int]{Streaming: true}, numbers(0, 500)...),
		streamtest.RuleAhead, "output 0 of 500: it came after 2 inputs, 1 suffices")
}

// Without Streaming an operator may wait as long as it likes.
func TestReadAhead_OnlyWhereStreaming(t *testing.T) {
	require.Empty(t, streamtest.Violations(oneAhead, streamtest.CheckOptions[int]{}))
}
