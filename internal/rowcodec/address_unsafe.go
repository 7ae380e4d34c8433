//go:build !purego

package rowcodec

import (
	"encoding/binary"
	"math"
	"math/bits"
	"reflect"
	"time"
	"unsafe"
)

// The walk by address: the only use of unsafe in this package. address_pure.go is its twin.
//
// Invariant: p is the address of a live value of the type that the ops were compiled from, and each op's kind,
// offset and length come from that type's reflect layout. So every access below is an aligned access, inside that
// value, of exactly the Go type that lies there, or of one that differs only in its name. No pointer outlives the
// call but those that are stored in the value, which point to memory allocated for them here, of their type.

// appendAt appends the parts at p. The cases of integers meet behind the switch.
func appendAt(ops []op, dst []byte, p unsafe.Pointer) ([]byte, *Error) {
	for i := range ops {
		o := &ops[i]
		q := unsafe.Add(p, o.off)
		var x uint64
		switch o.kind {
		case kindU64:
			x = *(*uint64)(q)
		case kindI64:
			x = zigzag(*(*int64)(q))
		case kindU32:
			x = uint64(*(*uint32)(q))
		case kindI32:
			x = zigzag(int64(*(*int32)(q)))
		case kindU16:
			x = uint64(*(*uint16)(q))
		case kindI16:
			x = zigzag(int64(*(*int16)(q)))
		case kindBool, kindU8, kindI8:
			dst = append(dst, *(*uint8)(q))
			continue
		case kindF64:
			dst = binary.LittleEndian.AppendUint64(dst, *(*uint64)(q))
			continue
		case kindString:
			s := *(*string)(q)
			if len(s) < oneByte {
				dst = append(dst, byte(len(s)))
			} else {
				dst = appendUint(dst, uint64(len(s)))
			}
			dst = append(dst, s...)
			continue
		default:
			out, err := appendMore(o, dst, q)
			if err != nil {
				return nil, err.within(o.path)
			}
			dst = out
			continue
		}
		// appendUint by one store of a word, where there is room for it: half of its time, BenchmarkAppend/row=counters.
		at := len(dst)
		if cap(dst)-at < 1+8 {
			dst = appendUint(dst, x)
			continue
		}
		b := dst[at : at+1+8]
		if x < oneByte {
			b[0] = byte(x)
			dst = dst[:at+1]
			continue
		}
		n := (bits.Len64(x) + 7) / 8
		b[0] = byte(oneByte - 1 + n)
		binary.LittleEndian.PutUint64(b[1:], x)
		dst = dst[:at+1+n]
	}
	return dst, nil
}

// appendMore appends the part at q where it is rarer, or has parts of its own.
func appendMore(o *op, dst []byte, q unsafe.Pointer) ([]byte, *Error) {
	n := o.node
	switch o.kind {
	case kindF32:
		return binary.LittleEndian.AppendUint32(dst, *(*uint32)(q)), nil
	case kindComplex64:
		c := *(*[2]uint32)(q)
		return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(dst, c[0]), c[1]), nil
	case kindComplex128:
		c := *(*[2]uint64)(q)
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, c[0]), c[1]), nil
	case kindBytes:
		return appendBytes(dst, *(*[]byte)(q)), nil
	case kindArray8:
		return append(dst, unsafe.Slice((*byte)(q), o.n)...), nil
	case kindTime:
		return appendTime(dst, *(*time.Time)(q)), nil
	case kindStruct:
		return appendAt(n.ops, dst, q)
	case kindArray:
		return appendElemsAt(n.elem, dst, q, o.n)
	case kindSlice:
		s := (*sliceHeader)(q)
		if s.data == nil {
			return append(dst, 0), nil
		}
		return appendElemsAt(n.elem, appendUint(dst, uint64(s.len)+1), s.data, s.len)
	case kindPointer:
		to := *(*unsafe.Pointer)(q)
		if to == nil {
			return append(dst, 0), nil
		}
		return appendAt(n.elem.ops, append(dst, 1), to)
	case kindOpt:
		state := *(*uint8)(unsafe.Add(q, n.state))
		dst = append(dst, state)
		if state != optPresent {
			return dst, nil
		}
		return appendAt(n.elem.ops, dst, q)
	case kindMap:
		return appendMap(byAddress{}, n, dst, reflect.NewAt(n.typ, q).Elem())
	case kindMethods:
		return n.appendMethods(dst, reflect.NewAt(n.typ, q).Interface())
	}
	panic("rowcodec: no such kind")
}

func appendElemsAt(elem *node, dst []byte, p unsafe.Pointer, n int) (_ []byte, err *Error) {
	if len(elem.ops) == 0 {
		return dst, nil
	}
	size := elem.typ.Size()
	for i := range n { // by index: a pointer that is moved along would end behind the value
		if dst, err = appendAt(elem.ops, dst, unsafe.Add(p, uintptr(i)*size)); err != nil {
			return nil, err.within("[]")
		}
	}
	return dst, nil
}

