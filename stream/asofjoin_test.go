package stream_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/internal/table"
	"github.com/millrace-go/millrace/stream"
)

// quote is a row with a key and a time, in seconds; ID tells rows of one instant apart.
type quote struct {
	Key stream.Opt[int]
	Sec int
	ID  int
}

func (t quote) key() stream.Opt[int] { return t.Key }
func (t quote) at() time.Time        { return time.Unix(int64(t.Sec), 0) }

type asOfOut = stream.Joined[quote, quote]

// asOfModel looks at every right row for every left one.
func asOfModel(left, right []quote, o stream.AsOfOptions) (out []asOfOut) {
	for _, l := range left {
		var before, after *quote
		for i := range right {
			r := &right[i]
			if !l.Key.IsPresent() || r.Key != l.Key {
				continue
			}
			if r.Sec <= l.Sec {
				before = r
			}
			if r.Sec >= l.Sec && after == nil {
				after = r
			}
		}
		best := before
		switch {
		case o.Direction == stream.Forward:
			best = after
		case o.Direction == stream.Nearest && (before == nil || after != nil && after.Sec-l.Sec < l.Sec-before.Sec):
			best = after
		}
		row := asOfOut{Left: l, HasLeft: true}
		if best != nil && (o.Tolerance == 0 || best.at().Sub(l.at()).Abs() <= o.Tolerance) {
			row.Right, row.HasRight = *best, true
		}
		if row.HasRight || !o.MatchedOnly {
			out = append(out, row)
		}
	}
	return out
}

func quoteRows(r *rand.Rand, n, keys, step int) (out []quote) {
	sec := r.IntN(5)
	for i := range n {
		t := quote{stream.Present(r.IntN(keys)), sec, i}
		switch r.IntN(12) {
		case 0:
			t.Key = stream.Null[int]()
		case 1:
			t.Key = stream.Missing[int]()
		}
		out = append(out, t)
		sec += r.IntN(step)
	}
	return out
}

func TestAsOfJoin_Oracle(t *testing.T) {
	for seed := range joinCases(2000) {
		r := rand.New(rand.NewPCG(uint64(seed), 13))
		size := func() int { return []int{0, 1, 2, 5, 20, 60, 200}[r.IntN(7)] }
		keys, step := 1+r.IntN(100), 1+r.IntN(4)
		left, right := quoteRows(r, size(), keys, step), quoteRows(r, size(), keys, step)
		o := stream.AsOfOptions{
			Direction: []stream.AsOfDirection{stream.Backward, stream.Forward, stream.Nearest}[r.IntN(3)],
			Tolerance: time.Duration(r.IntN(4)*r.IntN(4)) * time.Second, MatchedOnly: r.IntN(2) == 0,
			ReadAhead: []int{0, 2, 256}[r.IntN(3)],
		}
		if r.IntN(2) == 0 {
			o.Resources.Memory = 1 << 20
		}
		restore := table.SetFar([]int{256, 0}[seed%2])
		got, err := stream.Collect(stream.AsOfJoin(stream.Of(left...), stream.Of(right...), quote.key, quote.key, quote.at, quote.at, o))
		restore()
		require.NoError(t, err)
		require.Equal(t, asOfModel(left, right, o), got, "seed %d, %+v", seed, o)
	}
}

func TestAsOfJoin_order(t *testing.T) {
	one := stream.Present(1)
	for _, c := range []struct {
		name        string
		left, right []quote
		input       int
		index       int64
	}{
		{"left", []quote{{one, 5, 0}, {one, 4, 1}}, nil, 0, 1},
		{"right", []quote{{one, 9, 0}}, []quote{{one, 1, 0}, {one, 3, 1}, {stream.Null[int](), 2, 2}}, 1, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := stream.Collect(stream.AsOfJoin(stream.Of(c.left...), stream.Of(c.right...), quote.key, quote.key, quote.at, quote.at, stream.AsOfOptions{}))
			var order *stream.OrderError
			require.ErrorAs(t, err, &order)
			require.Equal(t, c.input, order.Input)
			require.Equal(t, c.index, order.Index)
			require.ErrorIs(t, err, stream.ErrConflict)
		})
	}
}

// With a tolerance, keys that are too old are forgotten: any number of them passes within a small bound.
func TestAsOfJoin_tolerance_bounds_memory(t *testing.T) {
	fresh := stream.Map(numbers(50_000), func(i int) quote { return quote{stream.Present(i), i, i} })
	run := func(tolerance time.Duration, d stream.AsOfDirection) error {
		return stream.Drain(stream.AsOfJoin(fresh, fresh, quote.key, quote.key, quote.at, quote.at, stream.AsOfOptions{
			Direction: d, Tolerance: tolerance, Resources: stream.Resources{Memory: 64 << 10},
		}))
	}
	for _, d := range []stream.AsOfDirection{stream.Backward, stream.Forward, stream.Nearest} {
		require.NoError(t, run(10*time.Second, d), d)
	}
	require.ErrorIs(t, run(0, stream.Backward), stream.ErrLimit)
}

