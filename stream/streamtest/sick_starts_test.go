package streamtest_test

import (
	"errors"
	"time"

	"github.com/millrace-go/millrace/stream/streamtest"
)

// sickStarts: reading too early, and not running at all.
func sickStarts() map[string]sick {
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
