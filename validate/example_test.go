package validate_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// Click is what the examples read.
type Click struct {
	UserID    int64
	Type      string
	At        time.Time
	UpdatedBy stream.Opt[string]
}

func clickSchema() *validate.Schema[Click] {
	schema, err := validate.New(
		validate.Int("user_id", func(c *Click) *int64 { return &c.UserID }).Required().Range(1, math.MaxInt64),
		validate.String("type", func(c *Click) *string { return &c.Type }).Required().Enum("click", "view"),
		validate.Time("at", func(c *Click) *time.Time { return &c.At }).Required(),
		validate.OptString("updated_by", func(c *Click) *stream.Opt[string] { return &c.UpdatedBy }).NullTokens("null"),
	)
	if err != nil {
		panic(err)
	}
	return schema
}

func show(clicks stream.Seq[Click]) {
	for c, err := range clicks {
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		fmt.Println(c.UserID, c.Type, c.At.Format(time.RFC3339), c.UpdatedBy)
	}
}

const clickLines = `{"user_id": 1, "type": "click", "at": "2024-05-01T10:00:00Z", "updated_by": "ann"}
{"user_id": "2", "type": "view", "at": "2024-05-01 12:30+02:00", "updated_by": "null"}
{"user_id": 0, "type": "tap", "at": "noon"}
{"user_id": 3, "type": "cli
`

func ExampleSchema_NDJSON() {
	quarantine := func(r validate.Reject) error {
		fmt.Printf("line %d, bytes %d+%d: %d errors: %s\n", r.Line, r.Offset, r.Length, r.Count, r.Message)
		return nil
	}
	show(clickSchema().NDJSON(strings.NewReader(clickLines), validate.Options{Quarantine: quarantine}))
	// Output:
	// 1 click 2024-05-01T10:00:00Z ann
	// 2 view 2024-05-01T10:30:00Z null
	// line 3, bytes 170+43: 3 errors: user_id: range: got 0, want 1..9223372036854775807 at byte 12
	// line 4, bytes 214+27: 1 errors: invalid_json: got end of line, want closing quote at byte 27
}

func ExampleSchema_NDJSON_firstBadRow() {
	show(clickSchema().NDJSON(strings.NewReader(clickLines), validate.Options{Name: "clicks.ndjson"}))
	// Output:
	// 1 click 2024-05-01T10:00:00Z ann
	// 2 view 2024-05-01T10:30:00Z null
	// error: validate: clicks.ndjson:3: user_id: range: got 0, want 1..9223372036854775807 at byte 12; type: enum: got "tap", want one of click, view at byte 23; at: type: got "noon", want time such as 2006-01-02T15:04:05Z at byte 36: schema mismatch
}

func ExampleLimit() {
	var quarantine []validate.Reject
	_, err := stream.Collect(clickSchema().NDJSON(strings.NewReader(clickLines), validate.Options{
		Quarantine: stream.Into(&quarantine),
		Limit:      validate.Limit{MaxRatio: 0.02, MinRows: 1000},
	}))
	var too *validate.ThresholdError
	if errors.As(err, &too) {
		fmt.Printf("%d of %d rows, %v\n", too.Rejected, too.Rows, too.Codes)
	}
	fmt.Println(errors.Is(err, stream.ErrThreshold), len(quarantine))
	// Output:
	// 2 of 4 rows, [{invalid_json 1} {type 1} {range 1} {enum 1}]
	// true 2
}

func ExampleSchema_CSV() {
	in := "at;type;user_id;page\n2024-05-01;click;7;/home\n2024-05-01;click;8\n"
	show(clickSchema().CSV(strings.NewReader(in), validate.Options{
		Dialect: validate.Dialect{Comma: ';'},
		Quarantine: func(r validate.Reject) error {
			fmt.Printf("line %d: %s: %q\n", r.Line, r.Message, r.Raw)
			return nil
		},
	}))
	// Output:
	// 7 click 2024-05-01T00:00:00Z missing
	// line 3: field_count: got 3 fields, want 4 at byte 0: "2024-05-01;click;8"
}

func ExampleSchema_Read() {
	for _, in := range []string{`{"user_id":1,"type":"view","at":"2024-05-01"}`, "user_id\ttype\tat\n2\tview\t2024-05-02\n"} {
		show(clickSchema().Read(strings.NewReader(in), validate.Options{}))
	}
	// Output:
	// 1 view 2024-05-01T00:00:00Z missing
	// 2 view 2024-05-02T00:00:00Z missing
}

