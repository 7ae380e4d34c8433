package table

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// rowHashes draws n distinct hashes that begin with skip zero bits. Where close is set they share their homes and their
// tags with many others, as no hash function would have it.
func rowHashes(r *rand.Rand, n, skip int, close bool) []uint64 {
	seen := map[uint64]bool{}
	var out []uint64
	for len(out) < n {
		h := r.Uint64()
		if close {
			h = h&0xff<<32 | r.Uint64N(4)<<62 | r.Uint64N(3)
		}
		if h >>= uint(skip); !seen[h] {
			seen[h] = true
			out = append(out, h)
		}
	}
	return out
}

// lookUp goes over the candidates as callers do, comparing hashes where these compare keys.
func (t *Rows) lookUp(hashes []uint64, h uint64, row int32) int32 {
	for row >= 0 && hashes[row] != h {
		row = t.After(h, row)
	}
	return row
}

// Against a map: every row is found, alone and in batches, among hashes that are not there; and where rows are
// replaced, what came last is.
func TestRows_Law_EqualsMap(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 4))
		for _, n := range []int{0, 1, 9, 10, 11, 20, 21, 255, 256, 257, 300} {
			skip := []int{0, 6, MaxSkip}[seed%3]
			all := rowHashes(r, n+n/2+3, skip, seed%2 == 0)
			hashes, absent := all[:n], all[n:]
			rows := NewRows(n)
			require.EqualValues(t, 4*len(rows.slots), RowsBytes(n))
			model := map[uint64]int32{}
			for i, h := range hashes {
				if i%5 == 4 { // the row is of the key of the one before
					hashes[i] = hashes[i-1]
					rows.Replace(hashes[i], int32(i-1), int32(i))
				} else {
					rows.Insert(h, int32(i))
				}
				model[hashes[i]] = int32(i)
			}
			asked := append(append([]uint64{}, hashes...), absent...)
			r.Shuffle(len(asked), func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
			found := make([]int32, len(asked))
			rows.FindEach(asked, found)
			for i, h := range asked {
				want, ok := model[h]
				if !ok {
					want = -1
				}
				require.Equal(t, found[i], rows.Find(h), "seed %d, %d rows: the batch and the single lookup", seed, n)
				require.Equal(t, want, rows.lookUp(hashes, h, found[i]), "seed %d, %d rows, hash %x", seed, n, h)
			}
		}
	}
}

func TestNewRows_refuses(t *testing.T) {
	require.PanicsWithValue(t, "table: NewRows: -1 rows, want 0 to 2147483647", func() { NewRows(-1) })
}
