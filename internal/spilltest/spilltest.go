// Package spilltest kills processes whose operators have rows on disk, and demands that the next run in the same place gives the
// right rows and leaves no file, its own or of the dead. A test package needs two tests: one that is the process that is
// killed, and one that kills it.
//
//	var runs = spilltest.Runs{"Sort": func(r stream.Resources) stream.Seq[string] { r.Memory = 8 << 10; ... }}
//
//	func TestSpilling_Victim(t *testing.T) { runs.Victim(t) }
//	func TestSpilling_Killed(t *testing.T) { runs.Kill(t, "TestSpilling_Victim") }
package spilltest

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/stream"
)

const (
	seed = 20261121
	// variable tells a process what to run until it is killed: operator, workers, directory, and the operation on
	// files, with its number, at which it dies by its own hand; 0: by another's.
	variable = "MILLRACE_SPILL_VICTIM"
)

// Run is an operator over rows that are always the same, printed as they come out. Its memory is a fraction of what it holds.
type Run func(r stream.Resources) stream.Seq[string]

// Runs are those to be killed, by the name of the operator.
type Runs map[string]Run

// Victim is the process that is killed, and skips the test otherwise.
func (runs Runs) Victim(t *testing.T) {
	order := os.Getenv(variable)
	if order == "" {
		t.Skip("runs below the test that kills it")
	}
	var name, dir string
	var op spill.Op
	var workers, at int
	if _, err := fmt.Sscanf(order, "%s %d %s %d %q", &name, &workers, &op, &at, &dir); err != nil {
		t.Fatalf("order %q: %v", order, err)
	}
	if at > 0 {
		spill.Inject(dir, spill.Faults{Op: op, At: at, Do: func() {
			self, _ := os.FindProcess(os.Getpid())
			self.Kill()
			select {}
		}})
	}
	fmt.Println("begun")
	for { // whenever the kill comes, it finds a run
		if _, err := stream.Count(runs[name](stream.Resources{Workers: workers, TempDir: dir})); err != nil {
			t.Fatalf("the victim's run: %v", err)
		}
	}
}

// Kill kills each run several times: a few, or as many as the variable MILLRACE_HUNT says. victim is the test that calls Victim.
func (runs Runs) Kill(t *testing.T, victim string) {
	if runtime.GOOS == "windows" {
		t.Skip("the kill is not SIGKILL")
	}
	deaths := 3
	if n, err := strconv.Atoi(os.Getenv("MILLRACE_HUNT")); err == nil {
		deaths = n
	} else if testing.Short() {
		deaths = 1
	}
	for name, run := range runs {
		t.Run(name, func(t *testing.T) {
			k := &killer{t: t, name: name, run: run, victim: victim, dir: t.TempDir(), r: rand.New(rand.NewPCG(seed, 0))}
			k.observe()
			left, rounds := 0, 0
			for died := 0; died < deaths; rounds++ {
				for range 1 + k.r.IntN(min(3, deaths-died)) {
					if k.kill(); k.leftRows() {
						left++
					}
					died++
				}
				k.recover(died)
			}
			if deaths > 20 && 2*left < deaths { // of a few, all can be at the edges
				t.Fatalf("%d of %d deaths left rows on disk: most should be in the middle", left, deaths)
			}
			t.Logf("%d deaths, %d of them left rows on disk, %d runs after them", deaths, left, rounds)
		})
	}
}

// killer kills one run, again and again in the same folder.
type killer struct {
	t            *testing.T
	name, victim string
	run          Run
	dir          string
	r            *rand.Rand

	want  []string
	calls map[spill.Op]int // of an undisturbed run
	took  time.Duration
}

// operations are those to die at, the frequent ones twice.
var operations = []spill.Op{spill.OpCreate, spill.OpWrite, spill.OpWrite, spill.OpRead, spill.OpRead, spill.OpRemove}

// observe finds out what an undisturbed run gives, how often it does what, and how long it takes.
func (k *killer) observe() {
	k.calls = map[spill.Op]int{}
	for _, op := range operations {
		var n atomic.Int64
		restore := spill.Inject(k.dir, spill.Faults{Op: op, Do: func() { n.Add(1) }})
		begun := time.Now()
		rows, err := stream.Collect(k.run(stream.Resources{TempDir: k.dir}))
		k.took = time.Since(begun)
		restore()
		if err != nil {
			k.t.Fatalf("undisturbed: %v", err)
		}
		k.want, k.calls[op] = rows, int(n.Load())
		if k.calls[op] == 0 {
			k.t.Fatalf("no %s: the run does not spill", op)
		}
	}
}

// kill runs the operator in another process until that dies. Two deaths in three are at a random operation on a file, the others
// come from outside at a random time.
func (k *killer) kill() {
	k.t.Helper()
	op, workers := operations[k.r.IntN(len(operations))], 1+2*k.r.IntN(2)
	at, wait := 1+k.r.IntN(k.calls[op]), time.Duration(0)
	if k.r.IntN(3) == 0 {
		at, wait = 0, time.Duration(k.r.Int64N(int64(k.took)))
	}
	self, err := os.Executable()
	if err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+k.victim+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s %d %q", variable, k.name, workers, op, at, k.dir))
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		k.t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	begun, err := lines.ReadString('\n')
	if at == 0 && err == nil {
		time.Sleep(wait)
		cmd.Process.Kill()
	}
	rest, _ := lines.ReadString(0)
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != -1 {
		k.t.Fatalf("%s was not killed, but ended with %v:\n%s%s", k.name, err, begun, rest)
	}
}

// leftRows reports whether a dead run left rows on disk.
func (k *killer) leftRows() bool {
	files, err := filepath.Glob(filepath.Join(k.dir, "*", "blocks-*"))
	if err != nil {
		k.t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(name string) bool {
		info, err := os.Stat(name)
		return err == nil && info.Size() > 0
	})
}

// recover demands that a run now gives the right rows and leaves no file, its own or of the dead.
func (k *killer) recover(died int) {
	k.t.Helper()
	got, err := stream.Collect(k.run(stream.Resources{Workers: 1 + 2*k.r.IntN(2), TempDir: k.dir}))
	if err != nil {
		k.t.Fatalf("after %d deaths: %v", died, err)
	}
	if !slices.Equal(got, k.want) {
		k.t.Fatalf("after %d deaths: %d rows %.300q, want %d: %.300q", died, len(got), got, len(k.want), k.want)
	}
	if left, err := os.ReadDir(k.dir); err != nil || len(left) > 0 {
		k.t.Fatalf("after %d deaths: %v is left (%v)", died, left, err)
	}
}
