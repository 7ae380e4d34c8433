package stream

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Keys that are cut from lines do not keep the lines alive.
func TestKeyedOperators_PinNoText(t *testing.T) {
	const n, line = 2_000, 32 << 10
	lines := Seq[string](func(yield func(string, error) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("%08d", i)+strings.Repeat(" ", line), nil) {
				return
			}
		}
	})
	user := func(line string) string { return line[:8] }
	at := func(string) time.Time { return time.Unix(0, 0) }
	count := Fold[string, int]{Add: func(n *int, _ string) { *n++ }}
	some := AggregateOptions{Resources: Resources{Memory: 2 << 20, TempDir: t.TempDir()}}
	for name, run := range map[string]func(Seq[string]) error{
		"CountBy":            func(s Seq[string]) error { return Drain(CountBy(s, user)) },
		"Aggregate, bounded": func(s Seq[string]) error { return Drain(Aggregate(s, user, count, some)) },
		"Aggregate, 2 owners": func(s Seq[string]) error {
			o := some
			o.Resources.Workers = 2
			return Drain(Aggregate(s, user, count, o))
		},
		"Window": func(s Seq[string]) error {
			return Drain(Window(s, time.Hour, user, at, count, WindowOptions[string]{}))
		},
		"ScanBy": func(s Seq[string]) error {
			return Drain(ScanBy(s, user, func(n *int, _ string, _ func(int)) { *n++ }, ScanByOptions[string]{}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var most uint64
			before := liveHeap()
			require.NoError(t, run(liveAt(lines, n/2, &most)))
			require.Less(t, most-min(before, most), uint64(n*line/4), "of %d bytes that passed", n*line)
		})
	}
}
