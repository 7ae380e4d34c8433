package rowcodec

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// kind says how a part of a row is written and read.
type kind uint8

const (
	kindNone kind = iota // nothing to write: struct{}, [0]T
	kindBool
	kindU8 // the unsigned integers by size, so that uint on 386 reads what amd64 wrote
	kindU16
	kindU32
	kindU64
	kindI8
	kindI16
	kindI32
	kindI64
	kindF32
	kindF64
	kindString
	kindBytes  // a slice of bytes
	kindArray8 // an array of bytes
	kindTime
	kindComplex64
	kindComplex128
	kindArray // and large structs inside others: n elements, stride bytes apart
	kindSlice
	kindMap
	kindPointer
	kindOpt
	kindMethods
	kindStruct
)

// node is what is known of one type: a tree that follows the type, for the walk by reflection, and a flat list
// of the same parts, for the walk by address.
type node struct {
	typ    reflect.Type
	kind   kind
	elem   *node // of arrays, slices, maps (the values), pointers, Opts
	key    *node // of maps
	fields []field
	state  uintptr // kindOpt: offset of the state in bytes; the value is at 0
	least  int     // bytes that the shortest form takes
	holds  bool    // may hold bytes outside itself
	nans   bool    // as a map key: two that are not equal may have the same bytes
	append bool    // kindMethods: has AppendBinary
	ops    []op    // the parts in order; a struct's are those of its fields
	layout string  // the shape as text, for the digest
}

// field is one field of a struct that is written.
type field struct {
	index int
	step  string // ".Name"
	node  *node
}

// op is one part at a fixed offset.
type op struct {
	kind kind
	off  uintptr // bytes from the start of the value
	node *node   // of the part itself
	n    int     // kindArray, kindArray8: elements
	path string  // for errors, ".User.ID"
}

var (
	timeType        = reflect.TypeFor[time.Time]()
	appenderType    = reflect.TypeFor[encoding.BinaryAppender]()
	marshalerType   = reflect.TypeFor[encoding.BinaryMarshaler]()
	unmarshalerType = reflect.TypeFor[encoding.BinaryUnmarshaler]()
)

// nodes caches compiled types (reflect.Type to *node or *TypeError). It holds at most as many entries as the
// program has types.
var nodes sync.Map

// nodeOf compiles t, or returns what was compiled before. open are the types that t is inside of.
func nodeOf(t reflect.Type, open []reflect.Type) (*node, *TypeError) {
	if v, ok := nodes.Load(t); ok {
		if n, ok := v.(*node); ok {
			return n, nil
		}
		return nil, v.(*TypeError)
	}
	if slices.Contains(open, t) {
		return nil, &TypeError{Type: t, What: "a type that contains itself"}
	}
	n, err := compile(t, append(open, t))
	if err != nil {
		if len(open) == 0 { // deeper, it may be an error of what we are inside of
			nodes.Store(t, err)
		}
		return nil, err
	}
	v, _ := nodes.LoadOrStore(t, n)
	return v.(*node), nil
}

