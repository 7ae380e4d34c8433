package validate

import (
	"slices"
	"strings"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// AutoLayout stands for the forms that Time reads without a layout, among the others of Layouts.
const AutoLayout = "auto"

// TimeField is an instant (Time) or a calendar day (Date).
type TimeField[T any] struct {
	rules[*TimeField[T]]
	at       place[T, time.Time]
	date     bool
	def      time.Time
	loc      *time.Location
	layouts  []string
	unit     time.Duration // of an epoch; 0: numbers are refused
	from, to time.Time
	bounded  bool
	wantRule string
	mistakes [][3]string // rule, want, got: found while building
}

// Time is a time field called name, stored where at points, always in UTC: the instant is kept, the offset it
// was written with is not.
//
// Without Layouts it takes RFC 3339 in all its forms and its everyday relatives: 2006-01-02T15:04:05Z, with a
// space for the T, without seconds, with up to nine fractional digits, with offsets as -07:00 or -0700, and
// plain 2006-01-02. What has no offset is local time of Location (UTC by default). A number is refused unless
// Epoch says what it counts.
func Time[T any](name string, at func(*T) *time.Time) *TimeField[T] {
	absent("Time", name, at == nil)
	return newTime(name, place[T, time.Time]{plain: at})
}

// OptTime is Time for a field that keeps null and missing apart from a value.
func OptTime[T any](name string, at func(*T) *stream.Opt[time.Time]) *TimeField[T] {
	absent("OptTime", name, at == nil)
	f := newTime(name, place[T, time.Time]{opt: at})
	f.nullable = true
	return f
}

// Date is a calendar day called name, stored where at points as its midnight in UTC. Without Layouts it takes
// 2006-01-02, and lax also a date and time whose time of day is exactly midnight.
func Date[T any](name string, at func(*T) *time.Time) *TimeField[T] {
	absent("Date", name, at == nil)
	f := newTime(name, place[T, time.Time]{plain: at})
	f.asDate()
	return f
}

// OptDate is Date for a field that keeps null and missing apart from a value.
func OptDate[T any](name string, at func(*T) *stream.Opt[time.Time]) *TimeField[T] {
	absent("OptDate", name, at == nil)
	f := newTime(name, place[T, time.Time]{opt: at})
	f.nullable = true
	f.asDate()
	return f
}

func newTime[T any](name string, at place[T, time.Time]) *TimeField[T] {
	f := &TimeField[T]{at: at, loc: time.UTC}
	f.self = f
	f.name, f.kind, f.want = name, "time", "time such as 2006-01-02T15:04:05Z"
	return f
}

func (f *TimeField[T]) asDate() { f.date, f.kind, f.want = true, "date", "date such as 2006-01-02" }

func (f *TimeField[T]) mistake(rule, want, got string) {
	f.mistakes = append(f.mistakes, [3]string{rule, want, got})
}

// Layouts replaces the accepted forms by layouts of package time, tried in order; AutoLayout among them stands
// for the built-in forms. Layouts with a zone abbreviation (MST) are refused: package time invents an offset of
// zero for those it does not know.
func (f *TimeField[T]) Layouts(layouts ...string) *TimeField[T] {
	f.layouts = append(f.layouts, layouts...)
	if len(layouts) == 0 {
		f.mistake("Layouts", "at least one", "none")
	}
	return f
}

// Epoch also takes numbers, counted in unit since 1970-01-01 UTC: time.Second, Millisecond, Microsecond or
// Nanosecond. Fractions are exact to the nanosecond. Lax reading takes them as text too.
func (f *TimeField[T]) Epoch(unit time.Duration) *TimeField[T] {
	f.unit = unit
	switch unit {
	case time.Second, time.Millisecond, time.Microsecond, time.Nanosecond:
	default:
		f.mistake("Epoch", "time.Second, Millisecond, Microsecond or Nanosecond", unit.String())
	}
	return f
}

// Location is the zone of values that carry none; UTC by default. A local time that a clock change skips is a
// reject; one that happens twice is read as package time does.
func (f *TimeField[T]) Location(loc *time.Location) *TimeField[T] {
	if loc == nil {
		f.mistake("Location", "a location", "nil")
		loc = time.UTC
	}
	f.loc = loc
	return f
}

// Within asks for from <= value < to.
func (f *TimeField[T]) Within(from, to time.Time) *TimeField[T] {
	f.from, f.to, f.bounded = from, to, true
	return f
}

// Default is stored where the field is missing. It must obey the rules itself.
func (f *TimeField[T]) Default(t time.Time) *TimeField[T] {
	f.def, f.hasDefault, f.defaultText = t.UTC(), true, t.UTC().Format(time.RFC3339Nano)
	return f
}

func (f *TimeField[T]) compile(problems *SchemaError) decoder[T] {
	c := *f
	c.meta, c.layouts = f.meta.copied(), slices.Clone(f.layouts)
	c.checkCommon(problems)
	for _, m := range c.mistakes {
		problems.add(c.name, m[0], m[1], m[2])
	}
	for _, layout := range c.layouts {
		switch {
		case layout == "":
			problems.add(c.name, "Layouts", "layouts of package time", `""`)
		case strings.Contains(layout, "MST"):
			problems.add(c.name, "Layouts", "numeric offsets, no zone abbreviation", layout)
		}
	}
	if c.bounded {
		c.wantRule = "from " + c.from.UTC().Format(time.RFC3339Nano) + " until before " + c.to.UTC().Format(time.RFC3339Nano)
		c.meta.rules = append(c.meta.rules, c.wantRule)
		if !c.from.Before(c.to) {
			problems.add(c.name, "Within", "from before to", c.wantRule)
		}
	}
	if len(c.layouts) > 0 {
		text := "layout " + strings.ReplaceAll(strings.Join(c.layouts, " or "), AutoLayout, "2006-01-02T15:04:05Z and its kin")
		c.meta.rules = append(c.meta.rules, text)
		c.want = c.kind + " in " + text
	}
	if c.loc != time.UTC {
		c.meta.rules = append(c.meta.rules, "local time of "+c.loc.String())
	}
	if c.unit != 0 {
		c.meta.rules = append(c.meta.rules, "or a number of "+c.unit.String()+" since 1970")
		c.want += " or epoch number"
	}
	if c.hasDefault {
		if c.bounded && (c.def.Before(c.from) || !c.def.Before(c.to)) {
			problems.add(c.name, "Default", "a value that the field's own rules allow", c.defaultText)
		}
		if c.date && !c.def.Equal(midnight(c.def)) {
			problems.add(c.name, "Default", "a midnight in UTC", c.defaultText)
		}
	}
	return &c
}

func (f *TimeField[T]) decode(row *T, c *cell, st *state) {
	switch f.judge(c, st) {
	case isNull:
		f.at.putNull(row)
		return
	case isMissing:
		f.at.putMissing(row, f.def, f.hasDefault)
		return
	case isBad:
		return
	}
	t, code := f.read(c)
	if code == "" && f.bounded && (t.Before(f.from) || !t.Before(f.to)) {
		code = CodeRange
	}
	if code == "" {
		f.at.put(row, t)
		return
	}
	want := f.want
	switch code {
	case CodeRange:
		want = f.wantRule
	case CodeOverflow:
		want = "time in the years 1 to 9999"
	}
	st.fail(&f.meta, c, code, want)
}

func (f *TimeField[T]) read(c *cell) (time.Time, Code) {
	switch c.kind {
	case kindTime:
		return f.whole(c.t.UTC())
	case kindNumber:
		return f.epoch(c.text)
	case kindString, kindText:
		if f.layouts == nil {
			if t, ok := f.auto(c.text); ok {
				return t, ""
			}
		}
		for _, layout := range f.layouts {
			if layout == AutoLayout {
				if t, ok := f.auto(c.text); ok {
					return t, ""
				}
			} else if t, ok := f.byLayout(layout, string(c.text)); ok {
				return f.whole(t)
			}
		}
		if c.kind == kindText || !f.strict {
			if text := trimSpace(c.text); len(text) > 0 && isDecimal(text) && text[0] != '+' {
				return f.epoch(text)
			}
		}
	}
	return time.Time{}, CodeType
}

// auto reads one of the built-in forms.
func (f *TimeField[T]) auto(text []byte) (time.Time, bool) {
	cv, ok := parseCivil(text)
	if !ok {
		return time.Time{}, false
	}
	if f.date {
		// A day is a day wherever it was written: no offset moves it.
		if !cv.dateOnly && (f.strict || cv.hour|cv.minute|cv.sec|cv.nanos != 0) {
			return time.Time{}, false
		}
		return time.Unix(cv.unix(), 0).UTC(), true
	}
	return cv.instant(f.loc)
}

func (f *TimeField[T]) byLayout(layout, text string) (time.Time, bool) {
	loc := f.loc
	if f.date {
		loc = time.UTC
	}
	t, err := time.ParseInLocation(layout, text, loc)
	if err != nil {
		return time.Time{}, false
	}
	if f.date {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), true
	}
	// Formatting back shows whether a clock change skipped this local time: package time moves it on.
	if loc != time.UTC && t.Location() == loc {
		u, err := time.ParseInLocation(layout, text, time.UTC)
		if err != nil || u.Hour() != t.Hour() || u.Minute() != t.Minute() {
			return time.Time{}, false
		}
	}
	return t.UTC(), true
}

func (f *TimeField[T]) epoch(lit []byte) (time.Time, Code) {
	if f.unit == 0 {
		return time.Time{}, CodeType
	}
	t, code := epochTime(lit, f.unit)
	if code != "" {
		return time.Time{}, code
	}
	return f.whole(t)
}

// whole refuses a Date with a time of day.
func (f *TimeField[T]) whole(t time.Time) (time.Time, Code) {
	if f.date && !t.Equal(midnight(t)) {
		return time.Time{}, CodeType
	}
	return t, ""
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
