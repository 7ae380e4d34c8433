package stream_test

import (
	"fmt"
	"time"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

type Login struct {
	User string
	At   time.Time
	OK   bool
}

func (l Login) user() string  { return l.User }
func (l Login) at() time.Time { return l.At }

var logins = []Login{
	{"ann", clock(9, 0), false},
	{"ann", clock(9, 1), false},
	{"bob", clock(9, 2), false},
	{"ann", clock(9, 3), false},
	{"ann", clock(9, 4), true},
	{"bob", clock(9, 40), false}, // the failure of 9:02 is forgotten
}

// Three failures in a row, no two of them half an hour apart, and then a success.
func ExampleScanBy() {
	type Alert struct {
		User     string
		At       time.Time
		Failures int
	}
	guessed := func(failures *int, l Login, emit func(Alert)) {
		if !l.OK {
			*failures++
			return
		}
		if *failures >= 3 {
			emit(Alert{l.User, l.At, *failures})
		}
		*failures = 0
	}
	o := stream.ScanByOptions[Login]{At: Login.at, TTL: 30 * time.Minute}
	for a, err := range stream.ScanBy(stream.Of(logins...), Login.user, guessed, o) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(a.User, a.At.Format("15:04"), a.Failures)
	}
	// Output: ann 09:04 3
}

func ExampleTrailing() {
	failed := fold.Where(func(l Login) bool { return !l.OK }, fold.Count[Login]())
	for p, err := range stream.Trailing(stream.Of(logins...), 10*time.Minute, Login.user, Login.at, failed, stream.TrailingOptions[Login]{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p.First.At.Format("15:04"), p.First.User, "failures in the last ten minutes:", p.Second)
	}
	// Output:
	// 09:00 ann failures in the last ten minutes: 1
	// 09:01 ann failures in the last ten minutes: 2
	// 09:02 bob failures in the last ten minutes: 1
	// 09:03 ann failures in the last ten minutes: 3
	// 09:04 ann failures in the last ten minutes: 3
	// 09:40 bob failures in the last ten minutes: 1
}
