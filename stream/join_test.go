package stream_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/stream"
)

var joinKinds = []stream.JoinKind{stream.Inner, stream.Left, stream.Right, stream.Full, stream.Semi, stream.Anti}

// joinKey has two columns, one that can be null and one that can be NaN.
type joinKey struct {
	User  stream.Opt[int]
	Score float64
}

func (k joinKey) null() bool { return !k.User.IsPresent() }

// same is the rule that the engines follow: NaN is NaN, and null is nothing.
func (k joinKey) same(o joinKey) bool {
	return !k.null() && k.User == o.User && (k.Score == o.Score || k.Score != k.Score && o.Score != o.Score)
}

type joinLeft struct {
	Key  joinKey
	At   int
	Text string
}

type joinRight struct {
	Key  joinKey
	At   int
	Tags []string
}

func (l joinLeft) key() joinKey  { return l.Key }
func (r joinRight) key() joinKey { return r.Key }

type joinedRow = stream.Joined[joinLeft, joinRight]

// nestedLoop is the model.
func nestedLoop(kind stream.JoinKind, left []joinLeft, right []joinRight) (out []joinedRow) {
	matched := make([]bool, len(right))
	for _, l := range left {
		any := false
		for i, r := range right {
			if !l.Key.same(r.Key) {
				continue
			}
			matched[i] = true
			if kind != stream.Semi && kind != stream.Anti {
				out = append(out, joinedRow{Left: l, Right: r, HasLeft: true, HasRight: true})
			}
			any = true
		}
		lone := kind == stream.Left || kind == stream.Full || kind == stream.Anti
		if any && kind == stream.Semi || !any && lone {
			out = append(out, joinedRow{Left: l, HasLeft: true})
		}
	}
	for i, r := range right {
		if !matched[i] && (kind == stream.Right || kind == stream.Full) {
			out = append(out, joinedRow{Right: r, HasRight: true})
		}
	}
	return out
}

// joinInput draws rows of few keys: nulls, NaNs, and one key that may have nine of ten rows.
func joinInput(r *rand.Rand, n, keys int, hot bool) (out []joinKey) {
	scores := []float64{0, math.Copysign(0, -1), 1.5, math.NaN(), math.Float64frombits(0xfff8000000000007)}
	for range n {
		k := joinKey{User: stream.Present(r.IntN(keys))}
		switch c := r.IntN(10); {
		case hot && c > 0:
			k.User = stream.Present(0)
		case c == 1:
			k.User = stream.Null[int]()
		case c == 2:
			k.User = stream.Missing[int]()
		case c < 6:
			k.Score = scores[r.IntN(len(scores))]
		}
		out = append(out, k)
	}
	return out
}

func joinSides(r *rand.Rand) (left []joinLeft, right []joinRight) {
	size := func() int {
		return []int{0, 1, 3, 4, 5, 9, 10, 11, 16, 17, 40, 79, 80, 81}[r.IntN(14)]
	}
	keys := 1 + r.IntN(30)
	for i, k := range joinInput(r, size(), keys, r.IntN(3) == 0) {
		left = append(left, joinLeft{Key: k, At: i, Text: fmt.Sprint("left ", i)})
	}
	for i, k := range joinInput(r, size(), keys, r.IntN(3) == 0) {
		row := joinRight{Key: k, At: i}
		if i%3 > 0 {
			row.Tags = make([]string, i%3-1, 2)
		}
		right = append(right, row)
	}
	return left, right
}

// joinCases is n, or what MILLRACE_HUNT says.
func joinCases(n int) int {
	if hunt, err := strconv.Atoi(os.Getenv("MILLRACE_HUNT")); err == nil {
		return hunt
	}
	if testing.Short() {
		return n / 10
	}
	return n
}

// text makes rows comparable although they have NaNs, and keeps nil and empty apart.
func text[T any](rows []T) []string {
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = fmt.Sprintf("%#v", rows[i])
	}
	return out
}

