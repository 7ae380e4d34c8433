package validate_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

func zstded(t testing.TB, text string) string {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	require.NoError(t, err)
	_, err = z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

// all collects rows, rejects and the terminal error.
func all(seq func(o validate.Options) stream.Seq[reading], o validate.Options) (rows []reading, rejects []validate.Reject, err error) {
	o.Quarantine = stream.Into(&rejects)
	for r, e := range seq(o) {
		if e != nil {
			return rows, rejects, e
		}
		rows = append(rows, r)
	}
	return rows, rejects, nil
}

func manyRows(n int) (text string, rows []reading) {
	var b strings.Builder
	for i := range n {
		r := reading{fmt.Sprintf("sensor-%d", i%7), int64(i % 100)}
		fmt.Fprintf(&b, "{\"sensor\":%q,\"value\":%d}\n", r.Sensor, r.Value)
		rows = append(rows, r)
	}
	return b.String(), rows
}

func TestSources_CompressionByContent(t *testing.T) {
	defer goleak.VerifyNone(t)
	text, want := manyRows(20000)
	half := strings.LastIndexByte(text[:len(text)/2], '\n') + 1
	for name, raw := range map[string]string{
		"plain":          text,
		"gzip":           zipped(t, text),
		"gzip_members":   zipped(t, text[:half]) + zipped(t, text[half:]),
		"gzip_mid_row":   zipped(t, text[:half+9]) + zipped(t, text[half+9:]),
		"zstd":           zstded(t, text),
		"zstd_frames":    zstded(t, text[:half+9]) + zstded(t, text[half+9:]),
		"zstd_skippable": "\x50\x2a\x4d\x18\x02\x00\x00\x00hi" + zstded(t, text),
	} {
		t.Run(name, func(t *testing.T) {
			stats := &validate.Stats{}
			rows, rejects, err := all(func(o validate.Options) stream.Seq[reading] {
				return readings(t).NDJSON(strings.NewReader(raw), o)
			}, validate.Options{Stats: stats})
			require.NoError(t, err)
			require.Empty(t, rejects)
			require.Equal(t, want, rows)
			require.EqualValues(t, len(raw), stats.BytesRead())
			require.EqualValues(t, len(text), stats.Bytes())
			require.EqualValues(t, len(want), stats.Rows())
		})
	}
}

func TestSources_TruncatedStreamsDeliverWhatStandsBefore(t *testing.T) {
	defer goleak.VerifyNone(t)
	text, want := manyRows(60000)
	for name, raw := range map[string]string{"gzip": zipped(t, text), "zstd": zstded(t, text)} {
		for _, cut := range []int{len(raw) - 1, len(raw) * 3 / 4} {
			t.Run(fmt.Sprintf("%s/%d", name, cut), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "events."+name)
				require.NoError(t, os.WriteFile(path, []byte(raw[:cut]), 0o600))
				rows, rejects, err := all(func(o validate.Options) stream.Seq[reading] {
					return readings(t).NDJSONFiles([]string{path}, o)
				}, validate.Options{})
				require.ErrorIs(t, err, stream.ErrCorrupt)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				require.ErrorContains(t, err, path)
				var se *validate.SourceError
				require.ErrorAs(t, err, &se)
				require.Empty(t, rejects)
				require.Greater(t, len(rows), 1000)
				require.Equal(t, want[:len(rows)], rows)
				delivered := len(strings.Join(strings.SplitAfter(text, "\n")[:len(rows)], ""))
				require.GreaterOrEqual(t, se.Offset, int64(delivered))
				require.Less(t, se.Offset, int64(delivered+64), "no whole row stands between the last one and the fault")
			})
		}
	}
	for name, raw := range map[string]string{
		"gzip_magic_only": "\x1f\x8b", "gzip_bad_method": "\x1f\x8b\xff\xff\xff\xff\xff\xff\xff\xff", "zstd_magic_only": "\x28\xb5\x2f\xfd", "zstd_noise": "\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff",
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := all(func(o validate.Options) stream.Seq[reading] {
				return readings(t).NDJSON(strings.NewReader(raw), o)
			}, validate.Options{})
			require.ErrorIs(t, err, stream.ErrCorrupt)
		})
	}
}

func TestSources_FlippedBitInGzip(t *testing.T) {
	text, _ := manyRows(2000)
	raw := []byte(zipped(t, text))
	raw[len(raw)-6] ^= 1 // in the checksum
	_, _, err := all(func(o validate.Options) stream.Seq[reading] {
		return readings(t).NDJSON(bytes.NewReader(raw), o)
	}, validate.Options{})
	require.ErrorIs(t, err, stream.ErrCorrupt)
}

