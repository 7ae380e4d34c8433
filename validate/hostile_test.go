package validate

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// TestHostile_LinearTime gives rows that are quadratic, or worse, for a careless reader. The bound is a hundred
// times what they take, so that a loaded machine passes and a quadratic one cannot.
func TestHostile_LinearTime(t *testing.T) {
	keys := func(n int, name string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"`+name+`":0`, i)
		}
		return b.String()
	}
	s := oracleSchema(t)
	for name, c := range map[string]struct {
		row  string
		code Code
	}{
		"nested_arrays":     {strings.Repeat("[", 100_000), CodeTooDeep},
		"nested_objects":    {strings.Repeat(`{"a":`, 100_000), CodeTooDeep},
		"many_keys":         {`{"s":"x"` + keys(300_000, "k%d") + "}", ""},
		"many_alike_keys":   {`{"s":"x"` + keys(100_000, "same beginning %06d same end") + "}", ""},
		"many_escaped_keys": {`{"s":"x"` + keys(100_000, `\u0061%d`) + "}", ""},
		"a_key_again":       {`{"s":"x"` + keys(100_000, "k%d") + `,"k7":1}`, CodeDuplicate},
		"all_keys_again":    {`{"s":"x"` + keys(50_000, "k%d") + keys(50_000, "k%d") + "}", CodeDuplicate},
		"objects_of_keys":   {`{"s":"x","u":[{"s":"x"` + strings.Repeat(keys(20, "k%d")+`},{"q":0`, 10_000) + "}]}", ""},
		"long_integer":      {`{"i":` + strings.Repeat("9", 1_000_000) + "}", CodeOverflow},
		"long_fraction":     {`{"i":1.` + strings.Repeat("0", 1_000_000) + "}", ""},
		"long_float":        {`{"f":0.` + strings.Repeat("1", 1_000_000) + "}", ""},
		"huge_exponent":     {`{"i":1e` + strings.Repeat("9", 1_000_000) + "}", CodeOverflow},
		"many_escapes":      {`{"s":"` + strings.Repeat(`\u0041`, 500_000) + `"}`, ""},
		"many_bad_fields":   {`{"i":"x"` + strings.Repeat(`,"i":"x"`, 100_000) + "}", CodeType},
		"open_string":       {`{"s":"` + strings.Repeat("a", 3_000_000), CodeInvalidJSON},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := s.Parse([]byte(c.row))
			require.Less(t, time.Since(start), 5*time.Second)
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			re := err.(*RejectError)
			require.Equal(t, c.code, re.Reject.Code)
			require.LessOrEqual(t, len(re.Reject.Raw), defaultMaxRaw)
			require.LessOrEqual(t, len(re.Reject.Errors), 64*512)
		})
	}
}

// TestHostile_CSVQuotes: a quote on every line must not make every line scan to the end of the input.
func TestHostile_CSVQuotes(t *testing.T) {
	for name, line := range map[string]string{"open": "\"a,1\n", "even": "\"\"\"\",1\n", "odd": "\"\"\",1\n", "stray": "a\"b,1\n", "late": "a,\"\n"} {
		t.Run(name, func(t *testing.T) {
			raw := bytes.Repeat([]byte(line), 100_000)
			start := time.Now()
			requireTilesQuickly(t, raw)
			require.Less(t, time.Since(start), 10*time.Second)
		})
	}
}

func requireTilesQuickly(t *testing.T, raw []byte) {
	t.Helper()
	var at int64
	opts := Options{Quarantine: stream.Discard[Reject]("ranges are judged"), Dialect: Dialect{Columns: []string{"a", "b"}}, MaxRaw: 16}
	opts.observe = func(sp span) {
		if at != sp.off {
			t.Fatalf("gap at %d", at)
		}
		at += sp.n
	}
	_, err := drain(fuzzTextSchema(t).CSV(bytes.NewReader(raw), opts))
	require.NoError(t, err)
	require.EqualValues(t, len(raw), at)
}

// TestAllocs_PerRow: strings are cut from blocks, so that rows cost no allocation of their own.
func TestAllocs_PerRow(t *testing.T) {
	raw, valid := benchInput(4000, false)
	table, validRecords := benchInput(4000, true)
	s := benchSchema(t)
	quarantine := stream.Discard[Reject]("allocations are judged")
	for name, c := range map[string]struct {
		run   func() (int, error)
		valid int
	}{
		"ndjson": {func() (int, error) { return drain(s.NDJSON(bytes.NewReader(raw), Options{Quarantine: quarantine})) }, valid},
		"csv":    {func() (int, error) { return drain(s.CSV(bytes.NewReader(table), Options{Quarantine: quarantine})) }, validRecords},
	} {
		t.Run(name, func(t *testing.T) {
			allocs := testing.AllocsPerRun(3, func() {
				n, err := c.run()
				require.NoError(t, err)
				require.Equal(t, c.valid, n)
			})
			rejected := float64(4000 - c.valid)
			perRow := (allocs - 8*rejected - 200) / 4000
			require.Less(t, perRow, 0.02, "%v allocations for %d rows, %v of them rejected", allocs, 4000, rejected)
		})
	}
}
