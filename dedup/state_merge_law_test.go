package dedup_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

type profileState = dedup.State[profile, int]

func newProfiles(t require.TestingT, o dedup.StateOptions[profile]) *profileState {
	s, err := dedup.New(profile.Key, o)
	require.NoError(t, err)
	return s
}

func (p profile) Time() time.Time { return time.Unix(int64(60*p.At), 0) }

// A State under KeepMerge gives what Run gives, and so what the model gives, with a snapshot between any two rows.
func TestState_Merge_Oracle(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawMerge(t, false)
		o := dedup.StateOptions[profile]{Options: p.options()}
		var losers, wantLosers []dedup.Loser[profile]
		var want dedup.Stats
		run := p.options()
		run.Stats = &want
		if rapid.Bool().Draw(t, "losers") {
			o.Losers, run.Losers = stream.Into(&losers), stream.Into(&wantLosers)
		}
		rows, err := p.run(mergeHashed, run)
		require.NoError(t, err)
		if rapid.Bool().Draw(t, "bounded") {
			o.Resources.Memory = 1 << 30
		}
		before := profileTexts(p.rows)
		s := newProfiles(t, o)
		cuts := rapid.Bool().Draw(t, "cuts")
		for _, row := range p.rows {
			if cuts && rapid.IntRange(0, 2).Draw(t, "cut") == 0 {
				s = restored(t, s, newProfiles(t, o))
			}
			_, err := s.Push(row)
			require.NoError(t, err)
		}
		var got []profile
		require.NoError(t, s.Flush(stream.Into(&got)))
		require.Equal(t, p.model(), profileTexts(got))
		require.Equal(t, rows, profileTexts(got))
		require.Equal(t, want, s.Stats())
		require.Equal(t, fmt.Sprint(wantLosers), fmt.Sprint(losers))
		require.Equal(t, before, profileTexts(p.rows), "no row that came was changed")
	})
}

// restored is next with what s holds, whose snapshot is then the same.
func restored[T any, K comparable](t require.TestingT, s, next *dedup.State[T, K]) *dedup.State[T, K] {
	b := snapshotOf(t, s)
	require.NoError(t, next.Restore(bytes.NewReader(b)))
	require.Equal(t, b, snapshotOf(t, next), "a snapshot of what was restored is the same bytes")
	return next
}

// drawExpiry draws what lets keys begin anew.
func drawExpiry(t *rapid.T) (o dedup.StateOptions[profile]) {
	if rapid.Bool().Draw(t, "hasTTL") {
		o.TTL, o.At = time.Duration(rapid.IntRange(1, 6).Draw(t, "ttl"))*time.Minute, profile.Time
		o.Refresh = rapid.SampledFrom([]dedup.Refresh{dedup.RefreshCreate, dedup.RefreshWrite, dedup.RefreshAny}).Draw(t, "refresh")
		o.Disorder = rapid.SampledFrom([]time.Duration{0, time.Minute, 3 * time.Minute, math.MaxInt64}).Draw(t, "disorder")
		o.Late = stream.Discard[stream.Late[profile]]("they are counted")
	}
	if rapid.Bool().Draw(t, "hasTombstones") {
		o.Tombstone = func(p profile) bool { return p.Serial%5 == 3 }
	}
	return o
}

// With a TTL and tombstones, the rows of a key fall apart as they do under KeepBest, and each row that comes out, and each
// that a change tells of, is made of those of its part so far.
func TestState_Merge_Law_FallsApartAsUnderKeepBest(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawMerge(t, false)
		for i := range p.rows {
			p.rows[i].At += i / 4
		}
		o := drawExpiry(t)
		open := func(keep dedup.Keep, out *[]profile, log *[]dedup.Change[profile]) *profileState {
			o := o
			o.Options = p.options()
			if o.Keep = keep; keep != dedup.KeepMerge {
				o.Merge = nil
			}
			o.Hold, o.Retract, o.Changes = true, true, stream.Into(log)
			if o.TTL > 0 {
				o.Expired = stream.Into(out)
			}
			return newProfiles(t, o)
		}
		var best, merged []profile
		var bestLog, log []dedup.Change[profile]
		plain, s := open(dedup.KeepBest, &best, &bestLog), open(dedup.KeepMerge, &merged, &log)

		var parts [][]profile // the rows of a key from one beginning to the next
		last := map[int]int{} // the part of a key that is its last
		for _, row := range p.rows {
			told := len(log)
			want, err := plain.Push(row)
			require.NoError(t, err)
			got, err := s.Push(row)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, plain.Len(), s.Len())
			var changes []string
			change := func(kind dedup.ChangeKind, part []profile) {
				m := p.merged(part)
				changes = append(changes, fmt.Sprint(kind, m.Serial, m))
			}
			switch got {
			case dedup.VerdictNew, dedup.VerdictNullKey:
				parts = append(parts, []profile{row})
				last[row.ID] = len(parts) - 1
				change(dedup.Inserted, parts[last[row.ID]])
			case dedup.VerdictDuplicate, dedup.VerdictReplaced:
				part := &parts[last[row.ID]]
				change(dedup.Retracted, *part)
				*part = append(*part, row)
				change(dedup.Updated, *part)
			case dedup.VerdictDeleted:
				change(dedup.Deleted, parts[last[row.ID]])
			}
			var have []string
			for _, c := range log[told:] {
				have = append(have, fmt.Sprint(c.Kind, c.Position, c.Row))
			}
			require.Equal(t, changes, have)
			if rapid.IntRange(0, 4).Draw(t, "cut") == 0 {
				s = restored(t, s, open(dedup.KeepMerge, &merged, &log))
			}
		}
		require.NoError(t, plain.Flush(stream.Into(&best)))
		require.NoError(t, s.Flush(stream.Into(&merged)))
		require.Equal(t, plain.Stats(), s.Stats())
		var want []string
		for _, row := range best {
			part := slices.IndexFunc(parts, func(part []profile) bool {
				return slices.ContainsFunc(part, func(r profile) bool { return r.Serial == row.Serial })
			})
			want = append(want, p.merged(parts[part]).String())
		}
		require.Equal(t, want, profileTexts(merged))
	})
}

