package validate

import "time"

// civil is a date and time as written: a wall clock, and an offset from UTC if one stood there.
type civil struct {
	year, month, day  int
	hour, minute, sec int
	nanos             int
	offset            int  // seconds east of UTC
	zoned             bool // an offset or Z was written
	dateOnly          bool // no time of day was written
}

// parseCivil reads the forms that need no layout:
//
//	2006-01-02
//	2006-01-02T15:04[:05[.123456789]][zone]
//
// with T, t or one space between date and time, a point or (ISO 8601) a comma before the fraction, and zone
// Z, z, -07:00 or -0700. Everything has its full width; a day or an hour that does not exist, a 24th hour, a
// 60th second or a tenth fractional digit is refused, never carried over or cut.
func parseCivil(s []byte) (c civil, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return c, false
	}
	hi, ok1 := two(s[0], s[1])
	lo, ok2 := two(s[2], s[3])
	month, ok3 := two(s[5], s[6])
	day, ok4 := two(s[8], s[9])
	c.year, c.month, c.day = hi*100+lo, month, day
	if !(ok1 && ok2 && ok3 && ok4) || month < 1 || month > 12 || day < 1 || day > daysIn(c.year, month) {
		return c, false
	}
	if len(s) == 10 {
		c.dateOnly = true
		return c, true
	}
	if s[10] != 'T' && s[10] != ' ' && s[10] != 't' || len(s) < 16 || s[13] != ':' {
		return c, false
	}
	c.hour, ok1 = two(s[11], s[12])
	c.minute, ok2 = two(s[14], s[15])
	if !ok1 || !ok2 || c.hour > 23 || c.minute > 59 {
		return c, false
	}
	s = s[16:]
	if len(s) >= 3 && s[0] == ':' {
		c.sec, ok1 = two(s[1], s[2])
		if !ok1 || c.sec > 59 {
			return c, false
		}
		s = s[3:]
		if len(s) > 1 && (s[0] == '.' || s[0] == ',') {
			n := countDigits(s[1:])
			if n == 0 || n > 9 {
				return c, false
			}
			for i := range 9 {
				c.nanos *= 10
				if i < n {
					c.nanos += int(s[1+i] - '0')
				}
			}
			s = s[1+n:]
		}
	}
	if len(s) == 0 {
		return c, true
	}
	c.zoned = true
	if len(s) == 1 && (s[0] == 'Z' || s[0] == 'z') {
		return c, true
	}
	if s[0] != '+' && s[0] != '-' {
		return c, false
	}
	if len(s) == 6 && s[3] == ':' {
		s = []byte{s[0], s[1], s[2], s[4], s[5]}
	}
	if len(s) != 5 {
		return c, false
	}
	oh, ok1 := two(s[1], s[2])
	om, ok2 := two(s[3], s[4])
	if !ok1 || !ok2 || oh > 23 || om > 59 {
		return c, false
	}
	c.offset = (oh*60 + om) * 60
	if s[0] == '-' {
		c.offset = -c.offset
	}
	return c, true
}

// instant places the wall clock on the time line, in UTC: by its own offset, or as local time of loc. It fails
// for a local time that a clock change skips.
func (c *civil) instant(loc *time.Location) (time.Time, bool) {
	if c.zoned || loc == time.UTC {
		return time.Unix(c.unix()-int64(c.offset), int64(c.nanos)).UTC(), true
	}
	t := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.sec, c.nanos, loc)
	if t.Hour() != c.hour || t.Minute() != c.minute {
		return time.Time{}, false
	}
	return t.UTC(), true
}

// unix is the wall clock read as UTC, in seconds since 1970.
func (c *civil) unix() int64 {
	// Days since 1970 by counting years from March, so that the leap day is the last of its year.
	y, m := c.year, c.month
	if m <= 2 {
		y--
		m += 12
	}
	era := y
	if y < 0 {
		era -= 399
	}
	era /= 400
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + c.day - 1
	days := int64(era)*146097 + int64(yoe*365+yoe/4-yoe/100+doy) - 719468
	return days*86400 + int64(c.hour*3600+c.minute*60+c.sec)
}

func two(a, b byte) (int, bool) {
	a -= '0'
	b -= '0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// epochTime reads a decimal count of units since 1970 exactly; the result must be a whole number of
// nanoseconds in the years 1 to 9999.
func epochTime(lit []byte, unit time.Duration) (time.Time, Code) {
	neg := len(lit) > 0 && lit[0] == '-'
	if neg {
		lit = lit[1:]
	}
	d := splitDecimal(lit)
	// Scale by shifting the point: units are powers of ten of a nanosecond.
	d.exp += digitsOf(unit)
	nanos, code := d.whole()
	if code == CodeOverflow || code == "" && nanos > 1<<63-1 {
		// Beyond the 292 years that nanoseconds reach: seconds alone may still fit.
		d.exp -= digitsOf(time.Second)
		secs, code := d.whole()
		if code != "" || secs > maxUnix {
			return time.Time{}, CodeOverflow
		}
		return unixSigned(neg, secs, 0)
	}
	if code != "" {
		return time.Time{}, code
	}
	return unixSigned(neg, nanos/1e9, nanos%1e9)
}

// Unix seconds of the last second of year 9999 and, negated, of the first of year 1.
const (
	maxUnix = 253402300799
	minUnix = 62135596800
)

func unixSigned(neg bool, secs, nanos uint64) (time.Time, Code) {
	if secs > maxUnix || neg && secs >= minUnix {
		return time.Time{}, CodeOverflow
	}
	if neg {
		return time.Unix(-int64(secs), -int64(nanos)).UTC(), ""
	}
	return time.Unix(int64(secs), int64(nanos)).UTC(), ""
}

// digitsOf is the power of ten of nanoseconds that a unit is: 0, 3, 6 or 9.
func digitsOf(unit time.Duration) int {
	n := 0
	for ; unit > 1; unit /= 10 {
		n++
	}
	return n
}
