package stream_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/millrace-go/millrace/stream"
)

// The job writes each page once, in the order of the first clicks. Its source breaks in the first run; the second
// continues with the fourth click, and knows what it has seen.
func ExampleResume() {
	dir, err := os.MkdirTemp("", "resume")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	run := func(clicks stream.Seq[string]) error {
		seen := make(map[string]int)
		state, err := stream.StateOf(&seen)
		if err != nil {
			return err
		}
		cp, err := stream.OpenCheckpoint(filepath.Join(dir, "job"), stream.CheckpointOptions{
			States: map[string]stream.State{"seen": state},
		})
		if err != nil {
			return err
		}
		defer cp.Close()
		out, err := cp.File(filepath.Join(dir, "pages.txt"))
		if err != nil {
			return err
		}
		fmt.Println("from", cp.Position())
		from := func(position int64) stream.Seq[string] { return stream.SkipExactly(clicks, position) }
		return stream.Resume(from, cp, func(page string) error {
			if seen[page]++; seen[page] > 1 {
				return nil
			}
			_, err := fmt.Fprintln(out, page)
			return err
		}, stream.ResumeOptions{Every: 2})
	}
	fmt.Println(run(stream.Concat(stream.Of("home", "cart", "home"), stream.Fail[string](errors.New("connection lost")))))
	fmt.Println(run(stream.Of("home", "cart", "home", "cart", "help")))
	pages, err := os.ReadFile(filepath.Join(dir, "pages.txt"))
	fmt.Printf("%s%v\n", pages, err)
	// Output:
	// from 0
	// connection lost
	// from 3
	// <nil>
	// home
	// cart
	// help
	// <nil>
}

// A job that drives itself commits where it likes: here after each batch, with the byte offset of its source.
func ExampleOpenCheckpoint() {
	dir, err := os.MkdirTemp("", "checkpoint")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	const log = "view\nclick\nview\nbuy\n"
	for range 4 {
		cp, err := stream.OpenCheckpoint(filepath.Join(dir, "job"), stream.CheckpointOptions{})
		if err != nil {
			fmt.Println(err)
			return
		}
		line := log[cp.Position():]
		line = line[:1+strings.IndexByte(line, '\n')]
		fmt.Printf("%q, rows so far %d\n", line, cp.Mark("table"))
		cp.SetMark("table", cp.Mark("table")+1)
		if err := errors.Join(cp.Commit(cp.Position()+int64(len(line))), cp.Close()); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// "view\n", rows so far 0
	// "click\n", rows so far 1
	// "view\n", rows so far 2
	// "buy\n", rows so far 3
}

// The file has been cut off since three of its lines were read.
func ExampleSkipExactly() {
	err := stream.Drain(stream.SkipExactly(stream.Of("view", "click"), 3))
	fmt.Println(err)
	fmt.Println(errors.Is(err, stream.ErrSourceChanged))
	// Output:
	// stream: SkipExactly: the source ends after 2 elements, want 3 or more: source changed between two passes
	// true
}

func ExampleStateOf() {
	totals := map[string]int{"ann": 3, "bob": 1}
	state, err := stream.StateOf(&totals)
	if err != nil {
		fmt.Println(err)
		return
	}
	var other map[string]string
	conflicting, err := stream.StateOf(&other)
	fmt.Println(state.Digest() == conflicting.Digest(), err)
	// Output: false <nil>
}
