package validate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/fixture"
	"github.com/millrace-go/millrace/stream"
)

// messyFile is the published verdict on one messy file.
type messyFile struct {
	Blank         int     `json:"blank"`
	InvalidUTF8   []int64 `json:"invalid_utf8"`
	InvalidJSON   []int64 `json:"invalid_json"`
	NotAnObject   []int64 `json:"not_an_object"`
	DuplicateKeys []int64 `json:"duplicate_keys"`
	GoodObjects   int     `json:"good_objects"`

	Schema   []string `json:"schema"`
	Accepted int      `json:"accepted"`
	Rejected [][]any  `json:"rejected_lines"`
}

func messyFiles(t *testing.T) (dir string, files map[string]messyFile) {
	t.Helper()
	text, err := os.ReadFile(fixture.Path(t, "data", "expected_messy.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &files))
	return fixture.Path(t, "data", "messy"), files
}

func TestMessy_NDJSON(t *testing.T) {
	dir, files := messyFiles(t)
	s := build[one](t, String("a field that no file has", func(o *one) *string { return &o.S }))
	seen := 0
	for name, want := range files {
		if strings.Contains(name, ".csv") {
			continue
		}
		seen++
		t.Run(name, func(t *testing.T) {
			var rejects []Reject
			stats := &Stats{}
			n, err := drain(s.NDJSONFiles([]string{filepath.Join(dir, name)}, Options{Quarantine: stream.Into(&rejects), Stats: stats}))
			require.NoError(t, err)
			lines := map[Code][]int64{}
			for _, r := range rejects {
				lines[r.Code] = append(lines[r.Code], r.Line)
			}
			require.Equal(t, want.InvalidUTF8, append([]int64{}, lines[CodeInvalidUTF8]...))
			require.Equal(t, want.InvalidJSON, append([]int64{}, lines[CodeInvalidJSON]...))
			require.Equal(t, want.NotAnObject, append([]int64{}, lines[CodeNotObject]...))
			require.Equal(t, want.DuplicateKeys, append([]int64{}, lines[CodeDuplicate]...))
			require.EqualValues(t, want.Blank, stats.Blank())
			require.Equal(t, want.GoodObjects-len(want.DuplicateKeys), n)
		})
	}
	require.NotZero(t, seen)
}

// messyRow has the columns of the messy CSV files whose schema is known.
type messyRow struct {
	Name       string
	Age, Barks stream.Opt[int32]
	Today      stream.Opt[time.Time]
	A, B, C, D stream.Opt[int32]
}

var messyFields = map[string]Field[messyRow]{
	"name":        String("name", func(r *messyRow) *string { return &r.Name }),
	"age":         OptInt("age", func(r *messyRow) *stream.Opt[int32] { return &r.Age }),
	"barks":       OptInt("barks", func(r *messyRow) *stream.Opt[int32] { return &r.Barks }),
	"current_day": OptDate("current_day", func(r *messyRow) *stream.Opt[time.Time] { return &r.Today }),
	"a":           OptInt("a", func(r *messyRow) *stream.Opt[int32] { return &r.A }),
	"b":           OptInt("b", func(r *messyRow) *stream.Opt[int32] { return &r.B }),
	"c":           OptInt("c", func(r *messyRow) *stream.Opt[int32] { return &r.C }),
	"d":           OptInt("d", func(r *messyRow) *stream.Opt[int32] { return &r.D }),
}

func TestMessy_CSV(t *testing.T) {
	dir, files := messyFiles(t)
	seen := 0
	for name, want := range files {
		if len(want.Schema) == 0 {
			continue
		}
		seen++
		t.Run(name, func(t *testing.T) {
			var fields []Field[messyRow]
			for _, column := range want.Schema {
				require.Contains(t, messyFields, column)
				fields = append(fields, messyFields[column])
			}
			var rejects []Reject
			n, err := drain(build(t, fields...).CSVFiles([]string{filepath.Join(dir, name)},
				Options{Quarantine: stream.Into(&rejects), Dialect: Dialect{TrimSpace: true}}))
			require.NoError(t, err)
			require.Equal(t, want.Accepted, n)
			var got [][]any
			for _, r := range rejects {
				errs, err := r.FieldErrors()
				require.NoError(t, err)
				reasons := []any{}
				for _, e := range errs {
					switch e.Code {
					case CodeFieldCount:
						reasons = append(reasons, strings.Join([]string{"fields", strings.TrimSuffix(e.Got, " fields"), "want", e.Want}, " "))
					case CodeInvalidUTF8:
						reasons = append(reasons, "utf8 "+e.Path)
					default:
						reasons = append(reasons, fmt.Sprintf("%s %s", e.Code, e.Path))
					}
				}
				got = append(got, []any{float64(r.Line), reasons})
			}
			require.Equal(t, want.Rejected, got)
		})
	}
	require.NotZero(t, seen)
}

// TestMessy_EveryFileTiles reads every messy file in both formats: nothing may be lost, whatever is in it.
func TestMessy_EveryFileTiles(t *testing.T) {
	dir, files := messyFiles(t)
	s := build[one](t, String("v", func(o *one) *string { return &o.S }).Scalars().NullAsMissing())
	for name := range files {
		path := filepath.Join(dir, name)
		t.Run(name, func(t *testing.T) {
			for _, format := range []Format{FormatNDJSON, FormatCSV} {
				for _, trim := range []bool{false, true} {
					raw := readPlain(t, path)
					requireTiles(t, s, raw, format, Options{Dialect: Dialect{TrimSpace: trim}})
				}
			}
		})
	}
}

// drain counts the rows of a stream.
func drain[T any](seq stream.Seq[T]) (n int, err error) {
	for _, err := range seq {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func readPlain(t testing.TB, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	plain, done, err := inflate(path, file, nil)
	require.NoError(t, err)
	defer done()
	f := newFeed(path, plain, nil)
	for f.more() {
	}
	return slices.Clone(f.unread())
}
