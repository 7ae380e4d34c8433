package stream_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

func TestLines_table(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"empty":                    {"", nil},
		"one_terminator":           {"\n", []string{""}},
		"no_last_terminator":       {"a\nb", []string{"a", "b"}},
		"crlf":                     {"a\r\nb\r\n", []string{"a", "b"}},
		"cr_without_lf_is_text":    {"a\rb\nc\r", []string{"a\rb", "c\r"}},
		"empty_lines_count":        {"\n\na\n", []string{"", "", "a"}},
		"longer_than_read_buffer":  {long + "\n" + "b\n", []string{long, "b"}},
		"long_last_line":           {"a\n" + long, []string{"a", long}},
		"invalid_utf8_passes":      {"\xff\xfe\n", []string{"\xff\xfe"}},
		"crlf_over_a_buffer_edge":  {strings.Repeat("y", 64<<10-1) + "\r\nz", []string{strings.Repeat("y", 64<<10-1), "z"}},
		"crlf_over_a_buffer_edge2": {strings.Repeat("y", 64<<10) + "\r\nz", []string{strings.Repeat("y", 64<<10), "z"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(tc.in), iotest.OneByteReader(strings.NewReader(tc.in)), iotest.DataErrReader(strings.NewReader(tc.in))} {
				require.Equal(t, tc.want, collect(t, stream.Lines(r, stream.LinesOptions{})))
			}
		})
	}
}

func TestLines_limit_is_exact_and_says_where(t *testing.T) {
	for _, n := range []int{1, 5, 64<<10 - 1, 64 << 10, 64<<10 + 1, 100_000} {
		for _, end := range []string{"", "\n", "\r\n"} {
			fits := "a\n" + strings.Repeat("x", n) + end
			require.Len(t, collect(t, stream.Lines(strings.NewReader(fits), stream.LinesOptions{MaxBytes: n})), 2, "n=%d end=%q", n, end)

			over := "a\n" + strings.Repeat("x", n+1) + end
			got, err := stream.Collect(stream.Lines(strings.NewReader(over), stream.LinesOptions{MaxBytes: n, Name: "clicks.log"}))
			require.ErrorIs(t, err, stream.ErrLimit, "n=%d end=%q", n, end)
			require.Equal(t, []string{"a"}, got)
			var at *stream.LineError
			require.ErrorAs(t, err, &at)
			require.Equal(t, [3]any{"clicks.log", 2, int64(2)}, [3]any{at.Name, at.Line, at.Offset})
		}
	}
}

// A 100 MB line is refused after one limit's worth of it, not after all of it.
func TestLines_huge_line_is_not_held(t *testing.T) {
	read := 0
	r := readerFunc(func(p []byte) (int, error) {
		read += len(p)
		for i := range p {
			p[i] = 'x'
		}
		return len(p), nil
	})
	_, err := stream.Collect(stream.Lines(r, stream.LinesOptions{MaxBytes: 1 << 20}))
	require.EqualError(t, err, "stream: input: line 1 at byte 0: longer than 1048576 bytes: limit exceeded")
	require.Less(t, read, 2<<20)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestLines_read_error_after_the_whole_lines(t *testing.T) {
	r := io.MultiReader(strings.NewReader("a\nb\npart"), iotest.ErrReader(errBoom))
	got, err := stream.Collect(stream.Lines(r, stream.LinesOptions{Name: "in"}))
	require.ErrorIs(t, err, errBoom)
	require.EqualError(t, err, "stream: in: line 3 at byte 4: boom")
	require.Equal(t, []string{"a", "b"}, got)
}

func TestLines_single_use_and_options(t *testing.T) {
	s := stream.Lines(strings.NewReader("a\n"), stream.LinesOptions{})
	collect(t, s)
	_, err := stream.Collect(s)
	require.ErrorIs(t, err, stream.ErrConsumed)
	_, err = stream.Collect(stream.Lines(strings.NewReader("a"), stream.LinesOptions{MaxBytes: -1}))
	var option *stream.OptionError
	require.ErrorAs(t, err, &option)
}

func TestLines_kept_lines_never_change(t *testing.T) {
	var in bytes.Buffer
	var want []string
	for i := range 20_000 {
		line := strings.Repeat(string(rune('a'+i%26)), i%50)
		want = append(want, line)
		in.WriteString(line + "\n")
	}
	require.Equal(t, want, collect(t, stream.Lines(&in, stream.LinesOptions{})))
}
