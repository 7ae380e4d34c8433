package dedup_test

import (
	"bytes"
	"errors"
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

type readingState = dedup.State[reading, readingKey]

func newReadings(t require.TestingT, o dedup.StateOptions[reading]) *readingState {
	s, err := dedup.New(reading.Key, o)
	require.NoError(t, err)
	return s
}

// push takes the rows of a program into a State. cut says whether the state goes through a snapshot before a row.
func (p stateProgram) push(t require.TestingT, o dedup.StateOptions[reading], r *stateResult, cut func() bool) (stats dedup.Stats) {
	s := newReadings(t, o)
	failed := func(err error) bool {
		if err == nil {
			return false
		}
		var tie *dedup.TieError
		require.ErrorAs(t, err, &tie)
		require.Less(t, tie.WinnerPosition, tie.Position)
		r.tied = true
		return true
	}
	for i := range len(p.rows) + 1 {
		if cut() {
			b := snapshotOf(t, s)
			next := newReadings(t, o)
			require.NoError(t, next.Restore(bytes.NewReader(b)))
			require.Equal(t, b, snapshotOf(t, next), "a snapshot of what was restored is the same bytes")
			require.Equal(t, s.Stats(), next.Stats())
			s = next
		}
		if to, ok := p.advances[i]; ok && failed(s.Advance(time.Date(2024, 3, 1, 0, to, 0, 0, time.UTC))) {
			return s.Stats()
		}
		if i == len(p.rows) {
			break
		}
		v, err := s.Push(p.rows[i])
		if failed(err) {
			return s.Stats()
		}
		if p.eager() && (v == dedup.VerdictNew || v == dedup.VerdictNullKey) {
			r.out = append(r.out, p.rows[i].Serial)
		}
		r.verdicts = append(r.verdicts, v)
		r.sizes = append(r.sizes, s.Len())
	}
	failed(s.Flush(func(row reading) error {
		r.out = append(r.out, row.Serial)
		return nil
	}))
	return s.Stats()
}

func never() bool { return false }

// A State gives what the model gives, and a snapshot between any two rows changes nothing.
func TestState_Oracle(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawStateProgram(t)
		p.s.Retract = rapid.Bool().Draw(t, "retract")
		want := p.model()
		cut := never
		if rapid.Bool().Draw(t, "cuts") {
			cut = func() bool { return rapid.IntRange(0, 2).Draw(t, "cut") == 0 }
		}
		var got stateResult
		o := p.stateOptions(&got)
		o.Changes = got.changed
		var losers []dedup.Loser[reading]
		if rapid.Bool().Draw(t, "hasLosers") {
			o.Losers = stream.Into(&losers)
		}
		if rapid.Bool().Draw(t, "bounded") {
			o.Resources.Memory = 1 << 30 // no part of the configuration
		}
		stats := p.push(t, o, &got, cut)
		require.Equal(t, want.text(), got.text())
		if want.tied {
			return
		}
		require.EqualValues(t, len(p.rows), stats.In)
		require.EqualValues(t, len(got.out), stats.Out)
		require.EqualValues(t, len(got.late), stats.Late)
		require.EqualValues(t, len(got.rejected), stats.RejectedNull)
		require.Equal(t, stats.In, stats.Out+stats.Dropped+stats.Late+stats.RejectedNull+stats.Tombstones+stats.Deleted)
		if o.Losers != nil {
			require.EqualValues(t, len(losers), stats.Dropped)
		}
		for _, l := range losers {
			require.Equal(t, fmt.Sprint(p.rows[l.Position]), fmt.Sprint(l.Row))
			if l.WinnerPosition >= 0 {
				require.Equal(t, fmt.Sprint(p.rows[l.WinnerPosition]), fmt.Sprint(l.Winner))
			}
		}
	})
}

