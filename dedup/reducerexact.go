package dedup

import (
	"fmt"
	"reflect"
)

// Exact returns the reducer declared to come to the same value, to the bit, in whatever order the rows of a key come and
// however they are split: State.Merge joins what two states know of one key only with reducers that do. All do but Sum of
// floats, which may round otherwise, and Combine, whose function is yours. So it is for a Combine that is associative and
// commutative, and for a Sum whose floats are known to add up without rounding: whole numbers below 2^53, for one.
//
//	dedup.Combine(func(u *User) *Rights { return &u.Rights }, func(a, b Rights) Rights { return a | b }).Exact()
func (r Reducer[T]) Exact() Reducer[T] {
	r.exact = true
	return r
}

// inexact names the first reducer that is not exact; nothing where all are.
func (m *merging[T]) inexact() string {
	for i := range m.reducers {
		if !m.reducers[i].exact {
			return fmt.Sprintf("Merge[%d], %s,", i, m.reducers[i].label())
		}
	}
	return ""
}

// label names the reducer and its field: "Sum of Address.Floor".
func (r *Reducer[T]) label() string {
	row := new(T)
	field := r.field(row)
	path, ok := fieldPath(reflect.TypeFor[T](), field.Pointer()-reflect.ValueOf(row).Pointer(), field.Type().Elem())
	switch {
	case !ok: // by unsafe means, or of no bytes
		path = "a field"
	case path == "":
		path = "the row"
	default:
		path = path[1:]
	}
	return r.name + " of " + path
}

// fieldPath is the way from a t to the field of that type that lies at offset: ".Address.Lines[1]".
func fieldPath(t reflect.Type, offset uintptr, field reflect.Type) (path string, ok bool) {
	if offset == 0 && t == field {
		return "", true
	}
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if offset < f.Offset || offset+field.Size() > f.Offset+f.Type.Size() {
				continue
			}
			if path, ok := fieldPath(f.Type, offset-f.Offset, field); ok {
				return "." + f.Name + path, true
			}
		}
	case reflect.Array:
		if size := t.Elem().Size(); size > 0 && offset < t.Size() {
			path, ok := fieldPath(t.Elem(), offset%size, field)
			return fmt.Sprintf("[%d]%s", offset/size, path), ok
		}
	}
	return "", false
}
