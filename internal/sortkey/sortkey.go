package sortkey

import (
	"cmp"
	"math"
	"reflect"
)

// Keys is how the keys of one type become numbers.
type Keys[K cmp.Ordered] struct {
	// Prefix is the number of a key.
	Prefix func(K) uint64
	// Text gives the key as a string where numbers do not tell all keys apart; nil where they do.
	Text func(K) string
}

// Of returns the numbers of K.
func Of[K cmp.Ordered]() Keys[K] {
	switch reflect.TypeFor[K]().Kind() {
	case reflect.String:
		return Keys[K]{Prefix: func(k K) uint64 { return OfText(readString(k)) }, Text: readString[K]}
	case reflect.Float32, reflect.Float64:
		return Keys[K]{Prefix: func(k K) uint64 { return ofFloat(readFloat(k)) }}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Keys[K]{Prefix: func(k K) uint64 { return uint64(readInt(k)) ^ 1<<63 }}
	default: // unsigned: nothing else is ordered
		return Keys[K]{Prefix: readUint[K]}
	}
}

// OfText is the first eight bytes, the first one highest; zeros where the string is shorter. Of strings with a common
// beginning, what is behind it may be given instead, by all of them.
func OfText(s string) uint64 {
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

// Common is how many bytes a and b have in common at the beginning, at most so many.
func Common(a, b string, most int) int {
	most = min(most, len(a), len(b))
	i := 0
	for i+8 <= most && a[i:i+8] == b[i:i+8] {
		i += 8
	}
	for i < most && a[i] == b[i] {
		i++
	}
	return i
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