// The operators are a State that is pushed and flushed.
func TestWindowed_Oracle(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawStateProgram(t)
		p.advances = nil
		want := p.model()
		var got stateResult
		var stats dedup.Stats
		o := p.stateOptions(&got)
		o.Expired = nil
		o.Stats = &stats
		collect := func(row reading) { got.out = append(got.out, row.Serial) }
		if p.s.TTL > 0 {
			var tie *dedup.TieError
			for row, err := range dedup.Windowed(stream.Of(p.rows...), reading.Key, o) {
				if err == nil {
					collect(row)
					continue
				}
				require.ErrorAs(t, err, &tie)
				got.tied = true
			}
			require.Equal(t, fmt.Sprint(want.out, want.late, want.rejected, want.tied), fmt.Sprint(got.out, got.late, got.rejected, got.tied))
			require.EqualValues(t, len(got.out), stats.Out)
		}

		got = stateResult{}
		o.Retract = rapid.Bool().Draw(t, "retract")
		p.s.Retract = o.Retract
		want = p.model()
		for c, err := range dedup.Changelog(stream.Of(p.rows...), reading.Key, o) {
			if err == nil {
				require.NoError(t, got.changed(c))
				require.Equal(t, fmt.Sprint(p.rows[c.Position]), fmt.Sprint(c.Row))
				require.Equal(t, p.o.NullKey != nil && c.Row.Null, c.Null)
				continue
			}
			var tie *dedup.TieError
			require.ErrorAs(t, err, &tie)
			got.tied = true
		}
		require.Equal(t, fmt.Sprint(want.changes, want.late, want.rejected, want.tied), fmt.Sprint(got.changes, got.late, got.rejected, got.tied))
	})
}

// Without a TTL and tombstones, a State, and a changelog that is replayed, give what Run gives: rows, order, losers,
// counts.
func TestState_Law_EqualsRun(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := stateProgram{program: drawProgram(t)}
		want := p.run(hashEngine, true)
		p.s.Hold = true
		var r stateResult
		var losers []dedup.Loser[reading]
		o := p.stateOptions(&r)
		o.Losers = stream.Into(&losers)
		if o.Rejects != nil {
			o.Rejects = stream.Discard[dedup.Reject[reading]]("they are counted")
		}
		stats := p.push(t, o, &r, never)
		if want.err != nil {
			require.True(t, r.tied)
			return
		}
		var serials []int
		for _, row := range want.survivors {
			serials = append(serials, row.Serial)
		}
		require.Equal(t, serials, r.out)
		require.Equal(t, want.stats, stats)
		require.Equal(t, fmt.Sprint(want.losers), fmt.Sprint(losers))

		o.Losers = nil
		o.Hold = rapid.Bool().Draw(t, "hold")
		changes := dedup.Changelog(stream.Of(p.rows...), reading.Key, o)
		replayed, err := stream.Collect(dedup.Replay(changes, reading.Key))
		require.NoError(t, err)
		p.o.Order = dedup.OrderFirstSeen
		require.Equal(t, text(p.run(hashEngine, false).survivors), text(replayed))
	})
}

// What comes out of a TTL, and in which order, does not depend on when the watermark moves, as long as no row is late.
func TestWindowed_Law_WatermarksDoNotShow(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawStateProgram(t)
		p.s.TTL, p.s.At = time.Duration(rapid.IntRange(1, 6).Draw(t, "ttl"))*time.Minute, reading.Time
		p.s.Disorder, p.advances = math.MaxInt64, nil
		if p.o.Tie == dedup.TieFail { // a tie ends the run when it is found
			p.o.Tie = dedup.TieFirst
		}
		highest, behind := 0, 0
		for i := range p.rows {
			highest = max(highest, p.rows[i].At)
			behind = max(behind, highest-p.rows[i].At)
		}
		want := p.model()
		p.s.Disorder = time.Duration(behind+rapid.IntRange(0, 3).Draw(t, "more")) * time.Minute
		got := p.model()
		require.Equal(t, fmt.Sprint(want.out, want.changes), fmt.Sprint(got.out, got.changes), "of the model")
		got = stateResult{}
		o := p.stateOptions(&got)
		o.Changes = got.changed
		p.push(t, o, &got, never)
		require.Equal(t, fmt.Sprint(want.verdicts, want.out, want.changes), fmt.Sprint(got.verdicts, got.out, got.changes))
		require.Empty(t, got.late)
	})
}

