package parquet

import (
	"encoding/binary"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// encodeDelta is the model writer of DELTA_BINARY_PACKED.
func encodeDelta(values []int64, mini, minis int) []byte {
	block := mini * minis
	b := binary.AppendUvarint(nil, uint64(block))
	b = binary.AppendUvarint(b, uint64(minis))
	b = binary.AppendUvarint(b, uint64(len(values)))
	if len(values) == 0 {
		return binary.AppendVarint(b, 0)
	}
	b = binary.AppendVarint(b, values[0])
	var deltas []int64
	for i := 1; i < len(values); i++ {
		deltas = append(deltas, values[i]-values[i-1])
	}
	for len(deltas) > 0 {
		d := deltas[:min(block, len(deltas))]
		deltas = deltas[len(d):]
		least := d[0]
		for _, x := range d {
			least = min(least, x)
		}
		b = binary.AppendVarint(b, least)
		widths := len(b)
		b = append(b, make([]byte, minis)...)
		for m := 0; m*mini < len(d); m++ {
			part := d[m*mini : min((m+1)*mini, len(d))]
			w := 0
			for _, x := range part {
				w = max(w, bits.Len64(uint64(x-least)))
			}
			b[widths+m] = byte(w)
			packed := make([]byte, mini/8*w)
			for i, x := range part {
				for j := range w {
					if uint64(x-least)>>j&1 == 1 {
						packed[(i*w+j)/8] |= 1 << ((i*w + j) % 8)
					}
				}
			}
			b = append(b, packed...)
		}
	}
	return b
}

func TestDelta_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) int64 {
			if rapid.Bool().Draw(t, "small") {
				return int64(rapid.IntRange(-3, 3).Draw(t, "v"))
			}
			return rapid.Int64().Draw(t, "v")
		}), 1, 500).Draw(t, "values")
		mini := 8 * rapid.IntRange(1, 5).Draw(t, "mini")
		b := encodeDelta(values, mini, rapid.IntRange(1, 5).Draw(t, "minis"))
		tail := []byte("tail")
		d, err := newDelta(append(b, tail...))
		require.NoError(t, err)
		walk := d
		rest, err := walk.rest()
		require.NoError(t, err)
		require.Equal(t, tail, rest)
		var got []int64
		for len(got) < len(values) {
			v, err := d.next(rapid.IntRange(1, 70).Draw(t, "n"))
			require.NoError(t, err)
			require.NotEmpty(t, v)
			got = append(got, v...)
		}
		require.Equal(t, values, got)
		_, err = d.next(1)
		require.Error(t, err)
	})
}

// Strings through both delta encodings, written by the model.
func TestDeltaBytes_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.StringMatching(`[ab]{0,6}`), 1, 200).Draw(t, "values")
		var lengths, prefixes, suffixLengths []int64
		var all, suffixes []byte
		last := ""
		for _, v := range values {
			lengths = append(lengths, int64(len(v)))
			all = append(all, v...)
			p := 0
			for p < len(v) && p < len(last) && v[p] == last[p] {
				p++
			}
			prefixes = append(prefixes, int64(p))
			suffixLengths = append(suffixLengths, int64(len(v)-p))
			suffixes = append(suffixes, v[p:]...)
			last = v
		}
		plain := append(encodeDelta(lengths, 32, 4), all...)
		shared := append(append(encodeDelta(prefixes, 32, 4), encodeDelta(suffixLengths, 32, 4)...), suffixes...)
		col := &Column{Physical: ByteArray}
		for enc, b := range map[int32][]byte{encDeltaLength: plain, encDeltaBytes: shared} {
			d, err := newDecoder(enc, col, b, nil)
			require.NoError(t, err)
			got := make([]string, len(values))
			at := 0
			for at < len(got) {
				n := min(rapid.IntRange(1, 60).Draw(t, "n"), len(got)-at)
				require.NoError(t, d.strings(got[at:at+n]))
				at += n
			}
			require.Equal(t, values, got)
			require.Error(t, d.strings(make([]string, 1)))
		}
	})
}

// Blocks are walked, not believed: a header that claims everything allocates nothing.
func TestDelta_HugeClaims(t *testing.T) {
	b := binary.AppendUvarint(nil, 128)
	b = binary.AppendUvarint(b, 4)
	b = binary.AppendUvarint(b, 1<<40)
	b = binary.AppendVarint(b, 7)
	d, err := newDelta(b)
	require.NoError(t, err)
	v, err := d.next(1000)
	require.NoError(t, err)
	require.Equal(t, []int64{7}, v)
	_, err = d.next(1000)
	require.ErrorIs(t, err, errDelta)
	_, err = newDeltaLength(b)
	require.ErrorIs(t, err, errDelta)
}
