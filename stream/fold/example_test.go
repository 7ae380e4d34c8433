package fold_test

import (
	"cmp"
	"fmt"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

type Order struct {
	User  string
	Item  string
	Cents int64
}

var orders = []Order{
	{"ann", "lamp", 4200},
	{"bob", "cup", 900},
	{"ann", "cup", 900},
	{"ann", "desk", 19900},
}

func cents(o Order) int64 { return o.Cents }

// total shows what a fold makes of all orders; in a pipeline the same fold goes into stream.Aggregate.
func total[A any](f stream.Fold[Order, A]) A {
	acc, err := stream.Reduce(stream.Of(orders...), f)
	if err != nil {
		fmt.Println(err)
	}
	return acc
}

// Two folds per user, in one pass.
func Example() {
	perUser := fold.Pair(fold.Count[Order](), fold.Sum(cents))
	groups := stream.Aggregate(stream.Of(orders...), func(o Order) string { return o.User }, perUser, stream.AggregateOptions{})
	for g, err := range groups {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(g.Key, g.Value.First, g.Value.Second)
	}
	// Output:
	// ann 3 25000
	// bob 1 900
}

func ExampleCount() {
	fmt.Println(total(fold.Count[Order]()))
	// Output: 4
}

func ExampleSum() {
	fmt.Println(total(fold.Sum(cents)))
	// Output: 25900
}

func ExampleMean() {
	fmt.Println(total(fold.Mean(cents)).Value())
	// Output: 6475
}

func ExampleMin() {
	fmt.Println(total(fold.Min(cents)))
	none, _ := stream.Reduce(stream.Of[Order](), fold.Min(cents))
	fmt.Println(none)
	// Output:
	// 900
	// missing
}

func ExampleMax() {
	fmt.Println(total(fold.Max(cents)))
	// Output: 19900
}

func ExampleFirst() {
	first, ok := total(fold.First[Order]()).Get()
	fmt.Println(first.Item, ok)
	// Output: lamp true
}

func ExampleLast() {
	last, ok := total(fold.Last[Order]()).Get()
	fmt.Println(last.Item, ok)
	// Output: desk true
}

func ExampleCollect() {
	fmt.Println(total(fold.On(func(o Order) string { return o.Item }, fold.Collect[string]())))
	// Output: [lamp cup cup desk]
}

func ExampleTop() {
	dearest := fold.Top(2, func(a, b Order) int { return cmp.Compare(a.Cents, b.Cents) })
	for _, o := range total(dearest) {
		fmt.Println(o.Item, o.Cents)
	}
	// Output:
	// desk 19900
	// lamp 4200
}

func ExamplePair() {
	f := fold.Pair(fold.Count[Order](), fold.Pair(fold.Min(cents), fold.Max(cents)))
	all := total(f)
	fmt.Println(all.First, all.Second.First, all.Second.Second)
	// Output: 4 900 19900
}

func ExampleOn() {
	fmt.Println(total(fold.On(func(o Order) string { return o.User }, fold.Last[string]())))
	// Output: ann
}

func ExampleWhere() {
	cups := func(o Order) bool { return o.Item == "cup" }
	fmt.Println(total(fold.Where(cups, fold.Sum(cents))))
	// Output: 1800
}
