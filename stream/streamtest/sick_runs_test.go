package streamtest_test

import (
	"errors"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// sickRuns: state that outlives a run.
func sickRuns() map[string]sick {
	return map[string]sick{
		// E6: runs
		"state_across_runs": {op: func(s ints) ints {
			sum := 0
			return func(yield func(int, error) bool) {
				for v, err := range s {
					sum += v
					if err != nil {
						yield(0, err)
						return
					}
					if !yield(sum, nil) {
						return
					}
				}
			}
		}, rule: streamtest.RuleRerun, says: "run of one sequence 1 of 3: the output differs"},
		"state_shared_but_reset": {op: func(s ints) ints {
			sum := 0
			return func(yield func(int, error) bool) {
				sum = 0
				for v, err := range s {
					sum += v
					if err != nil {
						yield(0, err)
						return
					}
					if !yield(sum, nil) {
						return
					}
				}
			}
		}, rule: streamtest.RuleRerun, says: "two runs in turns: state is shared between runs"},
		"silently_empty_second_run": {op: func(s ints) ints {
			ran := false
			return func(yield func(int, error) bool) {
				if ran {
					return
				}
				ran = true
				each(forward)(s)(yield)
			}
		}, rule: streamtest.RuleRerun, says: "want 24 elements (-), got 0 elements (+)"},
		"hides_consumed": {op: each(func(v int, err error, yield give) bool {
			if errors.Is(err, stream.ErrConsumed) {
				return false
			}
			return forward(v, err, yield)
		}), rule: streamtest.RuleRerun, says: "second run over a single-use source: want stream.ErrConsumed, but it ended without an error"},
		"continues_where_it_was_broken_off": {op: func(s ints) ints {
			at := 0
			return func(yield func(int, error) bool) {
				i := 0
				for v, err := range s {
					if i++; i <= at && err == nil {
						continue
					}
					at++
					if !forward(v, err, yield) {
						return
					}
				}
				at = 0
			}
		}, rule: streamtest.RuleRerun, says: "run after a break at output 0 of 24"},
		"single_use_but_silent": {op: func(s ints) ints {
			ran := false
			return func(yield func(int, error) bool) {
				if !ran {
					ran = true
					each(forward)(s)(yield)
				}
			}
		}, o: streamtest.CheckOptions[int]{SingleUse: true}, rule: streamtest.RuleRerun, says: "want stream.ErrConsumed and no value, but it ended without an error"},
		"reads_source_twice": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				n := 0
				for _, err := range s {
					if err != nil {
						yield(0, err)
						return
					}
					n++
				}
				each(func(v int, err error, yield give) bool { return forward(v*n, err, yield) })(s)(yield)
			}
		}, rule: streamtest.RuleRerun, says: "the source was started 2 times in one run"},
	}
}
