package merge_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/merge"
)

// item is an element that knows where it came from.
type item struct{ key, input, at int }

func byKey(a, b item) int { return a.key - b.key }

// orders are the ways to say the same order.
var orders = map[string]merge.Order[item]{
	"compare": {Compare: byKey},
	"prefix":  {Prefix: func(v *item) uint64 { return uint64(v.key) }},
	"both":    {Prefix: func(v *item) uint64 { return uint64(v.key / 4) }, Compare: byKey},
	"highest": {Prefix: func(v *item) uint64 { return math.MaxUint64 - 1000 + uint64(v.key) }},
}

// list is a cursor over a slice, in one buffer that it spoils before it is used again. It fails at failAt.
type list struct {
	items  []item
	chunk  int
	failAt int // position; -1: never
	read   int
	buf    []item
	calls  int
	ended  bool
}

var errBoom = errors.New("boom")

func (l *list) Next() ([]item, error) {
	l.calls++
	if l.ended {
		panic("Next after the end")
	}
	for i := range l.buf {
		l.buf[i] = item{-1, -1, -1}
	}
	n := min(l.chunk, len(l.items)-l.read)
	if l.failAt >= 0 {
		n = min(n, l.failAt-l.read)
		if n == 0 {
			l.ended = true
			return nil, errBoom
		}
	}
	l.ended = n == 0
	l.buf = append(l.buf[:0], l.items[l.read:l.read+n]...)
	l.read += n
	return l.buf, nil
}

func sorted(rng *rand.Rand, input, n, keys int) []item {
	items := make([]item, n)
	for i := range items {
		items[i].key = rng.IntN(keys)
	}
	slices.SortFunc(items, func(a, b item) int { return byKey(a, b) })
	for i := range items {
		items[i].input, items[i].at = input, i
	}
	return items
}

func drain(t *merge.Tree[item]) ([]item, error) {
	var all []item
	for {
		v, err := t.Next()
		if v == nil {
			return all, err
		}
		all = append(all, *v)
	}
}

func cases(t *testing.T, short int) int {
	if hunt := os.Getenv("MILLRACE_HUNT"); hunt != "" {
		n, err := strconv.Atoi(hunt)
		require.NoError(t, err)
		return n
	}
	return short
}

// A merge is the stable sort of the inputs one after the other; an error cuts it where the failed input's next
// element would be.
func TestTree_Law_StableSort(t *testing.T) {
	for seed := range uint64(cases(t, 1000)) {
		rng := rand.New(rand.NewPCG(seed, 7))
		k := rng.IntN(20)
		if rng.IntN(20) == 0 {
			k = 60 + rng.IntN(80) // groups
		}
		keys := 1 + rng.IntN(50)
		failing := -1
		if k > 0 && rng.IntN(3) == 0 {
			failing = rng.IntN(k)
		}
		var want []item
		cursors := make([]merge.Cursor[item], k)
		failAt := -1
		for i := range cursors {
			l := &list{items: sorted(rng, i, rng.IntN(40), keys), chunk: []int{1, 2, 256}[rng.IntN(3)], failAt: -1}
			if i == failing {
				failAt = rng.IntN(len(l.items) + 1)
				l.failAt = failAt
			}
			want = append(want, l.items...)
			cursors[i] = l
		}
		slices.SortStableFunc(want, func(a, b item) int { return byKey(a, b) })
		if failing >= 0 {
			// All up to and with the last element before the error.
			cut := 0
			if failAt > 0 {
				cut = 1 + slices.IndexFunc(want, func(v item) bool { return v.input == failing && v.at == failAt-1 })
			}
			want = want[:cut]
		}
		names := slices.Sorted(maps.Keys(orders))
		tree := merge.New(orders[names[rng.IntN(len(names))]], cursors)
		got, err := drain(tree)
		require.Equal(t, failing >= 0, errors.Is(err, errBoom), "seed %d", seed)
		require.True(t, slices.Equal(want, got), "seed %d: got %v, want %v", seed, got, want)
		_, again := tree.Next()
		require.Equal(t, err, again)
	}
}

func TestTree(t *testing.T) {
	of := func(input int, keys ...int) *list {
		l := &list{chunk: 2, failAt: -1}
		for i, k := range keys {
			l.items = append(l.items, item{k, input, i})
		}
		return l
	}
	t.Run("no_inputs", func(t *testing.T) {
		got, err := drain(merge.New(orders["compare"], nil))
		require.NoError(t, err)
		require.Empty(t, got)
	})
	t.Run("one_input_is_not_compared", func(t *testing.T) {
		got, err := drain(merge.New(merge.Order[item]{Compare: func(a, b item) int { panic("compared") }}, []merge.Cursor[item]{of(0, 3, 1, 2)}))
		require.NoError(t, err)
		require.Len(t, got, 3)
	})
	t.Run("ties_prefer_the_first_input", func(t *testing.T) {
		got, err := drain(merge.New(orders["compare"], []merge.Cursor[item]{of(0, 2, 2), of(1, 1, 2), of(2, 2)}))
		require.NoError(t, err)
		require.Equal(t, []item{{1, 1, 0}, {2, 0, 0}, {2, 0, 1}, {2, 1, 1}, {2, 2, 0}}, got)
	})
	t.Run("nothing_is_read_before_the_first_and_ahead", func(t *testing.T) {
		a, b := of(0, 1, 2, 3), of(1, 4)
		tree := merge.New(orders["compare"], []merge.Cursor[item]{a, b})
		require.Zero(t, a.calls+b.calls)
		tree.Next()
		tree.Next()
		require.Equal(t, 1, a.calls, "the second chunk is read when its first element is asked for")
		tree.Next()
		require.Equal(t, 2, a.calls)
		require.Equal(t, 1, b.calls)
	})
	t.Run("first_chunks_fail_in_order", func(t *testing.T) {
		a, b, c := of(0, 1), of(1), of(2)
		b.failAt, c.failAt = 0, 0
		got, err := drain(merge.New(orders["compare"], []merge.Cursor[item]{a, b, c}))
		require.ErrorIs(t, err, errBoom)
		require.Empty(t, got)
		require.Zero(t, c.calls)
	})
}

// The sizes around powers of two, where the tree's last level is full, and the largest that is promised.
func TestTree_ManyInputs(t *testing.T) {
	for _, k := range []int{1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 127, 128, 129, 1000, 10_000} {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(k), 1))
			var want []item
			cursors := make([]merge.Cursor[item], k)
			for i := range cursors {
				l := &list{items: sorted(rng, i, rng.IntN(10), 1000), chunk: 3, failAt: -1}
				want = append(want, l.items...)
				cursors[i] = l
			}
			slices.SortStableFunc(want, func(a, b item) int { return byKey(a, b) })
			for name, order := range orders {
				for _, c := range cursors {
					l := c.(*list)
					l.read, l.ended = 0, false
				}
				got, err := drain(merge.New(order, cursors))
				require.NoError(t, err)
				require.True(t, slices.Equal(want, got), name)
			}
		})
	}
}
