//go:build !purego

package hash

import (
	"reflect"
	"strconv"
	"time"
	"unsafe"
)

// The walk by address: the only use of unsafe in this package. read_pure.go is its twin.
//
// Invariant: p is the address of a live value of the type that the ops were compiled from, and each op's kind,
// offset and length come from that type's reflect layout. So every read below is an aligned read, inside that
// value, of exactly the Go type that lies there, and so is every write, which ownAt alone does; no pointer outlives the call.

// foldAt appends the leaves at p.
func foldAt(h uint64, ops []op, p unsafe.Pointer) uint64 {
	for i := range ops {
		o := &ops[i]
		q := unsafe.Add(p, o.off)
		switch o.kind {
		case kindU8:
			h = foldWord(h, uint64(*(*uint8)(q)))
		case kindU16:
			h = foldWord(h, uint64(*(*uint16)(q)))
		case kindU32:
			h = foldWord(h, uint64(*(*uint32)(q)))
		case kindU64:
			h = foldWord(h, *(*uint64)(q))
		case kindI8:
			h = foldWord(h, uint64(*(*int8)(q)))
		case kindI16:
			h = foldWord(h, uint64(*(*int16)(q)))
		case kindI32:
			h = foldWord(h, uint64(*(*int32)(q)))
		case kindI64:
			h = foldWord(h, uint64(*(*int64)(q)))
		case kindF32:
			h = foldWord(h, word32(*(*float32)(q)))
		case kindF64:
			h = foldWord(h, word64(*(*float64)(q)))
		case kindString:
			h = foldString(h, *(*string)(q))
		case kindBytes:
			h = Bytes(unsafe.Slice((*byte)(q), o.n), h)
		case kindTime:
			h = foldTime(h, instantOf(*(*time.Time)(q)))
		case kindEface, kindIface:
			h = foldAny(h, loadInterface(o.kind, q))
		case kindLoop:
			for j := range o.n { // by index: a pointer that is moved along would end behind the value
				h = foldAt(h, o.elem.ops, unsafe.Add(q, uintptr(j)*o.stride))
			}
		}
	}
	return h
}

// equalAt compares the leaves at p with those at q.
func equalAt(ops []op, p, q unsafe.Pointer) bool {
	for i := range ops {
		o := &ops[i]
		a, b := unsafe.Add(p, o.off), unsafe.Add(q, o.off)
		var same bool
		switch o.kind {
		case kindU8, kindI8:
			same = *(*uint8)(a) == *(*uint8)(b)
		case kindU16, kindI16:
			same = *(*uint16)(a) == *(*uint16)(b)
		case kindU32, kindI32:
			same = *(*uint32)(a) == *(*uint32)(b)
		case kindU64, kindI64:
			same = *(*uint64)(a) == *(*uint64)(b)
		case kindF32:
			same = sameFloat(*(*float32)(a), *(*float32)(b))
		case kindF64:
			same = sameFloat(*(*float64)(a), *(*float64)(b))
		case kindString:
			same = *(*string)(a) == *(*string)(b)
		case kindBytes:
			same = string(unsafe.Slice((*byte)(a), o.n)) == string(unsafe.Slice((*byte)(b), o.n))
		case kindTime:
			same = instantOf(*(*time.Time)(a)) == instantOf(*(*time.Time)(b))
		case kindEface, kindIface:
			same = equalInterface(reflect.ValueOf(loadInterface(o.kind, a)), reflect.ValueOf(loadInterface(o.kind, b)))
		case kindLoop:
			same = true
			for i := 0; same && i < o.n; i++ {
				same = equalAt(o.elem.ops, unsafe.Add(a, uintptr(i)*o.stride), unsafe.Add(b, uintptr(i)*o.stride))
			}
		}
		if !same {
			return false
		}
	}
	return true
}

// checkAt looks for an interface that holds what cannot be a key.
func checkAt(ops []op, p unsafe.Pointer) *KeyError {
	for i := range ops {
		o := &ops[i]
		q := unsafe.Add(p, o.off)
		switch {
		case o.kind == kindEface || o.kind == kindIface:
			if err := checkInterface(reflect.ValueOf(loadInterface(o.kind, q))); err != nil {
				return err.within(o.path)
			}
		case o.kind == kindLoop && o.elem.dynamic:
			for j := range o.n {
				if err := checkAt(o.elem.ops, unsafe.Add(q, uintptr(j)*o.stride)); err != nil {
					return err.within(o.path + "[" + strconv.Itoa(j) + "]")
				}
			}
		}
	}
	return nil
}

// heldAt sums what the leaves at p hold outside themselves.
func heldAt(ops []op, p unsafe.Pointer) (sum int64) {
	for i := range ops {
		o := &ops[i]
		q := unsafe.Add(p, o.off)
		switch {
		case o.kind == kindString:
			sum += int64(len(*(*string)(q)))
		case o.kind == kindEface || o.kind == kindIface:
			sum += heldByInterface(reflect.ValueOf(loadInterface(o.kind, q)))
		case o.kind == kindLoop && o.elem.holds:
			for j := range o.n {
				sum += heldAt(o.elem.ops, unsafe.Add(q, uintptr(j)*o.stride))
			}
		}
	}
	return sum
}

