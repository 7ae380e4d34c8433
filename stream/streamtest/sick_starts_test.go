package streamtest_test

import (
	"errors"
	"time"

	"github.com/millrace-go/millrace/stream/streamtest"
)

// sickStarts: reading too early, and not running at all.
func sickStarts() map[string]sick {
	streaming := streamtest.CheckOptions[int]{Streaming: true}
	impatient := streamtest.CheckOptions[int]{Patience: 100 * time.Millisecond}
	return map[string]sick{
		// E10: laziness
		"reads_when_built": {op: func(s ints) ints {
			var all []int
			var failed error
			for v, err := range s {
				if failed = err; err == nil {
					all = append(all, v)
				}
			}
			return func(yield func(int, error) bool) {
				for _, v := range all {
					if !yield(v, nil) {
						return
					}
				}
				if failed != nil {
					yield(0, failed)
				}
			}
		}, rule: streamtest.RuleLazy, says: "the source was started while the sequence was built"},
		"peeks_when_built": {op: func(s ints) ints {
			empty := true
			for range s {
				empty = false
				break
			}
			return func(yield func(int, error) bool) {
				if !empty {
					each(forward)(s)(yield)
				}
			}
		}, rule: streamtest.RuleLazy, says: "before the first pull"},

		"collects_all_before_it_yields": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				var all []int
				var failed error
				for v, err := range s {
					if failed = err; err == nil {
						all = append(all, v)
					}
				}
				for _, v := range all {
					if !yield(v, nil) {
						return
					}
				}
				if failed != nil {
					yield(0, failed)
				}
			}
		}, o: streaming, rule: streamtest.RuleAhead, says: "E10 read ahead: output 0 of 24: it came after 24 inputs and their end, 1 suffices (and in 23 more places)"},
		"reads_one_ahead": {op: oneAhead, o: streaming, rule: streamtest.RuleAhead, says: "output 0 of 24: it came after 2 inputs, 1 suffices (and in 23 more places)"},
		"reads_further_ahead_than_it_says": {op: prefetched(3), o: streamtest.CheckOptions[int]{Streaming: true, ReadAhead: 2}, rule: streamtest.RuleAhead,
			says: "output 0 of 24: it came after 4 inputs, 1 suffices, and CheckOptions.ReadAhead allows 2 more (and in 5 more places)"},

		// Not even a run
		"hangs_on_error": {op: each(func(v int, err error, yield give) bool {
			if err != nil {
				<-make(chan int)
			}
			return forward(v, err, yield)
		}), o: impatient, rule: streamtest.RuleHang, says: "error at input 0 of 24: the run did not end within 100ms"},
		"hangs_at_once": {op: func(s ints) ints { select {} }, o: impatient, rule: streamtest.RuleHang, says: "select (no cases)"},
		"nil_sequence":  {op: func(s ints) ints { return nil }, rule: streamtest.RuleHealthy, says: "the sequence is nil"},
		"panics":        {op: func(s ints) ints { panic("map: nil function") }, rule: streamtest.RuleHealthy, says: "it panicked with map: nil function"},
		"always_fails": {op: func(s ints) ints {
			return func(yield func(int, error) bool) { yield(0, errors.New("size must be positive")) }
		}, rule: streamtest.RuleHealthy, says: "give inputs it accepts"},
		"never_fails": {op: each(forward), o: streamtest.CheckOptions[int]{Fails: true}, rule: streamtest.RuleHealthy, says: "CheckOptions.Fails is set, but it ended without an error"},
	}
}
