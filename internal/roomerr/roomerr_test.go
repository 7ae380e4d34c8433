package roomerr_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/roomerr"
	"github.com/millrace-go/millrace/internal/snapshot"
	"github.com/millrace-go/millrace/stream"
)

func TestRestore(t *testing.T) {
	for _, conflict := range []bool{false, true} {
		err := roomerr.Restore("dedup", "State.Restore", &snapshot.Error{Offset: 7, What: "version", Got: 2, Want: 1, Conflict: conflict})
		var of *stream.SnapshotError
		require.ErrorAs(t, err, &of)
		require.Equal(t, int64(7), of.Offset)
		require.Equal(t, conflict, errors.Is(err, stream.ErrConflict))
		require.Equal(t, !conflict, errors.Is(err, stream.ErrCorrupt))
		require.ErrorContains(t, err, "dedup: State.Restore: at byte 7: version is 2, want 1")
	}
	limit := &stream.LimitError{Where: "dedup: State"}
	require.Same(t, limit, roomerr.Restore("dedup", "State.Restore", limit))
	err := roomerr.Restore("session", "State.Restore", io.ErrClosedPipe)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.EqualError(t, err, "session: State.Restore: io: read/write on closed pipe")
}

func TestPanic(t *testing.T) {
	first := roomerr.Panic("boom")
	require.Equal(t, "boom", first.(*stream.PanicError).Value)
	require.NotEmpty(t, first.(*stream.PanicError).Stack)
	require.Same(t, first, roomerr.Panic(first))
}
