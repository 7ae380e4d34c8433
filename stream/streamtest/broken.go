package streamtest

// malformed writes a line that is not one JSON object in valid UTF-8: no parser of RFC 8259 takes it.
func (r *renderer) malformed(e *record) {
	begin := len(r.buf)
	r.compose(e, formUsual)
	switch kind := r.below(6); kind {
	case 0, 1: // cut off, as by a crash of the writer: the closing brace at least is missing
		r.write(false)
		length := len(r.buf) - begin
		r.buf = r.buf[:begin+1+int(r.below(uint64(length-1)))]
	case 2: // something else altogether
		r.buf = append(r.buf, garbage[r.below(uint64(len(garbage)))]...)
	case 3: // invalid UTF-8, where even a parser that lets it pass finds an unknown type
		r.replace("event_type", "\"page\xff\xfeview\"")
		r.write(false)
	case 4: // two writers on one line
		r.write(false)
		r.write(false)
	default: // JSON, but no object
		r.buf = append(r.buf, noObject[r.below(uint64(len(noObject)))]...)
	}
}

var garbage = []string{
	"<html><head><title>503 Service Temporarily Unavailable</title></head></html>",
	"2024-01-15T00:00:00Z WARN queue full, dropping",
	"\x00\x00\x00\x00\x00\x00\x00\x00",
	"{'event_id': 'single quotes', 'user_id': 1}",
	`{"event_id":"no value","user_id":}`,
	`{"event_id":"NaN","user_id":NaN}`,
	`"event_id":"no brace"`,
	"}{",
}

var noObject = []string{"null", "true", "42", `"event"`, "[]", `[{"event_id":"in a list"}]`}

// invalid writes a JSON object that is not of the schema, in exactly one field.
func (r *renderer) invalid(e *record) {
	r.compose(e, formUsual)
	f := flaws[r.below(uint64(len(flaws)))]
	r.replace(f.key, f.value)
	r.write(false)
}

// flaws are one field each: its value, as JSON, or "" to leave it out.
var flaws = []struct{ key, value string }{
	{"event_id", ""}, {"event_id", "null"}, {"event_id", `""`}, {"event_id", `["a"]`},
	{"user_id", ""}, {"user_id", "null"}, {"user_id", `"null"`}, {"user_id", `"u-17"`}, {"user_id", "12.5"}, {"user_id", `{"id":17}`},
	{"user_id", "99999999999999999999"},
	{"event_type", ""}, {"event_type", "null"}, {"event_type", `"teleport"`}, {"event_type", "7"},
	{"ts", ""}, {"ts", "null"}, {"ts", `"yesterday"`}, {"ts", `"2024-02-30T10:00:00Z"`}, {"ts", `"2024-01-15T25:00:00Z"`},
	{"ingested_at", ""}, {"ingested_at", `"null"`}, {"ingested_at", `[]`},
	{"updated_by", `{"name":"ana"}`},
	{"page", `["/home"]`},
	{"amount", `"twelve"`}, {"amount", `{"value":1}`},
}

// replace sets a field, adds it if the line has none, or removes it if value is "".
func (r *renderer) replace(key, value string) {
	for i := range r.fields {
		if r.fields[i].key != key {
			continue
		}
		if value == "" {
			r.fields = append(r.fields[:i], r.fields[i+1:]...)
		} else {
			r.fields[i].raw = value
		}
		return
	}
	r.raw(key, value)
}
