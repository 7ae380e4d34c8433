package stream

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/spill"
)

func TestSpillError(t *testing.T) {
	require.NoError(t, spillError("Sort", nil))
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = spillError("Sort", nil) }))

	err := spillError("Sort", fmt.Errorf("run 3: %w", &spill.Error{Op: spill.OpRead, File: "blocks-0", Offset: 88, Err: fmt.Errorf("%w: checksum", spill.ErrBroken)}))
	var typed *SpillError
	require.ErrorAs(t, err, &typed)
	require.ErrorIs(t, err, ErrCorrupt)
	require.EqualError(t, err, "stream: Sort: spill: read blocks-0 at 88: broken block: checksum")

	err = spillError("Join", &spill.Error{Op: spill.OpCreate, File: "blocks-1", Err: fs.ErrPermission})
	require.ErrorIs(t, err, fs.ErrPermission)
	require.NotErrorIs(t, err, ErrCorrupt)
	require.EqualError(t, err, "stream: Join: spill: create blocks-1: permission denied")

	boom := errors.New("boom")
	err = spillError("Sort", boom)
	require.ErrorIs(t, err, boom)
	require.EqualError(t, err, "stream: Sort: boom")
}