// exampleFile writes a file for an example and returns its path and what removes it.
func exampleFile(name, text string) (path string, remove func()) {
	dir, err := os.MkdirTemp("", "validate")
	if err != nil {
		panic(err)
	}
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		panic(err)
	}
	return path, func() { os.RemoveAll(dir) }
}

func ExampleSchema_NDJSONFiles() {
	path, remove := exampleFile("clicks.ndjson", `{"user_id":1,"type":"view","at":"2024-05-01"}`)
	defer remove()
	clicks := clickSchema().NDJSONFiles([]string{path, filepath.Join(filepath.Dir(path), "gone.ndjson")}, validate.Options{})
	for c, err := range clicks {
		fmt.Println(c.UserID, errors.Is(err, stream.ErrMissing))
	}
	// Output:
	// 1 false
	// 0 true
}

func ExampleSchema_CSVFiles() {
	path, remove := exampleFile("clicks.csv", "type,at,user_id\nview,2024-05-01,1\n")
	defer remove()
	clicks := clickSchema().CSVFiles([]string{path}, validate.Options{})
	show(clicks)
	show(clicks) // files can be read again
	// Output:
	// 1 view 2024-05-01T00:00:00Z missing
	// 1 view 2024-05-01T00:00:00Z missing
}

func ExampleSchema_ReadFiles() {
	path, remove := exampleFile("clicks", "type;at;user_id\nview;2024-05-01;1\n")
	defer remove()
	show(clickSchema().ReadFiles([]string{path}, validate.Options{}))
	// Output: 1 view 2024-05-01T00:00:00Z missing
}

func ExampleSchema_Rows() {
	rows := stream.Of(stream.Row{{Name: "user_id", Value: int64(4)}, {Name: "type", Value: "click"}, {Name: "at", Value: time.Unix(0, 0)}, {Name: "updated_by", Value: nil}})
	show(clickSchema().Rows(rows, validate.Options{}))
	// Output: 4 click 1970-01-01T00:00:00Z null
}

func ExampleSchema_Parse() {
	c, err := clickSchema().Parse([]byte(`{"user_id":1e3,"type":"click","at":"2024-05-01"}`))
	fmt.Println(c.UserID, err)
	_, err = clickSchema().Parse([]byte(`{"user_id":1.5,"type":"click"}`))
	fmt.Println(err)
	// Output:
	// 1000 <nil>
	// validate: row:1: user_id: type: got 1.5, want integer at byte 11; at: missing: got nothing, want time such as 2006-01-02T15:04:05Z: schema mismatch
}

func ExampleNew_mistake() {
	_, err := validate.New[Click](
		validate.Int("user_id", func(c *Click) *int64 { return &c.UserID }).Range(10, 1),
		validate.String("user_id", func(c *Click) *string { return &c.Type }),
	)
	fmt.Println(err)
	// Output: validate: New: field "user_id": Range must be min <= max, got 10..1; field "user_id": name must be unique, got "user_id", which is a name of field "user_id"
}

func ExampleSchema_Markdown() {
	fmt.Print(clickSchema().Markdown())
	// Output:
	// | field | kind | if missing | null | rules |
	// |---|---|---|---|---|
	// | `user_id` | int64 | reject | reject | 1..9223372036854775807 |
	// | `type` | string | reject | reject | one of click, view |
	// | `at` | time | reject | reject |  |
	// | `updated_by` | string | missing | null (also "null") |  |
}

func ExampleSchema_Names() {
	fmt.Println(clickSchema().Names())
	// Output: [user_id type at updated_by]
}

func ExampleStats() {
	var stats validate.Stats // read it from a progress bar while the rows flow
	seq := clickSchema().NDJSON(strings.NewReader(clickLines), validate.Options{
		Stats: &stats, Quarantine: stream.Discard[validate.Reject]("only counts are wanted here")})
	if _, err := stream.Count(seq); err != nil {
		fmt.Println(err)
	}
	fmt.Println(stats.Rows(), stats.Valid(), stats.Rejected(), stats.Bytes())
	fmt.Println(stats.ByCode())
	// Output:
	// 4 2 2 242
	// [{invalid_json 1} {type 1} {range 1} {enum 1}]
}

func ExampleReject_FieldErrors() {
	_, err := clickSchema().Parse([]byte(`{"user_id":"x","type":"click","at":"2024-05-01"}`))
	var re *validate.RejectError
	if errors.As(err, &re) {
		errs, _ := re.Reject.FieldErrors()
		fmt.Println(errs[0].Path, errs[0].Code, errs[0].Offset, errs[0].Got)
	}
	// Output: user_id type 11 "x"
}

