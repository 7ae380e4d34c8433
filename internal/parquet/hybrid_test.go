package parquet

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// encodeHybrid is the model: it writes values in runs of either kind, as the lists of cuts say.
func encodeHybrid(values []uint32, width uint, packed []bool) []byte {
	var b []byte
	for k := 0; len(values) > 0; k++ {
		if packed[k%len(packed)] {
			n := min(len(values), 24)
			groups := (n + 7) / 8
			b = binary.AppendUvarint(b, uint64(groups)<<1|1)
			bits := make([]byte, groups*int(width))
			for i, v := range values[:n] {
				for j := range int(width) {
					if v>>j&1 == 1 {
						at := i*int(width) + j
						bits[at/8] |= 1 << (at % 8)
					}
				}
			}
			b = append(b, bits...)
			if n%8 != 0 {
				return b // only the last group may be short
			}
			values = values[n:]
			continue
		}
		n := 1
		for n < len(values) && values[n] == values[0] {
			n++
		}
		b = binary.AppendUvarint(b, uint64(n)<<1)
		for j := range int(width+7) / 8 {
			b = append(b, byte(values[0]>>(8*j)))
		}
		values = values[n:]
	}
	return b
}

func TestHybrid_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := uint(rapid.IntRange(0, 32).Draw(t, "width"))
		mask := uint32(uint64(1)<<width - 1)
		values := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) uint32 {
			if rapid.Bool().Draw(t, "small") {
				return uint32(rapid.IntRange(0, 1).Draw(t, "v")) & mask
			}
			return rapid.Uint32().Draw(t, "v") & mask
		}), 1, 200).Draw(t, "values")
		b := encodeHybrid(values, width, rapid.SliceOfN(rapid.Bool(), 1, 5).Draw(t, "packed"))
		h := newHybrid(b, width)
		var got []uint32
		for len(got) < len(values) {
			buf := make([]uint32, min(rapid.IntRange(1, 50).Draw(t, "n"), len(values)-len(got)))
			require.NoError(t, h.fill(buf))
			got = append(got, buf...)
		}
		require.Equal(t, values, got)
	})
}

func TestHybrid_Errors(t *testing.T) {
	for name, c := range map[string]struct {
		b     []byte
		width uint
		n     int
	}{
		"empty":                    {nil, 1, 1},
		"varint_without_end":       {[]byte{0x80}, 1, 1},
		"run_without_value":        {[]byte{8}, 8, 4},
		"run_of_zero_then_end":     {[]byte{0, 1}, 1, 1},
		"packed_without_bytes":     {[]byte{3}, 1, 1},
		"packed_too_few":           {[]byte{3, 1}, 8, 2},
		"value_beyond_its_width":   {[]byte{8, 2}, 1, 4},
		"groups_beyond_all_memory": {[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHybrid(c.b, c.width)
			require.Error(t, h.fill(make([]uint32, c.n)))
		})
	}
}
