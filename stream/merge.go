package stream

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/millrace-go/millrace/internal/merge"
	"github.com/millrace-go/millrace/internal/sortkey"
)

// MergeOptions set how MergeFunc reads. The zero value is right for finite inputs.
type MergeOptions struct {
	// Chunk is how many elements are read from an input at a time, at most; 0: 256. The first read takes one, each
	// further read twice as many as the one before, so that what is read ahead of an input is never more than what
	// was taken from it, and one. 1 reads nothing ahead: for live inputs.
	Chunk int
}

// mergeChunk is MergeOptions.Chunk where it is 0: at 256 a switch between consumer and input, some 150 ns, costs half
// a nanosecond per element.
const mergeChunk = 256

// leastGuessed is from what chunk on a merge looks for a number to go by: shorter blocks are dear to confirm.
const leastGuessed = 64

// Merge merges sorted streams into one sorted stream; equal elements keep the order of the arguments. Elements are
// ordered as by cmp.Compare: NaN comes first. For everything else it is MergeFunc with its default options, but
// faster: it compares numbers, not elements, wherever these decide.
func Merge[T cmp.Ordered](inputs ...Seq[T]) Seq[T] {
	keys := sortkey.Of[T]()
	order := merge.Order[T]{Prefix: func(v *T) uint64 { return keys.Prefix(*v) }, Watch: cmp.Compare[T]}
	if keys.Text != nil {
		order.Compare = cmp.Compare[T]
	}
	return mergeSeqs("Merge", inputs, order, MergeOptions{})
}

// MergeFunc merges streams that are sorted by compare into one; equal elements keep the order of the inputs.
// compare returns less than 0 where a comes before b. It must be a pure function and a strict weak order, as for
// slices.SortFunc: one that says < for floats of which some are NaN is not (cmp.Compare is), and leaves the order
// open, but loses nothing. It is asked up to 256 elements ahead of what is yielded, above 64 inputs 256 more for every 64;
// and where a field of T (a number, a string or a time) turns out to be what it goes by, mostly to confirm
// what the fields say; see the decision note 0016.
//
// Memory: one chunk per input, of at most MergeOptions.Chunk elements; above 64 inputs, 256 elements more for every 64.
// Laziness: the first pull reads from each input in their order; from then on, the next element of an input is read
// when the one before it has been yielded, and up to a chunk with it.
// Termination: when all inputs have ended.
// Errors: an input that descends ends it with an *OrderError. Such an error, as one that an input yields, comes out
// exactly where the next element of that input would have been needed: after the last element before it, and
// before anything else. So the elements before an error do not depend on Chunk.
//
// All inputs are ended before the loop is, also where it breaks.
func MergeFunc[T any](inputs []Seq[T], compare func(a, b T) int, opts MergeOptions) Seq[T] {
	needFunc(compare == nil, "MergeFunc", "compare")
	return mergeSeqs("MergeFunc", inputs, merge.Order[T]{Compare: compare, Watch: compare}, opts)
}

func mergeSeqs[T any](fn string, inputs []Seq[T], order merge.Order[T], opts MergeOptions) Seq[T] {
	for i, s := range inputs {
		needFunc(s == nil, fn, fmt.Sprintf("input %d", i))
	}
	inputs = slices.Clone(inputs) // the caller may use the slice for something else
	return func(yield func(T, error) bool) {
		var zero T
		if opts.Chunk < 0 {
			yield(zero, &OptionError{Package: "stream", Func: fn, Option: "Chunk", Got: opts.Chunk, Want: "0 or positive"})
			return
		}
		most := opts.Chunk
		if most == 0 {
			most = mergeChunk
		}
		cursors := make([]merge.Cursor[T], len(inputs))
		for i, s := range inputs {
			next, stop := iter.Pull2(chunks(s, 1, most))
			defer stop() // all of them, also if one panics
			cursors[i] = &mergeInput[T]{input: i, next: next}
		}
		order := order // a run of its own: the sequence may be run by several goroutines at once
		order.Descent = func(c merge.Cursor[T], index int64, got, after T) error {
			return &OrderError{Func: fn, Input: c.(*mergeInput[T]).input, Index: index, Got: got, After: after}
		}
		if most >= leastGuessed {
			order.Guess = sortkey.Guess[T]
		}
		tree := merge.New(order, cursors)
		for {
			block, err := tree.Block()
			if err != nil {
				yield(zero, err)
				return
			}
			if len(block) == 0 {
				return
			}
			for _, v := range block {
				if !yield(*v, nil) {
					return
				}
			}
		}
	}
}

// mergeInput is one input of a merge.
type mergeInput[T any] struct {
	input int
	next  func() ([]T, error, bool)
}

// Next returns the next chunk.
func (in *mergeInput[T]) Next() ([]T, error) {
	chunk, err, _ := in.next()
	return chunk, err
}
