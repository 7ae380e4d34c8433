package validate

import (
	"strconv"

	"github.com/millrace-go/millrace/stream"
)

// BoolField is true or false.
type BoolField[T any, V ~bool] struct {
	rules[*BoolField[T, V]]
	at  place[T, V]
	def V
}

// Bool is a boolean field called name, stored where at points. Lax reading takes JSON booleans, the numbers 1
// and 0, and true/false, t/f, yes/no, y/n, on/off, 1/0 in any case.
func Bool[T any, V ~bool](name string, at func(*T) *V) *BoolField[T, V] {
	absent("Bool", name, at == nil)
	return newBool[T](name, place[T, V]{plain: at})
}

// OptBool is Bool for a field that keeps null and missing apart from a value.
func OptBool[T any, V ~bool](name string, at func(*T) *stream.Opt[V]) *BoolField[T, V] {
	absent("OptBool", name, at == nil)
	f := newBool[T](name, place[T, V]{opt: at})
	f.nullable = true
	return f
}

func newBool[T any, V ~bool](name string, at place[T, V]) *BoolField[T, V] {
	f := &BoolField[T, V]{at: at}
	f.self = f
	f.name, f.kind, f.want = name, "bool", "boolean"
	return f
}

// Default is stored where the field is missing.
func (f *BoolField[T, V]) Default(v V) *BoolField[T, V] {
	f.def, f.hasDefault, f.defaultText = v, true, strconv.FormatBool(bool(v))
	return f
}

func (f *BoolField[T, V]) compile(problems *SchemaError) decoder[T] {
	c := *f
	c.meta = f.meta.copied()
	c.checkCommon(problems)
	return &c
}

func (f *BoolField[T, V]) decode(row *T, c *cell, st *state) {
	switch f.judge(c, st) {
	case isNull:
		f.at.putNull(row)
	case isMissing:
		f.at.putMissing(row, f.def, f.hasDefault)
	case isValue:
		v, ok := c.boolean(f.strict)
		if !ok {
			st.fail(&f.meta, c, CodeType, f.want)
			return
		}
		f.at.put(row, V(v))
	}
}
