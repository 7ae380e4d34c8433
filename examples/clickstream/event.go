package main

import (
	"strings"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// maxIDColumns is how many columns may together name an event.
const maxIDColumns = 4

// event is one row of the input after parsing, and one row of events/ in the output. What a role says
// nothing about stays missing. Times keep their nanoseconds.
type event struct {
	ID       stream.Opt[string]    `parquet:"event_id"`
	User     stream.Opt[string]    `parquet:"user_id"`
	Type     stream.Opt[string]    `parquet:"event_type"`
	At       stream.Opt[time.Time] `parquet:"ts,timestamp(nanos)"`
	Ingested stream.Opt[time.Time] `parquet:"ingested_at,timestamp(nanos)"`
	Updater  stream.Opt[string]    `parquet:"updated_by"`
}

func (e event) id() string       { return e.ID.Or("") }
func (e event) hasNoID() bool    { return !e.ID.IsPresent() }
func (e event) at() time.Time    { return e.At.Or(time.Time{}) }
func (e event) hasUpdater() bool { return e.Updater.IsPresent() }

// userType is the key of the counts. Null is a value of its own: a null user is one user.
type userType struct{ User, Type stream.Opt[string] }

// joinID writes the parts of an id into one text. A backslash before each plus sign and backslash of a part
// keeps ("a+", "b") and ("a", "+b") apart. A null part makes the id null: such a row has no duplicates.
func joinID(parts []stream.Opt[string]) stream.Opt[string] {
	if len(parts) == 1 {
		return parts[0]
	}
	var b strings.Builder
	for i, part := range parts {
		text, ok := part.Get()
		if !ok {
			return stream.Null[string]()
		}
		if i > 0 {
			b.WriteByte('+')
		}
		for _, c := range []byte(text) {
			if c == '+' || c == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		}
	}
	return stream.Present(b.String())
}