// decodeAt reads the parts at p. Where it returns an error, rest begins at the part that is broken.
func decodeAt(ops []op, src []byte, p unsafe.Pointer) (rest []byte, err *Error) {
	for i := range ops {
		o := &ops[i]
		q := unsafe.Add(p, o.off)
		switch o.kind {
		case kindU8, kindI8:
			if len(src) == 0 {
				return src, cut(src, 1).within(o.path)
			}
			*(*uint8)(q) = src[0]
			src = src[1:]
		case kindBool:
			var flag byte
			if flag, src, err = takeFlag(src, 1); err != nil {
				return src, err.within(o.path)
			}
			*(*bool)(q) = flag == 1
		case kindU64, kindI64:
			x, n := uint64(0), 1
			if len(src) < 1+8 {
				x, n = takeUint(src)
			} else if x = uint64(src[0]); x >= oneByte { // takeLong without a call: half of its time, BenchmarkDecode/row=counters
				n += int(x) - (oneByte - 1)
				unused := uint(8*(1+8-n)) & 63
				x = binary.LittleEndian.Uint64(src[1:1+8]) << unused >> unused
				if x < oneByte || x>>(8*(n-2)&63) == 0 {
					n = 0
				}
			}
			if n == 0 {
				return src, badUint(src).within(o.path)
			}
			if o.kind == kindI64 {
				x = uint64(unzigzag(x))
			}
			*(*uint64)(q) = x
			src = src[n:]
		case kindU16, kindU32, kindI16, kindI32:
			x, n := takeUint(src)
			if n == 0 {
				return src, badUint(src).within(o.path)
			}
			if !storeSmall(o.kind, q, x) {
				return src, overflow(o.node).within(o.path)
			}
			src = src[n:]
		case kindF32:
			if len(src) < 4 {
				return src, cut(src, 4).within(o.path)
			}
			*(*float32)(q) = math.Float32frombits(binary.LittleEndian.Uint32(src))
			src = src[4:]
		case kindF64:
			if len(src) < 8 {
				return src, cut(src, 8).within(o.path)
			}
			*(*float64)(q) = math.Float64frombits(binary.LittleEndian.Uint64(src))
			src = src[8:]
		case kindComplex64:
			if len(src) < 8 {
				return src, cut(src, 8).within(o.path)
			}
			*(*[2]uint32)(q) = [2]uint32{binary.LittleEndian.Uint32(src), binary.LittleEndian.Uint32(src[4:])}
			src = src[8:]
		case kindComplex128:
			if len(src) < 16 {
				return src, cut(src, 16).within(o.path)
			}
			*(*[2]uint64)(q) = [2]uint64{binary.LittleEndian.Uint64(src), binary.LittleEndian.Uint64(src[8:])}
			src = src[16:]
		case kindString:
			var text []byte
			if text, src, err = takeText(src); err != nil {
				return src, err.within(o.path)
			}
			*(*string)(q) = string(text)
		case kindArray8:
			if len(src) < o.n {
				return src, cut(src, o.n).within(o.path)
			}
			copy(unsafe.Slice((*byte)(q), o.n), src)
			src = src[o.n:]
		case kindTime:
			if *(*time.Time)(q), src, err = takeTime(src); err != nil {
				return src, err.within(o.path)
			}
		default:
			if src, err = decodeMore(o, src, q); err != nil {
				return src, err.within(o.path)
			}
		}
	}
	return src, nil
}

// decodeMore reads a part that has parts of its own.
func decodeMore(o *op, src []byte, q unsafe.Pointer) (rest []byte, err *Error) {
	n := o.node
	switch o.kind {
	case kindStruct:
		return decodeAt(n.ops, src, q)
	case kindArray:
		return decodeElemsAt(n.elem, src, q, o.n)
	case kindBytes:
		count, isNil, rest, err := takeCount(src, 1)
		if err != nil {
			return src, err
		}
		var b []byte
		if !isNil {
			b = append(make([]byte, 0, count), rest[:count]...)
		}
		*(*[]byte)(q) = b
		return rest[count:], nil
	case kindSlice:
		count, isNil, rest, err := takeCount(src, n.elem.least)
		if err != nil {
			return src, err
		}
		s := (*sliceHeader)(q)
		if count == 0 {
			*s = sliceHeader{}
			if !isNil {
				s.data = unsafe.Pointer(&empty)
			}
			return rest, nil
		}
		growSlice(n, reflect.NewAt(n.typ, q).Elem(), count)
		return decodeElemsAt(n.elem, rest, s.data, count)
	case kindPointer:
		flag, rest, err := takeFlag(src, 1)
		if err != nil {
			return src, err
		}
		if flag == 0 {
			*(*unsafe.Pointer)(q) = nil
			return rest, nil
		}
		if len(rest) < n.elem.least {
			return rest, cut(rest, n.elem.least)
		}
		to := reflect.New(n.elem.typ).UnsafePointer()
		*(*unsafe.Pointer)(q) = to
		return decodeAt(n.elem.ops, rest, to)
	case kindOpt:
		state, rest, err := takeFlag(src, optPresent)
		if err != nil {
			return src, err
		}
		*(*uint8)(unsafe.Add(q, n.state)) = state
		if state < optPresent {
			reflect.NewAt(n.elem.typ, q).Elem().SetZero()
			return rest, nil
		}
		return decodeAt(n.elem.ops, rest, q)
	case kindMap:
		return decodeMap(byAddress{}, n, src, reflect.NewAt(n.typ, q).Elem())
	case kindMethods:
		return n.decodeMethods(src, reflect.NewAt(n.typ, q))
	}
	panic("rowcodec: no such kind")
}

