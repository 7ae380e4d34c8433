package dedup_test

import (
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// What no comparator can tell apart, ByBytes does: shards and re-runs that see the rows in another order agree.
func ExampleByBytes() {
	type reading struct {
		Sensor string
		Hour   int
		Value  int
	}
	hour := dedup.Max(func(r reading) int { return r.Hour })
	sensor := func(r reading) string { return r.Sensor }
	a, b := reading{"attic", 9, 21}, reading{"attic", 9, 24}

	show(dedup.Best(stream.Of(a, b), sensor, hour))
	show(dedup.Best(stream.Of(b, a), sensor, hour))
	fmt.Println("with ByBytes:")
	show(dedup.Best(stream.Of(a, b), sensor, hour, dedup.ByBytes[reading]()))
	show(dedup.Best(stream.Of(b, a), sensor, hour, dedup.ByBytes[reading]()))
	// Output:
	// {attic 9 21}
	// {attic 9 24}
	// with ByBytes:
	// {attic 9 24}
	// {attic 9 24}
}

func ExampleByBytesFunc() {
	// Rows of an interface have no bytes that could be made of their type; these have a text.
	rows := stream.Of[any](1, "one", 1.5)
	byText := dedup.ByBytesFunc(func(dst []byte, row any) []byte { return fmt.Appendf(dst, "%T %v", row, row) })
	show(dedup.Best(rows, func(any) string { return "all" }, byText))
	// Output: one
}

func ExampleTwoPass() {
	opened := 0
	open := func() stream.Seq[Order] {
		opened++
		return orders()
	}
	var stats dedup.Stats
	show(dedup.TwoPass(open, Order.Key, dedup.Options[Order]{
		By:    []dedup.Comparator[Order]{dedup.Latest(Order.ChangedAt), dedup.Present(Order.HasEditor)},
		Order: dedup.OrderWinner,
		Stats: &stats,
	}))
	fmt.Println("read", opened, "times:", stats.In, "=", stats.Out, "+", stats.Dropped)
	// Output:
	// 1 packed
	// 2 paid
	// read 2 times: 5 = 2 + 3
}

// A source that grows between the passes is found out.
func ExampleTwoPass_changed() {
	rows := []string{"ann", "bob", "ann"}
	open := func() stream.Seq[string] {
		defer func() { rows = append(rows, "eve") }()
		return stream.Of(rows...)
	}
	last := dedup.TwoPass(open, func(s string) string { return s }, dedup.Options[string]{Tie: dedup.TieLast, Order: dedup.OrderWinner})
	for name, err := range last {
		if errors.Is(err, stream.ErrSourceChanged) {
			fmt.Println(err)
			break
		}
		fmt.Println(name)
	}
	// Output:
	// bob
	// ann
	// dedup: TwoPass: second pass: element 3: rows: got another one, want the end after 3: source changed between two passes
}
