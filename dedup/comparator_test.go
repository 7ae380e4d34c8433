package dedup_test

import (
	"cmp"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// wins reports which of two rows stays under a comparator, seen in both orders of arrival: "a", "b" or "tie".
func wins(t *testing.T, c dedup.Comparator[any], a, b any) string {
	t.Helper()
	winner := func(first, second any) int64 {
		var losers []dedup.Loser[any]
		_, err := stream.Count(dedup.Run(stream.Of(first, second), func(any) int { return 0 },
			dedup.Options[any]{By: []dedup.Comparator[any]{c}, Losers: stream.Into(&losers)}))
		require.NoError(t, err)
		require.Len(t, losers, 1)
		if losers[0].DecidedBy == "first seen" {
			return -1
		}
		require.Equal(t, c.Name(), losers[0].DecidedBy)
		return losers[0].WinnerPosition
	}
	there, back := winner(a, b), winner(b, a)
	switch {
	case there == 0 && back == 1:
		return "a"
	case there == 1 && back == 0:
		return "b"
	case there == -1 && back == -1:
		return "tie"
	}
	t.Fatalf("%s contradicts itself on %v and %v", c.Name(), a, b)
	return ""
}

func TestComparator_Table(t *testing.T) {
	number, positive := as[float64], func(row any) bool { return as[float64](row) > 0 }
	compare := func(a, b any) int { return cmp.Compare(as[float64](a), as[float64](b)) }
	nan := math.NaN()
	for name, tt := range map[string]struct {
		c    dedup.Comparator[any]
		a, b float64
		want string
	}{
		"max_greater":         {dedup.Max(number), 2, 1, "a"},
		"max_equal":           {dedup.Max(number), 2, 2, "tie"},
		"max_zeros_tie":       {dedup.Max(number), 0, math.Copysign(0, -1), "tie"},
		"max_nan_loses":       {dedup.Max(number), nan, math.Inf(-1), "b"},
		"max_nans_tie":        {dedup.Max(number), nan, nan, "tie"},
		"min_smaller":         {dedup.Min(number), 2, 1, "b"},
		"min_nan_loses":       {dedup.Min(number), nan, math.Inf(1), "b"},
		"min_nans_tie":        {dedup.Min(number), nan, nan, "tie"},
		"present_true_wins":   {dedup.Present(positive), 1, -1, "a"},
		"present_both_tie":    {dedup.Present(positive), 1, 2, "tie"},
		"present_neither_tie": {dedup.Present(positive), -1, -2, "tie"},
		"maxfunc":             {dedup.MaxFunc(compare), 1, 2, "b"},
		"minfunc":             {dedup.MinFunc(compare), 1, 2, "a"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, wins(t, tt.c, tt.a, tt.b)) })
	}
}

func TestComparator_Times(t *testing.T) {
	noon := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	abroad := noon.In(time.FixedZone("JST", 9*3600)) // the clock on the wall is later, the instant is not
	self := as[time.Time]
	require.Equal(t, "tie", wins(t, dedup.Latest(self), noon, abroad))
	require.Equal(t, "tie", wins(t, dedup.Earliest(self), noon, abroad))
	require.Equal(t, "b", wins(t, dedup.Latest(self), abroad, noon.Add(time.Nanosecond)))
	require.Equal(t, "a", wins(t, dedup.Earliest(self), abroad, noon.Add(time.Nanosecond)))
}

