package streamtest_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

type (
	ints = stream.Seq[int]
	give = func(int, error) bool
)

// sick is an operator with one fault, the rule under which the kit must find it, and a part of what it must say.
type sick struct {
	op   func(ints) ints
	o    streamtest.CheckOptions[int]
	rule streamtest.Rule
	says string
}

// each makes an operator of a function that is called with every pair and returns false to end.
func each(body func(v int, err error, yield give) bool) func(ints) ints {
	return func(s ints) ints {
		return func(yield func(int, error) bool) {
			for v, err := range s {
				if !body(v, err, yield) {
					return
				}
			}
		}
	}
}

// forward ends with err if there is one, and yields v otherwise.
func forward(v int, err error, yield give) bool {
	if err != nil {
		yield(0, err)
		return false
	}
	return yield(v, nil)
}

// catalogue is every way to break the contract that we have met or could think of, one fault each.
func catalogue(tempDir string) map[string]sick {
	streaming := streamtest.CheckOptions[int]{Streaming: true}
	impatient := streamtest.CheckOptions[int]{Patience: 100 * time.Millisecond}
	inTemp := streamtest.CheckOptions[int]{TempDir: tempDir}
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
				return yield(0, err) && yield(0, err)
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

type produced struct {
	v   int
	err error
}

// produce reads s on a goroutine of its own, and nobody tells it to stop.
func produce(s ints) <-chan produced {
	ch := make(chan produced)
	go func() {
		defer close(ch)
		var all []produced
		func() {
			defer func() { _ = recover() }()
			for v, err := range s {
				all = append(all, produced{v, err})
			}
		}()
		for _, p := range all {
			ch <- p
		}
	}()
	return ch
}

func mustTemp(dir string) string {
	f, err := os.CreateTemp(dir, "spill")
	if err != nil {
		panic(err)
	}
	f.Close()
	return f.Name()
}

func TestCatalogue_EveryFaultIsCaught(t *testing.T) {
	cases := catalogue(t.TempDir())
	require.GreaterOrEqual(t, len(cases), 45)
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			c := cases[name]
			violations := streamtest.Violations(c.op, c.o)
			require.NotEmpty(t, violations, "not caught at all")
			var rules []streamtest.Rule
			for _, err := range violations {
				var v *streamtest.Violation
				require.ErrorAs(t, err, &v)
				rules = append(rules, v.Rule)
				if v.Rule == c.rule && strings.Contains(v.Error(), c.says) {
					return
				}
			}
			t.Fatalf("want %q saying %q, got %v:\n%v", c.rule, c.says, rules, errors.Join(violations...))
		})
	}
}