// Int is exact, and lax about how a whole number is written.
func ExampleInt() {
	type T struct{ N int64 }
	s, _ := validate.New(validate.Int("n", func(t *T) *int64 { return &t.N }))
	for _, in := range []string{`9223372036854775807`, `1e3`, `" 042.0 "`, `true`, `1.5`, `9223372036854775808`} {
		t, err := s.Parse([]byte(`{"n":` + in + `}`))
		fmt.Println(in, t.N, err == nil)
	}
	// Output:
	// 9223372036854775807 9223372036854775807 true
	// 1e3 1000 true
	// " 042.0 " 42 true
	// true 1 true
	// 1.5 0 false
	// 9223372036854775808 0 false
}

func ExampleFloat() {
	type T struct{ X float64 }
	s, _ := validate.New(validate.Float("x", func(t *T) *float64 { return &t.X }).Finite())
	for _, in := range []string{`0.1`, `"1e3"`, `"NaN"`, `"1,5"`} {
		t, err := s.Parse([]byte(`{"x":` + in + `}`))
		fmt.Println(in, t.X, err == nil)
	}
	// Output:
	// 0.1 0.1 true
	// "1e3" 1000 true
	// "NaN" 0 false
	// "1,5" 0 false
}

func ExampleBool() {
	type T struct{ B bool }
	s, _ := validate.New(validate.Bool("b", func(t *T) *bool { return &t.B }))
	for _, in := range []string{`true`, `1`, `"Yes"`, `"off"`, `2`} {
		t, err := s.Parse([]byte(`{"b":` + in + `}`))
		fmt.Println(in, t.B, err == nil)
	}
	// Output:
	// true true true
	// 1 true true
	// "Yes" true true
	// "off" false true
	// 2 false false
}

func ExampleString() {
	type T struct{ S string }
	s, _ := validate.New(validate.String("s", func(t *T) *string { return &t.S }).Trim().MaxLen(3).Alias("text"))
	for _, in := range []string{`{"s":" abc "}`, `{"text":"日本語"}`, `{"s":"long"}`, `{"s":7}`} {
		t, err := s.Parse([]byte(in))
		fmt.Printf("%s %q %v\n", in, t.S, err == nil)
	}
	// Output:
	// {"s":" abc "} "abc" true
	// {"text":"日本語"} "日本語" true
	// {"s":"long"} "" false
	// {"s":7} "" false
}

func ExampleTime() {
	type T struct{ At time.Time }
	s, _ := validate.New(validate.Time("at", func(t *T) *time.Time { return &t.At }).Epoch(time.Millisecond).Layouts(validate.AutoLayout, "02/01/2006"))
	for _, in := range []string{`"2024-05-01T12:00:00+02:00"`, `"2024-05-01 12:00"`, `"31/12/2023"`, `1714557600500`, `"2024-02-30"`} {
		t, err := s.Parse([]byte(`{"at":` + in + `}`))
		fmt.Println(in, t.At.Format(time.RFC3339Nano), err == nil)
	}
	// Output:
	// "2024-05-01T12:00:00+02:00" 2024-05-01T10:00:00Z true
	// "2024-05-01 12:00" 2024-05-01T12:00:00Z true
	// "31/12/2023" 2023-12-31T00:00:00Z true
	// 1714557600500 2024-05-01T10:00:00.5Z true
	// "2024-02-30" 0001-01-01T00:00:00Z false
}

func ExampleDate() {
	type T struct{ Day time.Time }
	s, _ := validate.New(validate.Date("day", func(t *T) *time.Time { return &t.Day }))
	for _, in := range []string{`"2024-02-29"`, `"2023-02-29"`, `"2024-02-29T10:00:00Z"`} {
		t, err := s.Parse([]byte(`{"day":` + in + `}`))
		fmt.Println(in, t.Day.Format(time.DateOnly), err == nil)
	}
	// Output:
	// "2024-02-29" 2024-02-29 true
	// "2023-02-29" 0001-01-01 false
	// "2024-02-29T10:00:00Z" 0001-01-01 false
}

// Opt fields keep null, missing and values apart.
func ExampleOptString() {
	type T struct{ By stream.Opt[string] }
	s, _ := validate.New(validate.OptString("by", func(t *T) *stream.Opt[string] { return &t.By }))
	for _, in := range []string{`{"by":"ann"}`, `{"by":null}`, `{}`} {
		t, _ := s.Parse([]byte(in))
		fmt.Println(t.By)
	}
	// Output:
	// ann
	// null
	// missing
}

