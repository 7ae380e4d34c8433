package stream

import "fmt"

// GroupBy yields, for each distinct key, all its elements in input order: Aggregate with a fold that keeps everything.
// Where a count, a sum or a best is what is wanted of a group, Aggregate with that fold holds one accumulator in place
// of all elements; for input that comes grouped, ChunkBy holds one group.
//
// key must be a pure function, as for Aggregate. Order, laziness, termination, errors and concurrency are Aggregate's. Memory: all elements; under
// Resources.Memory groups that do not fit go to disk and come back one radix partition at a time, and only one group
// that passes the bound by itself is a *LimitError. The slices yielded are the caller's.
func GroupBy[T any, K comparable](s Seq[T], key func(T) K, opts AggregateOptions) Seq[Keyed[K, []T]] {
	needSeq(s, "GroupBy")
	needFunc(key == nil, "GroupBy", "key")
	if opts.ValueCodec != nil {
		return func(yield func(Keyed[K, []T], error) bool) {
			yield(Keyed[K, []T]{}, &OptionError{
				Package: "stream", Func: "GroupBy", Option: "ValueCodec", Got: fmt.Sprintf("%T", opts.ValueCodec),
				Want: "nil, for groups are written with Codec",
			})
		}
	}
	all := Fold[T, group[T]]{Add: func(g *group[T], v T) { g.Elements = append(g.Elements, v) }}
	if opts.Resources.bounded() {
		all = sizedGroup[T](opts.Codec)
		if given, ok := opts.Codec.(Codec[T]); ok {
			opts.ValueCodec = groupCodec[T]{given}
		}
	}
	groups := aggregate("GroupBy", s, key, all, opts)
	return Map(groups, func(g Keyed[K, group[T]]) Keyed[K, []T] {
		return Keyed[K, []T]{Key: g.Key, Value: g.Value.Elements}
	})
}

// group is the accumulator of GroupBy. Its fields are exported for the codec.
type group[T any] struct {
	Elements []T
	Held     int64 // bytes that the elements hold outside themselves
}

// sizedGroup counts what elements hold with the codec that writes them. An option that names none is refused by
// aggregate, before the fold is used.
func sizedGroup[T any](option any) Fold[T, group[T]] {
	codec, _ := codecOf[T]("GroupBy", option)
	size := sizeOf[T]()
	return Fold[T, group[T]]{
		Add: func(g *group[T], v T) {
			g.Elements = append(g.Elements, v)
			g.Held += codec.Held(&v)
		},
		Size: func(g *group[T]) int { return int(g.Held + int64(cap(g.Elements))*size) },
	}
}
