package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// TestMain is the program itself where the tests run it.
func TestMain(m *testing.M) {
	if os.Getenv("QUICKSTART_RUN") == "1" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestLook(t *testing.T) {
	for name, text := range map[string]string{
		"orders.csv":    "order,amount,paid\n" + strings.Repeat("1,2.50,true\n", 40) + "2,much,true\n3,1.00,false,extra\n",
		"orders.ndjson": strings.Repeat(`{"order":1,"amount":2.5,"paid":true}`+"\n", 40) + "{\"order\":2,\"amount\":\"much\",\"paid\":true}\n{\"order\":\n",
	} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		var out strings.Builder
		require.NoError(t, look(path, &out), name)
		for _, want := range []string{"order", "int64", "amount", "float64", "paid", "bool", "42 rows: 40 valid, 2 rejected", "amount: type: got"} {
			require.Contains(t, out.String(), want, name)
		}
	}
}

func TestLook_missing_file(t *testing.T) {
	err := look(filepath.Join(t.TempDir(), "no.csv"), &strings.Builder{})
	require.ErrorIs(t, err, stream.ErrMissing)
}

func TestLook_file_without_rows(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "blank": "\n\n", "bom": "\xef\xbb\xbf", "header_only": "order,amount\n"} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		var out strings.Builder
		require.NoError(t, look(path, &out), name)
		require.Equal(t, "0 rows\n", out.String(), name)
	}
}

func TestLook_nothing_readable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cut.ndjson")
	require.NoError(t, os.WriteFile(path, []byte("{\"order\":\n"), 0o600))
	var out strings.Builder
	require.ErrorContains(t, look(path, &out), "no field to hold rows against")
	require.Contains(t, out.String(), "1 unreadable")
}

func TestMain_exit_codes(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.csv")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for _, c := range []struct {
		args []string
		exit int
		says string
	}{
		{[]string{"-h"}, 0, "usage: quickstart FILE"},
		{[]string{"--help"}, 0, "usage: quickstart FILE"},
		{nil, 2, "usage: quickstart FILE"},
		{[]string{"a", "b"}, 2, "usage: quickstart FILE"},
		{[]string{"-x"}, 2, "usage: quickstart FILE"},
		{[]string{empty}, 0, "0 rows"},
		{[]string{empty + ".gone"}, 1, "quickstart: "},
	} {
		cmd := exec.Command(os.Args[0], c.args...)
		cmd.Env = append(os.Environ(), "QUICKSTART_RUN=1")
		out, err := cmd.CombinedOutput()
		var failed *exec.ExitError
		if err != nil && !errors.As(err, &failed) {
			t.Fatal(err)
		}
		require.Equal(t, c.exit, cmd.ProcessState.ExitCode(), "%q: %s", c.args, out)
		require.Contains(t, string(out), c.says, "%q", c.args)
	}
}