func decodeElemsAt(elem *node, src []byte, p unsafe.Pointer, n int) (rest []byte, err *Error) {
	if len(elem.ops) == 0 {
		return src, nil
	}
	size := elem.typ.Size()
	for i := range n {
		if src, err = decodeAt(elem.ops, src, unsafe.Add(p, uintptr(i)*size)); err != nil {
			return src, err.within("[]")
		}
	}
	return src, nil
}

// storeSmall stores x, and reports whether it fits.
func storeSmall(k kind, q unsafe.Pointer, x uint64) bool {
	switch k {
	case kindU16:
		*(*uint16)(q) = uint16(x)
		return x <= math.MaxUint16
	case kindU32:
		*(*uint32)(q) = uint32(x)
		return x <= math.MaxUint32
	case kindI16: // the zigzag forms of n bits are the integers of n bits
		*(*int16)(q) = int16(unzigzag(x))
		return x <= math.MaxUint16
	}
	*(*int32)(q) = int32(unzigzag(x))
	return x <= math.MaxUint32
}

// heldAt sums what the parts at p hold outside themselves.
func heldAt(ops []op, p unsafe.Pointer) (sum int64) {
	for i := range ops {
		o := &ops[i]
		n := o.node
		if !n.holds {
			continue
		}
		q := unsafe.Add(p, o.off)
		switch o.kind {
		case kindString:
			sum += int64(len(*(*string)(q)))
		case kindBytes:
			sum += int64(cap(*(*[]byte)(q)))
		case kindStruct:
			sum += heldAt(n.ops, q)
		case kindArray:
			sum += heldElemsAt(n.elem, q, o.n)
		case kindSlice:
			s := (*sliceHeader)(q)
			sum += int64(s.cap)*int64(n.elem.typ.Size()) + heldElemsAt(n.elem, s.data, s.len)
		case kindPointer:
			if to := *(*unsafe.Pointer)(q); to != nil {
				sum += int64(n.elem.typ.Size()) + heldAt(n.elem.ops, to)
			}
		case kindOpt: // the value is zero where there is none
			sum += heldAt(n.elem.ops, q)
		case kindMap:
			sum += heldMap(byAddress{}, n, reflect.NewAt(n.typ, q).Elem())
		case kindMethods:
			sum += n.heldMethods(reflect.NewAt(n.typ, q).Interface())
		}
	}
	return sum
}

func heldElemsAt(elem *node, p unsafe.Pointer, n int) (sum int64) {
	if !elem.holds {
		return 0
	}
	size := elem.typ.Size()
	for i := range n {
		sum += heldAt(elem.ops, unsafe.Add(p, uintptr(i)*size))
	}
	return sum
}

// sliceHeader is what a slice of any type is made of.
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

// empty is what slices without elements point to.
var empty struct{}

// byAddress is the walk for the keys and values of maps, which come as addressable reflect.Values.
type byAddress struct{}

func (byAddress) append(n *node, dst []byte, v reflect.Value) ([]byte, *Error) {
	return appendAt(n.ops, dst, v.Addr().UnsafePointer())
}

func (byAddress) decode(n *node, src []byte, v reflect.Value) ([]byte, *Error) {
	return decodeAt(n.ops, src, v.Addr().UnsafePointer())
}

func (byAddress) held(n *node, v reflect.Value) int64 { return heldAt(n.ops, v.Addr().UnsafePointer()) }

func appendRow[T any](n *node, dst []byte, v *T) ([]byte, *Error) {
	return appendAt(n.ops, dst, unsafe.Pointer(v))
}

func decodeRow[T any](n *node, src []byte, v *T) ([]byte, *Error) {
	return decodeAt(n.ops, src, unsafe.Pointer(v))
}

func heldRow[T any](n *node, v *T) int64 { return heldAt(n.ops, unsafe.Pointer(v)) }
