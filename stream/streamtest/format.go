package streamtest

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/millrace-go/millrace/stream"
)

// Format writes a value as diffs show it, on one line: field names, strings quoted, times in RFC 3339,
// pointers followed, nil and empty kept apart, map keys sorted; cut after 300 bytes.
func Format[T any](v T) string { return formatValue(reflect.ValueOf(&v).Elem()) }

const formatLimit = 300 // bytes of one value

func formatValue(v reflect.Value) string {
	f := formatter{limit: formatLimit}
	f.value(v, 0)
	return cut(f.String())
}

// cut shortens a text to formatLimit bytes, not inside a rune.
func cut(s string) string {
	if len(s) <= formatLimit {
		return s
	}
	end := formatLimit
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// text is a value in full, down to ten levels: what the kit compares to see whether a value was changed.
func text[T any](v *T) string {
	return formatAll(reflect.ValueOf(v).Elem())
}

func formatAll(v reflect.Value) string {
	f := formatter{limit: math.MaxInt}
	f.value(v, 0)
	return f.String()
}

type formatter struct {
	strings.Builder
	limit int // bytes after which the rest is left out
}

func (f *formatter) value(v reflect.Value, depth int) {
	if !v.IsValid() {
		f.WriteString("nil")
		return
	}
	if f.Len() > f.limit || depth > 10 {
		f.WriteString("…")
		return
	}
	switch v.Kind() {
	case reflect.String:
		f.WriteString(strconv.Quote(v.String()))
	case reflect.Struct:
		f.structure(addressable(v), depth)
	case reflect.Pointer:
		if v.IsNil() {
			f.WriteString("nil")
			return
		}
		f.WriteByte('&')
		f.value(v.Elem(), depth+1)
	case reflect.Interface:
		f.value(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		f.list(v, depth)
	case reflect.Map:
		f.mapping(v, depth)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if v.IsNil() {
			f.WriteString("nil")
			return
		}
		f.WriteString(v.Type().String())
	case reflect.Float32:
		f.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 32))
	case reflect.Float64:
		f.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 64))
	case reflect.Bool:
		f.WriteString(strconv.FormatBool(v.Bool()))
	default:
		f.number(v)
	}
}

func (f *formatter) number(v reflect.Value) {
	switch {
	case v.CanInt() && v.Type() == reflect.TypeFor[time.Duration]():
		f.WriteString(time.Duration(v.Int()).String())
	case v.CanInt():
		f.WriteString(strconv.FormatInt(v.Int(), 10))
	case v.CanUint():
		f.WriteString(strconv.FormatUint(v.Uint(), 10))
	default:
		fmt.Fprint(f, v.Complex())
	}
}

func (f *formatter) structure(v reflect.Value, depth int) {
	if v.Type() == timeType {
		f.WriteString(v.Interface().(time.Time).Format(time.RFC3339Nano))
		return
	}
	if isOpt(v.Type()) {
		f.opt(v, depth)
		return
	}
	f.WriteByte('{')
	for i := range v.NumField() {
		if i > 0 {
			f.WriteByte(' ')
		}
		f.WriteString(v.Type().Field(i).Name)
		f.WriteByte(':')
		f.value(field(v, i), depth+1)
	}
	f.WriteByte('}')
}

// isOpt reports whether t is a stream.Opt of anything.
func isOpt(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == reflect.TypeFor[stream.Opt[int]]().PkgPath() && strings.HasPrefix(t.Name(), "Opt[")
}

// opt writes the value alone where there is one, "null" or "missing" otherwise.
func (f *formatter) opt(v reflect.Value, depth int) {
	if v.Addr().MethodByName("IsPresent").Call(nil)[0].Bool() {
		f.value(v.Addr().MethodByName("Get").Call(nil)[0], depth+1)
		return
	}
	f.WriteString(v.Addr().MethodByName("String").Call(nil)[0].String())
}

func (f *formatter) list(v reflect.Value, depth int) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		f.WriteString("nil")
		return
	}
	f.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			f.WriteByte(' ')
		}
		if f.Len() > f.limit {
			f.WriteString("…")
			break
		}
		f.value(v.Index(i), depth+1)
	}
	f.WriteByte(']')
}

func (f *formatter) mapping(v reflect.Value, depth int) {
	if v.IsNil() {
		f.WriteString("nil")
		return
	}
	var entries []string
	for iter := v.MapRange(); iter.Next(); {
		entry := formatter{limit: f.limit}
		entry.value(addressable(iter.Key()), depth+1)
		entry.WriteByte(':')
		entry.value(addressable(iter.Value()), depth+1)
		entries = append(entries, entry.String())
	}
	slices.Sort(entries)
	f.WriteString("map[" + strings.Join(entries, " ") + "]")
}
