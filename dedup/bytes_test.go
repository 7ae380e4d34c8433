package dedup

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// parcel has a field of each sort that its bytes have a rule for.
type parcel struct {
	ID     int
	Weight float64
	Tags   map[string]int
	Stops  []string
	Note   *string
	At     time.Time
	Due    stream.Opt[int16]
}

func TestByBytes_Table(t *testing.T) {
	text := func(s string) *string { return &s }
	noon := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	now := time.Now()
	forth, back := map[string]int{}, map[string]int{}
	for i := range 50 {
		forth[fmt.Sprint(i)] = i
		back[fmt.Sprint(49-i)] = 49 - i
	}
	for name, tt := range map[string]struct {
		a, b  parcel
		isTie bool
	}{
		"equal":                       {parcel{ID: 1}, parcel{ID: 1}, true},
		"one_field":                   {parcel{ID: 1}, parcel{ID: 2}, false},
		"maps_filled_in_other_orders": {parcel{Tags: forth}, parcel{Tags: back}, true},
		"maps_of_other_values":        {parcel{Tags: map[string]int{"a": 1, "b": 2}}, parcel{Tags: map[string]int{"a": 2, "b": 1}}, false},
		"nil_and_empty_map":           {parcel{}, parcel{Tags: map[string]int{}}, false},
		"nil_and_empty_slice":         {parcel{}, parcel{Stops: []string{}}, false},
		"seams_of_strings":            {parcel{Stops: []string{"ab", "c"}}, parcel{Stops: []string{"a", "bc"}}, false},
		"capacity":                    {parcel{Stops: make([]string, 1, 9)}, parcel{Stops: make([]string, 1)}, true},
		"pointers_to_equal_values":    {parcel{Note: text("x")}, parcel{Note: text("x")}, true},
		"nil_pointer":                 {parcel{}, parcel{Note: text("")}, false},
		"zeros":                       {parcel{Weight: 0}, parcel{Weight: math.Copysign(0, -1)}, false},
		"nan":                         {parcel{Weight: math.NaN()}, parcel{Weight: math.NaN()}, true},
		"zones_of_one_instant":        {parcel{At: noon}, parcel{At: noon.In(time.FixedZone("JST", 9*3600))}, false},
		"monotonic_reading":           {parcel{At: now}, parcel{At: now.Round(0)}, true},
		"null_and_missing":            {parcel{Due: stream.Null[int16]()}, parcel{Due: stream.Missing[int16]()}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := ByBytes[parcel]()
			there, back := c.compare(&tt.a, &tt.b), c.compare(&tt.b, &tt.a)
			require.Equal(t, tt.isTie, there == 0)
			require.Equal(t, -there, back)
		})
	}
	require.Equal(t, "ByBytes", ByBytes[parcel]().Name())
	require.Equal(t, "ByBytesFunc", ByBytesFunc(func(dst []byte, s string) []byte { return append(dst, s...) }).Name())
}

// A total order over rows: one of any two is better unless they have the same bytes, whichever is asked first, and
// never in a circle.
func TestByBytes_Law_TotalOrder(t *testing.T) {
	codec, err := rowcodec.New[parcel]()
	require.NoError(t, err)
	encoded := func(p parcel) []byte {
		b, err := codec.Append(nil, &p)
		require.NoError(t, err)
		return b
	}
	c := ByBytes[parcel]()
	for seed := range cases(t, 1000) {
		rows := streamtest.Random[parcel](uint64(seed), 5)
		copied := rows[0]
		copied.Tags, copied.Stops = maps.Clone(copied.Tags), slices.Clone(copied.Stops)
		rows = append(rows, copied)
		for i := range rows {
			for j := range rows {
				order := c.compare(&rows[i], &rows[j])
				require.Equal(t, -order, c.compare(&rows[j], &rows[i]), "seed %d", seed)
				require.Equal(t, bytes.Equal(encoded(rows[i]), encoded(rows[j])), order == 0, "seed %d", seed)
				for k := range rows {
					if order <= 0 && c.compare(&rows[j], &rows[k]) <= 0 {
						require.LessOrEqual(t, c.compare(&rows[i], &rows[k]), 0, "seed %d", seed)
					}
				}
			}
		}
		require.Zero(t, c.compare(&rows[0], &rows[len(rows)-1]), "seed %d", seed)
	}
}

