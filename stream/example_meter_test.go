package stream_test

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/millrace-go/millrace/stream"
)

func ExampleMeter() {
	m := stream.NewMeters(stream.MetersOptions{})
	log := strings.NewReader("ann /home\nbob /shop\nann /cart\nann /home\n")
	lines := stream.Meter(stream.Lines(log, stream.LinesOptions{}), m.Stage("read"))
	ann := stream.Meter(stream.Filter(lines, func(l string) bool { return strings.HasPrefix(l, "ann ") }), m.Stage("filter"))
	if err := stream.Drain(ann); err != nil {
		fmt.Println(err)
	}
	for _, st := range m.Stats().Stages {
		fmt.Println(st.Name, st.Rows, st.Inputs)
	}
	// Output:
	// read 4 []
	// filter 3 [read]
}

func ExampleMeterFunc() {
	m := stream.NewMeters(stream.MetersOptions{})
	size := func(batch []string) (rows, bytes int) {
		for _, line := range batch {
			bytes += len(line)
		}
		return len(batch), bytes
	}
	batches := stream.MeterFunc(stream.Batch(stream.Of("home", "shop", "cart"), 2), m.Stage("pack"), size)
	if err := stream.Drain(batches); err != nil {
		fmt.Println(err)
	}
	st := m.Stats().Stages[0]
	fmt.Println(st.Rows, "rows,", st.Bytes, "bytes")
	// Output: 3 rows, 12 bytes
}

func ExampleNewMeters() {
	plain := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "took" {
			return slog.Attr{}
		}
		return a
	}}
	m := stream.NewMeters(stream.MetersOptions{Logger: slog.New(slog.NewTextHandler(os.Stdout, plain))})
	read := stream.Meter(stream.Concat(stream.Of(1, 2), stream.Fail[int](stream.ErrCorrupt)), m.Stage("read"))
	sums := stream.Scan(read, 0, func(sum, v int) int { return sum + v })
	err := stream.Drain(stream.Meter(sums, m.Stage("sum")))
	fmt.Println(err)
	// Output:
	// level=INFO msg="stage started" stage=sum
	// level=INFO msg="stage started" stage=read
	// level=ERROR msg="stage failed" stage=read rows=2 error="corrupt input"
	// level=INFO msg="stage ended by an error from above" stage=sum rows=2 error="corrupt input"
	// corrupt input
}

func ExampleStats_String() {
	fmt.Print(stream.Stats{
		Took: 9 * time.Second,
		Stages: []stream.StageStats{
			{Name: "read", Rows: 1_000_000, Busy: 2 * time.Second, WaitOutput: 7 * time.Second},
			{Name: "parse", Rows: 999_990, Errors: 10, Busy: 6 * time.Second, WaitInput: 2 * time.Second, WaitOutput: time.Second},
		},
	})
	// Output:
	// stage     rows  bytes  errors  busy  wait in  wait out  spill
	// read   1000000      0       0    2s       0s        7s     0s
	// parse   999990      0      10    6s       2s        1s     0s
	// bottleneck: parse, 6s of 9s
}

func ExampleStage_AddErrors() {
	m := stream.NewMeters(stream.MetersOptions{})
	parse := m.Stage("parse")
	quarantine := func(line string) error { // a stream.Sink
		parse.AddErrors(1)
		return nil
	}
	_ = quarantine("ann /ho")
	fmt.Println(m.Stats().Stages[0].Errors)
	// Output: 1
}
