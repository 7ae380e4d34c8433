package table

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/internal/hash"
)

// oracleByHash sorts all indexes.
func oracleByHash[K comparable](t *Table[K]) []int {
	indexes := make([]int, t.Len())
	for i := range indexes {
		indexes[i] = i
	}
	slices.SortFunc(indexes, func(a, b int) int {
		return cmp.Or(cmp.Compare(t.HashAt(a), t.HashAt(b)), cmp.Compare(a, b))
	})
	return indexes
}

func TestByHash_Law_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, err := hash.New[uint16]()
		require.NoError(t, err)
		tab := New(h)
		for _, k := range rapid.SliceOfN(rapid.Uint16(), 0, 300).Draw(t, "keys") {
			tab.Upsert(k)
		}
		require.Equal(t, oracleByHash(tab), append([]int{}, slices.Collect(tab.ByHash())...))
	})
}

// Every number of keys up to some doublings, among them many full tables, whose last run wraps.
func TestByHash_EverySize(t *testing.T) {
	wrapped := 0
	for n := range 700 {
		tab := newTable[int](t)
		for i := range n {
			tab.Upsert(i * (n + 1))
		}
		require.Equal(t, oracleByHash(tab), append([]int{}, slices.Collect(tab.ByHash())...), "%d keys", n)
		for i, s := range tab.slots {
			if s != 0 && int(tab.hashes[uint32(s)-1]>>tab.shift) > i {
				wrapped++
			}
		}
	}
	require.Greater(t, wrapped, 50, "hardly a run went past the last slot: the hard case was not tested")
}

// Keys of the last slots only, and then of the first: the run that wraps meets keys that belong at the front.
func TestByHash_WrappedRunAmongFirstKeys(t *testing.T) {
	var last, first []uint64
	for k := uint64(0); len(last) < 4 || len(first) < 4; k++ {
		switch hash.Uint64(k, 0) >> 60 {
		case 15:
			last = append(last, k)
		case 0:
			first = append(first, k)
		}
	}
	for _, order := range [][]uint64{
		{first[0], last[0], last[1], last[2], first[1], first[2]},
		{last[0], last[1], last[2], first[0], first[1], first[2]},
		{first[0], first[1], first[2], last[0], last[1], last[2], last[3], first[3]},
	} {
		tab := newTable[uint64](t)
		for _, k := range order {
			tab.Upsert(k)
		}
		require.Len(t, tab.slots, minSlots)
		require.Equal(t, oracleByHash(tab), slices.Collect(tab.ByHash()))
	}
}

func TestByHash_Stops(t *testing.T) {
	tab := newTable[int](t)
	for i := range 100 {
		tab.Upsert(i)
	}
	for stop := range 101 {
		n := 0
		for range tab.ByHash() {
			if n == stop {
				break
			}
			n++
		}
		require.Equal(t, min(stop, 100), n)
	}
}
