package validate_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
	"github.com/millrace-go/millrace/validate"
)

// reading is the row of the contract and of the tests about sources: what a sensor says.
type reading struct {
	Sensor string
	Value  int64
}

func readings(t testing.TB) *validate.Schema[reading] {
	s, err := validate.New[reading](
		validate.String("sensor", func(r *reading) *string { return &r.Sensor }).Required(),
		validate.Int("value", func(r *reading) *int64 { return &r.Value }).Required().Range(-50, 100))
	require.NoError(t, err)
	return s
}

const (
	ndjson = "{\"sensor\":\"a\",\"value\":1}\n{\"sensor\":\"a\",\"value\":900}\n\n{\"sensor\":\"b\",\"value\":3}\n{\"sensor\":\n{\"sensor\":\"b\",\"value\":4}\n"
	table  = "sensor,value\na,1\na,900\n\nb,3\nb\nb,4\n"
)

func TestContract(t *testing.T) {
	s := readings(t)
	keep := validate.Options{Quarantine: stream.Discard[validate.Reject]("the valid rows are judged")}
	limited := keep
	limited.Limit = validate.Limit{MaxRows: 1}
	type openFunc = func(o validate.Options) stream.Seq[reading]
	check := func(open openFunc, once bool) func(*testing.T) {
		return func(t *testing.T) {
			for name, w := range map[string]struct {
				o     validate.Options
				fails bool
			}{
				"quarantine":    {keep, false},
				"no_quarantine": {validate.Options{}, true},
				"limit":         {limited, true},
				"wrong_option":  {validate.Options{MaxLine: -1}, true},
			} {
				t.Run(name, func(t *testing.T) {
					streamtest.CheckSourceWith(t, func() stream.Seq[reading] { return open(w.o) },
						streamtest.CheckOptions[reading]{SingleUse: once && name != "wrong_option", Fails: w.fails})
				})
			}
		}
	}
	reader := func(open func(r io.Reader, o validate.Options) stream.Seq[reading], text string) func(*testing.T) {
		return check(func(o validate.Options) stream.Seq[reading] { return open(strings.NewReader(text), o) }, true)
	}
	dir := t.TempDir()
	paths := func(texts ...string) (paths []string) {
		for i, text := range texts {
			path := filepath.Join(dir, strconv.Itoa(len(text))+strconv.Itoa(i))
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			paths = append(paths, path)
		}
		return paths
	}
	files := func(open func(paths []string, o validate.Options) stream.Seq[reading], texts ...string) func(*testing.T) {
		p := paths(texts...)
		return check(func(o validate.Options) stream.Seq[reading] { return open(p, o) }, false)
	}
	contracttest.Run(t, contracttest.Ops{
		"Schema.NDJSON":      reader(s.NDJSON, ndjson),
		"Schema.CSV":         reader(s.CSV, table),
		"Schema.Read":        reader(s.Read, table),
		"Schema.NDJSONFiles": files(s.NDJSONFiles, ndjson, zipped(t, ndjson)),
		"Schema.CSVFiles":    files(s.CSVFiles, table, zipped(t, table)),
		"Schema.ReadFiles":   files(s.ReadFiles, table, ndjson),
		"Schema.Rows": func(t *testing.T) {
			rows := []stream.Row{
				{{Name: "sensor", Value: "a"}, {Name: "value", Value: int64(1)}},
				{{Name: "sensor", Value: "a"}, {Name: "value", Value: int64(900)}},
				{{Name: "value", Value: 3.0}, {Name: "sensor", Value: "b"}},
				{},
				{{Name: "sensor", Value: []byte("b")}, {Name: "value", Value: "4"}},
			}
			streamtest.CheckWith(t, func(in stream.Seq[stream.Row]) stream.Seq[reading] { return s.Rows(in, keep) },
				streamtest.CheckOptions[reading]{Streaming: true}, rows...)
			streamtest.CheckWith(t, func(in stream.Seq[stream.Row]) stream.Seq[reading] { return s.Rows(in, validate.Options{}) },
				streamtest.CheckOptions[reading]{Streaming: true, Fails: true}, rows...)
		},
	})
}

func zipped(t testing.TB, text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}
