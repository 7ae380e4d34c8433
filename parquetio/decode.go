package parquetio

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/millrace-go/millrace/internal/parquet"
)

// plan is how the columns of one file go into the fields of T.
type plan struct {
	path   string
	cols   []int // numbers of the file's columns, one per entry of fields
	fields []boundField
}

type boundField struct {
	field
	set      setter
	nullZero bool // a null leaves the zero value
}

// setter puts slot i of a column, which is not null, into a field. want is non-empty if it does not fit.
type setter func(fv reflect.Value, v *parquet.Vector, i int) (want, got string)

// bind finds the columns of the fields in a file.
func bind(fields []field, f *parquet.File, path string, opts ReadOptions) (*plan, error) {
	p := &plan{path: path}
	for i := range fields {
		fl := fields[i]
		at := -1
		for j := range f.Columns {
			if f.Columns[j].Name != fl.col.Name {
				continue
			}
			if at >= 0 {
				return nil, &SchemaError{Path: path, Column: fl.col.Name, Want: "one column of that name", Got: "two"}
			}
			at = j
		}
		if at < 0 {
			if fl.opt != nil {
				continue // the zero Opt is Missing
			}
			return nil, &SchemaError{
				Path: path, Column: fl.col.Name, Want: fl.col.Type() + " for " + fl.path,
				Got: "no such column; the file has " + describe(f.Columns),
			}
		}
		c := &f.Columns[at]
		set := setterFor(c, fl.typ)
		if set == nil {
			return nil, &SchemaError{Path: path, Column: fl.col.Name, Want: fl.typ.String() + " for " + fl.path, Got: c.Type()}
		}
		p.cols = append(p.cols, at)
		p.fields = append(p.fields, boundField{field: fl, set: set, nullZero: opts.NullAsZero})
	}
	if len(p.cols) == 0 {
		return nil, &SchemaError{Path: path, Want: "at least one column of the fields", Got: "none; the file has " + describe(f.Columns)}
	}
	return p, nil
}