func TestJoin_Oracle(t *testing.T) {
	dir := t.TempDir()
	partitioned, blocks, deep, held, again := 0, 0, 0, 0, 0
	for seed := range joinCases(1000) {
		r := rand.New(rand.NewPCG(uint64(seed), 11))
		left, right := joinSides(r)
		kind := joinKinds[r.IntN(len(joinKinds))]
		want := text(nestedLoop(kind, left, right))
		// Files cost milliseconds: a case has one bound, and every third is unordered.
		for _, memory := range []int64{0, []int64{1 << 10, 3 << 10, 6 << 10, 64 << 10}[seed%4] * strconv.IntSize / 64} {
			for _, unordered := range []bool{seed%3 == 0} {
				var stats stream.JoinStats
				got, err := stream.Collect(stream.Join(stream.Of(left...), stream.Of(right...), joinLeft.key, joinRight.key, stream.JoinOptions{
					Kind: kind, Unordered: unordered, Stats: &stats, Resources: stream.Resources{Memory: memory, TempDir: dir},
				}))
				require.NoError(t, err, "seed %d, memory %d, %v", seed, memory, kind)
				if unordered {
					require.ElementsMatch(t, want, text(got), "seed %d, memory %d, %v", seed, memory, kind)
				} else {
					require.Equal(t, want, text(got), "seed %d, memory %d, %v", seed, memory, kind)
				}
				require.EqualValues(t, len(want), stats.Rows)
				require.Equal(t, stats.Broadcast, stats.SpilledRight == 0 && stats.Partitions == 0, "%+v", stats)
				if stats.Partitions > 0 {
					partitioned++
					require.Zero(t, stats.LeftBlocks)
				}
				if stats.LeftBlocks > 0 {
					held++
					again += stats.LeftBlocks - 1
					require.Zero(t, stats.SpilledLeft)
				}
				blocks += max(0, stats.Blocks-1)
				deep = max(deep, stats.Depth)
			}
		}
	}
	require.Positive(t, partitioned, "no case was partitioned: the test proves nothing about it")
	require.Positive(t, held, "no case held left rows")
	require.Positive(t, again, "no case held a second block of left rows")
	require.Positive(t, blocks, "no case had a hot key that did not fit")
	require.Greater(t, deep, 1, "no case was cut twice")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "temp files")
}

// A left side that fails yields what came before the failure, whatever the memory, and no right row as lone.
func TestJoin_left_error_comes_after_its_rows(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, kind := range joinKinds {
		left, right := joinSides(r)
		for len(right) < 40 {
			left, right = joinSides(r)
		}
		var want []string
		for _, row := range nestedLoop(kind, left, right) {
			if row.HasLeft {
				want = append(want, fmt.Sprintf("%#v", row))
			}
		}
		for _, memory := range []int64{0, 1 << 10} {
			failing := stream.Concat(stream.Of(left...), stream.Fail[joinLeft](errBoom))
			var got []string
			var last error
			for row, err := range stream.Join(failing, stream.Of(right...), joinLeft.key, joinRight.key, stream.JoinOptions{
				Kind: kind, Resources: stream.Resources{Memory: memory, TempDir: t.TempDir()},
			}) {
				if last = err; err == nil {
					got = append(got, fmt.Sprintf("%#v", row))
				}
			}
			require.ErrorIs(t, last, errBoom)
			require.Equal(t, want, got, "%v, memory %d", kind, memory)
		}
	}
}

func TestJoin_right_error_yields_nothing(t *testing.T) {
	right := stream.Concat(stream.Of(1, 2), stream.Fail[int](errBoom))
	got, err := stream.Collect(stream.Join(stream.Of(1, 2), right, self, self, stream.JoinOptions{}))
	require.ErrorIs(t, err, errBoom)
	require.Empty(t, got)
}

func self(v int) int { return v }

// One key that does not fit is joined block after block.
func TestJoin_hot_key(t *testing.T) {
	const lefts, rights = 50, 800
	left := stream.Map(numbers(lefts), func(int) int { return 7 })
	right := stream.Map(numbers(rights), func(int) int { return 7 })
	var stats stream.JoinStats
	n, err := stream.Count(stream.Join(left, right, self, self, stream.JoinOptions{
		Stats: &stats, Resources: stream.Resources{Memory: 4 << 10, TempDir: t.TempDir()},
	}))
	require.NoError(t, err)
	require.Equal(t, lefts*rights, n)
	require.Greater(t, stats.Blocks, 3)
	require.Equal(t, 1, stats.Partitions)
	require.Equal(t, 1, stats.Depth, "cutting one key again does not help")
}

func numbers(n int) stream.Seq[int] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
	}
}

func TestJoin_options(t *testing.T) {
	run := func(opts stream.JoinOptions) error {
		untouched := stream.Seq[int](func(func(int, error) bool) { t.Error("a source was touched") })
		_, err := stream.Collect(stream.Join(untouched, untouched, self, self, opts))
		return err
	}
	require.EqualError(t, run(stream.JoinOptions{Kind: 9}), "stream: Join: Kind must be one of Inner, Left, Right, Full, Semi, Anti, got JoinKind(9)")
	require.EqualError(t, run(stream.JoinOptions{Resources: stream.Resources{Memory: -1}}), "stream: Join: Resources.Memory must be 0 or positive, got -1")
	require.EqualError(t, run(stream.JoinOptions{Chunk: -1}), "stream: Join: Chunk must be from 0 to 256, got -1")
	require.EqualError(t, run(stream.JoinOptions{Chunk: 257}), "stream: Join: Chunk must be from 0 to 256, got 257")
	require.EqualError(t, run(stream.JoinOptions{RightCodec: 5}), "stream: Join: RightCodec must be a stream.Codec[int], got int")
	_, err := stream.Collect(stream.Join(stream.Of(func() {}), stream.Of(1), func(func()) int { return 0 }, self, stream.JoinOptions{Resources: stream.Resources{Memory: 1}}))
	require.ErrorContains(t, err, "stream: Join: LeftCodec must be a stream.Codec[func()] where memory is bounded, got nil")
	var option *stream.OptionError
	require.ErrorAs(t, err, &option)
}

