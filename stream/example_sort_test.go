package stream_test

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

type receipt struct {
	Customer string
	Cents    int
}

func (o receipt) cents() int { return o.Cents }

var till = stream.Of(
	receipt{"Ada", 1250}, receipt{"Bob", 300}, receipt{"Cem", 9900}, receipt{"Dee", 300}, receipt{"Eve", 4000},
)

// Orders by amount, in at most 64 MB of memory; what is more goes to disk.
func ExampleSort() {
	sorted := stream.Sort(till, receipt.cents, stream.SortOptions{
		Descending: true,
		Resources:  stream.Resources{Memory: 64 << 20},
	})
	for o, err := range sorted {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(o.Customer, o.Cents)
	}
	// Output:
	// Cem 9900
	// Eve 4000
	// Ada 1250
	// Bob 300
	// Dee 300
}

// By amount, and where that is equal by name from Z to A.
func ExampleSortFunc() {
	sorted := stream.SortFunc(till, func(a, b receipt) int {
		return cmp.Or(cmp.Compare(a.Cents, b.Cents), cmp.Compare(b.Customer, a.Customer))
	}, stream.SortOptions{})
	for o, err := range sorted {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(o.Customer, o.Cents)
	}
	// Output:
	// Dee 300
	// Bob 300
	// Ada 1250
	// Eve 4000
	// Cem 9900
}

// Three sensors, each with its readings in order.
func ExampleMerge() {
	attic, cellar, garden := stream.Of(3.5, 4, 9), stream.Of(11.0, 12), stream.Of(-2.0, 4.5, 7)
	readings, err := stream.Collect(stream.Merge(attic, cellar, garden))
	fmt.Println(readings, err)
	// Output: [-2 3.5 4 4.5 7 9 11 12] <nil>
}

// Two logs that are sorted by amount; the second one is not quite.
func ExampleMergeFunc() {
	morning := stream.Of(receipt{"Ada", 100}, receipt{"Bob", 400})
	evening := stream.Of(receipt{"Cem", 100}, receipt{"Dee", 300}, receipt{"Eve", 200})
	byCents := func(a, b receipt) int { return cmp.Compare(a.Cents, b.Cents) }
	for o, err := range stream.MergeFunc([]stream.Seq[receipt]{morning, evening}, byCents, stream.MergeOptions{}) {
		if unsorted := (*stream.OrderError)(nil); errors.As(err, &unsorted) {
			fmt.Println("input", unsorted.Input, "goes down at element", unsorted.Index)
			return
		}
		fmt.Println(o.Customer, o.Cents)
	}
	// Output:
	// Ada 100
	// Cem 100
	// Dee 300
	// input 1 goes down at element 2
}

// The two largest receipts, and the two smallest; of equal ones the first.
func ExampleTopK() {
	byCents := func(a, b receipt) int { return cmp.Compare(a.Cents, b.Cents) }
	largest, err := stream.Collect(stream.TopK(till, 2, byCents))
	fmt.Println(largest, err)
	smallest, err := stream.Collect(stream.TopK(till, 2, func(a, b receipt) int { return byCents(b, a) }))
	fmt.Println(smallest, err)
	// Output:
	// [{Cem 9900} {Eve 4000}] <nil>
	// [{Bob 300} {Dee 300}] <nil>
}
