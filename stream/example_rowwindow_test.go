package stream_test

import (
	"fmt"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

type Sale struct {
	Shop  string
	Day   int
	Cents int
}

func (s Sale) shop() string { return s.Shop }

// By shop, then by day.
var sales = []Sale{{"Graz", 1, 500}, {"Graz", 2, 700}, {"Graz", 4, 650}, {"Wien", 1, 900}, {"Wien", 3, 800}}

func ExampleLag() {
	for p, err := range stream.Lag(stream.Of(sales...), Sale.shop, 1) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if before, ok := p.Second.Get(); ok {
			fmt.Printf("%s day %d: %+d\n", p.First.Shop, p.First.Day, p.First.Cents-before.Cents)
		}
	}
	// Output:
	// Graz day 2: +200
	// Graz day 4: -50
	// Wien day 3: -100
}

func ExampleLead() {
	for p, err := range stream.Lead(stream.Of(sales...), Sale.shop, 1) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if next, ok := p.Second.Get(); ok && next.Day > p.First.Day+1 {
			fmt.Printf("%s was closed after day %d\n", p.First.Shop, p.First.Day)
		}
	}
	// Output:
	// Graz was closed after day 2
	// Wien was closed after day 1
}

func ExampleRowNumber() {
	for s, err := range stream.Filter(stream.RowNumber(stream.Of(sales...), Sale.shop), func(s stream.Indexed[Sale]) bool { return s.Index < 2 }) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Index+1, s.Value.Shop, s.Value.Cents)
	}
	// Output:
	// 1 Graz 500
	// 2 Graz 700
	// 1 Wien 900
	// 2 Wien 800
}

func ExampleRunning() {
	total := fold.Sum(func(s Sale) int { return s.Cents })
	for p, err := range stream.Running(stream.Of(sales...), Sale.shop, total) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p.First.Shop, p.First.Day, p.Second)
	}
	// Output:
	// Graz 1 500
	// Graz 2 1200
	// Graz 4 1850
	// Wien 1 900
	// Wien 3 1700
}
