package table

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/internal/hash"
)

func newTable[K comparable](t testing.TB) *Table[K] {
	t.Helper()
	h, err := hash.New[K]()
	require.NoError(t, err)
	return New(h)
}

func TestTable_InsertionOrder(t *testing.T) {
	tab := newTable[string](t)
	for range 3 {
		tab.Reset()
		for i, k := range []string{"click", "view", "click", "buy", "", "view"} {
			index, added := tab.Upsert(k)
			require.Equal(t, []int{0, 1, 0, 2, 3, 1}[i], index)
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

func TestTable_Empty(t *testing.T) {
	tab := newTable[int](t)
	k := 1
	_, ok := tab.Find(&k)
	require.False(t, ok)
	require.Zero(t, tab.Bytes(), "an empty table has taken memory")
	require.Zero(t, tab.Room())
	tab.Reset()
	for range tab.ByHash() {
		t.Fatal("an index of nothing")
	}
}

func TestTable_KeyRules(t *testing.T) {
	tab := newTable[float64](t)
	for _, f := range []float64{math.NaN(), 0, math.Float64frombits(0xfff8000000000001), math.Copysign(0, -1)} {
		tab.Upsert(f)
	}
	require.Equal(t, 2, tab.Len())
	require.True(t, math.IsNaN(*tab.Key(0)))
	require.False(t, math.Signbit(*tab.Key(1)), "the key is not the one given first")
}

func TestNew_NilHasher(t *testing.T) {
	require.PanicsWithValue(t, "table: New: nil hasher", func() { New[int](nil) })
}

// Two keys whose slots cannot be told apart: they start at one slot of the smallest table, and agree in the 32
// bits that slots hold. Only the comparison of keys keeps them apart.
func TestTable_FalseMatch(t *testing.T) {
	seen := map[uint64]uint64{}
	pairs := 0
	for k := uint64(0); pairs < 3; k++ {
		h := hash.Uint64(k, 0)
		slot := h<<32 | h>>60
		other, ok := seen[slot]
		if seen[slot] = k; !ok {
			continue
		}
		pairs++
		tab := newTable[uint64](t)
		_, _ = tab.Upsert(other)
		i, added := tab.Upsert(k)
		require.True(t, added && i == 1, "keys %d and %d are taken for one", other, k)
		i, ok = tab.Find(&other)
		require.True(t, ok && i == 0)
	}
}

// What Growth announces is what happens, and nothing grows between.
func TestTable_Law_GrowthIsAnnounced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, err := hash.New[string]()
		require.NoError(t, err)
		tab := New(h)
		held := int64(0)
		for i := range rapid.IntRange(1, 200).Draw(t, "keys") {
			room, bytes := tab.Room(), tab.Bytes()
			moreRoom, moreBytes := tab.Growth()
			k := strconv.Itoa(i)
			tab.Upsert(k)
			held += int64(len(k))
			if room > 0 {
				moreRoom, moreBytes = 0, 0
			}
			require.Equal(t, room+moreRoom-1, tab.Room())
			require.Equal(t, bytes+moreBytes+int64(len(k)), tab.Bytes())
			before := tab.Bytes()
			tab.Upsert(k)
			require.Equal(t, before, tab.Bytes(), "a known key took memory")
		}
		full := tab.Bytes()
		tab.Reset()
		require.Equal(t, full-held, tab.Bytes())
		require.Zero(t, tab.Len())
	})
}

func TestTable_AllocatesOnlyToGrow(t *testing.T) {
	tab := newTable[uint64](t)
	for i := range uint64(1000) {
		tab.Upsert(i)
	}
	next := uint64(0)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		tab.Upsert(next % 1000)
		next++
	}))
	tab.Reset()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		tab.Upsert(next)
		next++
	}), "Reset gave the memory away")
}
