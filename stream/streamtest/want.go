package streamtest

import (
	"errors"

	"github.com/millrace-go/millrace/stream"
)

// WantOptions says when two streams count as equal. The zero value: same elements, same order, exactly; NaN
// equals NaN, times are equal at the same instant, nil and empty slices differ.
type WantOptions struct {
	Unordered bool // any order, each element as often as wanted

	// Tolerance lets floats differ, wherever they stand in an element: by this much, or by this share of the
	// larger one. 0: not at all.
	Tolerance float64
}

// Equal reports, with a diff, if got does not yield exactly the wanted elements in order and end without an
// error. It reads no more than 1,000 elements beyond those wanted.
func Equal[T any](t TB, got stream.Seq[T], want ...T) {
	t.Helper()
	Want(t, got, WantOptions{}, want...)
}

// Unordered is Equal for any order.
func Unordered[T any](t TB, got stream.Seq[T], want ...T) {
	t.Helper()
	Want(t, got, WantOptions{Unordered: true}, want...)
}

// Want is Equal with options.
func Want[T any](t TB, got stream.Seq[T], o WantOptions, want ...T) {
	t.Helper()
	values, err := read(got, len(want))
	if d := Diff(want, values, o); d != "" {
		t.Errorf("streamtest: the stream differs: %s%s", d, also(err))
		return
	}
	if err != nil {
		t.Errorf("streamtest: the stream ended with the error %q after %s, want none", err, plural(len(values), "element"))
	}
}

// WantError reports if got does not yield exactly the elements before, in order, and then an error for which
// errors.Is(err, target) holds. A nil target is any error.
func WantError[T any](t TB, got stream.Seq[T], target error, before ...T) {
	t.Helper()
	values, err := read(got, len(before))
	if d := Diff(before, values, WantOptions{}); d != "" {
		t.Errorf("streamtest: the stream differs before the error: %s%s", d, also(err))
		return
	}
	switch {
	case err == nil && target == nil:
		t.Errorf("streamtest: the stream ended without an error after %s, want one", plural(len(values), "element"))
	case err == nil:
		t.Errorf("streamtest: the stream ended without an error after %s, want %q", plural(len(values), "element"), target)
	case target != nil && !errors.Is(err, target):
		t.Errorf("streamtest: the stream ended with the error %q, want one that is %q", err, target)
	}
}

// surplus is how many elements are read beyond those wanted: enough to see what is wrong, and an end where the
// stream has none.
const surplus = 1000

func read[T any](s stream.Seq[T], want int) ([]T, error) {
	var values []T
	for v, err := range s {
		if err != nil {
			return values, err
		}
		values = append(values, v)
		if len(values) >= want+surplus {
			break
		}
	}
	return values, nil
}

func also(err error) string {
	if err == nil {
		return ""
	}
	return "\nthe stream ended with the error " + err.Error()
}
