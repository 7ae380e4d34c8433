package streamtest

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// goroutineID reads the number of the calling goroutine from its stack: "goroutine 17 [running]:".
func goroutineID() int64 {
	var buf [40]byte
	head := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	id, _ := strconv.ParseInt(string(head[:max(bytes.IndexByte(head, ' '), 0)]), 10, 64)
	return id
}

// goroutine is one paragraph of a dump of all stacks.
type goroutine struct {
	id     int64
	parent int64  // the goroutine that started it; 0: unknown
	state  string // "chan receive", "running", "select (no cases), 2 minutes"
	stack  string
}

// allGoroutines dumps every stack.
func allGoroutines() []goroutine {
	buf := make([]byte, 1<<16)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	var all []goroutine
	for part := range strings.SplitSeq(string(buf), "\n\n") {
		if g, ok := parseGoroutine(part); ok {
			all = append(all, g)
		}
	}
	return all
}

// parseGoroutine reads one paragraph:
//
//	goroutine 21 [chan receive]:
//	main.worker(...)
//		/src/worker.go:12 +0x1d
//	created by main.start in goroutine 7
//		/src/worker.go:8 +0x65
func parseGoroutine(text string) (goroutine, bool) {
	rest, ok := strings.CutPrefix(text, "goroutine ")
	if !ok {
		return goroutine{}, false
	}
	number, rest, _ := strings.Cut(rest, " ")
	g := goroutine{stack: strings.TrimSpace(text)}
	var err error
	if g.id, err = strconv.ParseInt(number, 10, 64); err != nil {
		return goroutine{}, false
	}
	if open := strings.IndexByte(rest, '['); open >= 0 {
		g.state, _, _ = strings.Cut(rest[open+1:], "]")
	}
	if i := strings.LastIndex(text, "\ncreated by "); i >= 0 {
		line, _, _ := strings.Cut(text[i+1:], "\n")
		if _, parent, found := strings.Cut(line, " in goroutine "); found {
			g.parent, _ = strconv.ParseInt(parent, 10, 64)
		}
	}
	return g, true
}

// waiting reports whether the goroutine waits for somebody: nobody has told it to go. A goroutine that has been
// told but not yet been scheduled is runnable.
func (g goroutine) waiting() bool {
	for _, state := range []string{"chan receive", "chan send", "select", "sleep", "IO wait", "sync.WaitGroup.Wait", "sync.Cond.Wait", "coroutine"} {
		if strings.HasPrefix(g.state, state) {
			return true
		}
	}
	return false
}

func stackOf(id int64) string {
	for _, g := range allGoroutines() {
		if g.id == id {
			return g.stack
		}
	}
	return "its goroutine is gone"
}

// watch finds goroutines that a run left behind.
//
// The cheap test is a count. Only where it changes is every stack dumped and searched for goroutines that descend
// from those on which the kit ran the operator: other tests of the process may start and end theirs meanwhile.
// Descent is known in two ways. A stack names the goroutine that started it, which fails where a generation between
// has died; and a profiler label is inherited, which fails where the operator sets labels of its own.
type watch struct {
	label string         // on the consumers, and so on what they start
	base  int            // goroutines that are not the operator's, at the last search; -1 before the first
	ours  map[int64]bool // consumers, and the descendants seen so far
	told  map[int64]bool // leaks already reported, by number
	heirs int            // leaks already reported that only their label gave away
	spent time.Duration  // on searches that found something
}

var watches atomic.Int64

func newWatch() *watch {
	return &watch{
		label: strconv.FormatInt(watches.Add(1), 10),
		base:  -1,
		ours:  make(map[int64]bool),
		told:  make(map[int64]bool),
	}
}

const labelKey = "streamtest"

// mark labels the calling goroutine as a consumer.
func (w *watch) mark() {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(labelKey, w.label)))
}

var (
	// grace is how long a goroutine may take to die that has been told to; it matters on a loaded machine only.
	grace = time.Second
	// enough is how long a check looks for leaks once it has found some. An operator that leaks one goroutine in
	// every run is understood by then, and each search takes longer than the one before.
	enough = grace
)

// leaked returns the stacks of goroutines started below the given consumer that still exist.
func (w *watch) leaked(consumer int64) []string {
	w.ours[consumer] = true
	for range 20 {
		n := runtime.NumGoroutine()
		if n == w.base+len(w.told)+w.heirs {
			return nil
		}
		if n < w.base+len(w.told)+w.heirs {
			break // others have ended, behind which one of ours could hide
		}
		runtime.Gosched()
	}
	left := w.search()
	w.base = runtime.NumGoroutine() - len(w.told) - w.heirs
	return left
}

// search looks until no descendant is left, or one is surely left: it waits for somebody, or its grace is over.
func (w *watch) search() []string {
	if w.spent >= enough {
		return nil
	}
	for began, pause := time.Now(), 50*time.Microsecond; ; pause = min(2*pause, 20*time.Millisecond) {
		left := w.descendants()
		var heirs []string // of labels; the dearer search, for what the other did not see
		if len(left) == 0 {
			if heirs = w.labelled(); len(heirs) <= len(w.told)+w.heirs {
				return nil
			}
		}
		sure := time.Since(began) > grace
		for _, g := range left {
			sure = sure || g.waiting()
		}
		if sure {
			w.spent += time.Since(began)
			return w.tell(left, heirs)
		}
		time.Sleep(pause)
	}
}

// tell books leaks as reported.
func (w *watch) tell(left []goroutine, heirs []string) []string {
	if len(left) == 0 {
		fresh := len(heirs) - len(w.told) - w.heirs
		w.heirs += fresh
		return heirs[:fresh]
	}
	stacks := make([]string, len(left))
	for i, g := range left {
		w.told[g.id] = true
		stacks[i] = g.stack
	}
	return stacks
}

// descendants are the unreported goroutines that were started below a consumer.
func (w *watch) descendants() []goroutine {
	all := allGoroutines()
	for grew := true; grew; {
		grew = false
		for _, g := range all {
			if !w.ours[g.id] && w.ours[g.parent] {
				w.ours[g.id] = true
				grew = true
			}
		}
	}
	var left []goroutine
	for _, g := range all {
		if w.ours[g.id] && w.ours[g.parent] && !w.told[g.id] && !strings.Contains(g.stack, "os/signal.loop") {
			left = append(left, g)
		}
	}
	return left
}

// labelled returns a stack for each goroutine with the label, reported or not. The profile groups goroutines with
// equal stacks:
//
//	2 @ 0x4399f4 0x450e7e 0x6d1
//	# labels: {"streamtest":"7"}
//	#	0x6d0fe9	main.worker+0x29	/src/worker.go:12
func (w *watch) labelled() []string {
	var b bytes.Buffer
	if pprof.Lookup("goroutine").WriteTo(&b, 1) != nil {
		return nil // a buffer does not fail
	}
	mark := fmt.Sprintf("%q:%q", labelKey, w.label)
	var stacks []string
	for group := range strings.SplitSeq(b.String(), "\n\n") {
		if !strings.Contains(group, mark) || strings.Contains(group, "os/signal.loop") {
			continue
		}
		number, _, _ := strings.Cut(group, " @ ")
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil {
			n = 1 // the header stands before the first group
		}
		for range n {
			stacks = append(stacks, group)
		}
	}
	return stacks
}
