package validate

import (
	"math"
	"strconv"
)

// float reads the cell as a binary float of the given bits, correctly rounded.
//
// Lax: JSON numbers, true and false as 1 and 0, decimal text with space around it ("+.5", "1e3"), and the
// IEEE words inf, infinity and nan in any case. Strict: JSON numbers; in CSV, text of that form.
func (c *cell) float(strict bool, bits int) (float64, Code) {
	switch c.kind {
	case kindNumber:
		return parseFloat(c.text, bits)
	case kindText, kindString:
		if strict {
			if end, _ := scanNumber(c.text, 0); c.kind == kindString || end != len(c.text) {
				return 0, CodeType
			}
			return parseFloat(c.text, bits)
		}
		text := trimSpace(c.text)
		if isDecimal(text) {
			if text[0] == '+' {
				text = text[1:]
			}
			return parseFloat(text, bits)
		}
		if v, ok := ieeeWord(text); ok {
			return v, ""
		}
	case kindBool:
		if !strict {
			if c.b {
				return 1, ""
			}
			return 0, ""
		}
	}
	return 0, CodeType
}

// pow10 are the powers of ten that a float64 holds exactly.
var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
	1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// parseFloat evaluates a decimal literal that is known to be well formed. Where the digits fit 53 bits and the
// power of ten is exact, one multiplication or division of exact values rounds once, so it is correctly
// rounded (Clinger); everything else is left to strconv.
func parseFloat(lit []byte, bits int) (float64, Code) {
	if bits == 64 && len(lit) <= 20 {
		rest, neg := lit, false
		if rest[0] == '-' {
			rest, neg = rest[1:], true
		}
		var mant uint64
		exp, i := 0, 0
		for ; i < len(rest) && rest[i]-'0' <= 9; i++ {
			mant = mant*10 + uint64(rest[i]-'0')
		}
		if i < len(rest) && rest[i] == '.' {
			for i++; i < len(rest) && rest[i]-'0' <= 9; i++ {
				mant = mant*10 + uint64(rest[i]-'0')
				exp--
			}
		}
		if i == len(rest) && len(rest) <= 19 && mant < 1<<53 { // 19 digits cannot wrap mant
			v := float64(mant) / pow10[-exp]
			if neg {
				v = -v
			}
			return v, ""
		}
	}
	v, err := strconv.ParseFloat(string(lit), bits)
	if err != nil {
		return 0, CodeOverflow
	}
	return v, ""
}

// isDecimal reports whether text is [sign] digits [. digits] [exponent], with a digit on at least one side of
// the point.
func isDecimal(text []byte) bool {
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		text = text[1:]
	}
	n := countDigits(text)
	digits, text := n, text[n:]
	if len(text) > 0 && text[0] == '.' {
		n = countDigits(text[1:])
		digits, text = digits+n, text[n+1:]
	}
	if digits == 0 {
		return false
	}
	if len(text) > 0 && (text[0] == 'e' || text[0] == 'E') {
		text = text[1:]
		if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
			text = text[1:]
		}
		return len(text) > 0 && countDigits(text) == len(text)
	}
	return len(text) == 0
}

func ieeeWord(text []byte) (float64, bool) {
	if foldEqual(text, "nan") {
		return math.NaN(), true
	}
	sign := 1
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	return math.Inf(sign), foldEqual(text, "inf") || foldEqual(text, "infinity")
}

// foldEqual compares text with an ASCII word in lower case, whatever the case of text.
func foldEqual(text []byte, word string) bool {
	if len(text) != len(word) {
		return false
	}
	for i, ch := range text {
		if 'A' <= ch && ch <= 'Z' {
			ch += 'a' - 'A'
		}
		if ch != word[i] {
			return false
		}
	}
	return true
}
