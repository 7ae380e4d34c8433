package dedup_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// The properties that deduplication has to have, of every engine, against the model.

// programEngine is a way to run a program.
type programEngine struct {
	fit  func(program) program // makes of a program one that it takes; nil: it takes all
	run  func(t *rapid.T, p program) result
	sets bool // it has an order of its own
}

// programEngines are all ways that are exact; files go to dir.
func programEngines(dir string) map[string]programEngine {
	of := func(e engine) func(*rapid.T, program) result {
		return func(t *rapid.T, p program) result { return p.run(e, p.o.Keep == dedup.KeepNone) }
	}
	return map[string]programEngine{
		"memory": {run: func(t *rapid.T, p program) result { return p.run(hashEngine, rapid.Bool().Draw(t, "losers")) }},
		"batches": {run: func(t *rapid.T, p program) result {
			return p.run(withWorkers(0, rapid.SampledFrom([]int{1, 3, 256}).Draw(t, "batch"), nil), false)
		}},
		"workers": {run: func(t *rapid.T, p program) result {
			return p.run(withWorkers(drawWorkers.Draw(t, "workers"), 3, nil), false)
		}},
		"spilled": {run: func(t *rapid.T, p program) result {
			s := drawSpills(t, dir)
			s.mostKeys = max(1, s.mostKeys)
			bounded, given := s.engine(t)
			defer given()
			return p.run(bounded.ofRows, rapid.Bool().Draw(t, "losers"))
		}},
		"sorted": {sets: true, run: func(t *rapid.T, p program) result {
			p.rows = slices.Clone(p.rows)
			slices.SortStableFunc(p.rows, func(a, b reading) int {
				if p.o.NullKey != nil && (a.Null || b.Null) {
					return cmp.Compare(fmt.Sprint(a.Null), fmt.Sprint(b.Null))
				}
				return compareKeys(a.Key(), b.Key())
			})
			return of(sortedEngine)(t, p)
		}},
		"two_passes": {fit: program.forTwoPasses, run: func(t *rapid.T, p program) result { return p.run(twoPassEngine, false) }},
		"state": {run: func(t *rapid.T, p program) (r result) {
			held := stateProgram{program: p}
			held.s.Hold = true
			var state stateResult
			o := held.stateOptions(&state)
			if o.Rejects != nil {
				o.Rejects = stream.Into(&r.rejected)
			}
			r.stats = held.push(t, o, &state, func() bool { return rapid.IntRange(0, 4).Draw(t, "cut") == 0 })
			if state.tied {
				r.err = &dedup.TieError{}
				return r
			}
			for _, serial := range state.out {
				r.survivors = append(r.survivors, p.rows[slices.IndexFunc(p.rows, func(row reading) bool { return row.Serial == serial })])
			}
			return r
		}},
		"replayed": {fit: func(p program) program { p.o.Order = dedup.OrderFirstSeen; return p }, run: of(func(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
			return dedup.Replay(dedup.Changelog(stream.Of(rows...), reading.Key, dedup.StateOptions[reading]{Options: o}), reading.Key)
		})},
	}
}

// eachEngine runs a program in all ways, fit for each.
func eachEngine(t *rapid.T, engines map[string]programEngine, p program, check func(name string, e programEngine, p program)) {
	for _, name := range slices.Sorted(maps.Keys(engines)) {
		e, fit := engines[name], p
		if e.fit != nil {
			fit = e.fit(p)
		}
		check(name, e, fit)
	}
}

