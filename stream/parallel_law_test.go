package stream_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millrace-go/millrace/stream"
)

// ran is what one loop over a stream met.
type ran struct {
	values []int
	err    error
	thrown any  // what it panicked with, unwrapped
	exited bool // its goroutine
}

// loop runs a stream on a goroutine of its own and breaks at value breakAt, or never where that is negative.
func loop(s stream.Seq[int], breakAt int) (r ran) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.exited = true
		defer func() {
			if v := recover(); v != nil {
				r.exited, r.thrown = false, v
				if p, ok := v.(*stream.PanicError); ok {
					r.thrown = p.Value
				}
			}
		}()
		for v, err := range s {
			if err != nil {
				r.err = err
				continue // a stage that yields more would be seen
			}
			r.values = append(r.values, v)
			if len(r.values) == breakAt+1 {
				break
			}
		}
		r.exited = false
	}()
	<-done
	return r
}

// ending is a way for a function or a source to end.
type ending int

const (
	well ending = iota
	withError
	withPanic
	withGoexit
)

// endAt ends so at a position, the error and the panic naming it. It returns nil where the ending is well.
func (e ending) endAt(what string, at int) error {
	text := fmt.Sprintf("%s at %d", what, at)
	switch e {
	case withError:
		return errors.New(text)
	case withPanic:
		panic(text)
	case withGoexit:
		runtime.Goexit()
	}
	return nil
}

// trial is one random input for a concurrent stage: the source's elements are 0 to n-1.
type trial struct {
	n       int
	source  ending         // after the last element
	fn      map[int]ending // at these elements
	breakAt int
	pauses  uint64 // bits: which elements let other goroutines run first, in source and function
	working atomic.Int32
	open    atomic.Int32
}

func newTrial(r *rand.Rand) *trial {
	c := &trial{n: r.IntN(40), breakAt: -1, fn: map[int]ending{}, pauses: r.Uint64() & r.Uint64()}
	if r.IntN(8) == 0 {
		c.n = 200 + r.IntN(800)
	}
	if r.IntN(3) == 0 {
		c.source = ending(r.IntN(4))
	}
	if r.IntN(2) == 0 {
		for range 1 + r.IntN(4) {
			c.fn[r.IntN(c.n+1)] = ending(1 + r.IntN(3))
		}
	}
	if r.IntN(4) == 0 {
		c.breakAt = r.IntN(c.n + 1)
	}
	return c
}

func (c *trial) pause(v, shift int) {
	if c.pauses>>((v+shift)%64)&1 == 1 {
		runtime.Gosched()
	}
}

func (c *trial) seq(yield func(int, error) bool) {
	c.open.Add(1)
	defer c.open.Add(-1)
	for v := range c.n {
		c.pause(v, 0)
		if !yield(v, nil) {
			return
		}
	}
	if err := c.source.endAt("source", c.n); err != nil {
		yield(0, err)
	}
}

func (c *trial) call(v int) (int, error) {
	c.working.Add(1)
	defer c.working.Add(-1)
	c.pause(v, 32)
	return v * 3, c.fn[v].endAt("function", v)
}

// over demands that nothing works on after the loop.
func (c *trial) over(t require.TestingT) {
	require.Zero(t, c.working.Load(), "calls under way after the loop")
	require.Zero(t, c.open.Load(), "source still open after the loop")
}

// sameEnd demands that two loops ended in the same way.
func sameEnd(t require.TestingT, want, got ran) {
	require.Equal(t, want.err, got.err)
	require.Equal(t, want.thrown, got.thrown)
	require.Equal(t, want.exited, got.exited)
}

// contained demands that every value of part is in whole as often.
func contained(t require.TestingT, part, whole []int) {
	times := map[int]int{}
	for _, v := range whole {
		times[v]++
	}
	for _, v := range part {
		times[v]--
		require.GreaterOrEqual(t, times[v], 0, "%d came out too often", v)
	}
}

