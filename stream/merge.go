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

// Merge merges sorted streams into one sorted stream; equal elements keep the order of the arguments. Elements are
// ordered as by cmp.Compare: NaN comes first. For everything else it is MergeFunc with its default options, but
// faster: it compares numbers, not elements, wherever these decide.
func Merge[T cmp.Ordered](inputs ...Seq[T]) Seq[T] {
	keys := sortkey.Of[T]()
	order := merge.Order[T]{Prefix: func(v *T) uint64 { return keys.Prefix(*v) }}
	compare := func(a, b *T) int { return cmp.Compare(*a, *b) }
	if keys.Text != nil {
		order.Compare = compare
	}
	return mergeSeqs("Merge", inputs, order, compare, MergeOptions{})
}

// MergeFunc merges streams that are sorted by compare into one; equal elements keep the order of the inputs.
// compare returns less than 0 where a comes before b.
//
// Memory: one chunk per input, of at most MergeOptions.Chunk elements.
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
	byPointer := func(a, b *T) int { return compare(*a, *b) }
	return mergeSeqs("MergeFunc", inputs, merge.Order[T]{Compare: byPointer}, byPointer, opts)
}

func mergeSeqs[T any](fn string, inputs []Seq[T], order merge.Order[T], compare func(a, b *T) int, opts MergeOptions) Seq[T] {
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
			cursors[i] = &sortedInput[T]{fn: fn, input: i, next: next, compare: compare}
		}
		tree := merge.New(order, cursors)
		for {
			v, err := tree.Next()
			if err != nil {
				yield(zero, err)
				return
			}
			if v == nil || !yield(*v, nil) {
				return
			}
		}
	}
}

// sortedInput is one input of a merge, and watches that it is sorted.
type sortedInput[T any] struct {
	fn      string
	input   int
	next    func() ([]T, error, bool)
	compare func(a, b *T) int
	index   int64 // position of the next chunk's first element
	last    T     // of the chunk before, if there was one
	err     error // for the next call: the chunk before it was cut where the input descends
}

// Next returns the next chunk, up to where it descends.
func (in *sortedInput[T]) Next() ([]T, error) {
	if in.err != nil {
		return nil, in.err
	}
	chunk, err, ok := in.next()
	if !ok || err != nil {
		return nil, err
	}
	before := &in.last
	if in.index == 0 {
		before = &chunk[0]
	}
	for i := range chunk {
		if in.compare(before, &chunk[i]) > 0 {
			in.err = &OrderError{Func: in.fn, Input: in.input, Index: in.index + int64(i), Got: chunk[i], After: *before}
			if i == 0 {
				return nil, in.err
			}
			return chunk[:i], nil
		}
		before = &chunk[i]
	}
	in.last = chunk[len(chunk)-1]
	in.index += int64(len(chunk))
	return chunk, nil
}
