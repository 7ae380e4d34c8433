package main

import (
	"strconv"
	"time"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
	"github.com/millrace-go/millrace/validate"
)

// generatedRow is the contract of the generated events: what every row must have, and what it may lack.
type generatedRow struct {
	id       string
	user     int64
	kind     string
	at       time.Time
	ingested time.Time
	updater  stream.Opt[string]
	page     string
	amount   float64
}

// The times that 64 bits of nanoseconds hold, which is what the output has, in whole years.
var (
	earliest = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC) // excluded
)

func generatedSchema() (*validate.Schema[generatedRow], error) {
	return validate.New[generatedRow](
		validate.String("event_id", func(r *generatedRow) *string { return &r.id }).Required().MinLen(1),
		validate.Int("user_id", func(r *generatedRow) *int64 { return &r.user }).Required(),
		validate.String("event_type", func(r *generatedRow) *string { return &r.kind }).Required().Enum(streamtest.EventTypes()...),
		validate.Time("ts", func(r *generatedRow) *time.Time { return &r.at }).Required().Within(earliest, latest),
		validate.Time("ingested_at", func(r *generatedRow) *time.Time { return &r.ingested }).Required().Within(earliest, latest),
		validate.OptString("updated_by", func(r *generatedRow) *stream.Opt[string] { return &r.updater }).NullTokens("null"),
		validate.String("page", func(r *generatedRow) *string { return &r.page }).NullAsMissing(),
		validate.Float("amount", func(r *generatedRow) *float64 { return &r.amount }).NullAsMissing(),
	)
}

func (r generatedRow) event() event {
	return event{
		ID: stream.Present(r.id), User: stream.Present(strconv.FormatInt(r.user, 10)), Type: stream.Present(r.kind),
		At: stream.Present(r.at), Ingested: stream.Present(r.ingested), Updater: r.updater,
	}
}

// mappedRow holds the user's own columns as they are written, each once, whatever roles it plays: any text or
// number is a text, and an empty cell or a JSON null is null. Only times must be times, and the event time must
// be there.
type mappedRow struct {
	texts    [maxIDColumns + 3]stream.Opt[string]
	at       time.Time
	ingested stream.Opt[time.Time]
}

// mappedSchema reads the mapped columns. In CSV and TSV they must be in the header, for a misspelt name would
// look like a column of nulls; a JSON object may lack any of them but the event time.
func mappedSchema(m columns, layouts []string, format string) (*validate.Schema[mappedRow], error) {
	table := format == "csv" || format == "tsv"
	var fields []validate.Field[mappedRow]
	for i, column := range m.textColumns() {
		f := validate.OptString(column, func(r *mappedRow) *stream.Opt[string] { return &r.texts[i] })
		if f = f.Scalars().NullTokens(""); table {
			f = f.Required()
		}
		fields = append(fields, f)
	}
	for _, column := range m.timeColumns() {
		if column == m.ts {
			f := validate.Time(column, func(r *mappedRow) *time.Time { return &r.at })
			fields = append(fields, readTime(f, layouts).Required().Within(earliest, latest))
			continue
		}
		f := validate.OptTime(column, func(r *mappedRow) *stream.Opt[time.Time] { return &r.ingested })
		if f = readTime(f, layouts).NullTokens("").Within(earliest, latest); table {
			f = f.Required()
		}
		fields = append(fields, f)
	}
	return validate.New(fields...)
}

// epochUnits are what -layouts calls numbers that count since 1970.
var epochUnits = map[string]time.Duration{
	"unix": time.Second, "unixms": time.Millisecond, "unixus": time.Microsecond, "unixns": time.Nanosecond,
}

// readTime lets a field read the layouts of the user, and then what it reads without any.
func readTime(f *validate.TimeField[mappedRow], layouts []string) *validate.TimeField[mappedRow] {
	var texts []string
	for _, layout := range layouts {
		if unit, ok := epochUnits[layout]; ok {
			f = f.Epoch(unit)
			continue
		}
		texts = append(texts, layout)
	}
	return f.Layouts(append(texts, validate.AutoLayout)...)
}

// eventOf makes events of mapped rows.
func eventOf(m columns) func(mappedRow) event {
	place := map[string]int{}
	for i, column := range m.textColumns() {
		place[column] = i
	}
	text := func(column string) func(*mappedRow) stream.Opt[string] {
		if column == "" {
			return func(*mappedRow) stream.Opt[string] { return stream.Missing[string]() }
		}
		i := place[column]
		return func(r *mappedRow) stream.Opt[string] { return r.texts[i] }
	}
	user, kind, updater := text(m.user), text(m.kind), text(m.updater)
	return func(r mappedRow) event {
		e := event{User: user(&r), Type: kind(&r), Updater: updater(&r), Ingested: r.ingested}
		if len(m.id) > 0 {
			var parts [maxIDColumns]stream.Opt[string]
			for i, column := range m.id {
				parts[i] = r.texts[place[column]]
			}
			e.ID = joinID(parts[:len(m.id)])
		}
		if m.ts != "" {
			e.At = stream.Present(r.at)
		}
		if m.ingested == m.ts {
			e.Ingested = e.At
		}
		return e
	}
}
