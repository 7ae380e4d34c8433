package stream_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// tagged is an event with something that can be changed after it was handed on.
type tagged struct {
	At   int
	Tags map[string]int
}

func taggedAt(e tagged) time.Time { return time.Unix(int64(e.At), 0) }
func noKey(tagged) int            { return 0 }

func taggedEvents(n int) stream.Seq[tagged] {
	return func(yield func(tagged, error) bool) {
		for i := range n {
			if !yield(tagged{i, map[string]int{"a": 1}}, nil) {
				return
			}
		}
	}
}

// A consumer that writes into a map of the event that it is given made the event heavier than what was booked for it, and
// the account panicked when the event went: "Account.Shrink: 7690 bytes, 1456 are booked". Now it goes with what it came with,
// also where it waited, and where it became lighter.
func TestTrailing_EventsChangeBehindOurBack(t *testing.T) {
	count := stream.Fold[tagged, int]{Add: func(n *int, _ tagged) { *n++ }}
	exact := count
	exact.Merge, exact.Exact = func(dst, src *int) { *dst += *src }, true
	for name, fold := range map[string]stream.Fold[tagged, int]{"folded_anew": count, "merged": exact} {
		for _, disorder := range []time.Duration{0, 3 * time.Second} {
			for way, change := range map[string]func(e tagged){
				"heavier": func(e tagged) {
					for i := range 300 {
						e.Tags[strconv.Itoa(i)] = i
					}
				},
				"lighter": func(e tagged) { clear(e.Tags) },
			} {
				t.Run(name+"/"+way+"/"+disorder.String(), func(t *testing.T) {
					budget, err := stream.NewBudget(1 << 20)
					require.NoError(t, err)
					o := stream.TrailingOptions[tagged]{Disorder: disorder, Resources: stream.Resources{Budget: budget}}
					last := tagged{}
					n := 0
					for p, err := range stream.Trailing(taggedEvents(100), 10*time.Second, noKey, taggedAt, fold, o) {
						require.NoError(t, err)
						require.Equal(t, min(n+1, 10), p.Second)
						change(p.First)
						if last.Tags != nil {
							change(last)
						}
						last = p.First
						n++
						require.Positive(t, budget.Used())
					}
					require.Equal(t, 100, n)
					require.Zero(t, budget.Used())
				})
			}
		}
	}
}

// So with events that wait, and are still the source's.
func TestTrailing_WaitingEventsChange(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	count := stream.Fold[tagged, int]{Add: func(n *int, _ tagged) { *n++ }}
	trails, err := stream.NewTrails(time.Second, noKey, taggedAt, count, stream.TrailingOptions[tagged]{
		Disorder: time.Hour, Resources: stream.Resources{Budget: budget},
	})
	require.NoError(t, err)
	given := 0
	out := func(stream.Pair[tagged, int]) error { given++; return nil }
	events, err := stream.Collect(taggedEvents(20))
	require.NoError(t, err)
	for _, e := range events {
		require.NoError(t, trails.Push(e, out))
		for i := range 500 {
			e.Tags[strconv.Itoa(i)] = i
		}
	}
	require.NoError(t, trails.Flush(out))
	require.Equal(t, 20, given)
}

// An accumulator that shares what is the source's, which goes on with it: what it weighed when it was made goes with it, and
// never more than was booked.
func TestFoldSize_ChangesBehindOurBack(t *testing.T) {
	latest := stream.Fold[tagged, map[string]int]{
		Add:   func(acc *map[string]int, e tagged) { *acc = e.Tags },
		Merge: func(dst, src *map[string]int) { *dst = *src },
		Exact: true,
		Size:  func(acc *map[string]int) int { return 100 * len(*acc) },
	}
	source := func(yield func(tagged, error) bool) {
		for i := range 100 {
			e := tagged{i, map[string]int{"a": 1}}
			if !yield(e, nil) {
				return
			}
			for j := range 100 {
				e.Tags[strconv.Itoa(j)] = j
			}
		}
	}
	for name, run := range map[string]func(r stream.Resources) error{
		"Trailing": func(r stream.Resources) error {
			return stream.Drain(stream.Trailing(source, 7*time.Second, noKey, taggedAt, latest, stream.TrailingOptions[tagged]{Resources: r}))
		},
		"Window": func(r stream.Resources) error {
			return stream.Drain(stream.Window(source, 70*time.Second, noKey, taggedAt, latest, stream.WindowOptions[tagged]{Resources: r}))
		},
		"Aggregate": func(r stream.Resources) error {
			return stream.Drain(stream.Aggregate(source, noKey, latest, stream.AggregateOptions{Resources: r}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			budget, err := stream.NewBudget(1 << 20)
			require.NoError(t, err)
			require.NoError(t, run(stream.Resources{Budget: budget, TempDir: t.TempDir()}))
			require.Zero(t, budget.Used())
		})
	}
}
