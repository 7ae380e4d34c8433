package dedup_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// What cannot have been is said, with the change it is.
func TestReplay_Refuses(t *testing.T) {
	change := func(kind dedup.ChangeKind, id int) dedup.Change[click] {
		return dedup.Change[click]{Kind: kind, Row: click{ID: id}, Null: id == 0}
	}
	for name, c := range map[string]struct {
		log  []dedup.Change[click]
		says string
	}{
		"update_of_nothing":   {[]dedup.Change[click]{change(dedup.Inserted, 1), change(dedup.Updated, 2)}, "dedup: Replay: change 1 (+U of key 2): the key has no row: conflict"},
		"delete_twice":        {[]dedup.Change[click]{change(dedup.Inserted, 1), change(dedup.Deleted, 1), change(dedup.Deleted, 1)}, "change 2 (-D of key 1): the key has no row"},
		"retracted_and_left":  {[]dedup.Change[click]{change(dedup.Inserted, 1), change(dedup.Retracted, 1)}, "change 1 (-U of key 1): no update follows"},
		"retracted_and_other": {[]dedup.Change[click]{change(dedup.Inserted, 1), change(dedup.Inserted, 2), change(dedup.Retracted, 1), change(dedup.Updated, 2)}, "change 3 (+U of key 2): the update of a row retracted before it is missing"},
		"null_of_nothing":     {[]dedup.Change[click]{change(dedup.Updated, 0)}, "change 0 (+U of key null): the key has no row"},
		"unknown_kind":        {[]dedup.Change[click]{change(9, 1)}, "change 0 (ChangeKind(9) of key 1): there is no such kind"},
	} {
		_, err := stream.Collect(dedup.Replay(stream.Of(c.log...), click.Key))
		var typed *dedup.ReplayError
		require.ErrorAs(t, err, &typed, name)
		require.ErrorIs(t, err, stream.ErrConflict)
		require.ErrorContains(t, err, c.says)
	}
	_, err := stream.Collect(dedup.Replay(stream.Of(dedup.Change[any]{Row: []int{1}}), func(v any) any { return v }))
	var key *dedup.KeyError
	require.ErrorAs(t, err, &key)
}

// Many keys, which come and go: the index grows, and what is removed from it leaves the others to be found.
func TestReplay_Churn(t *testing.T) {
	var log []dedup.Change[int]
	left := []int{}
	for i := range 5000 {
		log = append(log, dedup.Change[int]{Kind: dedup.Inserted, Row: i})
		if j := i / 2; i%2 == 1 && j%3 > 0 {
			log = append(log, dedup.Change[int]{Kind: dedup.Deleted, Row: j})
		}
	}
	for i := range 5000 {
		if i >= 2500 || i%3 == 0 {
			left = append(left, i)
		}
	}
	got, err := stream.Collect(dedup.Replay(stream.Of(log...), func(i int) int { return i }))
	require.NoError(t, err)
	require.Equal(t, left, got)
}

// A table of five keys takes the room of five rows, however often they come and go.
func TestReplay_HoldsWhatIsLeft(t *testing.T) {
	var before, live int64
	log := func(yield func(dedup.Change[click], error) bool) {
		before = liveHeap()
		for i := range 400_000 {
			c := dedup.Change[click]{Kind: dedup.Inserted, Row: click{ID: i % 5, At: i}, Null: i%5 == 0}
			if !yield(c, nil) {
				return
			}
			if c.Kind = dedup.Deleted; i < 400_000-5 && !yield(c, nil) {
				return
			}
		}
		live = liveHeap() - before
	}
	got, err := stream.Collect(dedup.Replay(log, click.Key))
	require.NoError(t, err)
	require.Equal(t, []click{{ID: 0, At: 399_995}, {ID: 1, At: 399_996}, {ID: 2, At: 399_997}, {ID: 3, At: 399_998}, {ID: 4, At: 399_999}}, got)
	require.Less(t, live, int64(1<<20))
}
