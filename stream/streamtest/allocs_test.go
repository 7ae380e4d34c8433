package streamtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

func TestAllocs_Table(t *testing.T) {
	boxed := func(every int) func(stream.Seq[int]) stream.Seq[*int] {
		return func(s stream.Seq[int]) stream.Seq[*int] {
			return func(yield func(*int, error) bool) {
				for v, err := range s {
					if v++; v%every != 0 {
						if !yield(nil, err) {
							return
						}
						continue
					}
					boxed := v
					if !yield(&boxed, err) {
						return
					}
				}
			}
		}
	}
	upfront := func(s stream.Seq[int]) stream.Seq[int] {
		return func(yield func(int, error) bool) {
			buffers := make([][]byte, 500)
			for i := range buffers {
				buffers[i] = make([]byte, 64)
			}
			for v, err := range s {
				if !yield(v+len(buffers), err) {
					return
				}
			}
		}
	}
	for name, tt := range map[string]struct {
		run  func(t streamtest.TB)
		want string // "" passes
	}{
		"none":          {func(t streamtest.TB) { streamtest.Allocs(t, 0, mapOp(double)) }, ""},
		"upfront_only":  {func(t streamtest.TB) { streamtest.Allocs(t, 0, upfront) }, ""},
		"one":           {func(t streamtest.TB) { streamtest.Allocs(t, 0, boxed(1), 1, 2, 3, 4) }, "allocates 1 times per element, want at most 0"},
		"one_allowed":   {func(t streamtest.TB) { streamtest.Allocs(t, 1, boxed(1), 1, 2, 3, 4) }, ""},
		"every_fourth":  {func(t streamtest.TB) { streamtest.Allocs(t, 0, boxed(4), 0, 1, 2, 3) }, "allocates 0.25 times"},
		"given_a_share": {func(t streamtest.TB) { streamtest.Allocs(t, 0.25, boxed(4), 0, 1, 2, 3) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var r recorder
			tt.run(&r)
			switch {
			case streamtest.RaceEnabled || tt.want == "":
				require.Empty(t, r.text)
			default:
				require.Contains(t, r.text, tt.want)
			}
		})
	}
}
