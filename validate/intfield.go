package validate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/millrace-go/millrace/stream"
)

// integers are the Go types an Int field can have.
type integers interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// IntField is an integer, read exactly: a value that is not whole or does not fit V is a reject, never a
// rounded one.
type IntField[T any, V integers] struct {
	rules[*IntField[T, V]]
	at       place[T, V]
	def      V
	min, max V
	bounded  bool
	enum     []V
	wantRule string
}

// Int is an integer field called name, stored where at points. Lax reading takes whole JSON numbers (1, 1.0,
// 1e3), decimal text ("+042", " 42.0 "), and true and false as 1 and 0.
func Int[T any, V integers](name string, at func(*T) *V) *IntField[T, V] {
	absent("Int", name, at == nil)
	return newInt[T](name, place[T, V]{plain: at})
}

// OptInt is Int for a field that keeps null and missing apart from a value.
func OptInt[T any, V integers](name string, at func(*T) *stream.Opt[V]) *IntField[T, V] {
	absent("OptInt", name, at == nil)
	f := newInt[T](name, place[T, V]{opt: at})
	f.nullable = true
	return f
}

func newInt[T any, V integers](name string, at place[T, V]) *IntField[T, V] {
	f := &IntField[T, V]{at: at}
	f.self = f
	var v V
	f.name, f.kind = name, reflect.TypeOf(v).Kind().String()
	f.want = "integer"
	return f
}

// Range asks for min <= value <= max.
func (f *IntField[T, V]) Range(min, max V) *IntField[T, V] {
	f.min, f.max, f.bounded = min, max, true
	return f
}

// Enum asks for one of the values.
func (f *IntField[T, V]) Enum(values ...V) *IntField[T, V] {
	f.enum = append(f.enum, values...)
	if len(values) == 0 {
		f.enum = []V{}
	}
	return f
}

// Default is stored where the field is missing. It must obey the rules itself.
func (f *IntField[T, V]) Default(v V) *IntField[T, V] {
	f.def, f.hasDefault, f.defaultText = v, true, fmt.Sprint(v)
	return f
}

func (f *IntField[T, V]) compile(problems *SchemaError) decoder[T] {
	c := *f
	c.meta, c.enum = f.meta.copied(), slices.Clone(f.enum)
	c.checkCommon(problems)
	if c.bounded {
		if c.min > c.max {
			problems.add(c.name, "Range", "min <= max", fmt.Sprintf("%d..%d", c.min, c.max))
		}
		c.wantRule = fmt.Sprintf("%d..%d", c.min, c.max)
		c.meta.rules = append(c.meta.rules, c.wantRule)
	}
	if c.enum != nil {
		if len(c.enum) == 0 {
			problems.add(c.name, "Enum", "at least one value", "none")
		}
		c.meta.rules = append(c.meta.rules, enumText(c.enum))
	}
	if c.hasDefault && c.check(c.def) != "" {
		problems.add(c.name, "Default", "a value that the field's own rules allow", c.defaultText)
	}
	return &c
}

// check applies the rules to a value.
func (f *IntField[T, V]) check(v V) Code {
	if f.bounded && (v < f.min || v > f.max) {
		return CodeRange
	}
	if f.enum != nil && !slices.Contains(f.enum, v) {
		return CodeEnum
	}
	return ""
}

func (f *IntField[T, V]) decode(row *T, c *cell, st *state) {
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
	neg, mag, code := c.integer(f.strict)
	if code == "" {
		v, ok := fit[V](neg, mag)
		if ok {
			if code = f.check(v); code == "" {
				f.at.put(row, v)
				return
			}
		} else {
			code = CodeOverflow
		}
	}
	st.fail(&f.meta, c, code, f.wanted(code))
}

func (f *IntField[T, V]) wanted(code Code) string {
	switch code {
	case CodeRange:
		return f.wantRule
	case CodeEnum:
		return enumText(f.enum)
	case CodeOverflow:
		return "integer that fits " + f.kind
	}
	return f.want
}

// enumText prints the values of an Enum rule.
func enumText[V any](values []V) string {
	var b strings.Builder
	b.WriteString("one of ")
	for i, v := range values {
		if i == 16 {
			fmt.Fprintf(&b, " and %d more", len(values)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, v)
	}
	return b.String()
}