// ParallelMap gives what TryMap gives: all of it in order, and unordered the same end and no less before it.
func TestParallelMap_Law_EqualsTryMap(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	eachCase(t, 1500, func(t require.TestingT, r *rand.Rand) {
		c := newTrial(r)
		o := stream.ParallelOptions{
			Workers:   []int{0, 1, 2, 8}[r.IntN(4)],
			Chunk:     []int{0, 1, 2, 256}[r.IntN(4)],
			InFlight:  []int{0, 1, 2, 3, 7, 64, 256}[r.IntN(7)],
			Unordered: r.IntN(3) == 0,
		}
		want := loop(stream.TryMap(c.seq, c.call), c.breakAt)
		got := loop(stream.ParallelMap(c.seq, c.call, o), c.breakAt)
		c.over(t)
		switch {
		case !o.Unordered:
			require.Equal(t, want.values, got.values, "%+v", o)
			sameEnd(t, want, got)
		case len(got.values) == c.breakAt+1: // it may have got there with elements from behind a failure
			all := make([]int, c.n)
			for v := range all {
				all[v] = v * 3
			}
			contained(t, got.values, all)
		default:
			contained(t, want.values, got.values)
			sameEnd(t, want, got)
		}
	})
}

// Every position of an error, of a break, and of both, for each number of workers and chunk.
func TestParallelMap_Oracle_EveryPosition(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	const n = 12
	for _, workers := range []int{1, 2, 8} {
		for _, chunk := range []int{1, 2, 256} {
			for at := range n + 1 {
				for breakAt := -1; breakAt <= n; breakAt++ {
					for _, how := range []ending{withError, withPanic, withGoexit} {
						c := &trial{n: n, breakAt: breakAt, fn: map[int]ending{at: how, at + 3: how}}
						o := stream.ParallelOptions{Workers: workers, Chunk: chunk, InFlight: 8}
						want := loop(stream.TryMap(c.seq, c.call), breakAt)
						got := loop(stream.ParallelMap(c.seq, c.call, o), breakAt)
						c.over(t)
						require.Equal(t, want.values, got.values)
						sameEnd(t, want, got)
					}
				}
			}
		}
	}
}

// Prefetch changes nothing but when the source runs.
func TestPrefetch_Law_EqualsItsSource(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	eachCase(t, 1500, func(t require.TestingT, r *rand.Rand) {
		c := newTrial(r)
		n := []int{1, 2, 3, 7, 64, 256}[r.IntN(6)]
		mapped := stream.TryMap(c.seq, c.call)
		want := loop(mapped, c.breakAt)
		got := loop(stream.Prefetch(mapped, n), c.breakAt)
		c.over(t)
		require.Equal(t, want.values, got.values, "n=%d", n)
		sameEnd(t, want, got)
	})
}

// Interleave keeps each input's order, loses nothing, and ends as one of its inputs does.
func TestInterleave_Law_KeepsEachInput(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	const apart = 10_000 // values of input i are i*apart and up
	eachCase(t, 1000, func(t require.TestingT, r *rand.Rand) {
		inputs := make([]*trial, r.IntN(6))
		seqs := make([]stream.Seq[int], len(inputs))
		wants := make([]ran, len(inputs))
		failing, breakAt := false, -1
		total := 0
		for i := range inputs {
			c := newTrial(r)
			inputs[i] = c
			seqs[i] = stream.Map(stream.TryMap(c.seq, c.call), func(v int) int { return i*apart + v })
			wants[i] = loop(seqs[i], -1)
			failing = failing || wants[i].failed()
			total += len(wants[i].values)
		}
		if r.IntN(4) == 0 {
			breakAt = r.IntN(total + 1)
		}
		got := loop(stream.Interleave(seqs...), breakAt)
		for _, c := range inputs {
			c.over(t)
		}
		ended := -1 // an input that ended in this way, with all its values out
		parts := make([][]int, len(inputs))
		for _, v := range got.values {
			parts[v/apart] = append(parts[v/apart], v)
		}
		for i, want := range wants {
			require.LessOrEqual(t, len(parts[i]), len(want.values))
			require.True(t, slices.Equal(want.values[:len(parts[i])], parts[i]), "input %d: %v is no beginning of %v", i, parts[i], want.values)
			if want.failed() && want.sameEnd(got) && len(parts[i]) == len(want.values) {
				ended = i
			}
		}
		switch broken := len(got.values) == breakAt+1; {
		case got.failed():
			require.GreaterOrEqual(t, ended, 0, "no input ended so: %+v", got)
		case !broken:
			require.False(t, failing, "a failure was lost")
			require.Len(t, got.values, total)
		}
	})
}

func (r ran) failed() bool { return r.err != nil || r.thrown != nil || r.exited }

func (r ran) sameEnd(o ran) bool {
	return fmt.Sprint(r.err, r.thrown, r.exited) == fmt.Sprint(o.err, o.thrown, o.exited)
}
