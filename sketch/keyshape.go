package sketch

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// keyShape describes what of a key type decides its hashes: the leaves in order, names left out, integers of
// one signedness alike (a value hashes the same in any of them). Renaming a type or a field, or widening an
// int32 to an int64, keeps old snapshots readable; adding a field does not.
//
//	string                                   string
//	struct{ User string; Day int32 }         string,int
//	struct{ ID [16]byte; At time.Time }      [16]uint8,time
func keyShape[K comparable]() string {
	var b strings.Builder
	appendShape(&b, reflect.TypeFor[K]())
	return b.String()
}

func appendShape(b *strings.Builder, t reflect.Type) {
	switch k := t.Kind(); k {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		b.WriteString("int")
	case reflect.Uint8:
		b.WriteString("uint8") // arrays of it hash as one string, so it is not a mere uint
	case reflect.Uint, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		b.WriteString("uint")
	case reflect.Array:
		fmt.Fprintf(b, "[%d]", t.Len())
		appendShape(b, t.Elem())
	case reflect.Struct:
		if t.ConvertibleTo(reflect.TypeFor[time.Time]()) {
			b.WriteString("time")
			return
		}
		written := false
		for i := range t.NumField() {
			if t.Field(i).Name == "_" {
				continue // no part of the key
			}
			if written {
				b.WriteByte(',')
			}
			written = true
			appendShape(b, t.Field(i).Type)
		}
	default:
		b.WriteString(k.String()) // bool, float64, string, interface...
	}
}
