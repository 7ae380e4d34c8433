package dedup_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// rapid runs each law 100 times; rounds per draw bring the count to about 1,000 programs per law.
const rounds = 10

// MILLRACE_HUNT asks for as many programs as it says.
func law(t *testing.T, check func(t *rapid.T)) {
	t.Helper()
	repeats := 1
	if n, err := strconv.Atoi(os.Getenv("MILLRACE_HUNT")); err == nil {
		repeats = max(1, n/1000)
	}
	for range repeats {
		rapid.Check(t, func(rt *rapid.T) {
			for range rounds {
				check(rt)
			}
		})
	}
}

func TestRun_Oracle(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		want := p.model()
		for _, withLosers := range []bool{false, true} {
			got := p.run(hashEngine, withLosers)
			if want.ambiguous {
				var tie *dedup.TieError
				require.ErrorAs(t, got.err, &tie)
				require.ErrorIs(t, got.err, stream.ErrConflict)
				a, b := p.rows[tie.WinnerPosition], p.rows[tie.Position]
				require.Less(t, tie.WinnerPosition, tie.Position)
				require.True(t, a.Null && p.o.NullKey != nil || a.Key() == b.Key(), "a tie is between rows of one key")
				if len(p.rules) > 0 {
					require.Empty(t, got.survivors, "a tie is found before the first row comes out")
				}
				continue
			}
			require.NoError(t, got.err)
			require.Equal(t, text(want.survivors), text(got.survivors))
			require.Len(t, got.rejected, want.rejected)
		}
	})
}

func TestSorted_Law_EqualsRun(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		nullsFirst := rapid.Bool().Draw(t, "nullsFirst")
		slices.SortStableFunc(p.rows, func(a, b reading) int {
			if p.o.NullKey != nil && a.Null != b.Null {
				if a.Null == nullsFirst {
					return -1
				}
				return 1
			}
			if p.o.NullKey != nil && a.Null {
				return 0
			}
			return compareKeys(a.Key(), b.Key())
		})
		want, got := p.run(hashEngine, true), p.run(sortedEngine, true)
		if want.err != nil {
			// The hash engine names the first tie before any row; the sorted one when it comes to it.
			require.Equal(t, want.err, got.err)
			return
		}
		require.NoError(t, got.err)
		require.Equal(t, text(want.survivors), text(got.survivors))
		require.Equal(t, want.stats, got.stats)
		require.Equal(t, fmt.Sprint(want.losers), fmt.Sprint(got.losers))
		require.Equal(t, fmt.Sprint(want.rejected), fmt.Sprint(got.rejected))
	})
}

func TestRun_Law_Conservation(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		if p.o.Tie == dedup.TieFail {
			p.o.Tie = dedup.TieFirst
		}
		r := p.run(hashEngine, true)
		require.NoError(t, r.err)
		s := r.stats
		require.EqualValues(t, len(p.rows), s.In)
		require.EqualValues(t, len(r.survivors), s.Out)
		require.EqualValues(t, len(r.losers), s.Dropped)
		require.EqualValues(t, len(r.rejected), s.RejectedNull)
		require.Equal(t, s.In, s.Out+s.Dropped+s.RejectedNull)
		require.Equal(t, s.Dropped == 0, s.Duplicates == 0)
		if p.o.Keep == dedup.KeepBest {
			require.Equal(t, s.Duplicates, s.Dropped)
		}
		if p.o.Same != nil {
			require.Equal(t, s.Duplicates, s.Identical+s.Conflicting)
		} else {
			require.Zero(t, s.Identical+s.Conflicting)
		}

		// Every row of the input comes out in exactly one place, and positions say where it stood.
		var all []reading
		for _, l := range r.losers {
			require.Equal(t, fmt.Sprint(p.rows[l.Position]), fmt.Sprint(l.Row))
			if l.WinnerPosition >= 0 {
				require.Equal(t, fmt.Sprint(p.rows[l.WinnerPosition]), fmt.Sprint(l.Winner))
			} else {
				require.Equal(t, dedup.KeepNone, p.o.Keep)
			}
			all = append(all, l.Row)
		}
		for _, l := range r.rejected {
			all = append(all, l.Row)
		}
		all = append(all, r.survivors...)
		require.Equal(t, sortedText(p.rows), sortedText(all))
	})
}

func TestRun_Law_LastLoserNamesTheFinalWinner(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		p.o.Keep, p.o.NullKey, p.o.NullKeys, p.o.Tie = dedup.KeepBest, nil, dedup.NullsDistinct, dedup.TieLast
		r := p.run(hashEngine, true)
		require.NoError(t, r.err)
		final := map[readingKey]reading{}
		for _, s := range r.survivors {
			final[s.Key()] = s
		}
		for i, l := range slices.Backward(r.losers) {
			last := !slices.ContainsFunc(r.losers[i+1:], func(o dedup.Loser[reading]) bool { return o.Row.Key() == l.Row.Key() })
			if last {
				require.Equal(t, fmt.Sprint(final[l.Row.Key()]), fmt.Sprint(l.Winner))
			}
		}
	})
}

func TestRun_Law_LosersOnlyWatch(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		with, without := p.run(hashEngine, true), p.run(hashEngine, false)
		require.Equal(t, text(with.survivors), text(without.survivors))
		require.Equal(t, with.stats, without.stats)
		require.Equal(t, with.err, without.err)
	})
}

func TestRun_Law_RunsAgain(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		s := dedup.Run(stream.Of(p.rows...), reading.Key, func() dedup.Options[reading] {
			o := p.options()
			if o.NullKeys == dedup.NullsReject {
				o.Rejects = stream.Discard[dedup.Reject[reading]]("only the survivors are compared")
			}
			return o
		}())
		first, firstErr := stream.Collect(s)
		second, secondErr := stream.Collect(s)
		require.Equal(t, text(first), text(second))
		require.Equal(t, firstErr, secondErr)
	})
}
