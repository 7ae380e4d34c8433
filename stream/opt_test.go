package stream_test

import (
	"bytes"
	"encoding/gob"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

func TestOpt_Binary(t *testing.T) {
	for _, opt := range []stream.Opt[string]{stream.Missing[string](), stream.Null[string](), stream.Present(""), stream.Present("ann")} {
		b, err := opt.MarshalBinary()
		require.NoError(t, err)
		got := stream.Present("before")
		require.NoError(t, got.UnmarshalBinary(b))
		require.Equal(t, opt, got)

		type row struct{ By stream.Opt[string] }
		var buf bytes.Buffer
		require.NoError(t, gob.NewEncoder(&buf).Encode(row{opt}))
		var back row
		require.NoError(t, gob.NewDecoder(&buf).Decode(&back))
		require.Equal(t, opt, back.By, "through encoding/gob")
	}
}

func TestOpt_Binary_refuses(t *testing.T) {
	for name, src := range map[string][]byte{
		"nothing": {}, "state": {3}, "no_value": {2}, "cut": {2, 5, 'a'}, "behind_null": {1, 0}, "behind_value": {2, 1, 'a', 0},
	} {
		opt := stream.Present("before")
		require.ErrorIs(t, opt.UnmarshalBinary(src), stream.ErrCorrupt, name)
		require.Equal(t, stream.Present("before"), opt, name)
	}
	_, err := stream.Present[any](1).MarshalBinary()
	require.EqualError(t, err, "rowcodec: interface {} is an interface, which cannot be written")
	var opt stream.Opt[any]
	require.Error(t, opt.UnmarshalBinary([]byte{0}))
}
