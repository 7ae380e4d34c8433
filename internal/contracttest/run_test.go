package contracttest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExportedOperators_AllForms(t *testing.T) {
	found, err := exportedOperators(filepath.Join("testdata", "forms"))
	require.NoError(t, err)
	require.Equal(t, []string{
		"Callback", "Channel", "Mapped", "Nested", "Pair.Both", "Pointer", "Returns", "ReturnsFunc", "Spelled",
		"State.Run", "State.RunPointer", "Takes", "TakesAlias", "TakesFunc", "TakesNamed", "Typed", "Variable", "Variadic",
	}, sortedNames(found))
}

func TestExportedOperators_InsideStream(t *testing.T) {
	found, err := exportedOperators(filepath.Join("testdata", "stream"))
	require.NoError(t, err)
	require.Equal(t, []string{"Map"}, sortedNames(found))
	require.Contains(t, found["Map"], "ops.go:4")
}

func TestExportedOperators_BrokenSource(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.go"), []byte("package a\nfunc ("), 0o600))
	_, err := exportedOperators(dir)
	require.ErrorContains(t, err, "a.go:2")
}

func TestCompare_Table(t *testing.T) {
	pass := func(*testing.T) {}
	for name, tt := range map[string]struct {
		ops  Ops
		want []string
	}{
		"all_there":      {Ops{"Map": pass}, nil},
		"exempt":         {Ops{"Map": Exempt("needs a live broker")}, nil},
		"missing":        {Ops{}, []string{"Map takes or returns a stream, but is not registered"}},
		"stale":          {Ops{"Map": pass, "Gone": pass}, []string{`"Gone" is registered, but the package has no such`}},
		"not_a_stream":   {Ops{"Map": pass, "Opt": pass}, []string{`"Opt" is registered`}},
		"nil_test":       {Ops{"Map": nil}, []string{`"Map" is registered without a test`}},
		"renamed":        {Ops{"map": pass}, []string{"Map takes or returns", `"map" is registered`}},
		"test_not_count": {Ops{"Map": pass, "Helper": pass}, []string{`"Helper" is registered`}},
	} {
		t.Run(name, func(t *testing.T) {
			problems, err := compare(filepath.Join("testdata", "stream"), tt.ops)
			require.NoError(t, err)
			require.Len(t, problems, len(tt.want), "%q", problems)
			for i, want := range tt.want {
				require.Contains(t, problems[i], want)
			}
		})
	}
}

func TestRun_RunsEveryEntry(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "stream"))
	ran := ""
	Run(t, Ops{"Map": func(t *testing.T) { ran = t.Name() }})
	require.Equal(t, "TestRun_RunsEveryEntry/Map", ran)
}

func TestExempt_NeedsReason(t *testing.T) {
	for _, reason := range []string{"", "  ", "todo", "not now"} {
		require.Panics(t, func() { Exempt(reason) }, "%q", reason)
	}
}

// A package that exports an operator and does not register it fails: no file at all, a file that only looks as if
// it did, a call that no test makes.
func TestUnregistered_Fixture(t *testing.T) {
	problems, err := unregistered(filepath.Join("testdata", "module"))
	require.NoError(t, err)
	require.Len(t, problems, 3, "%q", problems)
	require.Contains(t, problems[0], "package forgotten exports Double")
	require.Contains(t, problems[1], "package imported exports Double")
	require.Contains(t, problems[2], "package mentioned exports Double")
}

// TestEveryPackageIsRegistered walks this module: every package with operators has a contract_test.go.
func TestEveryPackageIsRegistered(t *testing.T) {
	wd, err := os.Getwd()
	require.NoError(t, err)
	root, err := moduleRoot(wd)
	require.NoError(t, err)
	found, err := exportedOperators(filepath.Join(root, "stream"))
	require.NoError(t, err)
	require.NotEmpty(t, found, "the walk starts at the wrong place, or sees no operators")
	problems, err := unregistered(root)
	require.NoError(t, err)
	for _, p := range problems {
		t.Error(p)
	}
}
