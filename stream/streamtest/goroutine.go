package streamtest

import (
	"bytes"
	"runtime"
	"strconv"
	"strings"
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
// The cheap test is a count. Only where it rises is every stack dumped and searched for descendants of the
// goroutines on which the kit ran the operator: other tests of the process may start and end theirs meanwhile.
type watch struct {
	base int            // goroutines when the check began
	ours map[int64]bool // consumers, and the descendants seen so far
	told map[int64]bool // leaks already reported
}

func newWatch() *watch {
	return &watch{base: runtime.NumGoroutine(), ours: make(map[int64]bool), told: make(map[int64]bool)}
}

// grace is how long a goroutine may take to die that has been told to; it matters on a loaded machine only.
const grace = 2 * time.Second

// leaked returns goroutines started below the given consumer that still exist.
func (w *watch) leaked(consumer int64) []goroutine {
	w.ours[consumer] = true
	for range 20 {
		if runtime.NumGoroutine() <= w.base+len(w.told) {
			return nil
		}
		runtime.Gosched()
	}
	return w.search()
}

// search dumps all stacks until no descendant is left or one is surely left.
func (w *watch) search() []goroutine {
	for began, pause := time.Now(), 50*time.Microsecond; ; pause = min(2*pause, 20*time.Millisecond) {
		left := w.descendants()
		sure := time.Since(began) > grace
		for _, g := range left {
			sure = sure || g.waiting()
		}
		if len(left) == 0 {
			return nil
		}
		if sure {
			for _, g := range left {
				w.told[g.id] = true
			}
			return left
		}
		time.Sleep(pause)
	}
}

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
