package parquetio

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/parquet"
	"github.com/millrace-go/millrace/stream"
)

// corpusDir is the folder of Parquet files of many writers; the test skips where there is none.
func corpusDir(t testing.TB) string {
	t.Helper()
	for _, base := range []string{os.Getenv("MILLRACE_TESTDATA"), filepath.Join("..", "..", "shared")} {
		for _, dir := range []string{filepath.Join(base, "data", "parquet"), filepath.Join(base, "parquet")} {
			if base == "" {
				continue
			}
			if _, err := os.Stat(filepath.Join(dir, "good")); err == nil {
				return dir
			}
		}
	}
	t.Skip("no corpus of Parquet files: set MILLRACE_TESTDATA to the folder that holds data/parquet")
	return ""
}

// wrongChecksums are valid files whose writer computed page checksums wrongly: they are an error, unless the
// caller says otherwise.
var wrongChecksums = map[string]bool{"pinot__delta_length_byte_array.parquet": true}

// Every good file either reads equal to what the reference reader found in it, or has nested columns, which are
// refused with a typed error; its flat columns then read equal. No file is left out.
func TestCorpus_Good(t *testing.T) {
	dir := corpusDir(t)
	entries, err := os.ReadDir(filepath.Join(dir, "good"))
	require.NoError(t, err)
	flat, nested, rowsOnly := 0, 0, 0
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			path := filepath.Join(dir, "good", e.Name())
			if info, err := e.Info(); err == nil && raceEnabled && info.Size() > 100<<10 {
				t.Skip("too large under the race detector")
			}
			var opts ReadOptions
			if wrongChecksums[e.Name()] {
				_, err := collectAll(ReadRows(path, opts))
				require.ErrorIs(t, err, stream.ErrCorrupt)
				opts.IgnoreChecksums = true
			}
			rows, err := collectAll(ReadRows(path, opts))
			var se *SchemaError
			if errors.As(err, &se) {
				require.Contains(t, se.Got, "nested", "the only reason to refuse a good file")
				require.Empty(t, rows)
				nested++
				opts.Columns = flatColumns(t, path)
				if len(opts.Columns) == 0 {
					return
				}
				rows, err = collectAll(ReadRows(path, opts))
			} else {
				flat++
			}
			require.NoError(t, err)
			want := contents(t, filepath.Join(dir, "contents", e.Name()+".ndjson.gz"))
			if want == nil { // no rows, or too large a dump
				rowsOnly++
				return
			}
			require.Len(t, rows, len(want))
			cols := columnsByName(t, path)
			for i, row := range rows {
				seen := map[string]bool{}
				for _, f := range row {
					if seen[f.Name] { // the reference reader renames the second of two columns of one name
						continue
					}
					seen[f.Name] = true
					w, ok := want[i][f.Name]
					if !ok { // the reference reader renames the second of two columns that differ in case
						continue
					}
					if msg := differs(cols[f.Name], f.Value, w); msg != "" {
						t.Fatalf("row %d, column %s (%s): %s", i+1, f.Name, cols[f.Name].Type(), msg)
					}
				}
			}
		})
	}
	t.Logf("%d files read whole, %d refused for nested columns (their flat columns read), %d of them without contents to compare", flat, nested, rowsOnly)
	if !raceEnabled {
		require.Equal(t, 180, flat+nested)
		require.GreaterOrEqual(t, flat, 126)
	}
}

func columnsByName(t *testing.T, path string) map[string]*parquet.Column {
	t.Helper()
	f, size, err := openFile(path)
	require.NoError(t, err)
	defer f.Close()
	pf, err := parquet.Open(f, size)
	require.NoError(t, err)
	m := map[string]*parquet.Column{}
	for i := range pf.Columns {
		m[pf.Columns[i].Name] = &pf.Columns[i]
	}
	return m
}

func flatColumns(t *testing.T, path string) []string {
	t.Helper()
	var names []string
	for name, c := range columnsByName(t, path) {
		if !c.Nested {
			names = append(names, name)
		}
	}
	return names
}

// contents reads the reference reader's dump.
func contents(t *testing.T, path string) []map[string]any {
	t.Helper()
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	// The dump has bare NaN and Infinity.
	if bytes.Contains(text, []byte("NaN")) || bytes.Contains(text, []byte("nan")) || bytes.Contains(text, []byte("nf")) {
		text = regexp.MustCompile(`([:\[])(-?)(NaN|nan|Infinity|inf)([,}\]])`).ReplaceAll(text, []byte(`$1"$2$3"$4`))
	}
	var rows []map[string]any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	for dec.More() {
		var row map[string]any
		require.NoError(t, dec.Decode(&row))
		rows = append(rows, row)
	}
	return rows
}