// Any shards, merged in any tree, give what one run gives.
func TestState_Law_MergedEqualsWhole(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := stateProgram{program: drawProgram(t)}
		p.s.Hold = true
		byPosition := rapid.Bool().Draw(t, "byPosition")
		if !byPosition && p.o.Keep == dedup.KeepBest {
			p.rules = append(p.rules, total)
			p.o.Tie = dedup.TieFail
		}
		if p.o.Tie == dedup.TieFail && len(p.rules) == 0 {
			p.rules = append(p.rules, total) // a tie ends the push
		}
		var whole stateResult
		o := p.stateOptions(&whole)
		if o.Rejects != nil {
			o.Rejects = stream.Discard[dedup.Reject[reading]]("they are counted")
		}
		stats := p.push(t, o, &whole, never)

		shards := make([]*readingState, rapid.IntRange(1, 5).Draw(t, "shards"))
		for i := range shards {
			shards[i] = newReadings(t, o)
		}
		order := rapid.Permutation(p.rows).Draw(t, "order")
		if !byPosition {
			order = p.rows
		}
		for _, row := range order {
			s := rapid.SampledFrom(shards).Draw(t, "shard")
			var err error
			if byPosition {
				_, err = s.PushAt(row, int64(row.Serial))
			} else {
				_, err = s.Push(row)
			}
			require.NoError(t, err)
		}
		merged := mergeTree(t, shards, func() *readingState { return newReadings(t, o) })
		var got []reading
		err := merged.Flush(stream.Into(&got))
		if whole.tied {
			var tie *dedup.TieError
			require.ErrorAs(t, err, &tie)
			return
		}
		require.NoError(t, err)
		var serials []int
		for _, row := range got {
			serials = append(serials, row.Serial)
		}
		if !byPosition {
			slices.Sort(serials)
			slices.Sort(whole.out)
		}
		require.Equal(t, whole.out, serials)
		mergedStats := merged.Stats()
		mergedStats.Identical, mergedStats.Conflicting = stats.Identical, stats.Conflicting // against which row, is another question
		require.Equal(t, stats, mergedStats)
	})
}

// mergeTree merges in a random tree, some of the states after a snapshot.
func mergeTree[T any, K comparable](t *rapid.T, shards []*dedup.State[T, K], empty func() *dedup.State[T, K]) *dedup.State[T, K] {
	shards = slices.Clone(shards)
	for len(shards) > 1 {
		a := rapid.IntRange(0, len(shards)-1).Draw(t, "into")
		b := rapid.IntRange(0, len(shards)-2).Draw(t, "from")
		if b >= a {
			b++
		}
		if rapid.Bool().Draw(t, "saved") {
			next := empty()
			require.NoError(t, next.Restore(bytes.NewReader(snapshotOf(t, shards[b]))))
			shards[b] = next
		}
		before := snapshotOf(t, shards[b])
		require.NoError(t, shards[a].Merge(shards[b]))
		require.Equal(t, before, snapshotOf(t, shards[b]), "the other state has changed")
		shards = slices.Delete(shards, b, b+1)
	}
	return shards[0]
}