// Two thousand years back and a thousand ahead are both more than a time.Duration holds.
func TestAsOfJoin_nearest_beyond_durations(t *testing.T) {
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	one := func(int) int { return 1 }
	for want, right := range map[int][]int{3000: {1, 3000}, 1500: {1500, 3000}} {
		got, err := stream.Collect(stream.AsOfJoin(stream.Of(2026), stream.Of(right...), one, one, year, year, stream.AsOfOptions{Direction: stream.Nearest}))
		require.NoError(t, err)
		require.Equal(t, []stream.Joined[int, int]{{Left: 2026, Right: want, HasLeft: true, HasRight: true}}, got)
	}
}

func TestAsOfJoin_options(t *testing.T) {
	for want, o := range map[string]stream.AsOfOptions{
		"stream: AsOfJoin: Direction must be one of Backward, Forward, Nearest, got AsOfDirection(7)": {Direction: 7},
		"stream: AsOfJoin: Tolerance must be 0 or positive, got -1s":                                  {Tolerance: -time.Second},
		"stream: AsOfJoin: ReadAhead must be 0 or positive, got -1":                                   {ReadAhead: -1},
	} {
		_, err := stream.Collect(stream.AsOfJoin(stream.Of[quote](), stream.Of[quote](), quote.key, quote.key, quote.at, quote.at, o))
		require.EqualError(t, err, want)
	}
}

func init() {
	type ints = stream.Seq[int]
	at := func(s ints) stream.Seq[quote] {
		return stream.Map(stream.Enumerate(s), func(v stream.Indexed[int]) quote { return quote{stream.Present(1), int(v.Index), v.Value} })
	}
	fixed := stream.Of(quote{stream.Present(1), 1, 0}, quote{stream.Present(1), 4, 1})
	late := stream.Of(quote{stream.Present(1), 100, 0})
	register(contracttest.Ops{
		"AsOfJoin": func(t *testing.T) {
			t.Run("left", streaming(func(s ints) stream.Seq[asOfOut] {
				return stream.AsOfJoin(at(s), fixed, quote.key, quote.key, quote.at, quote.at, stream.AsOfOptions{})
			}))
			t.Run("right", waiting(func(s ints) stream.Seq[asOfOut] {
				return stream.AsOfJoin(late, at(s), quote.key, quote.key, quote.at, quote.at, stream.AsOfOptions{})
			}))
			t.Run("right_nearest", waiting(func(s ints) stream.Seq[asOfOut] {
				return stream.AsOfJoin(late, at(s), quote.key, quote.key, quote.at, quote.at, stream.AsOfOptions{Direction: stream.Nearest})
			}))
		},
	})
}

// Joins do not allocate per row.
func TestJoins_allocate_nothing_per_row(t *testing.T) {
	const n = 2000
	rows := stream.Map(numbers(n), func(i int) quote { return quote{stream.Present(i % 10), i, i} })
	id := func(q quote) int { return q.ID }
	for name, join := range map[string]stream.Seq[asOfOut]{
		"AsOfJoin":  stream.AsOfJoin(rows, rows, quote.key, quote.key, quote.at, quote.at, stream.AsOfOptions{Tolerance: time.Second, ReadAhead: 64}),
		"MergeJoin": stream.MergeJoin(rows, rows, id, id, stream.MergeJoinOptions{ReadAhead: 64}),
		"Join":      stream.Join(rows, stream.Take(rows, 5), id, id, stream.JoinOptions{Kind: stream.Left}),
	} {
		allocs := testing.AllocsPerRun(3, func() {
			if err := stream.Drain(join); err != nil {
				t.Fatal(err)
			}
		})
		require.Less(t, allocs, n/4.0, name)
	}
}

// The strings of rows that are held count, and are let go with them: by the next row of the key, by the left row that
// passes them, or by their age.
func TestAsOfJoin_memory_counts_strings(t *testing.T) {
	type doc struct {
		Key, At int
		Body    string
	}
	key := func(d doc) int { return d.Key }
	at := func(d doc) time.Time { return time.Unix(int64(d.At), 0) }
	body := strings.Repeat("x", 4000)
	run := func(rows, keys, ahead int, d stream.AsOfDirection, tolerance time.Duration) error {
		left := stream.Map(numbers(rows), func(i int) doc { return doc{Key: i % keys, At: i} })
		right := stream.Map(numbers(rows), func(i int) doc { return doc{i % keys, i + ahead, body} })
		o := stream.AsOfOptions{Direction: d, Tolerance: tolerance, Resources: stream.Resources{Memory: 64 << 10}}
		return stream.Drain(stream.AsOfJoin(left, right, key, key, at, at, o))
	}
	for _, d := range []stream.AsOfDirection{stream.Backward, stream.Forward, stream.Nearest} {
		for _, tolerance := range []time.Duration{0, 5 * time.Second} {
			require.NoError(t, run(1000, 3, 0, d, tolerance), "%v %v", d, tolerance)
			require.NoError(t, run(1000, 3, 2, d, tolerance), "%v %v", d, tolerance)
		}
	}
	require.NoError(t, run(1000, 1000, 0, stream.Backward, 5*time.Second), "keys too old are forgotten")
	require.ErrorIs(t, run(1000, 1000, 0, stream.Backward, 0), stream.ErrLimit)
	require.ErrorIs(t, run(1000, 1000, 0, stream.Nearest, 0), stream.ErrLimit)
	require.ErrorIs(t, run(1000, 1000, 500, stream.Forward, 0), stream.ErrLimit)
}
