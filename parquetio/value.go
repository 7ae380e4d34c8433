package parquetio

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/millrace-go/millrace/internal/parquet"
)

// timeAt reads a column of dates or timestamps as times in UTC, or is nil for other columns. A local
// timestamp (one not adjusted to UTC) is taken as if its clock were UTC's.
func timeAt(c *parquet.Column) func(v *parquet.Vector, i int) time.Time {
	switch {
	case c.Physical == parquet.Int96:
		return func(v *parquet.Vector, i int) time.Time { return int96(v.Str[i]) }
	case c.Logical == parquet.Date:
		return func(v *parquet.Vector, i int) time.Time { return time.Unix(int64(v.I32[i])*86400, 0).UTC() }
	case c.Logical != parquet.Timestamp:
		return nil
	}
	switch c.Unit {
	case parquet.Millis:
		return func(v *parquet.Vector, i int) time.Time { return time.UnixMilli(v.I64[i]).UTC() }
	case parquet.Micros:
		return func(v *parquet.Vector, i int) time.Time { return time.UnixMicro(v.I64[i]).UTC() }
	}
	return func(v *parquet.Vector, i int) time.Time { return time.Unix(0, v.I64[i]).UTC() }
}

// int96 reads the timestamp of old writers: nanoseconds of the day, then the Julian day, little-endian. They
// counted in the wall clock of UTC.
func int96(s string) time.Time {
	const epoch = 2440588 // Julian day of 1970-01-01
	nanos := int64(binary.LittleEndian.Uint64([]byte(s[:8])))
	day := int64(int32(binary.LittleEndian.Uint32([]byte(s[8:12])))) - epoch
	return time.Unix(day*86400+nanos/1e9, nanos%1e9).UTC()
}

// half reads a 16-bit float, little-endian.
func half(s string) float64 {
	bits := uint16(s[0]) | uint16(s[1])<<8
	sign := 1.0
	if bits>>15 == 1 {
		sign = -1
	}
	exp, frac := int(bits>>10&31), float64(bits&1023)
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}

// textOf prints decimals exactly, UUIDs in their usual form and times of day as 15:04:05 with the digits of
// their unit.
func textOf(c *parquet.Column) func(v *parquet.Vector, i int) string {
	switch c.Logical {
	case parquet.Decimal:
		switch c.Physical {
		case parquet.Int32:
			return func(v *parquet.Vector, i int) string { return decimal(fmt.Sprint(v.I32[i]), c.Scale) }
		case parquet.Int64:
			return func(v *parquet.Vector, i int) string { return decimal(fmt.Sprint(v.I64[i]), c.Scale) }
		}
		return func(v *parquet.Vector, i int) string { return decimal(bigEndian(v.Str[i]).String(), c.Scale) }
	case parquet.UUID:
		return func(v *parquet.Vector, i int) string {
			h := hex.EncodeToString([]byte(v.Str[i]))
			return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
		}
	case parquet.Time:
		unit, digits := time.Millisecond, 3
		switch c.Unit {
		case parquet.Micros:
			unit, digits = time.Microsecond, 6
		case parquet.Nanos:
			unit, digits = time.Nanosecond, 9
		}
		return func(v *parquet.Vector, i int) string {
			var x int64
			if c.Physical == parquet.Int32 {
				x = int64(v.I32[i])
			} else {
				x = v.I64[i]
			}
			return timeOfDay(x, int64(time.Second/unit), digits)
		}
	}
	return nil
}

// timeOfDay prints x units since midnight, also where that is negative or past the day, as some writers left
// it.
func timeOfDay(x, perSecond int64, digits int) string {
	sign := ""
	if x < 0 {
		sign, x = "-", -x
	}
	s := x / perSecond
	return fmt.Sprintf("%s%02d:%02d:%02d.%0*d", sign, s/3600, s/60%60, s%60, digits, x%perSecond)
}

// bigEndian reads a two's complement integer.
func bigEndian(s string) *big.Int {
	n := new(big.Int).SetBytes([]byte(s))
	if s != "" && s[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(s))*8))
	}
	return n
}

// decimal puts the point into an integer's digits.
func decimal(digits string, scale int) string {
	if scale == 0 {
		return digits
	}
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	at := len(digits) - scale
	return sign + digits[:at] + "." + digits[at:]
}