func TestSources_FailingReaderIsNoCorruption(t *testing.T) {
	text, _ := manyRows(2000)
	broken := errors.New("cable pulled")
	for name, raw := range map[string]string{"plain": text, "gzip": zipped(t, text), "zstd": zstded(t, text)} {
		t.Run(name, func(t *testing.T) {
			r := io.MultiReader(strings.NewReader(raw[:len(raw)/2]), iotest.ErrReader(broken))
			_, rejects, err := all(func(o validate.Options) stream.Seq[reading] { return readings(t).NDJSON(r, o) }, validate.Options{Name: "modem"})
			require.ErrorIs(t, err, broken)
			require.NotErrorIs(t, err, stream.ErrCorrupt)
			require.ErrorContains(t, err, "modem")
			require.Empty(t, rejects, "half a line is no row")
		})
	}
}

func TestSources_Files(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	a, empty := write("a", "{\"sensor\":\"a\",\"value\":1}\nx"), write("empty", "")
	b := write("b", zipped(t, "value,sensor\n2,b\n,c\n"))
	header := write("header", "sensor,value\n")
	s := readings(t)
	t.Run("in_order_and_again", func(t *testing.T) {
		stats := &validate.Stats{}
		var rejects []validate.Reject
		seq := s.ReadFiles([]string{a, empty, b, header}, validate.Options{Quarantine: stream.Into(&rejects), Stats: stats})
		for range 2 {
			rejects = nil
			rows, err := stream.Collect(seq)
			require.NoError(t, err)
			require.Equal(t, []reading{{"a", 1}, {"b", 2}}, rows)
			require.Len(t, rejects, 2)
			require.Equal(t, []any{a, int64(2), int64(2), validate.CodeInvalidJSON},
				[]any{rejects[0].Source, rejects[0].Row, rejects[0].Line, rejects[0].Code})
			require.Equal(t, []any{b, int64(4), int64(3), validate.CodeNull, "value"},
				[]any{rejects[1].Source, rejects[1].Row, rejects[1].Line, rejects[1].Code, rejects[1].Path})
		}
		require.EqualValues(t, 8, stats.Files())
	})
	t.Run("missing", func(t *testing.T) {
		rows, _, err := all(func(o validate.Options) stream.Seq[reading] {
			return s.NDJSONFiles([]string{a, filepath.Join(dir, "gone")}, o)
		}, validate.Options{})
		require.Equal(t, []reading{{"a", 1}}, rows)
		require.ErrorIs(t, err, stream.ErrMissing)
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.ErrorContains(t, err, "gone")
	})
	t.Run("directory", func(t *testing.T) {
		_, _, err := all(func(o validate.Options) stream.Seq[reading] { return s.NDJSONFiles([]string{dir}, o) }, validate.Options{})
		var se *validate.SourceError
		require.ErrorAs(t, err, &se)
	})
	for name, paths := range map[string][]string{"no_paths": nil, "empty_file": {empty}, "header_only": {header}} {
		t.Run(name, func(t *testing.T) {
			rows, rejects, err := all(func(o validate.Options) stream.Seq[reading] { return s.CSVFiles(paths, o) },
				validate.Options{Limit: validate.Limit{MaxRatio: 0.01}})
			require.NoError(t, err)
			require.Empty(t, rows)
			require.Empty(t, rejects)
		})
	}
}

// lines yields one long line, without holding it.
type longLine struct {
	left int
	tail io.Reader
}

func (l *longLine) Read(p []byte) (int, error) {
	if l.left == 0 {
		return l.tail.Read(p)
	}
	n := min(len(p), l.left)
	for i := range n {
		p[i] = 'a'
	}
	l.left -= n
	return n, nil
}

func TestSources_LineOf100MBIsHashedNotHeld(t *testing.T) {
	const size = 100 << 20
	for _, format := range []string{"ndjson", "csv"} {
		t.Run(format, func(t *testing.T) {
			var rejects []validate.Reject
			opts := validate.Options{Quarantine: stream.Into(&rejects), MaxRaw: 1 << 10, MaxLine: 1 << 20}
			seq := readings(t).NDJSON(&longLine{size, strings.NewReader("\r\n{\"sensor\":\"a\",\"value\":1}\n")}, opts)
			if format == "csv" {
				opts.Dialect.Columns = []string{"sensor", "value"}
				seq = readings(t).CSV(&longLine{size, strings.NewReader("\r\na,1\n")}, opts)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			rows, err := stream.Collect(seq)
			runtime.ReadMemStats(&after)
			require.NoError(t, err)
			require.Equal(t, []reading{{"a", 1}}, rows)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20))
			h := sha256.New()
			_, err = io.Copy(h, &longLine{size, strings.NewReader("")})
			require.NoError(t, err)
			require.Len(t, rejects, 1)
			r := rejects[0]
			require.Equal(t, validate.CodeTooLong, r.Code)
			require.Equal(t, []int64{1, 0, size}, []int64{r.Line, r.Offset, r.Length})
			require.Equal(t, []string{strings.Repeat("a", 1<<10), "cut", hex.EncodeToString(h.Sum(nil))}, []string{r.Raw, r.RawState, r.SHA256})
			require.ErrorIs(t, (&validate.RejectError{Reject: r}), stream.ErrLimit)
		})
	}
}

