package streamtest_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

type click struct {
	User int64
	Page string
	At   time.Time
	By   stream.Opt[string]
}

func at(second int) time.Time { return time.Date(2024, 1, 15, 10, 0, second, 0, time.UTC) }

func numbers(from, to int) []int {
	var all []int
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// Each case is a section of testdata/diff.txt: the name, then what Diff says.
func TestDiff_Golden(t *testing.T) {
	type o = streamtest.WantOptions
	a, b, c := click{7, "/home", at(0), stream.Present("ana")}, click{7, "/cart", at(1), stream.Null[string]()}, click{9, "/home", at(2), stream.Opt[string]{}}
	b2 := b
	b2.Page, b2.By = "/checkout", stream.Present("ben")
	swapped := append(numbers(0, 30), 31, 30)
	for i, section := range []struct{ name, diff string }{
		{"one_field_differs", streamtest.Diff([]click{a, b, c}, []click{a, b2, c}, o{})},
		{"last_missing", streamtest.Diff([]click{a, b, c}, []click{a, b}, o{})},
		{"unexpected_in_the_middle", streamtest.Diff([]int{1, 2, 3, 4, 5, 6}, []int{1, 2, 3, 9, 4, 5, 6}, o{})},
		{"first_differs_far_from_the_rest", streamtest.Diff(numbers(0, 100), append([]int{-1}, numbers(1, 100)...), o{})},
		{"two_changes_far_apart", streamtest.Diff(numbers(0, 50), append(append(numbers(0, 10), 77), numbers(11, 49)...), o{})},
		{"swapped", streamtest.Diff(append(numbers(0, 30), 30, 31), swapped, o{})},
		{"all_different_is_cut", streamtest.Diff(numbers(0, 40), numbers(100, 140), o{})},
		{"empty_stream", streamtest.Diff([]string{"a", "b"}, nil, o{})},
		{"nothing_wanted", streamtest.Diff(nil, []string{"a"}, o{})},
		{"unordered", streamtest.Diff([]string{"a", "b", "b", "c"}, []string{"c", "b", "d", "a"}, o{Unordered: true})},
		{"nil_and_empty", streamtest.Diff([][]int{nil, {}}, [][]int{{}, nil}, o{})},
		{"long_values_are_cut", streamtest.Diff([]string{strings.Repeat("x", 1000)}, []string{strings.Repeat("é", 1000)}, o{})},
		{"floats_beyond_tolerance", streamtest.Diff([]map[string]float64{{"a": 1, "b": 2}}, []map[string]float64{{"a": 1.01, "b": 2.5}}, o{Tolerance: 0.1})},
		{"too_large_to_align", streamtest.Diff(append([]int{-1}, numbers(0, 3000)...), append(numbers(0, 3000), -1), o{})},
	} {
		golden := filepath.Join("testdata", "diff", fmt.Sprintf("%02d_%s.txt", i, section.name))
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
			require.NoError(t, os.WriteFile(golden, []byte(section.diff+"\n"), 0o644))
		}
		t.Run(section.name, func(t *testing.T) {
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), section.diff+"\n")
		})
	}
}

type node struct {
	value float64
	next  *node
	kids  map[string]any
	at    time.Time
}