// compile builds the node of t, whose parts may not be one of open.
func compile(t reflect.Type, open []reflect.Type) (*node, *TypeError) {
	n := &node{typ: t, least: 1}
	refuse := func(what string) (*node, *TypeError) { return nil, &TypeError{Type: t, What: what} }
	switch {
	case t.Kind() == reflect.Struct && t.ConvertibleTo(timeType):
		n.kind, n.least, n.layout = kindTime, 3, "time"
		return n.leaf(), nil
	case isOpt(t):
		return n.around(kindOpt, "opt", t.Field(0).Type, open)
	case hasMethods(t):
		n.kind, n.holds, n.layout = kindMethods, true, "methods "+t.PkgPath()+"."+t.Name()
		n.append = reflect.PointerTo(t).Implements(appenderType)
		return n.leaf(), nil
	}
	switch k := t.Kind(); k {
	case reflect.Bool:
		n.kind = kindBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n.kind = [...]kind{1: kindI8, 2: kindI16, 4: kindI32, 8: kindI64}[t.Size()]
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n.kind = [...]kind{1: kindU8, 2: kindU16, 4: kindU32, 8: kindU64}[t.Size()]
	case reflect.Float32:
		n.kind, n.least, n.nans = kindF32, 4, true
	case reflect.Float64:
		n.kind, n.least, n.nans = kindF64, 8, true
	case reflect.Complex64:
		n.kind, n.least, n.nans = kindComplex64, 8, true
	case reflect.Complex128:
		n.kind, n.least, n.nans = kindComplex128, 16, true
	case reflect.String:
		n.kind, n.holds = kindString, true
	case reflect.Slice:
		return n.slice(open)
	case reflect.Array:
		return n.array(open)
	case reflect.Map:
		return n.mapping(open)
	case reflect.Pointer:
		return n.around(kindPointer, "*", t.Elem(), open)
	case reflect.Struct:
		return n.structure(open)
	case reflect.Interface:
		return refuse("an interface")
	case reflect.Chan:
		return refuse("a channel")
	case reflect.UnsafePointer:
		return refuse("an unsafe.Pointer")
	default:
		return refuse("a " + k.String())
	}
	n.layout = t.Kind().String() // int is not int64: what was written by one may not fit the other
	return n.leaf(), nil
}

// leaf gives n its list of one.
func (n *node) leaf() *node {
	n.ops = []op{{kind: n.kind, node: n}}
	return n
}

// around is a pointer or an Opt.
func (n *node) around(k kind, name string, elem reflect.Type, open []reflect.Type) (*node, *TypeError) {
	e, err := nodeOf(elem, open)
	if err != nil {
		return nil, &TypeError{Type: n.typ, Path: err.Path, What: err.What}
	}
	n.kind, n.elem, n.layout = k, e, name+"("+e.layout+")"
	n.holds = k == kindPointer || e.holds
	n.nans = k == kindOpt && e.nans
	if k == kindOpt {
		n.state = n.typ.Field(1).Offset
	}
	return n.leaf(), nil
}

func (n *node) slice(open []reflect.Type) (*node, *TypeError) {
	e, err := nodeOf(n.typ.Elem(), open)
	if err != nil {
		return nil, &TypeError{Type: n.typ, Path: "[]" + err.Path, What: err.What}
	}
	if e.least == 0 && e.typ.Size() > 0 {
		return nil, &TypeError{Type: n.typ, Path: "[]", What: "all blank fields"}
	}
	n.kind, n.elem, n.holds, n.layout = kindSlice, e, true, "[]("+e.layout+")"
	if e.kind == kindU8 {
		n.kind = kindBytes
	}
	return n.leaf(), nil
}

func (n *node) array(open []reflect.Type) (*node, *TypeError) {
	e, err := nodeOf(n.typ.Elem(), open)
	if err != nil {
		return nil, &TypeError{Type: n.typ, Path: "[]" + err.Path, What: err.What}
	}
	length := n.typ.Len()
	n.elem, n.holds, n.nans = e, e.holds && length > 0, e.nans
	n.layout = fmt.Sprintf("[%d](%s)", length, e.layout)
	n.least = 0
	if length == 0 || len(e.ops) == 0 {
		return n, nil
	}
	n.kind, n.least = kindArray, math.MaxInt
	if e.least <= math.MaxInt/length {
		n.least = e.least * length
	}
	if e.kind == kindU8 {
		n.kind = kindArray8
	}
	n.ops = []op{{kind: n.kind, node: n, n: length}}
	return n, nil
}

