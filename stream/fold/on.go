package fold

import "github.com/millrace-go/millrace/stream"

// On folds a part of each value: On(Order.Country, fold.Last[string]()). All else is f's.
func On[T, U, A any](project func(T) U, f stream.Fold[U, A]) stream.Fold[T, A] {
	need(project == nil, "On", "project")
	need(f.Add == nil, "On", "f.Add")
	return stream.Fold[T, A]{
		New:   f.New,
		Add:   func(acc *A, v T) { f.Add(acc, project(v)) },
		Merge: f.Merge,
		Exact: f.Exact,
		Size:  f.Size,
	}
}
