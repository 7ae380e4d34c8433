package streamtest_test

import (
	"fmt"

	"github.com/millrace-go/millrace/stream/streamtest"
)

// sickPanics: panics and exits that do not come out.
func sickPanics() map[string]sick {
	return map[string]sick{
		// E7: panics
		"recovers_panics": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				defer func() { _ = recover() }()
				each(forward)(s)(yield)
			}
		}, rule: streamtest.RulePanic, says: "want the panic to come out on the consumer's goroutine, but it ended without an error"},
		"recovers_panic_into_error": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				inSource := true
				defer func() {
					if !inSource {
						return // the loop body's own
					}
					if r := recover(); r != nil {
						yield(0, fmt.Errorf("panic: %v", r))
					}
				}()
				for v, err := range s {
					inSource = false
					if !forward(v, err, yield) {
						return
					}
					inSource = true
				}
			}
		}, rule: streamtest.RulePanic, says: "panic at input 0 of 24: want the panic to come out"},
		"replaces_panic": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				defer func() {
					if recover() != nil {
						panic("internal error")
					}
				}()
				each(forward)(s)(yield)
			}
		}, rule: streamtest.RulePanic, says: "it panicked with internal error"},
		"goexit_becomes_an_end": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				var all []int
				var failed error
				var thrown any
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer func() { thrown = recover() }()
					for v, err := range s {
						if failed = err; err == nil {
							all = append(all, v)
						}
					}
				}()
				<-done
				if thrown != nil {
					panic(thrown)
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
		}, rule: streamtest.RulePanic, says: "Goexit at input 0 of 24: want the consumer's goroutine to exit, but it ended without an error"},
		"goexit_becomes_a_panic": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				normal := false
				defer func() {
					if r := recover(); r != nil {
						panic(r)
					}
					if !normal {
						panic("the source exited")
					}
				}()
				each(forward)(s)(yield)
				normal = true
			}
		}, rule: streamtest.RulePanic, says: "it panicked with the source exited"},
		"yields_on_a_worker": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				done := make(chan struct{})
				go func() { defer close(done); each(forward)(s)(yield) }()
				<-done
			}
		}, rule: streamtest.RuleGoroutine, says: "yield was called on another goroutine"},
	}
}
