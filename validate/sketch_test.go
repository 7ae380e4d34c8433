package validate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

const clicks = `{"id":1,"user":"ann","at":"2024-05-01T10:00:00Z","ms":12.5,"new":true,"geo":{"city":"Oslo","ll":[1,2]},"code":"007"}
{"id":2,"user":"bob","at":"2024-05-01T10:00:05Z","ms":7,"new":false,"geo":null,"code":"12"}
{"id":3,"user":"null","at":"2024-05-02 00:00:00","ms":"8","geo":{"city":"Rome","ll":[]},"code":"13"}
{"id":
`

func TestInferNDJSON_Sketch(t *testing.T) {
	s, err := validate.InferNDJSON(strings.NewReader(clicks), 100)
	require.NoError(t, err)
	require.Equal(t, `3 rows sampled, 1 unreadable
field     kind                fits   null    missing  min                   max                  examples
id        int64               100 %  0 %     0 %      1                     3                    1, 2, 3
user      string or ["null"]  100 %  33.3 %  0 %      ann                   bob                  ann, bob
at        time                100 %  0 %     0 %      2024-05-01T10:00:00Z  2024-05-02 00:00:00  2024-05-01T10:00:00Z, 2024-05-01T10:00:05Z, 2024-05-02 00:00:00
ms        float64             100 %  0 %     0 %      7                     12.5                 12.5, 7, 8
new       bool                100 %  0 %     33.3 %                                              true, false
geo.city  string              100 %  0 %     33.3 %   Oslo                  Rome                 Oslo, Rome
geo.ll    array               100 %  0 %     33.3 %
code      string              100 %  0 %     0 %      007                   13                   007, 12, 13
geo       null                100 %  33.3 %  66.7 %
`, s.String())

	schema, err := s.Schema()
	require.NoError(t, err)
	rows, rejects, err := rejectsOf(schema, clicks, validate.Options{})
	require.NoError(t, err)
	require.Len(t, rejects, 1)
	require.Equal(t, stream.Row{
		{Name: "id", Value: int64(2)}, {Name: "user", Value: "bob"}, {Name: "at", Value: time.Date(2024, 5, 1, 10, 0, 5, 0, time.UTC)},
		{Name: "ms", Value: 7.0}, {Name: "new", Value: false}, {Name: "code", Value: "12"}, {Name: "geo.city"}}, rows[1])
	require.Equal(t, stream.Null[any](), rows[2].Get("user"))
	require.Equal(t, stream.Missing[any](), rows[2].Get("new"))
}

func TestInferCSV_Sketch(t *testing.T) {
	in := "id;name;when;n\n1;a;2024-01-01;NA\n2;;2024-01-02;5\n3;b;2024-01-03;x;y\n4;c;2024-01-04;6\n"
	s, err := validate.InferCSV(strings.NewReader(in), 100, validate.Dialect{})
	require.NoError(t, err)
	require.Equal(t, byte(';'), s.Dialect.Comma)
	require.EqualValues(t, 3, s.Rows)
	require.EqualValues(t, 1, s.Rejected)
	var kinds []string
	for _, c := range s.Columns {
		kinds = append(kinds, c.Name+" "+c.Kind)
	}
	require.Equal(t, []string{"id int64", "name string", "when date", "n int64"}, kinds)
	require.Equal(t, []string{"NA"}, s.Columns[3].NullTokens)
	schema, err := s.Schema()
	require.NoError(t, err)
	rows, err := stream.Collect(schema.Read(strings.NewReader(in), validate.Options{Quarantine: stream.Discard[validate.Reject]("the rows are judged")}))
	require.NoError(t, err)
	require.Len(t, rows, 3)
}

func TestInfer_DirtDoesNotTurnNumbersIntoText(t *testing.T) {
	var rows []stream.Row
	for i := range 100 {
		row := stream.Row{{Name: "n", Value: int64(i)}, {Name: "mixed", Value: int64(i)}, {Name: "at", Value: time.Unix(int64(i), 0)}}
		if i == 50 {
			row[0].Value = "broken"
		}
		if i%2 == 0 {
			row[1].Value = "text"
		}
		rows = append(rows, row)
	}
	s, err := validate.Infer(rows...)
	require.NoError(t, err)
	require.Equal(t, "int64", s.Columns[0].Kind)
	require.InDelta(t, 0.99, s.Columns[0].Fits, 1e-9)
	require.Equal(t, "mixed", s.Columns[1].Kind)
	require.Equal(t, "time", s.Columns[2].Kind)
}

func TestInfer_Errors(t *testing.T) {
	_, err := validate.InferNDJSON(strings.NewReader(""), 0)
	var oe *stream.OptionError
	require.ErrorAs(t, err, &oe)
	_, err = validate.InferFile(filepath.Join(t.TempDir(), "gone"), 10)
	require.ErrorIs(t, err, stream.ErrMissing)
	path := filepath.Join(t.TempDir(), "cut.gz")
	require.NoError(t, os.WriteFile(path, []byte(zipped(t, clicks)[:30]), 0o600))
	_, err = validate.InferFile(path, 10)
	require.ErrorIs(t, err, stream.ErrCorrupt)
	require.ErrorContains(t, err, "cut.gz")
	s, err := validate.InferNDJSON(strings.NewReader(strings.Repeat("x\n", 1000)+clicks), 10)
	require.NoError(t, err)
	require.EqualValues(t, 10, s.Rejected, "a sample ends although no row of it was good")
	require.Empty(t, s.Columns)
	_, err = s.Schema()
	require.ErrorIs(t, err, stream.ErrConflict)
	var wide strings.Builder
	for i := range 10001 {
		wide.WriteString(",\"" + itoa(int64(i)) + "\":1")
	}
	_, err = validate.InferNDJSON(strings.NewReader("{"+wide.String()[1:]+"}"), 10)
	require.ErrorIs(t, err, stream.ErrLimit)
}
