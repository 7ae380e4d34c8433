package validate_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// order is a row with a field of every kind, plain and optional.
type order struct {
	ID       int64
	Shop     string
	Total    float64
	Paid     bool
	At       time.Time
	Day      time.Time
	Items    stream.Opt[int32]
	Coupon   stream.Opt[string]
	Discount stream.Opt[float64]
	Gift     stream.Opt[bool]
	Shipped  stream.Opt[time.Time]
	Due      stream.Opt[time.Time]
}

func orderFields() map[string]validate.Field[order] {
	return map[string]validate.Field[order]{
		"id":       validate.Int("id", func(o *order) *int64 { return &o.ID }),
		"shop":     validate.String("shop", func(o *order) *string { return &o.Shop }),
		"total":    validate.Float("total", func(o *order) *float64 { return &o.Total }),
		"paid":     validate.Bool("paid", func(o *order) *bool { return &o.Paid }),
		"at":       validate.Time("at", func(o *order) *time.Time { return &o.At }),
		"day":      validate.Date("day", func(o *order) *time.Time { return &o.Day }),
		"items":    validate.OptInt("items", func(o *order) *stream.Opt[int32] { return &o.Items }),
		"coupon":   validate.OptString("coupon", func(o *order) *stream.Opt[string] { return &o.Coupon }),
		"discount": validate.OptFloat("discount", func(o *order) *stream.Opt[float64] { return &o.Discount }),
		"gift":     validate.OptBool("gift", func(o *order) *stream.Opt[bool] { return &o.Gift }),
		"shipped":  validate.OptTime("shipped", func(o *order) *stream.Opt[time.Time] { return &o.Shipped }),
		"due":      validate.OptDate("due", func(o *order) *stream.Opt[time.Time] { return &o.Due }),
	}
}

// codesOf lists the errors of a row as "path code".
func codesOf(t testing.TB, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var re *validate.RejectError
	require.ErrorAs(t, err, &re)
	var out []string
	for _, e := range re.Errors {
		out = append(out, e.Path+" "+string(e.Code))
	}
	return out
}

func TestNullAndMissing_EveryKind(t *testing.T) {
	day := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	present := order{ID: 7, Shop: "north", Total: 9.5, Paid: true, At: day.Add(time.Hour), Day: day,
		Items: stream.Present[int32](3), Coupon: stream.Present("MAY"), Discount: stream.Present(0.1), Gift: stream.Present(false),
		Shipped: stream.Present(day.Add(time.Hour)), Due: stream.Present(day)}
	text := map[string]string{"id": "7", "shop": `"north"`, "total": "9.5", "paid": "true", "at": `"2024-05-01T01:00:00Z"`, "day": `"2024-05-01"`,
		"items": "3", "coupon": `"MAY"`, "discount": "0.1", "gift": "false", "shipped": `"2024-05-01 01:00"`, "due": `"2024-05-01"`}
	var fields []validate.Field[order]
	var keys []string
	for name, f := range orderFields() {
		fields = append(fields, f)
		keys = append(keys, `"`+name+`":`+text[name])
	}
	s, err := validate.New(fields...)
	require.NoError(t, err)
	got, err := s.Parse([]byte("{" + strings.Join(keys, ",") + "}"))
	require.NoError(t, err)
	require.Equal(t, present, got)
	got, err = s.Parse([]byte("{}"))
	require.NoError(t, err)
	require.Equal(t, order{}, got, "missing optional fields are zero, or Missing")

	for name, f := range orderFields() {
		one, err := validate.New(f)
		require.NoError(t, err)
		got, err := one.Parse([]byte(`{"` + name + `":null}`))
		if strings.Contains("items coupon discount gift shipped due", name) {
			require.NoError(t, err)
			require.NotEqual(t, order{}, got, "%s: null is not missing", name)
		} else {
			require.Equal(t, []string{name + " null"}, codesOf(t, err))
		}
	}
}

