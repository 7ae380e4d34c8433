package streamtest_test

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

type (
	ints = stream.Seq[int]
	give = func(int, error) bool
)

// sick is an operator with one fault, the rule under which the kit must find it, and a part of what it must say.
type sick struct {
	op   func(ints) ints
	o    streamtest.CheckOptions[int]
	rule streamtest.Rule
	says string
}

// each makes an operator of a function that is called with every pair and returns false to end.
func each(body func(v int, err error, yield give) bool) func(ints) ints {
	return func(s ints) ints {
		return func(yield func(int, error) bool) {
			for v, err := range s {
				if !body(v, err, yield) {
					return
				}
			}
		}
	}
}

// forward ends with err if there is one, and yields v otherwise.
func forward(v int, err error, yield give) bool {
	if err != nil {
		yield(0, err)
		return false
	}
	return yield(v, nil)
}

// catalogue is every way to break the contract that we have met or could think of, one fault each.
func catalogue(tempDir string) map[string]sick {
	all := make(map[string]sick)
	for _, part := range []map[string]sick{sickErrors(), sickBreaks(tempDir), sickRuns(), sickPanics(), sickOutputs(), sickStarts()} {
		maps.Copy(all, part)
	}
	return all
}

type produced struct {
	v   int
	err error
}

// produce reads s on a goroutine of its own, and nobody tells it to stop.
func produce(s ints) <-chan produced {
	ch := make(chan produced)
	go func() {
		defer close(ch)
		var all []produced
		func() {
			defer func() { _ = recover() }()
			for v, err := range s {
				all = append(all, produced{v, err})
			}
		}()
		for _, p := range all {
			ch <- p
		}
	}()
	return ch
}

func mustTemp(dir string) string {
	f, err := os.CreateTemp(dir, "spill")
	if err != nil {
		panic(err)
	}
	f.Close()
	return f.Name()
}

func TestCatalogue_EveryFaultIsCaught(t *testing.T) {
	cases := catalogue(t.TempDir())
	require.GreaterOrEqual(t, len(cases), 45)
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			c := cases[name]
			caught(t, streamtest.Violations(c.op, c.o), c.rule, c.says)
		})
	}
}
