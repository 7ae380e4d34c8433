package stream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

// A request per element, eight at a time; the answers come in the order of the questions.
func ExampleParallelMap() {
	title := func(page string) (string, error) { // stands for a request
		return strings.ToUpper(strings.TrimPrefix(page, "/")), nil
	}
	pages := stream.Of("/home", "/cart", "/checkout")
	for t, err := range stream.ParallelMap(pages, title, stream.ParallelOptions{Workers: 8}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(t)
	}
	// Output:
	// HOME
	// CART
	// CHECKOUT
}

// The error of the smallest position comes out, after the results before it, as from a loop.
func ExampleParallelMap_error() {
	errGone := errors.New("410 gone")
	fetch := func(page string) (string, error) {
		if strings.HasPrefix(page, "/old") {
			return "", fmt.Errorf("%s: %w", page, errGone)
		}
		return "text of " + page, nil
	}
	pages := stream.Of("/home", "/old", "/older", "/cart")
	for text, err := range stream.ParallelMap(pages, fetch, stream.ParallelOptions{Workers: 4}) {
		if err != nil {
			fmt.Println("failed:", err, errors.Is(err, errGone))
			break
		}
		fmt.Println(text)
	}
	// Output:
	// text of /home
	// failed: /old: 410 gone true
}

// A panic in a worker comes out where the loop is, and says where it happened.
func ExamplePanicError() {
	defer func() {
		p := recover().(*stream.PanicError)
		fmt.Println("recovered:", p.Value, len(p.Stack) > 0)
	}()
	half := func(v int) (int, error) { return 10 / v, nil }
	for v := range stream.ParallelMap(stream.Of(5, 2, 0), half, stream.ParallelOptions{}) {
		fmt.Println(v)
	}
	// Output:
	// 2
	// 5
	// recovered: runtime error: integer divide by zero true
}

// Lines are read and cut on one processor while the other counts.
func ExamplePrefetch() {
	log := strings.NewReader("click /home\nview /cart\nclick /cart\n")
	lines := stream.Prefetch(stream.Lines(log, stream.LinesOptions{}), 512)
	n, err := stream.Count(stream.Filter(lines, func(l string) bool { return strings.HasPrefix(l, "click") }))
	fmt.Println(n, err)
	// Output: 2 <nil>
}

// One pass over the source, two results.
func ExampleBroadcast() {
	var count int
	var largest int64
	err := stream.Broadcast(context.Background(), stream.Of(orders...),
		func(s stream.Seq[Order]) (err error) {
			count, err = stream.Count(s)
			return err
		},
		func(s stream.Seq[Order]) (err error) {
			largest, err = stream.Reduce(s, stream.Fold[Order, int64]{Add: func(acc *int64, o Order) { *acc = max(*acc, o.Cents) }})
			return err
		},
	)
	fmt.Println(count, largest, err)
	// Output: 5 1200 <nil>
}

// Each user's orders are in one shard, so that shards can be added up on their own.
func ExampleSplitByKey() {
	const shards = 4
	user := func(o Order) string { return o.User }
	parts := make([][]stream.Keyed[string, int], shards)
	err := stream.SplitByKey(context.Background(), stream.Of(orders...), user, shards,
		func(shard int, s stream.Seq[Order]) (err error) {
			parts[shard], err = stream.Collect(stream.Aggregate(s, user, fold.Count[Order](), stream.AggregateOptions{}))
			return err
		}, stream.SplitOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	all := slices.Concat(parts...)
	slices.SortFunc(all, func(a, b stream.Keyed[string, int]) int { return strings.Compare(a.Key, b.Key) })
	for _, g := range all {
		fmt.Println(g.Key, g.Value)
	}
	// Output:
	// ann 2
	// bob 1
	// cem 1
	// dia 1
}

// Two feeds flow into one; which comes first is a matter of time, so the example sorts.
func ExampleInterleave() {
	web := stream.Of("web: /home", "web: /cart")
	app := stream.Of("app: open", "app: close")
	all, err := stream.Collect(stream.Interleave(web, app))
	slices.Sort(all)
	fmt.Println(strings.Join(all, ", "), err)
	// Output: app: close, app: open, web: /cart, web: /home <nil>
}
