package validate

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/fixture"
)

// one is a row with one field of each kind; a test's schema has one of them, called v.
type one struct {
	I int64
	F float64
	B bool
	S string
	T time.Time
}

// build is New for schemas that are right.
func build[T any](t testing.TB, fields ...Field[T]) *Schema[T] {
	t.Helper()
	s, err := New(fields...)
	require.NoError(t, err)
	return s
}

func oneField(t testing.TB, kind string, strict bool) *Schema[one] {
	t.Helper()
	switch kind {
	case "int64":
		f := Int("v", func(o *one) *int64 { return &o.I }).Required()
		if strict {
			f.Strict()
		}
		return build[one](t, f)
	case "float64":
		f := Float("v", func(o *one) *float64 { return &o.F }).Required()
		if strict {
			f.Strict()
		}
		return build[one](t, f)
	case "bool":
		f := Bool("v", func(o *one) *bool { return &o.B }).Required()
		if strict {
			f.Strict()
		}
		return build[one](t, f)
	case "string":
		f := String("v", func(o *one) *string { return &o.S }).Required()
		if strict {
			f.Strict()
		}
		return build[one](t, f)
	case "date", "datetime":
		f := Time("v", func(o *one) *time.Time { return &o.T }).Required()
		if kind == "date" {
			f = Date("v", func(o *one) *time.Time { return &o.T }).Required()
		}
		if strict {
			f.Strict()
		}
		return build[one](t, f)
	}
	t.Fatalf("no field of kind %q", kind)
	return nil
}

// shown prints the field's value as the cases write theirs.
func (o one) shown(kind string) string {
	switch kind {
	case "int64":
		return strconv.FormatInt(o.I, 10)
	case "float64":
		return strconv.FormatFloat(o.F, 'g', -1, 64)
	case "bool":
		return strconv.FormatBool(o.B)
	case "date":
		return o.T.Format("2006-01-02")
	case "datetime":
		return o.T.Format(time.RFC3339Nano)
	}
	return o.S
}

// TestCoercion_SharedCases runs the neutral cases: must is exact, policy may also reject.
func TestCoercion_SharedCases(t *testing.T) {
	text, err := os.ReadFile(fixture.Path(t, "cases", "coercion_cases.json"))
	require.NoError(t, err)
	var file struct {
		Cases []struct {
			ID, Target, Mode, Expect, Tier string
			Input, Value                   json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.NotEmpty(t, file.Cases)
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			got, err := oneField(t, c.Target, c.Mode == "strict").Parse([]byte(`{"v":` + string(c.Input) + `}`))
			if err != nil {
				require.False(t, c.Tier == "must" && c.Expect == "value", "%s %s: %v", c.Target, c.Input, err)
				return
			}
			require.Equal(t, "value", c.Expect, "%s %s gave %s", c.Target, c.Input, got.shown(c.Target))
			want := strings.Trim(string(c.Value), `"`)
			switch c.Target {
			case "float64":
				f, err := strconv.ParseFloat(want, 64)
				require.NoError(t, err)
				want = strconv.FormatFloat(f, 'g', -1, 64)
			case "datetime":
				at, ok := parseCivil([]byte(want))
				require.True(t, ok, want)
				instant, ok := at.instant(time.UTC)
				require.True(t, ok, want)
				want = instant.Format(time.RFC3339Nano)
			}
			require.Equal(t, want, got.shown(c.Target), "%s %s", c.Target, c.Input)
		})
	}
}

