package validate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// oracleRow has a field for each thing the scanner can get wrong, all of them optional.
type oracleRow struct {
	S stream.Opt[string]
	I stream.Opt[int64]
	F stream.Opt[float64]
	B stream.Opt[bool]
	N stream.Opt[string] // nested.s
}

func oracleSchema(t testing.TB) *Schema[oracleRow] {
	return build[oracleRow](t,
		OptString("s", func(r *oracleRow) *stream.Opt[string] { return &r.S }).Strict(),
		OptInt("i", func(r *oracleRow) *stream.Opt[int64] { return &r.I }),
		OptFloat("f", func(r *oracleRow) *stream.Opt[float64] { return &r.F }).Strict(),
		OptBool("b", func(r *oracleRow) *stream.Opt[bool] { return &r.B }).Strict(),
		OptString("nested.s", func(r *oracleRow) *stream.Opt[string] { return &r.N }).Strict())
}

// requireAgrees compares the scanner with encoding/json on one text: the verdict, and the values of the fields.
func requireAgrees(t testing.TB, s *Schema[oracleRow], text []byte) {
	t.Helper()
	got, err := s.Parse(text)
	code := Code("")
	if err != nil {
		re, ok := err.(*RejectError)
		require.True(t, ok, "%T", err)
		code = re.Reject.Code
	}
	depth := nesting(text)
	switch {
	case !json.Valid(text) || !utf8.Valid(text):
		if depth <= 500 {
			require.Contains(t, []Code{CodeInvalidJSON, CodeInvalidUTF8}, code, "%q", text)
		} else {
			require.NotEmpty(t, code)
		}
		return
	case depth > 512:
		require.NotEmpty(t, code)
		return
	case loneSurrogate(text):
		require.Equal(t, CodeInvalidUTF8, code, "%q", text)
		return
	case bytes.TrimLeft(text, " \t\r\n")[0] != '{':
		require.Contains(t, []Code{CodeNotObject, CodeDuplicate}, code, "%q", text)
		return
	case repeatedKey(text):
		require.Error(t, err, "%q", text)
		require.True(t, strings.Contains(err.(*RejectError).Reject.Errors, string(CodeDuplicate)), "%q: %v", text, err)
		return
	}
	for _, lexical := range []Code{CodeInvalidJSON, CodeInvalidUTF8, CodeNotObject, CodeDuplicate, CodeTooDeep} {
		require.NotEqual(t, lexical, code, "%q: %v", text, err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var want map[string]any
	require.NoError(t, dec.Decode(&want))
	if err == nil {
		requireValue(t, text, want, "s", got.S)
		requireValue(t, text, want, "b", got.B)
		requireInt(t, text, want, got.I)
		if v, ok := got.F.Get(); ok {
			f, err := strconv.ParseFloat(string(want["f"].(json.Number)), 64)
			require.NoError(t, err)
			require.Equal(t, f, v, "%q", text)
		}
		if nested, ok := want["nested"].(map[string]any); ok {
			requireValue(t, text, nested, "s", got.N)
		}
		return
	}
	// A schema error must have a reason in the values.
	reason := false
	for name, v := range want {
		switch v := v.(type) {
		case string:
			reason = reason || name == "i" || name == "f" || name == "b" || name == "nested"
		case json.Number:
			reason = reason || name == "s" || name == "b" || name == "nested" || name == "f"
			if name == "i" {
				r, ok := exactly(v)
				reason = reason || !ok || !r.IsInt() || !r.Num().IsInt64()
			}
		case bool:
			reason = reason || name == "s" || name == "f" || name == "nested"
		case map[string]any:
			reason = reason || name == "s" || name == "i" || name == "f" || name == "b"
			if inner, ok := v["s"]; name == "nested" && ok {
				_, text := inner.(string)
				reason = reason || !text && inner != nil
			}
		case []any:
			reason = reason || name == "s" || name == "i" || name == "f" || name == "b" || name == "nested"
		}
	}
	// "nested.s" may stand as one key, too.
	_, literal := want["nested.s"]
	require.True(t, reason || literal, "%q: %v", text, err)
}

func requireValue[V any](t testing.TB, text []byte, want map[string]any, name string, got stream.Opt[V]) {
	t.Helper()
	if v, ok := got.Get(); ok && name != "" {
		if want[name] == nil {
			return // given as "nested.s"
		}
		require.Equal(t, want[name], any(v), "%q", text)
		return
	}
	w, said := want[name]
	require.True(t, !said || w == nil, "%q: %s is %v, want %v", text, name, got, w)
}

func requireInt(t testing.TB, text []byte, want map[string]any, got stream.Opt[int64]) {
	t.Helper()
	v, ok := got.Get()
	n, number := want["i"].(json.Number)
	if !ok || !number {
		return
	}
	r, valid := exactly(n)
	if !valid {
		return
	}
	require.Equal(t, 0, r.Cmp(new(big.Rat).SetInt64(v)), "%q gave %d", text, v)
}

// exactly is the number, unless its exponent is too large for big.Rat to be asked.
func exactly(n json.Number) (*big.Rat, bool) {
	if _, exp, ok := strings.Cut(strings.ToLower(string(n)), "e"); ok && len(exp) > 4 || len(n) > 400 {
		return nil, false
	}
	return new(big.Rat).SetString(string(n))
}

// nesting is an upper bound of the depth: brackets opened, wherever they stand.
func nesting(text []byte) int {
	return bytes.Count(text, []byte{'['}) + bytes.Count(text, []byte{'{'})
}

// loneSurrogate looks for half a surrogate pair in the escapes of valid JSON.
func loneSurrogate(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if text[i+1] != 'u' {
			i++
			continue
		}
		r, _ := strconv.ParseUint(string(text[i+2:i+6]), 16, 16)
		i += 5
		if !utf16.IsSurrogate(rune(r)) {
			continue
		}
		if i+6 >= len(text) || text[i+1] != '\\' || text[i+2] != 'u' {
			return true
		}
		low, err := strconv.ParseUint(string(text[i+3:i+7]), 16, 16)
		if err != nil || utf16.DecodeRune(rune(r), rune(low)) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// repeatedKey looks for a key that stands twice in one object of valid JSON.
func repeatedKey(text []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var value func() bool
	value = func() bool {
		tok, err := dec.Token()
		if err != nil {
			return false
		}
		found := false
		switch tok {
		case json.Delim('{'):
			seen := map[string]bool{}
			for dec.More() {
				key, err := dec.Token()
				if err != nil {
					return found
				}
				found = found || seen[key.(string)]
				seen[key.(string)] = true
				found = value() || found
			}
			dec.Token()
		case json.Delim('['):
			for dec.More() {
				found = value() || found
			}
			dec.Token()
		}
		return found
	}
	if value() {
		return true
	}
	// The scanner's own rule: a field under its dotted name and under its path is given twice.
	var top map[string]json.RawMessage
	if json.Unmarshal(text, &top) != nil {
		return false
	}
	if _, ok := top["nested.s"]; !ok {
		return false
	}
	var nested map[string]json.RawMessage
	if string(bytes.TrimSpace(top["nested"])) == "null" {
		return false
	}
	if json.Unmarshal(top["nested"], &nested) != nil {
		return false
	}
	_, ok := nested["s"]
	return ok
}

// randomJSON writes a value, mostly small, with every odd form that RFC 8259 allows.
func randomJSON(rng *rand.Rand, b *bytes.Buffer, depth int) {
	space := func() {
		for rng.IntN(6) == 0 {
			b.WriteByte(" \t\r\n"[rng.IntN(4)])
		}
	}
	space()
	defer space()
	kind := rng.IntN(9)
	if depth == 0 {
		kind = 8
	} else if depth > 4 {
		kind = rng.IntN(6)
	}
	switch kind {
	case 0:
		b.WriteString("null")
	case 1:
		fmt.Fprint(b, rng.IntN(2) == 0)
	case 2:
		fmt.Fprint(b, rng.Int64()-rng.Int64())
	case 3:
		for range 1 + rng.IntN(3) {
			b.WriteString([]string{"1", "23", "0.5", "9"}[rng.IntN(4)][:1])
		}
		b.WriteString([]string{"", ".0", ".25", "e2", "E+3", "e-1", ".5e1", "e400"}[rng.IntN(8)])
	case 4, 5:
		randomString(rng, b)
	case 6, 7:
		b.WriteByte('[')
		for i := range rng.IntN(4) {
			if i > 0 {
				b.WriteByte(',')
			}
			randomJSON(rng, b, depth+1)
		}
		space()
		b.WriteByte(']')
	default:
		b.WriteByte('{')
		space()
		for i := range rng.IntN(5) {
			if i > 0 {
				b.WriteByte(',')
				space()
			}
			if rng.IntN(3) > 0 {
				b.WriteString([]string{`"s"`, `"i"`, `"f"`, `"b"`, `"nested"`, `"nested.s"`, `"\u0073"`, `"x"`}[rng.IntN(8)])
			} else {
				randomString(rng, b)
			}
			space()
			b.WriteByte(':')
			randomJSON(rng, b, depth+1)
		}
		b.WriteByte('}')
	}
}

func randomString(rng *rand.Rand, b *bytes.Buffer) {
	b.WriteByte('"')
	for range rng.IntN(14) {
		b.WriteString([]string{"a", "Z", " ", "é", "日本", "😀", `\n`, `\"`, `\\`, `\/`, `\u00e9`, `\ud83d\ude00`, `\u0000`, "abcdefgh"}[rng.IntN(14)])
	}
	if rng.IntN(60) == 0 {
		b.WriteString([]string{`\ud800`, `\udc00\ud800`, `\ud800\u0041`, `\ud83dx`}[rng.IntN(4)])
	}
	b.WriteByte('"')
}

func TestJSON_Oracle_GeneratedAndMutated(t *testing.T) {
	s := oracleSchema(t)
	seed := uint64(20240607)
	rng := rand.New(rand.NewPCG(seed, 1))
	n := 30000
	if testing.Short() {
		n = 3000
	}
	t.Logf("seed %d", seed)
	const marks = "{}[]\",:0-.eE\\utfn \n\x1f\xff"
	var b bytes.Buffer
	for range n {
		b.Reset()
		randomJSON(rng, &b, 0)
		text := bytes.Clone(b.Bytes())
		requireAgrees(t, s, text)
		for range 2 {
			at := rng.IntN(len(text))
			switch rng.IntN(4) {
			case 0:
				text[at] = byte(rng.IntN(256))
			case 1:
				text = append(text[:at], text[at+1:]...)
			case 2:
				text = slices.Insert(text, at, marks[rng.IntN(len(marks))])
			default:
				text[at] = marks[rng.IntN(len(marks))]
			}
			if len(text) == 0 {
				break
			}
			requireAgrees(t, s, text)
		}
	}
}

func TestJSON_Oracle_Table(t *testing.T) {
	s := oracleSchema(t)
	for _, text := range []string{
		`{"s":"\u00g0"}`, `{"s":"\u00G0"}`, `{"s":"\u00`, `{"s":"\u00@0"}`, `{"s":"\u00` + "`" + `0"}`, `{"s":"\uABCDef"}`, `{"s":"\x"}`, `{"s":"\`, `{"s":"a\tb"}`, "{\"s\":\"a\tb\"}",
		`{"s":"\ud83d\ude00"}`, `{"s":"\ud83d\u0041"}`, `{"s":"\ude00"}`, `{"s":"\ud83d"}`, `{"s":"\ud83d\n"}`, `{"s":"\ud83d\ud83d\ude00"}`, `{"s":"\ud83d\u00g0"}`,
		"{\"s\":\"\x7f\"}", "{\"s\":\"\xed\xa0\x80\"}", "{\"s\":\"\xf4\x90\x80\x80\"}", "{\"s\":\"\xc0\x80\"}", "{\"s\":\"12345678\x1f\"}", "{\"s\":\"1234567\xc3\xa9\"}",
		`{"f":-0}`, `{"f":.5}`, `{"f":5.}`, `{"f":+1}`, `{"f":1e}`, `{"f":1e+}`, `{"f":0x1}`, `{"f":00}`, `{"f":-}`, `{"f":1E-0}`, `{"f":NaN}`, `{"f":Infinity}`,
		`{"b":tru}`, `{"b":truex}`, `{"b":True}`, `{"b":nul}`, `{"b":fals`, `{}{}`, `{} x`, `{},`, `{"s":"a",}`, `{,}`, `{"s"}`, `{"s":}`, `{s:1}`, `{'s':1}`, `{"s":1 "i":2}`, `[1,]`, `[1 2]`, `[`, `]`, `"`, `1`, `null`, "\ufeff{}", "\v{}", "/**/{}", "{}\x00",
	} {
		requireAgrees(t, s, []byte(text))
	}
}