func TestRules_Table(t *testing.T) {
	id := func() *validate.IntField[order, int64] {
		return validate.Int("id", func(o *order) *int64 { return &o.ID })
	}
	shop := func() *validate.StringField[order, string] {
		return validate.String("shop", func(o *order) *string { return &o.Shop })
	}
	coupon := func() *validate.StringField[order, string] {
		return validate.OptString("coupon", func(o *order) *stream.Opt[string] { return &o.Coupon })
	}
	total := func() *validate.FloatField[order, float64] {
		return validate.Float("total", func(o *order) *float64 { return &o.Total })
	}
	at := func() *validate.TimeField[order] {
		return validate.Time("at", func(o *order) *time.Time { return &o.At })
	}
	may, june := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		f    validate.Field[order]
		in   string
		want order
		errs []string
	}{
		"required_missing":         {id().Required(), `{}`, order{}, []string{"id missing"}},
		"required_null":            {id().Required(), `{"id":null}`, order{}, []string{"id null"}},
		"required_opt_null":        {coupon().Required(), `{"coupon":null}`, order{Coupon: stream.Null[string]()}, nil},
		"required_opt_missing":     {coupon().Required(), `{}`, order{}, []string{"coupon missing"}},
		"required_null_as_missing": {coupon().Required().NullAsMissing(), `{"coupon":null}`, order{}, []string{"coupon null"}},
		"default":                  {id().Default(5), `{}`, order{ID: 5}, nil},
		"default_not_for_null":     {id().Default(5), `{"id":null}`, order{}, []string{"id null"}},
		"default_null_as_missing":  {id().Default(5).NullAsMissing(), `{"id":null}`, order{ID: 5}, nil},
		"opt_default":              {coupon().Default("x"), `{}`, order{Coupon: stream.Present("x")}, nil},
		"opt_null_as_missing":      {coupon().NullAsMissing(), `{"coupon":null}`, order{}, nil},
		"null_token":               {coupon().NullTokens("null", "N/A"), `{"coupon":"N/A"}`, order{Coupon: stream.Null[string]()}, nil},
		"null_token_exact":         {coupon().NullTokens("null"), `{"coupon":"NULL"}`, order{Coupon: stream.Present("NULL")}, nil},
		"null_token_empty":         {coupon().NullTokens(""), `{"coupon":""}`, order{Coupon: stream.Null[string]()}, nil},
		"null_token_plain":         {shop().NullTokens("null"), `{"shop":"null"}`, order{}, []string{"shop null"}},
		"null_token_trimmed":       {coupon().Trim().NullTokens("null"), `{"coupon":" null "}`, order{Coupon: stream.Null[string]()}, nil},
		"null_text_by_default":     {coupon(), `{"coupon":"null"}`, order{Coupon: stream.Present("null")}, nil},
		"null_token_int":           {id().NullTokens("-").NullAsMissing().Default(1), `{"id":"-"}`, order{ID: 1}, nil},
		"alias":                    {id().Alias("order_id"), `{"order_id":4}`, order{ID: 4}, nil},
		"alias_and_name":           {id().Alias("order_id"), `{"order_id":4,"id":4}`, order{}, []string{"id duplicate_key"}},
		"case_matters":             {id(), `{"ID":4}`, order{}, nil},
		"range_low":                {id().Range(1, 9), `{"id":0}`, order{}, []string{"id range"}},
		"range_edge":               {id().Range(1, 9), `{"id":9}`, order{ID: 9}, nil},
		"int_enum":                 {id().Enum(1, 3), `{"id":2}`, order{}, []string{"id enum"}},
		"enum":                     {shop().Enum("north", "south"), `{"shop":"south"}`, order{Shop: "south"}, nil},
		"enum_none":                {shop().Enum("north", "south"), `{"shop":"South"}`, order{}, []string{"shop enum"}},
		"pattern":                  {shop().Regexp(`^[a-z]+$`), `{"shop":"n0rth"}`, order{}, []string{"shop pattern"}},
		"length_in_characters":     {shop().MinLen(2).MaxLen(3), `{"shop":"日本語"}`, order{Shop: "日本語"}, nil},
		"too_short":                {shop().MinLen(2), `{"shop":"é"}`, order{}, []string{"shop length"}},
		"too_long":                 {shop().MaxLen(0), `{"shop":"a"}`, order{}, []string{"shop length"}},
		"trim":                     {shop().Trim().MaxLen(2), `{"shop":"\u00a0 ab\t"}`, order{Shop: "ab"}, nil},
		"scalars":                  {shop().Scalars(), `{"shop":1.50}`, order{Shop: "1.50"}, nil},
		"scalars_bool":             {shop().Scalars(), `{"shop":true}`, order{Shop: "true"}, nil},
		"scalars_no_array":         {shop().Scalars(), `{"shop":[]}`, order{}, []string{"shop type"}},
		"escapes":                  {shop(), `{"sh\u006fp":"a\n\"\\\/\u00e9\ud83d\ude00"}`, order{Shop: "a\n\"\\/é😀"}, nil},
		"nan_outside_range":        {total().Range(0, 1), `{"total":"NaN"}`, order{}, []string{"total range"}},
		"finite":                   {total().Finite(), `{"total":"inf"}`, order{}, []string{"total range"}},
		"infinite":                 {total(), `{"total":"inf"}`, order{Total: math.Inf(1)}, nil},
		"within_start":             {at().Within(may, june), `{"at":"2024-05-01"}`, order{At: may}, nil},
		"within_end_is_out":        {at().Within(may, june), `{"at":"2024-06-01"}`, order{}, []string{"at range"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := validate.New(c.f)
			require.NoError(t, err)
			got, err := s.Parse([]byte(c.in))
			require.Equal(t, c.errs, codesOf(t, err), "%v", err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestReject_HasAllErrorsOfItsRow(t *testing.T) {
	s, err := validate.New[order](
		validate.Int("id", func(o *order) *int64 { return &o.ID }).Required().Range(1, 9),
		validate.String("shop", func(o *order) *string { return &o.Shop }).Required(),
		validate.Time("at", func(o *order) *time.Time { return &o.At }).Required(),
		validate.Float("total", func(o *order) *float64 { return &o.Total }))
	require.NoError(t, err)
	row := `{"id":0, "x":{"k":1,"k":2}, "at":"soon", "total":[1], "y":1, "y":2}`
	_, err = s.Parse([]byte(row))
	var re *validate.RejectError
	require.ErrorAs(t, err, &re)
	require.Equal(t, []validate.FieldError{
		{Path: "id", Code: validate.CodeRange, Offset: strings.Index(row, "0,"), Got: "0", Want: "1..9"},
		{Path: "x.k", Code: validate.CodeDuplicate, Offset: strings.Index(row, `"k":2`), Got: `"k"`, Want: "each key once"},
		{Path: "at", Code: validate.CodeType, Offset: strings.Index(row, `"soon"`), Got: `"soon"`, Want: "time such as 2006-01-02T15:04:05Z"},
		{Path: "total", Code: validate.CodeType, Offset: strings.Index(row, "[1]"), Got: "array", Want: "number"},
		{Path: "y", Code: validate.CodeDuplicate, Offset: strings.LastIndex(row, `"y"`), Got: `"y"`, Want: "each key once"},
		{Path: "shop", Code: validate.CodeMissing, Offset: -1, Got: "nothing", Want: "string"},
	}, re.Errors)
	stored, err := re.Reject.FieldErrors()
	require.NoError(t, err)
	require.Equal(t, re.Errors, stored)
	require.Equal(t, validate.Reject{Source: "row", Row: 1, Line: 1, Length: int64(len(row)), Code: validate.CodeRange, Path: "id",
		Message: "id: range: got 0, want 1..9 at byte 6", Errors: re.Reject.Errors, Count: 6, Raw: row, RawForm: "text", RawState: "whole"}, re.Reject)
	for _, e := range re.Errors {
		require.ErrorIs(t, e, stream.ErrSchema)
	}
}

func TestReject_MaxErrorsCountsTheRest(t *testing.T) {
	s := readings(t)
	_, rejects, err := all(func(o validate.Options) stream.Seq[reading] {
		return s.NDJSON(strings.NewReader(`{"value":"x","a":1,"a":2,"a":3}`), o)
	}, validate.Options{MaxErrors: 2})
	require.NoError(t, err)
	errs, err := rejects[0].FieldErrors()
	require.NoError(t, err)
	require.Len(t, errs, 2)
	require.EqualValues(t, 4, rejects[0].Count)
}

func TestUnknown_QuarantineNamesThePath(t *testing.T) {
	s, err := validate.New[order](validate.Int("order.id", func(o *order) *int64 { return &o.ID }))
	require.NoError(t, err)
	_, rejects, err := rejectsOf(s, "{\"order\":{\"id\":1,\"new\":2},\"z\":{\"deep\":1}}\n{\"order\":{\"id\":1}}", validate.Options{Unknown: validate.Quarantine})
	require.NoError(t, err)
	require.Len(t, rejects, 1)
	errs, err := rejects[0].FieldErrors()
	require.NoError(t, err)
	require.Equal(t, []validate.FieldError{
		{Path: "order.new", Code: validate.CodeUnknown, Offset: 17, Got: `"new"`, Want: "a field of the schema"},
		{Path: "z", Code: validate.CodeUnknown, Offset: 26, Got: `"z"`, Want: "a field of the schema"},
	}, errs)
}

// rejectsOf reads NDJSON and collects what comes out.
func rejectsOf[T any](s *validate.Schema[T], text string, o validate.Options) (rows []T, rejects []validate.Reject, err error) {
	o.Quarantine = stream.Into(&rejects)
	for v, e := range s.NDJSON(strings.NewReader(text), o) {
		if e != nil {
			return rows, rejects, e
		}
		rows = append(rows, v)
	}
	return rows, rejects, nil
}

func TestNested_ObjectsAndTheirAbsence(t *testing.T) {
	s, err := validate.New[order](
		validate.Int("order.id", func(o *order) *int64 { return &o.ID }).Required(),
		validate.OptString("order.promo.coupon", func(o *order) *stream.Opt[string] { return &o.Coupon }),
		validate.String("shop", func(o *order) *string { return &o.Shop }))
	require.NoError(t, err)
	for in, c := range map[string]struct {
		want order
		errs []string
	}{
		`{"order":{"promo":{"coupon":"x"},"id":1},"shop":"n"}`: {order{ID: 1, Coupon: stream.Present("x"), Shop: "n"}, nil},
		`{"order":{"id":1}}`:                         {order{ID: 1}, nil},
		`{"order":{"id":1,"promo":null}}`:            {order{ID: 1, Coupon: stream.Null[string]()}, nil},
		`{"order":{"id":1,"promo":[]}}`:              {order{}, []string{"order.promo type"}},
		`{"order":7}`:                                {order{}, []string{"order type"}},
		`{"order":null}`:                             {order{}, []string{"order.id null"}},
		`{}`:                                         {order{}, []string{"order.id missing"}},
		`{"order.id":1}`:                             {order{ID: 1}, nil},
		`{"order":{"id":1},"order.id":1}`:            {order{}, []string{"order.id duplicate_key"}},
		`{"order":{"id":1},"order":{"id":2}}`:        {order{}, []string{"order duplicate_key"}},
		`{"order":{"id":1,"id":2}}`:                  {order{}, []string{"order.id duplicate_key"}},
		`{"id":5,"order":{"id":1,"order":{"id":3}}}`: {order{ID: 1}, nil},
	} {
		got, err := s.Parse([]byte(in))
		require.Equal(t, c.errs, codesOf(t, err), "%s: %v", in, err)
		require.Equal(t, c.want, got, in)
	}
}

func TestDuplicateKeys_LastWinsWhenAllowed(t *testing.T) {
	rows, rejects, err := rejectsOf(readings(t), `{"sensor":1,"value":"x","sensor":"a","value":2,"z":1,"z":2}`+"\n"+
		`{"sensor":"a","value":2,"value":"x"}`, validate.Options{AllowDuplicateKeys: true})
	require.NoError(t, err)
	require.Equal(t, []reading{{"a", 2}}, rows, "the error of a value that was replaced is gone with it")
	require.Len(t, rejects, 1)
	require.Equal(t, validate.CodeType, rejects[0].Code)
}

func TestNew_Mistakes(t *testing.T) {
	id := func(name string) *validate.IntField[order, int64] {
		return validate.Int(name, func(o *order) *int64 { return &o.ID })
	}
	shop := func() *validate.StringField[order, string] {
		return validate.String("shop", func(o *order) *string { return &o.Shop })
	}
	at := func() *validate.TimeField[order] {
		return validate.Time("at", func(o *order) *time.Time { return &o.At })
	}
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		fields []validate.Field[order]
		want   string
	}{
		"no_fields":            {nil, `fields must be at least one, got none`},
		"empty_name":           {[]validate.Field[order]{id("")}, `name must be a name, got ""`},
		"same_name":            {[]validate.Field[order]{id("a"), id("a")}, `field "a": name must be unique, got "a", which is a name of field "a"`},
		"alias_is_name":        {[]validate.Field[order]{id("a"), id("b").Alias("a")}, `field "b": Alias must be unique, got "a"`},
		"value_and_path":       {[]validate.Field[order]{id("a"), id("a.b")}, `name must be a value or a path, not both`},
		"range":                {[]validate.Field[order]{id("a").Range(2, 1)}, `field "a": Range must be min <= max, got 2..1`},
		"required_default":     {[]validate.Field[order]{id("a").Required().Default(1)}, `field "a": Default must be none for a required field, got 1`},
		"default_out_of_range": {[]validate.Field[order]{id("a").Range(1, 2).Default(3)}, `field "a": Default must be a value that the field's own rules allow, got 3`},
		"default_not_in_enum":  {[]validate.Field[order]{shop().Enum("a").Default("b")}, `Default must be a value that the field's own rules allow, got "b"`},
		"empty_enum":           {[]validate.Field[order]{shop().Enum()}, `field "shop": Enum must be at least one value, got none`},
		"regexp":               {[]validate.Field[order]{shop().Regexp("(")}, `field "shop": Regexp must be a regular expression, got error parsing`},
		"lengths":              {[]validate.Field[order]{shop().MinLen(3).MaxLen(2)}, `MinLen/MaxLen must be MinLen <= MaxLen, got 3 > 2`},
		"negative_length":      {[]validate.Field[order]{shop().MaxLen(-1)}, `MinLen/MaxLen must be 0 or positive, got negative`},
		"epoch":                {[]validate.Field[order]{at().Epoch(time.Hour)}, `Epoch must be time.Second, Millisecond, Microsecond or Nanosecond, got 1h0m0s`},
		"within":               {[]validate.Field[order]{at().Within(now, now)}, `Within must be from before to`},
		"zone_abbreviation":    {[]validate.Field[order]{at().Layouts(time.RFC1123)}, `Layouts must be numeric offsets, no zone abbreviation`},
		"nil_location":         {[]validate.Field[order]{at().Location(nil)}, `Location must be a location, got nil`},
		"repeated_token":       {[]validate.Field[order]{shop().NullTokens("a", "a")}, `NullTokens must be distinct`},
		"untrimmed_token":      {[]validate.Field[order]{shop().Trim().NullTokens(" a")}, `NullTokens must be without space around it under Trim`},
		"date_default":         {[]validate.Field[order]{validate.Date("day", func(o *order) *time.Time { return &o.Day }).Default(now.Add(1))}, `Default must be a midnight in UTC`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := validate.New(c.fields...)
			require.Nil(t, s)
			require.ErrorContains(t, err, c.want)
			require.ErrorIs(t, err, stream.ErrConflict)
			var se *validate.SchemaError
			require.ErrorAs(t, err, &se)
		})
	}
	_, err := validate.New[order](id("a").Range(2, 1), shop().Enum())
	var se *validate.SchemaError
	require.True(t, errors.As(err, &se))
	require.Len(t, se.Problems, 2, "every mistake is reported")
}

func TestNew_CopiesItsFields(t *testing.T) {
	f := validate.Int("id", func(o *order) *int64 { return &o.ID })
	s, err := validate.New[order](f)
	require.NoError(t, err)
	f.Required().Range(5, 6)
	_, err = s.Parse([]byte(`{}`))
	require.NoError(t, err)
	_, err = s.Parse([]byte(`{"id":1}`))
	require.NoError(t, err)
}

func TestMarkdown_IsTheContract(t *testing.T) {
	s, err := validate.New[order](
		validate.Int("id", func(o *order) *int64 { return &o.ID }).Required().Range(1, 99).Alias("order_id"),
		validate.String("shop", func(o *order) *string { return &o.Shop }).Default("web").Regexp("a|b|web").Trim(),
		validate.OptString("coupon", func(o *order) *stream.Opt[string] { return &o.Coupon }).NullTokens("null", "").Secret(),
		validate.OptDate("due", func(o *order) *stream.Opt[time.Time] { return &o.Due }).NullAsMissing().Strict())
	require.NoError(t, err)
	require.Equal(t, "| field | kind | if missing | null | rules |\n"+
		"|---|---|---|---|---|\n"+
		"| `id` (or `order_id`) | int64 | reject | reject | 1..99 |\n"+
		"| `shop` | string | \"web\" | reject | matches a\\|b\\|web; trimmed |\n"+
		"| `coupon` | string | missing | null (also \"null\", \"\") | secret |\n"+
		"| `due` | date | missing | as missing | strict |\n", s.Markdown())
	require.Equal(t, []string{"id", "shop", "coupon", "due"}, s.Names())
}
