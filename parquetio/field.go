package parquetio

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/millrace-go/millrace/internal/parquet"
	"github.com/millrace-go/millrace/stream"
)

// field is one struct field and the column it stands for.
type field struct {
	index []int        // path of field numbers; longer than one below embedded structs
	path  string       // Go name, for errors: "Event.Meta.ID"
	typ   reflect.Type // of the value: below the pointer or the Opt
	ptr   bool         // *V
	opt   opt          // non-nil for stream.Opt[V]
	col   parquet.Column
}

// null reports whether the field can say null.
func (f *field) null() bool { return f.ptr || f.opt != nil }

// at is the field of a struct value.
func (f *field) at(row reflect.Value) reflect.Value {
	if len(f.index) == 1 {
		return row.Field(f.index[0])
	}
	return row.FieldByIndex(f.index)
}

var timeType = reflect.TypeFor[time.Time]()

// fieldsOf compiles a struct type. The error is a *SchemaError that names the field path.
func fieldsOf(t reflect.Type) ([]field, error) {
	if t.Kind() != reflect.Struct || t == timeType {
		return nil, &SchemaError{Column: t.String(), Want: "a struct type", Got: t.Kind().String()}
	}
	fields, err := collect(nil, t, t.Name(), nil)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		return nil, &SchemaError{Column: t.String(), Want: "exported fields", Got: "none"}
	}
	seen := map[string]string{}
	for i := range fields {
		f := &fields[i]
		if other, ok := seen[f.col.Name]; ok {
			return nil, &SchemaError{Column: f.col.Name, Want: "one field per column", Got: other + " and " + f.path}
		}
		seen[f.col.Name] = f.path
	}
	return fields, nil
}

func collect(fields []field, t reflect.Type, path string, index []int) ([]field, error) {
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, tagged := sf.Tag.Lookup("parquet")
		if tag == "-" {
			continue
		}
		at := append(index[:len(index):len(index)], i)
		name := path + "." + sf.Name
		if sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Struct && sf.Type != timeType && optOf(sf.Type) == nil {
			var err error
			if fields, err = collect(fields, sf.Type, name, at); err != nil {
				return nil, err
			}
			continue
		}
		if !sf.IsExported() {
			if tagged {
				return nil, &SchemaError{Column: name, Want: "an exported field", Got: "an unexported one with a parquet tag"}
			}
			continue
		}
		f, err := newField(sf, tag, name)
		if err != nil {
			return nil, err
		}
		f.index = at
		fields = append(fields, f)
	}
	return fields, nil
}

// newField reads the tag "name,option" and maps the type.
func newField(sf reflect.StructField, tag, path string) (field, error) {
	f := field{path: path, typ: sf.Type}
	name, option, _ := strings.Cut(tag, ",")
	if name == "" {
		name = sf.Name
	}
	if o := optOf(sf.Type); o != nil {
		f.opt, f.typ = o, o.value()
	} else if sf.Type.Kind() == reflect.Pointer {
		f.ptr, f.typ = true, sf.Type.Elem()
	} else if isOpt(sf.Type) {
		return f, &SchemaError{Column: path, Want: "stream.Opt of a plain type (stream.Opt[string]) or a pointer", Got: sf.Type.String()}
	}
	f.col = parquet.Column{Name: name, Optional: f.null()}
	if !f.column() {
		return f, &SchemaError{
			Column: path,
			Want:   "bool, an integer, a float, string, []byte, time.Time, or a pointer or stream.Opt of these",
			Got:    sf.Type.String(),
		}
	}
	if option != "" {
		if err := f.option(option); err != nil {
			return f, err
		}
	}
	return f, nil
}

// column maps the Go type to the column it is written as.
func (f *field) column() bool {
	c := &f.col
	integer := func(p parquet.Physical, bits int, signed bool) {
		c.Physical, c.Logical, c.Bits, c.Signed = p, parquet.Integer, bits, signed
	}
	if f.typ == timeType {
		c.Physical, c.Logical, c.Unit, c.UTC = parquet.Int64, parquet.Timestamp, parquet.Micros, true
		return true
	}
	switch f.typ.Kind() {
	case reflect.Bool:
		c.Physical = parquet.Boolean
	case reflect.Int8:
		integer(parquet.Int32, 8, true)
	case reflect.Int16:
		integer(parquet.Int32, 16, true)
	case reflect.Int32:
		c.Physical = parquet.Int32
	case reflect.Int, reflect.Int64:
		c.Physical = parquet.Int64
	case reflect.Uint8:
		integer(parquet.Int32, 8, false)
	case reflect.Uint16:
		integer(parquet.Int32, 16, false)
	case reflect.Uint32:
		integer(parquet.Int32, 32, false)
	case reflect.Uint, reflect.Uint64:
		integer(parquet.Int64, 64, false)
	case reflect.Float32:
		c.Physical = parquet.Float
	case reflect.Float64:
		c.Physical = parquet.Double
	case reflect.String:
		c.Physical, c.Logical = parquet.ByteArray, parquet.String
	case reflect.Slice:
		if f.typ.Elem().Kind() != reflect.Uint8 {
			return false
		}
		c.Physical = parquet.ByteArray
	default:
		return false
	}
	return true
}

