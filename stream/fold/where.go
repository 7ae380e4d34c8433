package fold

import "github.com/millrace-go/millrace/stream"

// Where folds only the values for which keep is true. A group of which none is kept still is there, with the
// empty accumulator. All else is f's.
func Where[T, A any](keep func(T) bool, f stream.Fold[T, A]) stream.Fold[T, A] {
	need(keep == nil, "Where", "keep")
	need(f.Add == nil, "Where", "f.Add")
	add := f.Add
	f.Blind = false // keep looks
	f.Add = func(acc *A, v T) {
		if keep(v) {
			add(acc, v)
		}
	}
	return f
}
