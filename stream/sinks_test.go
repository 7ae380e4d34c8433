package stream_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

var sum = stream.Fold[int, int]{Add: func(acc *int, v int) { *acc += v }}

// Every sink, with an error at every position: the whole result is asserted, for an error that looks like
// success is the classic bug here.
func TestSinks_error_at_every_position(t *testing.T) {
	for n := range 4 {
		items := []int{1, 2, 3}[:n]
		s := failAfter(errBoom, items...)

		got, err := stream.Collect(s)
		require.ErrorIs(t, err, errBoom)
		require.Equal(t, len(items), len(got))

		count, err := stream.Count(s)
		require.ErrorIs(t, err, errBoom)
		require.Equal(t, n, count)

		total, err := stream.Reduce(s, sum)
		require.ErrorIs(t, err, errBoom)
		require.Zero(t, total)

		v, ok, err := stream.First(s)
		if n == 0 {
			require.ErrorIs(t, err, errBoom)
			require.False(t, ok)
			require.Zero(t, v)
		} else {
			require.NoError(t, err, "First reads one element")
			require.True(t, ok)
			require.Equal(t, 1, v)
		}

		var seen []int
		require.ErrorIs(t, stream.ForEach(s, func(v int) error { seen = append(seen, v); return nil }), errBoom)
		require.Len(t, seen, n)

		require.ErrorIs(t, stream.Drain(s), errBoom)

		var tryErr error
		require.Len(t, slices.Collect(stream.Try(s, &tryErr)), n)
		require.ErrorIs(t, tryErr, errBoom)
	}
}

func TestSinks_without_error(t *testing.T) {
	s := stream.Of(1, 2, 3)
	total, err := stream.Reduce(s, sum)
	require.NoError(t, err)
	require.Equal(t, 6, total)

	started, err := stream.Reduce(s, stream.Fold[int, int]{New: func() int { return 100 }, Add: sum.Add})
	require.NoError(t, err)
	require.Equal(t, 106, started)

	_, ok, err := stream.First(stream.Of[int]())
	require.NoError(t, err)
	require.False(t, ok)

	tryErr := errBoom
	require.Equal(t, []int{1, 2, 3}, slices.Collect(stream.Try(s, &tryErr)))
	require.NoError(t, tryErr, "a run that ends well clears the error of an earlier one")

	require.ErrorIs(t, stream.ForEach(s, func(v int) error {
		if v == 2 {
			return errBoom
		}
		return nil
	}), errBoom)
}
