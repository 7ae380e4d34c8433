package rowcodec

import (
	"encoding"
	"encoding/binary"
	"math"
	"reflect"
	"time"
)

// byReflection is the walk by reflection: the plain twin of the walk by address in address_unsafe.go. It serves
// all rows under the purego tag, and the tests as the oracle. Values are addressable.
type byReflection struct{}

// float32Of and complex64Of give an address, for reflect's own getters convert to 64 bits, which quiets NaNs.
func float32Of(v reflect.Value) *float32 {
	return v.Addr().Convert(reflect.TypeFor[*float32]()).Interface().(*float32)
}

func complex64Of(v reflect.Value) *complex64 {
	return v.Addr().Convert(reflect.TypeFor[*complex64]()).Interface().(*complex64)
}

// append appends the bytes of v, which is of the node's type.
func (w byReflection) append(n *node, dst []byte, v reflect.Value) (out []byte, err *Error) {
	switch n.kind {
	case kindNone:
		return dst, nil
	case kindBool:
		if v.Bool() {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case kindU8:
		return append(dst, byte(v.Uint())), nil
	case kindI8:
		return append(dst, byte(v.Int())), nil
	case kindU16, kindU32, kindU64:
		return appendUint(dst, v.Uint()), nil
	case kindI16, kindI32, kindI64:
		return appendUint(dst, zigzag(v.Int())), nil
	case kindF32:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(*float32Of(v))), nil
	case kindF64:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Float())), nil
	case kindComplex64:
		c := complex64Of(v)
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(real(*c)))
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(imag(*c))), nil
	case kindComplex128:
		c := v.Complex()
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(real(c)))
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(imag(c))), nil
	case kindString:
		return appendText(dst, v.String()), nil
	case kindBytes:
		return appendBytes(dst, v.Bytes()), nil
	case kindArray8:
		return append(dst, v.Bytes()...), nil
	case kindTime:
		return appendTime(dst, v.Convert(timeType).Interface().(time.Time)), nil
	case kindSlice:
		if v.IsNil() {
			return append(dst, 0), nil
		}
		dst = appendUint(dst, uint64(v.Len())+1)
		if len(n.elem.ops) == 0 {
			return dst, nil
		}
		return w.appendElems(n, dst, v)
	case kindArray:
		return w.appendElems(n, dst, v)
	case kindMap:
		return appendMap(w, n, dst, v)
	case kindPointer:
		if v.IsNil() {
			return append(dst, 0), nil
		}
		return w.append(n.elem, append(dst, 1), v.Elem())
	case kindOpt:
		// The two fields cannot be set from here, so that stream.Opt has methods; what they append is our form.
		if out, cause := v.Addr().Interface().(encoding.BinaryAppender).AppendBinary(dst); cause == nil {
			return out, nil
		} else {
			return nil, &Error{What: "its own method fails", Err: cause}
		}
	case kindMethods:
		return n.appendMethods(dst, v.Addr().Interface())
	}
	for i := range n.fields {
		f := &n.fields[i]
		if dst, err = w.append(f.node, dst, v.Field(f.index)); err != nil {
			return nil, err.within(f.step)
		}
	}
	return dst, nil
}

func (w byReflection) appendElems(n *node, dst []byte, v reflect.Value) (_ []byte, err *Error) {
	for i := range v.Len() {
		if dst, err = w.append(n.elem, dst, v.Index(i)); err != nil {
			return nil, err.within("[]")
		}
	}
	return dst, nil
}

func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return append(dst, 0)
	}
	return append(appendUint(dst, uint64(len(b))+1), b...)
}