// TestCoercion_Table walks through the families: what lax and strict fields make of each JSON value. "-" is a
// reject.
func TestCoercion_Table(t *testing.T) {
	const no = "-"
	for _, c := range []struct{ kind, input, lax, strict string }{
		{"int64", `1`, "1", "1"},
		{"int64", `-0`, "0", "0"},
		{"int64", `1.0`, "1", no},
		{"int64", `1e3`, "1000", no},
		{"int64", `1.5e1`, "15", no},
		{"int64", `1500e-2`, "15", no},
		{"int64", `0e999999999999`, "0", no},
		{"int64", `0.000`, "0", no},
		{"int64", `1e999999999999`, no, no},
		{"int64", `1e-999999999999`, no, no},
		{"int64", `2.1`, no, no},
		{"int64", `1e-1`, no, no},
		{"int64", `9223372036854775807`, "9223372036854775807", "9223372036854775807"},
		{"int64", `9223372036854775807.0`, "9223372036854775807", no},
		{"int64", `-9223372036854775808`, "-9223372036854775808", "-9223372036854775808"},
		{"int64", `9223372036854775808`, no, no},
		{"int64", `-9223372036854775809`, no, no},
		{"int64", `18446744073709551616`, no, no},
		{"int64", `99999999999999999999999`, no, no},
		{"int64", `true`, "1", no},
		{"int64", `false`, "0", no},
		{"int64", `null`, no, no},
		{"int64", `[1]`, no, no},
		{"int64", `{}`, no, no},
		{"int64", `"+0"`, "0", no},
		{"int64", `"-7"`, "-7", no},
		{"int64", `"042"`, "42", no},
		{"int64", `"42.0"`, "42", no},
		{"int64", `"42."`, "42", no},
		{"int64", `"42.5"`, no, no},
		{"int64", `" 42 "`, "42", no},
		{"int64", `"\t42\n"`, "42", no},
		{"int64", `"4 2"`, no, no},
		{"int64", `"4_2"`, no, no},
		{"int64", `"0x2a"`, no, no},
		{"int64", `"1e3"`, no, no},
		{"int64", `"1,000"`, no, no},
		{"int64", `"+-1"`, no, no},
		{"int64", `"--1"`, no, no},
		{"int64", `"- 1"`, no, no},
		{"int64", `"+"`, no, no},
		{"int64", `"."`, no, no},
		{"int64", `".0"`, no, no},
		{"int64", `""`, no, no},
		{"int64", `" "`, no, no},
		{"int64", `"null"`, no, no},
		{"int64", `"٤٢"`, no, no},
		{"int64", `"9223372036854775807"`, "9223372036854775807", no},
		{"int64", `"00000000000000000000009223372036854775807.000"`, "9223372036854775807", no},
		{"int64", `"9223372036854775808"`, no, no},

		{"float64", `1`, "1", "1"},
		{"float64", `-0.0`, "-0", "-0"},
		{"float64", `42.5`, "42.5", "42.5"},
		{"float64", `0.1`, "0.1", "0.1"},
		{"float64", `1e400`, no, no},
		{"float64", `1e-400`, "0", "0"},
		{"float64", `123456789012345678901234567890`, "1.2345678901234568e+29", "1.2345678901234568e+29"},
		{"float64", `true`, "1", no},
		{"float64", `"  42.1  "`, "42.1", no},
		{"float64", `"+.5"`, "0.5", no},
		{"float64", `"5."`, "5", no},
		{"float64", `"1e3"`, "1000", no},
		{"float64", `"."`, no, no},
		{"float64", `"e3"`, no, no},
		{"float64", `"1e"`, no, no},
		{"float64", `"0x1p-2"`, no, no},
		{"float64", `"1_0"`, no, no},
		{"float64", `"NaN"`, "NaN", no},
		{"float64", `"-inf"`, "-Inf", no},
		{"float64", `"Infinity"`, "+Inf", no},
		{"float64", `"infinit"`, no, no},
		{"float64", `"3.141x"`, no, no},
		{"float64", `""`, no, no},
		{"float64", `null`, no, no},

		{"bool", `true`, "true", "true"},
		{"bool", `1`, "true", no},
		{"bool", `0`, "false", no},
		{"bool", `1.0`, "true", no},
		{"bool", `1.1`, no, no},
		{"bool", `2`, no, no},
		{"bool", `-1`, no, no},
		{"bool", `"TRUE"`, "true", no},
		{"bool", `"t"`, "true", no},
		{"bool", `"yes"`, "true", no},
		{"bool", `"Y"`, "true", no},
		{"bool", `"on"`, "true", no},
		{"bool", `"1"`, "true", no},
		{"bool", `"False"`, "false", no},
		{"bool", `"F"`, "false", no},
		{"bool", `"no"`, "false", no},
		{"bool", `"n"`, "false", no},
		{"bool", `"OFF"`, "false", no},
		{"bool", `"0"`, "false", no},
		{"bool", `"2"`, no, no},
		{"bool", `"ye"`, no, no},
		{"bool", `"truee"`, no, no},
		{"bool", `""`, no, no},
		{"bool", `null`, no, no},
		{"bool", `[]`, no, no},

		{"string", `"a"`, "a", "a"},
		{"string", `""`, "", ""},
		{"string", `"null"`, "null", "null"},
		{"string", `123`, no, no},
		{"string", `true`, no, no},
		{"string", `[]`, no, no},
		{"string", `{}`, no, no},
		{"string", `null`, no, no},

		{"date", `"2000-02-29"`, "2000-02-29", "2000-02-29"},
		{"date", `"1900-02-29"`, no, no},
		{"date", `"2023-02-29"`, no, no},
		{"date", `"2023-04-31"`, no, no},
		{"date", `"2023-13-01"`, no, no},
		{"date", `"2023-00-10"`, no, no},
		{"date", `"2017-5-5"`, no, no},
		{"date", `"20170505"`, no, no},
		{"date", `"05/05/2017"`, no, no},
		{"date", `"2022-06-08T00:00:00"`, "2022-06-08", no},
		{"date", `"2022-06-08T00:00:00+12:00"`, "2022-06-08", no},
		{"date", `"2022-06-08T12:00:00"`, no, no},
		{"date", `1654646400`, no, no},
		{"date", `"1654646400"`, no, no},
		{"date", `true`, no, no},
		{"date", `null`, no, no},

		{"datetime", `"2022-06-08T12:13:14"`, "2022-06-08T12:13:14Z", "2022-06-08T12:13:14Z"},
		{"datetime", `"2022-06-08T12:13:14Z"`, "2022-06-08T12:13:14Z", "2022-06-08T12:13:14Z"},
		{"datetime", `"2022-06-08t12:13:14z"`, "2022-06-08T12:13:14Z", "2022-06-08T12:13:14Z"},
		{"datetime", `"2022-06-08 12:13:14"`, "2022-06-08T12:13:14Z", "2022-06-08T12:13:14Z"},
		{"datetime", `"2022-06-08 12:13"`, "2022-06-08T12:13:00Z", "2022-06-08T12:13:00Z"},
		{"datetime", `"2022-06-08T12:13:14.123456789"`, "2022-06-08T12:13:14.123456789Z", "2022-06-08T12:13:14.123456789Z"},
		{"datetime", `"2022-06-08T12:13:14.5+12:15"`, "2022-06-07T23:58:14.5Z", "2022-06-07T23:58:14.5Z"},
		{"datetime", `"2022-06-08T12:13:14-0700"`, "2022-06-08T19:13:14Z", "2022-06-08T19:13:14Z"},
		{"datetime", `"2022-01-01"`, "2022-01-01T00:00:00Z", "2022-01-01T00:00:00Z"},
		{"datetime", `"2022-06-08T12:13:14.1234567890"`, no, no},
		{"datetime", `"2022-06-08T12:13:14."`, no, no},
		{"datetime", `"2022-06-08T24:00:00"`, no, no},
		{"datetime", `"2022-06-08T12:60:00"`, no, no},
		{"datetime", `"2022-06-08T12:13:60"`, no, no},
		{"datetime", `"2022-06-08T12:13:14+24:00"`, no, no},
		{"datetime", `"2022-06-08T12:13:14+12"`, no, no},
		{"datetime", `"2022-06-08T12"`, no, no},
		{"datetime", `"2022-06-08  12:13:14"`, no, no},
		{"datetime", `"12:13:14"`, no, no},
		{"datetime", `"yesterday"`, no, no},
		{"datetime", `""`, no, no},
		{"datetime", `1655205632`, no, no},
		{"datetime", `"1655205632"`, no, no},
		{"datetime", `null`, no, no},
		{"datetime", `true`, no, no},
	} {
		t.Run(c.kind+"/"+c.input, func(t *testing.T) {
			for want, strict := range map[string]bool{"lax " + c.lax: false, "strict " + c.strict: true} {
				got, err := oneField(t, c.kind, strict).Parse([]byte(`{"v":` + c.input + `}`))
				_, want, _ := strings.Cut(want, " ")
				if want == no {
					require.Error(t, err, "strict=%v gave %s", strict, got.shown(c.kind))
					require.Equal(t, one{}, got)
					continue
				}
				require.NoError(t, err, "strict=%v", strict)
				require.Equal(t, want, got.shown(c.kind), "strict=%v", strict)
			}
		})
	}
}

