package dedup

import (
	"reflect"
	"time"
)

// A sizer returns the bytes that a value holds beyond its own static size: the bytes of its strings, the
// arrays behind its slices, what its pointers, maps and interfaces lead to. It is compiled once per type and
// runs only where memory is bounded.
//
// It counts what the row reaches, each row for itself: what two rows share counts twice. It does not follow a
// type into itself (a list node's next), nor interfaces nested deeper than maxInterfaces; and it cannot see
// the rest of a larger buffer that a string was cut from.
type sizer func(v reflect.Value, depth int) int64

const (
	maxInterfaces = 8
	// mapEntryOverhead is what a Go map adds per entry: a control byte and the unused slots at an average
	// load of about two thirds, for entries of some 16 to 32 bytes.
	mapEntryOverhead = 16
)

var timeType = reflect.TypeFor[time.Time]()

// rowSizer returns the sizer of T, or nil where a T holds nothing beyond its static size.
func rowSizer[T any]() func(*T) int64 {
	s := compileSizer(reflect.TypeFor[T](), nil)
	if s == nil {
		return nil
	}
	return func(row *T) int64 { return s(reflect.ValueOf(row).Elem(), 0) }
}

// compileSizer returns nil for a static type. open are the types being compiled around t.
func compileSizer(t reflect.Type, open []reflect.Type) sizer {
	for _, o := range open {
		if o == t {
			return nil // recursive: not followed
		}
	}
	open = append(open[:len(open):len(open)], t)
	switch t.Kind() {
	case reflect.String:
		return func(v reflect.Value, _ int) int64 { return int64(v.Len()) }
	case reflect.Slice:
		elem, size := compileSizer(t.Elem(), open), int64(t.Elem().Size())
		return func(v reflect.Value, depth int) int64 {
			return int64(v.Cap())*size + sizeElements(v, elem, depth)
		}
	case reflect.Array:
		if elem := compileSizer(t.Elem(), open); elem != nil {
			return func(v reflect.Value, depth int) int64 { return sizeElements(v, elem, depth) }
		}
	case reflect.Pointer:
		elem, size := compileSizer(t.Elem(), open), int64(t.Elem().Size())
		return func(v reflect.Value, depth int) int64 {
			if v.IsNil() {
				return 0
			}
			if elem == nil {
				return size
			}
			return size + elem(v.Elem(), depth)
		}
	case reflect.Struct:
		if t == timeType {
			return nil // its only pointer is a time zone, which all rows share
		}
		return compileStruct(t, open)
	case reflect.Map:
		return compileMap(t, open)
	case reflect.Interface:
		return sizeInterface
	}
	return nil
}

func compileStruct(t reflect.Type, open []reflect.Type) sizer {
	type field struct {
		index int
		size  sizer
	}
	var fields []field
	for i := range t.NumField() {
		if s := compileSizer(t.Field(i).Type, open); s != nil {
			fields = append(fields, field{i, s})
		}
	}
	if fields == nil {
		return nil
	}
	return func(v reflect.Value, depth int) (n int64) {
		for _, f := range fields {
			n += f.size(v.Field(f.index), depth)
		}
		return n
	}
}

func compileMap(t reflect.Type, open []reflect.Type) sizer {
	key, elem := compileSizer(t.Key(), open), compileSizer(t.Elem(), open)
	entry := int64(t.Key().Size()+t.Elem().Size()) + mapEntryOverhead
	return func(v reflect.Value, depth int) int64 {
		n := int64(v.Len()) * entry
		if key == nil && elem == nil {
			return n
		}
		for entries := v.MapRange(); entries.Next(); {
			if key != nil {
				n += key(entries.Key(), depth)
			}
			if elem != nil {
				n += elem(entries.Value(), depth)
			}
		}
		return n
	}
}

// sizeInterface compiles the dynamic type anew for each value: rows of interfaces are slow to measure.
func sizeInterface(v reflect.Value, depth int) int64 {
	if v.IsNil() {
		return 0
	}
	held := v.Elem()
	n := int64(held.Type().Size())
	if depth == maxInterfaces {
		return n
	}
	if s := compileSizer(held.Type(), nil); s != nil {
		n += s(held, depth+1)
	}
	return n
}

func sizeElements(v reflect.Value, elem sizer, depth int) (n int64) {
	if elem == nil {
		return 0
	}
	for i := range v.Len() {
		n += elem(v.Index(i), depth)
	}
	return n
}