// decode reads into v, overwriting all of it.
func (w byReflection) decode(n *node, src []byte, v reflect.Value) (rest []byte, err *Error) {
	switch n.kind {
	case kindNone:
		return src, nil
	case kindBool:
		flag, rest, err := takeFlag(src, 1)
		if err == nil {
			v.SetBool(flag == 1)
		}
		return rest, err
	case kindU8, kindI8:
		if len(src) == 0 {
			return src, cut(src, 1)
		}
		if n.kind == kindU8 {
			v.SetUint(uint64(src[0]))
		} else {
			v.SetInt(int64(int8(src[0])))
		}
		return src[1:], nil
	case kindU16, kindU32, kindU64, kindI16, kindI32, kindI64:
		x, took := takeUint(src)
		if took == 0 {
			return src, badUint(src)
		}
		if n.kind < kindI8 {
			if v.OverflowUint(x) {
				return src, overflow(n)
			}
			v.SetUint(x)
		} else {
			if v.OverflowInt(unzigzag(x)) {
				return src, overflow(n)
			}
			v.SetInt(unzigzag(x))
		}
		return src[took:], nil
	case kindF32, kindF64, kindComplex64, kindComplex128, kindArray8:
		if len(src) < n.least {
			return src, cut(src, n.least)
		}
		w.decodeFixed(n, src, v)
		return src[n.least:], nil
	case kindString:
		text, rest, err := takeText(src)
		if err == nil {
			v.SetString(string(text))
		}
		return rest, err
	case kindBytes:
		count, isNil, rest, err := takeCount(src, 1)
		if err != nil {
			return src, err
		}
		if isNil {
			v.SetZero()
			return rest, nil
		}
		b := make([]byte, count)
		copy(b, rest)
		v.Set(reflect.ValueOf(b).Convert(n.typ))
		return rest[count:], nil
	case kindTime:
		t, rest, err := takeTime(src)
		if err == nil {
			v.Set(reflect.ValueOf(t).Convert(n.typ))
		}
		return rest, err
	case kindSlice:
		count, isNil, rest, err := takeCount(src, n.elem.least)
		if err != nil {
			return src, err
		}
		if isNil {
			v.SetZero()
			return rest, nil
		}
		growSlice(n, v, count)
		if len(n.elem.ops) == 0 {
			return rest, nil
		}
		return w.decodeElems(n, rest, v)
	case kindArray:
		return w.decodeElems(n, src, v)
	case kindMap:
		return decodeMap(w, n, src, v)
	case kindPointer:
		flag, rest, err := takeFlag(src, 1)
		if err != nil {
			return src, err
		}
		if flag == 0 {
			v.SetZero()
			return rest, nil
		}
		if len(rest) < n.elem.least {
			return rest, cut(rest, n.elem.least)
		}
		v.Set(reflect.New(n.elem.typ).Convert(n.typ))
		return w.decode(n.elem, rest, v.Elem())
	case kindOpt:
		rest, err := n.skip(src)
		if err != nil {
			return rest, err
		}
		if cause := v.Addr().Interface().(encoding.BinaryUnmarshaler).UnmarshalBinary(src[:len(src)-len(rest)]); cause != nil {
			return src, &Error{What: "its own method refuses", Err: cause}
		}
		return rest, nil
	case kindMethods:
		return n.decodeMethods(src, v.Addr())
	}
	for i := range n.fields {
		f := &n.fields[i]
		if src, err = w.decode(f.node, src, v.Field(f.index)); err != nil {
			return src, err.within(f.step)
		}
	}
	return src, nil
}

// growSlice gives v count new elements. Grow, for MakeSlice would allocate a header too.
func growSlice(n *node, v reflect.Value, count int) {
	if count == 0 {
		v.Set(reflect.MakeSlice(n.typ, 0, 0))
		return
	}
	v.SetZero()
	v.Grow(count)
	v.SetLen(count)
}

func (w byReflection) decodeElems(n *node, src []byte, v reflect.Value) (_ []byte, err *Error) {
	for i := range v.Len() {
		if src, err = w.decode(n.elem, src, v.Index(i)); err != nil {
			return src, err.within("[]")
		}
	}
	return src, nil
}

// decodeFixed reads what is always n.least bytes.
func (byReflection) decodeFixed(n *node, src []byte, v reflect.Value) {
	switch n.kind {
	case kindF32:
		*float32Of(v) = math.Float32frombits(binary.LittleEndian.Uint32(src))
	case kindF64:
		v.SetFloat(math.Float64frombits(binary.LittleEndian.Uint64(src)))
	case kindComplex64:
		c := complex64Of(v)
		*c = complex(math.Float32frombits(binary.LittleEndian.Uint32(src)), math.Float32frombits(binary.LittleEndian.Uint32(src[4:])))
	case kindComplex128:
		v.SetComplex(complex(math.Float64frombits(binary.LittleEndian.Uint64(src)), math.Float64frombits(binary.LittleEndian.Uint64(src[8:]))))
	case kindArray8:
		copy(v.Bytes(), src)
	}
}

func overflow(n *node) *Error { return broken("an integer does not fit %v", n.typ) }

// held sums what v holds outside itself.
func (w byReflection) held(n *node, v reflect.Value) (sum int64) {
	switch {
	case !n.holds:
		return 0
	case n.kind == kindString:
		return int64(v.Len())
	case n.kind == kindBytes:
		return int64(v.Cap())
	case n.kind == kindSlice:
		return int64(v.Cap())*int64(n.elem.typ.Size()) + w.heldElems(n, v)
	case n.kind == kindArray:
		return w.heldElems(n, v)
	case n.kind == kindMap:
		return heldMap(w, n, v)
	case n.kind == kindPointer:
		if v.IsNil() {
			return 0
		}
		return int64(n.elem.typ.Size()) + w.held(n.elem, v.Elem())
	case n.kind == kindOpt:
		return w.heldOpt(n, v)
	case n.kind == kindMethods:
		return n.heldMethods(v.Addr().Interface())
	}
	for i := range n.fields {
		f := &n.fields[i]
		sum += w.held(f.node, v.Field(f.index))
	}
	return sum
}

// heldOpt measures a copy, for the value itself is in an unexported field.
func (w byReflection) heldOpt(n *node, v reflect.Value) int64 {
	b, err := w.append(n, nil, v)
	if err != nil || b[0] != optPresent {
		return 0
	}
	value := reflect.New(n.elem.typ).Elem()
	if _, err := w.decode(n.elem, b[1:], value); err != nil {
		return 0
	}
	return w.held(n.elem, value)
}

func (w byReflection) heldElems(n *node, v reflect.Value) (sum int64) {
	if n.elem.holds {
		for i := range v.Len() {
			sum += w.held(n.elem, v.Index(i))
		}
	}
	return sum
}
