package spill

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// words are rows of eight bytes as they are.
type words struct{}

func (words) Append(dst []byte, v *uint64) ([]byte, error) {
	return binary.LittleEndian.AppendUint64(dst, *v), nil
}

func (words) Decode(src []byte, v *uint64) ([]byte, error) {
	*v = binary.LittleEndian.Uint64(src)
	return src[8:], nil
}

// Rows that come down to three quarters are packed, each block of them, beside index blocks that do not; of others one block in
// sixteen is tried, and what comes later, and is packed well, is packed again. All come back.
func TestStore_PacksWhatIsWorthIt(t *testing.T) {
	const block, rows = 4 << 10, 512 // in a block
	random := rand.New(rand.NewPCG(7, 7)).Uint64
	counted := func() func() uint64 {
		n := uint64(0)
		return func() uint64 { n++; return n }
	}()
	for _, c := range []struct {
		name         string
		first, later func() uint64
		packed, left int // blocks, at least
		either       int
	}{
		{name: "worth_it", first: counted, later: counted, packed: 200},
		{name: "not_worth_it", first: random, later: random, left: 200},
		{name: "worth_it_later", first: random, later: counted, packed: 100 - leftAlone, left: 100, either: leftAlone},
		{name: "no_more", first: counted, later: random, packed: 100, left: 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := NewDir(t.TempDir())
			defer dir.Close()
			s, err := NewStore[uint64](dir, words{}, block)
			require.NoError(t, err)
			part := s.AddPart()
			var want []uint64
			for i := range 200 * rows {
				row := c.first
				if i >= 100*rows {
					row = c.later
				}
				want = append(want, row())
				require.NoError(t, s.Append(part, &want[i]))
			}
			require.NoError(t, s.Finish(part))
			packed, left := 0, 0
			for blocks := s.Blocks(part); ; {
				b, ok := blocks.Next()
				if !ok {
					break
				}
				if b.x.stored < b.x.raw {
					packed++
					require.LessOrEqual(t, int(b.x.stored), worthPacking(int(b.x.raw)))
				} else {
					left++
				}
			}
			require.GreaterOrEqual(t, packed, c.packed)
			require.GreaterOrEqual(t, left, c.left)
			require.LessOrEqual(t, packed+left, c.packed+c.left+c.either+1, "the blocks of rows")
			r := s.Read(part)
			for i := range want {
				var got uint64
				ok, err := r.Next(&got)
				require.NoError(t, err)
				require.True(t, ok)
				require.Equal(t, want[i], got)
			}
		})
	}
}

func TestPacking_TriesOneInSixteen(t *testing.T) {
	var p packing
	tried := 0
	for range 160 {
		if p.next() {
			tried++
			p.tried(extent{raw: 100, stored: 100})
		}
	}
	require.Equal(t, 10, tried)
	for p.left.Load() > 0 {
		p.next()
	}
	for range 10 {
		require.True(t, p.next())
		p.tried(extent{raw: 100, stored: 75})
	}
	for n, want := range map[int]int{1: 0, 4: 3, 100: 75, 101: 75, 64 << 10: 48 << 10} {
		require.Equal(t, want, worthPacking(n))
	}
}