func TestTime_EpochUnits(t *testing.T) {
	for _, c := range []struct {
		unit        time.Duration
		input, want string
	}{
		{time.Second, `1655205632`, "2022-06-14T11:20:32Z"},
		{time.Second, `"1655205632"`, "2022-06-14T11:20:32Z"},
		{time.Second, `1655205632.123456789`, "2022-06-14T11:20:32.123456789Z"},
		{time.Second, `-0.5`, "1969-12-31T23:59:59.5Z"},
		{time.Second, `1.655205632e9`, "2022-06-14T11:20:32Z"},
		{time.Second, `253402300799`, "9999-12-31T23:59:59Z"},
		{time.Second, `253402300800`, "overflow"},
		{time.Second, `-62135596799`, "0001-01-01T00:00:01Z"},
		{time.Second, `-62135596801`, "overflow"},
		{time.Second, `1e300`, "overflow"},
		{time.Second, `0.1234567891`, "type"},
		{time.Millisecond, `1655205632123`, "2022-06-14T11:20:32.123Z"},
		{time.Microsecond, `1655205632123456`, "2022-06-14T11:20:32.123456Z"},
		{time.Nanosecond, `1655205632123456789`, "2022-06-14T11:20:32.123456789Z"},
		{time.Nanosecond, `1.5`, "type"},
		{time.Millisecond, `"2022-06-14T11:20:32Z"`, "2022-06-14T11:20:32Z"},
		{time.Millisecond, `"+5"`, "type"},
	} {
		s := build[one](t, Time("v", func(o *one) *time.Time { return &o.T }).Epoch(c.unit))
		got, err := s.Parse([]byte(`{"v":` + c.input + `}`))
		if err != nil {
			require.Equal(t, c.want, string(err.(*RejectError).Reject.Code), "%s %s", c.unit, c.input)
			continue
		}
		require.Equal(t, c.want, got.shown("datetime"), "%s %s", c.unit, c.input)
	}
}

