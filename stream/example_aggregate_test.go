package stream_test

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

type Order struct {
	User    string
	Country stream.Opt[string]
	Cents   int64
}

var orders = []Order{
	{"ann", stream.Present("AT"), 1200},
	{"bob", stream.Null[string](), 500},
	{"ann", stream.Present("AT"), 800},
	{"cem", stream.Present("TR"), 300},
	{"dia", stream.Null[string](), 100},
}

func ExampleAggregate() {
	perUser := fold.Pair(fold.Count[Order](), fold.Sum(func(o Order) int64 { return o.Cents }))
	groups := stream.Aggregate(stream.Of(orders...), func(o Order) string { return o.User }, perUser, stream.AggregateOptions{})
	totals, err := stream.Collect(groups)
	if err != nil {
		fmt.Println(err)
		return
	}
	// Groups come in the order of the key's hash, the same every time. For people, sort.
	slices.SortFunc(totals, func(a, b stream.Keyed[string, stream.Pair[int, int64]]) int { return cmp.Compare(a.Key, b.Key) })
	for _, t := range totals {
		fmt.Println(t.Key, "orders:", t.Value.First, "cents:", t.Value.Second)
	}
	// Output:
	// ann orders: 2 cents: 2000
	// bob orders: 1 cents: 500
	// cem orders: 1 cents: 300
	// dia orders: 1 cents: 100
}

// A bound on memory is kept: 50,000 users in 64 KiB go to disk and come back, and the groups are the same.
func ExampleAggregate_memory() {
	visits := func(yield func(int) bool) {
		for i := 0; i < 200_000 && yield(i%50_000); i++ {
		}
	}
	user := func(v int) int { return v }
	bounded := stream.AggregateOptions{Resources: stream.Resources{Memory: 64 << 10, Workers: 2}}
	users, most := 0, 0
	for g, err := range stream.Aggregate(stream.From(visits), user, fold.Count[int](), bounded) {
		if err != nil {
			fmt.Println(err)
			return
		}
		users++
		most = max(most, g.Value)
	}
	fmt.Println(users, "users,", most, "visits at most")
	// Output: 50000 users, 4 visits at most
}

func ExampleCountBy() {
	for g, err := range stream.CountBy(stream.Of(clicks...), func(c Click) string { return c.Page }) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(g.Key, g.Value)
	}
	// Output:
	// /shop 1
	// /cart 1
	// /home 2
}

// Keys that may be null: null is one group, counted like any other.
func ExampleCountBy_null() {
	for g, err := range stream.CountBy(stream.Of(orders...), func(o Order) stream.Opt[string] { return o.Country }) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(g.Key, g.Value)
	}
	// Output:
	// TR 1
	// AT 2
	// null 2
}

// All orders of each customer, in the order in which they came.
func ExampleGroupBy() {
	byUser := stream.GroupBy(stream.Of(orders...), func(o Order) string { return o.User }, stream.AggregateOptions{})
	for g, err := range byUser {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(g.Key, len(g.Value))
	}
	// Output:
	// dia 1
	// ann 2
	// bob 1
	// cem 1
}
