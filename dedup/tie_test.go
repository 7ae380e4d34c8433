package dedup_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// Every engine names the same rows of a tie, and their key, though not in the same spelling: 0 and -0 are one key.
func TestTieError_NamesAKeyThatIsEqual(t *testing.T) {
	rows := []caseRow{{"id": -1., "rank": 0.}, {"id": 0., "rank": 1.}, {"id": math.Copysign(0, -1), "rank": 2.}, {"id": 0., "rank": 2.}}
	key := func(r caseRow) caseKey { return caseKey{r["id"]} }
	rank := func(r caseRow) float64 { return r["rank"].(float64) }
	o := dedup.Options[caseRow]{Tie: dedup.TieFail, By: []dedup.Comparator[caseRow]{dedup.Max(rank)}}
	held := make([]stateRow, len(rows))
	for i, r := range rows {
		held[i].Row = r
	}
	changes := dedup.Changelog(stream.Of(held...), func(r stateRow) caseKey { return key(r.Row) }, dedup.StateOptions[stateRow]{Options: dedup.Options[stateRow]{
		Tie: dedup.TieFail, By: []dedup.Comparator[stateRow]{dedup.Max(func(r stateRow) float64 { return rank(r.Row) })}}})
	inOrder := o
	inOrder.Order = dedup.OrderWinner
	for name, run := range map[string]func() error{
		"memory": func() error { _, err := stream.Collect(dedup.Run(stream.Of(rows...), key, o)); return err },
		"sorted": func() error {
			_, err := stream.Collect(dedup.Sorted(stream.Of(rows...), key, compareCaseKeys, o))
			return err
		},
		"two_passes": func() error { _, err := stream.Collect(dedup.TwoPass(again(rows), key, inOrder)); return err },
		"changelog":  func() error { _, err := stream.Collect(changes); return err },
	} {
		var tie *dedup.TieError
		require.ErrorAs(t, run(), &tie, name)
		require.EqualValues(t, 2, tie.WinnerPosition, name)
		require.EqualValues(t, 3, tie.Position, name)
		require.True(t, tie.Key.(caseKey) == caseKey{0.}, name)
	}
}
