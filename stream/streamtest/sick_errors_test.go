package streamtest_test

import (
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/stream/streamtest"
)

// sickErrors: errors that are lost, replaced, doubled or not the last pair.
func sickErrors() map[string]sick {
	return map[string]sick{
		// E1: an error is the last pair
		"value_after_error": {op: each(func(v int, err error, yield give) bool {
			if !yield(v, err) {
				return false
			}
			if err != nil {
				yield(1, nil)
			}
			return err == nil
		}), rule: streamtest.RuleErrorLast, says: `1 value yielded after the error "streamtest: error injected`},
		"flush_after_error": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				sum := 0
				for v, err := range s {
					if !yield(v, err) {
						return
					}
					sum += v
				}
				yield(sum, nil)
			}
		}, rule: streamtest.RuleErrorLast, says: "1 value yielded after the error"},
		"error_twice": {op: each(func(v int, err error, yield give) bool {
			if err != nil {
				if !yield(0, err) {
					return false
				}
				return yield(0, err)
			}
			return yield(v, nil)
		}), rule: streamtest.RuleErrorLast, says: "2 error pairs, want at most one"},
		"second_error_of_its_own": {op: each(func(v int, err error, yield give) bool {
			if err != nil {
				return yield(0, err) && yield(0, errors.New("closed"))
			}
			return yield(v, nil)
		}), rule: streamtest.RuleErrorLast, says: "2 error pairs"},
		"yields_on_after_error_and_stop": {op: each(func(v int, err error, yield give) bool {
			if err != nil {
				yield(0, err)
				yield(0, nil)
				return false
			}
			return yield(v, nil)
		}), rule: streamtest.RuleStop, says: "1 pair yielded after the loop ended"},
		"swallows_error": {op: each(func(v int, err error, yield give) bool {
			return err == nil && yield(v, nil)
		}), rule: streamtest.RuleErrorForwarded, says: "error at input 0 of 24: want an error that wraps the injected one, but it ended without an error after 0 values (and in 24 more places)"},
		"swallows_error_at_the_end": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				n := 0
				for v, err := range s {
					if err != nil && n == 24 {
						return // taken for an end of file
					}
					if n++; !forward(v, err, yield) {
						return
					}
				}
			}
		}, rule: streamtest.RuleErrorForwarded, says: "error at input 24 of 24"},
		"swallows_first_error": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				n := 0
				for v, err := range s {
					if err != nil && n == 0 {
						return
					}
					if n++; !forward(v, err, yield) {
						return
					}
				}
			}
		}, rule: streamtest.RuleErrorForwarded, says: "error at input 0 of 24"},
		"replaces_error": {op: each(func(v int, err error, yield give) bool {
			if err != nil {
				err = errors.New("reading failed")
			}
			return forward(v, err, yield)
		}), rule: streamtest.RuleErrorForwarded, says: `it ended with the error "reading failed"`},
		"wraps_error_with_v": {op: each(func(v int, err error, yield give) bool {
			if err != nil {
				err = fmt.Errorf("map: %v", err)
			}
			return forward(v, err, yield)
		}), rule: streamtest.RuleErrorForwarded, says: `"map: streamtest: error injected at input 0"`},

		// E2: zero beside an error
		"value_beside_error": {op: each(func(v int, err error, yield give) bool {
			return yield(v+1, err) && err == nil
		}), rule: streamtest.RuleZero, says: "the value beside the error is 1"},
		"last_value_beside_error": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				last := 0
				for v, err := range s {
					if err != nil {
						yield(last, err)
						return
					}
					if last = v | 1; !yield(v, nil) {
						return
					}
				}
			}
		}, rule: streamtest.RuleZero, says: "the value beside the error is"},
	}
}