// describe lists columns, not more than a reader of an error message wants.
func describe(cols []parquet.Column) string {
	const most = 40
	var b strings.Builder
	for i := range cols {
		if i == most {
			fmt.Fprintf(&b, ", and %d more", len(cols)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(cols[i].String())
	}
	if len(cols) == 0 {
		return "no columns"
	}
	return b.String()
}

// decode fills rows, which are zero, from the vectors of the plan's columns. before is the number of rows read
// so far.
func (p *plan) decode(rows reflect.Value, vector func(k int) *parquet.Vector, n int, before int64) error {
	for k := range p.fields {
		f := &p.fields[k]
		v := vector(k)
		nulls := len(v.Null) > 0
		for i := range n {
			fv := f.at(rows.Index(i))
			if nulls && v.Null[i] {
				switch {
				case f.opt != nil:
					f.opt.null(fv)
				case f.ptr, f.nullZero:
				default:
					return &ValueError{Path: p.path, Column: f.col.Name, Row: before + int64(i) + 1, Want: f.typ.String(), Got: "null"}
				}
				continue
			}
			to := fv
			switch {
			case f.opt != nil:
				to = f.opt.scratch()
			case f.ptr:
				fv.Set(reflect.New(f.typ))
				to = fv.Elem()
			}
			if want, got := f.set(to, v, i); want != "" {
				return &ValueError{Path: p.path, Column: f.col.Name, Row: before + int64(i) + 1, Want: want, Got: got}
			}
			if f.opt != nil {
				f.opt.present(fv)
			}
		}
	}
	return nil
}

// setterFor returns nil where values of the column cannot become the Go type.
func setterFor(c *parquet.Column, t reflect.Type) setter {
	if c.Nested {
		return nil
	}
	if c.Logical == parquet.Unknown {
		return func(reflect.Value, *parquet.Vector, int) (string, string) {
			return "null", "a value in a column of nulls"
		}
	}
	if t == timeType {
		return timeSetter(c)
	}
	switch t.Kind() {
	case reflect.Bool:
		if c.Physical == parquet.Boolean {
			return func(fv reflect.Value, v *parquet.Vector, i int) (_, _ string) {
				fv.SetBool(v.Bool[i])
				return
			}
		}
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int, reflect.Int64:
		return intSetter(c, t)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint, reflect.Uint64:
		return uintSetter(c, t)
	case reflect.Float32, reflect.Float64:
		return floatSetter(c, t)
	case reflect.String:
		return stringSetter(c)
	case reflect.Slice:
		if isStored(c) {
			return func(fv reflect.Value, v *parquet.Vector, i int) (_, _ string) {
				fv.SetBytes([]byte(v.Str[i]))
				return
			}
		}
	}
	return nil
}

// isStored: the column's slots are strings of bytes.
func isStored(c *parquet.Column) bool {
	return c.Physical == parquet.ByteArray || c.Physical == parquet.Fixed
}

// isInteger: the column holds integers as such.
func isInteger(c *parquet.Column) bool {
	return (c.Physical == parquet.Int32 || c.Physical == parquet.Int64) &&
		(c.Logical == parquet.None || c.Logical == parquet.Integer || c.Logical == parquet.Time)
}

// isUnsigned: the bits are to be read without a sign.
func isUnsigned(c *parquet.Column) bool { return c.Logical == parquet.Integer && !c.Signed }

// intAt is an integer slot: its bits, and whether they are beyond int64.
func intAt(c *parquet.Column, v *parquet.Vector, i int) (x int64, beyond bool) {
	if c.Physical == parquet.Int32 {
		if isUnsigned(c) {
			return int64(uint32(v.I32[i])), false
		}
		return int64(v.I32[i]), false
	}
	return v.I64[i], isUnsigned(c) && v.I64[i] < 0
}

func intSetter(c *parquet.Column, t reflect.Type) setter {
	if !isInteger(c) {
		return nil
	}
	return func(fv reflect.Value, v *parquet.Vector, i int) (_, _ string) {
		x, beyond := intAt(c, v, i)
		if beyond {
			return t.String(), fmt.Sprint(uint64(x))
		}
		if fv.OverflowInt(x) {
			return t.String(), fmt.Sprint(x)
		}
		fv.SetInt(x)
		return
	}
}

func uintSetter(c *parquet.Column, t reflect.Type) setter {
	if !isInteger(c) {
		return nil
	}
	return func(fv reflect.Value, v *parquet.Vector, i int) (_, _ string) {
		x, beyond := intAt(c, v, i)
		if x < 0 && !beyond || fv.OverflowUint(uint64(x)) {
			return t.String(), fmt.Sprint(x)
		}
		fv.SetUint(uint64(x))
		return
	}
}

func floatSetter(c *parquet.Column, t reflect.Type) setter {
	switch {
	case c.Logical == parquet.Float16:
		return func(fv reflect.Value, v *parquet.Vector, i int) (_, _ string) {
			fv.SetFloat(half(v.Str[i]))
			return
		}
	case c.Physical == parquet.Float:
		return func(fv reflect.Value, v *parquet.Vector, i int) (_, _ string) {
			fv.SetFloat(float64(v.F32[i]))
			return
		}
	case c.Physical == parquet.Double && t.Kind() == reflect.Float64:
		return func(fv reflect.Value, v *parquet.Vector, i int) (_, _ string) {
			fv.SetFloat(v.F64[i])
			return
		}
	case c.Physical == parquet.Double:
		return func(fv reflect.Value, v *parquet.Vector, i int) (_, _ string) {
			x := v.F64[i]
			if float64(float32(x)) != x && !math.IsNaN(x) {
				return "a double that float32 holds exactly", fmt.Sprint(x)
			}
			fv.SetFloat(x)
			return
		}
	}
	return nil
}

func stringSetter(c *parquet.Column) setter {
	if c.Logical == parquet.Decimal || c.Logical == parquet.UUID {
		text := textOf(c)
		return func(fv reflect.Value, v *parquet.Vector, i int) (_, _ string) {
			fv.SetString(text(v, i))
			return
		}
	}
	if !isStored(c) || c.Logical == parquet.Interval || c.Logical == parquet.Float16 {
		return nil
	}
	return func(fv reflect.Value, v *parquet.Vector, i int) (_, _ string) {
		fv.SetString(v.Str[i])
		return
	}
}

func timeSetter(c *parquet.Column) setter {
	at := timeAt(c)
	if at == nil {
		return nil
	}
	return func(fv reflect.Value, v *parquet.Vector, i int) (_, _ string) {
		*fv.Addr().Interface().(*time.Time) = at(v, i)
		return
	}
}