func ExampleOptInt() {
	type T struct{ N stream.Opt[int32] }
	s, _ := validate.New(validate.OptInt("n", func(t *T) *stream.Opt[int32] { return &t.N }).NullTokens("-"))
	t, err := s.Parse([]byte(`{"n":"-"}`))
	fmt.Println(t.N, err)
	// Output: null <nil>
}

func ExampleOptFloat() {
	type T struct{ X stream.Opt[float64] }
	s, _ := validate.New(validate.OptFloat("x", func(t *T) *stream.Opt[float64] { return &t.X }).Default(0.5))
	t, err := s.Parse([]byte(`{}`))
	fmt.Println(t.X, err)
	// Output: 0.5 <nil>
}

func ExampleOptBool() {
	type T struct{ B stream.Opt[bool] }
	s, _ := validate.New(validate.OptBool("b", func(t *T) *stream.Opt[bool] { return &t.B }).Strict())
	t, err := s.Parse([]byte(`{"b":null}`))
	fmt.Println(t.B, err)
	// Output: null <nil>
}

func ExampleOptTime() {
	type T struct{ At stream.Opt[time.Time] }
	s, _ := validate.New(validate.OptTime("at", func(t *T) *stream.Opt[time.Time] { return &t.At }).NullAsMissing())
	t, err := s.Parse([]byte(`{"at":null}`))
	fmt.Println(t.At, err)
	// Output: missing <nil>
}

func ExampleOptDate() {
	type T struct{ Day stream.Opt[time.Time] }
	s, _ := validate.New(validate.OptDate("day", func(t *T) *stream.Opt[time.Time] { return &t.Day }))
	t, err := s.Parse([]byte(`{"day":"2024-05-01"}`))
	fmt.Println(t.Day.Or(time.Time{}).Format(time.DateOnly), err)
	// Output: 2024-05-01 <nil>
}

func ExampleInferCSV() {
	in := "id,at,price\n1,2024-05-01,9.50\n2,2024-05-02,NA\n3,2024-05-02,12\n"
	sketch, err := validate.InferCSV(strings.NewReader(in), 1000, validate.Dialect{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(sketch)
	// Output:
	// 3 rows sampled, 0 unreadable
	// field  kind               fits   null    missing  min         max         examples
	// id     int64              100 %  0 %     0 %      1           3           1, 2, 3
	// at     date               100 %  0 %     0 %      2024-05-01  2024-05-02  2024-05-01, 2024-05-02
	// price  float64 or ["NA"]  100 %  33.3 %  0 %      9.50        12          9.50, 12
}

func ExampleInferNDJSON() {
	sketch, err := validate.InferNDJSON(strings.NewReader("{\"n\":1}\n{\"n\":2}\noops\n"), 1000)
	fmt.Println(sketch.Rows, sketch.Rejected, sketch.Columns[0].Kind, err)
	// Output: 2 1 int64 <nil>
}

// InferFile and Sketch.Schema read a file that nothing is known about.
func ExampleInferFile() {
	path, remove := exampleFile("orders", "id;total\n1;9.50\n2;7.25\nx;1.00\n")
	defer remove()
	sketch, err := validate.InferFile(path, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	schema, err := sketch.Schema()
	if err != nil {
		fmt.Println(err)
		return
	}
	for row, err := range schema.ReadFiles([]string{path}, validate.Options{}) {
		fmt.Println(row, err != nil)
	}
	// Output:
	// [{id 1} {total 9.5}] false
	// [{id 2} {total 7.25}] false
	// [] true
}

func ExampleInfer() {
	sketch, err := validate.Infer(stream.Row{{Name: "n", Value: int64(1)}}, stream.Row{{Name: "n", Value: nil}})
	fmt.Println(sketch.Columns[0].Kind, sketch.Columns[0].Null, err)
	// Output: int64 1 <nil>
}

// A quarantine is replayed under a repaired schema by reading the raw rows back.
func ExampleReject_Bytes() {
	var rejects []validate.Reject
	_, err := stream.Count(clickSchema().NDJSON(strings.NewReader(`{"user_id":5,"type":"tap","at":"2024-05-01"}`), validate.Options{Quarantine: stream.Into(&rejects)}))
	if err != nil {
		fmt.Println(err)
		return
	}
	wider, err := validate.New(validate.String("type", func(c *Click) *string { return &c.Type }).Enum("click", "view", "tap"))
	if err != nil {
		fmt.Println(err)
		return
	}
	var replay bytes.Buffer
	for _, r := range rejects {
		raw, _ := r.Bytes()
		replay.Write(append(raw, '\n'))
	}
	for c, err := range wider.NDJSON(&replay, validate.Options{}) {
		fmt.Println(c.Type, err)
	}
	// Output: tap <nil>
}