func TestDiff_EqualityTable(t *testing.T) {
	nan := math.NaN()
	cycle := &node{value: 1}
	cycle.next = cycle
	cycle2 := &node{value: 1}
	cycle2.next = cycle2
	berlin := time.FixedZone("CET", 3600)
	noon := time.Date(2024, 1, 15, 12, 0, 0, 0, time.UTC)
	f := func() {}
	type any2 struct{ a, b any }
	for name, tt := range map[string]struct {
		a, b      any
		tolerance float64
		equal     bool
	}{
		"nan":                        {nan, nan, 0, true},
		"nan_nested":                 {[]float64{nan}, []float64{nan}, 0, true},
		"nan_and_number":             {nan, 1.0, 1, false},
		"zeros":                      {0.0, math.Copysign(0, -1), 0, true},
		"near":                       {1.0, 1.0 + 1e-12, 1e-9, true},
		"near_but_exact":             {1.0, 1.0 + 1e-12, 0, false},
		"near_relative":              {1e12, 1e12 + 100, 1e-9, true},
		"far":                        {1.0, 1.1, 1e-9, false},
		"infinities":                 {math.Inf(1), math.Inf(1), 0, true},
		"infinity_is_near_nothing":   {math.Inf(1), math.MaxFloat64, 1, false},
		"tolerance_not_for_integers": {100, 101, 1, false},
		"float32":                    {float32(0.1), float32(0.1), 0, true},
		"complex":                    {complex(1, nan), complex(1, nan), 0, true},
		"same_instant_another_zone":  {noon, noon.In(berlin), 0, true},
		"same_clock_another_zone":    {noon, time.Date(2024, 1, 15, 12, 0, 0, 0, berlin), 0, false},
		"monotonic_reading":          {time.Now().Round(0), time.Now().Round(0).Add(time.Hour), 0, false},
		"unexported_time":            {node{at: noon}, node{at: noon.In(berlin)}, 0, true},
		"unexported_float":           {node{value: 1}, node{value: 2}, 0, false},
		"cycles":                     {cycle, cycle2, 0, true},
		"cycle_and_end":              {cycle, &node{value: 1, next: &node{value: 1}}, 0, false},
		"map_of_any":                 {node{kids: map[string]any{"a": 1, "b": []int{1}}}, node{kids: map[string]any{"b": []int{1}, "a": 1}}, 0, true},
		"map_value_differs":          {map[string]int{"a": 1}, map[string]int{"a": 2}, 0, false},
		"map_key_differs":            {map[string]int{"a": 1}, map[string]int{"b": 1}, 0, false},
		"nil_and_empty_map":          {map[string]int(nil), map[string]int{}, 0, false},
		"nil_and_empty_slice":        {[]int(nil), []int{}, 0, false},
		"nil_pointer":                {(*node)(nil), &node{}, 0, false},
		"dynamic_types":              {any2{int32(1), nil}, any2{int64(1), nil}, 0, false},
		"nil_interfaces":             {any2{}, any2{}, 0, true},
		"nil_and_value":              {any2{}, any2{a: 1}, 0, false},
		"functions":                  {any2{f, nil}, any2{f, nil}, 0, false},
		"nil_functions":              {struct{ f func() }{}, struct{ f func() }{}, 0, true},
		"opt_null_and_missing":       {stream.Null[int](), stream.Missing[int](), 0, false},
		"opt_present":                {stream.Present(1), stream.Present(1), 0, true},
		"arrays":                     {[2]float64{1, nan}, [2]float64{1, nan}, 0, true},
		"bytes":                      {[]byte("a"), []byte("b"), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pair := range [][2]any{{tt.a, tt.b}, {tt.b, tt.a}} {
				diff := streamtest.Diff(pair[:1], pair[1:], streamtest.WantOptions{Tolerance: tt.tolerance})
				require.Equal(t, tt.equal, diff == "", "%s", diff)
			}
		})
	}
}

func TestFormat_Table(t *testing.T) {
	type inner struct{ s string }
	for want, v := range map[string]any{
		`{User:7 Page:"/a b" At:2024-01-15T10:00:00Z By:"ana"}`: click{7, "/a b", at(0), stream.Present("ana")},
		`{User:0 Page:"" At:0001-01-01T00:00:00Z By:missing}`:   click{},
		`[null missing 3]`:    []stream.Opt[int]{stream.Null[int](), {}, stream.Present(3)},
		`map["a":[] "b":nil]`: map[string][]int{"b": nil, "a": {}},
		`&{s:"x"}`:            &inner{"x"},
		`[1m30s -1 250 true 0.1 1e+21 (1+2i) nil func()]`:     []any{90 * time.Second, int8(-1), uint8(250), true, float32(0.1), 1e21, complex(1, 2), nil, func() {}},
		`{value:0 next:nil kids:nil at:0001-01-01T00:00:00Z}`: node{},
	} {
		require.Equal(t, want, streamtest.Format(v))
	}
	cycle := &node{}
	cycle.next = cycle
	require.LessOrEqual(t, len(streamtest.Format(cycle)), 310)
}

