package stream

import (
	"cmp"

	"github.com/millrace-go/millrace/internal/sortkey"
)

// SortOptions set the direction of a sort and bound it. The zero value: ascending, all in memory.
type SortOptions struct {
	// Descending sorts from the greatest to the least. Equal elements keep their order all the same.
	Descending bool

	// Resources.Memory and Budget bound the live bytes: the elements, 32 bytes for each to sort it by, and the
	// buffers of what is on disk. Where the bound would be passed, what is there is sorted and written to a file
	// below TempDir as a run, and the runs are merged when the input has ended; if they are more than can be merged
	// within the bound, in several passes, and where what is known of them would take a sixteenth of it, before the end.
	// A block on disk is of Memory/64 bytes and at most 64 KiB, and so are its rows in memory. However small the bound
	// is, two runs are merged at a time, with a block of 256 bytes and an element of each; and where others have taken
	// the Budget, a run of 16 KiB or of one element is made beside it.
	//
	// Above one, Resources.Workers goroutines sort and write runs while the next one is read, each of
	// Memory/(Workers+1), and as many, the consumer's among them, read blocks for the merge, up to four of a run ahead where
	// the bound has room for them. key, compare and Codec are then called by several goroutines at once.
	Resources Resources

	// Codec is a Codec[T] for what goes to disk; nil: one compiled from T. It is needed only where memory is bounded.
	Codec any
}

// bounded reports whether the sort may have to go to disk.
func (o SortOptions) bounded() bool { return o.Resources.bounded() }

// Sort yields the elements of s in ascending order of their keys; elements with equal keys keep their order. Keys
// compare as by cmp.Compare: NaN comes first. It is what SortFunc is with that comparison, and several times faster:
// numbers are sorted by radix, and so are strings, by eight bytes at a time behind what they have in common.
// A time.Time is no such key: take its UnixNano or, where it may lie outside the years 1678 to 2262, SortFunc with
// time.Time.Compare.
//
// Memory, laziness, termination, errors and concurrency are those of SortFunc. key must be a pure function: it is
// called several times for an element.
func Sort[T any, K cmp.Ordered](s Seq[T], key func(T) K, opts SortOptions) Seq[T] {
	needSeq(s, "Sort")
	needFunc(key == nil, "Sort", "key")
	keys := sortkey.Of[K]()
	order := sortOrder[T]{}
	if opts.Descending {
		order.turned = ^uint64(0)
	}
	if keys.Text == nil {
		order.number = func(v *T) uint64 { return keys.Prefix(key(*v)) }
	} else {
		order.text = func(v *T) string { return keys.Text(key(*v)) }
		order.compare = directed(opts.Descending, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	}
	return sorted("Sort", s, order, opts)
}

// SortFunc yields the elements of s in the order of compare, which returns less than 0 where a comes before b; elements
// that compare as equal keep their order.
//
// Memory: all elements, or as much as SortOptions.Resources allows, and the rest on disk. An element is kept as it is
// and keeps alive what its strings were cut from.
// Laziness: the first pull reads the whole input. What is on disk is read and merged as it is asked for.
// Termination: only if the input ends.
// Errors: an error of the input is forwarded, and no element is yielded. Trouble with the disk is a *SpillError, and
// no element comes out that did not come back from it as it was. A single element that does not fit in the bound is a
// *LimitError. A type that has no codec is an *OptionError where memory is bounded. If temp files cannot be removed at
// the end, a *SpillError says so after the last element.
// Concurrency: one goroutine, unless Resources.Workers says otherwise; it does not change what is yielded.
//
// Temp files are removed before the loop ends, also where it breaks or panics. A killed process leaves them, and the
// next run that spills into the same directory removes them.
func SortFunc[T any](s Seq[T], compare func(a, b T) int, opts SortOptions) Seq[T] {
	needSeq(s, "SortFunc")
	needFunc(compare == nil, "SortFunc", "compare")
	return sorted("SortFunc", s, sortOrder[T]{compare: directed(opts.Descending, compare)}, opts)
}

func directed[T any](descending bool, compare func(a, b T) int) func(a, b T) int {
	if !descending {
		return compare
	}
	return func(a, b T) int { return compare(b, a) }
}

// sorted is Sort under the name that errors show.
func sorted[T any](fn string, s Seq[T], order sortOrder[T], opts SortOptions) Seq[T] {
	return func(yield func(T, error) bool) {
		var zero T
		err := opts.Resources.Check("stream", fn)
		var codec Codec[T]
		if err == nil && (opts.bounded() || opts.Codec != nil) {
			codec, err = codecOf[T](fn, opts.Codec)
		}
		if err != nil {
			yield(zero, err)
			return
		}
		runs := newSortRuns(fn, order, codec, opts)
		defer runs.close()
		for v, err := range s {
			if err != nil {
				err = runs.settle(err)
			} else {
				err = runs.add(v)
			}
			if err != nil {
				yield(zero, err)
				return
			}
		}
		next, err := runs.merged()
		for err == nil {
			var v *T
			if v, err = next(); v == nil {
				break
			}
			if !yield(*v, nil) {
				return
			}
		}
		if err == nil {
			err = runs.close() // before the end is told, so that a failure can be
		}
		if err != nil {
			yield(zero, err)
		}
	}
}