func TestTime_LocationAndLayouts(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zone data on this machine")
	}
	field := func() *TimeField[one] {
		return Time("v", func(o *one) *time.Time { return &o.T }).Location(berlin)
	}
	for name, c := range map[string]struct {
		f           *TimeField[one]
		input, want string
	}{
		"local_summer":       {field(), "2024-07-01 12:00", "2024-07-01T10:00:00Z"},
		"offset_wins":        {field(), "2024-07-01 12:00+00:00", "2024-07-01T12:00:00Z"},
		"skipped_hour":       {field(), "2024-03-31 02:30", "-"},
		"layout":             {field().Layouts("02/01/2006 15:04"), "01/07/2024 12:00", "2024-07-01T10:00:00Z"},
		"layout_skipped":     {field().Layouts("02/01/2006 15:04"), "31/03/2024 02:30", "-"},
		"layout_replaces":    {field().Layouts("02/01/2006 15:04"), "2024-07-01 12:00", "-"},
		"auto_among_layouts": {field().Layouts("02/01/2006", AutoLayout), "2024-07-01 12:00", "2024-07-01T10:00:00Z"},
		"second_layout":      {field().Layouts("02/01/2006", "Jan 2 2006"), "Jul 1 2024", "2024-06-30T22:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := build[one](t, c.f).Parse([]byte(`{"v":"` + c.input + `"}`))
			if c.want == "-" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got.shown("datetime"))
		})
	}
}

func TestInt_EveryGoType(t *testing.T) {
	type wide struct {
		I8  int8
		U8  uint8
		U64 uint64
		I   int
	}
	s := build[wide](t,
		Int("i8", func(w *wide) *int8 { return &w.I8 }), Int("u8", func(w *wide) *uint8 { return &w.U8 }),
		Int("u64", func(w *wide) *uint64 { return &w.U64 }), Int("i", func(w *wide) *int { return &w.I }))
	got, err := s.Parse([]byte(`{"i8":-128,"u8":255,"u64":18446744073709551615,"i":-2147483648}`))
	require.NoError(t, err)
	require.Equal(t, wide{math.MinInt8, math.MaxUint8, math.MaxUint64, math.MinInt32}, got)
	for _, bad := range []string{`{"i8":128}`, `{"i8":-129}`, `{"i8":384}`, `{"u8":256}`, `{"u8":-1}`, `{"u64":-1}`, `{"u64":18446744073709551616}`} {
		_, err := s.Parse([]byte(bad))
		require.Error(t, err, bad)
		require.Equal(t, CodeOverflow, err.(*RejectError).Errors[0].Code, bad)
	}
}

// TestFloat_Oracle_Decimals tries decimals around the border of what one exact division can do.
func TestFloat_Oracle_Decimals(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 100_000 {
		digits := strconv.FormatUint(rng.Uint64()>>rng.IntN(64), 10)
		point := rng.IntN(len(digits) + 1)
		text := digits[:point] + "." + digits[point:]
		if point == 0 {
			text = "0" + text
		}
		if point == len(digits) {
			text += "0"
		}
		want, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		got, code := parseFloat([]byte(text), 64)
		if code != "" || got != want {
			t.Fatalf("%s gave %v, want %v", text, got, want)
		}
	}
}

func TestFloat_Float32IsRoundedOnce(t *testing.T) {
	type small struct{ F float32 }
	s := build[small](t, Float("v", func(o *small) *float32 { return &o.F }))
	// 1 + 2^-24 + 2^-60 rounds up in one step; by way of float64 it would be a tie, and round down.
	got, err := s.Parse([]byte(`{"v":1.0000000596046447754}`))
	require.NoError(t, err)
	want, err := strconv.ParseFloat("1.0000000596046447754", 32)
	require.NoError(t, err)
	require.Equal(t, float32(want), got.F)
	_, err = s.Parse([]byte(`{"v":1e39}`))
	require.Error(t, err)
}
