package table

import (
	"testing"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/stretchr/testify/require"
)

func newTable[K comparable](t testing.TB) *Table[K] {
	h, err := hash.New[K]()
	require.NoError(t, err)
	return New(h)
}

func TestTable_InsertionOrder(t *testing.T) {
	tab := newTable[string](t)
	for round := range 3 {
		tab.Reset()
		for i, k := range []string{"click", "view", "click", "buy", "", "view"} {
			index, added := tab.Upsert(k)
			require.Equal(t, []int{0, 1, 0, 2, 3, 1}[i], index, round)
			require.Equal(t, []bool{true, true, false, true, true, false}[i], added)
		}
		require.Equal(t, 4, tab.Len())
		require.Equal(t, "buy", *tab.Key(2))
		require.Equal(t, hash.String("buy", 0), tab.HashAt(2))
		k := "view"
		index, ok := tab.Find(&k)
		require.True(t, ok)
		require.Equal(t, 1, index)
		k = "scroll"
		_, ok = tab.Find(&k)
		require.False(t, ok)
	}
}
