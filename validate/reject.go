package validate

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Reject is a row that did not obey the schema, with everything needed to find it again, to understand it, and
// to replay it. It is plain data: write it as NDJSON with encoding/json, or as Parquet with parquetio.
type Reject struct {
	Source  string `parquet:"source" json:"source"`   // the input, Options.Name or a path
	Row     int64  `parquet:"row" json:"row"`         // 1-based, valid and rejected rows counted together, over all inputs of the stream
	Line    int64  `parquet:"line" json:"line"`       // 1-based, where the row begins; for dynamic rows their number
	Offset  int64  `parquet:"offset" json:"offset"`   // of the row's first byte in the decompressed input; -1 for dynamic rows
	Length  int64  `parquet:"length" json:"length"`   // bytes of the row, its line end not included
	Code    Code   `parquet:"code" json:"code"`       // of the first error
	Path    string `parquet:"path" json:"path"`       // of the first error; empty: the row as a whole
	Message string `parquet:"message" json:"message"` // the first error in words
	Errors  string `parquet:"errors" json:"errors"`   // all errors, a JSON array of FieldError; see FieldErrors
	Count   int64  `parquet:"count" json:"count"`     // how many errors were found; Errors holds the first Options.MaxErrors

	Raw      string `parquet:"raw" json:"raw"`             // the row's bytes, whole or their beginning
	RawForm  string `parquet:"raw_form" json:"raw_form"`   // "text", or "base64" where they are not UTF-8
	RawState string `parquet:"raw_state" json:"raw_state"` // "whole"; "cut" at Options.MaxRaw; "withheld" because the schema has secrets
	SHA256   string `parquet:"sha256" json:"sha256"`       // of all bytes, hexadecimal, where Raw is not whole; otherwise empty
}

// FieldErrors decodes Errors.
func (r Reject) FieldErrors() ([]FieldError, error) {
	var errs []FieldError
	if err := json.Unmarshal([]byte(r.Errors), &errs); err != nil {
		return nil, fmt.Errorf("validate: Reject.FieldErrors: %s: %w", r.place(), err)
	}
	return errs, nil
}

// Bytes decodes Raw: the whole row, or its beginning where RawState is "cut".
func (r Reject) Bytes() ([]byte, error) {
	if r.RawForm != "base64" {
		return []byte(r.Raw), nil
	}
	b, err := base64.StdEncoding.DecodeString(r.Raw)
	if err != nil {
		return nil, fmt.Errorf("validate: Reject.Bytes: %s: %w", r.place(), err)
	}
	return b, nil
}

func (r Reject) place() string { return r.Source + ":" + strconv.FormatInt(r.Line, 10) }

// Values of Reject.RawState.
const (
	rawWhole    = "whole"
	rawCut      = "cut"
	rawWithheld = "withheld"
)

// setRaw stores the row's bytes. head is all of them, or, with sum, the beginning of a longer row.
func (r *Reject) setRaw(head []byte, sum []byte, maxRaw int, secrets bool) {
	r.RawForm, r.RawState = "text", rawWhole
	if secrets || len(head) > maxRaw || sum != nil {
		if sum == nil {
			s := sha256.Sum256(head)
			sum = s[:]
		}
		r.SHA256 = hex.EncodeToString(sum)
		r.RawState = rawCut
	}
	if secrets {
		r.RawState = rawWithheld
		return
	}
	whole := len(head) <= maxRaw && r.RawState == rawWhole
	if cut := cutText(head, maxRaw); whole || utf8.Valid(cut) {
		head = cut
	} else {
		head = head[:min(len(head), maxRaw)]
	}
	if utf8.Valid(head) {
		r.Raw = string(head)
		return
	}
	r.Raw, r.RawForm = base64.StdEncoding.EncodeToString(head), "base64"
}

// setErrors stores the row's errors.
func (r *Reject) setErrors(errs []FieldError, more int) {
	r.Code, r.Path, r.Message = errs[0].Code, errs[0].Path, errs[0].Error()
	r.Count = int64(len(errs) + more)
	text := make([]byte, 0, 128*len(errs))
	for i := range errs {
		text = append(text, ",{"...)
		if i == 0 {
			text[0] = '['
		}
		if errs[i].Path != "" {
			text = appendJSONString(append(text, `"path":`...), errs[i].Path)
			text = append(text, ',')
		}
		text = append(append(append(text, `"code":"`...), errs[i].Code...), `","offset":`...)
		text = strconv.AppendInt(text, int64(errs[i].Offset), 10)
		text = appendJSONString(append(text, `,"got":`...), errs[i].Got)
		text = appendJSONString(append(text, `,"want":`...), errs[i].Want)
		text = append(text, '}')
	}
	r.Errors = string(append(text, ']'))
}

// appendJSONString quotes s, which is UTF-8, as JSON; bytes that are not become U+FFFD.
func appendJSONString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	for i := range len(s) {
		switch ch := s[i]; {
		case ch == '"' || ch == '\\':
			dst = append(dst, '\\', ch)
		case ch < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[ch>>4], hex[ch&15])
		default:
			dst = append(dst, ch)
		}
	}
	return append(dst, '"')
}
