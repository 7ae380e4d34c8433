package stream

import (
	"fmt"
	"reflect"

	"github.com/millrace-go/millrace/internal/rowcodec"
)

// Codec turns elements into bytes and back: what a stateful operator writes where its live state passes
// Resources.Memory, and what a snapshot holds. Operators compile one from the element's type by themselves
// (structs, slices, maps, strings, times, encoding.BinaryMarshaler); supply your own for a type that has none,
// such as one with unexported state, or for a form that is smaller or faster. A Codec must be safe for concurrent
// use.
type Codec[T any] interface {
	// Append appends the bytes of *v to dst and returns the extended slice. It does not keep or change *v.
	Append(dst []byte, v *T) ([]byte, error)
	// Decode reads one element from the front of src into *v, which is its zero value when Decode is called, and
	// returns what is left of src. *v must not point into src afterwards. Broken bytes are an error, never a panic,
	// and *v is then not looked at; what is allocated is in proportion to len(src).
	Decode(src []byte, v *T) (rest []byte, err error)
	// Held returns the live bytes that *v holds outside itself: of its strings, slices and maps.
	Held(v *T) int64
}

// codecOf returns the codec that the option Codec of fn names, or one compiled from T where it names none. An
// option of another type, and a T that has no codec and needs one, are an *OptionError.
func codecOf[T any](fn string, option any) (Codec[T], error) {
	switch c := option.(type) {
	case nil:
		compiled, err := rowcodec.New[T]()
		if err == nil {
			return compiled, nil
		}
		return nil, &OptionError{
			Package: "stream", Func: fn, Option: "Codec", Got: fmt.Sprintf("nil (%v)", err),
			Want: fmt.Sprintf("a stream.Codec[%v] where memory is bounded", reflect.TypeFor[T]()),
		}
	case Codec[T]:
		return c, nil
	}
	return nil, &OptionError{
		Package: "stream", Func: fn, Option: "Codec", Got: fmt.Sprintf("%T", option),
		Want: fmt.Sprintf("a stream.Codec[%v]", reflect.TypeFor[T]()),
	}
}

// heldBy tells the bytes that a row holds outside itself, as the codec compiled from its type counts them; nil where a row
// holds nothing there, or its type has no codec.
func heldBy[T any]() func(*T) int64 {
	codec, err := rowcodec.New[T]()
	if err != nil || !codec.Holds() {
		return nil
	}
	return codec.Held
}
