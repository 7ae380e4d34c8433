package streamtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// A batch that is overwritten after it was yielded looks right only while it is the last one.
func TestCheck_ReusedBatch(t *testing.T) {
	reuse := func(s ints) stream.Seq[[]int] {
		return func(yield func([]int, error) bool) {
			b := make([]int, 0, 2)
			for v, err := range s {
				if err != nil {
					yield(nil, err)
					return
				}
				if b = append(b, v); len(b) == 2 {
					if !yield(b, nil) {
						return
					}
					b = b[:0]
				}
			}
		}
	}
	caught(t, streamtest.Violations(reuse, streamtest.CheckOptions[[]int]{}, numbers(0, 10)...), streamtest.RuleRepeat, "break at output 0 of 5: the output before the break differs")
}

func TestCheck_ReportsOnceWithAllViolations(t *testing.T) {
	var r recorder
	streamtest.Check(&r, func(s ints) ints {
		return func(yield func(int, error) bool) {
			for v, err := range s {
				yield(v+1, err)
			}
		}
	}, 1, 2, 3)
	require.Equal(t, 1, strings.Count(r.text, "streamtest: "+"the operator breaks the contract of stream:"))
	require.Contains(t, r.text, "\n  - E2 zero beside error: error at input 0 of 3: the value beside the error is 1 (and in ")
	require.Contains(t, r.text, "\n  - E4 stop: break at output 0 of 3: 2 pairs yielded after the loop ended (and in 2 more places)")
}

// During a check os.TempDir is a fresh directory; afterwards it is what it was.
func TestCheck_WatchesTempDir(t *testing.T) {
	before := os.TempDir()
	seen := ""
	streamtest.Check(t, func(s ints) ints { seen = os.TempDir(); return mapOp(double)(s) }, 1)
	require.NotEqual(t, before, seen)
	require.Equal(t, before, os.TempDir())

	litter := func(s ints) ints {
		return func(yield func(int, error) bool) {
			mustTemp("")
			each(forward)(s)(yield)
		}
	}
	r := struct {
		testing.TB
		*recorder
	}{t, &recorder{}}
	streamtest.Check(overridden{r.TB, r.recorder}, litter, 1)
	require.Contains(t, r.text, "E4 temp files: full run: left in the temp directory")
}

// overridden is a test whose errors are only recorded.
type overridden struct {
	testing.TB
	r *recorder
}

func (o overridden) Errorf(format string, args ...any) { o.r.Errorf(format, args...) }

// A parallel test cannot have an environment of its own; everything else is checked all the same.
func TestCheck_InParallelTest(t *testing.T) {
	t.Parallel()
	streamtest.Check(t, mapOp(double))
}

func TestCheck_GivenTempDir(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600))
	o := streamtest.CheckOptions[int]{TempDir: dir}
	streamtest.CheckWith(t, mapOp(double), o, 1, 2)
	caught(t, streamtest.Violations(func(s ints) ints {
		return func(yield func(int, error) bool) {
			mustTemp(dir)
			each(forward)(s)(yield)
		}
	}, o, 1, 2), streamtest.RuleTempFiles, "full run")
}

func TestCheck_NilFunctions(t *testing.T) {
	require.PanicsWithValue(t, "streamtest: Violations: nil operator", func() { streamtest.Check[int, int](t, nil) })
	require.PanicsWithValue(t, "streamtest: SourceViolations: nil open", func() { streamtest.CheckSource[int](t, nil) })
	require.PanicsWithValue(t, "streamtest: SinkViolations: nil sink", func() { streamtest.CheckSink[int, int](t, nil) })
}

// An operator may absorb errors if its doc says so.
func TestCheck_Absorbs(t *testing.T) {
	lenient := func(s ints) ints {
		return func(yield func(int, error) bool) {
			for v, err := range s {
				if err != nil || !yield(v, nil) {
					return
				}
			}
		}
	}
	streamtest.CheckWith(t, lenient, streamtest.CheckOptions[int]{Absorbs: true})
	require.NotEmpty(t, streamtest.Violations(lenient, streamtest.CheckOptions[int]{}))
}

// One pair is compared as a caller says.
func TestCheck_Equal(t *testing.T) {
	noisy := 0
	op := mapOp(func(v int) [2]int { noisy++; return [2]int{v, noisy} })
	require.NotEmpty(t, streamtest.Violations(op, streamtest.CheckOptions[[2]int]{}))
	streamtest.CheckWith(t, op, streamtest.CheckOptions[[2]int]{Equal: func(a, b [2]int) bool { return a[0] == b[0] }})
}

func BenchmarkCheck(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if v := streamtest.Violations(mapOp(double), streamtest.CheckOptions[int]{}); v != nil {
			b.Fatal(v)
		}
	}
}
