package streamtest_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// caught fails unless one of the violations is of the rule and says so.
func caught(t *testing.T, violations []error, rule streamtest.Rule, says string) {
	t.Helper()
	for _, err := range violations {
		var v *streamtest.Violation
		require.ErrorAs(t, err, &v)
		if v.Rule == rule && strings.Contains(v.Error(), says) {
			return
		}
	}
	t.Fatalf("want %q saying %q, got:\n%v", rule, says, errors.Join(violations...))
}

func counting(yield func(int, error) bool) {
	for i := range 10 {
		if !yield(i, nil) {
			return
		}
	}
}

func TestCheckSource_EveryFaultIsCaught(t *testing.T) {
	type sickSource struct {
		open func() ints
		o    streamtest.CheckOptions[int]
		rule streamtest.Rule
		says string
	}
	cases := map[string]sickSource{
		"ignores_stop": {open: func() ints {
			return func(yield func(int, error) bool) {
				for i := range 10 {
					yield(i, nil)
				}
			}
		}, rule: streamtest.RuleStop, says: "break at output 0 of 10: 9 pairs yielded after the loop ended"},
		"never_stops": {open: func() ints {
			return func(yield func(int, error) bool) {
				for {
					yield(1, nil)
				}
			}
		}, o: streamtest.CheckOptions[int]{Limit: 5}, rule: streamtest.RuleStop, says: "pairs yielded after the loop ended"},
		"value_beside_error": {open: func() ints {
			return func(yield func(int, error) bool) { yield(7, errors.New("cut")) }
		}, o: streamtest.CheckOptions[int]{Fails: true}, rule: streamtest.RuleZero, says: "is 7"},
		"goes_on_after_error": {open: func() ints {
			return func(yield func(int, error) bool) { _ = yield(0, errors.New("cut")) && yield(1, nil) }
		}, o: streamtest.CheckOptions[int]{Fails: true}, rule: streamtest.RuleErrorLast, says: `1 value yielded after the error "cut"`},
		"channel_silent_second_run": {open: func() ints {
			ch := make(chan int, 3)
			ch <- 1
			ch <- 2
			close(ch)
			return func(yield func(int, error) bool) {
				for v := range ch {
					if !yield(v, nil) {
						return
					}
				}
			}
		}, o: streamtest.CheckOptions[int]{SingleUse: true}, rule: streamtest.RuleRerun, says: "run of one sequence 1 of 3: want stream.ErrConsumed and no value"},
		"single_use_not_said": {open: func() ints {
			ran := false
			return func(yield func(int, error) bool) {
				if ran {
					yield(0, stream.ErrConsumed)
					return
				}
				ran = true
				counting(yield)
			}
		}, rule: streamtest.RuleRerun, says: "the output differs from the first run's"},
		"leaks_reader": {open: func() ints {
			return func(yield func(int, error) bool) {
				ch := make(chan int)
				go func() {
					defer close(ch)
					counting(func(v int, _ error) bool { ch <- v; return true })
				}()
				for v := range ch {
					if !yield(v, nil) {
						return
					}
				}
			}
		}, rule: streamtest.RuleGoroutines, says: "break at output 0 of 10"},
		"opens_eagerly": {open: func() ints {
			next, _ := iter.Pull2(ints(counting))
			v, _, _ := next()
			return func(yield func(int, error) bool) {
				if yield(v, nil) {
					counting(yield)
				}
			}
		}, rule: streamtest.RuleGoroutines, says: "left when the loop ended"},
		"random": {open: func() ints {
			return func(yield func(int, error) bool) { yield(rand.Int(), nil) }
		}, rule: streamtest.RuleRepeat, says: "fresh source 0 of 4"},
		"error_differs": {open: func() ints {
			return func(yield func(int, error) bool) { yield(0, fmt.Errorf("at %d", time.Now().UnixNano())) }
		}, o: streamtest.CheckOptions[int]{Fails: true}, rule: streamtest.RuleRepeat, says: "the first run ended with error"},
		"recovers": {open: func() ints {
			return func(yield func(int, error) bool) {
				defer func() { _ = recover() }()
				counting(yield)
			}
		}, rule: streamtest.RulePanic, says: "panic in the loop body at output 0 of 10"},
		"hangs": {open: func() ints {
			return func(yield func(int, error) bool) { counting(yield); select {} }
		}, o: streamtest.CheckOptions[int]{Patience: 50 * time.Millisecond}, rule: streamtest.RuleHang, says: "50ms"},
		"nil": {open: func() ints { return nil }, rule: streamtest.RuleHealthy, says: "nil"},
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			c := cases[name]
			caught(t, streamtest.SourceViolations(c.open, c.o), c.rule, c.says)
		})
	}
}

