package streamtest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// backwards spools its input to a file, and yields it from the end. It believes whatever it reads there, and takes a
// file that is gone for an empty one.
func backwards(s stream.Seq[string], tempDir string) stream.Seq[string] {
	return func(yield func(string, error) bool) {
		name := filepath.Join(tempDir, "words")
		defer os.Remove(name)
		if err := write(s, name); err != nil {
			yield("", fmt.Errorf("backwards: %w", err))
			return
		}
		b, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			yield("", fmt.Errorf("backwards: %w", err))
			return
		}
		lines := strings.Split(string(b), "\n")
		for i := len(lines) - 2; i >= 0; i-- {
			if !yield(lines[i], nil) {
				return
			}
		}
	}
}

func write(s stream.Seq[string], name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for word, err := range s {
		if err == nil {
			_, err = fmt.Fprintln(w, word)
		}
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			f.Close()
			return err
		}
	}
	return f.Close()
}

func ExampleCheckFaults() {
	streamtest.CheckFaults(t, backwards, "cart", "click", "view")
	// Output:
	// streamtest: the operator breaks the contract of stream:
	//   - faults answered: a bit of each temp file flipped after input 1 of 3: no error, and the outputs are wrong:
	//     want 3 elements (-), got 3 elements (+):
	//       0: "view"
	//       1: "click"
	//     - 2: "cart"
	//     + 2: "c`rt" (and in 2 more places)
	//   - faults answered: temp files cut in half after input 1 of 3: no error, and the outputs are wrong:
	//     want 3 elements (-), got 2 elements (+):
	//       0: "view"
	//     - 1: "click"
	//     + 1: "ca\x00\x00\x00click"
	//     - 2: "cart" (and in 2 more places)
	//   - faults answered: temp files deleted after input 0 of 3: no error, and the outputs are wrong:
	//     want 3 elements (-), got 0 elements (+):
	//     - 0: "view"
	//     - 1: "click"
	//     - 2: "cart" (and in 3 more places)
}

// What keeps everything in memory has no files to fail: give less memory, or more inputs.
func ExampleCheckFaultsWith() {
	inMemory := func(s stream.Seq[string], tempDir string) stream.Seq[string] {
		return stream.Map(s, strings.ToUpper)
	}
	streamtest.CheckFaultsWith(t, inMemory, streamtest.FaultOptions[string]{Positions: 2}, "cart", "click")
	// Output:
	// streamtest: the operator breaks the contract of stream:
	//   - faults answered: run without faults: no file was made in the temp directory, so there is nothing to check: give the operator less memory or more inputs
}

func ExampleFaultViolations() {
	for _, err := range streamtest.FaultViolations(backwards, streamtest.FaultOptions[string]{}, "cart", "click", "view") {
		var v *streamtest.Violation
		if errors.As(err, &v) {
			fmt.Println(v.Rule, "at", v.Step)
		}
	}
	// Output:
	// faults answered at a bit of each temp file flipped after input 1 of 3
	// faults answered at temp files cut in half after input 1 of 3
	// faults answered at temp files deleted after input 0 of 3
}

// pairSums adds up each batch and the one before, which it keeps although it was only lent.
func pairSums(s stream.Seq[[]int]) stream.Seq[int] {
	sum := func(batch []int) (n int) {
		for _, v := range batch {
			n += v
		}
		return n
	}
	return func(yield func(int, error) bool) {
		var last []int
		for batch, err := range s {
			if err != nil {
				yield(0, err)
				return
			}
			if !yield(sum(last)+sum(batch), nil) {
				return
			}
			last = batch
		}
	}
}

func ExampleCheckBorrow() {
	streamtest.CheckBorrow(t, pairSums, []int{1, 2}, []int{3, 4})
	// Output:
	// streamtest: the operator breaks the contract of stream:
	//   - borrowed memory: batches that are overwritten: the outputs differ (each as text):
	//     want 2 elements (-), got 2 elements (+):
	//       0: "3"
	//     - 1: "10"
	//     + 1: "14"
}

// Where the doc of an operator says so, it may hand on what it was lent.
func ExampleCheckBorrowWith() {
	nonEmpty := func(s stream.Seq[[]int]) stream.Seq[[]int] {
		return stream.Filter(s, func(batch []int) bool { return len(batch) > 0 })
	}
	streamtest.CheckBorrowWith(t, nonEmpty, streamtest.BorrowOptions{Lends: true}, []int{1, 2}, nil, []int{3})
	fmt.Println("passed")
	// Output: passed
}

func ExampleBorrowViolations() {
	first := func(s stream.Seq[[]int]) stream.Seq[[]int] {
		return stream.Map(s, func(batch []int) []int { return batch[:1] })
	}
	for _, err := range streamtest.BorrowViolations(first, streamtest.BorrowOptions{}, []int{1, 2}, []int{3, 4}) {
		fmt.Println(strings.Contains(err.Error(), "output 0 was [1] when it was yielded, and later ["))
	}
	// Output: true
}

func ExampleCheckOwned() {
	streamtest.CheckOwned(t, func(s stream.Seq[string]) stream.Seq[[]string] { return stream.Batch(s, 2) }, "cart", "click", "view")
	fmt.Println("passed")
	// Output: passed
}

func ExampleOwnedViolations() {
	lastTwo := func(s stream.Seq[string]) stream.Seq[[2]*string] {
		return stream.Scan(s, [2]*string{}, func(w [2]*string, v string) [2]*string { return [2]*string{w[1], &v} })
	}
	fmt.Println(streamtest.OwnedViolations(lastTwo, "cart", "click"))
	// Output: []
}

func ExampleBorrowed() {
	var kept [][]string
	for batch := range streamtest.Borrowed([]string{"cart", "click"}, []string{"view"}) {
		kept = append(kept, batch) // without slices.Clone
	}
	fmt.Println(kept)
	// Output: [[overwritten overwritten] [overwritten]]
}
