package dedup_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

func clock(hour, minute int) time.Time { return time.Date(2024, 5, 1, hour, minute, 0, 0, time.UTC) }

// Ping is what a sensor sends, more than once.
type Ping struct {
	Sensor string
	At     time.Time
	Level  int
}

func (p Ping) Key() string     { return p.Sensor }
func (p Ping) Time() time.Time { return p.At }
func (p Ping) Water() int      { return p.Level }
func (p Ping) String() string {
	return fmt.Sprintf("%s %s: %d", p.At.Format("15:04"), p.Sensor, p.Level)
}
func pings() stream.Seq[Ping] {
	return stream.Of(
		Ping{"north", clock(12, 0), 3},
		Ping{"south", clock(12, 20), 5},
		Ping{"north", clock(12, 59), 4}, // within the hour
		Ping{"south", clock(12, 10), 6}, // ten minutes behind
		Ping{"north", clock(13, 0), 5},  // a new hour: the key of 12:00 has expired
		Ping{"south", clock(11, 0), 7},  // too late
	)
}

// One ping per sensor and hour, as it comes. Memory is bounded by the sensors of the last hour.
func ExampleWindowed() {
	var stats dedup.Stats
	show(dedup.Windowed(pings(), Ping.Key, dedup.StateOptions[Ping]{
		TTL:      time.Hour,
		At:       Ping.Time,
		Disorder: time.Hour, // rows come up to an hour out of order
		Late: func(l stream.Late[Ping]) error {
			fmt.Println("late:", l.Event)
			return nil
		},
		Options: dedup.Options[Ping]{Stats: &stats},
	}))
	fmt.Println(stats.In, "=", stats.Out, "+", stats.Dropped, "+", stats.Late)
	// Output:
	// 12:00 north: 3
	// 12:20 south: 5
	// 13:00 north: 5
	// late: 11:00 south: 7
	// 6 = 3 + 2 + 1
}

// The highest level of each sensor since it was first heard: it comes out when the hour is over.
func ExampleWindowed_best() {
	show(dedup.Windowed(pings(), Ping.Key, dedup.StateOptions[Ping]{
		Options:  dedup.Options[Ping]{By: []dedup.Comparator[Ping]{dedup.Max(Ping.Water)}},
		TTL:      time.Hour,
		At:       Ping.Time,
		Disorder: 10 * time.Minute,
		Late:     stream.Discard[stream.Late[Ping]]("a sensor that is more than ten minutes late is broken"),
	}))
	// Output:
	// 12:59 north: 4
	// 12:20 south: 5
	// 13:00 north: 5
}

// A table that follows the best row of each order: what to insert, what to change, what to delete.
func ExampleChangelog() {
	cancelled := stream.Of(Order{ID: 1, Status: "deleted"}, Order{ID: 3, Status: "deleted"})
	changes := dedup.Changelog(stream.Concat(orders(), cancelled), Order.Key, dedup.StateOptions[Order]{
		Options:   dedup.Options[Order]{By: []dedup.Comparator[Order]{dedup.Latest(Order.ChangedAt)}},
		Tombstone: func(o Order) bool { return o.Status == "deleted" },
		Retract:   true,
	})
	for c, err := range changes {
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		fmt.Println(c.Kind, c.Row)
	}
	// Output:
	// +I 1 placed
	// +I 2 placed
	// -U 1 placed
	// +U 1 shipped
	// -U 2 placed
	// +U 2 paid
	// -D 1 shipped
}

// A changelog leaves what Run yields.
func ExampleReplay() {
	latest := dedup.Options[Order]{By: []dedup.Comparator[Order]{dedup.Latest(Order.ChangedAt)}}
	changes := dedup.Changelog(orders(), Order.Key, dedup.StateOptions[Order]{Options: latest})
	show(dedup.Replay(changes, Order.Key))

	torn := stream.Of(dedup.Change[Order]{Kind: dedup.Updated, Row: Order{ID: 9}})
	show(dedup.Replay(torn, Order.Key))
	// Output:
	// 1 shipped
	// 2 paid
	// error: dedup: Replay: change 0 (+U of key 9): the key has no row: conflict
}

