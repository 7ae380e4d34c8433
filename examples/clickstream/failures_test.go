package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream/streamtest"
)

const goodLine = `{"event_id":"e1","user_id":7,"event_type":"click","ts":"2024-01-15T10:00:00Z","ingested_at":"2024-01-15T10:00:01Z"}` + "\n"

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func TestFailures_exit_code_and_message(t *testing.T) {
	good := writeFile(t, "good.ndjson", strings.Repeat(goodLine, 3))
	broken := writeFile(t, "broken.ndjson", "{\"event_id\":\nnot json\n{}\n")
	whole := gzipped(t, strings.Repeat(goodLine, 5000))
	truncated := writeFile(t, "cut.ndjson.gz", whole[:len(whole)/2])
	noHeader := writeFile(t, "other.csv", "a,b\n1,2\n")
	file := writeFile(t, "file", "")
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"unknown_flag":          {[]string{"-speed"}, exitUsage, "-speed"},
		"gap_not_positive":      {[]string{"-gap", "0s"}, exitUsage, "-gap: must be positive, got 0s"},
		"boundary_unknown":      {[]string{"-boundary", "maybe"}, exitUsage, "want more or atleast"},
		"ratio_out_of_range":    {[]string{"-max-bad", "1.5"}, exitUsage, "-max-bad: must be from 0 to 1, got 1.5"},
		"ratio_nan":             {[]string{"-max-bad", "NaN"}, exitUsage, "-max-bad"},
		"workers_zero":          {[]string{"-workers", "0"}, exitUsage, "-workers: must be positive"},
		"range_reversed":        {[]string{"-from", "2024-01-02", "-to", "2024-01-01"}, exitUsage, "half-open"},
		"range_empty":           {[]string{"-from", "2024-01-02", "-to", "2024-01-02"}, exitUsage, "at least one day"},
		"range_half_given":      {[]string{"-from", "2024-01-02"}, exitUsage, "give both or none"},
		"range_not_a_date":      {[]string{"-from", "yesterday", "-to", "2024-01-02"}, exitUsage, "want a date"},
		"range_without_ts":      {[]string{"-columns", "user=u", "-from", "2024-01-01", "-to", "2024-01-02", good}, exitUsage, "mapped to ts"},
		"columns_without_input": {[]string{"-columns", "user=u"}, exitUsage, "needs an input"},
		"columns_unknown_role":  {[]string{"-columns", "who=u", good}, exitUsage, `unknown role "who"`},
		"columns_role_twice":    {[]string{"-columns", "user=a,user=b", good}, exitUsage, "mapped twice"},
		"columns_time_and_text": {[]string{"-columns", "user=a,ts=a", good}, exitUsage, "mapped to a time"},
		"columns_malformed":     {[]string{"-columns", "user", good}, exitUsage, "not role=column"},
		"format_unknown":        {[]string{"-format", "xml", good}, exitUsage, "-format"},
		"formats_mixed":         {[]string{good, noHeader}, exitUsage, "of one format"},
		"stdin_among_files":     {[]string{"-", good}, exitUsage, "only input"},
		"input_is_a_directory":  {[]string{"-format", "csv", t.TempDir()}, exitUsage, "is a directory"},
		"quarantine_nowhere":    {[]string{"-quarantine", filepath.Join(t.TempDir(), "no", "q")}, exitUsage, "does not exist"},
		"missing_file":          {[]string{"no-such.ndjson"}, exitMissing, "no-such.ndjson"},
		"glob_without_match":    {[]string{filepath.Join(t.TempDir(), "*.ndjson")}, exitMissing, "*.ndjson"},
		"only_broken_lines":     {[]string{broken}, exitThreshold, "broken.ndjson:1"},
		"none_may_be_bad":       {[]string{"-max-bad", "0", writeFile(t, "x.ndjson", strings.Repeat(goodLine, 50)+"broken\n")}, exitThreshold, "x.ndjson:51"},
		"truncated_gzip":        {[]string{truncated}, exitCorrupt, "cut.ndjson.gz"},
		"missing_column":        {[]string{"-columns", "user=u,ts=when", noHeader}, exitCorrupt, "when"},
		"output_is_a_file":      {[]string{"-out", filepath.Join(file, "x"), good}, exitIO, "not a directory"},
		"layout_with_zone_name": {[]string{"-columns", "ts=a", "-layouts", "2006-01-02 MST", noHeader}, exitUsage, "MST"},
		"two_epochs":            {[]string{"-columns", "ts=a", "-layouts", "unix|unixms", noHeader}, exitUsage, "one unit"},
		"misspelt_column":       {[]string{"-columns", "user=usr", noHeader}, exitCorrupt, "usr"},
		"quarantine_is_input":   {[]string{"-quarantine", good, good}, exitUsage, "is an input"},
		"quarantine_is_device":  {[]string{"-quarantine", os.DevNull, good}, exitUsage, "not a regular file"},
		"bad_layout":            {[]string{"-columns", "ts=a", "-layouts", "nonsense", noHeader}, exitUsage, "nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			args := tc.args
			out := t.TempDir()
			if name != "output_is_a_file" {
				args = append([]string{"-out", out, "-events", "100"}, args...)
			}
			got := start(t.Context(), nil, nil, args...)
			require.Equal(t, tc.code, got.code, got.stderr)
			require.Contains(t, got.stderr, tc.says)
			require.Empty(t, got.stdout)
			requireNoTemps(t, out)
		})
	}
}

