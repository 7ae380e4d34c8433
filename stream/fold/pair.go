package fold

import "github.com/millrace-go/millrace/stream"

// Pair folds the same values two ways in one pass. It nests: Pair(a, Pair(b, c)) is three ways. It can merge if
// both can, and is exact if both are.
func Pair[T, A, B any](a stream.Fold[T, A], b stream.Fold[T, B]) stream.Fold[T, stream.Pair[A, B]] {
	need(a.Add == nil, "Pair", "a.Add")
	need(b.Add == nil, "Pair", "b.Add")
	f := stream.Fold[T, stream.Pair[A, B]]{
		Add: func(acc *stream.Pair[A, B], v T) {
			a.Add(&acc.First, v)
			b.Add(&acc.Second, v)
		},
		Blind: a.Blind && b.Blind,
		Exact: a.Exact && b.Exact && a.Merge != nil && b.Merge != nil,
	}
	if a.New != nil || b.New != nil {
		f.New = func() stream.Pair[A, B] { return stream.Pair[A, B]{First: a.Init(), Second: b.Init()} }
	}
	if a.Merge != nil && b.Merge != nil {
		f.Merge = func(dst, src *stream.Pair[A, B]) {
			a.Merge(&dst.First, &src.First)
			b.Merge(&dst.Second, &src.Second)
		}
	}
	if a.Size != nil || b.Size != nil {
		f.Size = func(acc *stream.Pair[A, B]) (size int) {
			if a.Size != nil {
				size += a.Size(&acc.First)
			}
			if b.Size != nil {
				size += b.Size(&acc.Second)
			}
			return size
		}
	}
	return f
}
