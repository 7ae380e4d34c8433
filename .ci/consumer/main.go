// Command consumer is a user's program in a module of its own: it must build without Arrow.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

type event struct {
	ID, User string
	At, Seen time.Time
}

func main() {
	at := func(minute int) time.Time { return time.Date(2026, 3, 1, 9, minute, 0, 0, time.UTC) }
	events := stream.Of(
		event{"1", "ada", at(0), at(1)}, event{"2", "ada", at(5), at(6)},
		event{"2", "ada", at(5), at(7)}, event{"3", "bob", at(6), at(7)},
	)
	best := dedup.Best(events, func(e event) string { return e.ID }, dedup.Latest(func(e event) time.Time { return e.Seen }))
	for s, err := range session.ByGap(best, 30*time.Minute, func(e event) string { return e.User }, func(e event) time.Time { return e.At }) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("%s: %d events in %v\n", s.Key, s.Events, s.Length())
	}
}
