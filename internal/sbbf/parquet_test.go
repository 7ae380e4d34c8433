package sbbf_test

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/fixture"
	"github.com/millrace-go/millrace/internal/sbbf"
)

// Filters that other programs wrote into Parquet files are, byte for byte, what inserting the column's values makes.
func TestFilter_IsWhatOthersWrite(t *testing.T) {
	var words [][]byte
	for _, w := range []string{"Hello", "This is", "a", "test", "How", "are you", "doing ", "today",
		"the quick", "brown fox", "jumps", "over", "the lazy", "dog"} {
		words = append(words, []byte(w))
	}
	for file, values := range map[string][][]byte{
		"parquet-testing__data_index_bloom_encoding_stats.parquet":       words,
		"parquet-testing__data_index_bloom_encoding_with_length.parquet": words,
		"duckdb__multi_bloom_b.parquet":                                  {{2, 0, 0, 0}}, // an INT32
	} {
		t.Run(file, func(t *testing.T) {
			src, err := os.ReadFile(fixture.Path(t, "data", "parquet", "good", file))
			require.NoError(t, err)
			stored := bloomBytes(t, src)
			var got sbbf.Filter
			require.NoError(t, got.Decode(stored))
			built := sbbf.New(len(stored) / sbbf.BlockBytes)
			for _, v := range values {
				require.True(t, got.Contains(xxHash64(v)), "%q", v)
				built.Insert(xxHash64(v))
			}
			require.Equal(t, stored, built.Append(nil))
			require.False(t, got.Contains(xxHash64([]byte("Goodbye"))))
		})
	}
}

// bloomBytes finds the one Bloom filter of a file behind its header: in Thrift's compact form the number of bytes, then
// the only algorithm, hash and compression there are.
func bloomBytes(t *testing.T, src []byte) []byte {
	t.Helper()
	kinds := []byte{0x1c, 0x1c, 0, 0, 0x1c, 0x1c, 0, 0, 0x1c, 0x1c, 0, 0, 0}
	at := bytes.Index(src, kinds)
	require.Greater(t, at, 6)
	start := bytes.LastIndexByte(src[at-6:at], 0x15) + at - 6 + 1
	n, used := binary.Varint(src[start:at])
	require.Equal(t, at-start, used)
	at += len(kinds)
	require.LessOrEqual(t, int(n), len(src)-at)
	return src[at : at+int(n)]
}

// xxHash64 is the hash of Parquet's filters with seed 0, for values under 32 bytes.
func xxHash64(v []byte) uint64 {
	const p1, p2, p3, p4, p5 = 0x9e3779b185ebca87, 0xc2b2ae3d27d4eb4f, 0x165667b19e3779f9, 0x85ebca77c2b2ae63, 0x27d4eb2f165667c5
	h := p5 + uint64(len(v))
	for ; len(v) >= 8; v = v[8:] {
		h = bits.RotateLeft64(h^bits.RotateLeft64(binary.LittleEndian.Uint64(v)*p2, 31)*p1, 27)*p1 + p4
	}
	if len(v) >= 4 {
		h = bits.RotateLeft64(h^uint64(binary.LittleEndian.Uint32(v))*p1, 23)*p2 + p3
		v = v[4:]
	}
	for _, b := range v {
		h = bits.RotateLeft64(h^uint64(b)*p5, 11) * p1
	}
	h = (h ^ h>>33) * p2
	h = (h ^ h>>29) * p3
	return h ^ h>>32
}