// differs compares a value with the reference reader's JSON of it; "" means equal.
func differs(c *parquet.Column, got, want any) string {
	no := fmt.Sprintf("got %v (%T), want %v (%T)", got, got, want, want)
	if got == nil || want == nil {
		if got == nil && want == nil {
			return ""
		}
		return no
	}
	text := textOfJSON(want)
	equal := false
	switch g := got.(type) {
	case bool:
		equal = g == want
	case int64:
		equal = strconv.FormatInt(g, 10) == text
	case uint64:
		equal = strconv.FormatUint(g, 10) == text
	case float64:
		w, err := strconv.ParseFloat(text, 64)
		if c.Physical == parquet.Float {
			w = float64(float32(w))
		}
		equal = err == nil && (w == g || math.IsNaN(w) && math.IsNaN(g))
		if b := unblob(text); c.Logical == parquet.Float16 && len(b) == 2 { // of which the reference reader knows only the bytes
			w = half(string(b))
			equal = w == g || math.IsNaN(w) && math.IsNaN(g)
		}
	case time.Time:
		equal = sameTime(g, text)
	case []byte:
		equal = blobText(g) == text || c.Logical == parquet.Interval && intervalText(g) == text || string(g) == text
	case string:
		switch c.Logical {
		case parquet.Decimal:
			a, ok1 := new(big.Rat).SetString(g)
			b, ok2 := new(big.Rat).SetString(text)
			equal = ok1 && ok2 && (a.Cmp(b) == 0 || c.Precision > 17 && close15(a, b))
		case parquet.Time:
			equal = strings.TrimRight(g, "0.") == strings.TrimRight(strings.TrimSuffix(text, "+00"), "0.")
		case parquet.JSON:
			equal = true
			if s, ok := want.(string); ok {
				equal = s == g
			}
		default:
			equal = g == text
		}
	}
	if equal {
		return ""
	}
	return no
}

func textOfJSON(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return fmt.Sprint(v)
}

// close15: the dump holds wide decimals as doubles.
func close15(a, b *big.Rat) bool {
	x, _ := a.Float64()
	y, _ := b.Float64()
	return math.Abs(x-y) <= math.Abs(y)*1e-15
}

// sameTime reads the dump's text, which has microseconds at most.
func sameTime(g time.Time, text string) bool {
	text = strings.TrimSuffix(text, "+00")
	for _, layout := range []string{time.DateTime, time.DateOnly, "2006-01-02 15:04:05.999999999"} {
		if w, err := time.Parse(layout, text); err == nil {
			return w.Equal(g) || w.Equal(g.Truncate(time.Microsecond)) || w.Equal(g.Round(time.Microsecond))
		}
	}
	return g.Format(time.DateOnly) == text || g.Format(time.DateTime) == text // years of five digits
}

func blobText(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		if c >= ' ' && c < 0x7f && c != '\\' && c != '\'' && c != '"' {
			s.WriteByte(c)
		} else {
			fmt.Fprintf(&s, "\\x%02X", c)
		}
	}
	return s.String()
}

// unblob undoes blobText.
func unblob(s string) []byte {
	var b []byte
	for i := 0; i < len(s); i++ {
		if strings.HasPrefix(s[i:], "\\x") && i+4 <= len(s) {
			v, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
			if err != nil {
				return nil
			}
			b = append(b, byte(v))
			i += 3
			continue
		}
		b = append(b, s[i])
	}
	return b
}

// intervalText prints months, days and milliseconds as the reference reader does.
func intervalText(b []byte) string {
	months, days, ms := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	unit := func(n uint32, name string) string {
		if n == 0 {
			return ""
		}
		if n == 1 {
			return "1 " + name + " "
		}
		return fmt.Sprintf("%d %ss ", n, name)
	}
	s := unit(months/12, "year") + unit(months%12, "month") + unit(days, "day")
	if ms > 0 || s == "" {
		s += fmt.Sprintf("%02d:%02d:%02d", ms/3600000, ms/60000%60, ms/1000%60)
		if ms%1000 > 0 {
			s += fmt.Sprintf(".%03d", ms%1000)
		}
	}
	return strings.TrimSpace(s)
}

// Every bad file gives rows or a typed error; the whole lot takes a few seconds and little memory.
func TestCorpus_Bad(t *testing.T) {
	dir := corpusDir(t)
	entries, err := os.ReadDir(filepath.Join(dir, "bad"))
	require.NoError(t, err)
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			path := filepath.Join(dir, "bad", e.Name())
			done := make(chan error, 1)
			go func() {
				_, err := collectAll(ReadRows(path, ReadOptions{}))
				done <- err
			}()
			select {
			case err := <-done:
				if err != nil && !errors.Is(err, stream.ErrCorrupt) && !errors.Is(err, stream.ErrSchema) {
					t.Fatalf("untyped error %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("still reading after 20 s")
			}
		})
	}
}