// What it is for: with it in the last place, no shuffle of the input changes a survivor.
func TestByBytes_Law_OrderOfInputDoesNotMatter(t *testing.T) {
	c := []Comparator[parcel]{Max(func(p parcel) int { return p.ID & 1 }), ByBytes[parcel]()}
	own := []Comparator[parcel]{c[0], ByBytesFunc(func(dst []byte, p parcel) []byte { return fmt.Appendf(dst, "%d %v", p.ID, p.Stops) })}
	for seed := range cases(t, 300) {
		r := rand.New(rand.NewPCG(uint64(seed), 4))
		rows := streamtest.Random[parcel](uint64(seed), 12)
		for i := range rows {
			rows[i].ID &= 3 // so that rows of one ID and Stops differ, which only ByBytes sees
		}
		survivors := func(by []Comparator[parcel], tie Tie, show func(parcel) string) []string {
			var lines []string
			for p, err := range Run(stream.Of(rows...), func(p parcel) int { return p.ID & 2 }, Options[parcel]{By: by, Tie: tie}) {
				require.NoError(t, err)
				lines = append(lines, show(p))
			}
			slices.Sort(lines)
			return lines
		}
		whole := func(p parcel) string { return fmt.Sprintf("%+v", p) }
		part := func(p parcel) string { return fmt.Sprint(p.ID, p.Stops) } // what own looks at
		want, wantOwn := survivors(c, TieFirst, whole), survivors(own, TieFirst, part)
		for range 3 {
			r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			for _, tie := range []Tie{TieFirst, TieLast} {
				require.Equal(t, want, survivors(c, tie, whole), "seed %d", seed)
				require.Equal(t, wantOwn, survivors(own, tie, part), "seed %d", seed)
			}
		}
	}
}

func TestByBytes_TypesWithoutBytes(t *testing.T) {
	type hidden struct {
		ID    int
		Extra struct{ cause error }
	}
	_, err := newPlan("Best", Options[hidden]{By: []Comparator[hidden]{Max(func(h hidden) int { return h.ID }), ByBytes[hidden]()}})
	var option *stream.OptionError
	require.ErrorAs(t, err, &option)
	require.Equal(t, "By[1]", option.Option)
	require.ErrorContains(t, err, ".Extra.cause")
	require.ErrorContains(t, err, "ByBytesFunc")
}

// stubborn refuses to be written.
type stubborn struct{ n int }

var errStubborn = errors.New("not today")

func (s stubborn) MarshalBinary() ([]byte, error) {
	if s.n < 0 {
		return nil, errStubborn
	}
	return []byte{byte(s.n)}, nil
}
func (s *stubborn) UnmarshalBinary(b []byte) error { s.n = int(b[0]); return nil }

func TestByBytes_RowThatCannotBeWritten(t *testing.T) {
	compare := func(a, b int) int { return ByBytes[stubborn]().compare(&stubborn{a}, &stubborn{b}) }
	require.Negative(t, compare(1, 2))
	defer func() {
		err, _ := recover().(error)
		require.ErrorIs(t, err, errStubborn)
		require.ErrorContains(t, err, "dedup: ByBytes: ")
	}()
	compare(1, -1)
}

// One comparator serves several runs at once; and a comparison leaves nothing behind.
func TestByBytes_ConcurrentUse(t *testing.T) {
	c := ByBytes[parcel]()
	rows := streamtest.Random[parcel](1, 50)
	rows[0].Stops = []string{string(make([]byte, maxRowPair))} // too long to be kept
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for i := range rows {
				for _, j := range []int{0, i / 2, 49 - i} {
					if c.compare(&rows[i], &rows[j]) != -c.compare(&rows[j], &rows[i]) {
						t.Error("the comparator contradicts itself")
					}
				}
			}
		})
	}
	running.Wait()
}
