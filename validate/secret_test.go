package validate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// login is a row with a secret.
type login struct {
	User  string
	Token string
	Age   int64
}

// TestSecret_NeverLeaves plants a secret in rows that fail in every way, and looks for it in everything that
// comes out but valid rows.
func TestSecret_NeverLeaves(t *testing.T) {
	s, err := validate.New[login](
		validate.String("user", func(l *login) *string { return &l.User }).Required(),
		validate.String("token", func(l *login) *string { return &l.Token }).Required().MaxLen(8).Secret(),
		validate.Int("age", func(l *login) *int64 { return &l.Age }).NullAsMissing())
	require.NoError(t, err)
	const secret = "hunter2hunter2"
	number := "31337313373133731337"
	inputs := map[string]string{
		"too_long":    `{"user":"a","token":"` + secret + `"}`,
		"wrong_kind":  `{"user":"a","token":` + number + `}`,
		"other_error": `{"user":1,"token":"` + secret[:8] + `"}`,
		"broken_in":   `{"user":"a","token":"` + secret + "\x01" + `"}`,
		"broken_at":   `{"user":"a","token":` + secret + `}`,
		"cut":         `{"user":"a","token":"` + secret,
		"not_utf8":    `{"user":"a","token":"` + secret + "\xff\"}",
		"long_line":   `{"user":"a","token":"` + secret + `"` + strings.Repeat(" ", 300) + "}",
		"twice":       `{"user":"a","token":"` + secret + `","token":"` + secret + `"}`,
	}
	tables := map[string]string{
		"too_long": "a," + secret + ",1", "shifted": "a,b,b," + secret, "shifted_type": "a,x," + secret + ",3", "stray": "a,\"" + secret + "\"x,2",
		"open": "a,\"" + secret + ",2", "not_utf8": "a," + secret + "\xff,2", "long_line": "a," + secret + "," + strings.Repeat("1", 300),
	}
	look := func(t *testing.T, row string, seq func(o validate.Options) stream.Seq[login]) {
		for _, quarantine := range []bool{true, false} {
			var rejects []validate.Reject
			o := validate.Options{MaxLine: 200}
			if quarantine {
				o.Quarantine, o.Limit = stream.Into(&rejects), validate.Limit{MaxRatio: 0.001}
			}
			_, err := stream.Collect(seq(o))
			require.Error(t, err)
			said := fmt.Sprintf("%+v %+v %#v %v", rejects, err, err, err)
			for _, s := range []string{secret, secret[:8], "hunter", number[:6]} {
				require.NotContains(t, said, s)
			}
			if quarantine {
				require.Len(t, rejects, 1)
				sum := sha256.Sum256([]byte(row))
				require.Equal(t, []string{"", "withheld", hex.EncodeToString(sum[:])}, []string{rejects[0].Raw, rejects[0].RawState, rejects[0].SHA256})
				require.EqualValues(t, len(row), rejects[0].Length)
			}
		}
	}
	for name, row := range inputs {
		t.Run("ndjson/"+name, func(t *testing.T) {
			look(t, row, func(o validate.Options) stream.Seq[login] { return s.NDJSON(strings.NewReader(row+"\n"), o) })
		})
	}
	for name, row := range tables {
		t.Run("csv/"+name, func(t *testing.T) {
			look(t, row, func(o validate.Options) stream.Seq[login] {
				o.Dialect.Columns = []string{"user", "token", "age"}
				return s.CSV(strings.NewReader(row), o)
			})
		})
	}
	t.Run("rows", func(t *testing.T) {
		_, err := stream.Collect(s.Rows(stream.Of(stream.Row{{Name: "user", Value: "a"}, {Name: "token", Value: secret}}), validate.Options{}))
		require.Error(t, err)
		require.NotContains(t, fmt.Sprintf("%+v %#v", err, err), "hunter")
	})
	got, err := s.Parse([]byte(`{"user":"a","token":"hunter2"}`))
	require.NoError(t, err)
	require.Equal(t, "hunter2", got.Token, "rows carry the value")
}
