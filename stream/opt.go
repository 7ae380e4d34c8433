package stream

import (
	"fmt"

	"github.com/millrace-go/millrace/internal/rowcodec"
)

// Opt is a value that may be missing (not said), null (said to be nothing) or present. The zero value is
// missing. An Opt of a comparable V is comparable, so it serves as a key: null then is a group of its own,
// and missing another.
type Opt[V any] struct {
	value V
	state optState
}

type optState uint8

const (
	optMissing optState = iota
	optNull
	optPresent
)

// Present is the Opt that holds v.
func Present[V any](v V) Opt[V] { return Opt[V]{value: v, state: optPresent} }

// Null is the Opt that was said to be nothing.
func Null[V any]() Opt[V] { return Opt[V]{state: optNull} }

// Missing is the Opt about which nothing was said: the zero value.
func Missing[V any]() Opt[V] { return Opt[V]{} }

// Get returns the value and whether it is present.
func (o Opt[V]) Get() (V, bool) { return o.value, o.state == optPresent }

// Or returns the value if it is present, otherwise fallback.
func (o Opt[V]) Or(fallback V) V {
	if o.state == optPresent {
		return o.value
	}
	return fallback
}

// IsPresent reports whether there is a value.
func (o Opt[V]) IsPresent() bool { return o.state == optPresent }

// IsNull reports whether the value was said to be nothing.
func (o Opt[V]) IsNull() bool { return o.state == optNull }

// IsMissing reports whether nothing was said.
func (o Opt[V]) IsMissing() bool { return o.state == optMissing }

// String prints the value, "null" or "missing".
func (o Opt[V]) String() string {
	switch o.state {
	case optPresent:
		return fmt.Sprint(o.value)
	case optNull:
		return "null"
	}
	return "missing"
}

// AppendBinary appends the state, one byte, and the value if it is present. It is an encoding.BinaryAppender: what
// internal codecs and encoding/gob read an Opt by. It fails where V holds something that cannot be written, such
// as an interface.
func (o Opt[V]) AppendBinary(dst []byte) ([]byte, error) {
	codec, err := rowcodec.New[V]()
	if err != nil {
		return dst, err
	}
	if o.state != optPresent {
		return append(dst, byte(o.state)), nil
	}
	out, err := codec.Append(append(dst, byte(o.state)), &o.value)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// MarshalBinary is AppendBinary to new memory.
func (o Opt[V]) MarshalBinary() ([]byte, error) { return o.AppendBinary(nil) }

// UnmarshalBinary reads what AppendBinary appended. Where src is anything else it returns an error that matches
// ErrCorrupt, and leaves o as it was.
func (o *Opt[V]) UnmarshalBinary(src []byte) error {
	codec, err := rowcodec.New[V]()
	if err != nil {
		return err
	}
	if len(src) == 0 || src[0] > byte(optPresent) {
		return fmt.Errorf("stream: Opt: %w: the state is not 0, 1 or 2", ErrCorrupt)
	}
	opt := Opt[V]{state: optState(src[0])}
	rest := src[1:]
	if opt.state == optPresent {
		if rest, err = codec.Decode(rest, &opt.value); err != nil {
			return fmt.Errorf("stream: Opt: %w: %w", ErrCorrupt, err)
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("stream: Opt: %w: %d bytes are left behind the value", ErrCorrupt, len(rest))
	}
	*o = opt
	return nil
}
