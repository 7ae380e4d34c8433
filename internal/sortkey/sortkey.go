package sortkey

import (
	"cmp"
	"math"
	"reflect"
)

// Of returns the numbers of K, and whether they tell all keys apart.
func Of[K cmp.Ordered]() (prefix func(K) uint64, exact bool) {
	switch kind := reflect.TypeFor[K]().Kind(); kind {
	case reflect.String:
		return func(k K) uint64 { return ofString(readString(k)) }, false
	case reflect.Float32, reflect.Float64:
		return func(k K) uint64 { return ofFloat(readFloat(k)) }, true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(k K) uint64 { return uint64(readInt(k)) ^ 1<<63 }, true
	default: // unsigned: nothing else is ordered
		return func(k K) uint64 { return readUint(k) }, true
	}
}

// ofString is the first eight bytes, the first one highest; zeros where the string is shorter.
func ofString(s string) uint64 {
	if len(s) >= 8 {
		return uint64(s[7]) | uint64(s[6])<<8 | uint64(s[5])<<16 | uint64(s[4])<<24 |
			uint64(s[3])<<32 | uint64(s[2])<<40 | uint64(s[1])<<48 | uint64(s[0])<<56
	}
	var x uint64
	for i := range len(s) {
		x |= uint64(s[i]) << (56 - 8*i)
	}
	return x
}

// ofFloat turns the bits of positive numbers up and those of negative ones over: the sign has then its place in the
// order. NaN is 0, below the number of -Inf.
func ofFloat(f float64) uint64 {
	if f != f {
		return 0
	}
	bits := math.Float64bits(f + 0) // -0 + 0 is 0
	if bits>>63 == 0 {
		return bits | 1<<63
	}
	return ^bits
}
