package dedup_test

import (
	"fmt"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// A day of orders is 300 million rows; their ids do not fit into memory, and one order lost in a million is bearable.
// The seed cannot be guessed by those who send orders.
func ExampleApprox() {
	var stats dedup.ApproxStats
	firsts := dedup.Approx(orders(), Order.Key, dedup.ApproxOptions[Order]{
		FalseDropRate: 1e-6,
		ExpectedKeys:  100_000,
		ReadAhead:     256, // faster: the orders come from a file, nobody waits for a single one
		Seed:          0x6b1d_90c4_77e2_35af,
		Stats:         &stats,
		Drops: func(d dedup.Drop[Order]) error {
			fmt.Printf("dropped element %d (%v)\n", d.Position, d.Row)
			return nil
		},
	})
	show(firsts)
	fmt.Println(stats.In, "=", stats.Out, "+", stats.Dropped)
	fmt.Println(stats.FilterBytes, "bytes, false-drop rate so far below 1e-6:", stats.FalseDropRate() < 1e-6)
	// Output:
	// 1 placed
	// 2 placed
	// dropped element 2 (1 shipped)
	// dropped element 3 (1 packed)
	// dropped element 4 (2 paid)
	// 5 = 2 + 3
	// 857312 bytes, false-drop rate so far below 1e-6: true
}

// An endless stream, in fixed memory: two filters take turns, so that at least the last three ids are remembered. That
// of order 1 was forgotten when it came a second time.
func ExampleApprox_forgetting() {
	ids := stream.Of(1, 2, 2, 3, 4, 3, 5, 6, 7, 1, 7)
	show(dedup.Approx(ids, func(id int) int { return id }, dedup.ApproxOptions[int]{ExpectedKeys: 3, Generations: 2}))
	// Output:
	// 1
	// 2
	// 3
	// 4
	// 5
	// 6
	// 7
	// 1
}

// What the filter takes for a duplicate is looked up where all that came out is stored, so that no order is lost: the
// filter, small and mostly wrong here, spares the look-up for most of the new ones.
func ExampleApprox_verify() {
	stored := map[int]bool{}
	var stats dedup.ApproxStats
	firsts := dedup.Approx(orders(), Order.Key, dedup.ApproxOptions[Order]{
		FalseDropRate: 0.5,
		ExpectedKeys:  2,
		Verify:        func(o Order) (bool, error) { return stored[o.ID], nil },
		Stats:         &stats,
	})
	for o, err := range firsts {
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		stored[o.ID] = true
		fmt.Println(o)
	}
	fmt.Println(stats.Dropped, "dropped, none of them wrongly")
	// Output:
	// 1 placed
	// 2 placed
	// 3 dropped, none of them wrongly
}

// A bound that is too small for the rate is refused before anything is read, with what it would take.
func ExampleApprox_limit() {
	show(dedup.Approx(orders(), Order.Key, dedup.ApproxOptions[Order]{
		ExpectedKeys: 100_000_000,
		Resources:    stream.Resources{Memory: 256 << 20},
	}))
	// Output:
	// error: dedup: Approx: bytes of live state: limit is 268435456, need 857303840: limit exceeded: a filter for 100000000 keys at a false-drop rate of 7.5e-07 takes 857303840 bytes
}
