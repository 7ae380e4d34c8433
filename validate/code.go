package validate

import "github.com/millrace-go/millrace/stream"

// Code says in one word what is wrong with a row or a field. Codes are stable: they are stored in
// quarantines and counted by dashboards.
type Code string

// Codes of a whole row. A row with one of the first six could not be read to its end: that error is then its
// only one.
const (
	CodeInvalidJSON Code = "invalid_json"  // not RFC 8259
	CodeInvalidUTF8 Code = "invalid_utf8"  // bytes or escapes that are not Unicode text
	CodeTooDeep     Code = "too_deep"      // nested deeper than Options.MaxDepth
	CodeTooLong     Code = "too_long"      // longer than Options.MaxLine
	CodeBadQuote    Code = "bad_quote"     // CSV: a quote where none may stand
	CodeOpenQuote   Code = "open_quote"    // CSV: a quote that is never closed
	CodeNotObject   Code = "not_an_object" // JSON, but not an object
	CodeFieldCount  Code = "field_count"   // CSV: more or fewer fields than the header
	CodeDuplicate   Code = "duplicate_key" // one key, or a field and its alias, twice in an object
	CodeUnknown     Code = "unknown_field" // not in the schema, under Unknown: Quarantine
	CodeMissing     Code = "missing"       // a required field is not there
	CodeNull        Code = "null"          // null where the field cannot hold it
	CodeType        Code = "type"          // cannot be read as the field's kind
	CodeOverflow    Code = "overflow"      // a number that the field's Go type cannot hold
	CodeRange       Code = "range"         // outside Range or Within
	CodeEnum        Code = "enum"          // none of the listed values
	CodePattern     Code = "pattern"       // does not match Regexp
	CodeLength      Code = "length"        // outside MinLen and MaxLen
)

// codes lists every code; its order is the order of Stats.ByCode.
var codes = [...]Code{
	CodeInvalidJSON, CodeInvalidUTF8, CodeTooDeep, CodeTooLong, CodeBadQuote, CodeOpenQuote,
	CodeNotObject, CodeFieldCount, CodeDuplicate, CodeUnknown,
	CodeMissing, CodeNull, CodeType, CodeOverflow, CodeRange, CodeEnum, CodePattern, CodeLength,
}

// Class is the class sentinel of package stream for an error of this code: ErrCorrupt for bytes that are not
// what they claim to be, ErrLimit for what passes a bound, ErrSchema for well-formed data of another shape.
func (c Code) Class() error {
	switch c {
	case CodeInvalidJSON, CodeInvalidUTF8, CodeBadQuote, CodeOpenQuote:
		return stream.ErrCorrupt
	case CodeTooDeep, CodeTooLong:
		return stream.ErrLimit
	}
	return stream.ErrSchema
}

// index is the place of c in codes.
func (c Code) index() int {
	for i := range codes {
		if codes[i] == c {
			return i
		}
	}
	return -1
}

// CodeCount is how many rejected rows had at least one error of a code.
type CodeCount struct {
	Code Code  `json:"code"` // one of the constants
	Rows int64 `json:"rows"` // rejected rows with it
}
