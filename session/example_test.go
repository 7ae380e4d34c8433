package session_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// PageView is an event of a web shop.
type PageView struct {
	Visitor string
	Page    string
	Time    time.Time
}

// User is the key of its sessions.
func (v PageView) User() string { return v.Visitor }

// At is its event time.
func (v PageView) At() time.Time { return v.Time }

func view(visitor, page, clock string) PageView {
	at, err := time.Parse("15:04:05", clock)
	if err != nil {
		panic(err)
	}
	return PageView{visitor, page, at.AddDate(2024, 0, 0)}
}

// Views arrive late and out of order: the one of 09:25 bridges what would be two visits.
func views() stream.Seq[PageView] {
	return stream.Of(
		view("ann", "/", "09:00:00"),
		view("ann", "/cart", "09:50:00"),
		view("bob", "/", "09:10:00"),
		view("ann", "/shoes", "09:25:00"),
		view("bob", "/help", "09:40:00"), // 30 minutes after his first, to the second
		view("ann", "/", "11:00:00"),
	)
}

func ExampleByGap() {
	for s, err := range session.ByGap(views(), 30*time.Minute, PageView.User, PageView.At) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Key, s.Start.Format("15:04"), s.End.Format("15:04"), s.Events, "views in", s.Length())
	}
	// Output:
	// bob 09:10 09:40 2 views in 30m0s
	// ann 09:00 09:50 3 views in 50m0s
	// ann 11:00 11:00 1 views in 0s
}

// A wrong option is an error of the stream, before any view is read.
func ExampleByGap_wrongGap() {
	for _, err := range session.ByGap(views(), -30*time.Minute, PageView.User, PageView.At) {
		fmt.Println(err)
	}
	// Output:
	// session: ByGap: gap must be positive, got -30m0s
}

// Exactly the gap splits here, and views without a visitor are kept apart.
func ExampleIntervals() {
	var stats session.Stats
	var anonymous []session.Reject[PageView]
	s := session.Intervals(
		stream.Concat(stream.Of(view("", "/robots.txt", "09:00:00")), views()),
		30*time.Minute, PageView.User, PageView.At,
		session.Options[PageView]{
			AtLeast: true,
			NullKey: func(v PageView) bool { return v.Visitor == "" },
			Rejects: stream.Into(&anonymous),
			Stats:   &stats,
		})
	for s, err := range s {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Key, s.Start.Format("15:04"), s.End.Format("15:04"), s.Reason)
	}
	fmt.Printf("%d views: %d in %d sessions, %d rejected: %s of %s\n", stats.In, stats.Events, stats.Sessions,
		stats.Rejected(), anonymous[0].Reason, anonymous[0].Event.Page)
	// Output:
	// bob 09:10 09:10 gap
	// bob 09:40 09:40 gap
	// ann 09:00 09:50 gap
	// ann 11:00 11:00 end of input
	// 7 views: 6 in 4 sessions, 1 rejected: null key of /robots.txt
}

// Input in order of time needs memory for open sessions only; a view that goes back ends the stream.
func ExampleIntervals_ordered() {
	o := session.Options[PageView]{Ordered: true}
	for s, err := range session.Intervals(views(), 30*time.Minute, PageView.User, PageView.At, o) {
		var order *session.OrderError
		if errors.As(err, &order) {
			fmt.Println("view", order.Position, "is", order.PrevTime.Sub(order.Time), "before view", order.PrevPosition)
			return
		}
		fmt.Println(s.Key) // her first visit was over when the view of 09:50 came
	}
	// Output:
	// ann
	// view 2 is 40m0s before view 1
}

// The fold gets the views of a session in order of time, whatever the order they came in.
func ExampleRun() {
	landing := stream.Fold[PageView, []string]{
		Add: func(path *[]string, v PageView) { *path = append(*path, v.Page) },
	}
	for s, err := range session.Run(views(), 30*time.Minute, PageView.User, PageView.At, landing, session.Options[PageView]{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Key, s.Events, "views from", s.Value[0], "to", s.Value[len(s.Value)-1])
	}
	// Output:
	// bob 2 views from / to /help
	// ann 3 views from / to /cart
	// ann 1 views from / to /
}

// An ID stays the same on every run, so it can be the key of a table.
func ExampleID() {
	for s, err := range session.ByGap(views(), 30*time.Minute, PageView.User, PageView.At) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.ID, s.Key)
	}
	// Output:
	// fc2c2a80a14697bbed1c8e053141c624 bob
	// 68591b90f842094d95324d5a5a0d3cfd ann
	// 74a0bc1271d70df5f2d496100a06cce6 ann
}
