package hash

import (
	"reflect"
	"strconv"
)

// The walk by reflection: the plain twin of the walk by address in read_unsafe.go. It serves values inside
// interfaces, and all keys under the purego tag; both give the same hashes.

// fold appends the leaves of v, which is of the node's type.
func (n *node) fold(h uint64, v reflect.Value) uint64 {
	switch n.kind {
	case kindU8:
		if v.Kind() == reflect.Bool {
			if v.Bool() {
				return foldWord(h, 1)
			}
			return foldWord(h, 0)
		}
		return foldWord(h, v.Uint())
	case kindU16, kindU32, kindU64:
		return foldWord(h, v.Uint())
	case kindI8, kindI16, kindI32, kindI64:
		return foldWord(h, uint64(v.Int()))
	case kindF32:
		return foldWord(h, word32(float32(v.Float())))
	case kindF64:
		return foldWord(h, word64(v.Float()))
	case kindString:
		return foldString(h, v.String())
	case kindBytes:
		return Bytes(arrayBytes(v), h)
	case kindTime:
		return foldTime(h, instantIn(v))
	case kindEface, kindIface:
		return foldInterface(h, v.Elem())
	}
	switch n.complex {
	case reflect.Complex64:
		c := complex64(v.Complex())
		return foldWord(foldWord(h, word32(real(c))), word32(imag(c)))
	case reflect.Complex128:
		c := v.Complex()
		return foldWord(foldWord(h, word64(real(c))), word64(imag(c)))
	}
	if n.elem != nil {
		for i := range v.Len() {
			h = n.elem.fold(h, v.Index(i))
		}
		return h
	}
	for i := range n.fields {
		f := &n.fields[i]
		h = f.node.fold(h, v.Field(f.index))
	}
	return h
}

// equal compares a and b, both of the node's type.
func (n *node) equal(a, b reflect.Value) bool {
	switch n.kind {
	case kindU8:
		if a.Kind() == reflect.Bool {
			return a.Bool() == b.Bool()
		}
		return a.Uint() == b.Uint()
	case kindU16, kindU32, kindU64:
		return a.Uint() == b.Uint()
	case kindI8, kindI16, kindI32, kindI64:
		return a.Int() == b.Int()
	case kindF32, kindF64:
		return sameFloat(a.Float(), b.Float())
	case kindString:
		return a.String() == b.String()
	case kindTime:
		return instantIn(a) == instantIn(b)
	case kindEface, kindIface:
		return equalInterface(a.Elem(), b.Elem())
	}
	if n.complex != reflect.Invalid {
		x, y := a.Complex(), b.Complex()
		return sameFloat(real(x), real(y)) && sameFloat(imag(x), imag(y))
	}
	if n.elem != nil {
		for i := range a.Len() {
			if !n.elem.equal(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	}
	for i := range n.fields {
		f := &n.fields[i]
		if !f.node.equal(a.Field(f.index), b.Field(f.index)) {
			return false
		}
	}
	return true
}

// check looks for an interface that holds what cannot be a key.
func (n *node) check(v reflect.Value) *KeyError {
	if !n.dynamic {
		return nil
	}
	switch {
	case n.kind == kindEface || n.kind == kindIface:
		return checkInterface(v.Elem())
	case n.elem != nil:
		for i := range v.Len() {
			if err := n.elem.check(v.Index(i)); err != nil {
				return err.within("[" + strconv.Itoa(i) + "]")
			}
		}
	}
	for i := range n.fields {
		f := &n.fields[i]
		if err := f.node.check(v.Field(f.index)); err != nil {
			return err.within("." + f.name)
		}
	}
	return nil
}

// held sums what v holds outside itself.
func (n *node) held(v reflect.Value) (sum int64) {
	switch {
	case !n.holds:
		return 0
	case n.kind == kindString:
		return int64(v.Len())
	case n.kind == kindEface || n.kind == kindIface:
		return heldByInterface(v.Elem())
	case n.elem != nil:
		for i := range v.Len() {
			sum += n.elem.held(v.Index(i))
		}
	}
	for i := range n.fields {
		f := &n.fields[i]
		sum += f.node.held(v.Field(f.index))
	}
	return sum
}

// arrayBytes gives the elements of an array of bytes; a copy where the array has no address.
func arrayBytes(v reflect.Value) []byte {
	if v.CanAddr() {
		return v.Bytes()
	}
	b := make([]byte, v.Len())
	for i := range b {
		b[i] = byte(v.Index(i).Uint())
	}
	return b
}

// hashValue is the whole hash of a key by reflection. A key that is one string needs no end: its hash is that
// of the string.
func hashValue(n *node, v reflect.Value, seed uint64) uint64 {
	if n.shape == shapeString || n.shape == shapeBytes {
		return n.fold(seed, v)
	}
	return finish(n.fold(seed, v), n.leaves)
}
