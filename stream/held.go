package stream

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/millrace-go/millrace/internal/rowcodec"
)

// What the caller's functions say that rows and accumulators hold goes into sums, and onto accounts. A number that no
// value can hold would end there in a panic that names nobody, or in a bound that is none: it is an *OptionError that
// names the function.

// wantBytes is what they must say.
const wantBytes = "bytes that one value can hold, from 0 to 1<<48"

// heldAs is what the codec says that *v holds outside itself, for the operator fn.
func heldAs[T any](fn string, codec Codec[T], v *T) (int64, error) {
	n := codec.Held(v)
	if rowcodec.CanBeHeld(n) {
		return n, nil
	}
	return 0, &OptionError{
		Package: "stream", Func: fn, Option: "Codec", Want: "one whose Held gives " + wantBytes,
		Got: fmt.Sprintf("%d from %T for a %v", n, codec, reflect.TypeFor[T]()),
	}
}

// sizeOfAcc is what Fold.Size says of an accumulator, 0 where there is none. Its error has yet to be named.
func sizeOfAcc[T, A any](f *Fold[T, A], acc *A) (int64, error) {
	if f.Size == nil {
		return 0, nil
	}
	n := int64(f.Size(acc))
	if rowcodec.CanBeHeld(n) {
		return n, nil
	}
	return 0, &OptionError{
		Package: "stream", Option: "fold.Size", Want: "a function that gives " + wantBytes,
		Got: fmt.Sprintf("%d for a %v", n, reflect.TypeFor[A]()),
	}
}

// named puts the name of the operator into an error of an option.
func named(err error, fn string) error {
	var o *OptionError
	if errors.As(err, &o) {
		o.Func = fn
	}
	return err
}
