package stream_test

import (
	"strings"
	"testing"

	"github.com/millrace-go/millrace/stream"
)

// Per-element operators allocate nothing per element: a run over 10,000 allocates as little as one over 10.
func TestOperators_allocate_nothing_per_element(t *testing.T) {
	add := func(v uint64) uint64 { return v + 1 }
	yes := func(uint64) bool { return true }
	ops := map[string]func(stream.Seq[uint64]) error{
		"Map": func(s stream.Seq[uint64]) error { return stream.Drain(stream.Map(s, add)) },
		"TryMap": func(s stream.Seq[uint64]) error {
			return stream.Drain(stream.TryMap(s, func(v uint64) (uint64, error) { return v, nil }))
		},
		"Filter":    func(s stream.Seq[uint64]) error { return stream.Drain(stream.Filter(s, yes)) },
		"Take":      func(s stream.Seq[uint64]) error { return stream.Drain(stream.Take(s, 1<<30)) },
		"Skip":      func(s stream.Seq[uint64]) error { return stream.Drain(stream.Skip(s, 5)) },
		"TakeWhile": func(s stream.Seq[uint64]) error { return stream.Drain(stream.TakeWhile(s, yes)) },
		"SkipWhile": func(s stream.Seq[uint64]) error {
			return stream.Drain(stream.SkipWhile(s, func(v uint64) bool { return v < 5 }))
		},
		"Scan": func(s stream.Seq[uint64]) error {
			return stream.Drain(stream.Scan(s, 0, func(acc, v uint64) uint64 { return acc + v }))
		},
		"Tap":       func(s stream.Seq[uint64]) error { return stream.Drain(stream.Tap(s, func(uint64) {})) },
		"Enumerate": func(s stream.Seq[uint64]) error { return stream.Drain(stream.Enumerate(s)) },
		"Zip":       func(s stream.Seq[uint64]) error { return stream.Drain(stream.Zip(s, s)) },
		"Concat":    func(s stream.Seq[uint64]) error { return stream.Drain(stream.Concat(s, s)) },
		"WithContext": func(s stream.Seq[uint64]) error {
			return stream.Drain(stream.WithContext(t.Context(), s))
		},
		"FlatMap": func() func(s stream.Seq[uint64]) error {
			two := stream.Of[uint64](1, 2)
			return func(s stream.Seq[uint64]) error {
				return stream.Drain(stream.FlatMap(s, func(uint64) stream.Seq[uint64] { return two }))
			}
		}(),
		"Pull": func(s stream.Seq[uint64]) error { return stream.Drain(pulled(s, 64)) },
		"Count": func(s stream.Seq[uint64]) error {
			_, err := stream.Count(s)
			return err
		},
		"Reduce": func(s stream.Seq[uint64]) error {
			_, err := stream.Reduce(s, stream.Fold[uint64, uint64]{Add: func(acc *uint64, v uint64) { *acc += v }})
			return err
		},
	}
	small, large := make([]uint64, 10), make([]uint64, 10_000)
	for i := range large {
		large[i] = uint64(i)
	}
	for name, op := range ops {
		run := func(items []uint64) float64 {
			return fewestAllocs(5, func() {
				if err := op(stream.Of(items...)); err != nil {
					t.Fatal(err)
				}
			})
		}
		if few, many := run(small), run(large); many > few {
			t.Errorf("%s: %v allocations for 10 elements, %v for 10,000", name, few, many)
		}
	}
}

// fewestAllocs is AllocsPerRun, the least of some: it counts what all goroutines of the process allocate, and one that ends
// late, or the collector, shows in a measure now and then.
func fewestAllocs(runs int, f func()) float64 {
	n := testing.AllocsPerRun(runs, f)
	for range 3 {
		n = min(n, testing.AllocsPerRun(runs, f))
	}
	return n
}

// Lines allocates one block per 64 KiB of text.
func TestLines_allocates_per_block(t *testing.T) {
	text := strings.Repeat("2026-01-02T03:04:05Z click /home\n", 20_000) // 660 kB, 11 blocks
	n := testing.AllocsPerRun(3, func() {
		if err := stream.Drain(stream.Lines(strings.NewReader(text), stream.LinesOptions{})); err != nil {
			t.Fatal(err)
		}
	})
	if n > 60 {
		t.Errorf("%v allocations for 20,000 lines in 11 blocks", n)
	}
}

func BenchmarkChain(b *testing.B) {
	items := make([]uint64, 1<<16)
	for i := range items {
		items[i] = uint64(i)
	}
	double := func(v uint64) uint64 { return 2 * v }
	third := func(v uint64) bool { return v%3 != 0 }
	run := func(name string, pass func() uint64) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if pass() == 0 {
					b.Fatal("no sum")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(items)), "ns/element")
		})
	}
	run("seq2_three_stages", func() (sum uint64) {
		for v := range stream.Map(stream.Filter(stream.Map(stream.Of(items...), double), third), double) {
			sum += v
		}
		return sum
	})
	run("hand_loop", func() (sum uint64) {
		for _, v := range items {
			if v = double(v); third(v) {
				sum += double(v)
			}
		}
		return sum
	})
	for _, chunk := range []int{1, 256} {
		run("pull/chunk="+map[int]string{1: "1", 256: "256"}[chunk], func() (sum uint64) {
			c := stream.Pull(stream.Of(items...), stream.PullOptions{Chunk: chunk})
			defer c.Close()
			for v, ok := c.Next(); ok; v, ok = c.Next() {
				sum += v
			}
			return sum
		})
	}
}