func TestWant_Table(t *testing.T) {
	of := func(err error, values ...int) stream.Seq[int] {
		return (&streamtest.Script[int]{Values: values, At: len(values), Err: err}).Seq()
	}
	cut := fmt.Errorf("read: %w", os.ErrDeadlineExceeded)
	endless := func(yield func(int, error) bool) {
		for yield(1, nil) {
		}
	}
	for name, tt := range map[string]struct {
		run  func(t streamtest.TB)
		want []string // parts of the report; none: passes
	}{
		"equal":             {func(t streamtest.TB) { streamtest.Equal(t, of(nil, 1, 2), 1, 2) }, nil},
		"both_empty":        {func(t streamtest.TB) { streamtest.Equal(t, of(nil)) }, nil},
		"differs":           {func(t streamtest.TB) { streamtest.Equal(t, of(nil, 1, 3), 1, 2) }, []string{"want 2 elements (-), got 2 elements (+):", "- 1: 2", "+ 1: 3"}},
		"order":             {func(t streamtest.TB) { streamtest.Equal(t, of(nil, 2, 1), 1, 2) }, []string{"- 0: 1"}},
		"any_order":         {func(t streamtest.TB) { streamtest.Unordered(t, of(nil, 2, 1), 1, 2) }, nil},
		"multiset":          {func(t streamtest.TB) { streamtest.Unordered(t, of(nil, 2, 2, 1), 1, 2, 1) }, []string{"- 2: 1", "+ 1: 2"}},
		"error":             {func(t streamtest.TB) { streamtest.Equal(t, of(cut, 1), 1) }, []string{`ended with the error "read: i/o timeout" after 1 element, want none`}},
		"error_and_diff":    {func(t streamtest.TB) { streamtest.Equal(t, of(cut, 1), 1, 2) }, []string{"- 1: 2", "ended with the error read: i/o timeout"}},
		"endless":           {func(t streamtest.TB) { streamtest.Equal(t, endless, 1) }, []string{"got 1001 elements"}},
		"wanted_error":      {func(t streamtest.TB) { streamtest.WantError(t, of(cut, 1), os.ErrDeadlineExceeded, 1) }, nil},
		"any_error":         {func(t streamtest.TB) { streamtest.WantError(t, of(cut), nil) }, nil},
		"other_error":       {func(t streamtest.TB) { streamtest.WantError(t, of(cut), os.ErrClosed) }, []string{`the error "read: i/o timeout", want one that is "file already closed"`}},
		"no_error":          {func(t streamtest.TB) { streamtest.WantError(t, of(nil, 1), os.ErrClosed, 1) }, []string{`ended without an error after 1 element, want "file already closed"`}},
		"no_error_at_all":   {func(t streamtest.TB) { streamtest.WantError(t, of(nil), nil) }, []string{"without an error after 0 elements, want one"}},
		"lost_before_error": {func(t streamtest.TB) { streamtest.WantError(t, of(cut, 1), os.ErrDeadlineExceeded, 1, 2) }, []string{"differs before the error", "- 1: 2"}},
		"tolerance": {func(t streamtest.TB) {
			streamtest.Want(t, (&streamtest.Script[float64]{Values: []float64{0.1 + 0.2}}).Seq(), streamtest.WantOptions{Tolerance: 1e-9}, 0.3)
		}, nil},
		"tolerance_unordered": {func(t streamtest.TB) {
			streamtest.Want(t, (&streamtest.Script[float64]{Values: []float64{2, 0.1 + 0.2}}).Seq(), streamtest.WantOptions{Tolerance: 1e-9, Unordered: true}, 0.3, 2)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var r recorder
			tt.run(&r)
			if len(tt.want) == 0 {
				require.Empty(t, r.text)
			}
			for _, want := range tt.want {
				require.Contains(t, r.text, want)
			}
		})
	}
}
