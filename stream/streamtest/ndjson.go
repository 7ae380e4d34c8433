package streamtest

import (
	"fmt"
	"io"
)

// EventStats counts what WriteNDJSON wrote, exactly.
type EventStats struct {
	Lines      int   // Valid + Broken
	Valid      int   // lines of the schema: Distinct + Duplicates
	Distinct   int   // event ids among the valid lines
	Duplicates int   // valid lines that repeat the id of an earlier one
	Broken     int   // lines that a correct parser rejects: Malformed + Invalid
	Malformed  int   // not one JSON object in valid UTF-8
	Invalid    int   // a JSON object, but not of the schema
	Bytes      int64 // written, line ends included
}

// WriteNDJSON writes the events of o as newline-delimited JSON, dirty as real logs are, and says how much of what
// it wrote. The schema:
//
//	event_id     required: a string, not empty
//	user_id      required: an integer, or a string of decimal digits
//	event_type   required: one of EventTypes
//	ts           required: RFC 3339, with any offset
//	ingested_at  required: RFC 3339, with any offset
//	updated_by   optional: a string; missing, null and the string "null" all say that it is not known
//	page         optional: a string
//	amount       optional: a number, or a string that holds one
//
// Other fields may occur and mean nothing; fields come in any order. A required field that is missing, null, the
// string "null" or of another type makes the line invalid, as does an optional one of another type. A line that is
// not one JSON object (RFC 8259) in valid UTF-8 is malformed. There are no empty lines.
//
// It returns the first error of w, and then the counts of what was generated so far.
func WriteNDJSON(w io.Writer, o EventOptions) (EventStats, error) {
	var stats EventStats
	o, err := o.filled("WriteNDJSON")
	if err != nil {
		return stats, err
	}
	g := newGenerator(o)
	r := renderer{dice: newDice(o.Seed, 2), dirty: o.DirtyRatio}
	flush := func() error {
		n, err := w.Write(r.buf)
		stats.Bytes += int64(n)
		r.buf = r.buf[:0]
		if err != nil {
			return fmt.Errorf("streamtest: WriteNDJSON: before line %d: %w", g.line+1, err)
		}
		return nil
	}
	for g.next() {
		stats.Lines++
		switch {
		case g.broken && r.chance(0.5):
			r.malformed(&g.now)
			stats.Malformed++
			stats.Broken++
		case g.broken:
			r.invalid(&g.now)
			stats.Invalid++
			stats.Broken++
		case g.retry:
			r.valid(&g.now)
			stats.Duplicates++
			stats.Valid++
		default:
			r.valid(&g.now)
			stats.Distinct++
			stats.Valid++
		}
		r.buf = append(r.buf, '\n')
		if len(r.buf) >= writeSize {
			if err := flush(); err != nil {
				return stats, err
			}
		}
	}
	if len(r.buf) > 0 {
		return stats, flush()
	}
	return stats, nil
}

const writeSize = 64 << 10 // bytes per Write
