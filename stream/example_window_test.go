package stream_test

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

type Measurement struct {
	Sensor  string
	At      time.Time
	Celsius float64
}

func (m Measurement) sensor() string { return m.Sensor }
func (m Measurement) at() time.Time  { return m.At }
func (m Measurement) value() float64 { return m.Celsius }

func clock(hour, minute int) time.Time { return time.Date(2026, 3, 1, hour, minute, 0, 0, time.UTC) }

var measurements = []Measurement{
	{"attic", clock(9, 5), 20},
	{"attic", clock(9, 50), 22},
	{"cellar", clock(9, 40), 11}, // ten minutes late
	{"attic", clock(10, 15), 25},
	{"cellar", clock(10, 20), 12},
}

func ExampleWindow() {
	mean := fold.Mean(Measurement.value)
	hourly := stream.Window(stream.Of(measurements...), time.Hour, Measurement.sensor, Measurement.at, mean,
		stream.WindowOptions[Measurement]{Disorder: 15 * time.Minute})
	for w, err := range hourly {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s to %s %-6s %.1f\n", w.Start.Format("15:04"), w.End.Format("15:04"), w.Key, w.Value.Value())
	}
	// Output:
	// 09:00 to 10:00 attic  21.0
	// 09:00 to 10:00 cellar 11.0
	// 10:00 to 11:00 attic  25.0
	// 10:00 to 11:00 cellar 12.0
}

// Without a bound on disorder the second sensor comes too late: with no place for it, that is an error.
func ExampleWindow_late() {
	count := fold.Count[Measurement]()
	o := stream.WindowOptions[Measurement]{}
	quarter := stream.Window(stream.Of(measurements...), 5*time.Minute, Measurement.sensor, Measurement.at, count, o)
	fmt.Println(errors.Is(stream.Drain(quarter), stream.ErrConflict))

	var stats stream.WindowStats
	o.Stats = &stats
	o.Late = func(l stream.Late[Measurement]) error {
		fmt.Println("late:", l.Event.Sensor, l.Event.At.Format("15:04"), "came at", l.Watermark.Format("15:04"))
		return nil
	}
	quarter = stream.Window(stream.Of(measurements...), 5*time.Minute, Measurement.sensor, Measurement.at, count, o)
	fmt.Println(stream.Drain(quarter), stats.In, stats.Counted, stats.Late)
	// Output:
	// true
	// late: cellar 09:40 came at 09:50
	// <nil> 5 4 1
}

func ExampleNewWindows() {
	o := stream.WindowOptions[Measurement]{Every: 30 * time.Minute, Disorder: 15 * time.Minute}
	windows, err := stream.NewWindows(time.Hour, Measurement.sensor, Measurement.at, fold.Max(Measurement.value), o)
	if err != nil {
		fmt.Println(err)
		return
	}
	print := func(w stream.Windowed[string, stream.Opt[float64]]) error {
		fmt.Println(w.Start.Format("15:04"), w.Key, w.Value)
		return nil
	}
	for _, m := range measurements {
		if err := windows.Push(m, print); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Somebody knows that nothing before 10:30 is missing any more.
	if err := windows.Advance(clock(10, 30), print); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("open since 10:00, counted:", windows.Stats().Counted)
	// Output:
	// 08:30 attic 20
	// 09:00 attic 22
	// 09:00 cellar 11
	// 09:30 attic 25
	// 09:30 cellar 12
	// open since 10:00, counted: 5
}

// A process ends in the middle of an hour; the next goes on from its snapshot.
func ExampleWindows_Snapshot() {
	o := stream.WindowOptions[Measurement]{Disorder: 15 * time.Minute}
	first, err := stream.NewWindows(time.Hour, Measurement.sensor, Measurement.at, fold.Count[Measurement](), o)
	if err != nil {
		fmt.Println(err)
		return
	}
	var closed []stream.Windowed[string, int]
	for _, m := range measurements[:3] {
		if err := first.Push(m, stream.Into(&closed)); err != nil {
			fmt.Println(err)
			return
		}
	}
	var file bytes.Buffer
	if err := first.Snapshot(&file); err != nil {
		fmt.Println(err)
		return
	}

	second, err := stream.NewWindows(time.Hour, Measurement.sensor, Measurement.at, fold.Count[Measurement](), o)
	if err == nil {
		err = second.Restore(&file)
	}
	for _, m := range measurements[3:] {
		if err == nil {
			err = second.Push(m, stream.Into(&closed))
		}
	}
	if err == nil {
		err = second.Flush(stream.Into(&closed))
	}
	fmt.Println(err, second.Stats().In)
	for _, w := range closed {
		fmt.Println(w.Start.Format("15:04"), w.Key, w.Value)
	}
	// Output:
	// <nil> 5
	// 09:00 attic 2
	// 09:00 cellar 1
	// 10:00 attic 1
	// 10:00 cellar 1
}