// Where positions decide ties, shards by key can be merged, and others are a typed error in every tree, with nothing
// changed.
func TestState_Law_MergeByKeyOrRefuse(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawStateProgram(t)
		p.advances, p.s.Tombstone, p.o.NullKey, p.o.NullKeys = nil, nil, nil, dedup.NullsDistinct
		if p.o.Tie == dedup.TieFail {
			p.o.Tie = dedup.TieLast
		}
		p.s.TTL, p.s.At, p.s.Disorder, p.s.Refresh = 0, nil, 0, 0
		var whole stateResult
		o := p.stateOptions(&whole)
		p.push(t, o, &whole, never)
		shards := []*readingState{newReadings(t, o), newReadings(t, o), newReadings(t, o)}
		byKey := rapid.Bool().Draw(t, "byKey")
		in := make([]map[readingKey]bool, len(shards))
		out := 0
		for _, row := range p.rows {
			shard := (len(row.Sensor) + row.Port) % 3
			if !byKey {
				shard = rapid.IntRange(0, 2).Draw(t, "shard")
			}
			if in[shard] == nil {
				in[shard] = map[readingKey]bool{}
			}
			in[shard][row.Key()] = true
			v, err := shards[shard].Push(row)
			require.NoError(t, err)
			if p.eager() && v == dedup.VerdictNew {
				out++
			}
		}
		shared := false
		for k := range in[0] {
			shared = shared || in[1][k]
		}
		before := snapshotOf(t, shards[0])
		err := shards[0].Merge(shards[1])
		if shared && p.o.Keep == dedup.KeepBest {
			var typed *dedup.MergeError
			require.ErrorAs(t, err, &typed)
			require.ErrorIs(t, err, stream.ErrConflict)
			require.True(t, in[0][typed.Key.(readingKey)] && in[1][typed.Key.(readingKey)])
			require.Equal(t, before, snapshotOf(t, shards[0]))
			return
		}
		require.NoError(t, err)
		if !byKey {
			return
		}
		require.NoError(t, shards[2].Merge(shards[0]))
		var got []int
		require.NoError(t, shards[2].Flush(func(row reading) error {
			got = append(got, row.Serial)
			return nil
		}))
		if p.eager() {
			require.Empty(t, got)
			require.Equal(t, len(whole.out), out)
			return
		}
		slices.Sort(got)
		slices.Sort(whole.out)
		require.Equal(t, whole.out, got)
	})
}

// Shards by key, with a TTL as well, merge into the state of the whole, to the byte.
func TestState_Law_ShardsByKeyMergeToTheByte(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawStateProgram(t)
		p.s.Tombstone = nil
		if p.o.Tie == dedup.TieFail {
			p.o.Tie = dedup.TieLast
		}
		if p.s.TTL > 0 { // nothing is late, wherever the watermark of a shard is
			p.s.Disorder = math.MaxInt64
		}
		var r stateResult
		o := p.stateOptions(&r)
		o.Same = nil
		if o.Rejects != nil {
			o.Rejects = stream.Discard[dedup.Reject[reading]]("they are counted")
		}
		whole, shards := newReadings(t, o), make([]*readingState, rapid.IntRange(1, 4).Draw(t, "shards"))
		for i := range shards {
			shards[i] = newReadings(t, o)
		}
		for i, row := range p.rows {
			shard := (3*len(row.Sensor) + row.Port) % len(shards)
			if row.Null && o.NullKey != nil {
				shard = 0
			}
			for _, s := range []*readingState{whole, shards[shard]} {
				_, err := s.PushAt(row, int64(i))
				require.NoError(t, err)
			}
		}
		if p.s.TTL > 0 { // what is over in the one is over in the other
			for _, s := range append(shards, whole) {
				require.NoError(t, s.Advance(time.Date(2024, 3, 1, 0, 3, 0, 0, time.UTC)))
			}
		}
		require.Equal(t, snapshotOf(t, whole), snapshotOf(t, mergeTree(t, shards, func() *readingState { return newReadings(t, o) })))
	})
}

// A bound on memory ends a run, or changes nothing; what was booked is given back.
func TestState_Law_Memory(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawStateProgram(t)
		want := p.model()
		var got stateResult
		o := p.stateOptions(&got)
		budget, err := stream.NewBudget(rapid.Int64Range(1, 16<<10).Draw(t, "budget"))
		require.NoError(t, err)
		o.Resources.Budget = budget
		s := newReadings(t, o)
		for i, row := range p.rows {
			if to, ok := p.advances[i]; ok && s.Advance(time.Date(2024, 3, 1, 0, to, 0, 0, time.UTC)) != nil {
				return
			}
			v, err := s.Push(row)
			if errors.Is(err, stream.ErrLimit) || errors.Is(err, stream.ErrConflict) {
				require.Zero(t, budget.Used())
				return
			}
			require.NoError(t, err)
			require.Equal(t, want.verdicts[i], v)
		}
		_ = s.Flush(stream.Discard[reading]("memory is judged"))
		require.Zero(t, budget.Used())
	})
}
