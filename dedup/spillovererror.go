package dedup

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/stream"
)

// spillError puts an error of the spill files under the function's name; other errors (of a codec) get the name alone.
func spillError(fn string, err error) error {
	if err == nil {
		return nil
	}
	if s, ok := errors.AsType[*spill.Error](err); ok {
		return &stream.SpillError{Package: "dedup", Func: fn, Op: string(s.Op), File: s.File, Offset: s.Offset, Err: s.Err}
	}
	return fmt.Errorf("dedup: %s: %w", fn, err)
}

// heldError refuses a codec which says that the row at that position holds less than nothing; nil where it does not.
func heldError[T any](fn string, codec stream.Codec[T], row *T, position int64) error {
	n := codec.Held(row)
	if n >= 0 {
		return nil
	}
	return &stream.OptionError{
		Package: "dedup", Func: fn, Option: "Codec", Got: fmt.Sprintf("%d from %T.Held for element %d", n, codec, position),
		Want: "one whose Held is 0 or positive",
	}
}

// codecOf returns the codec that was given, or one compiled from T, and what rows hold by it; held is nil where a T holds
// nothing outside itself.
func codecOf[T any](fn string, given stream.Codec[T]) (codec stream.Codec[T], held func(*T) int64, err error) {
	if given != nil {
		return given, func(row *T) int64 { return max(0, given.Held(row)) }, nil
	}
	compiled, err := rowcodec.New[T]()
	if err != nil {
		return nil, nil, &stream.OptionError{
			Package: "dedup", Func: fn, Option: "Codec", Got: fmt.Sprintf("nil (%v)", err),
			Want: fmt.Sprintf("a stream.Codec[%v] where memory is bounded", reflect.TypeFor[T]()),
		}
	}
	if compiled.Holds() {
		held = compiled.Held
	}
	return compiled, held, nil
}
