package validate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// requireTiles reads raw in a format and demands that nothing is lost: the judged ranges tile the input, each
// reject has its range, and carries its bytes or their SHA-256. A header that cannot be mapped ends the run.
// Short inputs are read a second time byte by byte, with the same result.
func requireTiles[T any](t testing.TB, s *Schema[T], raw []byte, format Format, opts Options) {
	t.Helper()
	rejects, spans := tile(t, s, raw, format, opts, bytes.NewReader(raw))
	if len(raw) < 1000 {
		again, spansAgain := tile(t, s, raw, format, opts, iotest.OneByteReader(bytes.NewReader(raw)))
		require.Equal(t, rejects, again)
		require.Equal(t, spans, spansAgain)
	}
}

func tile[T any](t testing.TB, s *Schema[T], raw []byte, format Format, opts Options, r io.Reader) (_ []Reject, _ []span) {
	t.Helper()
	var rejects []Reject
	var spans []span
	stats := &Stats{}
	opts.Quarantine = stream.Into(&rejects)
	opts.Stats = stats
	opts.observe = func(sp span) { spans = append(spans, sp) }
	valid, err := drain(s.reader("test", r, format, opts))
	var header *HeaderError
	if errors.As(err, &header) {
		return rejects, spans
	}
	require.NoError(t, err)
	var at int64
	var counts [spanOther + 1]int
	for _, sp := range spans {
		require.Equal(t, at, sp.off, "a gap or an overlap before %+v of %d bytes", sp, len(raw))
		at += sp.n
		if sp.kind == spanReject {
			r := rejects[counts[spanReject]]
			require.Equal(t, []int64{sp.off, sp.n}, []int64{r.Offset, r.Length})
			row := raw[sp.off : sp.off+sp.n]
			require.EqualValues(t, 1+bytes.Count(raw[:sp.off], []byte{'\n'}), r.Line)
			got, err := r.Bytes()
			require.NoError(t, err)
			if r.RawState == "whole" {
				require.Equal(t, row, got)
			} else {
				sum := sha256.Sum256(row)
				require.Equal(t, hex.EncodeToString(sum[:]), r.SHA256)
				require.True(t, bytes.HasPrefix(row, got))
			}
		}
		counts[sp.kind]++
	}
	require.EqualValues(t, len(raw), at, "the end of the input is not accounted for")
	require.Equal(t, counts[spanValid], valid)
	require.Equal(t, counts[spanReject], len(rejects))
	require.EqualValues(t, valid, stats.Valid())
	require.EqualValues(t, len(rejects), stats.Rejected())
	require.EqualValues(t, valid+len(rejects), stats.Rows())
	require.EqualValues(t, len(raw), stats.Bytes())
	return rejects, spans
}

// TestTiling_SmallReads gives the same verdicts however the reader cuts the input.
func TestTiling_SmallReads(t *testing.T) {
	s := build[one](t, Int("v", func(o *one) *int64 { return &o.I }).Required())
	for name, c := range map[string]struct {
		format Format
		raw    string
	}{
		"ndjson": {FormatNDJSON, "\ufeff{\"v\":1}\r\n\n  \n{\"v\":\"x\"}\n{\"v\":\n\xff\n{\"v\":2}"},
		"csv":    {FormatCSV, "\ufeffv,w\r\n1,\"a\r\nb\"\r\n\r\n2,\"x\"\"y\"\n3\nq,\"\n4,\"a\"b\n5,c"},
	} {
		t.Run(name, func(t *testing.T) {
			type result struct {
				rows    []one
				rejects []Reject
			}
			run := func(one bool) (res result) {
				var r = bytes.NewReader([]byte(c.raw))
				opts := Options{Quarantine: stream.Into(&res.rejects), Name: "x"}
				seq := s.reader("test", r, c.format, opts)
				if one {
					seq = s.reader("test", iotest.DataErrReader(iotest.OneByteReader(r)), c.format, opts)
				}
				for v, err := range seq {
					require.NoError(t, err)
					res.rows = append(res.rows, v)
				}
				return res
			}
			want := run(false)
			require.NotEmpty(t, want.rows)
			require.NotEmpty(t, want.rejects)
			require.Equal(t, want, run(true))
			requireTiles(t, s, []byte(c.raw), c.format, Options{})
			requireTiles(t, s, []byte(c.raw), c.format, Options{MaxLine: 8, MaxRaw: 3})
			long := strings.Repeat("a\rb\r\r", 9) + "\r\n" + strings.Repeat("c", 30) + "\r"
			requireTiles(t, s, []byte("v,w\n"+long), c.format, Options{MaxLine: 8, MaxRaw: 3})
		})
	}
}
