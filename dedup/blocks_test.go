package dedup

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// checkInvariants panics by the numbers of the comment on blocks.
func (b *blocks[E]) checkInvariants(t require.TestingT, released int) {
	have := 0
	for i, block := range b.list {
		switch {
		case block == nil:
			require.Less(t, i, released, "2: only what was released is nil")
			have += 1 << b.shift
			continue
		case i > 0 || len(b.list) > 1:
			require.Len(t, block, 1<<b.shift, "3: only the first block may be short, while there is no other")
		}
		have += len(block)
		for j := range block {
			if i<<b.shift+j >= b.n {
				require.Zero(t, block[j], "2: no element is behind the last")
			}
		}
	}
	require.Equal(t, b.end, have, "1")
	require.LessOrEqual(t, b.n, b.end, "1")
}

func TestBlocks_Oracle(t *testing.T) {
	type big [5000]byte // 26 in a block
	check := func(t *rapid.T) {
		b := newBlocks[big]()
		var want []byte
		booked := int64(0)
		for i := range rapid.IntRange(0, 90).Draw(t, "n") {
			booked += b.needs()
			require.Equal(t, i, b.push(big{byte(i)}))
			want = append(want, byte(i))
			b.checkInvariants(t, 0)
			held := int64(0)
			for _, block := range b.list {
				held += int64(len(block)) * b.size
			}
			require.Equal(t, held, booked, "needs announces what push allocates")
		}
		for i, v := range want {
			require.Equal(t, v, b.at(i)[0])
		}
		upTo := rapid.IntRange(0, len(want)).Draw(t, "upTo")
		freed := b.releaseBefore(upTo)
		require.Zero(t, b.releaseBefore(upTo), "nothing is freed twice")
		require.Equal(t, int64(upTo>>b.shift)<<b.shift*b.size, freed)
		b.checkInvariants(t, upTo>>b.shift)
		for i := upTo; i < len(want); i++ {
			require.Equal(t, want[i], b.at(i)[0])
		}
	}
	rapid.Check(t, check)
}

func TestBlocks_ElementSizes(t *testing.T) {
	empty := newBlocks[struct{}]()
	empty.push(struct{}{})
	require.Zero(t, empty.needs(), "what has no size takes none")

	huge := newBlocks[[blockBytes + 1]byte]()
	require.Equal(t, int64(blockBytes+1), huge.needs(), "an element larger than a block is a block")
	huge.push([blockBytes + 1]byte{})
	huge.push([blockBytes + 1]byte{7})
	require.Equal(t, byte(7), huge.at(1)[0])

	small := newBlocks[int64]()
	require.Equal(t, int64(firstElements*8), small.needs(), "a small input stays small")
}
