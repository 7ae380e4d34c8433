package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

func TestFlags_environment_sets_what_arguments_do_not(t *testing.T) {
	env := map[string]string{"MILLRACE_GAP": "10m", "MILLRACE_MAX_BAD": "0.5", "MILLRACE_FROM": "2024-01-01", "MILLRACE_TO": "2024-01-03", "MILLRACE_TESTDATA": "/elsewhere"}
	c, err := parseFlags([]string{"-gap", "20m"}, func(name string) string { return env[name] }, io.Discard)
	require.NoError(t, err)
	require.Equal(t, 20*time.Minute, c.gap, "an argument wins")
	require.InDelta(t, 0.5, c.maxBad, 0)
	require.Equal(t, time.Date(2024, 1, 3, 0, 0, 0, 0, time.UTC), c.to)

	env["MILLRACE_IN"] = "from-environment.csv"
	c, err = parseFlags([]string{"given.csv"}, func(name string) string { return env[name] }, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []string{"given.csv"}, c.inputs, "an argument wins here too")
	c, err = parseFlags(nil, func(name string) string { return env[name] }, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []string{"from-environment.csv"}, c.inputs)

	env["MILLRACE_WORKERS"] = "many"
	_, err = parseFlags(nil, func(name string) string { return env[name] }, io.Discard)
	require.ErrorContains(t, err, "MILLRACE_WORKERS")
	require.Equal(t, exitUsage, exitCode(err))
}

func TestFlags_globs_expand_in_a_stable_order(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.csv", "a.csv", "c.ndjson", "odd[1].csv"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	c, err := parseFlags([]string{"-in", filepath.Join(dir, "*.csv"), filepath.Join(dir, "last.csv")}, os.Getenv, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv"), filepath.Join(dir, "odd[1].csv"), filepath.Join(dir, "last.csv")}, c.inputs)

	c, err = parseFlags([]string{"-in", " " + filepath.Join(dir, "odd[1].csv") + " , b.csv"}, os.Getenv, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "odd[1].csv"), "b.csv"}, c.inputs, "a file that is there is no glob")
}

func TestColumns_print_as_they_were_given(t *testing.T) {
	const text = "id=InvoiceNo+StockCode,user=CustomerID,type=Country,ts=InvoiceDate,ingested=loaded,updater=by"
	c, err := parseColumns(text)
	require.NoError(t, err)
	require.Equal(t, text, c.String())
}

func TestJoinID_keeps_parts_apart(t *testing.T) {
	seen := map[string][]string{}
	parts := []string{"", "a", "+", `\`, "a+", "+a", `a\`, `\a`, `+\`}
	for _, a := range parts {
		for _, b := range parts {
			id, ok := joinID([]stream.Opt[string]{stream.Present(a), stream.Present(b)}).Get()
			require.True(t, ok)
			require.Nil(t, seen[id], "%q and %q share the id %q", seen[id], []string{a, b}, id)
			seen[id] = []string{a, b}
		}
	}
	require.True(t, joinID([]stream.Opt[string]{stream.Present("a"), stream.Null[string]()}).IsNull())
	require.Equal(t, stream.Present("a+b"), joinID([]stream.Opt[string]{stream.Present("a+b")}), "one column is taken as it is")
}

func TestHelp(t *testing.T) {
	got := start(t.Context(), nil, nil, "-h")
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stdout, "Exit codes: 0 done, 2 bad usage")
	require.Contains(t, got.stdout, "-columns")
}
