package dedup_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// The latest ping of each sensor with the highest level so far: what comes out of two shards is what comes out of the
// whole. The row that a change tells of is the merged one.
func ExampleState_Merge_mergedRows() {
	newShard := func() *dedup.State[Ping, string] {
		s, err := dedup.New(Ping.Key, dedup.StateOptions[Ping]{Options: dedup.Options[Ping]{
			Keep:  dedup.KeepMerge,
			By:    []dedup.Comparator[Ping]{dedup.Latest(Ping.Time)},
			Merge: []dedup.Reducer[Ping]{dedup.Greatest(func(p *Ping) *int { return &p.Level })},
		}})
		if err != nil {
			panic(err)
		}
		return s
	}
	shards := []*dedup.State[Ping, string]{newShard(), newShard()}
	for i, err := range stream.Enumerate(pings()) {
		if err == nil {
			_, err = shards[i.Index%2].PushAt(i.Value, int64(i.Index))
		}
		if err != nil {
			fmt.Println("error:", err)
			return
		}
	}
	if err := shards[0].Merge(shards[1]); err != nil {
		fmt.Println("error:", err)
		return
	}
	_ = shards[0].Flush(func(p Ping) error {
		fmt.Println(p)
		return nil
	})
	// Output:
	// 13:00 north: 5
	// 12:20 south: 7
}

// A changelog of merged rows: each row of an order is an update, for any field may have changed.
func ExampleChangelog_merge() {
	changes := dedup.Changelog(orders(), Order.Key, dedup.StateOptions[Order]{Options: dedup.Options[Order]{
		Keep:  dedup.KeepMerge,
		By:    []dedup.Comparator[Order]{dedup.Latest(Order.ChangedAt)},
		Merge: []dedup.Reducer[Order]{dedup.Greatest(func(o *Order) *int { return &o.Version })},
	}})
	for c, err := range changes {
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		fmt.Println(c.Kind, c.Row, c.Row.Version)
	}
	// Output:
	// +I 1 placed 1
	// +I 2 placed 1
	// +U 1 shipped 2
	// +U 1 shipped 3
	// +U 2 paid 2
}

// Bits that are set in any row are set whatever the order. State.Merge cannot see that of a function, and asks.
func ExampleReducer_Exact() {
	set := func(a, b int) int { return a | b }
	bits := dedup.Combine(func(p *Ping) *int { return &p.Level }, set)
	for _, reducer := range []dedup.Reducer[Ping]{bits, bits.Exact()} {
		newShard := func(p Ping, at int64) *dedup.State[Ping, string] {
			s, err := dedup.New(Ping.Key, dedup.StateOptions[Ping]{Options: dedup.Options[Ping]{Keep: dedup.KeepMerge, Merge: []dedup.Reducer[Ping]{reducer}}})
			if err == nil {
				_, err = s.PushAt(p, at)
			}
			if err != nil {
				panic(err)
			}
			return s
		}
		one, other := newShard(Ping{"north", clock(12, 0), 1}, 0), newShard(Ping{"north", clock(13, 0), 4}, 1)
		if err := one.Merge(other); err != nil {
			fmt.Println(errors.Is(err, stream.ErrConflict), err)
			continue
		}
		_ = one.Flush(func(p Ping) error {
			fmt.Println(p.At.Format(time.Kitchen), p.Level)
			return nil
		})
	}
	// Output:
	// true dedup: State.Merge: both have key "north": Merge[0], Combine of Level, may make something else of two parts than of the whole; Reducer.Exact says where it does not: conflict
	// 12:00PM 5
}
