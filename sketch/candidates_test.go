package sketch

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/internal/hash"
)

// checkInvariants numbers its checks as the type's comment does.
func (c *candidates[K]) checkInvariants(t require.TestingT) {
	require.Len(t, c.heap, len(c.entries), "1")
	for i, n := range c.heap {
		require.EqualValues(t, i, c.entries[n].at, "1: position of entry %d", n)
		if i > 0 {
			require.False(t, c.less(n, c.heap[(i-1)/2]), "1: heap order at %d", i)
		}
	}
	used := 0
	for _, s := range c.slots {
		if s != 0 {
			used++
		}
	}
	require.Equal(t, len(c.entries), used, "2")
	for n := range c.entries {
		require.Equal(t, n, c.find(&c.entries[n].key, c.entries[n].hash), "2: entry %d is not found", n)
	}
	require.LessOrEqual(t, 2*used, len(c.slots), "3")
	for n, e := range c.entries {
		require.LessOrEqual(t, e.seen, e.upper, "4: entry %d", n)
	}
}

// Against a map and a search for the least: with few different hashes, so that keys collide, wrap around the
// table's end and are told apart by Equal only.
func TestCandidates_Oracle(t *testing.T) {
	hasher, err := hash.New[int]()
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		hashOf := func(k int) uint64 { return uint64(k%5) * 0x3fffffff_ffffffff }
		if rapid.Bool().Draw(t, "spread") {
			hashOf = func(k int) uint64 { return remix(uint64(k)) }
		}
		c := candidates[int]{hasher: hasher}
		model := map[int]uint64{}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			k := rapid.IntRange(0, 40).Draw(t, "key")
			upper := rapid.Uint64Range(1, 9).Draw(t, "upper")
			e := c.find(&k, hashOf(k))
			_, want := model[k]
			require.Equal(t, want, e >= 0)
			switch {
			case e >= 0:
				c.raise(e, upper)
				model[k] += upper
			case len(model) < 20:
				c.insert(candidate[int]{key: k, hash: hashOf(k), upper: upper, seen: upper})
				model[k] = upper
			default:
				least := c.least()
				require.Equal(t, model[least.key], least.upper)
				for _, n := range model {
					require.LessOrEqual(t, least.upper, n)
				}
				delete(model, least.key)
				c.replaceLeast(candidate[int]{key: k, hash: hashOf(k), upper: upper, seen: upper})
				model[k] = upper
			}
			c.checkInvariants(t)
		}
		require.Len(t, c.entries, len(model))
		for k, n := range model {
			e := c.find(&k, hashOf(k))
			require.GreaterOrEqual(t, e, 0)
			require.Equal(t, n, c.entries[e].upper)
		}
		d := c.clone()
		c.reset()
		c.checkInvariants(t)
		require.Len(t, d.entries, len(model))
		d.checkInvariants(t)
	})
}
