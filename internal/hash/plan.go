package hash

import (
	"reflect"
	"strconv"
	"sync"
	"time"
)

// kind says how a leaf of a key is read, hashed and compared.
type kind uint8

const (
	kindInvalid kind = iota
	kindU8           // bool and the unsigned integers, zero-extended
	kindU16
	kindU32
	kindU64
	kindI8 // the signed integers, sign-extended, so that int on 386 agrees with int on amd64
	kindI16
	kindI32
	kindI64
	kindF32 // floats and the parts of complex numbers: one zero, one NaN
	kindF64
	kindString
	kindBytes // an array of bytes, hashed as one string
	kindTime  // two leaves: Unix seconds, nanoseconds
	kindEface // an interface without methods: type name, then the value's leaves; one leaf
	kindIface // an interface with methods: the same, but another memory layout
	kindLoop  // an array too long to unroll
)

// node is what is known of one type: a tree that follows the type, for the walk by reflection, and the same
// leaves as a flat list, for the walk by address.
type node struct {
	typ     reflect.Type
	kind    kind // kindInvalid: a struct, an array or a complex number, see below
	fields  []field
	elem    *node        // of an array; nil otherwise
	complex reflect.Kind // Complex64, Complex128, or Invalid
	ops     []op         // the leaves in order of declaration, arrays unrolled
	leaves  int          // number of leaves of the hash, a constant of the type
	name    uint64       // hash of the type's full name: stands for the type inside an interface
	exact   bool         // Go's == is the equality of keys: no float, time or interface inside
	dynamic bool         // holds an interface
	holds   bool         // may hold bytes outside itself: a string or an interface
	shape   shape        // of ops
}

// field is one non-blank field of a struct.
type field struct {
	index int
	name  string
	node  *node
}

// op is one leaf at a fixed offset.
type op struct {
	kind   kind
	off    uintptr // bytes from the start of the value, in a loop from the start of the element
	n      int     // kindBytes: length in bytes; kindLoop: number of elements
	stride uintptr // kindLoop: bytes from element to element
	elem   *node   // kindLoop
	path   string  // kindEface, kindIface, kindLoop: for errors, ".User.ID"
}

// shape names the few lists of leaves that most keys have, so that they are hashed without a loop.
type shape uint8

const (
	shapeAny          shape = iota
	shapeWord               // one 64-bit integer
	shapeString             // one string
	shapeBytes              // one array of bytes
	shapeWordWord           // a struct of two 64-bit integers
	shapeWordU32            // a struct of a 64-bit integer and a uint32
	shapeWordString         // a struct of a 64-bit integer and a string
	shapeStringString       // a struct of two strings
)

// shapeOf looks at the leaves.
func shapeOf(ops []op) shape {
	class := func(k kind) kind {
		if k == kindI64 {
			return kindU64
		}
		return k
	}
	switch len(ops) {
	case 1:
		switch class(ops[0].kind) {
		case kindU64:
			return shapeWord
		case kindString:
			return shapeString
		case kindBytes:
			return shapeBytes
		}
	case 2:
		switch [2]kind{class(ops[0].kind), class(ops[1].kind)} {
		case [2]kind{kindU64, kindU64}:
			return shapeWordWord
		case [2]kind{kindU64, kindU32}:
			return shapeWordU32
		case [2]kind{kindU64, kindString}:
			return shapeWordString
		case [2]kind{kindString, kindString}:
			return shapeStringString
		}
	}
	return shapeAny
}

// maxUnrolled bounds the flat list: an array of more leaves becomes a loop.
const maxUnrolled = 64

var timeType = reflect.TypeFor[time.Time]()

// nodes caches compiled types (reflect.Type to *node or *KeyTypeError): the dynamic types of interface keys
// are looked up once per key. It holds at most as many entries as the program has types.
var nodes sync.Map

// nodeOf compiles t, or returns what was compiled before.
func nodeOf(t reflect.Type) (*node, *KeyTypeError) {
	if v, ok := nodes.Load(t); ok {
		if n, ok := v.(*node); ok {
			return n, nil
		}
		return nil, v.(*KeyTypeError)
	}
	n, err := compile(t)
	if err != nil {
		nodes.Store(t, err)
		return nil, err
	}
	n.shape = shapeOf(n.ops)
	v, _ := nodes.LoadOrStore(t, n)
	return v.(*node), nil
}

