//go:build !purego

package sortkey

import (
	"reflect"
	"time"
	"unsafe"
)

// Guesses reports whether Guess can find anything.
const Guesses = true

// numbersIn returns what reads the fields of T, each one ascending and descending.
func numbersIn[T any]() []func(v *T) uint64 { return appendNumbers[T](nil, reflect.TypeFor[T](), 0) }

// appendNumbers appends what reads the fields of t, which is at that offset in T.
func appendNumbers[T any](to []func(v *T) uint64, t reflect.Type, offset uintptr) []func(v *T) uint64 {
	const sign = 1 << 63
	for _, turned := range []uint64{0, ^uint64(0)} {
		var number func(v *T) uint64
		switch t.Kind() {
		case reflect.Int, reflect.Int64, reflect.Int32, reflect.Int16, reflect.Int8:
			number = intAt[T](t.Size(), offset, sign^turned)
		case reflect.Uint, reflect.Uint64, reflect.Uint32, reflect.Uint16, reflect.Uint8, reflect.Uintptr:
			number = uintAt[T](t.Size(), offset, turned)
		case reflect.Float64:
			number = func(v *T) uint64 { return ofFloat(*at[float64](v, offset)) ^ turned }
		case reflect.Float32:
			number = func(v *T) uint64 { return ofFloat(float64(*at[float32](v, offset))) ^ turned }
		case reflect.String:
			number = func(v *T) uint64 { return OfText(*at[string](v, offset)) ^ turned }
		case reflect.Struct:
			if t == reflect.TypeFor[time.Time]() {
				number = func(v *T) uint64 { return uint64(at[time.Time](v, offset).UnixNano()) ^ sign ^ turned }
			}
		}
		if number != nil {
			to = append(to, number)
		}
	}
	if t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() {
		for i := range t.NumField() {
			f := t.Field(i)
			to = appendNumbers(to, f.Type, offset+f.Offset)
		}
	}
	return to
}

func intAt[T any](size, offset uintptr, mask uint64) func(v *T) uint64 {
	switch size {
	case 1:
		return func(v *T) uint64 { return uint64(*at[int8](v, offset)) ^ mask }
	case 2:
		return func(v *T) uint64 { return uint64(*at[int16](v, offset)) ^ mask }
	case 4:
		return func(v *T) uint64 { return uint64(*at[int32](v, offset)) ^ mask }
	}
	return func(v *T) uint64 { return uint64(*at[int64](v, offset)) ^ mask }
}

func uintAt[T any](size, offset uintptr, mask uint64) func(v *T) uint64 {
	switch size {
	case 1:
		return func(v *T) uint64 { return uint64(*at[uint8](v, offset)) ^ mask }
	case 2:
		return func(v *T) uint64 { return uint64(*at[uint16](v, offset)) ^ mask }
	case 4:
		return func(v *T) uint64 { return uint64(*at[uint32](v, offset)) ^ mask }
	}
	return func(v *T) uint64 { return *at[uint64](v, offset) ^ mask }
}

// at is the field of v at that offset. The offset and F are those of a field of T.
func at[F, T any](v *T, offset uintptr) *F { return (*F)(unsafe.Add(unsafe.Pointer(v), offset)) }
