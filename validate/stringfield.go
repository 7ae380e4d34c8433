package validate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/millrace-go/millrace/stream"
)

// StringField is UTF-8 text.
type StringField[T any, V ~string] struct {
	rules[*StringField[T, V]]
	at             place[T, V]
	def            V
	scalars        bool
	enum           []V
	pattern        *regexp.Regexp
	patternErr     error
	patternText    string
	minLen, maxLen int // characters; maxLen -1: unbounded
}

// String is a text field called name, stored where at points. It takes strings only, lax or strict, unless
// Scalars widens it: "7" and 7 are different keys.
func String[T any, V ~string](name string, at func(*T) *V) *StringField[T, V] {
	absent("String", name, at == nil)
	return newString[T](name, place[T, V]{plain: at})
}

// OptString is String for a field that keeps null and missing apart from a value.
func OptString[T any, V ~string](name string, at func(*T) *stream.Opt[V]) *StringField[T, V] {
	absent("OptString", name, at == nil)
	f := newString[T](name, place[T, V]{opt: at})
	f.nullable = true
	return f
}

func newString[T any, V ~string](name string, at place[T, V]) *StringField[T, V] {
	f := &StringField[T, V]{at: at, maxLen: -1}
	f.self = f
	f.name, f.kind, f.want = name, "string", "string"
	return f
}

// Scalars also takes numbers and booleans, as the text that stands in the input (1.0 stays "1.0").
func (f *StringField[T, V]) Scalars() *StringField[T, V] { f.scalars = true; return f }

// Enum asks for one of the values.
func (f *StringField[T, V]) Enum(values ...V) *StringField[T, V] {
	f.enum = append(f.enum, values...)
	if len(values) == 0 {
		f.enum = []V{}
	}
	return f
}

// Regexp asks for a match of expr anywhere in the text; anchor it with ^ and $ for all of it.
func (f *StringField[T, V]) Regexp(expr string) *StringField[T, V] {
	f.patternText = expr
	f.pattern, f.patternErr = regexp.Compile(expr)
	return f
}

// MinLen asks for at least n characters (code points, not bytes).
func (f *StringField[T, V]) MinLen(n int) *StringField[T, V] { f.minLen = n; return f }

// MaxLen asks for at most n characters (code points, not bytes).
func (f *StringField[T, V]) MaxLen(n int) *StringField[T, V] {
	f.maxLen = n
	if n < 0 {
		f.maxLen = -2 // refused by New
	}
	return f
}

// Default is stored where the field is missing. It must obey the rules itself.
func (f *StringField[T, V]) Default(v V) *StringField[T, V] {
	f.def, f.hasDefault, f.defaultText = v, true, strconv.Quote(string(v))
	return f
}

func (f *StringField[T, V]) compile(problems *SchemaError) decoder[T] {
	c := *f
	c.meta, c.enum = f.meta.copied(), slices.Clone(f.enum)
	c.checkCommon(problems)
	if c.patternErr != nil {
		problems.add(c.name, "Regexp", "a regular expression", c.patternErr.Error())
	}
	if c.minLen < 0 || c.maxLen == -2 {
		problems.add(c.name, "MinLen/MaxLen", "0 or positive", "negative")
	} else if c.maxLen >= 0 && c.minLen > c.maxLen {
		problems.add(c.name, "MinLen/MaxLen", "MinLen <= MaxLen", fmt.Sprintf("%d > %d", c.minLen, c.maxLen))
	}
	if c.enum != nil {
		if len(c.enum) == 0 {
			problems.add(c.name, "Enum", "at least one value", "none")
		}
		c.meta.rules = append(c.meta.rules, enumText(c.enum))
	}
	if c.patternText != "" {
		c.meta.rules = append(c.meta.rules, "matches "+c.patternText)
	}
	if c.minLen > 0 || c.maxLen >= 0 {
		c.meta.rules = append(c.meta.rules, c.lengths())
	}
	if c.scalars {
		c.meta.rules = append(c.meta.rules, "numbers and booleans as text")
		c.want = "string, number or boolean"
	}
	if c.hasDefault && c.patternErr == nil {
		if _, code := c.check([]byte(c.def)); code != "" {
			problems.add(c.name, "Default", "a value that the field's own rules allow", c.defaultText)
		}
	}
	return &c
}

func (f *StringField[T, V]) lengths() string {
	switch {
	case f.maxLen < 0:
		return fmt.Sprintf("at least %d characters", f.minLen)
	case f.minLen <= 0:
		return fmt.Sprintf("at most %d characters", f.maxLen)
	}
	return fmt.Sprintf("%d..%d characters", f.minLen, f.maxLen)
}

// check applies the rules to a text. Where an Enum matched, it returns the schema's own string, so that the row
// needs none.
func (f *StringField[T, V]) check(text []byte) (own V, code Code) {
	if f.enum != nil {
		i := slices.IndexFunc(f.enum, func(v V) bool { return string(v) == string(text) })
		if i < 0 {
			return "", CodeEnum
		}
		own = f.enum[i]
	}
	if f.minLen > 0 || f.maxLen >= 0 {
		n := utf8.RuneCount(text)
		if n < f.minLen || f.maxLen >= 0 && n > f.maxLen {
			return "", CodeLength
		}
	}
	if f.pattern != nil && !f.pattern.Match(text) {
		return "", CodePattern
	}
	return own, ""
}

func (f *StringField[T, V]) decode(row *T, c *cell, st *state) {
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
	text, ok := c.string(f.scalars, st)
	if !ok {
		st.fail(&f.meta, c, CodeType, f.want)
		return
	}
	own, code := f.check(text)
	if code != "" {
		st.fail(&f.meta, c, code, f.wanted(code))
		return
	}
	if f.enum == nil {
		own = V(st.strings.make(text))
	}
	f.at.put(row, own)
}

func (f *StringField[T, V]) wanted(code Code) string {
	switch code {
	case CodeEnum:
		return enumText(f.enum)
	case CodeLength:
		return f.lengths()
	}
	return "match of " + f.patternText
}

// string reads the cell as text; with scalars also what stands there for a number, a boolean or a time.
func (c *cell) string(scalars bool, st *state) ([]byte, bool) {
	switch c.kind {
	case kindString, kindText:
		return c.text, true
	case kindNumber:
		return c.text, scalars
	case kindBool:
		return c.appendGot(st.scratch[:0]), scalars
	case kindTime:
		return c.t.AppendFormat(st.scratch[:0], time.RFC3339Nano), scalars
	}
	return nil, false
}
