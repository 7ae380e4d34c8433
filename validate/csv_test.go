package validate_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// note is a row of two optional texts: what a CSV cell becomes shows in it.
type note struct{ A, B stream.Opt[string] }

func notes(t testing.TB) *validate.Schema[note] {
	s, err := validate.New[note](validate.OptString("a", func(n *note) *stream.Opt[string] { return &n.A }),
		validate.OptString("b", func(n *note) *stream.Opt[string] { return &n.B }))
	require.NoError(t, err)
	return s
}

func TestCSV_Table(t *testing.T) {
	is, null := stream.Present[string], stream.Null[string]()
	type rows = []note
	for name, c := range map[string]struct {
		in      string
		d       validate.Dialect
		rows    rows
		rejects []string // "line code length"
	}{
		"plain":                {"a,b\n1,2\n3,4", validate.Dialect{}, rows{{is("1"), is("2")}, {is("3"), is("4")}}, nil},
		"any_order":            {"b,x,a\n1,2,3\n", validate.Dialect{}, rows{{is("3"), is("1")}}, nil},
		"column_missing":       {"b\n1\n", validate.Dialect{}, rows{{B: is("1")}}, nil},
		"byte_order_mark":      {"\ufeffa,b\n1,2\n", validate.Dialect{}, rows{{is("1"), is("2")}}, nil},
		"crlf":                 {"a,b\r\n1,2\r\n\r\n3,4\r\n", validate.Dialect{}, rows{{is("1"), is("2")}, {is("3"), is("4")}}, nil},
		"empty_is_null":        {"a,b\n,\"\"\n", validate.Dialect{}, rows{{null, is("")}}, nil},
		"quoted_empty_is_null": {"a,b\n,\"\"\n", validate.Dialect{QuotedEmptyIsNull: true}, rows{{null, null}}, nil},
		"quotes":               {"a,b\n\"x,\"\"y\"\"\",\"1\n\n2\"\n3,4\n", validate.Dialect{}, rows{{is("x,\"y\""), is("1\n\n2")}, {is("3"), is("4")}}, nil},
		"quoted_header":        {"\"a\",\"b\"\n1,2\n", validate.Dialect{}, rows{{is("1"), is("2")}}, nil},
		"duplicate_unmapped":   {"a,x,x,,\n1,2,3,4,5\n", validate.Dialect{}, rows{{A: is("1")}}, nil},
		"ragged":               {"a,b\n1\n1,2,3\n1,2\n", validate.Dialect{}, rows{{is("1"), is("2")}}, []string{"2 field_count 1", "3 field_count 5"}},
		"text_after_quote":     {"a,b\n\"1\"x,2\n3,4\n", validate.Dialect{}, rows{{is("3"), is("4")}}, []string{"2 bad_quote 6"}},
		"quote_in_text":        {"a,b\n1\"x,2\n3,4\n", validate.Dialect{}, rows{{is("3"), is("4")}}, []string{"2 bad_quote 5"}},
		"bad_quote_later_line": {"a,b\n\"1\n2\"x,2\n3,4\n", validate.Dialect{}, rows{{is("3"), is("4")}}, []string{"2 bad_quote 8"}},
		"open_quote":           {"a,b\n\"1,2\n3,4\n5,6", validate.Dialect{}, rows{{is("3"), is("4")}, {is("5"), is("6")}}, []string{"2 open_quote 4"}},
		"not_text":             {"a,b\n\xff,2\n3,4\n", validate.Dialect{}, rows{{is("3"), is("4")}}, []string{"2 invalid_utf8 3"}},
		"not_text_unmapped":    {"a,z\n1,\xff\n", validate.Dialect{}, nil, []string{"2 invalid_utf8 3"}},
		"tabs":                 {"a\tb\n1,5\t2\n", validate.Dialect{Comma: '\t'}, rows{{is("1,5"), is("2")}}, nil},
		"comments":             {"# x\na,b\n#1,2\n3,4\n", validate.Dialect{Comment: '#'}, rows{{is("3"), is("4")}}, nil},
		"no_header":            {"1,2\n3,4\n", validate.Dialect{Columns: []string{"b", "a"}}, rows{{is("2"), is("1")}, {is("4"), is("3")}}, nil},
		"space_kept":           {"a,b\n 1 , 2\n", validate.Dialect{}, rows{{is(" 1 "), is(" 2")}}, nil},
		"space_trimmed":        {"a, b\n 1 ,\t\"2 \" \n", validate.Dialect{TrimSpace: true}, rows{{is("1"), is("2 ")}}, nil},
		"space_alone_is_null":  {"a,b\n1, \n \n", validate.Dialect{TrimSpace: true}, rows{{is("1"), null}}, nil},
		"return_in_text":       {"a,b\n1\r2,3\r\n", validate.Dialect{}, rows{{is("1\r2"), is("3")}}, nil},
		"blank_before_header":  {"\n\na,b\n1,2\n", validate.Dialect{}, rows{{is("1"), is("2")}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var rejects []validate.Reject
			got, err := stream.Collect(notes(t).CSV(strings.NewReader(c.in), validate.Options{Dialect: c.d, Quarantine: stream.Into(&rejects)}))
			require.NoError(t, err)
			require.Equal(t, c.rows, rows(got))
			var bad []string
			for _, r := range rejects {
				bad = append(bad, strings.Join([]string{itoa(r.Line), string(r.Code), itoa(r.Length)}, " "))
			}
			require.Equal(t, c.rejects, bad)
		})
	}
}