// option applies the part of the tag after the comma.
func (f *field) option(option string) error {
	c := &f.col
	if f.typ == timeType {
		switch option {
		case "timestamp(millis)":
			c.Unit = parquet.Millis
			return nil
		case "timestamp(micros)":
			return nil
		case "timestamp(nanos)":
			c.Unit = parquet.Nanos
			return nil
		case "date":
			c.Physical, c.Logical, c.Unit, c.UTC = parquet.Int32, parquet.Date, 0, false
			return nil
		}
	}
	return &SchemaError{
		Column: f.path,
		Want:   "a tag option of a time.Time: timestamp(millis), timestamp(micros), timestamp(nanos) or date",
		Got:    fmt.Sprintf("%q on %s", option, f.typ),
	}
}

// opt reads and writes a stream.Opt[V] field through a value of V that it owns, so that all other code sees
// plain values. It is not safe for concurrent use.
type opt interface {
	value() reflect.Type
	load(field reflect.Value) (v reflect.Value, ok bool) // ok: present; v is valid until the next call
	scratch() reflect.Value                              // a V to fill before present
	present(field reflect.Value)                         // sets the field to the scratch value
	null(field reflect.Value)
}

type optV[V any] struct {
	v  *V
	rv reflect.Value // *v
}

func newOpt[V any]() opt {
	v := new(V)
	return &optV[V]{v: v, rv: reflect.ValueOf(v).Elem()}
}

func (o *optV[V]) value() reflect.Type { return o.rv.Type() }

func (o *optV[V]) load(field reflect.Value) (reflect.Value, bool) {
	v, ok := field.Addr().Interface().(*stream.Opt[V]).Get()
	*o.v = v
	return o.rv, ok
}

func (o *optV[V]) scratch() reflect.Value { return o.rv }

func (o *optV[V]) present(field reflect.Value) {
	*field.Addr().Interface().(*stream.Opt[V]) = stream.Present(*o.v)
}

func (o *optV[V]) null(field reflect.Value) {
	*field.Addr().Interface().(*stream.Opt[V]) = stream.Null[V]()
}

// opts are the Opts that can be told apart: reflection cannot make an Opt of a named type.
var opts = map[reflect.Type]func() opt{
	reflect.TypeFor[stream.Opt[bool]]():      newOpt[bool],
	reflect.TypeFor[stream.Opt[int]]():       newOpt[int],
	reflect.TypeFor[stream.Opt[int8]]():      newOpt[int8],
	reflect.TypeFor[stream.Opt[int16]]():     newOpt[int16],
	reflect.TypeFor[stream.Opt[int32]]():     newOpt[int32],
	reflect.TypeFor[stream.Opt[int64]]():     newOpt[int64],
	reflect.TypeFor[stream.Opt[uint]]():      newOpt[uint],
	reflect.TypeFor[stream.Opt[uint8]]():     newOpt[uint8],
	reflect.TypeFor[stream.Opt[uint16]]():    newOpt[uint16],
	reflect.TypeFor[stream.Opt[uint32]]():    newOpt[uint32],
	reflect.TypeFor[stream.Opt[uint64]]():    newOpt[uint64],
	reflect.TypeFor[stream.Opt[float32]]():   newOpt[float32],
	reflect.TypeFor[stream.Opt[float64]]():   newOpt[float64],
	reflect.TypeFor[stream.Opt[string]]():    newOpt[string],
	reflect.TypeFor[stream.Opt[[]byte]]():    newOpt[[]byte],
	reflect.TypeFor[stream.Opt[time.Time]](): newOpt[time.Time],
}

func optOf(t reflect.Type) opt {
	if construct, ok := opts[t]; ok {
		return construct()
	}
	return nil
}

// isOpt reports whether t is any stream.Opt.
func isOpt(t reflect.Type) bool {
	return t.PkgPath() == reflect.TypeFor[stream.Opt[bool]]().PkgPath() && strings.HasPrefix(t.Name(), "Opt[")
}
