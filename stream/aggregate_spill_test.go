package stream

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/internal/table"
)

// spillCases is how many random cases a law tries: a thousand, or what the environment asks for in a hunt.
func spillCases(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("MILLRACE_HUNT")); err == nil {
		return n
	}
	if testing.Short() {
		return 100
	}
	return 1000
}

// purchase is a row with everything that has to come back as it was.
type purchase struct {
	User   string
	Amount float64
	Tags   []string
}

// tinyPlan draws sizes that put every boundary within reach of some hundred rows.
func tinyPlan(r *rand.Rand) *radixPlan {
	return &radixPlan{
		bits: uint(1 + r.IntN(3)), stage: 1 + r.IntN(20), splitAt: 1 + r.IntN(40), block: 1 + r.IntN(200),
		step: int64(r.IntN(200)), floor: int64(1000 + r.IntN(1000)),
	}
}

// metamorphic runs one aggregation under many plans, bounds and workers; all must give what the map loop gives.
func metamorphic[T any, K comparable, A any](t *testing.T, spilled *Stage, seed uint64, rows []T, key func(T) K, fold Fold[T, A]) {
	r := rand.New(rand.NewPCG(seed, 1))
	rows = byHashOfKey(r, rows, key)
	want := naiveAggregate(t, rows, key, fold)
	dir := t.TempDir()
	for range 4 {
		opts := AggregateOptions{Resources: Resources{Workers: []int{0, 1, 2, 8}[r.IntN(4)], TempDir: dir, Stage: spilled}}
		if r.IntN(4) > 0 {
			// An accumulator that came back from disk grows from its length, to up to twice the capacity of want.
			opts.Resources.Memory = 4*widest(want, fold.Size) + int64(1)<<r.IntN(16)
		}
		plan := tinyPlan(r)
		if r.IntN(6) == 0 {
			plan = nil
		}
		restore := table.SetFar([]int{256, 16, 6}[r.IntN(3)])
		got, err := Collect(aggregateWith("Aggregate", Of(rows...), key, fold, opts, plan))
		restore()
		require.NoError(t, err, "seed %d, %+v, %+v", seed, opts, plan)
		require.Equal(t, fmt.Sprint(want), fmt.Sprint(got), "seed %d, %+v, %+v", seed, opts, plan)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left, "seed %d, %+v: files are left", seed, opts)
	}
}

// widest is the size of the largest accumulator: one that passes the bound by itself is an error.
func widest[K comparable, A any](groups []Keyed[K, A], size func(*A) int) (bytes int64) {
	for i := range groups {
		if size != nil {
			bytes = max(bytes, int64(size(&groups[i].Value)))
		}
	}
	return bytes
}

// naiveAggregate compares every key with every group, and sorts the groups by hash.
func naiveAggregate[T any, K comparable, A any](t *testing.T, rows []T, key func(T) K, fold Fold[T, A]) []Keyed[K, A] {
	h, err := hash.New[K]()
	require.NoError(t, err)
	var groups []Keyed[K, A]
	for _, row := range rows {
		k := key(row)
		at := slices.IndexFunc(groups, func(g Keyed[K, A]) bool { return h.Equal(&g.Key, &k) })
		if at < 0 {
			at = len(groups)
			groups = append(groups, Keyed[K, A]{Key: k, Value: fold.Init()})
		}
		fold.Add(&groups[at].Value, row)
	}
	slices.SortStableFunc(groups, func(a, b Keyed[K, A]) int { return cmp.Compare(h.Hash(&a.Key, 0), h.Hash(&b.Key, 0)) })
	return groups
}