// Every engine gives what the model says, in its order (DP3 and DP4), and every row is counted in one place (DP5).
func TestEngines_Oracle(t *testing.T) {
	engines := programEngines(t.TempDir())
	law(t, func(t *rapid.T) {
		eachEngine(t, engines, drawProgram(t), func(name string, e programEngine, p program) {
			want, got := p.model(), e.run(t, p)
			if want.ambiguous {
				var tie *dedup.TieError
				require.ErrorAs(t, got.err, &tie, name)
				return
			}
			require.NoError(t, got.err, name)
			if e.sets {
				require.Equal(t, sortedText(want.survivors), sortedText(got.survivors), name)
			} else {
				require.Equal(t, text(want.survivors), text(got.survivors), name)
			}
			s := got.stats
			require.EqualValues(t, len(p.rows), s.In, name)
			require.EqualValues(t, len(got.survivors), s.Out, name)
			require.EqualValues(t, want.rejected, s.RejectedNull, name)
			require.Len(t, got.rejected, want.rejected, name)
			require.Equal(t, s.In, s.Out+s.Dropped+s.RejectedNull, name)
			if got.losers != nil {
				require.EqualValues(t, len(got.losers), s.Dropped, name)
			}
		})
	})
}

// Where no two rows tie, any order of the input gives the same survivors (DP1).
func TestEngines_Law_PermutationInvariance(t *testing.T) {
	engines := programEngines(t.TempDir())
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		if p.o.Keep == dedup.KeepBest {
			p.rules = append(p.rules, total)
		}
		permuted := rapid.Permutation(p.rows).Draw(t, "permuted")
		eachEngine(t, engines, p, func(name string, e programEngine, p program) {
			want := p.model()
			p.rows = permuted
			got := e.run(t, p)
			require.NoError(t, got.err, name)
			require.Equal(t, sortedText(want.survivors), sortedText(got.survivors), name)
		})
	})
}

// What was deduplicated has no duplicates: doing it again changes nothing (DP6).
func TestEngines_Law_Idempotence(t *testing.T) {
	engines := programEngines(t.TempDir())
	law(t, func(t *rapid.T) {
		eachEngine(t, engines, drawProgram(t), func(name string, e programEngine, p program) {
			want := p.model()
			if want.ambiguous {
				return
			}
			p.rows = want.survivors
			got := e.run(t, p)
			require.NoError(t, got.err, name)
			require.Equal(t, sortedText(want.survivors), sortedText(got.survivors), name)
			require.Zero(t, got.stats.Dropped, name)
		})
	})
}

// Parts of the input, each with all rows of its keys, have the survivors of the whole between them (DP7).
func TestEngines_Law_ShardIndependence(t *testing.T) {
	engines := programEngines(t.TempDir())
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		parts := make([][]reading, rapid.IntRange(1, 4).Draw(t, "shards"))
		for _, r := range p.rows {
			shard := (len(r.Sensor) + r.Port) % len(parts)
			if r.Null && p.o.NullKey != nil {
				shard = 0
			}
			parts[shard] = append(parts[shard], r)
		}
		eachEngine(t, engines, p, func(name string, e programEngine, p program) {
			want := p.model()
			if want.ambiguous {
				return
			}
			var union []reading
			for _, p.rows = range parts {
				got := e.run(t, p)
				require.NoError(t, got.err, name)
				union = append(union, got.survivors...)
			}
			require.Equal(t, sortedText(want.survivors), sortedText(union), name)
		})
	})
}

// mergeEngine is a way to run a merge.
type mergeEngine struct {
	run  func(t *rapid.T, p mergeProgram, o dedup.Options[profile]) ([]profile, error)
	sets bool // it has an order of its own
}

