package validate

import (
	"fmt"
	"math"
	"reflect"

	"github.com/millrace-go/millrace/stream"
)

// floats are the Go types a Float field can have.
type floats interface{ ~float32 | ~float64 }

// FloatField is a binary floating-point number, correctly rounded.
type FloatField[T any, V floats] struct {
	rules[*FloatField[T, V]]
	at       place[T, V]
	bits     int
	def      V
	min, max V
	bounded  bool
	finite   bool
	wantRule string
}

// Float is a floating-point field called name, stored where at points. Lax reading takes JSON numbers, decimal
// text, true and false as 1 and 0, and the words inf, infinity and nan; Finite or Range refuses those words.
func Float[T any, V floats](name string, at func(*T) *V) *FloatField[T, V] {
	absent("Float", name, at == nil)
	return newFloat[T](name, place[T, V]{plain: at})
}

// OptFloat is Float for a field that keeps null and missing apart from a value.
func OptFloat[T any, V floats](name string, at func(*T) *stream.Opt[V]) *FloatField[T, V] {
	absent("OptFloat", name, at == nil)
	f := newFloat[T](name, place[T, V]{opt: at})
	f.nullable = true
	return f
}

func newFloat[T any, V floats](name string, at place[T, V]) *FloatField[T, V] {
	f := &FloatField[T, V]{at: at, bits: 32}
	f.self = f
	if x := 0.1; float64(V(x)) == x {
		f.bits = 64
	}
	var v V
	f.name, f.kind = name, reflect.TypeOf(v).Kind().String()
	f.want = "number"
	return f
}

// Range asks for min <= value <= max; NaN is outside any range.
func (f *FloatField[T, V]) Range(min, max V) *FloatField[T, V] {
	f.min, f.max, f.bounded = min, max, true
	return f
}

// Finite refuses infinities and NaN (code range).
func (f *FloatField[T, V]) Finite() *FloatField[T, V] { f.finite = true; return f }

// Default is stored where the field is missing. It must obey the rules itself.
func (f *FloatField[T, V]) Default(v V) *FloatField[T, V] {
	f.def, f.hasDefault, f.defaultText = v, true, fmt.Sprint(v)
	return f
}

func (f *FloatField[T, V]) compile(problems *SchemaError) decoder[T] {
	c := *f
	c.meta = f.meta.copied()
	c.checkCommon(problems)
	if c.bounded {
		if !(c.min <= c.max) {
			problems.add(c.name, "Range", "min <= max", fmt.Sprintf("%v..%v", c.min, c.max))
		}
		c.wantRule = fmt.Sprintf("%v..%v", c.min, c.max)
		c.meta.rules = append(c.meta.rules, c.wantRule)
	}
	if c.finite {
		if c.wantRule == "" {
			c.wantRule = "finite number"
		}
		c.meta.rules = append(c.meta.rules, "finite")
	}
	if c.hasDefault && c.check(c.def) != "" {
		problems.add(c.name, "Default", "a value that the field's own rules allow", c.defaultText)
	}
	return &c
}

func (f *FloatField[T, V]) check(v V) Code {
	if f.bounded && !(v >= f.min && v <= f.max) {
		return CodeRange
	}
	if f.finite && (math.IsNaN(float64(v)) || math.IsInf(float64(v), 0)) {
		return CodeRange
	}
	return ""
}

func (f *FloatField[T, V]) decode(row *T, c *cell, st *state) {
	switch f.judge(c, st) {
	case isNull:
		f.at.putNull(row)
		return
	case isMissing:
		f.at.putMissing(row, f.def, f.hasDefault)
		return
	case isBad:
		return
	}
	x, code := c.float(f.strict, f.bits)
	if code == "" {
		if code = f.check(V(x)); code == "" {
			f.at.put(row, V(x))
			return
		}
	}
	want := f.want
	switch code {
	case CodeRange:
		want = f.wantRule
	case CodeOverflow:
		want = "number that fits " + f.kind
	}
	st.fail(&f.meta, c, code, want)
}
