package stream_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millrace-go/millrace/stream"
)

// fuse counts the calls of the caller's functions and goes off at one of them.
type fuse struct {
	calls chan int // holds one: functions are called by several goroutines
	at    int
	off   func()
}

func newFuse(at int, off func()) *fuse {
	f := &fuse{calls: make(chan int, 1), at: at, off: off}
	f.calls <- 0
	return f
}

func (f *fuse) burn() {
	n := <-f.calls + 1
	f.calls <- n
	if n == f.at {
		f.off()
	}
}

func (f *fuse) count() int {
	n := <-f.calls
	f.calls <- n
	return n
}

// fusedCodec is a codec whose every call burns the fuse.
type fusedCodec struct{ fuse *fuse }

func (c fusedCodec) Append(dst []byte, v *sale) ([]byte, error) {
	c.fuse.burn()
	return append(append(dst, byte(len(v.By)), byte(v.At>>8), byte(v.At)), v.By...), nil
}

func (c fusedCodec) Decode(src []byte, v *sale) ([]byte, error) {
	c.fuse.burn()
	if len(src) < 3 || len(src) < 3+int(src[0]) {
		return src, errors.New("cut")
	}
	n := 3 + int(src[0])
	*v = sale{By: string(src[3:n]), At: int(src[1])<<8 | int(src[2])}
	return src[n:], nil
}

func (c fusedCodec) Held(v *sale) int64 { return int64(len(v.By)) }

// Whenever one of the caller's functions panics or exits its goroutine, in a spilling run, on whatever goroutine: the
// loop ends so, no file and no goroutine is left, and the budget is given back.
func TestSpillingOperators_panicsAtAnyMoment(t *testing.T) {
	rows := manySales(300)
	type run struct {
		fuse *fuse
		res  stream.Resources
	}
	key := func(r run) func(sale) string { return func(v sale) string { r.fuse.burn(); return v.By } }
	for name, op := range map[string]func(r run) stream.Seq[string]{
		"Aggregate": func(r run) stream.Seq[string] {
			f := stream.Fold[sale, []int]{
				Add:  func(n *[]int, v sale) { r.fuse.burn(); *n = append(*n, v.At) },
				Size: func(n *[]int) int { r.fuse.burn(); return 8 * cap(*n) },
			}
			return shown(stream.Aggregate(stream.Of(rows...), key(r), f, stream.AggregateOptions{Resources: r.res, Codec: fusedCodec{r.fuse}}))
		},
		"Sort": func(r run) stream.Seq[string] {
			return shown(stream.Sort(stream.Of(rows...), key(r), stream.SortOptions{Resources: r.res, Codec: fusedCodec{r.fuse}}))
		},
		"SortFunc": func(r run) stream.Seq[string] {
			compare := func(a, b sale) int { r.fuse.burn(); return strings.Compare(a.By, b.By) }
			return shown(stream.SortFunc(stream.Of(rows...), compare, stream.SortOptions{Resources: r.res, Codec: fusedCodec{r.fuse}}))
		},
		"Join": func(r run) stream.Seq[string] {
			return shown(stream.Join(stream.Of(rows...), stream.Of(rows...), key(r), key(r),
				stream.JoinOptions{Kind: stream.Full, Resources: r.res, LeftCodec: fusedCodec{r.fuse}, RightCodec: fusedCodec{r.fuse}}))
		},
	} {
		for _, workers := range []int{1, 3} {
			if name == "Join" && workers > 1 {
				continue // has no workers
			}
			t.Run(fmt.Sprintf("%s/workers=%d", name, workers), func(t *testing.T) {
				defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
				dir := t.TempDir()
				// play runs once and returns how often the functions were called, and how it ended.
				play := func(at int, off func()) (calls int, end string) {
					budget, err := stream.NewBudget(6 << 10)
					require.NoError(t, err)
					r := run{newFuse(at, off), stream.Resources{Budget: budget, Workers: workers, TempDir: dir}}
					done := make(chan struct{})
					go func() {
						defer close(done)
						end = "exit"
						defer func() {
							if v := recover(); v != nil {
								end = "panic " + fmt.Sprint(v)[:20]
							}
						}()
						for _, err := range op(r) {
							if err != nil {
								end = err.Error()
								return
							}
						}
						end = "done"
					}()
					<-done
					left, err := os.ReadDir(dir)
					require.NoError(t, err)
					require.Empty(t, left, "call %d: files are left", at)
					require.Zero(t, budget.Used(), "call %d: booked bytes are left", at)
					return r.fuse.count(), end
				}
				calls, end := play(-1, nil)
				require.Equal(t, "done", end)
				step := max(calls/25, 1)
				for at := 1; at <= calls*3/4; at += step { // the last calls may not come again with workers
					_, end := play(at, func() { panic("of the caller, as it happens") })
					require.Contains(t, end, "panic", "call %d of %d", at, calls)
					_, end = play(at, runtime.Goexit)
					require.Equal(t, "exit", end, "call %d of %d", at, calls)
				}
			})
		}
	}
}
