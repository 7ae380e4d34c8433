package validate_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// wideRow has n fields that no schema knows, and those of a reading.
func wideRow(n int) stream.Row {
	row := stream.Row{{Name: "sensor", Value: "a"}}
	for i := range n {
		row = append(row, stream.Field{Name: "field-" + strconv.Itoa(i), Value: int64(i)})
	}
	return append(row, stream.Field{Name: "value", Value: int64(1)})
}

// Comparing every name with every other one would take minutes here, flat or nested.
func TestRows_ManyFieldsTakeLinearTime(t *testing.T) {
	const n = 300_000
	wide := wideRow(n)
	nested := stream.Row{{Name: "sensor", Value: "a"}, {Name: "box", Value: wideRow(n)}}
	boxed, err := validate.New(
		validate.String("sensor", func(r *reading) *string { return &r.Sensor }),
		validate.Int("box.value", func(r *reading) *int64 { return &r.Value }))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		s   *validate.Schema[reading]
		row stream.Row
	}{"flat": {readings(t), wide}, "nested": {boxed, nested}} {
		t.Run(name, func(t *testing.T) {
			rows, err := stream.Collect(c.s.Rows(stream.Of(c.row, c.row), validate.Options{}))
			require.NoError(t, err)
			require.Equal(t, []reading{{"a", 1}, {"a", 1}}, rows)
		})
	}
	wide = append(wide, stream.Field{Name: "field-7", Value: nil})
	_, rejects, err := all(func(o validate.Options) stream.Seq[reading] { return readings(t).Rows(stream.Of(wide), o) }, validate.Options{MaxRaw: -1})
	require.NoError(t, err)
	require.Len(t, rejects, 1)
	require.Equal(t, []string{"field-7 duplicate_key"}, pathsAndCodes(t, rejects[0]))
}

// Rows of few and of many fields find the same repeated ones: those that stand further ahead in the same object.
func TestRows_RepeatedFieldsLaw(t *testing.T) {
	s, err := validate.New(
		validate.String("n1", func(r *reading) *string { return &r.Sensor }),
		validate.Int("box.n2", func(r *reading) *int64 { return &r.Value }))
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(label, prefix string) (row stream.Row, want []string) {
			seen := map[string]bool{}
			width := rapid.SampledFrom([]int{3, 20, 60}).Draw(rt, label+" names")
			for range rapid.IntRange(0, 40).Draw(rt, label+" fields") {
				name := fmt.Sprintf("n%d", rapid.IntRange(0, width).Draw(rt, label))
				if seen[name] {
					want = append(want, prefix+name+" duplicate_key")
				}
				seen[name] = true
				row = append(row, stream.Field{Name: name, Value: "1"})
			}
			return row, want
		}
		inner, wantInner := draw("inner", "box.")
		outer, wantOuter := draw("outer", "")
		row := append(append(stream.Row{}, outer...), stream.Field{Name: "box", Value: inner})
		if rapid.Bool().Draw(rt, "box first") {
			row = append(stream.Row{{Name: "box", Value: inner}}, outer...)
		}
		var rejects []validate.Reject
		_, err := stream.Collect(s.Rows(stream.Of(row), validate.Options{Quarantine: stream.Into(&rejects), MaxErrors: 1000}))
		require.NoError(rt, err)
		var got []string
		if len(rejects) > 0 {
			got = pathsAndCodes(t, rejects[0])
		}
		require.ElementsMatch(rt, append(wantInner, wantOuter...), got)
	})
}

func BenchmarkRows_Fields(b *testing.B) {
	for _, n := range []int{8, 100, 10_000, 50_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s, row := readings(b), wideRow(n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := stream.Count(s.Rows(stream.Of(row), validate.Options{})); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/field")
		})
	}
}
