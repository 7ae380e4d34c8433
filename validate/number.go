package validate

import "bytes"

// Integers are read exactly, digit by digit, never through a float: sign and magnitude first, and whether the
// field's Go type can hold them is asked afterwards.

// integer reads the cell as a whole number.
//
// Lax: a JSON number whose value is whole (1, 1.0, 1e3), true and false as 1 and 0, and decimal text with
// space around it, a sign, leading zeros and a fraction of zeros ("+042.0"). Strict: a JSON number without
// fraction or exponent; in CSV, text of that form.
func (c *cell) integer(strict bool) (neg bool, mag uint64, code Code) {
	switch c.kind {
	case kindNumber:
		if strict && bytes.ContainsAny(c.text, ".eE") {
			return false, 0, CodeType
		}
		return wholeNumber(c.text)
	case kindText:
		if strict {
			if end, whole := scanNumber(c.text, 0); end != len(c.text) || !whole {
				return false, 0, CodeType
			}
			return wholeNumber(c.text)
		}
		return wholeText(c.text)
	case kindString:
		if !strict {
			return wholeText(c.text)
		}
	case kindBool:
		if !strict {
			if c.b {
				return false, 1, ""
			}
			return false, 0, ""
		}
	}
	return false, 0, CodeType
}

// wholeText reads decimal text: [space] [sign] digits [. zeros] [space].
func wholeText(text []byte) (neg bool, mag uint64, code Code) {
	text = trimSpace(text)
	if len(text) > 0 && text[0] == '+' {
		text = text[1:]
		if len(text) > 0 && text[0] == '-' {
			return false, 0, CodeType
		}
	}
	digits := text
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	n := countDigits(digits)
	if n == 0 {
		return false, 0, CodeType
	}
	if rest := digits[n:]; len(rest) > 0 && (rest[0] != '.' || countDigits(rest[1:]) != len(rest)-1) {
		return false, 0, CodeType
	}
	return wholeNumber(text)
}

// wholeNumber evaluates a number literal (a JSON number, or one with leading zeros or a bare final point):
// CodeType where it has a fraction, CodeOverflow where its magnitude passes 64 bits.
func wholeNumber(lit []byte) (neg bool, mag uint64, code Code) {
	if len(lit) > 0 && lit[0] == '-' {
		neg = true
		lit = lit[1:]
	}
	if len(lit) <= 19 { // 19 digits cannot pass 2^64
		for _, ch := range lit {
			if ch-'0' > 9 {
				d := splitDecimal(lit)
				mag, code = d.whole()
				return neg, mag, code
			}
			mag = mag*10 + uint64(ch-'0')
		}
		return neg, mag, ""
	}
	d := splitDecimal(lit)
	mag, code = d.whole()
	return neg, mag, code
}

// decimal is an unsigned number literal taken apart: value = 0.D * 10^point, D the digits of int and frac.
type decimal struct {
	int, frac []byte
	exp       int // decimal exponent, clamped to +-maxExp
}

// maxExp passes any digit count a row can have (Options.MaxLine is at most 2^30), so clamping cannot turn a
// huge number into a small one.
const maxExp = 1<<30 + 1<<29

func splitDecimal(lit []byte) decimal {
	var d decimal
	n := countDigits(lit)
	d.int, lit = lit[:n], lit[n:]
	if len(lit) > 0 && lit[0] == '.' {
		lit = lit[1:]
		n = countDigits(lit)
		d.frac, lit = lit[:n], lit[n:]
	}
	if len(lit) > 0 { // e or E
		lit = lit[1:]
		neg := false
		if len(lit) > 0 && (lit[0] == '-' || lit[0] == '+') {
			neg = lit[0] == '-'
			lit = lit[1:]
		}
		for _, ch := range lit {
			if d.exp > maxExp/10 {
				d.exp = maxExp
				break
			}
			d.exp = d.exp*10 + int(ch-'0')
		}
		if neg {
			d.exp = -d.exp
		}
	}
	return d
}

func (d *decimal) digit(i int) byte {
	if i < len(d.int) {
		return d.int[i]
	}
	if i -= len(d.int); i < len(d.frac) {
		return d.frac[i]
	}
	return '0'
}

// whole returns the value if it is a whole number below 2^64.
func (d *decimal) whole() (uint64, Code) {
	total := len(d.int) + len(d.frac)
	first := 0
	for first < total && d.digit(first) == '0' {
		first++
	}
	if first == total {
		return 0, ""
	}
	point := int64(len(d.int)) + int64(d.exp) // digits before the point
	last := total
	for d.digit(last-1) == '0' {
		last--
	}
	if int64(last) > point {
		return 0, CodeType
	}
	if point-int64(first) > 20 {
		return 0, CodeOverflow
	}
	var mag uint64
	for i := first; i < int(point); i++ {
		digit := uint64(d.digit(i) - '0')
		if mag > (1<<64-1)/10 || mag*10 > 1<<64-1-digit {
			return 0, CodeOverflow
		}
		mag = mag*10 + digit
	}
	return mag, ""
}

// fit converts sign and magnitude to V if V can hold them.
func fit[V integers](neg bool, mag uint64) (V, bool) {
	v := V(mag)
	if neg {
		v = -v
		return v, mag == 0 || v < 0 && uint64(-int64(v)) == mag
	}
	return v, v >= 0 && uint64(v) == mag
}

func countDigits(b []byte) int {
	for i, ch := range b {
		if ch-'0' > 9 {
			return i
		}
	}
	return len(b)
}

// trimSpace cuts ASCII white space, the only kind that lax numbers tolerate around them.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(ch byte) bool { return ch == ' ' || ch-'\t' < 5 }
