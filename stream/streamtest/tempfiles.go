package streamtest

import (
	"os"
	"path/filepath"
	"slices"
)

// tempWatch looks for files left behind in one directory. The zero value watches nothing.
type tempWatch struct {
	dir   string
	known []string // names that were there before, or have been reported
}

func newTempWatch(dir string) *tempWatch {
	w := &tempWatch{dir: dir}
	w.known = w.names()
	return w
}

// left returns the names that appeared since the last look.
func (w *tempWatch) left() []string {
	var fresh []string
	for _, name := range w.names() {
		if !slices.Contains(w.known, name) {
			fresh = append(fresh, name)
		}
	}
	w.known = append(w.known, fresh...)
	return fresh
}

func (w *tempWatch) names() []string {
	if w.dir == "" {
		return nil
	}
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return nil // the operator may have been given a directory that it makes itself
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = filepath.Base(e.Name())
	}
	return names
}

// tempVariables are what os.TempDir reads, on all systems.
var tempVariables = []string{"TMPDIR", "TMP", "TEMP"}

// ownTempDir points os.TempDir to a fresh directory of the test, and returns it with the way back. It does
// nothing where the test cannot have one: a framework without Setenv, or a parallel test.
func ownTempDir(t TB) (dir string, restore func()) {
	nothing := func() {}
	tt, ok := t.(interface {
		Setenv(key, value string)
		TempDir() string
	})
	if !ok {
		return "", nothing
	}
	type setting struct {
		value string
		set   bool
	}
	before := make(map[string]setting)
	for _, name := range tempVariables {
		value, set := os.LookupEnv(name)
		before[name] = setting{value, set}
	}
	defer func() {
		if recover() != nil { // Setenv in a parallel test
			dir, restore = "", nothing
		}
	}()
	dir = tt.TempDir()
	for _, name := range tempVariables {
		tt.Setenv(name, dir)
	}
	return dir, func() {
		for _, name := range tempVariables {
			if s := before[name]; s.set {
				os.Setenv(name, s.value)
			} else {
				os.Unsetenv(name)
			}
		}
	}
}
