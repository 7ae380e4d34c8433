package session_test

import (
	"bytes"
	"fmt"
	"time"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

// Two files of an hour each, with the state carried from one to the other: the visit at the hour is one visit.
func ExampleState() {
	files := [][]PageView{
		{view("ann", "/", "09:40:00"), view("bob", "/", "09:10:00"), view("ann", "/cart", "09:55:00")},
		{view("ann", "/paid", "10:05:00"), view("bob", "/help", "10:45:00")},
	}
	print := func(s session.Folded[string, int]) error {
		fmt.Println(s.Key, s.Start.Format("15:04"), s.End.Format("15:04"), s.Value, "views:", s.Reason)
		return nil
	}
	var carried bytes.Buffer
	for hour, file := range files {
		state, err := session.New(30*time.Minute, PageView.User, PageView.At, fold.Count[PageView](), session.Options[PageView]{})
		if err != nil {
			fmt.Println(err)
			return
		}
		if hour > 0 {
			if err := state.Restore(&carried); err != nil {
				fmt.Println(err)
				return
			}
		}
		for _, v := range file { // in any order
			if err := state.Push(v, print); err != nil {
				fmt.Println(err)
				return
			}
		}
		end := view("", "", "10:00:00").Time.Add(time.Duration(hour) * time.Hour)
		fmt.Println("complete until", end.Format("15:04"))
		if err := state.Advance(end, print); err != nil {
			fmt.Println(err)
			return
		}
		if err := state.Snapshot(&carried); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(state.Held(), "views held")
	}
	// Output:
	// complete until 10:00
	// bob 09:10 09:10 1 views: gap
	// 2 views held
	// complete until 11:00
	// ann 09:40 10:05 3 views: gap
	// 1 views held
}

// Events up to ten minutes out of order: sessions come out as soon as no event that is on time can join them. One that
// comes later than that is taken where it joins an open session, and otherwise goes to Late.
func ExampleRun_disorder() {
	clicks := stream.Of(
		view("ann", "/", "09:00:00"),
		view("bob", "/", "09:20:00"),
		view("ann", "/cart", "09:15:00"),
		view("cy", "/", "10:00:00"), // the watermark is 09:50
		view("ann", "/late", "09:01:00"),
	)
	o := session.Options[PageView]{
		Disorder: 10 * time.Minute,
		Late: func(l stream.Late[PageView]) error {
			fmt.Println("late:", l.Event.Page, "at", l.Event.Time.Format("15:04"), "watermark", l.Watermark.Format("15:04"))
			return nil
		},
	}
	for s, err := range session.Run(clicks, 30*time.Minute, PageView.User, PageView.At, fold.Count[PageView](), o) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Key, s.Start.Format("15:04"), s.End.Format("15:04"), s.Value)
	}
	// Output:
	// ann 09:00 09:15 2
	// late: /late at 09:01 watermark 09:50
	// bob 09:20 09:20 1
	// cy 10:00 10:00 1
}

// With Lateness, a session that has closed is taken back and given out anew when an event comes for it.
func ExampleRun_lateness() {
	clicks := stream.Of(
		view("ann", "/", "09:00:00"),
		view("bob", "/", "09:40:00"), // ann's session has closed
		view("ann", "/late", "09:10:00"),
	)
	o := session.Options[PageView]{Disorder: time.Second, Lateness: time.Hour}
	for s, err := range session.Run(clicks, 30*time.Minute, PageView.User, PageView.At, fold.Count[PageView](), o) {
		if err != nil {
			fmt.Println(err)
			return
		}
		sign := "+"
		if s.Retracted {
			sign = "-"
		}
		fmt.Println(sign, s.Key, s.Start.Format("15:04"), s.Value, "revision", s.Revision)
	}
	// Output:
	// + ann 09:00 1 revision 0
	// - ann 09:00 1 revision 0
	// + ann 09:00 2 revision 1
	// + bob 09:40 1 revision 0
}

// A campaign of another name begins another session, though the visitor never paused.
func ExampleBy() {
	campaign := func(v PageView) string { return v.Page }
	clicks := stream.Of(view("ann", "spring", "09:00:00"), view("ann", "sale", "09:20:00"), view("ann", "spring", "09:10:00"))
	o := session.Options[PageView]{SplitBy: session.By(campaign)}
	for s, err := range session.Intervals(clicks, 30*time.Minute, PageView.User, PageView.At, o) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Key, s.Start.Format("15:04"), s.Events, s.Reason)
	}
	// Output:
	// ann 09:00 2 attribute
	// ann 09:20 1 end of input
}