func mergeEngines(dir string) map[string]mergeEngine {
	of := func(op func(t *rapid.T, rows stream.Seq[profile], o dedup.Options[profile]) stream.Seq[profile]) func(*rapid.T, mergeProgram, dedup.Options[profile]) ([]profile, error) {
		return func(t *rapid.T, p mergeProgram, o dedup.Options[profile]) ([]profile, error) {
			return stream.Collect(op(t, stream.Of(p.rows...), o))
		}
	}
	return map[string]mergeEngine{
		"memory": {run: of(func(_ *rapid.T, rows stream.Seq[profile], o dedup.Options[profile]) stream.Seq[profile] {
			return mergeHashed(rows, o)
		})},
		"workers": {run: of(func(t *rapid.T, rows stream.Seq[profile], o dedup.Options[profile]) stream.Seq[profile] {
			o.Resources.Workers = drawWorkers.Draw(t, "workers")
			return mergeHashed(rows, o)
		})},
		"spilled": {run: of(func(t *rapid.T, rows stream.Seq[profile], o dedup.Options[profile]) stream.Seq[profile] {
			s := drawSpills(t, dir)
			o.Resources = stream.Resources{Memory: s.memory, TempDir: dir}
			return dedup.RunTuned(rows, profile.Key, o, max(1, s.mostKeys), s.evict)
		})},
		"sorted": {sets: true, run: func(t *rapid.T, p mergeProgram, o dedup.Options[profile]) ([]profile, error) {
			rows := slices.Clone(p.rows)
			slices.SortStableFunc(rows, func(a, b profile) int { return cmp.Compare(a.ID, b.ID) })
			return stream.Collect(mergeSorted(stream.Of(rows...), o))
		}},
		"state": {run: func(t *rapid.T, p mergeProgram, o dedup.Options[profile]) (out []profile, err error) {
			stats := o.Stats
			o.Stats = nil
			s := newProfiles(t, dedup.StateOptions[profile]{Options: o})
			for _, row := range p.rows {
				if rapid.IntRange(0, 4).Draw(t, "cut") == 0 {
					s = restored(t, s, newProfiles(t, dedup.StateOptions[profile]{Options: o}))
				}
				if _, err := s.Push(row); err != nil {
					return nil, err
				}
			}
			err = s.Flush(stream.Into(&out))
			*stats = s.Stats()
			return out, err
		}},
		"replayed": {sets: true, run: of(func(_ *rapid.T, rows stream.Seq[profile], o dedup.Options[profile]) stream.Seq[profile] {
			return dedup.Replay(dedup.Changelog(rows, profile.Key, dedup.StateOptions[profile]{Options: o}), profile.Key)
		})},
	}
}

// The same of rows that are merged: the model (DP3, DP4, DP5), in any order where no two rows tie (DP1), again (DP6), and
// in parts (DP7).
func TestMergeEngines_Oracle(t *testing.T) {
	engines := mergeEngines(t.TempDir())
	law(t, func(t *rapid.T) {
		isTotal := rapid.Bool().Draw(t, "total")
		p := drawMerge(t, isTotal)
		want := p.model()
		inOrder := slices.Sorted(slices.Values(want))
		permuted := rapid.Permutation(p.rows).Draw(t, "permuted")
		parts := make([][]profile, rapid.IntRange(1, 3).Draw(t, "shards"))
		for _, r := range p.rows {
			parts[r.ID%len(parts)] = append(parts[r.ID%len(parts)], r)
		}
		for _, name := range slices.Sorted(maps.Keys(engines)) {
			e := engines[name]
			run := func(rows []profile) (out []profile, texts []string) {
				p := p
				p.rows = rows
				var stats dedup.Stats
				o := p.options()
				o.Stats = &stats
				out, err := e.run(t, p, o)
				require.NoError(t, err, name)
				require.EqualValues(t, len(rows), stats.In, name)
				require.EqualValues(t, len(out), stats.Out, name)
				require.Equal(t, stats.In, stats.Out+stats.Dropped, name)
				return out, profileTexts(out)
			}
			out, got := run(p.rows)
			if !e.sets {
				require.Equal(t, want, got, name)
			}
			slices.Sort(got)
			require.Equal(t, inOrder, got, name)
			switch rapid.IntRange(0, 2).Draw(t, "property") {
			case 0:
				if !isTotal {
					break
				}
				_, other := run(permuted)
				slices.Sort(other)
				require.Equal(t, inOrder, other, name)
			case 1:
				_, again := run(out)
				require.ElementsMatch(t, got, again, name)
			case 2:
				var union []string
				for _, part := range parts {
					_, some := run(part)
					union = append(union, some...)
				}
				slices.Sort(union)
				require.Equal(t, inOrder, union, name)
			}
		}
	})
}