// ownAt puts copies in the place of the strings at p.
func ownAt(ops []op, p unsafe.Pointer, text *Text) {
	for i := range ops {
		o := &ops[i]
		q := unsafe.Add(p, o.off)
		switch {
		case o.kind == kindString:
			s := (*string)(q)
			*s = text.Copy(*s)
		case o.kind == kindEface:
			if s, ok := (*(*any)(q)).(string); ok {
				*(*any)(q) = text.Copy(s)
			}
		case o.kind == kindLoop && o.elem.holds:
			for j := range o.n {
				ownAt(o.elem.ops, unsafe.Add(q, uintptr(j)*o.stride), text)
			}
		}
	}
}

// loadInterface copies the interface at q. All interfaces with methods share one layout (a table that knows
// the type, then the value), so any such interface type reads it; the conversion looks only at the type.
func loadInterface(k kind, q unsafe.Pointer) any {
	if k == kindEface {
		return *(*any)(q)
	}
	return *(*interface{ unused() })(q)
}

// hashKey hashes *k. The shapes are what the last line does, written out; TestShapes_EqualTheWalk holds them to
// it.
func hashKey[K comparable](n *node, k *K, seed uint64) uint64 {
	return hashAt(n, unsafe.Pointer(k), seed)
}

// hashEach is hashKey of each key with seed 0, the shapes decided once.
func hashEach[K comparable](n *node, keys []K, hashes []uint64) {
	hashes = hashes[:len(keys)]
	switch n.shape {
	case shapeWord:
		a := n.ops[0].off
		for i := range keys {
			hashes[i] = Uint64(*(*uint64)(unsafe.Add(unsafe.Pointer(&keys[i]), a)), 0)
		}
	case shapeWordWord:
		a, b := n.ops[0].off, n.ops[1].off
		for i := range keys {
			p := unsafe.Pointer(&keys[i])
			h := foldWord(0, *(*uint64)(unsafe.Add(p, a)))
			hashes[i] = finish(foldWord(h, *(*uint64)(unsafe.Add(p, b))), 2)
		}
	case shapeWordU32:
		a, b := n.ops[0].off, n.ops[1].off
		for i := range keys {
			p := unsafe.Pointer(&keys[i])
			h := foldWord(0, *(*uint64)(unsafe.Add(p, a)))
			hashes[i] = finish(foldWord(h, uint64(*(*uint32)(unsafe.Add(p, b)))), 2)
		}
	default:
		for i := range keys {
			hashes[i] = hashAt(n, unsafe.Pointer(&keys[i]), 0)
		}
	}
}

func hashAt(n *node, p unsafe.Pointer, seed uint64) uint64 {
	ops := n.ops
	switch n.shape {
	case shapeWord:
		return Uint64(*(*uint64)(unsafe.Add(p, ops[0].off)), seed)
	case shapeString:
		return String(*(*string)(unsafe.Add(p, ops[0].off)), seed)
	case shapeBytes:
		return Bytes(unsafe.Slice((*byte)(unsafe.Add(p, ops[0].off)), ops[0].n), seed)
	case shapeWordWord:
		h := foldWord(seed, *(*uint64)(unsafe.Add(p, ops[0].off)))
		return finish(foldWord(h, *(*uint64)(unsafe.Add(p, ops[1].off))), 2)
	case shapeWordU32:
		h := foldWord(seed, *(*uint64)(unsafe.Add(p, ops[0].off)))
		return finish(foldWord(h, uint64(*(*uint32)(unsafe.Add(p, ops[1].off)))), 2)
	case shapeWordString:
		h := foldWord(seed, *(*uint64)(unsafe.Add(p, ops[0].off)))
		return finish(foldString(h, *(*string)(unsafe.Add(p, ops[1].off))), 2)
	case shapeStringString:
		h := foldString(seed, *(*string)(unsafe.Add(p, ops[0].off)))
		return finish(foldString(h, *(*string)(unsafe.Add(p, ops[1].off))), 2)
	}
	return finish(foldAt(seed, ops, p), n.leaves)
}

func equalKeys[K comparable](n *node, a, b *K) bool {
	return equalAt(n.ops, unsafe.Pointer(a), unsafe.Pointer(b))
}

func checkKey[K comparable](n *node, k *K) *KeyError { return checkAt(n.ops, unsafe.Pointer(k)) }

func heldBy[K comparable](n *node, k *K) int64 { return heldAt(n.ops, unsafe.Pointer(k)) }

func own[K comparable](n *node, k *K, text *Text) { ownAt(n.ops, unsafe.Pointer(k), text) }
