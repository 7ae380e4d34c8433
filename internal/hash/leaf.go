package hash

import "math"

// The canonical bits of floats: -0 is 0, and every NaN is one NaN, so that keys that are equal by the rules
// have equal words. The constants are math.NaN's bits and their 32-bit form; they are part of the format.
const (
	nan64 = 0x7ff8000000000001
	nan32 = 0x7fc00000
)

func word64(f float64) uint64 {
	switch {
	case f == 0:
		return 0
	case f != f:
		return nan64
	}
	return math.Float64bits(f)
}

func word32(f float32) uint64 {
	switch {
	case f == 0:
		return 0
	case f != f:
		return nan32
	}
	return uint64(math.Float32bits(f))
}

// sameFloat is the equality of float keys.
func sameFloat[F float32 | float64](a, b F) bool { return a == b || a != a && b != b }

// foldTime appends the two leaves of an instant.
func foldTime(h uint64, t instant) uint64 {
	return foldWord(foldWord(h, uint64(t.sec)), uint64(t.nsec))
}

// foldString appends a string as one leaf; its length is inside.
func foldString(h uint64, s string) uint64 { return String(s, h) }