func TestAggregate_Law_SameBytesWhateverTheMemory(t *testing.T) {
	type composite struct {
		User string
		Big  bool
	}
	total := Fold[purchase, float64]{Add: func(acc *float64, p purchase) { *acc += p.Amount }}
	tags := Fold[purchase, []string]{
		Add:  func(acc *[]string, p purchase) { *acc = append(*acc, p.Tags...) },
		Size: func(acc *[]string) int { return 24 * cap(*acc) },
	}
	count := Fold[purchase, int]{Add: func(acc *int, _ purchase) { *acc++ }, Blind: true}
	meters := NewMeters(MetersOptions{})
	spilled := meters.Stage("spilled")
	defer func() { require.Positive(t, meters.Stats().Stages[0].SpillBytes, "nothing was spilled") }()
	for seed := range uint64(spillCases(t)) {
		r := rand.New(rand.NewPCG(seed, 0))
		rows := make([]purchase, r.IntN(300))
		users := 1 + r.IntN(200)
		for i := range rows {
			u := r.IntN(users)
			if r.IntN(3) == 0 {
				u = 0 // hot
			}
			rows[i] = purchase{User: "user-" + strconv.Itoa(u), Amount: math.Ldexp(r.Float64(), r.IntN(60)), Tags: []string{strconv.Itoa(i)}}
			if r.IntN(5) == 0 {
				rows[i].Amount = math.NaN()
			}
		}
		switch seed % 5 {
		case 0:
			metamorphic(t, spilled, seed, rows, func(p purchase) string { return p.User }, total)
		case 1:
			metamorphic(t, spilled, seed, rows, func(p purchase) composite { return composite{p.User, p.Amount > 1} }, tags)
		case 2:
			metamorphic(t, spilled, seed, rows, func(p purchase) float64 { return p.Amount }, tags)
		case 3:
			metamorphic(t, spilled, seed, rows, func(p purchase) [1]Opt[int] { return [1]Opt[int]{Present(len(p.User))} }, total)
		case 4:
			metamorphic(t, spilled, seed, rows, func(p purchase) string { return p.User }, count)
		}
	}
}

// Under any bound GroupBy gives each group all its elements, in their order.
func TestGroupBy_Law_SameBytesWhateverTheMemory(t *testing.T) {
	keep := Fold[purchase, []purchase]{Add: func(acc *[]purchase, p purchase) { *acc = append(*acc, p) }}
	user := func(p purchase) string { return p.User }
	meters := NewMeters(MetersOptions{})
	spilled := meters.Stage("spilled")
	defer func() { require.Positive(t, meters.Stats().Stages[0].SpillBytes, "nothing was spilled") }()
	for seed := range uint64(spillCases(t)) {
		r := rand.New(rand.NewPCG(seed, 2))
		rows := make([]purchase, r.IntN(600))
		users := 1 + r.IntN(300)
		for i := range rows {
			rows[i] = purchase{User: "user-" + strconv.Itoa(r.IntN(users)), Amount: float64(i), Tags: make([]string, r.IntN(3))}
		}
		rows = byHashOfKey(r, rows, user)
		want := naiveAggregate(t, rows, user, keep)
		largest := 0
		for _, g := range want {
			largest = max(largest, len(g.Value))
		}
		// A group that came back from disk grows from its length, to up to twice the capacity it needs.
		opts := AggregateOptions{Resources: Resources{Memory: int64(400*largest) + 1<<r.IntN(16), Workers: r.IntN(3), TempDir: t.TempDir(), Stage: spilled}}
		restore := table.SetFar([]int{256, 16, 6}[r.IntN(3)])
		got, err := Collect(GroupBy(Of(rows...), user, opts))
		restore()
		require.NoError(t, err, "seed %d, %+v", seed, opts)
		require.Equal(t, want, got, "seed %d, %+v", seed, opts)
	}
}

// boundedRun is one aggregation that spills much, in three passes.
func boundedRun(dir string, workers int) ([]Keyed[int, int], error) {
	plan := &radixPlan{bits: 2, stage: 5, splitAt: 8, block: 64, floor: 1500}
	count := Fold[int, int]{Add: func(n *int, v int) { *n += v }}
	opts := AggregateOptions{Resources: Resources{Memory: 4 << 10, TempDir: dir, Workers: workers}}
	values := make([]int, 3000)
	for i := range values {
		values[i] = i
	}
	return Collect(aggregateWith("Aggregate", Of(values...), func(v int) int { return v % 900 }, count, opts, plan))
}

