package dedup

import (
	"bytes"
	"fmt"
	"reflect"
	"sync"

	"github.com/millrace-go/millrace/internal/rowcodec"
)

// ByBytes prefers the row whose bytes are greater: the last comparator of a list that must leave no tie between
// rows that differ. With it the survivors never depend on the order of the input, so that shards, re-runs and
// shuffled files agree.
//
// The bytes are those in which rows spill: the whole row, in a form that is the same in every process and on
// every platform. Maps are written in order of their entries' bytes. Two rows tie only if they have the same
// bytes; so 0 and -0, nil and empty slices, and one instant in two time zones differ, pointers compare by what they
// point to, and the monotonic reading of a time does not count. A type with a MarshalBinary or AppendBinary of its
// own is what that makes of it, and must make the same of equal values. The order means nothing but that there is
// one: put first the comparators that know what a better row is.
//
// T must have such a form: no interface, func, channel or unexported field in it. Otherwise Run and its like
// yield an *stream.OptionError that names the field; ByBytesFunc is for those. A row that cannot be written when
// it comes (its own method fails, two keys of a map that only pointers tell apart) panics with the codec's error.
//
// Both rows are written each time the comparators before it tie: some nanoseconds per field, and a block of memory
// per map. It is safe for concurrent use.
func ByBytes[T any]() Comparator[T] {
	codec, err := rowcodec.New[T]()
	if err != nil {
		// compare is never asked: the options are refused.
		return Comparator[T]{name: "ByBytes", compare: func(a, b *T) int { return 0 }, err: err}
	}
	return byBytes("ByBytes", func(dst []byte, row *T) []byte {
		out, err := codec.Append(dst, row)
		if err != nil {
			panic(fmt.Errorf("dedup: ByBytes: %w", err))
		}
		return out
	})
}

// ByBytesFunc is ByBytes with bytes of your own: appendTo appends those of a row to dst and returns the extended
// slice. Rows with the same bytes tie; make them such that these are the same row. Not all encodings are fit for
// it: one that walks a map in Go's order gives one row many forms.
//
//	dedup.ByBytesFunc(func(dst []byte, r Reading) []byte { return append(dst, r.Raw...) })
func ByBytesFunc[T any](appendTo func(dst []byte, row T) []byte) Comparator[T] {
	need(appendTo == nil, "ByBytesFunc", "function")
	return byBytes("ByBytesFunc", func(dst []byte, row *T) []byte { return appendTo(dst, *row) })
}

// rowPair is the memory of one comparison.
type rowPair struct{ a, b []byte }

// maxRowPair bounds the memory that one comparison may leave behind for the next.
const maxRowPair = 64 << 10

func byBytes[T any](name string, appendTo func(dst []byte, row *T) []byte) Comparator[T] {
	pool := sync.Pool{New: func() any { return new(rowPair) }}
	return Comparator[T]{name: name, total: true, compare: func(a, b *T) int {
		p := pool.Get().(*rowPair)
		p.a, p.b = appendTo(p.a[:0], a), appendTo(p.b[:0], b)
		order := bytes.Compare(p.a, p.b)
		if cap(p.a)+cap(p.b) <= maxRowPair {
			pool.Put(p)
		}
		return order
	}}
}

// usable returns what is wrong with a comparator, in the words of an option's error; got is empty where nothing is.
func (c *Comparator[T]) usable() (got, want string) {
	switch {
	case c.compare == nil:
		return "the zero Comparator", "made by a constructor such as Latest"
	case c.err != nil:
		return fmt.Sprintf("ByBytes (%v)", c.err), fmt.Sprintf("ByBytesFunc where %v has no bytes", reflect.TypeFor[T]())
	}
	return "", ""
}
