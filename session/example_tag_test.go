package session_test

import (
	"fmt"
	"time"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// Each view gets a column with its session. These come in order of time, so they come out at once.
func ExampleTag() {
	clicks := stream.Of(view("ann", "/", "09:00:00"), view("bob", "/", "09:10:00"), view("ann", "/cart", "09:20:00"), view("ann", "/", "11:00:00"))
	for v, err := range session.Tag(clicks, 30*time.Minute, PageView.User, PageView.At, session.Options[PageView]{Ordered: true}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(v.Event.Visitor, v.Event.Page, v.Session.String()[:8], v.Index)
	}
	// Output:
	// ann / 68591b90 0
	// bob / fc2c2a80 0
	// ann /cart 68591b90 1
	// ann / 74a0bc12 0
}

// How many visits end at their first page?
func ExampleBounces() {
	rate, err := stream.Reduce(session.ByGap(views(), 30*time.Minute, PageView.User, PageView.At), session.Bounces[string]())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d of %d sessions, %.0f %%\n", rate.Bounced, rate.Sessions, 100*rate.Rate())
	// Output:
	// 1 of 3 sessions, 33 %
}

// How many visits have how many views?
func ExampleHistogram() {
	counts, err := stream.Reduce(session.ByGap(views(), 30*time.Minute, PageView.User, PageView.At), session.Histogram[string]())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(counts)
	// Output:
	// map[1:1 2:1 3:1]
}
