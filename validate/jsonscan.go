package validate

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// The lexical level of RFC 8259. Every function takes the row and the index where its token begins, and
// returns the index after it.

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

// scanNumber returns the end of the longest number that begins at i, and whether it has neither fraction nor
// exponent; end == i where none begins there.
func scanNumber(b []byte, i int) (end int, whole bool) {
	start := i
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && b[i]-'1' < 9:
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
	default:
		return start, false
	}
	whole = true
	if i < len(b) && b[i] == '.' {
		n := countDigits(b[i+1:])
		if n == 0 {
			return start, false
		}
		i += 1 + n
		whole = false
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		j := i + 1
		if j < len(b) && (b[j] == '+' || b[j] == '-') {
			j++
		}
		n := countDigits(b[j:])
		if n == 0 {
			return start, false
		}
		i = j + n
		whole = false
	}
	return i, whole
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain returns how many bytes of b, counted in whole words of eight, need no look inside a string: printable
// ASCII but quote and backslash. The byte-wise loop after it finds the exact end.
func plain(b []byte, i int) int {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		quote := w ^ ones*'"'
		slash := w ^ ones*'\\'
		// A byte's high bit is set where it is a quote, a backslash, a control character or not ASCII. A
		// borrow may mark a byte above a true hit as well, never one below it, and the lowest is used.
		hit := ((quote - ones) &^ quote) | ((slash - ones) &^ slash) | ((w - ones*0x20) &^ w) | w
		if hit &= highs; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
		i += 8
	}
	return i
}

// scanString reads the string whose first character (after the quote) is at i. It returns the index of the
// closing quote. code is empty, CodeInvalidJSON or CodeInvalidUTF8, and end then the offset of the fault.
func scanString(b []byte, i int) (end int, escaped bool, code Code) {
	ascii := true
	start := i
	for {
		i = plain(b, i)
		if i >= len(b) {
			return i, escaped, CodeInvalidJSON
		}
		switch ch := b[i]; {
		case ch == '"':
			if !ascii && !utf8.Valid(b[start:i]) {
				return start + invalidAt(b[start:i]), escaped, CodeInvalidUTF8
			}
			return i, escaped, ""
		case ch == '\\':
			escaped = true
			n, code := scanEscape(b, i)
			if code != "" {
				return i, escaped, code
			}
			i += n
		case ch < 0x20:
			return i, escaped, CodeInvalidJSON
		default:
			for i++; ch >= 0x80 && i < len(b) && b[i] >= 0x80; i++ {
			}
			ascii = ascii && ch < 0x80
		}
	}
}

// scanEscape returns the length of the escape at i. A surrogate without its other half is CodeInvalidUTF8: no
// text corresponds to it, and a replacement character would be a silent change.
func scanEscape(b []byte, i int) (n int, code Code) {
	if i+1 >= len(b) {
		return 0, CodeInvalidJSON
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, ""
	case 'u':
		r, ok := hex4(b, i+2)
		if !ok {
			return 0, CodeInvalidJSON
		}
		if !utf16.IsSurrogate(r) {
			return 6, ""
		}
		if i+7 < len(b) && b[i+6] == '\\' && b[i+7] == 'u' {
			low, ok := hex4(b, i+8)
			if !ok {
				return 0, CodeInvalidJSON
			}
			if utf16.DecodeRune(r, low) != utf8.RuneError {
				return 12, ""
			}
		}
		return 0, CodeInvalidUTF8
	}
	return 0, CodeInvalidJSON
}

func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, ch := range b[i : i+4] {
		switch {
		case ch-'0' <= 9:
			ch -= '0'
		case ch|0x20-'a' <= 5:
			ch = ch | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(ch)
	}
	return r, true
}

// unescape appends the text of a scanned string (what stands between its quotes) to dst.
func unescape(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			j := i + 1
			for j < len(s) && s[j] != '\\' {
				j++
			}
			dst = append(dst, s[i:j]...)
			i = j
			continue
		}
		switch ch := s[i+1]; ch {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(s, i+2)
			i += 4
			if utf16.IsSurrogate(r) {
				low, _ := hex4(s, i+4)
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, ch)
		}
		i += 2
	}
	return dst
}

// invalidAt is the offset of the first byte of b that is not UTF-8.
func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return len(b)
}
