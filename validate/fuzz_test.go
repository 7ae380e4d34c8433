package validate

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// FuzzNDJSON compares each line with encoding/json, and demands that the whole input tiles.
func FuzzNDJSON(f *testing.F) {
	for _, seed := range []string{
		`{"s":"a","i":1,"f":1.5,"b":true,"nested":{"s":"x"},"u":[1,{"k":null}]}`,
		"\ufeff{}\r\n\n{\"i\":1e3}\n[1]\n{\"s\":\"\\ud83d\\ude00\"}",
		`{"s":"\ud800"}`, `{"a":1,"\u0061":2}`, `{"a":{"b":1,"b":2}}`, `{"i":01}`, `{"i":-}`, `{"s":"` + "\x01" + `"}`,
		strings.Repeat("[", 600), `{"x":` + strings.Repeat(`{"a":`, 520) + "1", "{\"s\":\"\xff\"}",
		`{"k0":0,"k1":0,"k2":0,"k3":0,"k4":0,"k5":0,"k6":0,"k7":0,"k8":0,"k9":0,"ka":0,"kb":0,"kc":0,"kd":0,"ke":0,"kf":0,"kg":0,"kh":0,"k0":1}`,
	} {
		f.Add([]byte(seed))
	}
	s := oracleSchema(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		for line := range bytes.SplitSeq(raw, []byte{'\n'}) {
			requireAgrees(t, s, line)
		}
		requireTiles(t, s, raw, FormatNDJSON, Options{})
		requireTiles(t, s, raw, FormatNDJSON, Options{MaxLine: 16, MaxRaw: 5, Unknown: Quarantine})
	})
}

// fuzzText is a row of two columns of text.
type fuzzText struct{ A, B stream.Opt[string] }

func fuzzTextSchema(t testing.TB) *Schema[fuzzText] {
	return build[fuzzText](t, OptString("a", func(r *fuzzText) *stream.Opt[string] { return &r.A }),
		OptString("b", func(r *fuzzText) *stream.Opt[string] { return &r.B }))
}

// FuzzCSV demands that any input tiles, and that what encoding/csv reads without complaint gives the same
// fields.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"1,2\n3,4\n", "\"a\nb\",c\r\n\"x\"\"y\",\n", "\"open,1\n2,3\n", "a\"b,c\n\"d\"e,f\n\n,\n", "\"\",\"\"\n\xff,1\n", "1,2\r\n3,\"4\r\n\r\n5\"", "x,\"\"\"\"\n", "a,b,c\nd\n",
	} {
		f.Add([]byte(seed))
	}
	s := fuzzTextSchema(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := Dialect{Columns: []string{"a", "b"}}
		requireTiles(t, s, raw, FormatCSV, Options{Dialect: d})
		requireTiles(t, s, raw, FormatCSV, Options{Dialect: d, MaxLine: 6, MaxRaw: 4})
		requireTiles(t, s, raw, FormatCSV, Options{Dialect: Dialect{Columns: d.Columns, TrimSpace: true, Comment: '#', Comma: ';'}})
		requireTiles(t, s, raw, FormatAuto, Options{})

		if bytes.Contains(raw, []byte{'\r'}) || bytes.HasPrefix(raw, []byte("\ufeff")) {
			return // encoding/csv turns \r\n inside quotes into \n; and it has no byte order mark
		}
		var want [][]string
		r := csv.NewReader(bytes.NewReader(raw))
		r.FieldsPerRecord = -1
		for {
			rec, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				return
			}
			want = append(want, rec)
		}
		var got [][]string
		c := &csvReader{f: newFeed("fuzz", bytes.NewReader(raw), nil), bound: 1 << 20, comma: ','}
		table := &csvTable{}
		for {
			found := c.next()
			if found == csvNone {
				break
			}
			if found == csvRecord {
				var rec []string
				for _, fl := range c.fields {
					rec = append(rec, string(table.unquoted(c.f.unread()[:c.n], fl)))
				}
				got = append(got, rec)
			} else {
				require.Equal(t, csvBlank, found)
			}
			c.f.consume(c.n+c.term, 0)
		}
		require.Equal(t, want, got)
	})
}

