package parquetio

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

func TestStaged_NothingShowsBeforeCommit(t *testing.T) {
	d := newClicks(t, quickDir(t), DatasetOptions{Write: WriteOptions{RowGroupRows: 7}})
	old := clicks(40, 3)
	_, err := d.Overwrite(t.Context(), of(old), click.day, OverwriteOptions[click]{})
	require.NoError(t, err)
	before := tree(t, d.Dir())
	fresh := clicks(50, 4)

	s, err := d.Stage(t.Context(), of(fresh), click.day, OverwriteOptions[click]{Resources: stream.Resources{Memory: 500}})
	require.NoError(t, err)
	require.EqualValues(t, 50, s.Rows())
	checkDataset(t, d, byDay(old))
	back, err := collectAll(ReadStaged[click](s, ReadOptions{}))
	require.NoError(t, err)
	require.ElementsMatch(t, fresh, back)
	_, err = d.Overwrite(t.Context(), of(old), click.day, OverwriteOptions[click]{})
	require.ErrorIs(t, err, stream.ErrConflict, "the lock is held")

	s.Abort()
	s.Abort()
	require.Equal(t, before, tree(t, d.Dir()))
	_, err = s.Commit(t.Context())
	require.ErrorIs(t, err, stream.ErrConflict)
	_, err = collectAll(ReadStaged[click](s, ReadOptions{}))
	require.ErrorIs(t, err, stream.ErrConflict)

	s, err = d.Stage(t.Context(), of(fresh), click.day, OverwriteOptions[click]{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Commit(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, tree(t, d.Dir()), "a cancelled commit changes nothing and clears the stage")

	s, err = d.Stage(t.Context(), of(fresh), click.day, OverwriteOptions[click]{})
	require.NoError(t, err)
	res, err := s.Commit(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 50, res.Rows)
	checkDataset(t, d, byDay(fresh))
	require.Panics(t, func() { ReadStaged[click, click](nil, ReadOptions{}) })
}