func TestCheckSource_GoodOnesPass(t *testing.T) {
	t.Run("plain", func(t *testing.T) { streamtest.CheckSource(t, func() ints { return counting }) })
	t.Run("script", func(t *testing.T) {
		streamtest.CheckSource(t, (&streamtest.Script[int]{Values: numbers(0, 100)}).Seq)
	})
	t.Run("single_use", func(t *testing.T) {
		streamtest.CheckSourceWith(t, func() ints {
			return (&streamtest.Script[int]{Values: numbers(0, 100), SingleUse: true}).Seq()
		}, streamtest.CheckOptions[int]{SingleUse: true})
	})
	t.Run("failing", func(t *testing.T) {
		streamtest.CheckSourceWith(t, (&streamtest.Script[int]{Values: numbers(0, 3), At: 2, Err: errors.New("cut")}).Seq, streamtest.CheckOptions[int]{Fails: true})
	})
	t.Run("endless", func(t *testing.T) {
		streamtest.CheckSourceWith(t, func() ints {
			return func(yield func(int, error) bool) {
				for i := 0; yield(i, nil); i++ {
				}
			}
		}, streamtest.CheckOptions[int]{Limit: 50})
	})
}

func sum(s ints) (int, error) {
	total := 0
	for v, err := range s {
		if err != nil {
			return total, err
		}
		total += v
	}
	return total, nil
}

func first(s ints) (int, error) {
	for v, err := range s {
		return v, err
	}
	return 0, nil
}

func TestCheckSink_EveryFaultIsCaught(t *testing.T) {
	type sickSink struct {
		sink func(ints) (int, error)
		o    streamtest.CheckOptions[int]
		rule streamtest.Rule
		says string
	}
	cases := map[string]sickSink{
		"swallows_error": {sink: func(s ints) (int, error) { total, _ := sum(s); return total, nil },
			rule: streamtest.RuleErrorForwarded, says: "error at input 0 of 24: want an error that wraps the injected one, but it ended without an error"},
		"found_with_an_error_pending": {sink: func(s ints) (int, error) {
			n := 0
			for _, err := range s {
				if err != nil && n > 20 {
					return n, nil // looks like success
				}
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		}, rule: streamtest.RuleErrorForwarded, says: "error at input 21 of 24"},
		"unwrapped": {sink: func(s ints) (int, error) {
			total, err := sum(s)
			if err != nil {
				return 0, fmt.Errorf("sum: %v", err)
			}
			return total, nil
		}, rule: streamtest.RuleErrorForwarded, says: `the error "sum: streamtest`},
		"leaves_source_running": {sink: func(s ints) (int, error) {
			next, _ := iter.Pull2(s)
			v, err, _ := next()
			return v, err
		}, rule: streamtest.RuleCleanup, says: "the source was still running when the sink returned"},
		"drains_behind_the_scenes": {sink: func(s ints) (int, error) {
			result := make(chan int, 1)
			go func() {
				defer func() { _ = recover() }()
				n := 0
				for v := range s {
					if n == 0 {
						result <- v
					}
					n++
					time.Sleep(time.Millisecond)
				}
			}()
			return <-result, nil
		}, o: streamtest.CheckOptions[int]{Patience: 100 * time.Millisecond}, rule: streamtest.RuleGoroutines, says: "1 goroutine left when the loop ended"},
		"reads_twice": {sink: func(s ints) (int, error) {
			if _, err := sum(s); err != nil {
				return 0, err
			}
			return sum(s)
		}, rule: streamtest.RuleRerun, says: "started 2 times"},
		"recovers": {sink: func(s ints) (n int, err error) {
			defer func() {
				if r := recover(); r != nil {
					err = fmt.Errorf("recovered: %v", r)
				}
			}()
			return sum(s)
		}, rule: streamtest.RulePanic, says: "panic at input 0 of 24"},
		"remembers": {sink: func() func(s ints) (int, error) {
			calls := 0
			return func(s ints) (int, error) { calls++; _, err := sum(s); return calls, err }
		}(), rule: streamtest.RuleRepeat, says: "call again 0 of 4"},
		"goexit_on_a_worker": {sink: func(s ints) (int, error) {
			type result struct {
				total  int
				err    error
				thrown any
			}
			ch := make(chan result, 1)
			go func() {
				var r result
				defer func() { r.thrown = recover(); ch <- r }()
				r.total, r.err = sum(s)
			}()
			r := <-ch
			if r.thrown != nil {
				panic(r.thrown)
			}
			return r.total, r.err
		}, rule: streamtest.RulePanic, says: "Goexit at input 0 of 24"},
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			c := cases[name]
			caught(t, streamtest.SinkViolations(c.sink, c.o), c.rule, c.says)
		})
	}
}

func TestCheckSink_GoodOnesPass(t *testing.T) {
	t.Run("sum", func(t *testing.T) { streamtest.CheckSink(t, sum) })
	t.Run("first", func(t *testing.T) { streamtest.CheckSink(t, first) })
	t.Run("nothing_to_return", func(t *testing.T) {
		streamtest.CheckSink(t, func(s stream.Seq[string]) (struct{}, error) {
			for _, err := range s {
				if err != nil {
					return struct{}{}, fmt.Errorf("drain: %w", err)
				}
			}
			return struct{}{}, nil
		})
	})
}
