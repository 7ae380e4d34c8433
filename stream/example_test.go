package stream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace-go/millrace/stream"
)

type Click struct {
	User string
	Page string
}

var clicks = []Click{{"ann", "/home"}, {"ann", "/shop"}, {"bob", "/home"}, {"ann", "/cart"}}

func Example() {
	log := strings.NewReader("ann /home\nbob /shop\nann /cart\n")
	lines := stream.Lines(log, stream.LinesOptions{Name: "clicks.log"})
	parsed := stream.TryMap(lines, func(line string) (Click, error) {
		user, page, ok := strings.Cut(line, " ")
		if !ok {
			return Click{}, fmt.Errorf("no page in %q: %w", line, stream.ErrSchema)
		}
		return Click{user, page}, nil
	})
	for c, err := range stream.Filter(parsed, func(c Click) bool { return c.User == "ann" }) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(c.Page)
	}
	// Output:
	// /home
	// /cart
}

func ExampleOf() {
	for v, err := range stream.Of("mon", "tue") {
		fmt.Println(v, err)
	}
	// Output:
	// mon <nil>
	// tue <nil>
}

func ExampleFrom() {
	names, _ := stream.Collect(stream.From(slices.Values([]string{"ann", "bob"})))
	fmt.Println(names)
	// Output: [ann bob]
}

func ExampleFail() {
	s := stream.Concat(stream.Of(1), stream.Fail[int](stream.ErrTransient))
	got, err := stream.Collect(s)
	fmt.Println(got, err)
	// Output: [1] transient failure
}

func ExampleConcat() {
	got, _ := stream.Collect(stream.Concat(stream.Of(1, 2), stream.Of(3)))
	fmt.Println(got)
	// Output: [1 2 3]
}

func ExampleChan() {
	sensor := make(chan float64, 2)
	sensor <- 20.5
	sensor <- 21.0
	close(sensor)
	readings := stream.Chan(context.Background(), sensor)
	got, err := stream.Collect(readings)
	fmt.Println(got, err)
	_, err = stream.Collect(readings)
	fmt.Println(err)
	// Output:
	// [20.5 21] <nil>
	// stream: Chan: second run: source already consumed
}

func ExampleWithContext() {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	endless := func(yield func(int, error) bool) {
		for i := 0; yield(i, nil); i++ {
		}
	}
	for v, err := range stream.WithContext(ctx, endless) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(v)
		if v == 1 {
			cancel(errors.New("deploy"))
		}
	}
	// Output:
	// 0
	// 1
	// deploy
}

func ExampleLines() {
	text := strings.NewReader("first\nsecond\r\nlast")
	for line, err := range stream.Lines(text, stream.LinesOptions{}) {
		fmt.Printf("%q %v\n", line, err)
	}
	_, err := stream.Collect(stream.Lines(strings.NewReader("ok\nmuch too long\n"), stream.LinesOptions{Name: "app.log", MaxBytes: 4}))
	fmt.Println(err)
	// Output:
	// "first" <nil>
	// "second" <nil>
	// "last" <nil>
	// stream: app.log: line 2 at byte 3: longer than 4 bytes: limit exceeded
}

func ExampleMap() {
	pages, _ := stream.Collect(stream.Map(stream.Of(clicks...), func(c Click) string { return c.Page }))
	fmt.Println(pages)
	// Output: [/home /shop /home /cart]
}

func ExampleTryMap() {
	got, err := stream.Collect(stream.TryMap(stream.Of("1", "2", "x"), strconv.Atoi))
	fmt.Println(got, err)
	// Output: [1 2] strconv.Atoi: parsing "x": invalid syntax
}

func ExampleFlatMap() {
	words := stream.FlatMap(stream.Of("to be", "or not"), func(line string) stream.Seq[string] {
		return stream.Of(strings.Fields(line)...)
	})
	got, _ := stream.Collect(words)
	fmt.Println(len(got), got)
	// Output: 4 [to be or not]
}

func ExampleTap() {
	seen := 0
	_ = stream.Drain(stream.Tap(stream.Of(clicks...), func(Click) { seen++ }))
	fmt.Println(seen)
	// Output: 4
}

func ExampleFilter() {
	warm, _ := stream.Collect(stream.Filter(stream.Of(18.5, 21.0, 19.9), func(c float64) bool { return c > 19 }))
	fmt.Println(warm)
	// Output: [21 19.9]
}

func ExampleTake() {
	got, _ := stream.Collect(stream.Take(stream.Of(1, 2, 3), 2))
	fmt.Println(got)
	_, err := stream.Collect(stream.Take(stream.Of(1), -1))
	fmt.Println(err)
	// Output:
	// [1 2]
	// stream: Take: n must be 0 or positive, got -1
}

func ExampleSkip() {
	got, _ := stream.Collect(stream.Skip(stream.Of(1, 2, 3), 2))
	fmt.Println(got)
	// Output: [3]
}

func ExampleTakeWhile() {
	got, _ := stream.Collect(stream.TakeWhile(stream.Of(1, 2, 5, 1), func(v int) bool { return v < 3 }))
	fmt.Println(got)
	// Output: [1 2]
}

