package stream_test

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/stream"
)

func init() {
	type ints = stream.Seq[int]
	itself := func(v int) int { return v }
	opts := map[string]stream.SortOptions{
		"in_memory":   {},
		"spilled":     {Resources: stream.Resources{Memory: 100}},
		"descending":  {Resources: stream.Resources{Memory: 150}, Descending: true},
		"two_workers": {Resources: stream.Resources{Memory: 200, Workers: 2}},
	}
	each := func(op func(ints, stream.SortOptions) ints) func(*testing.T) {
		return func(t *testing.T) {
			for name, o := range opts {
				t.Run(name, waiting(func(s ints) ints { return op(s, o) }))
			}
		}
	}
	register(contracttest.Ops{
		"Sort":     each(func(s ints, o stream.SortOptions) ints { return stream.Sort(s, itself, o) }),
		"SortFunc": each(func(s ints, o stream.SortOptions) ints { return stream.SortFunc(s, cmp.Compare[int], o) }),
	})
}

// delivery is a row to be sorted; Pos is its place in the input.
type delivery struct {
	Weight float64
	City   string
	Day    int8
	Pos    int
	Tags   []string
}

func deliveries(rng *rand.Rand, n int) []delivery {
	all := make([]delivery, n)
	spread, texts := 1+rng.IntN(50), rng.IntN(3)
	for i := range all {
		d := delivery{Weight: float64(rng.IntN(spread)) - 5, Day: int8(rng.IntN(spread)), Pos: i}
		switch rng.IntN(20) {
		case 0:
			d.Weight = math.NaN()
		case 1:
			d.Weight = math.Copysign(0, -1)
		case 2:
			d.Weight = math.Inf(-1)
		case 3:
			d.Tags = []string{"fragile"}
		}
		switch texts {
		case 0:
			d.City = strings.Repeat("x", rng.IntN(12)) + strconv.Itoa(rng.IntN(spread))
		case 1: // beginnings in common, of all and of many
			d.City = "a city by the name of " + strings.Repeat("Neu", rng.IntN(9)) + strconv.Itoa(rng.IntN(spread))
		case 2: // zeros at the end, and nothing
			d.City = strings.Repeat("\x00", rng.IntN(20))
		}
		all[i] = d
	}
	return all
}

// positions is what identifies an order of rows.
func positions(all []delivery) []int {
	pos := make([]int, len(all))
	for i, d := range all {
		pos[i] = d.Pos
	}
	return pos
}

// Whatever the key, the bound, the workers and the direction: the order is that of slices.SortStableFunc, and rows
// come back from disk whole.
func TestSort_Oracle(t *testing.T) {
	parent := t.TempDir()
	for seed := range uint64(cases(t, 1000)) {
		rng := rand.New(rand.NewPCG(seed, 3))
		n := rng.IntN(120)
		if seed%20 == 0 {
			n = 2000
		}
		all := deliveries(rng, n)
		opts := stream.SortOptions{
			Descending: rng.IntN(2) == 0,
			Resources: stream.Resources{
				Memory: []int64{0, 1 << 10, 64 << 10}[rng.IntN(3)], Workers: []int{1, 2, 8}[rng.IntN(3)], TempDir: parent,
			},
		}
		if rng.IntN(4) == 0 {
			opts.Resources.Budget, _ = stream.NewBudget(4 << 10)
		}
		in := stream.Of(all...)
		var compare func(a, b delivery) int
		var got []delivery
		var err error
		by := rng.IntN(4)
		switch by {
		case 0:
			compare = func(a, b delivery) int { return cmp.Compare(a.Weight, b.Weight) }
			got, err = stream.Collect(stream.Sort(in, func(d delivery) float64 { return d.Weight }, opts))
		case 1:
			compare = func(a, b delivery) int { return cmp.Compare(a.City, b.City) }
			got, err = stream.Collect(stream.Sort(in, func(d delivery) string { return d.City }, opts))
		case 2:
			compare = func(a, b delivery) int { return cmp.Compare(a.Day, b.Day) }
			got, err = stream.Collect(stream.Sort(in, func(d delivery) int8 { return d.Day }, opts))
		case 3:
			compare = func(a, b delivery) int {
				return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(len(a.City), len(b.City)))
			}
			got, err = stream.Collect(stream.SortFunc(in, compare, opts))
		}
		require.NoError(t, err, "seed %d", seed)
		want := slices.Clone(all)
		slices.SortStableFunc(want, func(a, b delivery) int {
			if opts.Descending {
				a, b = b, a
			}
			return compare(a, b)
		})
		require.Equal(t, positions(want), positions(got), "seed %d, key %d, %+v", seed, by, opts)
		for i := range got {
			require.Equal(t, math.Float64bits(want[i].Weight), math.Float64bits(got[i].Weight), "seed %d", seed)
			got[i].Weight, want[i].Weight = 0, 0
			require.Equal(t, want[i], got[i], "seed %d", seed)
		}
		if b := opts.Resources.Budget; b != nil {
			require.Zero(t, b.Used(), "seed %d", seed)
		}
	}
	require.Empty(t, dirNames(t, parent))
}

