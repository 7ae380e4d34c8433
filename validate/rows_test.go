package validate_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

func TestRows_SameVerdictsAsJSON(t *testing.T) {
	var fields []validate.Field[order]
	all := orderFields()
	for _, name := range []string{"id", "shop", "total", "paid", "at", "day", "items", "discount", "gift", "shipped", "due"} {
		fields = append(fields, all[name])
	}
	fields = append(fields, validate.OptString("box.coupon", func(o *order) *stream.Opt[string] { return &o.Coupon }))
	s, err := validate.New(fields...)
	require.NoError(t, err)
	at := time.Date(2024, 5, 1, 12, 30, 0, 5, time.FixedZone("", 3600))
	for name, row := range map[string]stream.Row{
		"typed": {{Name: "id", Value: int64(math.MinInt64)}, {Name: "shop", Value: "n\x01\"é"}, {Name: "total", Value: 1e21}, {Name: "paid", Value: true},
			{Name: "at", Value: "2024-05-01"}, {Name: "items", Value: uint64(7)}, {Name: "gift", Value: int64(1)}},
		"nulls":         {{Name: "items"}, {Name: "discount"}, {Name: "gift"}, {Name: "shipped"}, {Name: "due"}, {Name: "box"}},
		"null_in_plain": {{Name: "id"}, {Name: "at"}},
		"wrong":         {{Name: "id", Value: "x"}, {Name: "shop", Value: 1.5}, {Name: "paid", Value: "maybe"}, {Name: "at", Value: int64(5)}, {Name: "items", Value: uint64(math.MaxUint64)}},
		"nested":        {{Name: "box", Value: stream.Row{{Name: "coupon", Value: "M"}, {Name: "z", Value: []any{int64(1), nil, "x"}}}}},
		"nested_map":    {{Name: "box", Value: map[string]any{"coupon": "M", "a": false}}},
		"nested_wrong":  {{Name: "box", Value: "M"}, {Name: "id", Value: stream.Row{}}, {Name: "shop", Value: []any{}}},
		"twice":         {{Name: "id", Value: int64(1)}, {Name: "id", Value: int64(2)}},
		"unknown":       {{Name: "who", Value: int64(1)}},
	} {
		for _, unknown := range []validate.UnknownPolicy{validate.Ignore, validate.Quarantine} {
			t.Run(name, func(t *testing.T) {
				var byRow, byLine []validate.Reject
				got, err := stream.Collect(s.Rows(stream.Of(row), validate.Options{Unknown: unknown, Quarantine: stream.Into(&byRow)}))
				require.NoError(t, err)
				line := jsonOf(t, row)
				want, byLine, err := rejectsOf(s, line, validate.Options{Unknown: unknown})
				require.NoError(t, err)
				require.Equal(t, want, append([]order(nil), got...))
				require.Equal(t, len(byLine), len(byRow))
				for i := range byRow {
					require.JSONEq(t, line, byRow[i].Raw)
					require.Equal(t, pathsAndCodes(t, byLine[i]), pathsAndCodes(t, byRow[i]))
					require.EqualValues(t, -1, byRow[i].Offset)
				}
			})
		}
	}
	got, err := stream.Collect(s.Rows(stream.Of(stream.Row{{Name: "at", Value: at}, {Name: "shop", Value: []byte("n")}, {Name: "total", Value: math.Inf(-1)}}), validate.Options{}))
	require.NoError(t, err)
	require.Equal(t, order{At: at.UTC(), Shop: "n", Total: math.Inf(-1)}, got[0])
	_, err = stream.Collect(s.Rows(stream.Of(stream.Row{{Name: "shop", Value: "\xff"}}), validate.Options{}))
	require.ErrorIs(t, err, stream.ErrCorrupt)
}

// jsonOf writes a row whose values JSON can say.
func jsonOf(t testing.TB, v any) string {
	t.Helper()
	switch v := v.(type) {
	case stream.Row:
		out := "{"
		for i, f := range v {
			if i > 0 {
				out += ","
			}
			out += jsonOf(t, f.Name) + ":" + jsonOf(t, f.Value)
		}
		return out + "}"
	case []any, string, map[string]any, nil, bool, int64, uint64, float64:
		b, err := json.Marshal(v)
		require.NoError(t, err)
		return string(b)
	}
	t.Fatalf("%T", v)
	return ""
}

func pathsAndCodes(t testing.TB, r validate.Reject) (out []string) {
	errs, err := r.FieldErrors()
	require.NoError(t, err)
	for _, e := range errs {
		out = append(out, e.Path+" "+string(e.Code))
	}
	return out
}

func TestRows_ForwardsErrors(t *testing.T) {
	broken := errors.New("page 7 is gone")
	seq := readings(t).Rows(stream.Concat(stream.Of(stream.Row{{Name: "sensor", Value: "a"}, {Name: "value", Value: int64(1)}}), stream.Fail[stream.Row](broken)), validate.Options{})
	var rows []reading
	var last error
	for r, err := range seq {
		if last = err; err == nil {
			rows = append(rows, r)
		}
	}
	require.Equal(t, []reading{{"a", 1}}, rows)
	require.Same(t, broken, last)
}
