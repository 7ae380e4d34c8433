package stream

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/internal/spill"
)

// statesOf returns what writes groups to disk by the codecs of the options. Where a type has none that is no error as long
// as every group fits: states is then nil, and why says which type it is and what in it cannot be written.
func statesOf[K comparable, A any](fn string, opts AggregateOptions) (states spill.Rows[Keyed[K, A]], why, err error) {
	if opts.KeyCodec == nil && opts.ValueCodec == nil {
		compiled, why := rowcodec.New[Keyed[K, A]]()
		if why != nil {
			return nil, why, nil
		}
		return compiled, nil, nil
	}
	var c keyedCodec[K, A]
	if c.key, why, err = partOf[K](fn, "KeyCodec", opts.KeyCodec); err != nil {
		return nil, nil, err
	}
	value, noValue, err := partOf[A](fn, "ValueCodec", opts.ValueCodec)
	if err != nil {
		return nil, nil, err
	}
	c.value = value
	if why = errors.Join(why, noValue); why != nil {
		return nil, why, nil
	}
	return c, nil, nil
}

// partOf returns the codec of an option, or one compiled from T; why there is none is no error yet.
func partOf[T any](fn, name string, option any) (codec spill.Rows[T], why, err error) {
	if option == nil {
		compiled, why := rowcodec.New[T]()
		if why != nil {
			return nil, why, nil
		}
		return compiled, nil, nil
	}
	given, err := codecOf[T](fn, option)
	return given, nil, renamed(err, name)
}

// keyedCodec is the key and the accumulator, one behind the other.
type keyedCodec[K comparable, A any] struct {
	key   spill.Rows[K]
	value spill.Rows[A]
}

func (c keyedCodec[K, A]) Append(dst []byte, v *Keyed[K, A]) ([]byte, error) {
	dst, err := c.key.Append(dst, &v.Key)
	if err != nil {
		return dst, err
	}
	return c.value.Append(dst, &v.Value)
}

func (c keyedCodec[K, A]) Decode(src []byte, v *Keyed[K, A]) ([]byte, error) {
	rest, err := c.key.Decode(src, &v.Key)
	if err != nil {
		return rest, err
	}
	return c.value.Decode(rest, &v.Value)
}

// groupCodec writes the accumulator of GroupBy with the codec of its elements: Held as a uvarint, each element behind a 1,
// and a 0 in the end. A count would let few bytes claim many elements.
type groupCodec[T any] struct{ elements Codec[T] }

func (c groupCodec[T]) Append(dst []byte, g *group[T]) (_ []byte, err error) {
	dst = binary.AppendUvarint(dst, uint64(g.Held))
	for i := range g.Elements {
		if dst, err = c.elements.Append(append(dst, 1), &g.Elements[i]); err != nil {
			return dst, err
		}
	}
	return append(dst, 0), nil
}

func (c groupCodec[T]) Decode(src []byte, g *group[T]) ([]byte, error) {
	held, n := binary.Uvarint(src)
	if n <= 0 || !rowcodec.CanBeHeld(int64(held)) {
		return src, errGroupHeld
	}
	*g = group[T]{Held: int64(held)}
	for rest := src[n:]; ; {
		if len(rest) == 0 {
			return rest, errGroupEnd
		}
		switch rest[0] {
		case 0:
			return rest[1:], nil
		case 1:
		default:
			return rest, fmt.Errorf("an element of a group begins with %d", rest[0])
		}
		var v T
		var err error
		if rest, err = c.elements.Decode(rest[1:], &v); err != nil {
			return rest, err
		}
		g.Elements = append(g.Elements, v)
	}
}

func (c groupCodec[T]) Held(g *group[T]) int64 { return g.Held + int64(cap(g.Elements))*sizeOf[T]() }

var (
	errGroupHeld = errors.New("what the elements of a group hold is no number of bytes")
	errGroupEnd  = errors.New("the bytes end within a group")
)