func TestFailures_leave_the_previous_output(t *testing.T) {
	dir := t.TempDir()
	reported(t, "-out", dir, "-events", someEvents)
	before := tree(t, dir)
	bad := writeFile(t, "bad.ndjson", strings.Repeat(goodLine, 100)+strings.Repeat("broken\n", 100))
	got := start(t.Context(), nil, nil, "-out", dir, bad)
	require.Equal(t, exitThreshold, got.code)
	require.Equal(t, before, tree(t, dir))
}

// cancelAfter cancels a context once so many bytes were read through it.
type cancelAfter struct {
	io.Reader
	left   int
	cancel context.CancelFunc
}

func (c *cancelAfter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.left -= n; c.left <= 0 {
		c.cancel()
	}
	return n, err
}

func TestInterrupt_leaves_the_previous_output_and_no_temp_files(t *testing.T) {
	dir := t.TempDir()
	var events bytes.Buffer
	_, err := streamtest.WriteNDJSON(&events, streamtest.EventOptions{Seed: 3, N: 20_000})
	require.NoError(t, err)
	reported(t, "-out", dir, "-events", someEvents)
	before := tree(t, dir)
	for _, at := range []int{1, events.Len() / 2, events.Len()} {
		ctx, cancel := context.WithCancel(t.Context())
		got := start(ctx, nil, &cancelAfter{bytes.NewReader(events.Bytes()), at, cancel}, "-out", dir, "-")
		cancel()
		require.Equal(t, exitInterrupted, got.code, got.stderr)
		require.Equal(t, before, tree(t, dir), "cancelled after %d bytes", at)
	}
}

func TestInput_empty_file_is_an_empty_result(t *testing.T) {
	dir := t.TempDir()
	r := reported(t, "-out", dir, writeFile(t, "empty.ndjson", ""))
	require.Zero(t, r.Answers.Rows)
	require.Zero(t, *r.Answers.Sessions)
	require.FileExists(t, filepath.Join(dir, "counts.parquet"))
}

// endless is one line that never ends, up to n bytes.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	p = p[:min(len(p), e.n)]
	for i := range p {
		p[i] = 'x'
	}
	e.n -= len(p)
	return len(p), nil
}

func TestInput_a_line_of_100_MB_is_one_reject(t *testing.T) {
	dir := t.TempDir()
	in := io.MultiReader(strings.NewReader(strings.Repeat(goodLine, 99)), &endless{100 << 20}, strings.NewReader("\n"+goodLine))
	got := start(t.Context(), nil, in, "-out", dir, "-")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "rows 101 = valid 100 + quarantined 1")
	quarantine, err := os.ReadFile(filepath.Join(dir, "quarantine.ndjson"))
	require.NoError(t, err)
	require.Contains(t, string(quarantine), `"code":"too_long"`)
	require.Contains(t, string(quarantine), `"length":104857600`)
	require.Less(t, len(quarantine), 1<<20)
}

func TestInput_format_and_delimiter_by_content(t *testing.T) {
	const semicolons = "user;at\nann;2026-01-01\nbob;2026-01-02\n"
	for name, args := range map[string][]string{
		"csv_of_semicolons": {writeFile(t, "visits.csv", semicolons)},
		"name_says_nothing": {writeFile(t, "visits", semicolons)},
		"json_by_content":   {writeFile(t, "visits", "{\"user\":\"ann\",\"at\":\"2026-01-01\"}\n{\"user\":\"bob\",\"at\":\"2026-01-02\"}\n")},
		"stdin":             {"-"},
	} {
		got := start(t.Context(), nil, strings.NewReader(semicolons), append([]string{"-out", t.TempDir(), "-columns", "user=user,ts=at"}, args...)...)
		require.Equal(t, exitOK, got.code, name+got.stderr)
		require.Contains(t, got.stdout, "rows 2 = valid 2 + quarantined 0", name)
		require.Contains(t, got.stdout, "sessions 2", name)
	}
}

