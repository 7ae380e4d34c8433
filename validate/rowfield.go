package validate

import (
	"time"

	"github.com/millrace-go/millrace/stream"
)

// rowField is a column of a dynamic row, as a Sketch found it.
type rowField struct {
	meta
	read func(c *cell, st *state) (any, Code)
}

// newRowField makes the field of a column; nullable also where the object around it may be null.
func newRowField(c Column, nullable bool) *rowField {
	f := &rowField{}
	f.name, f.kind, f.want = c.Name, c.Kind, c.Kind
	f.required = c.Missing == 0
	f.nullTokens = c.NullTokens
	f.nullable = nullable || c.Null > 0 || c.Kind == "string" || c.Kind == "mixed" || c.Kind == "null"
	switch c.Kind {
	case "int64":
		f.read = func(c *cell, _ *state) (any, Code) {
			neg, mag, code := c.integer(false)
			v, ok := fit[int64](neg, mag)
			if code == "" && !ok {
				code = CodeOverflow
			}
			return v, code
		}
	case "float64":
		f.read = func(c *cell, _ *state) (any, Code) { v, code := c.float(false, 64); return v, code }
	case "bool":
		f.read = func(c *cell, _ *state) (any, Code) {
			v, ok := c.boolean(false)
			if !ok {
				return nil, CodeType
			}
			return v, ""
		}
	case "date", "time":
		t := newTime(c.Name, place[stream.Row, time.Time]{})
		if c.Kind == "date" {
			t.asDate()
		}
		f.want = t.want
		f.read = func(c *cell, _ *state) (any, Code) { v, code := t.read(c); return v, code }
	default:
		scalars := c.Kind != "string"
		f.read = func(c *cell, st *state) (any, Code) {
			text, ok := c.string(scalars, st)
			if !ok {
				return nil, CodeType
			}
			return st.strings.make(text), ""
		}
	}
	return f
}

func (f *rowField) compile(problems *SchemaError) decoder[stream.Row] {
	c := *f
	c.meta = f.copied()
	c.checkCommon(problems)
	return &c
}

func (f *rowField) decode(row *stream.Row, c *cell, st *state) {
	switch f.judge(c, st) {
	case isNull:
		*row = append(*row, stream.Field{Name: f.name})
	case isValue:
		v, code := f.read(c, st)
		if code != "" {
			st.fail(&f.meta, c, code, f.want)
			return
		}
		*row = append(*row, stream.Field{Name: f.name, Value: v})
	}
}
