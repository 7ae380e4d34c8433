package hash

import (
	"reflect"
	"time"
)

// instant is a time without zone and monotonic reading. Keys are compared by it and not by time.Time.Equal,
// which trusts the monotonic readings where both have one: after a clock step they call times equal whose
// wall clocks differ.
type instant struct {
	sec  int64 // Unix seconds
	nsec int64 // [0, 1e9)
}

func instantOf(t time.Time) instant { return instant{t.Unix(), int64(t.Nanosecond())} }

// The walk by reflection cannot take a time.Time out of an unexported field, but it can read integers there.
// time.Time has had these two since Go 1.9: wall holds nanoseconds in its low 30 bits; if its top bit is set,
// the next 33 are seconds since 1885 (and ext is the monotonic reading), otherwise ext is seconds since year 1.
// TestInstant_ByReflection watches over it.
const (
	hasMonotonic   = 1 << 63
	nsecMask       = 1<<30 - 1
	wallToUnix     = (1884*365+1884/4-1884/100+1884/400)*86400 + internalToUnix
	internalToUnix = -(1969*365 + 1969/4 - 1969/100 + 1969/400) * 86400
)

// instantIn reads the instant of a value whose type is time.Time or was defined as it.
func instantIn(v reflect.Value) instant {
	wall, ext := v.Field(0).Uint(), v.Field(1).Int()
	nsec := int64(wall & nsecMask)
	if wall&hasMonotonic != 0 {
		return instant{int64(wall<<1>>31) + wallToUnix, nsec}
	}
	return instant{ext + internalToUnix, nsec}
}
