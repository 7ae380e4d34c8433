package validate

import "time"

// kind is what a value is in its source, before any rule of the schema has looked at it.
type kind uint8

const (
	kindMissing kind = iota // not said
	kindNull                // said to be nothing
	kindBool                // JSON true or false
	kindNumber              // JSON number; text is the literal
	kindString              // JSON string; text is decoded
	kindText                // CSV field: the only kind that format has; text is unquoted
	kindTime                // a time.Time of a dynamic row
	kindArray
	kindObject
)

// cell is one value on its way from the source into a field. It borrows text from the row or a scratch
// buffer: valid until the next value is read.
type cell struct {
	kind kind
	b    bool      // kindBool
	text []byte    // kindNumber, kindString, kindText
	t    time.Time // kindTime
	off  int       // byte offset of the value in its row; -1 where it has none
}

// isText reports whether the cell holds characters rather than a typed value.
func (c *cell) isText() bool { return c.kind == kindString || c.kind == kindText }

// appendGot renders the cell for an error message: JSON text, strings cut at maxGot bytes.
func (c *cell) appendGot(dst []byte) []byte {
	switch c.kind {
	case kindMissing:
		return append(dst, "nothing"...)
	case kindNull:
		return append(dst, "null"...)
	case kindBool:
		if c.b {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case kindNumber:
		if len(c.text) > maxGot {
			return append(append(dst, c.text[:maxGot]...), "..."...)
		}
		return append(dst, c.text...)
	case kindString, kindText:
		return appendQuoted(dst, c.text)
	case kindTime:
		return c.t.AppendFormat(dst, time.RFC3339Nano)
	case kindArray:
		return append(dst, "array"...)
	}
	return append(dst, "object"...)
}