func (n *node) mapping(open []reflect.Type) (*node, *TypeError) {
	k, err := nodeOf(n.typ.Key(), open)
	if err != nil {
		return nil, &TypeError{Type: n.typ, Path: "[key]" + err.Path, What: err.What}
	}
	if path, bad := k.identity(); bad {
		return nil, &TypeError{Type: n.typ, Path: "[key]" + path, What: "a pointer in a map key"}
	}
	e, err := nodeOf(n.typ.Elem(), open)
	if err != nil {
		return nil, &TypeError{Type: n.typ, Path: "[]" + err.Path, What: err.What}
	}
	n.kind, n.key, n.elem, n.holds = kindMap, k, e, true
	n.layout = "map(" + k.layout + ")(" + e.layout + ")"
	return n.leaf(), nil
}

// identity finds a pointer, whose identity would be lost.
func (n *node) identity() (path string, found bool) {
	switch n.kind {
	case kindPointer:
		return "", true
	case kindArray:
		path, found = n.elem.identity()
		return "[]" + path, found
	case kindOpt:
		return n.elem.identity()
	}
	for _, f := range n.fields {
		if path, found := f.node.identity(); found {
			return f.step + path, true
		}
	}
	return "", false
}

func (n *node) structure(open []reflect.Type) (*node, *TypeError) {
	t := n.typ
	n.kind, n.least = kindStruct, 0
	var layout strings.Builder
	layout.WriteString("struct{")
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" { // Go's == does not look at it, nor do we
			continue
		}
		step := "." + f.Name
		if !f.IsExported() && !f.Anonymous {
			return nil, &TypeError{Type: t, Path: step, What: "an unexported field"}
		}
		fn, err := nodeOf(f.Type, open)
		if err != nil {
			return nil, &TypeError{Type: t, Path: step + err.Path, What: err.What}
		}
		if !f.IsExported() && fn.kind != kindStruct { // the fields of an embedded struct are its user's, what else it is is not
			return nil, &TypeError{Type: t, Path: step, What: "an unexported field"}
		}
		n.fields = append(n.fields, field{index: i, step: step, node: fn})
		n.add(fn, f.Offset, step)
		n.holds = n.holds || fn.holds
		n.nans = n.nans || fn.nans
		n.least = addLeast(n.least, fn.least)
		fmt.Fprintf(&layout, "%s %s;", f.Name, fn.layout)
	}
	layout.WriteString("}")
	n.layout = layout.String()
	return n, nil
}

// addLeast adds two minima; an array type can be longer than any memory.
func addLeast(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

// maxFlat bounds what a struct inside a struct adds to the list: a larger one is an array of one.
const maxFlat = 64

// add appends the parts of a field that lies off bytes into the struct.
func (n *node) add(fn *node, off uintptr, step string) {
	if len(fn.ops) > maxFlat {
		n.ops = append(n.ops, op{kind: kindStruct, off: off, node: fn, path: step})
		return
	}
	for _, o := range fn.ops {
		o.off += off
		o.path = step + o.path
		n.ops = append(n.ops, o)
	}
}

// isOpt recognises stream.Opt, which this package cannot import: its two fields are unexported, and its values
// one of three states.
func isOpt(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == "github.com/millrace-go/millrace/stream" && strings.HasPrefix(t.Name(), "Opt[") &&
		t.NumField() == 2 && t.Field(0).Name == "value" && t.Field(1).Name == "state" && t.Field(1).Type.Kind() == reflect.Uint8
}

// hasMethods reports whether t has methods of its own that make bytes of it.
func hasMethods(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface || t.Name() == "" {
		return false
	}
	if p := reflect.PointerTo(t); !p.Implements(unmarshalerType) || !p.Implements(appenderType) && !p.Implements(marshalerType) {
		return false
	}
	if t.Kind() != reflect.Struct {
		return true
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.Anonymous {
			continue
		}
		p := f.Type
		if p.Kind() != reflect.Pointer && p.Kind() != reflect.Interface {
			p = reflect.PointerTo(p)
		}
		if p.Implements(unmarshalerType) || p.Implements(appenderType) || p.Implements(marshalerType) {
			return false
		}
	}
	return true
}
