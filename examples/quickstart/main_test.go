package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

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
