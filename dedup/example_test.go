package dedup_test

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// Order is an order as a shop's system delivers it: again after every change, and again after every retry.
type Order struct {
	ID       int
	Status   string
	Changed  time.Time
	Version  int
	Editor   string            // empty: not known
	Delivery stream.Opt[int64] // days; null while nobody knows
}

func (o Order) Key() int                  { return o.ID }
func (o Order) ChangedAt() time.Time      { return o.Changed }
func (o Order) Revision() int             { return o.Version }
func (o Order) HasEditor() bool           { return o.Editor != "" }
func (o Order) HasNoID() bool             { return o.ID == 0 }
func (o Order) InDays() stream.Opt[int64] { return o.Delivery }
func (o Order) String() string            { return fmt.Sprintf("%d %s", o.ID, o.Status) }
func (o Order) Due() stream.Opt[time.Time] {
	days, known := o.Delivery.Get()
	if !known {
		return stream.Null[time.Time]()
	}
	return stream.Present(o.Changed.AddDate(0, 0, int(days)))
}

func hour(h int) time.Time { return time.Date(2024, 5, 1, h, 0, 0, 0, time.UTC) }

// orders are five deliveries of two orders.
func orders() stream.Seq[Order] {
	return stream.Of(
		Order{ID: 1, Status: "placed", Changed: hour(9), Version: 1, Editor: "ann"},
		Order{ID: 2, Status: "placed", Changed: hour(10), Version: 1, Delivery: stream.Present[int64](5)},
		Order{ID: 1, Status: "shipped", Changed: hour(12), Version: 2, Delivery: stream.Present[int64](2)},
		Order{ID: 1, Status: "packed", Changed: hour(12), Version: 3, Editor: "bob", Delivery: stream.Present[int64](3)},
		Order{ID: 2, Status: "paid", Changed: hour(11), Version: 2},
	)
}

func show[T any](s stream.Seq[T]) {
	for v, err := range s {
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		fmt.Println(v)
	}
}

func ExampleBest() {
	// The latest change of each order; of two at the same time, the one whose editor is known.
	show(dedup.Best(orders(), Order.Key, dedup.Latest(Order.ChangedAt), dedup.Present(Order.HasEditor)))
	// Output:
	// 1 packed
	// 2 paid
}

func ExampleRun() {
	var stats dedup.Stats
	best := dedup.Run(orders(), Order.Key, dedup.Options[Order]{
		By:        []dedup.Comparator[Order]{dedup.Latest(Order.ChangedAt).Named("changed"), dedup.Present(Order.HasEditor).Named("editor")},
		Order:     dedup.OrderWinner,
		Stats:     &stats,
		Resources: stream.Resources{Memory: 64 << 20},
		Losers: func(l dedup.Loser[Order]) error {
			fmt.Printf("element %d (%v) lost to element %d (%v) by %s\n", l.Position, l.Row, l.WinnerPosition, l.Winner, l.DecidedBy)
			return nil
		},
	})
	show(best)
	fmt.Println(stats.In, "=", stats.Out, "+", stats.Dropped)
	// Output:
	// element 0 (1 placed) lost to element 2 (1 shipped) by changed
	// element 2 (1 shipped) lost to element 3 (1 packed) by editor
	// element 1 (2 placed) lost to element 4 (2 paid) by changed
	// 1 packed
	// 2 paid
	// 5 = 2 + 3
}

// Several workers, and no order asked for: the fastest way to the same rows.
func ExampleRun_workers() {
	rows := stream.Of(
		click{ID: 7, Page: "/a", At: 1}, click{ID: 9, Page: "/b", At: 2}, click{ID: 7, Page: "/c", At: 3},
	)
	latest := dedup.Run(rows, click.Key, dedup.Options[click]{
		By:        []dedup.Comparator[click]{dedup.Max(func(c click) int { return c.At })},
		Order:     dedup.OrderAny,
		Resources: stream.Resources{Workers: 4},
	})
	for c, err := range latest {
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		fmt.Println(c.ID, c.Page)
	}
	// Unordered output:
	// 7 /c
	// 9 /b
}

// Without a comparator that tells them apart, two rows tie. TieFail turns that into an error which names both.
func ExampleRun_tie() {
	best := dedup.Run(orders(), Order.Key, dedup.Options[Order]{
		By:  []dedup.Comparator[Order]{dedup.Latest(Order.ChangedAt)},
		Tie: dedup.TieFail,
	})
	for _, err := range best {
		var tie *dedup.TieError
		if errors.As(err, &tie) {
			fmt.Println(tie.WinnerPosition, tie.Position, tie.Key)
			fmt.Println(err)
		}
	}
	// Output:
	// 2 3 1
	// dedup: elements 2 and 3 tie for key 1: conflict
}

// Rows without a key are kept, each for itself, unless a policy says otherwise.
func ExampleRun_nullKeys() {
	rows := stream.Of(Order{ID: 0, Status: "lost label"}, Order{ID: 7, Status: "placed"}, Order{ID: 0, Status: "torn label"})
	show(dedup.Run(rows, Order.Key, dedup.Options[Order]{NullKey: Order.HasNoID}))
	fmt.Println("rejected:")
	show(dedup.Run(rows, Order.Key, dedup.Options[Order]{
		NullKey:  Order.HasNoID,
		NullKeys: dedup.NullsReject,
		Rejects: func(r dedup.Reject[Order]) error {
			fmt.Println("no key:", r.Position, r.Row)
			return nil
		},
	}))
	// Output:
	// 0 lost label
	// 7 placed
	// 0 torn label
	// rejected:
	// no key: 0 0 lost label
	// 7 placed
	// no key: 2 0 torn label
}

