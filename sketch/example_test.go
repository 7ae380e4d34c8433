package sketch_test

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/sketch"
	"github.com/millrace-go/millrace/stream"
)

// Distinct users of a stream of clicks, with the range they lie in.
func Example() {
	users, err := sketch.NewHLL[string](sketch.HLLOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 1_000_000 {
		users.Add(fmt.Sprintf("user-%d", i%250_000))
	}
	lo, hi := users.Bounds(2)
	fmt.Printf("%d users, 95 %% sure of %d to %d\n", users.Estimate(), lo, hi)
	// Output:
	// 249542 users, 95 % sure of 245552 to 253664
}

func ExampleNewHLL() {
	users, err := sketch.NewHLL[string](sketch.HLLOptions{Precision: 12})
	if err != nil {
		fmt.Println(err)
		return
	}
	users.Add("ada")
	users.Add("bob")
	users.Add("ada")
	fmt.Println(users.Estimate())

	_, err = sketch.NewHLL[string](sketch.HLLOptions{Precision: 20})
	fmt.Println(err)
	// Output:
	// 2
	// sketch: NewHLL: Precision must be 4 to 18, or 0 for 14, got 20
}

// Users per day cannot be added up to users per week; their sketches can.
func ExampleHLL_Merge() {
	monday, _ := sketch.NewHLL[string](sketch.HLLOptions{})
	tuesday, _ := sketch.NewHLL[string](sketch.HLLOptions{})
	for _, user := range []string{"ada", "bob", "cyd"} {
		monday.Add(user)
	}
	for _, user := range []string{"bob", "cyd", "dee"} {
		tuesday.Add(user)
	}
	if err := monday.Merge(tuesday); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(monday.Estimate())

	coarse, _ := sketch.NewHLL[string](sketch.HLLOptions{Precision: 10})
	fmt.Println(monday.Merge(coarse))
	// Output:
	// 4
	// sketch: HLL.Merge: precision is 10, want 14: conflict
}

func ExampleHLL_Bounds() {
	sensors, _ := sketch.NewHLL[int](sketch.HLLOptions{Precision: 10})
	for id := range 50_000 {
		sensors.Add(id)
	}
	lo, hi := sensors.Bounds(3)
	fmt.Printf("standard error %.1f %%: %d to %d sensors\n", 100*sensors.StandardError(), lo, hi)
	// Output:
	// standard error 3.2 %: 47523 to 57790 sensors
}

// A sketch outlives its process: the snapshot of one is restored into another of the same options.
func ExampleHLL_Restore() {
	users, _ := sketch.NewHLL[string](sketch.HLLOptions{})
	users.Add("ada")
	var stored bytes.Buffer
	if err := users.Snapshot(&stored); err != nil {
		fmt.Println(err)
		return
	}
	bytesStored := bytes.Clone(stored.Bytes())

	resumed, _ := sketch.NewHLL[string](sketch.HLLOptions{})
	if err := resumed.Restore(&stored); err != nil {
		fmt.Println(err)
		return
	}
	resumed.Add("bob")
	fmt.Println(resumed.Estimate())

	bytesStored[50] ^= 1 // what a bad disk does
	err := resumed.Restore(bytes.NewReader(bytesStored))
	fmt.Println(errors.Is(err, stream.ErrCorrupt), resumed.Estimate())
	// Output:
	// 2
	// true 2
}

func ExampleNewCountMin() {
	orders, err := sketch.NewCountMin[string](sketch.CountMinOptions{Epsilon: 0.001, Delta: 0.01})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 10_000 {
		orders.Add(fmt.Sprintf("article-%d", i%1000), 1)
	}
	orders.Add("article-7", 500)
	bound, confidence := orders.ErrorBound()
	fmt.Printf("%d orders of article-7, at most %d too many (%.0f %% sure)\n", orders.Count("article-7"), bound, 100*confidence)

	_, err = sketch.NewCountMin[string](sketch.CountMinOptions{Epsilon: 0.001, Width: 500})
	fmt.Println(err)
	// Output:
	// 510 orders of article-7, at most 11 too many (99 % sure)
	// sketch: NewCountMin: Width must be 0 where Epsilon is set, got 500
}

func ExampleCountMin_Merge() {
	east, _ := sketch.NewCountMin[string](sketch.CountMinOptions{})
	west, _ := sketch.NewCountMin[string](sketch.CountMinOptions{})
	east.Add("click", 3)
	west.Add("click", 4)
	if err := east.Merge(west); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(east.Count("click"), "of", east.Total())
	// Output:
	// 7 of 7
}

func ExampleCountMin_Restore() {
	stored := new(bytes.Buffer)
	counts, _ := sketch.NewCountMin[string](sketch.CountMinOptions{Width: 100, Depth: 4})
	counts.Add("click", 3)
	if err := counts.Snapshot(stored); err != nil {
		fmt.Println(err)
		return
	}
	wider, _ := sketch.NewCountMin[string](sketch.CountMinOptions{Width: 200, Depth: 4})
	fmt.Println(wider.Restore(stored))
	// Output:
	// sketch: CountMin.Restore: at byte 24: width is 100, want 200: conflict
}

// The most frequent search terms of a stream with very many.
func ExampleNewHeavyHitters() {
	terms, err := sketch.NewHeavyHitters[string](sketch.HeavyHittersOptions{Capacity: 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 10_000 {
		terms.Add(fmt.Sprintf("rare term %d", i), 1)
		if i%5 == 0 {
			terms.Add("shoes", 1)
		}
		if i%10 == 0 {
			terms.Add("umbrella", 1)
		}
	}
	for _, hit := range terms.Top(2) {
		fmt.Printf("%s: %d to %d of %d\n", hit.Key, hit.Count-hit.Error, hit.Count, terms.Total())
	}
	fmt.Printf("none above %d is missing\n", terms.Floor())
	// Output:
	// shoes: 2000 to 2000 of 13000
	// umbrella: 1000 to 1000 of 13000
	// none above 5 is missing
}

func ExampleHeavyHitters_Top() {
	pages, _ := sketch.NewHeavyHitters[string](sketch.HeavyHittersOptions{Capacity: 2})
	for _, page := range []string{"/", "/cart", "/", "/help", "/", "/", "/cart"} {
		pages.Add(page, 1)
	}
	fmt.Printf("%+v\n", pages.Top(1))
	// Output:
	// [{Key:/ Count:4 Error:0}]
}

func ExampleHeavyHitters_Merge() {
	east, _ := sketch.NewHeavyHitters[string](sketch.HeavyHittersOptions{})
	west, _ := sketch.NewHeavyHitters[string](sketch.HeavyHittersOptions{})
	east.Add("/", 10)
	west.Add("/", 5)
	west.Add("/cart", 7)
	if err := east.Merge(west); err != nil {
		fmt.Println(err)
		return
	}
	for _, page := range east.Top(2) {
		fmt.Println(page.Key, page.Count)
	}
	// Output:
	// / 15
	// /cart 7
}

// Distinct users per event type, in one pass.
func ExampleDistinctFold() {
	events := stream.Of(
		click{UserID: "ada", Type: "view"},
		click{UserID: "bob", Type: "view"},
		click{UserID: "ada", Type: "view"},
		click{UserID: "ada", Type: "buy"},
	)
	distinct, err := sketch.DistinctFold(click.User, sketch.HLLOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for group, err := range stream.Aggregate(events, click.Kind, distinct, stream.AggregateOptions{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(group.Key, group.Value.Estimate())
	}
	// Unordered output:
	// view 2
	// buy 1
}

// How often a user caused each type of event, without a counter per user.
func ExampleFrequencyFold() {
	events := stream.Of(
		click{UserID: "ada", Type: "view"},
		click{UserID: "bob", Type: "view"},
		click{UserID: "ada", Type: "view"},
		click{UserID: "ada", Type: "buy"},
	)
	frequency, err := sketch.FrequencyFold(click.User, sketch.CountMinOptions{Width: 500, Depth: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	for group, err := range stream.Aggregate(events, click.Kind, frequency, stream.AggregateOptions{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(group.Key, "by ada:", group.Value.Count("ada"))
	}
	// Unordered output:
	// view by ada: 2
	// buy by ada: 1
}

// The busiest user of each type of event.
func ExampleHeavyHittersFold() {
	events := stream.Of(
		click{UserID: "ada", Type: "view"},
		click{UserID: "bob", Type: "view"},
		click{UserID: "ada", Type: "view"},
		click{UserID: "bob", Type: "buy"},
	)
	busiest, err := sketch.HeavyHittersFold(click.User, sketch.HeavyHittersOptions{Capacity: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	for group, err := range stream.Aggregate(events, click.Kind, busiest, stream.AggregateOptions{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		top := group.Value.Top(1)[0]
		fmt.Println(group.Key, top.Key, top.Count)
	}
	// Unordered output:
	// view ada 2
	// buy bob 1
}
