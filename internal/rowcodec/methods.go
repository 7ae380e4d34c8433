package rowcodec

import (
	"encoding"
	"reflect"
)

// Types with methods of their own: *T is what p holds.

func (n *node) appendMethods(dst []byte, p any) ([]byte, *Error) {
	at := len(dst)
	dst = append(dst, 0) // room for a length of one byte
	var err error
	if n.append {
		dst, err = p.(encoding.BinaryAppender).AppendBinary(dst)
	} else {
		var b []byte
		b, err = p.(encoding.BinaryMarshaler).MarshalBinary()
		dst = append(dst, b...)
	}
	if err == nil && len(dst) <= at {
		err = errShrunk
	}
	if err != nil {
		return nil, &Error{What: "its own method fails", Err: err}
	}
	return closeLength(dst, at), nil
}

var errShrunk = stringError("AppendBinary returned less than it was given")

type stringError string

func (e stringError) Error() string { return string(e) }

// closeLength writes the length of what follows the byte at, moving it if the length takes more than that byte.
func closeLength(dst []byte, at int) []byte {
	length := uint64(len(dst) - at - 1)
	if length < oneByte {
		dst[at] = byte(length)
		return dst
	}
	var head [9]byte
	h := appendUint(head[:0], length)
	dst = append(dst, h[1:]...)
	copy(dst[at+len(h):], dst[at+1:])
	copy(dst[at:], h)
	return dst
}

func (n *node) decodeMethods(src []byte, p reflect.Value) ([]byte, *Error) {
	text, rest, bad := takeText(src)
	if bad != nil {
		return src, bad
	}
	p.Elem().SetZero()
	// A copy, so that a method that keeps its argument, against the rules, keeps nothing of ours.
	if err := p.Interface().(encoding.BinaryUnmarshaler).UnmarshalBinary(append([]byte(nil), text...)); err != nil {
		return src, &Error{What: "its own method refuses", Err: err}
	}
	return rest, nil
}

// heldMethods is the written length: an estimate, and 0 for a value that has none.
func (n *node) heldMethods(p any) int64 {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	b, err := n.appendMethods(s.bytes[:0], p)
	if err != nil {
		return 0
	}
	s.bytes = b
	return int64(len(b))
}
