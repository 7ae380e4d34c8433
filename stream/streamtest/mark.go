package streamtest

import (
	"hash/maphash"
	"reflect"
	"time"
)

// markSeed is of one process, as marks are.
var markSeed = maphash.MakeSeed()

// markOf is a number that is the same for values that equalValues calls equal at no tolerance. Different values
// mostly differ in it; floats, maps, pointers and interfaces do not go in, since they can be equal in several forms.
func markOf[T any](v T) uint64 {
	var h maphash.Hash
	h.SetSeed(markSeed)
	mark(&h, reflect.ValueOf(&v).Elem(), 0)
	return h.Sum64()
}

func mark(h *maphash.Hash, v reflect.Value, depth int) {
	if depth > maxDepth {
		return // a slice may hold itself
	}
	switch v.Kind() {
	case reflect.String:
		h.WriteString(v.String())
		h.WriteByte(0)
	case reflect.Bool:
		number := int64(0)
		if v.Bool() {
			number = 1
		}
		maphash.WriteComparable(h, number)
	case reflect.Slice, reflect.Array:
		maphash.WriteComparable(h, int64(v.Len()))
		for i := range v.Len() {
			mark(h, v.Index(i), depth+1)
		}
	case reflect.Struct:
		if v.Type() == timeType {
			maphash.WriteComparable(h, v.Interface().(time.Time).UnixNano()) // equal instants may wrap around alike
			return
		}
		for i := range v.NumField() {
			mark(h, field(v, i), depth+1)
		}
	default:
		switch {
		case v.CanInt():
			maphash.WriteComparable(h, v.Int())
		case v.CanUint():
			maphash.WriteComparable(h, int64(v.Uint()))
		}
	}
}
