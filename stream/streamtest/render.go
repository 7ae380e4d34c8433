package streamtest

import (
	"strconv"
	"time"
)

// renderer appends lines to buf. Its dice are its own: how a line is written does not change what comes next.
type renderer struct {
	dice
	dirty float64 // share of valid lines in an unusual form
	buf   []byte  // finished lines

	// The line being made: its fields, and their values one after the other.
	fields []fieldText
	values []byte
}

// fieldText is one field; its value is values[from:to], or raw if that is set.
type fieldText struct {
	key      string
	from, to int
	raw      string
}

// form is how a valid line departs from the usual one.
type form uint8

const (
	formUsual      form = iota
	formUserText        // "user_id":"123"
	formAmountText      // "amount":"12.34"
	formUnknown         // fields that the schema does not have
	formOffset          // times with an offset
	formEscaped         // the page with \u escapes
	formShuffled        // spaces, another order of fields
	forms
)

// valid writes a line of the schema.
func (r *renderer) valid(e *record) {
	f := formUsual
	if r.chance(r.dirty) {
		f = 1 + form(r.below(uint64(forms-1)))
	}
	r.compose(e, f)
	r.write(f == formShuffled)
}

// compose makes the fields of a valid line.
func (r *renderer) compose(e *record, f form) {
	r.fields, r.values = r.fields[:0], r.values[:0]
	r.open("event_id")
	r.values = append(r.values, '"')
	r.values = appendID(r.values, e.id)
	r.close('"')

	r.open("user_id")
	r.number(strconv.AppendInt, e.user, f == formUserText)

	r.open("event_type")
	r.text(eventTypes[e.kind].name)

	zone := time.UTC
	if f == formOffset {
		zone = offsets[r.below(uint64(len(offsets)))]
	}
	r.open("ts")
	r.time(e.at, zone)
	r.open("ingested_at")
	r.time(e.ingested, zone)

	switch {
	case e.updater >= 0:
		r.open("updated_by")
		r.text(updaters[e.updater])
	case e.updater == updaterNull && r.chance(0.3):
		r.raw("updated_by", `"null"`)
	case e.updater == updaterNull:
		r.raw("updated_by", "null")
	}
	if e.page >= 0 {
		r.open("page")
		if f == formEscaped {
			r.escaped(pages[e.page])
		} else {
			r.text(pages[e.page])
		}
	}
	if e.cents >= 0 {
		r.open("amount")
		r.number(appendCents, e.cents, f == formAmountText)
	}
	if f == formUnknown {
		r.raw("ab_test", `"variant-b"`)
		r.raw("debug", `{"retries":0,"path":["edge","\u007bqueue}"],"ok":true}`)
	}
}

// open begins a field, whose value is then appended.
func (r *renderer) open(key string) {
	r.fields = append(r.fields, fieldText{key: key, from: len(r.values)})
}

// close ends the field's value, after last.
func (r *renderer) close(last ...byte) {
	r.values = append(r.values, last...)
	r.fields[len(r.fields)-1].to = len(r.values)
}

func (r *renderer) raw(key, value string) {
	r.fields = append(r.fields, fieldText{key: key, raw: value})
}

// text writes a string that needs no escapes.
func (r *renderer) text(s string) {
	r.values = append(r.values, '"')
	r.values = append(r.values, s...)
	r.close('"')
}

// escaped writes every third byte of an ASCII string as \u00XX.
func (r *renderer) escaped(s string) {
	const digits = "0123456789abcdef"
	r.values = append(r.values, '"')
	for i := range len(s) {
		if i%3 == 0 {
			r.values = append(r.values, '\\', 'u', '0', '0', digits[s[i]>>4], digits[s[i]&15])
		} else {
			r.values = append(r.values, s[i])
		}
	}
	r.close('"')
}

func (r *renderer) number(appendTo func([]byte, int64, int) []byte, v int64, quoted bool) {
	if quoted {
		r.values = append(r.values, '"')
	}
	r.values = appendTo(r.values, v, 10)
	if quoted {
		r.values = append(r.values, '"')
	}
	r.close()
}

// appendCents writes 1234 as 12.34.
func appendCents(b []byte, cents int64, _ int) []byte {
	b = strconv.AppendInt(b, cents/100, 10)
	return append(b, '.', byte('0'+cents/10%10), byte('0'+cents%10))
}

// offsets are zones whose times are not those of UTC; half hours and the far ends included.
var offsets = []*time.Location{
	time.FixedZone("", 2*3600), time.FixedZone("", -5*3600), time.FixedZone("", 5*3600+1800),
	time.FixedZone("", 14*3600), time.FixedZone("", -12*3600),
}

func (r *renderer) time(ms int64, zone *time.Location) {
	r.values = append(r.values, '"')
	r.values = time.UnixMilli(ms).In(zone).AppendFormat(r.values, time.RFC3339Nano)
	r.close('"')
}

// write finishes the line: compact, or with spaces and its second half first.
func (r *renderer) write(shuffled bool) {
	first, space := 0, ""
	if shuffled {
		first, space = len(r.fields)/2, " "
	}
	r.buf = append(r.buf, '{')
	for i := range r.fields {
		if i > 0 {
			r.buf = append(r.buf, ',')
		}
		f := &r.fields[(first+i)%len(r.fields)]
		r.buf = append(r.buf, space...)
		r.buf = append(r.buf, '"')
		r.buf = append(r.buf, f.key...)
		r.buf = append(r.buf, '"', ':')
		r.buf = append(r.buf, space...)
		if f.raw != "" {
			r.buf = append(r.buf, f.raw...)
		} else {
			r.buf = append(r.buf, r.values[f.from:f.to]...)
		}
	}
	r.buf = append(r.buf, space...)
	r.buf = append(r.buf, '}')
}
