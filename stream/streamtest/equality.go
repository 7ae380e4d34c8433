package streamtest

import (
	"math"
	"reflect"
	"time"
)

// equalValues is deep equality as a test means it: NaN equals NaN; times are equal at the same instant;
// functions are equal if both are nil; nil and empty slices and maps differ. Floats may differ by tolerance,
// absolute or relative to the larger, wherever they stand. Cycles end.
func equalValues[T any](a, b T, tolerance float64) bool {
	return len(differences(a, b, tolerance, 1)) == 0
}

// identical is equalValues with floats compared by their bits: -0 is not 0, and one NaN not another.
func identical[T any](a, b T) bool {
	c := comparison{bits: true, limit: 1}
	c.compare("", reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem())
	return len(c.found) == 0
}

// difference is one place at which two values differ.
type difference struct {
	path      string // ".User.Name", "[3]"; "" for the value itself
	want, got string
}

// differences returns up to limit places at which b (got) differs from a (want).
func differences[T any](a, b T, tolerance float64, limit int) []difference {
	c := comparison{tolerance: tolerance, limit: limit}
	// Pointers to the values make everything below addressable, and so unexported fields readable.
	c.compare("", reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem())
	return c.found
}

type comparison struct {
	tolerance float64
	bits      bool // floats by their bits
	limit     int
	found     []difference
	visiting  map[visit]bool // pairs of pointers under comparison: meeting one again is a cycle
}

type visit struct {
	a, b uintptr
	t    reflect.Type
}

func (c *comparison) differ(path string, a, b reflect.Value) {
	if len(c.found) < c.limit {
		c.found = append(c.found, difference{path, formatValue(a), formatValue(b)})
	}
}

func (c *comparison) compare(path string, a, b reflect.Value) {
	if len(c.found) >= c.limit {
		return
	}
	if !a.IsValid() || !b.IsValid() {
		if a.IsValid() != b.IsValid() {
			c.differ(path, a, b)
		}
		return
	}
	if a.Type() != b.Type() {
		c.differ(path, a, b)
		return
	}
	switch a.Kind() {
	case reflect.Struct:
		c.structs(path, a, b)
	case reflect.Pointer:
		c.pointers(path, a, b)
	case reflect.Interface:
		c.interfaces(path, a, b)
	case reflect.Slice:
		if a.IsNil() != b.IsNil() {
			c.differ(path, a, b)
			return
		}
		if a.Len() > 0 && a.Len() == b.Len() && a.Pointer() == b.Pointer() && c.tolerance == 0 && !mayHoldNaN(a.Type().Elem()) {
			return
		}
		c.lists(path, a, b)
	case reflect.Array:
		c.lists(path, a, b)
	case reflect.Map:
		c.maps(path, a, b)
	case reflect.Func:
		if !a.IsNil() || !b.IsNil() {
			c.differ(path, a, b)
		}
	default:
		if !c.scalars(a, b) {
			c.differ(path, a, b)
		}
	}
}

// mayHoldNaN is false for types whose equal bytes are surely equal values; slices of them need no walk.
func mayHoldNaN(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return false
	}
	return true
}

func (c *comparison) scalars(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Bool:
		return a.Bool() == b.Bool()
	case reflect.String:
		return a.String() == b.String()
	case reflect.Float32, reflect.Float64:
		return c.floats(a.Float(), b.Float())
	case reflect.Complex64, reflect.Complex128:
		x, y := a.Complex(), b.Complex()
		return c.floats(real(x), real(y)) && c.floats(imag(x), imag(y))
	case reflect.Chan, reflect.UnsafePointer:
		return a.Pointer() == b.Pointer()
	}
	if a.CanInt() {
		return a.Int() == b.Int()
	}
	return a.Uint() == b.Uint()
}

func (c *comparison) floats(x, y float64) bool {
	if c.bits {
		return math.Float64bits(x) == math.Float64bits(y)
	}
	return closeTo(x, y, c.tolerance)
}

func closeTo(x, y, tolerance float64) bool {
	if x == y || x != x && y != y {
		return true
	}
	if tolerance == 0 || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return false
	}
	return math.Abs(x-y) <= tolerance*max(1, math.Abs(x), math.Abs(y))
}

var timeType = reflect.TypeFor[time.Time]()

func (c *comparison) structs(path string, a, b reflect.Value) {
	if a.Type() == timeType {
		x, y := a.Interface().(time.Time), b.Interface().(time.Time)
		if !x.Equal(y) {
			c.differ(path, a, b)
		}
		return
	}
	if isOpt(a.Type()) { // one value to its users: told as a whole
		inner := comparison{tolerance: c.tolerance, bits: c.bits, limit: 1}
		inner.compare("", field(a, 0), field(b, 0))
		inner.compare("", field(a, 1), field(b, 1))
		if len(inner.found) > 0 {
			c.differ(path, a, b)
		}
		return
	}
	for i := range a.NumField() {
		c.compare(path+"."+a.Type().Field(i).Name, field(a, i), field(b, i))
	}
}

// field returns field i of an addressable struct, readable even if it is unexported.
func field(v reflect.Value, i int) reflect.Value {
	f := v.Field(i)
	return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
}

func (c *comparison) pointers(path string, a, b reflect.Value) {
	if a.IsNil() || b.IsNil() {
		if a.IsNil() != b.IsNil() {
			c.differ(path, a, b)
		}
		return
	}
	if c.enter(a, b) {
		c.compare(path, a.Elem(), b.Elem())
	}
}

// enter notes that a pair of references is under comparison; false: it already is.
func (c *comparison) enter(a, b reflect.Value) bool {
	v := visit{a.Pointer(), b.Pointer(), a.Type()}
	if c.visiting[v] {
		return false
	}
	if c.visiting == nil {
		c.visiting = make(map[visit]bool)
	}
	c.visiting[v] = true
	return true
}

func (c *comparison) interfaces(path string, a, b reflect.Value) {
	c.compare(path, addressable(a.Elem()), addressable(b.Elem()))
}

// addressable copies a value to where its fields can be read.
func addressable(v reflect.Value) reflect.Value {
	if !v.IsValid() || v.CanAddr() {
		return v
	}
	p := reflect.New(v.Type()).Elem()
	p.Set(v)
	return p
}

func (c *comparison) lists(path string, a, b reflect.Value) {
	if a.Len() != b.Len() {
		c.differ(path, a, b)
		return
	}
	if a.Kind() == reflect.Slice && a.Len() > 0 && !c.enter(a, b) {
		return
	}
	for i := range a.Len() {
		c.compare(path+index(i), a.Index(i), b.Index(i))
	}
}

func index(i int) string { return "[" + formatValue(reflect.ValueOf(i)) + "]" }

func (c *comparison) maps(path string, a, b reflect.Value) {
	if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
		c.differ(path, a, b)
		return
	}
	if a.Len() > 0 && !c.enter(a, b) {
		return
	}
	for _, key := range a.MapKeys() {
		other := b.MapIndex(key)
		if !other.IsValid() {
			c.differ(path, a, b) // a NaN key too: it cannot be looked up
			return
		}
		c.compare(path+"["+formatValue(addressable(key))+"]", addressable(a.MapIndex(key)), addressable(other))
	}
}