// An id that comes again with the same payload is a retry; with another payload it is a conflict to look into.
func ExampleRun_conflicts() {
	rows := stream.Of(Order{ID: 1, Status: "placed"}, Order{ID: 1, Status: "placed"}, Order{ID: 2, Status: "placed"}, Order{ID: 2, Status: "paid"})
	var stats dedup.Stats
	first := dedup.Run(rows, Order.Key, dedup.Options[Order]{
		Same:  func(a, b Order) bool { return a.Status == b.Status },
		Stats: &stats,
		Losers: func(l dedup.Loser[Order]) error {
			if !l.Identical {
				fmt.Printf("conflict: %v at %d, %v at %d\n", l.Winner, l.WinnerPosition, l.Row, l.Position)
			}
			return nil
		},
	})
	if err := stream.Drain(first); err != nil {
		fmt.Println(err)
	}
	fmt.Println(stats.Identical, "identical,", stats.Conflicting, "conflicting")
	// Output:
	// conflict: 2 placed at 2, 2 paid at 3
	// 1 identical, 1 conflicting
}

// KeepNone keeps the rows whose key occurs once.
func ExampleRun_none() {
	rows := stream.Of("ann", "bob", "ann", "eve")
	show(dedup.Run(rows, func(s string) string { return s }, dedup.Options[string]{Keep: dedup.KeepNone}))
	// Output:
	// bob
	// eve
}

func ExampleDistinct() {
	type visit struct{ User, Page string }
	visits := stream.Of(visit{"ann", "/"}, visit{"bob", "/"}, visit{"ann", "/"}, visit{"ann", "/help"})
	show(dedup.Distinct(visits, func(v visit) visit { return v }))
	// Output:
	// {ann /}
	// {bob /}
	// {ann /help}
}

func ExampleSorted() {
	type reading struct {
		Sensor  string
		Celsius float64
	}
	sensor := func(r reading) string { return r.Sensor }
	hottest := dedup.Options[reading]{By: []dedup.Comparator[reading]{dedup.Max(func(r reading) float64 { return r.Celsius })}}

	show(dedup.Sorted(stream.Of(reading{"attic", 21.5}, reading{"attic", 24}, reading{"cellar", 12}), sensor, cmp.Compare, hottest))
	show(dedup.Sorted(stream.Of(reading{"attic", 21.5}, reading{"cellar", 12}, reading{"attic", 24}), sensor, cmp.Compare, hottest))
	// Output:
	// {attic 24}
	// {cellar 12}
	// {attic 21.5}
	// error: dedup: input not sorted by key: element 2 has key "attic" after "cellar" at element 1: conflict
}

func ExampleLatest() {
	show(dedup.Best(orders(), Order.Key, dedup.Latest(Order.ChangedAt)))
	// Output:
	// 1 shipped
	// 2 paid
}

func ExampleEarliest() {
	show(dedup.Best(orders(), Order.Key, dedup.Earliest(Order.ChangedAt)))
	// Output:
	// 1 placed
	// 2 placed
}

func ExampleMax() {
	show(dedup.Best(orders(), Order.Key, dedup.Max(Order.Revision)))
	// Output:
	// 1 packed
	// 2 paid
}

func ExampleMin() {
	show(dedup.Best(orders(), Order.Key, dedup.Min(Order.Revision)))
	// Output:
	// 1 placed
	// 2 placed
}

func ExamplePresent() {
	// An order with a known editor; of two, the first seen.
	show(dedup.Best(orders(), Order.Key, dedup.Present(Order.HasEditor)))
	// Output:
	// 1 placed
	// 2 placed
}

func ExampleMaxFunc() {
	// How far an order has come, in the words of the shop.
	steps := map[string]int{"placed": 0, "paid": 1, "packed": 2, "shipped": 3}
	progress := func(a, b Order) int { return cmp.Compare(steps[a.Status], steps[b.Status]) }
	show(dedup.Best(orders(), Order.Key, dedup.MaxFunc(progress).Named("progress")))
	// Output:
	// 1 shipped
	// 2 paid
}

func ExampleMinFunc() {
	byStatus := func(a, b Order) int { return cmp.Compare(a.Status, b.Status) }
	show(dedup.Best(orders(), Order.Key, dedup.MinFunc(byStatus)))
	// Output:
	// 1 packed
	// 2 paid
}

func ExampleMaxOpt() {
	// The longest known delivery: a null loses to every number.
	show(dedup.Best(orders(), Order.Key, dedup.MaxOpt(Order.InDays)))
	// Output:
	// 1 packed
	// 2 placed
}

func ExampleMinOpt() {
	show(dedup.Best(orders(), Order.Key, dedup.MinOpt(Order.InDays)))
	// Output:
	// 1 shipped
	// 2 placed
}

func ExampleComparator_NullsFirst() {
	// Orders whose delivery nobody knows yet come before all others.
	show(dedup.Best(orders(), Order.Key, dedup.MinOpt(Order.InDays).NullsFirst()))
	// Output:
	// 1 placed
	// 2 paid
}

func ExampleLatestOpt() {
	show(dedup.Best(orders(), Order.Key, dedup.LatestOpt(Order.Due)))
	// Output:
	// 1 packed
	// 2 placed
}

func ExampleEarliestOpt() {
	show(dedup.Best(orders(), Order.Key, dedup.EarliestOpt(Order.Due)))
	// Output:
	// 1 shipped
	// 2 placed
}

func ExampleComparator_Named() {
	c := dedup.Max(Order.Revision)
	fmt.Println(c.Name(), c.Named("revision").Name())
	// Output: Max revision
}