func TestComparator_Nullable(t *testing.T) {
	type opt = stream.Opt[float64]
	self := as[opt]
	at := func(row any) stream.Opt[time.Time] {
		if v, ok := as[opt](row).Get(); ok && !math.IsNaN(v) {
			return stream.Present(time.Unix(int64(v), 0))
		}
		return stream.Null[time.Time]()
	}
	one, two, nan := stream.Present(1.), stream.Present(2.), stream.Present(math.NaN())
	null, missing := stream.Null[float64](), stream.Missing[float64]()
	for name, tt := range map[string]struct {
		c    dedup.Comparator[any]
		a, b opt
		want string
	}{
		"max":                          {dedup.MaxOpt(self), one, two, "b"},
		"max_null_loses":               {dedup.MaxOpt(self), null, one, "b"},
		"max_missing_loses":            {dedup.MaxOpt(self), missing, one, "b"},
		"max_null_and_missing_tie":     {dedup.MaxOpt(self), missing, null, "tie"},
		"max_nan_beats_null":           {dedup.MaxOpt(self), nan, null, "a"},
		"max_nan_loses":                {dedup.MaxOpt(self), nan, one, "b"},
		"max_nulls_first":              {dedup.MaxOpt(self).NullsFirst(), null, two, "a"},
		"max_nulls_first_values":       {dedup.MaxOpt(self).NullsFirst(), one, two, "b"},
		"min":                          {dedup.MinOpt(self), one, two, "a"},
		"min_null_loses":               {dedup.MinOpt(self), null, one, "b"},
		"min_nan_loses":                {dedup.MinOpt(self), nan, two, "b"},
		"min_nulls_first":              {dedup.MinOpt(self).NullsFirst(), null, one, "a"},
		"min_nulls_first_nan":          {dedup.MinOpt(self).NullsFirst(), null, nan, "a"},
		"latest":                       {dedup.LatestOpt(at), one, two, "b"},
		"latest_null_loses":            {dedup.LatestOpt(at), null, one, "b"},
		"latest_nulls_first":           {dedup.LatestOpt(at).NullsFirst(), null, one, "a"},
		"earliest":                     {dedup.EarliestOpt(at), one, two, "a"},
		"earliest_null_loses":          {dedup.EarliestOpt(at), null, one, "b"},
		"earliest_nulls_first":         {dedup.EarliestOpt(at).NullsFirst(), null, one, "a"},
		"named_and_nulls_first":        {dedup.MaxOpt(self).Named("score").NullsFirst(), null, one, "a"},
		"nulls_first_twice_is_no_flip": {dedup.MaxOpt(self).NullsFirst().NullsFirst(), null, one, "a"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, wins(t, tt.c, tt.a, tt.b)) })
	}
}

func TestComparator_Name(t *testing.T) {
	c := dedup.Max(func(i int) int { return i })
	require.Equal(t, "Max", c.Name())
	require.Equal(t, "version", c.Named("version").Name())
	require.Equal(t, "Max", c.Name(), "Named makes another comparator")
}

func TestEnums_String(t *testing.T) {
	require.Equal(t, []string{"first seen", "last seen", "tie", "Tie(9)"},
		[]string{dedup.TieFirst.String(), dedup.TieLast.String(), dedup.TieFail.String(), dedup.Tie(9).String()})
	require.Equal(t, []string{"best", "first", "last", "none", "merge", "Keep(9)"}, []string{dedup.KeepBest.String(), dedup.KeepFirst.String(),
		dedup.KeepLast.String(), dedup.KeepNone.String(), dedup.KeepMerge.String(), dedup.Keep(9).String()})
	require.Equal(t, []string{"first seen", "winner position", "any", "Order(9)"},
		[]string{dedup.OrderFirstSeen.String(), dedup.OrderWinner.String(), dedup.OrderAny.String(), dedup.Order(9).String()})
	require.Equal(t, []string{"nulls distinct", "nulls equal", "nulls rejected", "NullKeys(9)"},
		[]string{dedup.NullsDistinct.String(), dedup.NullsEqual.String(), dedup.NullsReject.String(), dedup.NullKeys(9).String()})
}

// Two comparators of one name would be one to DecidedBy, and to State.Digest. Those that nobody named are numbered.
func TestComparator_NamedAlike(t *testing.T) {
	serial, at := dedup.Max(func(c click) int { return c.ID }), dedup.Max(func(c click) int { return c.At })
	for name, by := range map[string][]dedup.Comparator[click]{
		"both_named":          {serial.Named("x"), at.Named("x")},
		"named_as_another_is": {serial, at.Named("Max")},
		"before_that_one":     {serial.Named("Max"), at},
		"as_a_numbered_one":   {serial, at, dedup.Present(isNullClick).Named("Max[1]")},
		"before_the_numbered": {dedup.Present(isNullClick).Named("Max[2]"), serial, at},
	} {
		_, err := stream.Collect(dedup.Best(untouchable[click](t), click.Key, by...))
		var option *stream.OptionError
		require.ErrorAs(t, err, &option, name)
		require.Equal(t, fmt.Sprintf("By[%d]", len(by)-1), option.Option, name)
		_, err = dedup.New(click.Key, dedup.StateOptions[click]{Options: dedup.Options[click]{By: by}})
		require.ErrorAs(t, err, &option, name)
	}
	for _, by := range [][]dedup.Comparator[click]{{serial, at}, {serial.Named("x"), at.Named("y")}, {serial.Named("x"), at}} {
		require.NoError(t, stream.Drain(dedup.Best(stream.Of[click](), click.Key, by...)))
	}
}
