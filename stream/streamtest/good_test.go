package streamtest_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// Well-behaved operators of every kind; the kit must let all of them pass.

func mapOp[A, B any](f func(A) B) func(stream.Seq[A]) stream.Seq[B] {
	return func(s stream.Seq[A]) stream.Seq[B] {
		return func(yield func(B, error) bool) {
			for v, err := range s {
				if err != nil {
					var zero B
					yield(zero, err)
					return
				}
				if !yield(f(v), nil) {
					return
				}
			}
		}
	}
}

func double(v int) int { return 2 * v }

func take[T any](n int) func(stream.Seq[T]) stream.Seq[T] {
	return func(s stream.Seq[T]) stream.Seq[T] {
		return func(yield func(T, error) bool) {
			if n == 0 {
				return
			}
			left := n
			for v, err := range s {
				left--
				if !yield(v, err) || err != nil || left == 0 {
					return
				}
			}
		}
	}
}

func sorted(s stream.Seq[int]) stream.Seq[int] {
	return func(yield func(int, error) bool) {
		var all []int
		for v, err := range s {
			if err != nil {
				yield(0, err)
				return
			}
			all = append(all, v)
		}
		slices.Sort(all)
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// batch gives the rest before an error when flushes is set, and loses it otherwise: both are allowed.
func batch(n int, flushes bool) func(stream.Seq[int]) stream.Seq[[]int] {
	return func(s stream.Seq[int]) stream.Seq[[]int] {
		return func(yield func([]int, error) bool) {
			var b []int
			for v, err := range s {
				if err != nil {
					if flushes && len(b) > 0 && !yield(b, nil) {
						return
					}
					yield(nil, err)
					return
				}
				if b = append(b, v); len(b) == n {
					if !yield(b, nil) {
						return
					}
					b = nil
				}
			}
			if len(b) > 0 {
				yield(b, nil)
			}
		}
	}
}

// prefetch reads on a goroutine of its own and behaves: it waits for it, and hands panics and Goexit on.
func prefetch(size int) func(stream.Seq[int]) stream.Seq[int] {
	type pair struct {
		v   int
		err error
	}
	return func(s stream.Seq[int]) stream.Seq[int] {
		return func(yield func(int, error) bool) {
			ch := make(chan pair, size)
			done := make(chan struct{})
			var wg sync.WaitGroup
			var thrown any
			panicked, exited := false, true
			wg.Go(func() {
				defer close(ch)
				defer func() {
					if r := recover(); r != nil {
						thrown, panicked = r, true
					}
				}()
				for v, err := range s {
					select {
					case ch <- pair{v, err}:
					case <-done:
						exited = false
						return
					}
				}
				exited = false
			})
			defer wg.Wait()
			defer close(done)
			for p := range ch {
				if !yield(p.v, p.err) || p.err != nil {
					return
				}
			}
			wg.Wait()
			if panicked {
				panic(thrown)
			}
			if exited {
				runtime.Goexit()
			}
		}
	}
}

// An operator that promises no order may stop after any of its outputs, and give any of them before an error.
func TestCheck_UnorderedPasses(t *testing.T) {
	shuffled := whole(func(all []int) []int {
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all
	})
	streamtest.CheckWith(t, shuffled, streamtest.CheckOptions[int]{Unordered: true}, numbers(0, 20)...)
	streamtest.ModelWith(t, shuffled, identity, streamtest.ModelOptions[int, int]{Unordered: true})
}

func TestCheck_GoodOperatorsPass(t *testing.T) {
	t.Run("map", func(t *testing.T) {
		streamtest.CheckWith(t, mapOp(double), streamtest.CheckOptions[int]{Streaming: true})
	})
	t.Run("map_given_inputs", func(t *testing.T) { streamtest.Check(t, mapOp(double), 1, 2, 3) })
	t.Run("take_0", func(t *testing.T) { streamtest.Check(t, take[string](0)) })
	t.Run("take_3", func(t *testing.T) { streamtest.Check(t, take[string](3)) })
	t.Run("sorted", func(t *testing.T) { streamtest.Check(t, sorted) })
	t.Run("batch", func(t *testing.T) { streamtest.Check(t, batch(5, false)) })
	t.Run("batch_flushing", func(t *testing.T) { streamtest.Check(t, batch(5, true)) })
	t.Run("prefetch", func(t *testing.T) { streamtest.Check(t, prefetch(4)) })
	t.Run("take_of_prefetch", func(t *testing.T) {
		streamtest.Check(t, func(s stream.Seq[int]) stream.Seq[int] { return take[int](3)(prefetch(4)(s)) })
	})
	t.Run("many_inputs", func(t *testing.T) {
		streamtest.Check(t, mapOp(double), streamtest.Random[int](1, 2000)...)
	})
}
