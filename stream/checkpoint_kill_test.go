package stream_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/atomicfile"
	"github.com/millrace-go/millrace/sketch"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
)

// The job that is killed: it numbers users as it first sees them, counts events per minute and kind, rejects the broken
// and the late ones, and at the end writes what its states know. It has two outputs, four states, and a commit every
// few events.

const (
	killEvents = 2000
	killEvery  = 40
	killSeed   = 20260401
)

type killEvent struct {
	User  int
	Kind  string
	Cents int64
	At    time.Time
}

func (e killEvent) kind() string  { return e.Kind }
func (e killEvent) at() time.Time { return e.At }

func killSource(seed uint64) func(int64) stream.Seq[killEvent] {
	kinds := []string{"view", "click", "buy", ""}
	return func(position int64) stream.Seq[killEvent] {
		return func(yield func(killEvent, error) bool) {
			for i := position; i < killEvents; i++ {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				at := time.Unix(1_700_000_000+2*i-r.Int64N(25), 0).UTC() // one in ten is later than allowed
				if !yield(killEvent{r.IntN(1 << r.IntN(11)), kinds[r.IntN(len(kinds))], r.Int64N(10000), at}, nil) {
					return
				}
			}
		}
	}
}

// killJob runs the job in the working directory to its end. point is called wherever the process may die: around every event and every
// operation on a file.
func killJob(seed uint64, point func()) error {
	type tally struct {
		Events, Cents int64
		Last          string
	}
	numbers, tallies := map[int]int{}, map[string]tally{}
	numbersState, err1 := stream.StateOf(&numbers)
	talliesState, err2 := stream.StateOf(&tallies)
	users, err3 := sketch.NewHLL[int](sketch.HLLOptions{})
	var out, rejects *stream.CheckpointFile
	windows, err4 := stream.NewWindows(time.Minute, killEvent.kind, killEvent.at, fold.Count[killEvent](), stream.WindowOptions[killEvent]{
		Disorder: 20 * time.Second,
		Late: func(l stream.Late[killEvent]) error {
			point()
			_, err := fmt.Fprintf(rejects, "late\t%v\n", l.Event)
			return err
		},
	})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	counted := func(w stream.Windowed[string, int]) error {
		point()
		_, err := fmt.Fprintf(out, "%s\t%s\t%d\n", w.Start.Format(time.TimeOnly), w.Key, w.Value)
		return err
	}
	cp, err := stream.OpenCheckpoint("job", stream.CheckpointOptions{
		Config: seed, States: map[string]stream.State{"numbers": numbersState, "tallies": talliesState, "users": users, "windows": windows},
	})
	if err != nil {
		return err
	}
	defer cp.Close()
	cp.SetFaults(func(atomicfile.Op, string) error { point(); return nil })
	if out, err = cp.File("first"); err != nil {
		return err
	}
	if rejects, err = cp.File("rejects"); err != nil {
		return err
	}
	position := cp.Position()
	err = stream.Resume(killSource(seed), cp, func(e killEvent) error {
		point()
		position++
		if e.Kind == "" {
			_, err := fmt.Fprintf(rejects, "%d\t%v\n", position-1, e)
			return err
		}
		t := tallies[e.Kind]
		tallies[e.Kind] = tally{t.Events + 1, t.Cents + e.Cents, fmt.Sprint(position)}
		users.Add(e.User)
		point()
		if err := windows.Push(e, counted); err != nil {
			return err
		}
		if _, ok := numbers[e.User]; ok {
			return nil
		}
		numbers[e.User] = len(numbers)
		_, err := fmt.Fprintf(out, "%d\t%d\t%v\n", numbers[e.User], position-1, e)
		return err
	}, stream.ResumeOptions{Every: killEvery, Finish: func() error {
		if err := windows.Flush(counted); err != nil {
			return err
		}
		for _, kind := range slices.Sorted(maps.Keys(tallies)) {
			point()
			if _, err := fmt.Fprintf(out, "%s %+v\n", kind, tallies[kind]); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(out, "%d users, about %d\n", len(numbers), users.Estimate())
		return err
	}})
	return errors.Join(err, cp.Close())
}

// TestCheckpoint_Victim is the process that is killed, and does nothing otherwise.
func TestCheckpoint_Victim(t *testing.T) {
	seed, err := strconv.ParseUint(os.Getenv("MILLRACE_CHECKPOINT_SEED"), 10, 64)
	if err != nil {
		t.Skip("runs below TestCheckpoint_Killed")
	}
	at, _ := strconv.Atoi(os.Getenv("MILLRACE_CHECKPOINT_KILL_AT"))
	fmt.Println("begun")
	n := 0
	require.NoError(t, killJob(seed, func() {
		if n++; n == at {
			p, _ := os.FindProcess(os.Getpid())
			p.Kill()
			select {}
		}
	}))
	fmt.Println(n)
}

// victim runs the job once in dir and reports whether it died, and how many points it passed if it did not. It dies
// at point at; or, where that is 0, it is killed after the wait.
func victim(t *testing.T, dir string, seed uint64, at int, wait time.Duration) (died bool, points int) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, "-test.run=^TestCheckpoint_Victim$", "-test.count=1")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), fmt.Sprintf("MILLRACE_CHECKPOINT_SEED=%d", seed), fmt.Sprintf("MILLRACE_CHECKPOINT_KILL_AT=%d", at))
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReader(stdout)
	_, err = lines.ReadString('\n') // "begun"
	if at == 0 && err == nil {
		time.Sleep(wait)
		cmd.Process.Kill()
	}
	rest, _ := io.ReadAll(lines)
	var exit *exec.ExitError
	switch err := cmd.Wait(); {
	case err == nil:
		_, err := fmt.Sscan(string(rest), &points)
		require.NoError(t, err, "%s", rest)
		return false, points
	case errors.As(err, &exit) && (exit.ExitCode() == -1 || len(rest) == 0): // Windows gives the killed a code
		return true, 0
	}
	t.Fatalf("seed %d: %v:\n%s", seed, err, rest)
	return false, 0
}

// Killed at any moment, the next run continues, and in the end the outputs are those of a run undisturbed. One death
// in five comes from outside, at a random time; the others are at chosen points.
func TestCheckpoint_Killed(t *testing.T) {
	deaths := 8
	if n, err := strconv.Atoi(os.Getenv("MILLRACE_HUNT")); err == nil {
		deaths = n
	} else if testing.Short() {
		deaths = 3
	}
	r := rand.New(rand.NewPCG(killSeed, 0))
	jobs, runs := 0, 0
	for died := 0; died < deaths; jobs++ {
		seed := killSeed + uint64(jobs)
		want, dir := t.TempDir(), t.TempDir()
		_, points := victim(t, want, seed, -1, 0)
		perCommit := points / (killEvents / killEvery)
		for {
			at, wait := 1+r.IntN(8*perCommit), time.Duration(0)
			if r.IntN(5) == 0 {
				at, wait = 0, time.Duration(r.IntN(30_000))*time.Microsecond
			}
			runs++
			if dead, _ := victim(t, dir, seed, at, wait); !dead {
				break
			}
			died++
		}
		require.Equal(t, []string{"first", "job", "job.lock", "rejects"}, namesOf(t, dir), "no temp file is left")
		for _, name := range namesOf(t, want) {
			expected, err := os.ReadFile(filepath.Join(want, name))
			require.NoError(t, err)
			got, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			require.Equal(t, string(expected), string(got), "seed %d: %s after %d deaths", seed, name, died)
		}
	}
	t.Logf("%d runs of %d jobs", runs, jobs)
}