// compile builds the node of t. A type that can be a key is not recursive but through interfaces, so it ends.
func compile(t reflect.Type) (*node, *KeyTypeError) {
	n := &node{typ: t, leaves: 1, exact: true, name: String(fullName(t), 0)}
	refuse := func(path, what string) (*node, *KeyTypeError) {
		return nil, &KeyTypeError{Type: t, Path: path, What: what}
	}
	switch k := t.Kind(); k {
	case reflect.Bool:
		n.kind = kindU8
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n.kind = [...]kind{1: kindI8, 2: kindI16, 4: kindI32, 8: kindI64}[t.Size()]
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n.kind = [...]kind{1: kindU8, 2: kindU16, 4: kindU32, 8: kindU64}[t.Size()]
	case reflect.Float32:
		n.kind, n.exact = kindF32, false
	case reflect.Float64:
		n.kind, n.exact = kindF64, false
	case reflect.Complex64:
		n.complex, n.exact, n.leaves = k, false, 2
		n.ops = []op{{kind: kindF32}, {kind: kindF32, off: 4}}
	case reflect.Complex128:
		n.complex, n.exact, n.leaves = k, false, 2
		n.ops = []op{{kind: kindF64}, {kind: kindF64, off: 8}}
	case reflect.String:
		n.kind, n.holds = kindString, true
	case reflect.Interface:
		n.kind, n.exact, n.dynamic, n.holds = kindEface, false, true, true
		if t.NumMethod() > 0 {
			n.kind = kindIface
		}
	case reflect.Array:
		return compileArray(n)
	case reflect.Struct:
		if t.ConvertibleTo(timeType) {
			n.kind, n.exact, n.leaves = kindTime, false, 2
			break
		}
		return compileStruct(n)
	case reflect.Pointer:
		return refuse("", "a pointer")
	case reflect.Chan:
		return refuse("", "a channel")
	case reflect.UnsafePointer:
		return refuse("", "an unsafe.Pointer")
	default:
		return refuse("", "a "+k.String()+", which is not comparable")
	}
	if n.kind != kindInvalid {
		n.ops = []op{{kind: n.kind}}
	}
	return n, nil
}

func compileArray(n *node) (*node, *KeyTypeError) {
	t := n.typ
	elem, err := nodeOf(t.Elem())
	if err != nil {
		return nil, &KeyTypeError{Type: t, Path: "[]" + err.Path, What: err.What}
	}
	n.elem = elem
	if t.Elem().Kind() == reflect.Uint8 {
		n.kind = kindBytes
		n.ops = []op{{kind: kindBytes, n: t.Len()}}
		return n, nil
	}
	n.exact, n.dynamic, n.holds = elem.exact, elem.dynamic, elem.holds
	if len(elem.ops) == 0 { // nothing to look at, however many: [1<<40]struct{} is a type
		n.elem = nil
		n.leaves = 0
		return n, nil
	}
	n.leaves = elem.leaves * t.Len()
	if len(elem.ops)*t.Len() > maxUnrolled {
		n.ops = []op{{kind: kindLoop, n: t.Len(), stride: t.Elem().Size(), elem: elem}}
		return n, nil
	}
	for i := range t.Len() {
		n.ops = appendOps(n.ops, elem.ops, uintptr(i)*t.Elem().Size(), "["+strconv.Itoa(i)+"]")
	}
	return n, nil
}

func compileStruct(n *node) (*node, *KeyTypeError) {
	t := n.typ
	n.leaves = 0
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" { // Go's == does not look at it, nor do we
			if !f.Type.Comparable() {
				return nil, &KeyTypeError{Type: t, Path: "._", What: "a " + f.Type.Kind().String() + ", which is not comparable"}
			}
			continue
		}
		fn, err := nodeOf(f.Type)
		if err != nil {
			return nil, &KeyTypeError{Type: t, Path: "." + f.Name + err.Path, What: err.What}
		}
		n.fields = append(n.fields, field{index: i, name: f.Name, node: fn})
		n.ops = appendOps(n.ops, fn.ops, f.Offset, "."+f.Name)
		n.leaves += fn.leaves
		n.exact = n.exact && fn.exact
		n.dynamic = n.dynamic || fn.dynamic
		n.holds = n.holds || fn.holds
	}
	return n, nil
}

// appendOps appends the leaves of a part that lies off bytes into the whole.
func appendOps(dst, part []op, off uintptr, path string) []op {
	for _, o := range part {
		o.off += off
		o.path = path + o.path
		dst = append(dst, o)
	}
	return dst
}

// fullName names a type with its import path; reflect's String has only the last element of the path. Two
// types may still share a full name (local to two functions): their keys are told apart by type, only their
// hashes meet.
func fullName(t reflect.Type) string {
	if t.Name() != "" && t.PkgPath() != "" {
		return t.PkgPath() + "." + t.Name()
	}
	return t.String()
}
