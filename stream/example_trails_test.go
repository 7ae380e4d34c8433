package stream_test

import (
	"bytes"
	"fmt"
	"time"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

// A process ends between two failures; the next goes on from its snapshot.
func ExampleNewTrails() {
	failed := fold.Where(func(l Login) bool { return !l.OK }, fold.Count[Login]())
	open := func() (*stream.Trails[Login, string, int], error) {
		return stream.NewTrails(10*time.Minute, Login.user, Login.at, failed, stream.TrailingOptions[Login]{})
	}
	show := func(p stream.Pair[Login, int]) error {
		_, err := fmt.Println(p.First.At.Format("15:04"), p.First.User, "failures in the last ten minutes:", p.Second)
		return err
	}
	first, err := open()
	for _, l := range logins[:2] {
		if err == nil {
			err = first.Push(l, show)
		}
	}
	var file bytes.Buffer
	if err == nil {
		err = first.Snapshot(&file)
	}
	if err != nil {
		fmt.Println(err)
		return
	}

	second, err := open()
	if err == nil {
		err = second.Restore(&file)
	}
	for _, l := range logins[2:5] {
		if err == nil {
			err = second.Push(l, show)
		}
	}
	fmt.Println(err, second.Stats().In)
	// Output:
	// 09:00 ann failures in the last ten minutes: 1
	// 09:01 ann failures in the last ten minutes: 2
	// 09:02 bob failures in the last ten minutes: 1
	// 09:03 ann failures in the last ten minutes: 3
	// 09:04 ann failures in the last ten minutes: 3
	// <nil> 5
}

// The third failure in a row, whenever the process was started anew.
func ExampleNewScans() {
	third := func(failures *int, l Login, emit func(string)) {
		if *failures++; l.OK {
			*failures = 0
		}
		if *failures == 3 {
			emit(l.User + " " + l.At.Format("15:04"))
		}
	}
	scans, err := stream.NewScans(Login.user, third, stream.ScanByOptions[Login]{At: Login.at, TTL: 30 * time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	for _, l := range logins {
		err := scans.Push(l, func(alert string) error {
			_, err := fmt.Println(alert)
			return err
		})
		if err == nil {
			file.Reset()
			err = scans.Snapshot(&file)
		}
		if err == nil {
			err = scans.Restore(&file) // as another process would
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	watermark, _ := scans.Watermark()
	fmt.Println(scans.Stats().In, "logins until", watermark.Format("15:04"))
	// Output:
	// ann 09:03
	// 6 logins until 09:40
}