func ExampleSkipWhile() {
	got, _ := stream.Collect(stream.SkipWhile(stream.Of(1, 2, 5, 1), func(v int) bool { return v < 3 }))
	fmt.Println(got)
	// Output: [5 1]
}

func ExampleScan() {
	balance, _ := stream.Collect(stream.Scan(stream.Of(100, -30, 5), 0, func(acc, v int) int { return acc + v }))
	fmt.Println(balance)
	// Output: [100 70 75]
}

func ExampleEnumerate() {
	for v := range stream.Enumerate(stream.Of("a", "b")) {
		fmt.Println(v.Index, v.Value)
	}
	// Output:
	// 0 a
	// 1 b
}

func ExampleBatch() {
	for b := range stream.Batch(stream.Of(1, 2, 3, 4, 5), 2) {
		fmt.Println(b)
	}
	// Output:
	// [1 2]
	// [3 4]
	// [5]
}

func ExampleChunkBy() {
	for c := range stream.ChunkBy(stream.Of(clicks...), func(c Click) string { return c.User }) {
		fmt.Println(c.Key, len(c.Values))
	}
	// Output:
	// ann 2
	// bob 1
	// ann 1
}

func ExampleZip() {
	sensors := stream.Of("hall", "roof")
	readings := stream.Of(20.5, 3.0)
	for p := range stream.Zip(sensors, readings) {
		fmt.Println(p.First, p.Second)
	}
	_, err := stream.Count(stream.Zip(sensors, stream.Of(20.5)))
	fmt.Println(err)
	// Output:
	// hall 20.5
	// roof 3
	// stream: Zip: second sequence ended after 1 elements, the other goes on: conflict
}

func ExamplePull() {
	c := stream.Pull(stream.Of(clicks...), stream.PullOptions{Chunk: 256})
	defer c.Close()
	for click, ok := c.Next(); ok; click, ok = c.Next() {
		fmt.Println(click.User)
	}
	if err := c.Err(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ann
	// ann
	// bob
	// ann
}

func ExampleCollect() {
	got, err := stream.Collect(stream.Of(1, 2))
	fmt.Println(got, err)
	// Output: [1 2] <nil>
}

func ExampleForEach() {
	err := stream.ForEach(stream.Of(clicks...), func(c Click) error {
		if c.Page == "/shop" {
			return errors.New("shop is closed")
		}
		fmt.Println(c.Page)
		return nil
	})
	fmt.Println(err)
	// Output:
	// /home
	// shop is closed
}

func ExampleReduce() {
	longest := stream.Fold[Click, string]{Add: func(acc *string, c Click) {
		if len(c.Page) > len(*acc) {
			*acc = c.Page
		}
	}}
	fmt.Println(stream.Reduce(stream.Of(clicks...), longest))
	// Output: /home <nil>
}

func ExampleCount() {
	fmt.Println(stream.Count(stream.Of(clicks...)))
	// Output: 4 <nil>
}

func ExampleFirst() {
	click, ok, err := stream.First(stream.Of(clicks...))
	fmt.Println(click.Page, ok, err)
	_, ok, err = stream.First(stream.Of[Click]())
	fmt.Println(ok, err)
	// Output:
	// /home true <nil>
	// false <nil>
}

func ExampleDrain() {
	fmt.Println(stream.Drain(stream.Fail[Click](stream.ErrCorrupt)))
	// Output: corrupt input
}

func ExampleTry() {
	var err error
	sorted := slices.Sorted(stream.Try(stream.Of(3, 1, 2), &err))
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(sorted)
	// Output: [1 2 3]
}

func ExamplePresent() {
	updater := stream.Present("ann")
	if name, ok := updater.Get(); ok {
		fmt.Println(name)
	}
	fmt.Println(stream.Null[string](), stream.Missing[string](), stream.Null[string]().Or("nobody"))
	// Output:
	// ann
	// null missing nobody
}

func ExampleNull() {
	fmt.Println(stream.Null[int]().IsNull(), stream.Null[int]() == stream.Missing[int]())
	// Output: true false
}

func ExampleMissing() {
	var never stream.Opt[int]
	fmt.Println(never == stream.Missing[int](), never.IsMissing())
	// Output: true true
}

func ExampleInto() {
	var rejected []string
	sink := stream.Into(&rejected)
	fmt.Println(sink("broken line"), rejected)
	// Output: <nil> [broken line]
}

func ExampleDiscard() {
	sink := stream.Discard[string]("the producer counts them already")
	fmt.Println(sink("broken line"))
	// Output: <nil>
}

func ExampleNewBudget() {
	budget, err := stream.NewBudget(1 << 20)
	if err != nil {
		fmt.Println(err)
		return
	}
	// An operator of your own books what it holds.
	account := stream.Resources{Budget: budget}.Account("shop: basket")
	defer account.Close()
	fmt.Println(account.Grow(1 << 19))
	fmt.Println(account.Grow(1 << 20))
	// Output:
	// <nil>
	// shop: basket: bytes of the shared budget: limit is 1048576: limit exceeded
}