// Whatever fails, and whenever: the right groups or an error that names the file, and nothing left.
func TestAggregate_Faults(t *testing.T) {
	boom := errors.New("boom")
	want, err := boundedRun(t.TempDir(), 0)
	require.NoError(t, err)
	for _, op := range []spill.Op{spill.OpCreate, spill.OpWrite, spill.OpRead} {
		for _, fault := range []spill.Faults{{Err: boom}, {Flip: true, Bit: 777}, {Lost: true}} {
			fault.Op = op
			if fault.Err == nil && (op == spill.OpCreate || op == spill.OpRead && fault.Lost) {
				continue
			}
			failed := 0
			for at := 1; at < 4000; at += at {
				for _, workers := range []int{0, 2} {
					fault.At = at
					dir := t.TempDir()
					restore := spill.Inject(dir, fault)
					got, err := boundedRun(dir, workers)
					restore()
					if err != nil {
						failed++
						var typed *SpillError
						require.ErrorAs(t, err, &typed)
						require.Equal(t, "Aggregate", typed.Func)
						require.Contains(t, typed.File, dir)
						if fault.Err != nil {
							require.ErrorIs(t, err, boom)
						} else {
							require.ErrorIs(t, err, ErrCorrupt)
						}
						require.Subset(t, want, got)
					} else {
						require.Equal(t, want, got)
					}
					left, err := os.ReadDir(dir)
					require.NoError(t, err)
					require.Empty(t, left, "%s %d: files are left", op, at)
				}
			}
			require.Positive(t, failed, "%s: no fault was met", op)
		}
	}
}

// One accumulator larger than all memory is the one thing that no partition makes smaller.
func TestAggregate_OneAccumulatorPassesTheBound(t *testing.T) {
	all := Fold[int, []int]{
		Add:  func(acc *[]int, v int) { *acc = append(*acc, v) },
		Size: func(acc *[]int) int { return 8 * cap(*acc) },
	}
	run := func(memory int64) ([]Keyed[int, []int], error) {
		opts := AggregateOptions{Resources: Resources{Memory: memory, TempDir: t.TempDir()}}
		return Collect(Aggregate(Of(make([]int, 10_000)...), func(int) int { return 7 }, all, opts))
	}
	got, err := run(1 << 20)
	require.NoError(t, err)
	require.Len(t, got[0].Value, 10_000)
	_, err = run(32 << 10)
	var typed *LimitError
	require.ErrorAs(t, err, &typed)
	require.EqualValues(t, 32<<10, typed.Limit)
	require.Greater(t, typed.Need, typed.Limit)
}

// opaque has state that no codec can see.
type opaque struct{ v int }

// opaqueCodec writes one byte.
type opaqueCodec struct{}

func (opaqueCodec) Append(dst []byte, v *opaque) ([]byte, error) { return append(dst, byte(v.v)), nil }
func (opaqueCodec) Held(*opaque) int64                           { return 0 }
func (opaqueCodec) Decode(src []byte, v *opaque) ([]byte, error) {
	if len(src) == 0 {
		return src, errors.New("no byte")
	}
	v.v = int(src[0])
	return src[1:], nil
}

func TestAggregate_Codec(t *testing.T) {
	rows := make([]opaque, 200)
	for i := range rows {
		rows[i].v = i % 100
	}
	count := Fold[opaque, int]{Add: func(n *int, _ opaque) { *n++ }}
	run := func(codec any, memory int64) ([]Keyed[int, int], error) {
		opts := AggregateOptions{Resources: Resources{Memory: memory, TempDir: t.TempDir()}, Codec: codec}
		plan := &radixPlan{bits: 2, stage: 5, splitAt: 8, block: 64, floor: 1500}
		return Collect(aggregateWith("Aggregate", Of(rows...), func(o opaque) int { return o.v }, count, opts, plan))
	}
	want, err := run(nil, 0)
	require.NoError(t, err, "no codec is needed without a bound")
	got, err := run(opaqueCodec{}, 1<<10)
	require.NoError(t, err)
	require.Equal(t, want, got)

	var typed *OptionError
	_, err = run(nil, 1<<10)
	require.ErrorAs(t, err, &typed)
	require.Equal(t, "Codec", typed.Option)
	require.ErrorContains(t, err, ".v")
	_, err = run("gob", 0)
	require.ErrorAs(t, err, &typed)
	require.ErrorContains(t, err, "got string")
}

// A panic of the fold on a worker comes out here, with the worker's stack; nothing is left.
func TestAggregate_WorkerPanics(t *testing.T) {
	bad := Fold[int, int]{Add: func(_ *int, v int) {
		if v == 5000 {
			panic("bad fold")
		}
	}}
	dir := t.TempDir()
	opts := AggregateOptions{Resources: Resources{Workers: 2, TempDir: dir}}
	values := make([]int, 20_000)
	for i := range values {
		values[i] = i
	}
	defer func() {
		p, ok := recover().(*PanicError)
		require.True(t, ok)
		require.Equal(t, "bad fold", p.Value)
		require.Contains(t, string(p.Stack), "WorkerPanics")
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	}()
	_ = Drain(Aggregate(Of(values...), func(v int) int { return v }, bad, opts))
}
