package fold

import (
	"cmp"
	"reflect"

	"github.com/millrace-go/millrace/stream"
)

// Min keeps the least of a projection; Missing where there were no values. NaN is no value: it is passed over,
// and Missing if there is nothing else. Of 0 and -0, which compare equal, the first stays. Merge is exact.
func Min[T any, V cmp.Ordered](of func(T) V) stream.Fold[T, stream.Opt[V]] {
	need(of == nil, "Min", "of")
	return extreme(of, func(v, best V) bool { return v < best })
}

// Max keeps the greatest of a projection; Missing where there were no values. NaN is no value: it is passed
// over, and Missing if there is nothing else. Of 0 and -0, which compare equal, the first stays. Merge is
// exact.
func Max[T any, V cmp.Ordered](of func(T) V) stream.Fold[T, stream.Opt[V]] {
	need(of == nil, "Max", "of")
	return extreme(of, func(v, best V) bool { return v > best })
}

// extreme keeps the first value that no other beats.
func extreme[T any, V cmp.Ordered](of func(T) V, beats func(v, best V) bool) stream.Fold[T, stream.Opt[V]] {
	keep := func(acc *stream.Opt[V], v V) {
		if best, ok := acc.Get(); v == v && (!ok || beats(v, best)) {
			*acc = stream.Present(v)
		}
	}
	return stream.Fold[T, stream.Opt[V]]{
		Add: func(acc *stream.Opt[V], v T) { keep(acc, of(v)) },
		Merge: func(dst, src *stream.Opt[V]) {
			if v, ok := src.Get(); ok {
				keep(dst, v)
			}
		},
		Exact: true,
		Size:  sizeOfOrdered[V](),
	}
}

// sizeOfOrdered tells the bytes of a string beyond its header; numbers have none.
func sizeOfOrdered[V cmp.Ordered]() func(acc *stream.Opt[V]) int {
	if reflect.TypeFor[V]().Kind() != reflect.String {
		return nil
	}
	return func(acc *stream.Opt[V]) int {
		v, _ := acc.Get()
		return reflect.ValueOf(v).Len()
	}
}
