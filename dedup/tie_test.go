package dedup_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// beat is a row whose key can be spelled in several ways.
type beat struct {
	At    time.Time
	Level float64
	Rank  int
}

type beatKey struct {
	At    time.Time
	Level float64
}

func (b beat) Key() beatKey { return beatKey{b.At, b.Level} }

func compareBeats(a, b beatKey) int { return a.At.Compare(b.At) }

// Every engine names the same rows of a tie, and their key, though not in the same spelling.
func TestTieError_NamesAKeyThatIsEqual(t *testing.T) {
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	elsewhere := at.In(time.FixedZone("", 3600))
	rows := []beat{
		{at.Add(-time.Hour), 1, 0}, {at, 0, 1}, {elsewhere, math.Copysign(0, -1), 2}, {at.In(time.FixedZone("", 7200)), 0, 2},
	}
	o := dedup.Options[beat]{Tie: dedup.TieFail, By: []dedup.Comparator[beat]{dedup.Max(func(b beat) int { return b.Rank })}}
	bounded := o
	bounded.Resources.Memory = 4 << 10
	first := func(s stream.Seq[beat]) error { _, err := stream.Collect(s); return err }
	for name, err := range map[string]error{
		"memory":     first(dedup.Run(stream.Of(rows...), beat.Key, o)),
		"bounded":    first(dedup.Run(stream.Of(rows...), beat.Key, bounded)),
		"spilled":    first(dedup.RunTuned(stream.Of(rows...), beat.Key, bounded, 1, 0)),
		"evicted":    first(dedup.RunTuned(stream.Of(rows...), beat.Key, bounded, 0, 2)),
		"sorted":     first(dedup.Sorted(stream.Of(rows...), beat.Key, compareBeats, o)),
		"two_passes": first(dedup.TwoPass(func() stream.Seq[beat] { return stream.Of(rows...) }, beat.Key, dedup.Options[beat]{Tie: o.Tie, By: o.By, Order: dedup.OrderWinner})),
		"changelog": func() error {
			_, err := stream.Collect(dedup.Changelog(stream.Of(rows...), beat.Key, dedup.StateOptions[beat]{Options: o}))
			return err
		}(),
	} {
		var tie *dedup.TieError
		require.ErrorAs(t, err, &tie, name)
		require.EqualValues(t, 2, tie.WinnerPosition, name)
		require.EqualValues(t, 3, tie.Position, name)
		key := tie.Key.(beatKey)
		require.True(t, key.At.Equal(at) && key.Level == 0, fmt.Sprintf("%s: %v", name, key))
	}
}