func TestJoin_key_errors(t *testing.T) {
	key := func(v int) any { return []int{v} }
	plain := func(v int) any { return v }
	var keyError *stream.KeyError
	_, err := stream.Collect(stream.Join(stream.Of(1), stream.Of(1), key, plain, stream.JoinOptions{}))
	require.ErrorAs(t, err, &keyError)
	_, err = stream.Collect(stream.Join(stream.Of(1), stream.Of(1), plain, key, stream.JoinOptions{}))
	require.ErrorAs(t, err, &keyError)
}

func TestJoin_a_row_that_does_not_fit(t *testing.T) {
	long := make([]byte, 10_000)
	_, err := stream.Collect(stream.Join(stream.Of(1), stream.Of(long), self, func([]byte) int { return 1 }, stream.JoinOptions{
		Resources: stream.Resources{Memory: 10_000, TempDir: t.TempDir()},
	}))
	require.ErrorIs(t, err, stream.ErrLimit)
}

// Whatever goes wrong with the disk is a typed error, and never a wrong row.
func TestJoin_disk_faults(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var left []joinLeft
	var right []joinRight
	for i, k := range joinInput(r, 300, 40, false) {
		left = append(left, joinLeft{Key: k, At: i, Text: "some text"})
		right = append(right, joinRight{Key: k, At: i})
	}
	want := text(nestedLoop(stream.Full, left, right))
	failed := 0
	for _, f := range []spill.Faults{
		{Op: spill.OpCreate, Err: errBoom}, {Op: spill.OpWrite, Err: errBoom}, {Op: spill.OpRead, Err: errBoom},
		{Op: spill.OpWrite, Lost: true}, {Op: spill.OpWrite, Flip: true, Bit: 900}, {Op: spill.OpRead, Flip: true, Bit: 77},
		{Op: spill.OpRemove, Err: errBoom},
	} {
		for _, at := range []int{1, 2, 3, 5, 9, 20, 50} {
			f.At = at
			dir := t.TempDir()
			restore := spill.Inject(dir, f)
			got, err := stream.Collect(stream.Join(stream.Of(left...), stream.Of(right...), joinLeft.key, joinRight.key, stream.JoinOptions{
				Kind: stream.Full, Resources: stream.Resources{Memory: 4 << 10, TempDir: dir},
			}))
			restore()
			if err != nil {
				failed++
				var spillError *stream.SpillError
				require.ErrorAs(t, err, &spillError, "%+v", f)
				if f.Err != nil {
					require.ErrorIs(t, err, errBoom)
				} else {
					require.ErrorIs(t, err, stream.ErrCorrupt)
				}
				require.Equal(t, want[:len(got)], text(got), "%+v", f)
				continue
			}
			require.Equal(t, want, text(got), "%+v", f)
		}
	}
	require.Greater(t, failed, 20)
}

func TestJoin_budget_is_given_back(t *testing.T) {
	for _, stop := range []int{0, 1, 5, 1000} {
		budget, err := stream.NewBudget(16 << 10)
		require.NoError(t, err)
		n := 0
		for _, err := range stream.Join(numbers(300), numbers(300), self, self, stream.JoinOptions{
			Resources: stream.Resources{Budget: budget, TempDir: t.TempDir()},
		}) {
			require.NoError(t, err)
			if n++; n > stop {
				break
			}
		}
		require.Zero(t, budget.Used())
	}
}

func init() {
	type ints = stream.Seq[int]
	third := func(v int) int { return v % 3 }
	join := func(l, r ints, memory int64) stream.Seq[stream.Joined[int, int]] {
		return stream.Join(l, r, third, third, stream.JoinOptions{Kind: stream.Full, Resources: stream.Resources{Memory: memory}})
	}
	inMemory, fixed := int64(0), stream.Of(3, 1, 4, 1, 5)
	register(contracttest.Ops{
		"Join": func(t *testing.T) {
			t.Run("left", waiting(func(s ints) stream.Seq[stream.Joined[int, int]] { return join(s, fixed, inMemory) }))
			t.Run("left_streams", streaming(func(s ints) stream.Seq[stream.Joined[int, int]] {
				return stream.Join(s, fixed, third, third, stream.JoinOptions{Kind: stream.Left, Chunk: 1})
			}))
			t.Run("left_in_chunks", readingAhead(func(s ints) stream.Seq[stream.Joined[int, int]] {
				return stream.Join(s, fixed, third, third, stream.JoinOptions{Kind: stream.Left})
			}, 255))
			t.Run("right", waiting(func(s ints) stream.Seq[stream.Joined[int, int]] { return join(fixed, s, inMemory) }))
			t.Run("left_from_disk", waiting(func(s ints) stream.Seq[stream.Joined[int, int]] { return join(s, numbers(100), 1<<10) }))
			t.Run("right_from_disk", waiting(func(s ints) stream.Seq[stream.Joined[int, int]] { return join(numbers(10), s, 1<<10) }))
		},
	})
}