// TestSources_OpenQuoteIsBounded: a quote that never closes must not make the reader hold the rest of the input.
func TestSources_OpenQuoteIsBounded(t *testing.T) {
	var rejects []validate.Reject
	opts := validate.Options{Quarantine: stream.Into(&rejects), MaxLine: 1 << 20, Dialect: validate.Dialect{Columns: []string{"sensor", "value"}}}
	good := strings.Repeat("a,1\n", 1<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := stream.Count(readings(t).CSV(strings.NewReader("\"a,1\n"+good), opts))
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.EqualValues(t, 1<<20, n, "the lines after it are rows")
	require.Len(t, rejects, 1)
	require.Equal(t, validate.CodeOpenQuote, rejects[0].Code)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(len(good))+8<<20)
}

func TestSources_SecondRunIsConsumed(t *testing.T) {
	seq := readings(t).NDJSON(strings.NewReader(ndjson), validate.Options{Name: "once", Quarantine: stream.Discard[validate.Reject]("only the run counts")})
	_, err := stream.Collect(seq)
	require.NoError(t, err)
	_, err = stream.Collect(seq)
	require.ErrorIs(t, err, stream.ErrConsumed)
	require.ErrorContains(t, err, "once")
}

func TestSources_NilInputsPanic(t *testing.T) {
	s := readings(t)
	require.PanicsWithValue(t, "validate: NDJSON: nil reader", func() { s.NDJSON(nil, validate.Options{}) })
	require.PanicsWithValue(t, "validate: CSV: nil reader", func() { s.CSV(nil, validate.Options{}) })
	require.PanicsWithValue(t, "validate: Rows: nil sequence", func() { s.Rows(nil, validate.Options{}) })
	require.PanicsWithValue(t, `validate: Int("x"): nil accessor`, func() { validate.Int[reading, int64]("x", nil) })
}

func TestOptions_WrongOnesComeFirst(t *testing.T) {
	untouched := iotest.ErrReader(errors.New("the source was touched"))
	keep := stream.Discard[validate.Reject]("options are judged")
	for name, o := range map[string]validate.Options{
		"MaxLine":         {MaxLine: -1},
		"MaxErrors":       {MaxErrors: -1},
		"MaxDepth":        {MaxDepth: 10001},
		"Unknown":         {Unknown: 7},
		"Limit.MaxRatio":  {Quarantine: keep, Limit: validate.Limit{MaxRatio: 2}},
		"Limit.MinRows":   {Quarantine: keep, Limit: validate.Limit{MinRows: -1}},
		"Limit.MaxRows":   {Quarantine: keep, Limit: validate.Limit{MaxRows: -1}},
		"Quarantine":      {Limit: validate.Limit{MaxRatio: 0.5}},
		"Dialect.Comma":   {Dialect: validate.Dialect{Comma: '"'}},
		"Dialect.Comment": {Dialect: validate.Dialect{Comment: ','}},
		"Dialect.Columns": {Dialect: validate.Dialect{Columns: []string{}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := stream.Collect(readings(t).CSV(untouched, o))
			var oe *stream.OptionError
			require.ErrorAs(t, err, &oe)
			require.Equal(t, []string{"validate", "CSV", name}, []string{oe.Package, oe.Func, oe.Option})
		})
	}
}

func TestSources_ZstdWindowIsBounded(t *testing.T) {
	// A frame header that declares a window of 512 MiB, and nothing behind it.
	raw := "\x28\xb5\x2f\xfd\x00" + string([]byte{(29 - 10) << 3}) + "\x01\x00\x00"
	_, _, err := all(func(o validate.Options) stream.Seq[reading] {
		return readings(t).NDJSON(strings.NewReader(raw), o)
	}, validate.Options{})
	require.ErrorIs(t, err, stream.ErrLimit)
}