func dirNames(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Sizes at which the radix passes, slabs and passes of merging begin.
func TestSort_Edges(t *testing.T) {
	for _, n := range []int{0, 1, 2, 255, 256, 257, 4095, 4096, 4097, 20_000} {
		for _, memory := range []int64{0, 4 << 10, 256 << 10} {
			rng := rand.New(rand.NewPCG(uint64(n), 1))
			in := make([]uint64, n)
			for i := range in {
				in[i] = rng.Uint64() >> (8 * rng.IntN(8))
			}
			got, err := stream.Collect(stream.Sort(stream.Of(in...), func(v uint64) uint64 { return v },
				stream.SortOptions{Resources: stream.Resources{Memory: memory, TempDir: t.TempDir()}}))
			require.NoError(t, err)
			slices.Sort(in)
			require.True(t, slices.Equal(in, got), "%d rows, %d bytes", n, memory)
		}
	}
}

// Rows of every size, on both sides of where they are copied together, in memory and through files.
func TestSort_SizesOfRows(t *testing.T) {
	sortsRows(t, func(v int) [16]byte { return [16]byte{0: byte(v), 15: byte(v >> 8)} }, func(r [16]byte) int { return int(r[15])<<8 | int(r[0]) })
	sortsRows(t, func(v int) [2048]byte { return [2048]byte{0: byte(v), 2047: byte(v >> 8)} }, func(r [2048]byte) int { return int(r[2047])<<8 | int(r[0]) })
	sortsRows(t, func(v int) [5000]byte { return [5000]byte{0: byte(v), 4999: byte(v >> 8)} }, func(r [5000]byte) int { return int(r[4999])<<8 | int(r[0]) })
}

func sortsRows[T comparable](t *testing.T, row func(int) T, key func(T) int) {
	t.Helper()
	for _, n := range []int{0, 1, 2, 31, 32, 33, 64, 500} {
		var in, want []T
		for i := range n {
			in = append(in, row(i*7919%n))
			want = append(want, row(i))
		}
		for _, memory := range []int64{0, 128 << 10} {
			got, err := stream.Collect(stream.Sort(stream.Of(in...), key, stream.SortOptions{Resources: stream.Resources{Memory: memory, TempDir: t.TempDir()}}))
			require.NoError(t, err)
			require.True(t, slices.Equal(want, got), "%d rows of %T, %d of memory", n, row(0), memory)
		}
	}
}

// Temp files are there while the output is read, so that the test that they are gone afterwards means something.
func TestSort_Spills(t *testing.T) {
	parent := t.TempDir()
	opts := stream.SortOptions{Resources: stream.Resources{Memory: 1000, TempDir: parent}}
	for v, err := range stream.Sort(countdown(100), itself, opts) {
		require.NoError(t, err)
		require.Len(t, dirNames(t, parent), 1)
		if v == 50 {
			break
		}
	}
	require.Empty(t, dirNames(t, parent))
}

func itself(v int) int { return v }

func countdown(n int) stream.Seq[int] {
	return func(yield func(int, error) bool) {
		for i := n; i > 0 && yield(i, nil); i-- {
		}
	}
}

// Each fault of the disk surfaces, whatever was yielded before is right, and nothing is left.
func TestSort_Faults(t *testing.T) {
	const n = 500
	for _, c := range []struct {
		op    spill.Op
		fault spill.Faults
		class error
	}{
		{spill.OpCreate, spill.Faults{Err: syscall.EACCES}, fs.ErrPermission},
		{spill.OpWrite, spill.Faults{Err: syscall.ENOSPC}, syscall.ENOSPC},
		{spill.OpWrite, spill.Faults{Lost: true}, stream.ErrCorrupt},
		{spill.OpWrite, spill.Faults{Flip: true, Bit: 300}, stream.ErrCorrupt},
		{spill.OpRead, spill.Faults{Err: syscall.EIO}, syscall.EIO},
		{spill.OpRead, spill.Faults{Flip: true, Bit: 77}, stream.ErrCorrupt},
		{spill.OpRemove, spill.Faults{Err: syscall.EBUSY}, syscall.EBUSY},
	} {
		surfaced := 0
		for at := 1; ; at++ {
			for _, workers := range []int{1, 2} {
				parent := t.TempDir()
				c.fault.Op, c.fault.At = c.op, at
				restore := spill.Inject(parent, c.fault)
				opts := stream.SortOptions{Resources: stream.Resources{Memory: 4 << 10, Workers: workers, TempDir: parent}}
				got, err := stream.Collect(stream.Sort(countdown(n), itself, opts))
				restore()
				for i, v := range got {
					require.Equal(t, i+1, v)
				}
				if err == nil {
					require.Len(t, got, n)
					continue
				}
				surfaced++
				var e *stream.SpillError
				require.ErrorAs(t, err, &e, "%s %d", c.op, at)
				require.ErrorIs(t, err, c.class, "%s %d", c.op, at)
				require.Contains(t, e.File, parent)
				require.ErrorContains(t, err, "stream: Sort: spill: ")
				if c.op != spill.OpRemove {
					require.Empty(t, dirNames(t, parent), "%s %d", c.op, at)
				}
			}
			if surfaced < 2*at { // past the last call of the kind
				break
			}
		}
		require.Positive(t, surfaced, "%s", c.op)
	}
}

func TestSort_Errors(t *testing.T) {
	type secret struct{ hidden int }
	_, err := stream.Collect(stream.Sort(stream.Of(secret{1}), func(s secret) int { return s.hidden },
		stream.SortOptions{Resources: stream.Resources{Memory: 1000}}))
	var option *stream.OptionError
	require.ErrorAs(t, err, &option)
	require.Equal(t, "Codec", option.Option)
	got, err := stream.Collect(stream.Sort(stream.Of(secret{2}, secret{1}), func(s secret) int { return s.hidden }, stream.SortOptions{}))
	require.NoError(t, err)
	require.Equal(t, []secret{{1}, {2}}, got)

	_, err = stream.Collect(stream.Sort(countdown(3), itself, stream.SortOptions{Codec: "none"}))
	require.ErrorAs(t, err, &option)

	_, err = stream.Collect(stream.Sort(countdown(3), itself, stream.SortOptions{Resources: stream.Resources{Memory: -1}}))
	require.ErrorAs(t, err, &option)

	// One row that does not fit, after others that do; and a row that just fits.
	for size, fits := range map[int]bool{900: true, 1100: false} {
		rows := stream.Of("b", strings.Repeat("c", size), "a")
		got, err := stream.Collect(stream.Sort(rows, func(s string) string { return s },
			stream.SortOptions{Resources: stream.Resources{Memory: 1024, TempDir: t.TempDir()}}))
		if !fits {
			var limit *stream.LimitError
			require.ErrorAs(t, err, &limit)
			require.Equal(t, int64(1024), limit.Limit)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b", strings.Repeat("c", size)}, got)
	}
}

// A panic of compare on a worker comes out in the loop, with nothing left behind.
func TestSort_WorkerPanics(t *testing.T) {
	parent := t.TempDir()
	opts := stream.SortOptions{Resources: stream.Resources{Memory: 2000, Workers: 2, TempDir: parent}}
	compare := func(a, b int) int {
		if a == 7 || b == 7 {
			panic("seven")
		}
		return cmp.Compare(a, b)
	}
	require.Panics(t, func() { stream.Drain(stream.SortFunc(countdown(1000), compare, opts)) })
	require.Empty(t, dirNames(t, parent))
}

// decodePanics is a codec that panics when it has read so many rows.
type decodePanics struct{ left *atomic.Int64 }

func (decodePanics) Append(dst []byte, v *int) ([]byte, error) {
	return append(dst, byte(*v), byte(*v>>8)), nil
}

func (c decodePanics) Decode(src []byte, v *int) ([]byte, error) {
	if c.left.Add(-1) == 0 {
		panic("enough")
	}
	*v = int(src[0]) | int(src[1])<<8
	return src[2:], nil
}

func (decodePanics) Held(*int) int64 { return 0 }

// So does a panic of the codec, on whichever goroutine reads ahead, after rows that are right.
func TestSort_CodecPanics(t *testing.T) {
	const n = 2000
	for _, workers := range []int{1, 2, 4} {
		for left := 1; left < 2*n; left += 97 {
			parent, next := t.TempDir(), 1
			codec := decodePanics{new(atomic.Int64)}
			codec.left.Store(int64(left))
			opts := stream.SortOptions{Codec: codec, Resources: stream.Resources{Memory: 8 << 10, Workers: workers, TempDir: parent}}
			panicked := func() (panicked bool) {
				defer func() { panicked = recover() != nil }()
				for v, err := range stream.Sort(countdown(n), itself, opts) {
					require.NoError(t, err)
					require.Equal(t, next, v)
					next++
				}
				return false
			}()
			require.Equal(t, codec.left.Load() <= 0, panicked, "%d workers, panic after %d", workers, left)
			require.Empty(t, dirNames(t, parent))
		}
	}
}

// The bound holds: what is live while the input is read, and while the output is, is at most Memory and a little.
func TestSort_Memory(t *testing.T) {
	const memory, rows = 1 << 20, 100_000
	for _, workers := range []int{1, 2} {
		opts := stream.SortOptions{Resources: stream.Resources{Memory: memory, Workers: workers, TempDir: t.TempDir()}}
		before := liveBytes()
		most := uint64(0)
		look := func(i int) {
			if i%(rows/8) == rows/16 {
				most = max(most, liveBytes()-before)
			}
		}
		// 32 bytes are what the allocator takes for 32, so that what is booked can be held against what is live.
		in := func(yield func(string, error) bool) {
			rng := rand.New(rand.NewPCG(1, 1))
			for i := range rows {
				look(i)
				if !yield(fmt.Sprintf("key of this row %016x", rng.Uint64()), nil) {
					return
				}
			}
		}
		n, last := 0, ""
		for v, err := range stream.Sort(in, func(s string) string { return s[len(s)-16:] }, opts) {
			require.NoError(t, err)
			look(n)
			require.LessOrEqual(t, last, v)
			n, last = n+1, v
		}
		require.Equal(t, rows, n)
		require.LessOrEqual(t, most, uint64(memory+memory/4), "%d workers", workers)
	}
}

func liveBytes() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What was read before the error of the input goes nowhere, and neither do its files.
func TestSort_InputFails(t *testing.T) {
	parent := t.TempDir()
	var reads atomic.Int64
	in := func(yield func(int, error) bool) {
		for range 1000 {
			reads.Add(1)
			if !yield(1, nil) {
				return
			}
		}
		yield(0, errBoom)
	}
	got, err := stream.Collect(stream.Sort(in, itself, stream.SortOptions{Resources: stream.Resources{Memory: 1000, Workers: 2, TempDir: parent}}))
	require.ErrorIs(t, err, errBoom)
	require.Empty(t, got)
	require.Empty(t, dirNames(t, parent))
	require.True(t, errors.Is(err, errBoom))
}

// A bound that the input passes some hundred times over: what is known of runs and blocks on disk does not add up.
func TestSort_MemoryManyTimes(t *testing.T) {
	const memory, rows = 64 << 10, 600_000
	for _, workers := range []int{1, 3} {
		before, most, n := int64(liveBytes()), int64(0), 0
		in := func(yield func(uint64, error) bool) {
			rng := rand.New(rand.NewPCG(7, 7))
			for i := range rows {
				if i%(rows/4) == rows/8 {
					most = max(most, int64(liveBytes())-before)
				}
				if !yield(rng.Uint64(), nil) {
					return
				}
			}
		}
		last := uint64(0)
		for v, err := range stream.Sort(in, func(v uint64) uint64 { return v }, stream.SortOptions{Resources: stream.Resources{Memory: memory, Workers: workers, TempDir: t.TempDir()}}) {
			require.NoError(t, err)
			require.LessOrEqual(t, last, v)
			if n%(rows/4) == rows/8 {
				most = max(most, int64(liveBytes())-before)
			}
			last, n = v, n+1
		}
		require.Equal(t, rows, n)
		require.LessOrEqual(t, most, int64(3*memory), "%d workers", workers) // what the test itself leaves included
	}
}

// A codec that makes use of what *v holds already is given nothing: rows that were yielded stay as they are.
func TestSort_CodecThatReuses(t *testing.T) {
	type row struct {
		K    int
		Tags []int `json:",omitempty"`
	}
	var want []row
	for i := range 3000 {
		want = append(want, row{K: i, Tags: make([]int, i%3)})
		for j := range want[i].Tags {
			want[i].Tags[j] = i
		}
	}
	in := slices.Clone(want)
	rand.New(rand.NewPCG(3, 3)).Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
	for _, workers := range []int{1, 2} {
		got, err := stream.Collect(stream.Sort(stream.Of(in...), func(r row) int { return r.K }, stream.SortOptions{
			Resources: stream.Resources{Memory: 64 << 10, Workers: workers, TempDir: t.TempDir()}, Codec: jsonCodec[row]{}}))
		require.NoError(t, err)
		require.Len(t, got, len(want))
		for i := range got {
			require.Equal(t, want[i].K, got[i].K)
			require.True(t, slices.Equal(want[i].Tags, got[i].Tags), "row %d: %v, want %v", i, got[i].Tags, want[i].Tags)
		}
	}
}

// jsonCodec lets json.Unmarshal reuse what it finds.
type jsonCodec[T any] struct{}

func (jsonCodec[T]) Append(dst []byte, v *T) ([]byte, error) {
	b, err := json.Marshal(v)
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...), err
}

func (jsonCodec[T]) Decode(src []byte, v *T) ([]byte, error) {
	n, size := binary.Uvarint(src)
	if size <= 0 || n > uint64(len(src)-size) {
		return nil, errors.New("short row")
	}
	src = src[size:]
	return src[n:], json.Unmarshal(src[:n], v)
}

func (jsonCodec[T]) Held(*T) int64 { return 64 }
