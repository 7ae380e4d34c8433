package fold

import "github.com/millrace-go/millrace/stream"

// Count counts values. Merge is exact.
func Count[T any]() stream.Fold[T, int] {
	return stream.Fold[T, int]{
		Add:   func(acc *int, _ T) { *acc++ },
		Merge: func(dst, src *int) { *dst += *src },
		Exact: true,
		Blind: true,
	}
}
