package stream_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/stream"
)

const (
	spillKillSeed = 20261121
	// spillVictim tells a process what to run until it is killed: operator, workers, directory, and the operation on
	// files, with its number, at which it dies by its own hand; 0: by another's.
	spillVictim = "MILLRACE_SPILL_VICTIM"
)

// spillRuns are the runs that are killed. Their memory is a fraction of what they hold.
var spillRuns = map[string]func(r stream.Resources) stream.Seq[string]{
	"Aggregate": func(r stream.Resources) stream.Seq[string] {
		r.Memory = 16 << 10
		last := stream.Fold[sale, []int]{Add: func(n *[]int, v sale) { *n = append(*n, v.At) }, Size: func(n *[]int) int { return 8 * cap(*n) }}
		return shown(stream.Aggregate(killedSales, seller, last, stream.AggregateOptions{Resources: r}))
	},
	"Sort": func(r stream.Resources) stream.Seq[string] {
		r.Memory = 8 << 10
		return shown(stream.Sort(killedSales, seller, stream.SortOptions{Resources: r}))
	},
	"Join": func(r stream.Resources) stream.Seq[string] {
		r.Memory = 16 << 10
		shifted := stream.Map(killedSales, func(v sale) sale { return sale{By: fmt.Sprint("user-", v.At), At: v.At} })
		return shown(stream.Join(killedSales, shifted, seller, seller, stream.JoinOptions{Kind: stream.Full, Resources: r}))
	},
}

var killedSales = stream.Of(manySales(3000)...)

// TestSpillingOperators_Victim is the process that is killed, and does nothing otherwise.
func TestSpillingOperators_Victim(t *testing.T) {
	order := os.Getenv(spillVictim)
	if order == "" {
		t.Skip("runs below TestSpillingOperators_Killed")
	}
	var name, dir string
	var op spill.Op
	var workers, at int
	_, err := fmt.Sscanf(order, "%s %d %s %d %q", &name, &workers, &op, &at, &dir)
	require.NoError(t, err)
	if at > 0 {
		spill.Inject(dir, spill.Faults{Op: op, At: at, Do: func() {
			self, _ := os.FindProcess(os.Getpid())
			self.Kill()
			select {}
		}})
	}
	fmt.Println("begun")
	for { // whenever the kill comes, it finds a run
		_, err := stream.Count(spillRuns[name](stream.Resources{Workers: workers, TempDir: dir}))
		require.NoError(t, err)
	}
}

// killSpilling runs an operator in another process until that dies: at the at-th operation, or after the wait.
func killSpilling(t *testing.T, name string, workers int, dir string, op spill.Op, at int, wait time.Duration) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, "-test.run=^TestSpillingOperators_Victim$", "-test.count=1")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s %d %q", spillVictim, name, workers, op, at, dir))
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReader(stdout)
	begun, err := lines.ReadString('\n')
	if at == 0 && err == nil {
		time.Sleep(wait)
		cmd.Process.Kill()
	}
	rest, _ := lines.ReadString(0)
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Fatalf("%s was not killed, but ended with %v:\n%s%s", name, err, begun, rest)
	}
}

// leftover reports whether a dead run left rows on disk.
func leftover(t *testing.T, dir string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "blocks-*"))
	require.NoError(t, err)
	for _, name := range files {
		if info, err := os.Stat(name); err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}

// Killed at any moment of a spilling run, once or several times, the next run in the same place gives the right rows and
// leaves no file, its own or of the dead. Two deaths in three are at a random operation on a file, the others come
// from outside at a random time.
func TestSpillingOperators_Killed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the kill is not SIGKILL")
	}
	deaths := 3
	if n, err := strconv.Atoi(os.Getenv("MILLRACE_HUNT")); err == nil {
		deaths = n
	} else if testing.Short() {
		deaths = 1
	}
	for name, run := range spillRuns {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			want, err := stream.Collect(run(stream.Resources{TempDir: dir}))
			require.NoError(t, err)
			// How often an undisturbed run does what, and how long it takes.
			calls := map[spill.Op]int{}
			var took time.Duration
			operations := []spill.Op{spill.OpCreate, spill.OpWrite, spill.OpWrite, spill.OpRead, spill.OpRead, spill.OpRemove}
			for _, op := range operations {
				var n atomic.Int64
				restore := spill.Inject(dir, spill.Faults{Op: op, Do: func() { n.Add(1) }})
				begun := time.Now()
				_, err := stream.Count(run(stream.Resources{TempDir: dir}))
				took = time.Since(begun)
				restore()
				require.NoError(t, err)
				calls[op] = int(n.Load())
				require.Positive(t, calls[op], "%s: the run does not spill", op)
			}
			r := rand.New(rand.NewPCG(spillKillSeed, 0))
			left, runs := 0, 0
			for died := 0; died < deaths; runs++ {
				for range 1 + r.IntN(min(3, deaths-died)) {
					op, workers := operations[r.IntN(len(operations))], 1+2*r.IntN(2)
					at, wait := 1+r.IntN(calls[op]), time.Duration(0)
					if r.IntN(3) == 0 {
						at, wait = 0, time.Duration(r.Int64N(int64(took)))
					}
					killSpilling(t, name, workers, dir, op, at, wait)
					died++
					if leftover(t, dir) {
						left++
					}
				}
				got, err := stream.Collect(run(stream.Resources{Workers: 1 + 2*r.IntN(2), TempDir: dir}))
				require.NoError(t, err, "after %d deaths", died)
				require.Equal(t, want, got, "after %d deaths", died)
				require.Empty(t, namesOf(t, dir), "after %d deaths", died)
			}
			if deaths > 20 { // of a few, all can be at the edges
				require.GreaterOrEqual(t, 2*left, deaths, "most deaths are in the middle")
			}
			t.Logf("%d deaths, %d of them left rows on disk, %d runs after them", deaths, left, runs)
		})
	}
}
