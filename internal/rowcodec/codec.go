package rowcodec

import (
	"reflect"

	"github.com/millrace-go/millrace/internal/hash"
)

// Codec writes and reads rows of type T. It is immutable and safe for concurrent use.
type Codec[T any] struct {
	node *node
}

// New compiles T, or returns a *TypeError that names what in it cannot be written.
func New[T any]() (*Codec[T], error) {
	n, err := nodeOf(reflect.TypeFor[T](), nil)
	if err != nil {
		return nil, err
	}
	return &Codec[T]{node: n}, nil
}

// Append appends the bytes of *v to dst and returns the extended slice. The only errors are those of a type's own
// methods, and of a map with two keys that only their location pointers tell apart; dst is then returned as it was.
func (c *Codec[T]) Append(dst []byte, v *T) ([]byte, error) {
	out, err := appendRow(c.node, dst, v)
	if err != nil {
		err.Type, err.Offset = c.node.typ, -1
		return dst, err
	}
	return out, nil
}

// Decode reads a row from the front of src into *v and returns what is left of src. All of *v is overwritten,
// nothing of it is used again, and it shares no memory with src. Where it returns an *Error, *v is zero.
func (c *Codec[T]) Decode(src []byte, v *T) (rest []byte, err error) {
	rest, bad := decodeRow(c.node, src, v)
	if bad != nil {
		var zero T
		*v = zero
		bad.Type, bad.Offset = c.node.typ, len(src)-len(rest)
		return src, bad
	}
	return rest, nil
}

// Skip returns what is left of src behind one row. It looks only at what it needs for that.
func (c *Codec[T]) Skip(src []byte) (rest []byte, err error) {
	rest, bad := c.node.skip(src)
	if bad != nil {
		bad.Type, bad.Offset = c.node.typ, len(src)-len(rest)
		return src, bad
	}
	return rest, nil
}

// Holds reports whether a row can hold anything outside itself: where not, Held is 0.
func (c *Codec[T]) Holds() bool { return c.node.holds }

// Held returns the live bytes that *v holds outside itself: the bytes of strings, the capacity of slices, what
// pointers point to, an estimate for maps, and the written length of types with methods. What is shared is counted
// each time it is met; locations of times are not counted.
func (c *Codec[T]) Held(v *T) int64 {
	if !c.node.holds {
		return 0
	}
	return heldRow(c.node, v)
}

// Digest is a hash of the version of the format and the layout of T: names and order of fields, and what they are.
// The names of types do not count, but for types with methods.
func (c *Codec[T]) Digest() uint64 { return hash.String(c.node.layout, formatVersion) }

// formatVersion is the version that doc.go describes.
const formatVersion = 1
