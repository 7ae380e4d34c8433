package stream_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/internal/table"
	"github.com/millrace-go/millrace/stream"
)

func init() {
	type ints = stream.Seq[int]
	parity := func(v int) int { return v % 2 }
	register(contracttest.Ops{
		"Lag":       streaming(func(s ints) stream.Seq[stream.Pair[int, stream.Opt[int]]] { return stream.Lag(s, parity, 2) }),
		"RowNumber": streaming(func(s ints) stream.Seq[stream.Indexed[int]] { return stream.RowNumber(s, parity) }),
		"Running":   streaming(func(s ints) stream.Seq[stream.Pair[int, int]] { return stream.Running(s, parity, sum) }),
		"Lead": func(t *testing.T) {
			one := func(int) int { return 0 }
			t.Run("by_one", waiting(func(s ints) stream.Seq[stream.Pair[int, stream.Opt[int]]] { return stream.Lead(s, parity, 1) }))
			t.Run("one_group", waiting(func(s ints) stream.Seq[stream.Pair[int, stream.Opt[int]]] { return stream.Lead(s, one, 3) }))
		},
	})
}

// cases is how many random cases a law of the windows tries: short of them in go test, as many as the environment
// variable MILLRACE_HUNT says in a hunt.
func cases(t testing.TB, short int) int {
	t.Helper()
	if testing.Short() {
		short = min(short, 20)
	}
	if text := os.Getenv("MILLRACE_HUNT"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err, "MILLRACE_HUNT")
		return n
	}
	return short
}

// eachCase runs law on n seeded generators; a failure names the seed.
func eachCase(t *testing.T, short int, law func(t require.TestingT, r *rand.Rand)) {
	t.Helper()
	for seed := range uint64(cases(t, short)) {
		func() {
			defer table.SetFar([]int{256, 0, 3}[seed%3])() // tables whose homes are scattered, too
			law(seeded{t, seed}, rand.New(rand.NewPCG(seed, 0x77696e646f77)))
		}()
	}
}

// seeded adds the seed to what a failed case says.
type seeded struct {
	t    *testing.T
	seed uint64
}

func (s seeded) Errorf(format string, args ...any) {
	s.t.Helper()
	s.t.Errorf("case %d: %s", s.seed, fmt.Sprintf(format, args...))
}

func (s seeded) FailNow() { s.t.FailNow() }

// row is an element with a key and its position, so that no two are alike.
type row struct {
	Key float64
	At  int
}

func (r row) key() float64 { return r.Key }

// The oracle cuts the input into groups by ChunkBy and indexes into them.
func TestRowWindows_Oracle(t *testing.T) {
	keys := []float64{1, 1, 2, math.NaN(), 0, math.Copysign(0, -1)}
	eachCase(t, 1000, func(t require.TestingT, r *rand.Rand) {
		rows := make([]row, r.IntN(40))
		stay := r.IntN(10) // how often a key stays, of 10
		for i := range rows {
			rows[i] = row{Key: keys[r.IntN(len(keys))], At: i}
			if i > 0 && r.IntN(10) < stay {
				rows[i].Key = rows[i-1].Key
			}
		}
		n := 1 + r.IntN(9)
		var lag, lead []stream.Pair[row, stream.Opt[row]]
		var numbers []stream.Indexed[row]
		var running []stream.Pair[row, string]
		for c, err := range stream.ChunkBy(stream.Of(rows...), row.key) {
			require.NoError(t, err)
			at := func(i int) stream.Opt[row] {
				if i < 0 || i >= len(c.Values) {
					return stream.Missing[row]()
				}
				return stream.Present(c.Values[i])
			}
			text := ""
			for i, v := range c.Values {
				lag = append(lag, stream.Pair[row, stream.Opt[row]]{First: v, Second: at(i - n)})
				lead = append(lead, stream.Pair[row, stream.Opt[row]]{First: v, Second: at(i + n)})
				numbers = append(numbers, stream.Indexed[row]{Index: i, Value: v})
				text += "," + strconv.Itoa(v.At)
				running = append(running, stream.Pair[row, string]{First: v, Second: text})
			}
		}
		s := stream.Of(rows...)
		list := stream.Fold[row, string]{Add: func(acc *string, v row) { *acc += "," + strconv.Itoa(v.At) }}
		sameElements(t, lag, stream.Lag(s, row.key, n))
		sameElements(t, lead, stream.Lead(s, row.key, n))
		sameElements(t, numbers, stream.RowNumber(s, row.key))
		sameElements(t, running, stream.Running(s, row.key, list))
	})
}

// sameElements compares by text, since NaN is not equal to itself.
func sameElements[T any](t require.TestingT, want []T, s stream.Seq[T]) {
	got, err := stream.Collect(s)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(want), fmt.Sprint(got))
}