// FuzzTime demands that what the built-in forms accept is what package time makes of it, and that every
// canonical RFC 3339 text is accepted.
func FuzzTime(f *testing.F) {
	for _, seed := range []string{
		"2022-06-08T12:13:14Z", "2022-06-08 12:13:14.123456789-07:00", "2022-06-08t12:13+0530", "2024-02-29", "0000-01-01", "9999-12-31T23:59:59.999999999+23:59", "2022-06-08T12:13:14,5", "1900-02-29",
	} {
		f.Add(seed)
	}
	layouts := []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00",
		"2006-01-02T15:04Z0700", "2006-01-02T15:04", "2006-01-02",
	}
	f.Fuzz(func(t *testing.T, text string) {
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil && at.Format(time.RFC3339Nano) == text &&
			!strings.Contains(text[10:], "+24") && !strings.Contains(text[10:], "-24") { // package time lets an offset of 24 hours pass
			c, ok := parseCivil([]byte(text))
			require.True(t, ok, text)
			got, _ := c.instant(time.UTC)
			require.True(t, got.Equal(at), "%s: %s", text, got)
		}
		c, ok := parseCivil([]byte(text))
		if !ok {
			return
		}
		got, ok := c.instant(time.UTC)
		require.True(t, ok)
		b := []byte(text)
		if len(b) > 10 {
			b[10] = 'T'
		}
		if b[len(b)-1] == 'z' {
			b[len(b)-1] = 'Z'
		}
		for _, layout := range layouts {
			if at, err := time.Parse(layout, string(b)); err == nil {
				require.True(t, got.Equal(at), "%s: %s, want %s", text, got, at)
				return
			}
		}
		t.Fatalf("%q was accepted as %s; no layout of package time reads it", text, got)
	})
}

// FuzzInt compares the exact integers with big.Rat.
func FuzzInt(f *testing.F) {
	for _, seed := range []string{"1", "-0", "1e3", "1.50e1", "9223372036854775808", "+042.0", " 7 ", "1e-3", "0.0e9", "18446744073709551616", "5.", ".5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if end, _ := scanNumber([]byte(text), 0); end == len(text) && len(text) > 0 && len(text) < 60 {
			if _, exp, ok := strings.Cut(strings.ToLower(text), "e"); ok && len(strings.TrimLeft(exp, "+-0")) > 3 {
				return
			}
			r, ok := new(big.Rat).SetString(text)
			require.True(t, ok, text)
			neg, mag, code := wholeNumber([]byte(text))
			switch {
			case !r.IsInt():
				require.Equal(t, CodeType, code, text)
			case new(big.Int).Abs(r.Num()).IsUint64():
				require.Empty(t, code, text)
				require.Equal(t, new(big.Int).Abs(r.Num()).Uint64(), mag, text)
				v, ok := fit[int64](neg, mag)
				require.Equal(t, r.Num().IsInt64(), ok, text)
				if ok {
					require.Equal(t, r.Num().Int64(), v, text)
				}
			default:
				require.Equal(t, CodeOverflow, code, text)
			}
		}
		// Lax text: where strconv reads the part before a fraction of zeros, the values agree.
		neg, mag, code := wholeText([]byte(text))
		if code == "" {
			digits, _, _ := strings.Cut(strings.Trim(text, " \t\n\v\f\r"), ".")
			digits = strings.TrimLeft(digits, "+-")
			want, ok := new(big.Int).SetString(digits, 10)
			require.True(t, ok, text)
			require.Equal(t, want.Uint64(), mag, text)
			require.Equal(t, strings.Contains(text, "-"), neg, text)
		} else if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			t.Fatalf("%q is %d to strconv, but was refused: %s", text, v, code)
		}
	})
}

// FuzzFloat compares with strconv, bit for bit.
func FuzzFloat(f *testing.F) {
	for _, seed := range []string{"1", "-0.0", "0.1", "1e22", "9007199254740993", "123456.789e-3", "4.9e-324", "1.7976931348623159e308", "+.5", "inf", "-NaN", "0x1p4", "1_0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, bits := range []int{64, 32} {
			c := cell{kind: kindString, text: []byte(text)}
			got, code := c.float(false, bits)
			want, err := strconv.ParseFloat(strings.Trim(text, " \t\n\v\f\r"), bits)
			if strings.ContainsAny(text, "xX_") {
				require.Equal(t, CodeType, code, text)
				return
			}
			if errors.Is(err, strconv.ErrRange) {
				require.Equal(t, CodeOverflow, code, text)
				continue
			}
			require.Equal(t, err == nil, code == "", "%q: %v, %s", text, err, code)
			if err == nil {
				require.True(t, math.Float64bits(want) == math.Float64bits(got) || math.IsNaN(want) && math.IsNaN(got), "%q: %v, want %v", text, got, want)
			}
		}
	})
}