func TestCSV_HeaderErrors(t *testing.T) {
	s, err := validate.New[note](
		validate.OptString("a", func(n *note) *stream.Opt[string] { return &n.A }).Required(),
		validate.OptString("b", func(n *note) *stream.Opt[string] { return &n.B }).Required().Alias("bee"))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		in   string
		o    validate.Options
		want string
	}{
		"missing":   {"x,y\n1,2\n", validate.Options{}, `validate: in.csv:1: header: no column for required a, b: got ["x" "y"]: schema mismatch`},
		"twice":     {"a,b,a\n1,2,3\n", validate.Options{}, `validate: in.csv:1: header: several columns for a: got ["a" "b" "a"]: schema mismatch`},
		"alias_too": {"a,b,bee\n1,2,3\n", validate.Options{}, `validate: in.csv:1: header: several columns for b: got ["a" "b" "bee"]: schema mismatch`},
		"unknown":   {"\na,b,\n1,2,3\n", validate.Options{Unknown: validate.Quarantine}, `validate: in.csv:2: header: unknown columns "": got ["a" "b" ""]: schema mismatch`},
		"columns":   {"1,2\n", validate.Options{Dialect: validate.Dialect{Columns: []string{"a", "c"}}}, `validate: in.csv:1: header: no column for required b: got ["a" "c"]: schema mismatch`},
		"broken":    {"a,\"b\n1,2\n", validate.Options{}, `validate: in.csv:1: header: open_quote: got a quote that stays open, want closing quote within the row at byte 2: got []: corrupt input`},
		"too_long":  {"a,b,cccccccccccccccccc\n1,2\n", validate.Options{MaxLine: 8}, `validate: in.csv:1: header: too_long: got a longer line, want at most 8 bytes at byte 8: got []: limit exceeded`},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Name, c.o.Quarantine = "in.csv", stream.Discard[validate.Reject]("the header is judged")
			_, err := stream.Collect(s.CSV(strings.NewReader(c.in), c.o))
			require.EqualError(t, err, c.want)
			var he *validate.HeaderError
			require.ErrorAs(t, err, &he)
		})
	}
}

func TestRead_FindsFormatAndDelimiter(t *testing.T) {
	is := stream.Present[string]
	for in, want := range map[string]note{
		"a,b\n1,2\n":                           {is("1"), is("2")},
		"a;b\n\"1,1,1\";2\n":                   {is("1,1,1"), is("2")},
		"\n\"a\"\tb\tc,d\n1\t2\t3\n":           {is("1"), is("2")},
		"a|b\n1|2":                             {is("1"), is("2")},
		"\ufeff \r\n{\"a\":\"1\",\"b\":\"2\"}": {is("1"), is("2")},
	} {
		got, err := stream.Collect(notes(t).Read(strings.NewReader(in), validate.Options{}))
		require.NoError(t, err, in)
		require.Equal(t, []note{want}, got, in)
	}
	got, err := stream.Collect(notes(t).Read(strings.NewReader("a;b,c\n1;2,3\n"), validate.Options{Dialect: validate.Dialect{Comma: ','}}))
	require.NoError(t, err)
	require.Equal(t, []note{{}}, got, "a Comma that was given is taken")
	for _, in := range []string{"", "\n", " ", "a"} {
		got, err := stream.Collect(notes(t).Read(strings.NewReader(in), validate.Options{}))
		require.NoError(t, err)
		require.Empty(t, got)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