// The operators say what the State does: Windowed the rows, Changelog the changes, which are replayed to what Run yields.
func TestState_Merge_Law_Operators(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawMerge(t, false)
		p.o.Order = dedup.OrderFirstSeen
		replayed, err := stream.Collect(dedup.Replay(
			dedup.Changelog(stream.Of(p.rows...), profile.Key, dedup.StateOptions[profile]{Options: p.options(), Retract: rapid.Bool().Draw(t, "retract")}), profile.Key))
		require.NoError(t, err)
		require.Equal(t, p.model(), profileTexts(replayed))

		o := drawExpiry(t)
		if o.TTL == 0 {
			return
		}
		o.Options = p.options()
		windowed, err := stream.Collect(dedup.Windowed(stream.Of(p.rows...), profile.Key, o))
		require.NoError(t, err)
		var want []profile
		o.Expired = stream.Into(&want)
		s := newProfiles(t, o)
		for _, row := range p.rows {
			_, err := s.Push(row)
			require.NoError(t, err)
		}
		require.NoError(t, s.Flush(stream.Into(&want)))
		require.Equal(t, profileTexts(want), profileTexts(windowed))
	})
}

// Any shards, merged in any tree, are the state of the whole, to the byte, and come out as the model says.
func TestState_Merge_Law_MergedEqualsWhole(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawMerge(t, rapid.Bool().Draw(t, "total"))
		empty := func() *profileState { return newProfiles(t, dedup.StateOptions[profile]{Options: p.options()}) }
		whole, shards := empty(), make([]*profileState, rapid.IntRange(1, 5).Draw(t, "shards"))
		for i := range shards {
			shards[i] = empty()
		}
		for _, row := range rapid.Permutation(p.rows).Draw(t, "order") {
			_, err := rapid.SampledFrom(shards).Draw(t, "shard").PushAt(row, int64(row.Serial))
			require.NoError(t, err)
		}
		for _, row := range p.rows {
			_, err := whole.PushAt(row, int64(row.Serial))
			require.NoError(t, err)
		}
		merged := mergeTree(t, shards, empty)
		require.Equal(t, snapshotOf(t, whole), snapshotOf(t, merged))
		var got []profile
		require.NoError(t, merged.Flush(stream.Into(&got)))
		require.Equal(t, p.model(), profileTexts(got))
	})
}

// Where no two rows tie, shards need no positions for that.
func TestState_Merge_Law_TotalOrderNeedsNoPositions(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawMerge(t, true)
		if p.o.NullKeys == dedup.NullsDistinct { // of which there is no order
			p.o.NullKey = nil
		}
		p.by = append(p.by, dedup.ByBytes[profile]()) // which a State takes for a total order
		o := dedup.StateOptions[profile]{Options: p.options()}
		empty := func() *profileState { return newProfiles(t, o) }
		shards := []*profileState{empty(), empty(), empty()}
		for _, row := range rapid.Permutation(p.rows).Draw(t, "order") {
			_, err := rapid.SampledFrom(shards).Draw(t, "shard").Push(row)
			require.NoError(t, err)
		}
		var got []profile
		require.NoError(t, mergeTree(t, shards, empty).Flush(stream.Into(&got)))
		want, have := p.model(), profileTexts(got)
		slices.Sort(want)
		slices.Sort(have)
		require.Equal(t, want, have)
	})
}

// A bound on memory ends a run, or changes nothing; what was booked is given back.
func TestState_Merge_Law_Memory(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawMerge(t, false)
		o := dedup.StateOptions[profile]{Options: p.options()}
		budget, err := stream.NewBudget(rapid.Int64Range(1, 64<<10).Draw(t, "budget"))
		require.NoError(t, err)
		o.Resources.Budget = budget
		s := newProfiles(t, o)
		for _, row := range p.rows {
			if _, err := s.Push(row); err != nil {
				require.ErrorIs(t, err, stream.ErrLimit)
				require.Zero(t, budget.Used())
				return
			}
		}
		var got []profile
		require.NoError(t, s.Flush(stream.Into(&got)))
		require.Equal(t, p.model(), profileTexts(got))
		require.Zero(t, budget.Used())
	})
}
