package dedup_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// checkTwoPass runs a case that succeeds through two passes as well, where its comparators can go there: the rows that
// the case wants, in order of the winners, and the counts of Run.
func checkTwoPass(t *testing.T, config map[string]any, rows []caseRow, want []string, wantStats dedup.Stats) {
	var stats dedup.Stats
	var losers []dedup.Loser[caseRow]
	rejected := 0
	key, o := stageOptions(t, config, rows, &stats, &losers, &rejected)
	o.Losers, o.Same, o.Order = nil, nil, dedup.OrderWinner
	if o.Tie == dedup.TieFail { // Same is what told copies from conflicts
		o.Tie = dedup.TieFirst
	}
	got, err := stream.Collect(dedup.TwoPass(again(rows), key, o))
	var option *stream.OptionError
	if errors.As(err, &option) && strings.HasPrefix(option.Option, "By[") {
		return // strings and mixtures have no rank
	}
	require.NoError(t, err, "two passes")

	inOrder, err := stream.Collect(dedup.Run(stream.Of(rows...), key, o))
	require.NoError(t, err)
	have := jsonLines(t, got)
	require.Equal(t, jsonLines(t, inOrder), have, "two passes")
	want = slices.Clone(want)
	slices.Sort(want)
	slices.Sort(have)
	require.Equal(t, want, have, "two passes")
	wantStats.Identical, wantStats.Conflicting = 0, 0 // without Same
	stats.Identical, stats.Conflicting = 0, 0
	require.Equal(t, wantStats, stats, "two passes")
	twoPassCases[t.Name()] = true
}

// twoPassCases are the cases that went through two passes.
var twoPassCases = map[string]bool{}