func TestInput_invalid_UTF8_is_rejected_with_its_place(t *testing.T) {
	dir := t.TempDir()
	in := writeFile(t, "utf.ndjson", goodLine+strings.Replace(goodLine, "e1", "e\xff", 1))
	got := start(t.Context(), nil, nil, "-out", dir, "-max-bad", "0.9", in)
	require.Equal(t, exitOK, got.code, got.stderr)
	quarantine, err := os.ReadFile(filepath.Join(dir, "quarantine.ndjson"))
	require.NoError(t, err)
	require.Contains(t, string(quarantine), `"line":2`)
	require.Contains(t, string(quarantine), `"code":"invalid_utf8"`)
}

func TestQuarantine_below_out_by_another_name(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(filepath.Dir(dir))
	got := start(t.Context(), nil, nil, "-out", filepath.Base(dir), "-events", "500", "-quarantine", filepath.Join(dir, "bad.ndjson"))
	require.Equal(t, exitOK, got.code, got.stderr)
	require.FileExists(t, filepath.Join(dir, "bad.ndjson"))
	got = start(t.Context(), nil, nil, "-out", dir, "-events", "500", "-quarantine", filepath.Join(dir, ".", countsName))
	require.Equal(t, exitUsage, got.code, got.stderr)
	require.Contains(t, got.stderr, "an output of its own")
}

func TestOutput_in_the_way_is_found_before_anything_is_replaced(t *testing.T) {
	dir := t.TempDir()
	reported(t, "-out", dir, "-events", "500")
	require.NoError(t, os.Remove(filepath.Join(dir, topName)))
	require.NoError(t, os.Mkdir(filepath.Join(dir, topName), 0o700))
	before := tree(t, dir)
	got := start(t.Context(), nil, nil, "-out", dir, "-events", "600")
	require.Equal(t, exitIO, got.code, got.stderr)
	require.Equal(t, before, tree(t, dir))
}

func TestInput_times_beyond_nanoseconds_are_rejects(t *testing.T) {
	in := writeFile(t, "old.csv", "user,at\na,1677-12-31\nb,1678-01-01\nc,2261-12-31\nd,2262-01-01\ne,9999-01-01\nf,0000-01-01\n")
	got := start(t.Context(), nil, nil, "-out", t.TempDir(), "-columns", "user=user,ts=at", "-max-bad", "1", in)
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "rows 6 = valid 2 + quarantined 4")
}

// A second run on one output directory is refused while the first is at work, and harms it not.
func TestOutput_belongs_to_one_run_at_a_time(t *testing.T) {
	dir := t.TempDir()
	in, feed := io.Pipe()
	first := make(chan outcome)
	go func() { first <- start(t.Context(), nil, in, "-out", dir, "-") }()
	_, err := io.WriteString(feed, goodLine) // the first run reads, so it has the lock
	require.NoError(t, err)
	second := start(t.Context(), nil, nil, "-out", dir, "-events", "500")
	require.Equal(t, exitFailure, second.code)
	require.Contains(t, second.stderr, "another run is writing to")
	_, err = io.WriteString(feed, strings.ReplaceAll(goodLine, "e1", "e2"))
	require.NoError(t, err)
	require.NoError(t, feed.Close())
	got := <-first
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "rows 2 = valid 2 + quarantined 0")
}

func TestInterrupt_while_stdin_is_silent_and_while_generating(t *testing.T) {
	silent, _ := io.Pipe()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.Equal(t, exitInterrupted, start(ctx, nil, silent, "-out", t.TempDir(), "-").code)

	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	dir := t.TempDir()
	require.Equal(t, exitInterrupted, start(ctx, nil, nil, "-out", dir, "-events", "20000000").code)
	requireNoTemps(t, dir)
}

func TestLeftovers_of_a_killed_run_are_removed(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".millrace-123.tmp"), []byte("half a quarantine"), 0o600))
	reported(t, "-out", dir, "-events", "500")
	requireNoTemps(t, dir)
}