// A verdict for each row, and a snapshot with which another process goes on.
func ExampleState() {
	newSeen := func() *dedup.State[Ping, string] {
		seen, err := dedup.New(Ping.Key, dedup.StateOptions[Ping]{TTL: time.Hour, At: Ping.Time, Disorder: time.Hour})
		if err != nil {
			panic(err)
		}
		return seen
	}
	seen := newSeen()
	var saved bytes.Buffer
	for p, err := range pings() {
		if p.Level == 4 { // the process ends here, and another goes on
			if err := seen.Snapshot(&saved); err != nil {
				panic(err)
			}
			seen = newSeen()
			if err := seen.Restore(&saved); err != nil {
				panic(err)
			}
		}
		var verdict dedup.Verdict
		if err == nil {
			verdict, err = seen.Push(p)
		}
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		fmt.Println(p, verdict)
	}
	// Output:
	// 12:00 north: 3 new
	// 12:20 south: 5 new
	// 12:59 north: 4 duplicate
	// 12:10 south: 6 duplicate
	// 13:00 north: 5 new
	// error: dedup: State: event 5 is late: its time is 2024-05-01T11:00:00Z, the watermark is 2024-05-01T12:00:00Z, and there is no sink for late events: conflict
}

// Two shards of one input. Positions in the whole input decide ties, so that the shards may be merged in any order.
func ExampleState_Merge() {
	latest := dedup.StateOptions[Order]{Options: dedup.Options[Order]{By: []dedup.Comparator[Order]{dedup.Latest(Order.ChangedAt)}}}
	newShard := func(o dedup.StateOptions[Order]) *dedup.State[Order, int] {
		s, err := dedup.New(Order.Key, o)
		if err != nil {
			panic(err)
		}
		return s
	}
	even, odd := newShard(latest), newShard(latest)
	for i, err := range stream.Enumerate(orders()) {
		shard := even
		if i.Index%2 == 1 {
			shard = odd
		}
		if err == nil {
			_, err = shard.PushAt(i.Value, int64(i.Index))
		}
		if err != nil {
			fmt.Println("error:", err)
			return
		}
	}
	if err := odd.Merge(even); err != nil {
		fmt.Println("error:", err)
		return
	}
	var best []Order
	if err := odd.Flush(stream.Into(&best)); err != nil {
		fmt.Println("error:", err)
		return
	}
	fmt.Println(best)

	first, second := newShard(latest), newShard(latest)
	_, _ = first.Push(Order{ID: 1, Status: "placed"})
	_, _ = second.Push(Order{ID: 1, Status: "shipped"})
	err := first.Merge(second)
	fmt.Println(errors.Is(err, stream.ErrConflict), err)
	// Output:
	// [1 shipped 2 paid]
	// true dedup: State.Merge: both have key 1: a tie would go by positions that PushAt did not give; give them, or leave no tie (ByBytes, TieFail): conflict
}

// A job that can be killed at any time: what it has seen, how far it has come, and what it has written are of one moment.
func ExampleNew() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	run := func() error {
		seen, err := dedup.New(Order.Key, dedup.StateOptions[Order]{})
		if err != nil {
			return err
		}
		cp, err := stream.OpenCheckpoint(filepath.Join(dir, "job.checkpoint"), stream.CheckpointOptions{States: map[string]stream.State{"seen": seen}})
		if err != nil {
			return err
		}
		defer cp.Close()
		out, err := cp.File(filepath.Join(dir, "firsts.txt"))
		if err != nil {
			return err
		}
		open := func(position int64) stream.Seq[Order] { return stream.SkipExactly(orders(), position) }
		return stream.Resume(open, cp, func(o Order) error {
			verdict, err := seen.Push(o)
			if err != nil || verdict != dedup.VerdictNew {
				return err
			}
			_, err = fmt.Fprintln(out, o)
			return err
		}, stream.ResumeOptions{})
	}
	if err := run(); err != nil {
		fmt.Println("error:", err)
	}
	firsts, err := os.ReadFile(filepath.Join(dir, "firsts.txt"))
	fmt.Printf("%s%v", firsts, err)
	// Output:
	// 1 placed
	// 2 placed
	// <nil>
}
