package streamtest_test

import (
	"math/rand/v2"
	"time"

	"github.com/millrace-go/millrace/stream/streamtest"
)

// sickOutputs: outputs that differ, or lack something, for no reason in the input.
func sickOutputs() map[string]sick {
	streaming := streamtest.CheckOptions[int]{Streaming: true}
	return map[string]sick{
		// E9: same input, same output
		"map_order": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				counts := make(map[int]int)
				for v, err := range s {
					if err != nil {
						yield(0, err)
						return
					}
					counts[v]++
				}
				for v := range counts {
					if !yield(v, nil) {
						return
					}
				}
			}
		}, rule: streamtest.RuleRepeat, says: "the output differs from the first run's"},
		"random": {op: each(func(v int, err error, yield give) bool {
			if err == nil {
				v = rand.Int()
			}
			return forward(v, err, yield)
		}), rule: streamtest.RuleRepeat, says: "fresh operator 0 of 4: the output differs"},
		"clock": {op: each(func(v int, err error, yield give) bool {
			if err == nil {
				v = int(time.Now().UnixNano())
			}
			return forward(v, err, yield)
		}), rule: streamtest.RuleRepeat, says: "the output differs"},
		"loses_the_element_before_an_error": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				held, holding := 0, false
				for v, err := range s {
					if err != nil {
						yield(0, err) // without the one that is held
						return
					}
					if holding && !yield(held, nil) {
						return
					}
					held, holding = v, true
				}
				if holding {
					yield(held, nil)
				}
			}
		}, o: streaming, rule: streamtest.RuleRepeat, says: "error at input 1 of 24: values made of the inputs before the error are lost"},
		"error_overtakes_elements": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				var buffer []int
				for v, err := range s {
					if err != nil {
						yield(0, err)
						return
					}
					buffer = append(buffer, v)
				}
				for _, v := range buffer {
					if !yield(v, nil) {
						return
					}
				}
			}
		}, o: streaming, rule: streamtest.RuleRepeat, says: "values made of the inputs before the error are lost"},
		"invents_a_value_before_an_error": {op: each(func(v int, err error, yield give) bool {
			if err != nil && !yield(-1, nil) {
				return false
			}
			return forward(v, err, yield)
		}), rule: streamtest.RuleRepeat, says: "the values before the error do not begin what the inputs before it give"},
		"unordered_loses_one": {op: func(s ints) ints {
			runs := 0
			return func(yield func(int, error) bool) {
				runs++
				first := true
				for v, err := range s {
					if first && runs == 3 && err == nil {
						first = false
						continue
					}
					if !forward(v, err, yield) {
						return
					}
				}
			}
		}, o: streamtest.CheckOptions[int]{Unordered: true}, rule: streamtest.RuleRerun, says: "in any order"},
	}
}
