package fold

import "github.com/millrace-go/millrace/stream"

// First keeps the first value; Missing where there were none. Merge is exact.
func First[T any]() stream.Fold[T, stream.Opt[T]] {
	return stream.Fold[T, stream.Opt[T]]{
		Add: func(acc *stream.Opt[T], v T) {
			if !acc.IsPresent() {
				*acc = stream.Present(v)
			}
		},
		Merge: func(dst, src *stream.Opt[T]) {
			if !dst.IsPresent() {
				*dst = *src
			}
		},
		Exact: true,
	}
}

// Last keeps the last value; Missing where there were none. Merge is exact.
func Last[T any]() stream.Fold[T, stream.Opt[T]] {
	return stream.Fold[T, stream.Opt[T]]{
		Add: func(acc *stream.Opt[T], v T) { *acc = stream.Present(v) },
		Merge: func(dst, src *stream.Opt[T]) {
			if src.IsPresent() {
				*dst = *src
			}
		},
		Exact: true,
	}
}
