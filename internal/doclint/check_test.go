package doclint_test

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/millrace-go/millrace/internal/doclint"
)

// fixtureFloors is a small house for the fixtures: sketch and dedup side by side above stream.
var fixtureFloors = []doclint.Floor{
	{Room: "internal", Rooms: []string{"internal/..."}},
	{Room: "internal/codec", Rooms: []string{"internal/..."}, Modules: []string{"example.org/zip"}},
	{Room: "stream", Rooms: []string{"internal/..."}},
	{Room: "stream/kit", Rooms: []string{"stream"}},
	{Room: "dedup", Rooms: []string{"internal/...", "stream"}},
	{Room: "sketch", Rooms: []string{"internal/...", "stream"}, Modules: []string{"example.org/hll"}},
	{Room: "examples", Rooms: []string{"stream/...", "dedup", "sketch"}},
}

// Each fixture is a small module in one text file: sections headed "-- name --", of which "want" lists the
// findings of the rule that the fixture is named for (rule_case.txt), exactly and in order.
func TestCheck_Table(t *testing.T) {
	fixtures, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	fired, silent := map[string]bool{}, map[string]bool{}
	for _, name := range fixtures {
		title := strings.TrimSuffix(filepath.Base(name), ".txt")
		rule, _, _ := strings.Cut(title, "_")
		if !slices.Contains(doclint.Rules(), rule) {
			t.Errorf("%s: no rule named %q", name, rule)
			continue
		}
		t.Run(title, func(t *testing.T) {
			module, want := readFixture(t, name)
			findings, err := doclint.Check(module, fixtureFloors)
			if err != nil {
				t.Fatalf("Check() = %v, want nil", err)
			}
			var got []string
			for _, f := range findings {
				if f.Rule == rule {
					got = append(got, f.String())
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("findings of rule %s\ngot:\n  %s\nwant:\n  %s", rule, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
			fired[rule] = fired[rule] || len(want) > 0
			silent[rule] = silent[rule] || len(want) == 0
		})
	}
	for _, rule := range doclint.Rules() {
		if !fired[rule] {
			t.Errorf("no fixture makes rule %s fire", rule)
		}
		if !silent[rule] {
			t.Errorf("no fixture satisfies rule %s", rule)
		}
	}
}

func TestCheck_NoModule(t *testing.T) {
	for name, module := range map[string]fstest.MapFS{
		"no_gomod":       {"a.go": {Data: []byte("package a\n")}},
		"no_module_line": {"go.mod": {Data: []byte("go 1.26\n")}},
	} {
		if got, err := doclint.Check(module, nil); err == nil {
			t.Errorf("%s: Check() = %v, nil, want an error", name, got)
		}
	}
}

// The order of a report must not depend on the order in which rules run or folders are read.
func TestCheck_Sorted(t *testing.T) {
	module, _ := readFixture(t, "testdata/documented_missing.txt")
	first, err := doclint.Check(module, fixtureFloors)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) < 3 {
		t.Fatalf("%d findings, too few to tell", len(first))
	}
	for range 10 {
		again, err := doclint.Check(module, fixtureFloors)
		if err != nil || !slices.Equal(first, again) {
			t.Fatalf("second run: %v, %v, want %v", again, err, first)
		}
	}
	if !slices.IsSortedFunc(first, func(a, b doclint.Finding) int { return strings.Compare(a.File, b.File) }) {
		t.Errorf("findings are not sorted by file: %v", first)
	}
}

// readFixture splits a fixture into its files and the lines of its want section.
func readFixture(t *testing.T, name string) (module fstest.MapFS, want []string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	module = fstest.MapFS{"go.mod": {Data: []byte("module example.com/m\n")}}
	section, seen := "", false
	for line := range strings.Lines(string(text)) {
		if head, ok := strings.CutPrefix(line, "-- "); ok {
			if head, ok = strings.CutSuffix(strings.TrimSpace(head), " --"); ok {
				if section = head; section == "want" {
					seen = true
				} else {
					module[section] = &fstest.MapFile{Data: []byte{}}
				}
				continue
			}
		}
		switch section {
		case "": // what the fixture says about itself
		case "want":
			if line = strings.TrimSpace(line); line != "" {
				want = append(want, line)
			}
		default:
			module[section].Data = append(module[section].Data, line...)
		}
	}
	if !seen {
		t.Fatalf("%s has no want section", path.Base(name))
	}
	return module, want
}
