package stream_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/stream"
)

// compareJoinKeys puts missing before null before present, NaN first.
func compareJoinKeys(a, b joinKey) int {
	rank := func(k joinKey) int {
		if k.User.IsMissing() {
			return 0
		} else if k.User.IsNull() {
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.User.Or(0), b.User.Or(0)), cmp.Compare(a.Score, b.Score))
}

// mergeOrder sorts the rows of the model as a merge join yields them.
func mergeOrder(rows []joinedRow) {
	place := func(r joinedRow) (key joinKey, lone, left, right int) {
		if r.HasLeft {
			return r.Left.Key, 0, r.Left.At, r.Right.At
		}
		return r.Right.Key, 1, 0, r.Right.At
	}
	slices.SortStableFunc(rows, func(a, b joinedRow) int {
		ak, al, ai, aj := place(a)
		bk, bl, bi, bj := place(b)
		return cmp.Or(compareJoinKeys(ak, bk), cmp.Compare(al, bl), cmp.Compare(ai, bi), cmp.Compare(aj, bj))
	})
}

func sortedSides(r *rand.Rand) (left []joinLeft, right []joinRight) {
	left, right = joinSides(r)
	slices.SortStableFunc(left, func(a, b joinLeft) int { return compareJoinKeys(a.Key, b.Key) })
	slices.SortStableFunc(right, func(a, b joinRight) int { return compareJoinKeys(a.Key, b.Key) })
	for i := range left {
		left[i].At = i
	}
	for i := range right {
		right[i].At = i
	}
	return left, right
}

func TestMergeJoinFunc_Oracle(t *testing.T) {
	for seed := range joinCases(1000) {
		r := rand.New(rand.NewPCG(uint64(seed), 12))
		left, right := sortedSides(r)
		kind := joinKinds[r.IntN(len(joinKinds))]
		want := nestedLoop(kind, left, right)
		mergeOrder(want)
		got, err := stream.Collect(stream.MergeJoinFunc(stream.Of(left...), stream.Of(right...), joinLeft.key, joinRight.key, compareJoinKeys, stream.MergeJoinOptions{
			Kind: kind, ReadAhead: []int{0, 1, 2, 256}[r.IntN(4)],
		}))
		require.NoError(t, err)
		require.Equal(t, text(want), text(got), "seed %d, %v", seed, kind)
	}
}

func TestMergeJoin_order(t *testing.T) {
	for _, c := range []struct {
		name        string
		left, right []int
		want        *stream.OrderError
	}{
		{"left", []int{1, 3, 2}, []int{1}, &stream.OrderError{Func: "MergeJoin", Input: 0, Index: 2, Got: 2, After: 3}},
		{"right", []int{9}, []int{5, 6, 6, 4}, &stream.OrderError{Func: "MergeJoin", Input: 1, Index: 3, Got: 4, After: 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := stream.Collect(stream.MergeJoin(stream.Of(c.left...), stream.Of(c.right...), self, self, stream.MergeJoinOptions{}))
			require.Equal(t, c.want, err)
			require.ErrorIs(t, err, stream.ErrConflict)
		})
	}
}

// The strings of a group count, and are let go with it.
func TestMergeJoin_group_bound_counts_strings(t *testing.T) {
	type doc struct {
		Key  int
		Body string
	}
	key := func(d doc) int { return d.Key }
	run := func(rows, perKey int) error {
		docs := stream.Map(numbers(rows), func(i int) doc { return doc{i / perKey, strings.Repeat("x", 4000)} })
		o := stream.MergeJoinOptions{Kind: stream.Full, Resources: stream.Resources{Memory: 64 << 10}}
		return stream.Drain(stream.MergeJoin(stream.Of(doc{}), docs, key, key, o))
	}
	require.NoError(t, run(15, 15))
	require.NoError(t, run(1000, 15))
	require.ErrorIs(t, run(17, 17), stream.ErrLimit)
}

func TestMergeJoin_group_bound(t *testing.T) {
	run := func(rows int) error {
		same := stream.Map(numbers(rows), func(int) int { return 1 })
		return stream.Drain(stream.MergeJoin(stream.Of(1), same, self, self, stream.MergeJoinOptions{Resources: stream.Resources{Memory: 1024}}))
	}
	const fit = 1024 / (strconv.IntSize / 8)
	require.NoError(t, run(fit))
	require.ErrorIs(t, run(fit+1), stream.ErrLimit)
	// Many groups are no matter.
	require.NoError(t, stream.Drain(stream.MergeJoin(numbers(5000), numbers(5000), self, self, stream.MergeJoinOptions{Resources: stream.Resources{Memory: 16}})))
}

func TestMergeJoin_options(t *testing.T) {
	_, err := stream.Collect(stream.MergeJoin(stream.Of(1), stream.Of(1), self, self, stream.MergeJoinOptions{ReadAhead: -1}))
	require.EqualError(t, err, "stream: MergeJoin: ReadAhead must be 0 or positive, got -1")
}

func init() {
	type ints = stream.Seq[int]
	type out = stream.Seq[stream.Joined[int, int]]
	full := stream.MergeJoinOptions{Kind: stream.Full}
	// The kit's inputs are not sorted; their positions are.
	at := func(s ints) ints {
		return stream.Map(stream.Enumerate(s), func(v stream.Indexed[int]) int { return int(v.Index) / 2 })
	}
	compare := func(a, b int) int { return a - b }
	register(contracttest.Ops{
		"MergeJoin": func(t *testing.T) {
			t.Run("left", waiting(func(s ints) out { return stream.MergeJoin(at(s), stream.Of(1, 1, 3), self, self, full) }))
			t.Run("right", waiting(func(s ints) out { return stream.MergeJoin(stream.Of(1, 1, 3), at(s), self, self, full) }))
		},
		"MergeJoinFunc": func(t *testing.T) {
			t.Run("left", waiting(func(s ints) out { return stream.MergeJoinFunc(at(s), stream.Of(1, 1, 3), self, self, compare, full) }))
			t.Run("right", waiting(func(s ints) out { return stream.MergeJoinFunc(stream.Of(1, 1, 3), at(s), self, self, compare, full) }))
		},
	})
}
