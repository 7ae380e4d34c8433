package parquet

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLZ4_Table(t *testing.T) {
	long := make([]byte, 15+255+10)
	for i := range long {
		long[i] = byte(i)
	}
	for name, c := range map[string]struct {
		src  []byte
		want string
		bad  bool
	}{
		"literals":              {[]byte("\x30abc"), "abc", false},
		"match":                 {[]byte("\x30abc\x03\x00\x10d"), "abcabcad", false},
		"overlapping_match":     {[]byte("\x14a\x01\x00\x10b"), "aaaaaaaaab", false},
		"long_literals":         {append([]byte{0xf0, 255, 10}, long...), string(long), false},
		"offset_zero":           {[]byte("\x30abc\x00\x00\x10d"), "abcabcad", true},
		"offset_before_start":   {[]byte("\x30abc\x04\x00\x10d"), "abcabcad", true},
		"literals_past_the_end": {[]byte("\x40abc"), "abcd", true},
		"too_long":              {[]byte("\x30abc"), "ab", true},
		"too_short":             {[]byte("\x30abc"), "abcd", true},
		"length_without_end":    {[]byte{0xf0, 255}, "abcd", true},
		"half_an_offset":        {[]byte("\x30abc\x03"), "abcabc", true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := lz4Block(make([]byte, len(c.want)), c.src)
			if c.bad {
				require.ErrorIs(t, err, errLZ4)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, string(got))
			framed := binary.BigEndian.AppendUint32(nil, uint32(len(c.want)))
			framed = append(binary.BigEndian.AppendUint32(framed, uint32(len(c.src))), c.src...)
			got, err = lz4Hadoop(make([]byte, 2*len(c.want)), append(framed, framed...))
			require.NoError(t, err)
			require.Equal(t, c.want+c.want, string(got))
		})
	}
}
