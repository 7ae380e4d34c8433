package stream

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// own is a codec of the user's.
type own struct{}

func (own) Append(dst []byte, v *func()) ([]byte, error) { return dst, nil }
func (own) Decode(src []byte, v *func()) ([]byte, error) { return src, nil }
func (own) Held(v *func()) int64                         { return 0 }

func TestCodecOf(t *testing.T) {
	compiled, err := codecOf[int]("Sort", nil)
	require.NoError(t, err)
	b, err := compiled.Append(nil, new(int))
	require.NoError(t, err)
	require.Equal(t, []byte{0}, b)

	given, err := codecOf[func()]("Sort", own{})
	require.NoError(t, err)
	require.Equal(t, own{}, given)

	_, err = codecOf[func()]("Sort", nil)
	require.EqualError(t, err, "stream: Sort: Codec must be a stream.Codec[func()] where memory is bounded, got nil (rowcodec: func() is a func, which cannot be written)")
	_, err = codecOf[int]("Sort", own{})
	require.EqualError(t, err, "stream: Sort: Codec must be a stream.Codec[int], got stream.own")
	var option *OptionError
	require.ErrorAs(t, err, &option)
}
