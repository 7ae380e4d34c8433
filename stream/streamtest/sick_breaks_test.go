package streamtest_test

import (
	"iter"
	"os"
	"sync"
	"time"

	"github.com/millrace-go/millrace/stream/streamtest"
)

// sickBreaks: what goes on, or is left behind, after a break.
func sickBreaks(tempDir string) map[string]sick {
	inTemp := streamtest.CheckOptions[int]{TempDir: tempDir}
	return map[string]sick{
		// E4: after a break
		"ignores_stop": {op: each(func(v int, err error, yield give) bool {
			yield(v, err)
			return err == nil
		}), rule: streamtest.RuleStop, says: "break at output 0 of 24: 23 pairs yielded after the loop ended"},
		"drains_after_stop": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				stopped := false
				for v, err := range s {
					if !stopped && !forward(v, err, yield) {
						stopped = true
					}
				}
			}
		}, rule: streamtest.RuleStop, says: "24 elements read from the source after the loop ended"},
		"flushes_after_stop": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				for v, err := range s {
					if err != nil {
						yield(0, err)
						return
					}
					if !yield(v, nil) {
						break // should return
					}
				}
				yield(-1, nil)
			}
		}, rule: streamtest.RuleStop, says: "1 pair yielded after the loop ended"},
		"pull_without_stop": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				next, stop := iter.Pull2(s)
				for {
					v, err, ok := next()
					if !ok || !forward(v, err, yield) {
						if err != nil {
							stop()
						}
						return // a break leaves the source suspended
					}
				}
			}
		}, rule: streamtest.RuleCleanup, says: "the source was still running when the loop ended"},
		"pull_without_stop_leaks": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				next, _ := iter.Pull2(s)
				for {
					v, err, ok := next()
					if !ok || !forward(v, err, yield) {
						return
					}
				}
			}
		}, rule: streamtest.RuleGoroutines, says: "1 goroutine left when the loop ended"},
		"stops_pull_later": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				next, stop := iter.Pull2(s)
				defer func() { go func() { time.Sleep(time.Millisecond); stop() }() }()
				for {
					v, err, ok := next()
					if !ok || !forward(v, err, yield) {
						return
					}
				}
			}
		}, rule: streamtest.RuleCleanup, says: "still running"},
		"leaks_producer_on_break": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				for p := range produce(s) {
					if !forward(p.v, p.err, yield) {
						return // the producer blocks on its channel for ever
					}
				}
			}
		}, rule: streamtest.RuleGoroutines, says: "produce"},
		"goroutine_outlives_the_loop": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				defer func() { go time.Sleep(20 * time.Millisecond) }() // background work, nobody waits
				each(forward)(s)(yield)
			}
		}, rule: streamtest.RuleGoroutines, says: "full run: 1 goroutine left when the loop ended"},
		"leaks_worker_of_worker": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				var coordinator sync.WaitGroup
				coordinator.Go(func() { // ends, its worker does not
					go func() { <-time.After(3 * time.Second) }()
				})
				coordinator.Wait()
				time.Sleep(100 * time.Microsecond) // let it be gone from the stacks
				for v, err := range s {
					if !forward(v, err, yield) {
						return
					}
				}
			}
		}, rule: streamtest.RuleGoroutines, says: "goroutine left when the loop ended"},
		"goroutine_before_first_pull": {op: func(s ints) ints {
			ran := make(chan struct{})
			stop := sync.OnceFunc(func() { close(ran) })
			go func() { <-ran }() // for ever, if nobody loops
			return func(yield func(int, error) bool) {
				stop()
				each(forward)(s)(yield)
			}
		}, rule: streamtest.RuleGoroutines, says: "sequence never run: 1 goroutine left"},
		"temp_file_on_break": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				f := mustTemp(tempDir)
				for v, err := range s {
					if err != nil {
						os.Remove(f)
					}
					if !forward(v, err, yield) {
						return
					}
				}
				os.Remove(f)
			}
		}, o: inTemp, rule: streamtest.RuleTempFiles, says: `break at output 0 of 24: left in the temp directory: ["spill`},
		"temp_file_on_panic": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				f := mustTemp(tempDir)
				for v, err := range s {
					if !forward(v, err, yield) {
						break
					}
				}
				os.Remove(f) // should be deferred
			}
		}, o: inTemp, rule: streamtest.RuleTempFiles, says: "panic at input 0 of 24: left in the temp directory"},
		"temp_file_at_build": {op: func(s ints) ints {
			f := mustTemp(tempDir)
			return func(yield func(int, error) bool) {
				defer os.Remove(f)
				each(forward)(s)(yield)
			}
		}, o: inTemp, rule: streamtest.RuleTempFiles, says: "sequence never run"},
		"yields_after_return": {op: func(s ints) ints {
			return func(yield func(int, error) bool) {
				each(forward)(s)(yield)
				go func() { time.Sleep(time.Millisecond); yield(1, nil) }()
			}
		}, rule: streamtest.RuleStop, says: "1 pair yielded after the sequence had returned"},
	}
}
