package parquetio

import (
	"fmt"
	"math"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/millrace-go/millrace/internal/parquet"
)

// encode appends the field of n rows, from a slice of structs, to v. It returns the number of the row whose
// value the column cannot hold, and what is wrong with it.
func (f *field) encode(rows reflect.Value, v *parquet.Vector) (bad int, want, got string) {
	put := f.put()
	for i := range rows.Len() {
		fv := f.at(rows.Index(i))
		if f.null() {
			ok := false
			if f.opt != nil {
				fv, ok = f.opt.load(fv)
			} else if ok = !fv.IsNil(); ok {
				fv = fv.Elem()
			} else {
				fv = reflect.Zero(f.typ)
			}
			v.Null = append(v.Null, !ok)
			if !ok {
				zero(v)
				continue
			}
		}
		if want, got := put(v, fv); want != "" {
			return i, want, got
		}
	}
	return -1, "", ""
}

// zero appends the slot of a null.
func zero(v *parquet.Vector) {
	switch v.Physical {
	case parquet.Boolean:
		v.Bool = append(v.Bool, false)
	case parquet.Int32:
		v.I32 = append(v.I32, 0)
	case parquet.Int64:
		v.I64 = append(v.I64, 0)
	case parquet.Float:
		v.F32 = append(v.F32, 0)
	case parquet.Double:
		v.F64 = append(v.F64, 0)
	default:
		v.Str = append(v.Str, "")
	}
}

// put is how one value goes into the vector.
func (f *field) put() func(v *parquet.Vector, fv reflect.Value) (want, got string) {
	if f.typ == timeType {
		return f.putTime
	}
	switch k := f.typ.Kind(); k {
	case reflect.Bool:
		return func(v *parquet.Vector, fv reflect.Value) (_, _ string) {
			v.Bool = append(v.Bool, fv.Bool())
			return
		}
	case reflect.Int8, reflect.Int16, reflect.Int32:
		return func(v *parquet.Vector, fv reflect.Value) (_, _ string) {
			v.I32 = append(v.I32, int32(fv.Int()))
			return
		}
	case reflect.Int, reflect.Int64:
		return func(v *parquet.Vector, fv reflect.Value) (_, _ string) {
			v.I64 = append(v.I64, fv.Int())
			return
		}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return func(v *parquet.Vector, fv reflect.Value) (_, _ string) {
			v.I32 = append(v.I32, int32(uint32(fv.Uint())))
			return
		}
	case reflect.Uint, reflect.Uint64:
		return func(v *parquet.Vector, fv reflect.Value) (_, _ string) {
			v.I64 = append(v.I64, int64(fv.Uint()))
			return
		}
	case reflect.Float32:
		return func(v *parquet.Vector, fv reflect.Value) (_, _ string) {
			v.F32 = append(v.F32, float32(fv.Float()))
			return
		}
	case reflect.Float64:
		return func(v *parquet.Vector, fv reflect.Value) (_, _ string) {
			v.F64 = append(v.F64, fv.Float())
			return
		}
	case reflect.String:
		return putString
	case reflect.Slice:
		return func(v *parquet.Vector, fv reflect.Value) (_, _ string) {
			v.Str = append(v.Str, string(fv.Bytes()))
			return
		}
	default:
		panic(fmt.Sprintf("parquetio: no column for %s", k)) // fieldsOf has refused it
	}
}

// putString refuses what the column's annotation would belie: other engines take a string column for UTF-8
// unseen, and some fail on a file where it is not.
func putString(v *parquet.Vector, fv reflect.Value) (want, got string) {
	s := fv.String()
	if !utf8.ValidString(s) {
		return "a string of valid UTF-8 (a []byte column takes any bytes)", quote(s)
	}
	v.Str = append(v.Str, s)
	return "", ""
}

// quote shows a value, or its beginning, in an error.
func quote(s string) string {
	const most = 64
	if len(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q... (%d bytes)", s[:most], len(s))
}

// putTime truncates towards the past, so that no instant moves into the next unit or day.
func (f *field) putTime(v *parquet.Vector, fv reflect.Value) (want, got string) {
	t := timeOf(fv)
	switch {
	case f.col.Logical == parquet.Date:
		days := t.Unix() / 86400
		if t.Unix()%86400 < 0 {
			days--
		}
		if days != int64(int32(days)) {
			return "a date within 2^31 days of 1970", t.String()
		}
		v.I32 = append(v.I32, int32(days))
	case f.col.Unit == parquet.Nanos:
		if s := t.Unix(); s < math.MinInt64/1_000_000_000+1 || s > math.MaxInt64/1_000_000_000-1 {
			return "a time within 292 years of 1970, for its nanoseconds", t.String()
		}
		v.I64 = append(v.I64, t.UnixNano())
	case f.col.Unit == parquet.Millis:
		v.I64 = append(v.I64, t.UnixMilli())
	default:
		if s := t.Unix(); s < math.MinInt64/1_000_000+1 || s > math.MaxInt64/1_000_000-1 {
			return "a time within 292,000 years of 1970, for its microseconds", t.String()
		}
		v.I64 = append(v.I64, t.UnixMicro())
	}
	return "", ""
}

func timeOf(fv reflect.Value) time.Time {
	if fv.CanAddr() {
		return *fv.Addr().Interface().(*time.Time)
	}
	return fv.Interface().(time.Time)
}

// sizer estimates the memory of rows: the struct and the bytes its strings and slices point to. The estimate
// depends on the row alone, so that cuts made by it repeat.
type sizer struct {
	static  int64
	dynamic []field
}

func newSizer(t reflect.Type, fields []field) sizer {
	s := sizer{static: int64(t.Size())}
	for _, f := range fields {
		if k := f.typ.Kind(); f.ptr || k == reflect.String || k == reflect.Slice {
			s.dynamic = append(s.dynamic, f)
		}
	}
	return s
}

// row is the size of an addressable struct value, in bytes.
func (s *sizer) row(rv reflect.Value) int64 {
	n := s.static
	for i := range s.dynamic {
		f := &s.dynamic[i]
		fv := f.at(rv)
		if f.opt != nil {
			fv, _ = f.opt.load(fv)
		} else if f.ptr {
			if fv.IsNil() {
				continue
			}
			fv = fv.Elem()
			n += int64(f.typ.Size())
		}
		if k := fv.Kind(); k == reflect.String || k == reflect.Slice {
			n += int64(fv.Len())
		}
	}
	return n
}
