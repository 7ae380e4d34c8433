package dedup

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// A set that grows in any steps has what a map has, and finds all of it, at every length on the way.
func TestAddToSet_Oracle(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	for range max(20, cases(t, 1000)/20) {
		values := 1 + r.IntN(200)
		var set []int
		has := map[int]bool{}
		for range r.IntN(100) {
			more := make([]int, r.IntN(6))
			for i := range more {
				more[i] = r.IntN(values)
				has[more[i]] = true
			}
			came := slices.Clone(more)
			set = addToSet(set, more)
			require.Equal(t, came, more)
			require.Len(t, set, len(has))
			rest := set
			for bit := 1 << 20; bit > 0; bit >>= 1 {
				if len(set)&bit != 0 {
					require.True(t, slices.IsSorted(rest[:bit]), "a run of %d of %d", bit, len(set))
					rest = rest[bit:]
				}
			}
			for v := range values {
				require.Equal(t, has[v], inSet(set, v))
			}
		}
	}
	require.Nil(t, addToSet[int](nil, nil))
	require.Equal(t, []int{}, addToSet(nil, []int{}))
	require.Equal(t, []int{}, addToSet([]int{}, nil))
}

// A set that grows row by row allocates in proportion to itself, as slices that grow do, and not to its square.
func TestUnion_GrowsInPlace(t *testing.T) {
	const n = 20_000
	rows := stream.Seq[claim](func(yield func(claim, error) bool) {
		for i := range n {
			if !yield(claim{Tags: []int{i * 7919 % n}}, nil) {
				return
			}
		}
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := stream.Collect(Run(rows, func(claim) int { return 0 }, Options[claim]{
		Keep: KeepMerge, Merge: []Reducer[claim]{Union(func(c *claim) *[]int { return &c.Tags })},
	}))
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Len(t, got[0].Tags, n)
	require.True(t, slices.IsSorted(got[0].Tags))
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20), "3 GB were allocated where each row made a new set")
}

// A row that alone counts for a set is made one of, too, where another row does not count.
func TestUnion_OfTheOneRowThatCounts(t *testing.T) {
	tags := func(c *claim) *[]int { return &c.Tags }
	odd := func(c *claim) bool { return c.N%2 == 1 }
	came := []int{3, 1, 3}
	for _, rows := range [][]claim{{{N: 1, Tags: came}, {N: 2, Tags: []int{9}}}, {{N: 2, Tags: []int{9}}, {N: 1, Tags: came}}} {
		got, err := stream.Collect(Run(stream.Of(rows...), func(claim) int { return 0 }, Options[claim]{
			Keep: KeepMerge, Merge: []Reducer[claim]{Union(tags).Where(odd)},
		}))
		require.NoError(t, err)
		require.Equal(t, []int{1, 3}, got[0].Tags)
		require.Equal(t, []int{3, 1, 3}, came)
	}
}

// What changes have told stays as it was told, and a state that was merged into another as it was: the set that grows is
// nobody else's.
func TestUnion_SharesNoMemory(t *testing.T) {
	tags := Union(func(c *claim) *[]int { return &c.Tags })
	o := StateOptions[claim]{Options: Options[claim]{Keep: KeepMerge, Merge: []Reducer[claim]{tags}}}
	key := func(claim) int { return 0 }
	row := func(i int) claim { return claim{Tags: []int{i * 7919 % 1000}} }
	want := func(n int) []int {
		var set []int
		for i := range n {
			set = append(set, row(i).Tags...)
		}
		slices.Sort(set)
		return set
	}

	told, n := [][]int{}, 0
	for c, err := range Changelog(func(yield func(claim, error) bool) {
		for i := 0; i < 100 && yield(row(i), nil); i++ {
		}
	}, key, o) {
		require.NoError(t, err)
		told = append(told, c.Row.Tags)
		c.Row.Tags = append(c.Row.Tags, -1) // as a consumer may
		n++
	}
	require.Equal(t, 100, n)
	for i, set := range told {
		require.Equal(t, want(i+1), set)
	}

	pushed := func(from, to int) *State[claim, int] {
		s, err := New(key, o)
		require.NoError(t, err)
		for i := from; i < to; i++ {
			_, err := s.PushAt(row(i), int64(i))
			require.NoError(t, err)
		}
		return s
	}
	other, s := pushed(0, 13), pushed(50, 50)
	require.NoError(t, s.Merge(other))
	for i := 13; i < 100; i++ {
		_, err := s.PushAt(row(i), int64(i))
		require.NoError(t, err)
	}
	for n, s := range map[int]*State[claim, int]{13: other, 100: s} {
		var out []claim
		require.NoError(t, s.Flush(stream.Into(&out)))
		require.Equal(t, want(n), out[0].Tags)
	}
}
