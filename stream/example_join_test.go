package stream_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/millrace-go/millrace/stream"
)

type customer struct {
	Tenant, ID int
	Name       string
}

type purchase struct {
	Tenant, Customer int
	Item             string
}

type customerKey struct{ Tenant, ID int }

func (c customer) Key() customerKey { return customerKey{c.Tenant, c.ID} }
func (p purchase) Key() customerKey { return customerKey{p.Tenant, p.Customer} }

// Orders with their customers, by two columns; an order whose customer is unknown stays.
func ExampleJoin() {
	orders := stream.Of(purchase{1, 7, "lamp"}, purchase{2, 7, "desk"}, purchase{1, 9, "chair"})
	customers := stream.Of(customer{1, 7, "ann"}, customer{2, 7, "bob"})

	var stats stream.JoinStats
	joined := stream.Join(orders, customers, purchase.Key, customer.Key, stream.JoinOptions{
		Kind: stream.Left, Resources: stream.Resources{Memory: 64 << 20}, Stats: &stats,
	})
	for j, err := range joined {
		switch {
		case err != nil:
			fmt.Println(err)
		case j.HasRight:
			fmt.Println(j.Left.Item, "for", j.Right.Name)
		default:
			fmt.Println(j.Left.Item, "for nobody we know")
		}
	}
	fmt.Println("in memory:", stats.Broadcast)
	// Output:
	// lamp for ann
	// desk for bob
	// chair for nobody we know
	// in memory: true
}

// The users who have not bought anything: an anti join has left rows only.
func ExampleJoin_anti() {
	users := stream.Of(1, 2, 3, 4)
	buyers := stream.Of(2, 2, 4)
	self := func(v int) int { return v }
	for j, err := range stream.Join(users, buyers, self, self, stream.JoinOptions{Kind: stream.Anti}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(j.Left)
	}
	// Output:
	// 1
	// 3
}

// Two exports that are sorted by account, compared without holding either.
func ExampleMergeJoin() {
	type balance struct {
		Account string
		Cents   int
	}
	account := func(b balance) string { return b.Account }
	ours := stream.Of(balance{"a1", 100}, balance{"a2", 250}, balance{"a4", 0})
	theirs := stream.Of(balance{"a1", 100}, balance{"a2", 205}, balance{"a3", 7})
	for j, err := range stream.MergeJoin(ours, theirs, account, account, stream.MergeJoinOptions{Kind: stream.Full}) {
		switch {
		case err != nil:
			fmt.Println(err)
		case !j.HasRight:
			fmt.Println(j.Left.Account, "is only ours")
		case !j.HasLeft:
			fmt.Println(j.Right.Account, "is only theirs")
		case j.Left.Cents != j.Right.Cents:
			fmt.Println(j.Left.Account, "differs:", j.Left.Cents, j.Right.Cents)
		}
	}
	// Output:
	// a2 differs: 250 205
	// a3 is only theirs
	// a4 is only ours
}

// Inputs that are said to be sorted and are not end the join; nothing is lost silently.
func ExampleMergeJoinFunc() {
	versions := stream.Of("v2", "v9", "v10")
	bySize := func(a, b string) int { return len(a) - len(b) }
	self := func(v string) string { return v }
	joined := stream.MergeJoinFunc(versions, stream.Of("v10", "v2"), self, self, bySize, stream.MergeJoinOptions{})
	err := stream.Drain(joined)
	fmt.Println(err)
	fmt.Println(errors.Is(err, stream.ErrConflict))
	// Output:
	// stream: MergeJoinFunc: input 1 is not sorted: element 1 is v2, after v10: conflict
	// true
}

// Each trade with the last quote of its symbol, not older than a minute.
func ExampleAsOfJoin() {
	type price struct {
		Symbol string
		At     time.Time
		Cents  int
	}
	symbol := func(p price) string { return p.Symbol }
	at := func(p price) time.Time { return p.At }
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

	trades := stream.Of(
		price{Symbol: "AAA", At: noon.Add(10 * time.Second)},
		price{Symbol: "BBB", At: noon.Add(20 * time.Second)},
		price{Symbol: "AAA", At: noon.Add(2 * time.Minute)},
	)
	quotes := stream.Of(
		price{"AAA", noon, 100},
		price{"AAA", noon.Add(9 * time.Second), 101},
		price{"BBB", noon.Add(30 * time.Second), 50},
	)
	for j, err := range stream.AsOfJoin(trades, quotes, symbol, symbol, at, at, stream.AsOfOptions{Tolerance: time.Minute}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(j.Left.Symbol, j.Left.At.Format("15:04:05"), j.Right.Cents, j.HasRight)
	}
	// Output:
	// AAA 12:00:10 101 true
	// BBB 12:00:20 0 false
	// AAA 12:02:00 0 false
}
