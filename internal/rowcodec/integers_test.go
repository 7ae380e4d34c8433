package rowcodec_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/rowcodec"
)

// integers are two of each length, the least and the greatest.
func integers() (all []uint64) {
	for n := range 9 {
		least := uint64(1) << max(8*n-8, 0)
		all = append(all, least, least<<8-1)
	}
	return append(all, 0, 247, 248, 1<<63, 1<<64-1)
}

// An integer has the same bytes whatever room is behind it, and is read whatever comes behind it: there is a short way for where
// there is much.
func TestCodec_IntegersWhateverRoom(t *testing.T) {
	type pair struct {
		A uint64
		B int64
	}
	codec, err := rowcodec.New[pair]()
	require.NoError(t, err)
	for _, x := range integers() {
		want := pair{x, int64(x)}
		whole, err := codec.Append(nil, &want)
		require.NoError(t, err)
		require.Equal(t, whole[:len(rowcodec.AppendUint(nil, x))], rowcodec.AppendUint(nil, x))
		for room := range 24 {
			dst := append(make([]byte, 0, 3+room), "abc"...)
			out, err := codec.Append(dst, &want)
			require.NoError(t, err)
			require.Equal(t, append([]byte("abc"), whole...), out, "%d with room for %d", x, room)
			out = rowcodec.AppendUint(slices.Clone(dst[:3:3+room]), x)
			require.Equal(t, append([]byte("abc"), rowcodec.AppendUint(nil, x)...), out)

			var got pair
			rest, err := codec.Decode(append(slices.Clone(whole), bytes.Repeat([]byte{255}, room)...), &got)
			require.NoError(t, err)
			require.Len(t, rest, room)
			require.Equal(t, want, got)
		}
		for short := range len(whole) {
			var got pair
			_, err := codec.Decode(whole[:short:short], &got)
			require.Error(t, err, "%d, %d bytes of %d", x, short, len(whole))
		}
	}
}

// A form that is not the shortest is refused, be it the last thing or not.
func TestCodec_IntegersInALongForm(t *testing.T) {
	codec, err := rowcodec.New[uint64]()
	require.NoError(t, err)
	for n := 1; n <= 8; n++ { // bytes behind the first, of which the last is 0
		long := make([]byte, 1+n)
		long[0] = byte(247 + n)
		if n > 1 {
			long[n-1] = 255
		}
		for behind := range 10 {
			src := append(slices.Clone(long), bytes.Repeat([]byte{255}, behind)...)
			var got uint64
			_, err := codec.Decode(src, &got)
			require.ErrorContains(t, err, "not in its shortest form", "%x", src)
			_, took := rowcodec.TakeUint(src)
			require.Zero(t, took)
		}
	}
}
