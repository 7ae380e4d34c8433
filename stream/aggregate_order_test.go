package stream

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
)

// byHashOfKey brings rows, most of the time, into an order that goes by the hashes of their keys, as rows do that come out
// of an Aggregate: up, down, up from the middle on, or as two such runs of which each has every second row.
func byHashOfKey[T any, K comparable](r *rand.Rand, rows []T, key func(T) K) []T {
	h, err := hash.New[K]()
	if err != nil {
		panic(err)
	}
	up := func(rows []T) {
		slices.SortStableFunc(rows, func(a, b T) int {
			k, l := key(a), key(b)
			return cmp.Compare(h.Hash(&k, 0), h.Hash(&l, 0))
		})
	}
	rows = slices.Clone(rows)
	half := len(rows) / 2
	switch r.IntN(6) {
	case 0:
		up(rows)
	case 1:
		up(rows)
		slices.Reverse(rows)
	case 2:
		up(rows[half:])
	case 3:
		up(rows[:half])
		up(rows[half:])
		var both []T
		for i := range half {
			both = append(both, rows[i], rows[half+i])
		}
		rows = append(both, rows[2*half:]...)
	}
	return rows
}

// Keys as an Aggregate yields them, in tables and partitions as large as they are made: the same bytes under any bound and
// for any number of workers. They took quadratic time, up to minutes here.
func TestAggregate_KeysInOrderOfHash(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	const n = 20_000
	all := numbers(10 * n)
	compare := func(a, b int) int { return cmp.Compare(h.Hash(&a, 0), h.Hash(&b, 0)) }
	up := slices.SortedFunc(slices.Values(all[:n]), compare)
	down := slices.Clone(up)
	slices.Reverse(down)
	slices.SortFunc(all, compare)
	for name, keys := range map[string][]int{
		"up": up, "down": down, "first tenth": all[:n], "last tenth": all[9*n:], "uniform, then up": append(numbers(n), all[n:2*n]...),
	} {
		want := slices.SortedFunc(slices.Values(keys), compare)
		want = slices.Compact(want)
		twice := append(slices.Clone(keys), keys...)
		for _, r := range []Resources{{}, {Workers: 2}, {Memory: 512 << 10}, {Memory: 512 << 10, Workers: 2}, {Memory: 32 << 20}} {
			r.TempDir = t.TempDir()
			i := 0
			sum := Fold[int, int]{Add: func(acc *int, v int) { *acc += v }}
			for g, err := range Aggregate(Of(twice...), func(v int) int { return v }, sum, AggregateOptions{Resources: r}) {
				require.NoError(t, err)
				if g.Key != want[i] || g.Value%max(2*g.Key, 1) != 0 {
					t.Fatalf("%s, %+v: group %d is %v, want key %d", name, r, i, g, want[i])
				}
				i++
			}
			require.Len(t, want, i, "%s, %+v", name, r)
		}
	}
}

// Accumulators that grow are evicted, and come back to tables of their partitions, in whatever order.
func TestGroupBy_KeysInOrderOfHash(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	const n = 20_000
	keys := slices.SortedFunc(slices.Values(numbers(n)), func(a, b int) int { return cmp.Compare(h.Hash(&a, 0), h.Hash(&b, 0)) })
	rows := slices.Concat(keys, keys, keys)
	for _, workers := range []int{1, 2} {
		opts := AggregateOptions{Resources: Resources{Memory: 512 << 10, Workers: workers, TempDir: t.TempDir()}}
		i := 0
		for g, err := range GroupBy(Of(rows...), func(v int) int { return v }, opts) {
			require.NoError(t, err)
			if k := keys[i]; g.Key != k || !slices.Equal(g.Value, []int{k, k, k}) {
				t.Fatalf("%d workers: group %d is %v, want key %d three times", workers, i, g, k)
			}
			i++
		}
		require.Equal(t, n, i)
	}
}