func TestRowWindows_Refuse(t *testing.T) {
	pulls := 0
	source := countPulls(stream.Of(1, 2), &pulls)
	same := func(v int) int { return v }
	pointer := func(v int) *int { return &v }
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"lag_zero":         {stream.Drain(stream.Lag(source, same, 0)), "stream: Lag: n must be positive, got 0"},
		"lead_negative":    {stream.Drain(stream.Lead(source, same, -3)), "stream: Lead: n must be positive, got -3"},
		"lag_pointer":      {stream.Drain(stream.Lag(source, pointer, 1)), "stream: Lag: key type must be comparable"},
		"lead_pointer":     {stream.Drain(stream.Lead(source, pointer, 1)), "stream: Lead: key type must be comparable"},
		"number_pointer":   {stream.Drain(stream.RowNumber(source, pointer)), "stream: RowNumber: key type must be comparable"},
		"running_pointer":  {stream.Drain(stream.Running(source, pointer, sum)), "stream: Running: key type must be comparable"},
		"lag_pointer_zero": {stream.Drain(stream.Lag(source, pointer, 0)), "stream: Lag: n must be positive, got 0"},
	} {
		var typed *stream.OptionError
		require.ErrorAs(t, c.err, &typed, name)
		require.ErrorContains(t, c.err, c.want, name)
	}
	require.Zero(t, pulls)

	bad := []any{1, 1, []int{2}}
	got, err := stream.Collect(stream.Lag(stream.Of(0, 1, 2), func(v int) any { return bad[v] }, 1))
	require.Len(t, got, 2)
	var typed *stream.KeyError
	require.ErrorAs(t, err, &typed)
	require.EqualValues(t, 2, typed.Index)

	require.PanicsWithValue(t, "stream: Lag: nil sequence", func() { stream.Lag(nil, same, 1) })
	require.PanicsWithValue(t, "stream: Lead: nil key", func() { stream.Lead[int, int](source, nil, 1) })
	require.PanicsWithValue(t, "stream: RowNumber: nil sequence", func() { stream.RowNumber(nil, same) })
	require.PanicsWithValue(t, "stream: Running: nil fold.Add", func() { stream.Running(source, same, stream.Fold[int, int]{}) })
}

// Lead hands out nothing whose follower is unknown because the input failed.
func TestLead_ErrorKeepsTheWaitingBack(t *testing.T) {
	got, err := stream.Collect(stream.Lead(failAfter(errBoom, 1, 1, 1, 2, 2), func(v int) int { return v }, 2))
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, "[{1 1} {1 missing} {1 missing}]", fmt.Sprint(got))
}

// Lead holds n elements and not one more.
func TestLead_ReadsNAhead(t *testing.T) {
	const n, size = 3, 10
	pulls, out := 0, 0
	for _, err := range stream.Lead(countPulls(stream.From(upTo(size)), &pulls), func(int) int { return 0 }, n) {
		require.NoError(t, err)
		out++
		require.Equal(t, min(out+n, size), pulls, "output %d", out)
	}
	require.Equal(t, size, out)
}

// A distance far beyond any group reserves nothing for it.
func TestLag_HugeDistance(t *testing.T) {
	got := collect(t, stream.Lag(stream.Of(1, 1, 1), func(v int) int { return v }, math.MaxInt))
	require.False(t, slices.ContainsFunc(got, func(p stream.Pair[int, stream.Opt[int]]) bool { return !p.Second.IsMissing() }))
	require.Len(t, got, 3)
}

func TestRowWindows_AllocateNothingPerElement(t *testing.T) {
	parity := func(v int) int { return v / 64 }
	for name, op := range map[string]func(stream.Seq[int]) error{
		"Lag":       func(s stream.Seq[int]) error { return stream.Drain(stream.Lag(s, parity, 3)) },
		"Lead":      func(s stream.Seq[int]) error { return stream.Drain(stream.Lead(s, parity, 3)) },
		"RowNumber": func(s stream.Seq[int]) error { return stream.Drain(stream.RowNumber(s, parity)) },
		"Running":   func(s stream.Seq[int]) error { return stream.Drain(stream.Running(s, parity, sum)) },
	} {
		run := func(n int) float64 {
			return fewestAllocs(5, func() {
				if err := op(stream.From(upTo(n))); err != nil {
					t.Fatal(err)
				}
			})
		}
		require.Equal(t, run(100), run(10_000), name)
	}
}

// BenchmarkRowWindows runs each over 1 M rows in groups of some ten, against the loop one would write.
func BenchmarkRowWindows(b *testing.B) {
	rows := make([]userType, 1_000_000)
	for i := range rows {
		rows[i] = userType{User: uint64(i) / 10, Type: uint32(i)}
	}
	user := func(k userType) uint64 { return k.User }
	total := stream.Fold[userType, uint64]{Add: func(acc *uint64, k userType) { *acc += uint64(k.Type) }}
	drain := func(b *testing.B, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	var check uint64
	for name, run := range map[string]func(b *testing.B){
		"lag/stream":        func(b *testing.B) { drain(b, stream.Drain(stream.Lag(stream.Of(rows...), user, 1))) },
		"lead/stream":       func(b *testing.B) { drain(b, stream.Drain(stream.Lead(stream.Of(rows...), user, 1))) },
		"row_number/stream": func(b *testing.B) { drain(b, stream.Drain(stream.RowNumber(stream.Of(rows...), user))) },
		"running/stream":    func(b *testing.B) { drain(b, stream.Drain(stream.Running(stream.Of(rows...), user, total))) },
		"lag/loop": func(*testing.B) {
			for i, v := range rows {
				if i > 0 && rows[i-1].User == v.User {
					check += uint64(rows[i-1].Type)
				}
			}
		},
		"running/loop": func(*testing.B) {
			var acc uint64
			for i, v := range rows {
				if i > 0 && rows[i-1].User != v.User {
					acc = 0
				}
				acc += uint64(v.Type)
				check += acc
			}
		},
		"lag/drain_only": func(b *testing.B) { drain(b, stream.Drain(stream.Of(rows...))) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run(b)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows)), "ns/row")
		})
	}
	_ = check
}
