package dedup_test

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// spills is how a run is made to spill: a bound in bytes, and what it is told of memory on top.
type spills struct {
	memory, budget  int64
	mostKeys, evict int
	dir             string
}

// readingRun is Run for readings.
type readingRun func(rows stream.Seq[reading], o dedup.Options[reading]) stream.Seq[reading]

func unbounded(rows stream.Seq[reading], o dedup.Options[reading]) stream.Seq[reading] {
	return dedup.Run(rows, reading.Key, o)
}

// ofRows makes it an engine.
func (r readingRun) ofRows(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
	return r(stream.Of(rows...), o)
}

func drawSpills(t *rapid.T, dir string) spills {
	return spills{
		memory:   rapid.SampledFrom([]int64{1, 1 << 10, 4 << 10, 64 << 10, 1 << 20}).Draw(t, "memory"),
		budget:   rapid.SampledFrom([]int64{0, 0, 1, 2 << 10, 64 << 10}).Draw(t, "budget"),
		mostKeys: rapid.IntRange(0, 6).Draw(t, "mostKeys"),
		evict:    rapid.IntRange(0, 4).Draw(t, "evict"),
		dir:      dir,
	}
}

// engine returns Run under the bound, and what says that it left nothing.
func (s spills) engine(t require.TestingT) (run readingRun, given func()) {
	var budget *stream.Budget
	if s.budget > 0 {
		var err error
		budget, err = stream.NewBudget(s.budget)
		require.NoError(t, err)
	}
	run = func(rows stream.Seq[reading], o dedup.Options[reading]) stream.Seq[reading] {
		o.Resources = stream.Resources{Memory: s.memory, Budget: budget, TempDir: s.dir}
		return dedup.RunTuned(rows, reading.Key, o, s.mostKeys, s.evict)
	}
	given = func() {
		left, err := os.ReadDir(s.dir)
		require.NoError(t, err)
		require.Empty(t, left, "files are left")
		if budget != nil {
			require.Zero(t, budget.Used(), "booked bytes are left")
		}
	}
	return run, given
}

// requireSameResult demands that a bound changed nothing: rows, losers and rejects in their order, counts, the error.
func requireSameResult(t require.TestingT, want, got result) {
	require.Equal(t, fmt.Sprintf("%+v", want.err), fmt.Sprintf("%+v", got.err))
	require.Equal(t, text(want.survivors), text(got.survivors))
	require.Equal(t, lines(want.losers), lines(got.losers))
	if want.err != nil { // it may be found when more of the input was read
		require.GreaterOrEqual(t, len(got.rejected), len(want.rejected))
		got.rejected, got.stats = got.rejected[:len(want.rejected)], want.stats
	}
	require.Equal(t, lines(want.rejected), lines(got.rejected))
	require.Equal(t, want.stats, got.stats)
}

// lines prints one element a line; a NaN prints as itself.
func lines[E any](of []E) []string {
	out := make([]string, len(of))
	for i := range of {
		out[i] = fmt.Sprintf("%+v", of[i])
	}
	return out
}

func TestRun_Law_SpillingChangesNothing(t *testing.T) {
	dir := t.TempDir()
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		bounded, given := drawSpills(t, dir).engine(t)
		withLosers := rapid.Bool().Draw(t, "withLosers")
		want, got := p.run(hashEngine, withLosers), p.run(bounded.ofRows, withLosers)
		requireSameResult(t, want, got)
		given()
	})
}

// Whatever ends a run before its end, what came before it is the same: an error of the input, a consumer who breaks, a sink
// that refuses.
func TestRun_Law_SpillingRunsEndAsOthers(t *testing.T) {
	dir := t.TempDir()
	boom := errors.New("boom")
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		bounded, given := drawSpills(t, dir).engine(t)
		// Of each: after so many rows, so many survivors, losers and rejects. Beyond what there is: never.
		failAt, breakAt := rapid.IntRange(0, 60).Draw(t, "failAt"), rapid.IntRange(1, 40).Draw(t, "breakAt")
		loserAt, rejectAt := rapid.IntRange(1, 40).Draw(t, "loserAt"), rapid.IntRange(1, 10).Draw(t, "rejectAt")
		play := func(run readingRun) (r result) {
			o := p.options()
			o.Stats = &r.stats
			o.Losers = func(l dedup.Loser[reading]) error {
				if r.losers = append(r.losers, l); len(r.losers) == loserAt {
					return boom
				}
				return nil
			}
			if o.NullKeys == dedup.NullsReject {
				o.Rejects = func(l dedup.Reject[reading]) error {
					if len(r.rejected)+1 == rejectAt {
						return boom
					}
					r.rejected = append(r.rejected, l)
					return nil
				}
			}
			rows := stream.Of(p.rows...)
			if failAt < len(p.rows) {
				rows = stream.Concat(stream.Of(p.rows[:failAt]...), stream.Fail[reading](boom))
			}
			for v, err := range run(rows, o) {
				if err != nil {
					r.err = err
					break
				}
				if r.survivors = append(r.survivors, v); len(r.survivors) == breakAt {
					break
				}
			}
			return r
		}
		want, got := play(unbounded), play(bounded)
		given()
		require.Equal(t, fmt.Sprintf("%+v", want.err), fmt.Sprintf("%+v", got.err))
		require.Equal(t, text(want.survivors), text(got.survivors))
		if len(want.survivors) == breakAt && want.err == nil { // losers met behind the last survivor come before it
			require.GreaterOrEqual(t, len(got.losers), len(want.losers))
			got.losers = got.losers[:len(want.losers)]
		}
		require.Equal(t, lines(want.losers), lines(got.losers))
		// Rejects are told of as they are read, and more may have been read by the time the end is found.
		require.GreaterOrEqual(t, len(got.rejected), len(want.rejected))
		require.Equal(t, lines(want.rejected), lines(got.rejected[:len(want.rejected)]))
	})
}

// What is known of a key that is merged goes to disk as it is, and comes back so.
func TestMerge_Law_SpillingChangesNothing(t *testing.T) {
	dir := t.TempDir()
	law(t, func(t *rapid.T) {
		p := drawMerge(t, false)
		s := drawSpills(t, dir)
		play := func(run func(stream.Seq[profile], dedup.Options[profile]) stream.Seq[profile]) (rows, losers []string, stats dedup.Stats) {
			var lost []dedup.Loser[profile]
			o := p.options()
			o.Stats, o.Losers = &stats, stream.Into(&lost)
			rows, err := p.run(run, o)
			require.NoError(t, err)
			return rows, lines(lost), stats
		}
		rows, losers, stats := play(mergeHashed)
		gotRows, gotLosers, gotStats := play(func(rows stream.Seq[profile], o dedup.Options[profile]) stream.Seq[profile] {
			o.Resources = stream.Resources{Memory: s.memory, TempDir: dir}
			return dedup.RunTuned(rows, profile.Key, o, s.mostKeys, s.evict)
		})
		require.Equal(t, rows, gotRows)
		require.Equal(t, losers, gotLosers)
		require.Equal(t, stats, gotStats)
	})
}
