package validate

// boolean reads the cell as true or false.
//
// Lax: JSON booleans, the numbers 1 and 0, and the words true/false, t/f, yes/no, y/n, on/off, 1/0 in any
// case. Strict: JSON booleans; in CSV, true and false in lower case.
func (c *cell) boolean(strict bool) (v, ok bool) {
	switch c.kind {
	case kindBool:
		return c.b, true
	case kindNumber:
		if strict {
			return false, false
		}
		neg, mag, code := wholeNumber(c.text)
		return mag == 1, code == "" && (mag == 0 || mag == 1 && !neg)
	case kindText, kindString:
		if strict {
			v = string(c.text) == "true"
			return v, c.kind == kindText && (v || string(c.text) == "false")
		}
		return boolWord(c.text)
	}
	return false, false
}

func boolWord(text []byte) (v, ok bool) {
	switch len(text) {
	case 1:
		switch text[0] | 0x20 {
		case 't', 'y':
			return true, true
		case 'f', 'n':
			return false, true
		}
		return text[0] == '1', text[0] == '1' || text[0] == '0'
	case 2:
		v = foldEqual(text, "on")
		return v, v || foldEqual(text, "no")
	case 3:
		v = foldEqual(text, "yes")
		return v, v || foldEqual(text, "off")
	case 4:
		v = foldEqual(text, "true")
		return v, v
	case 5:
		return false, foldEqual(text, "false")
	}
	return false, false
}
