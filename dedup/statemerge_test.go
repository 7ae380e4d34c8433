package dedup_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// What two states know of one key is joined only by reducers that are exact; the error names the one that is not, and
// nothing has changed.
func TestState_Merge_AsksForExactReducers(t *testing.T) {
	cents := func(p *profile) *stream.Opt[float64] { return &p.Cents }
	rights := func(p *profile) *uint8 { return &p.Rights }
	or := func(a, b uint8) uint8 { return a | b }
	for name, c := range map[string]struct {
		reducer dedup.Reducer[profile]
		says    string // empty: it is merged
	}{
		"sum_of_integers":            {reducer: dedup.Sum(func(p *profile) *int32 { return &p.Visits })},
		"greatest_of_floats":         {reducer: dedup.Greatest(func(p *profile) *float64 { return &p.High })},
		"sum_of_floats":              {reducer: dedup.Sum(func(p *profile) *float64 { return &p.High }), says: "Merge[1], Sum of High,"},
		"sum_of_floats_that_may_be":  {reducer: dedup.SumOpt(cents), says: "Merge[1], SumOpt of Cents,"},
		"sum_declared_exact":         {reducer: dedup.SumOpt(cents).Exact()},
		"combine":                    {reducer: dedup.Combine(rights, or), says: "Merge[1], Combine of Rights,"},
		"combine_declared_exact":     {reducer: dedup.Combine(rights, or).Exact()},
		"exact_is_kept_by_the_where": {reducer: dedup.Combine(rights, or).Exact().Where(isActive)},
	} {
		t.Run(name, func(t *testing.T) {
			open := func(rows ...profile) *profileState {
				s := newProfiles(t, dedup.StateOptions[profile]{Options: dedup.Options[profile]{
					Keep: dedup.KeepMerge, Merge: []dedup.Reducer[profile]{dedup.Last(func(p *profile) *string { return &p.Name }), c.reducer}}})
				for _, row := range rows {
					_, err := s.PushAt(row, int64(row.Serial))
					require.NoError(t, err)
				}
				return s
			}
			a, b, other := open(profile{ID: 1, Serial: 1}), open(profile{ID: 1, Serial: 2}), open(profile{ID: 2, Serial: 3})
			require.NoError(t, a.Merge(other), "they have no key in common")
			before := snapshotOf(t, a)
			err := a.Merge(b)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			var typed *dedup.MergeError
			require.ErrorAs(t, err, &typed)
			require.ErrorIs(t, err, stream.ErrConflict)
			require.Equal(t, 1, typed.Key)
			require.ErrorContains(t, err, c.says)
			require.Equal(t, before, snapshotOf(t, a))
		})
	}
}

func isActive(p *profile) bool { return p.Active }

// Reducers are part of the configuration, each with its field.
func TestState_Digest_HasTheReducers(t *testing.T) {
	seen := map[uint64]string{}
	for name, merge := range map[string][]dedup.Reducer[profile]{
		"best":       nil,
		"sum":        {dedup.Sum(func(p *profile) *int32 { return &p.Visits })},
		"other":      {dedup.Sum(func(p *profile) *float64 { return &p.High })},
		"the_next":   {dedup.Sum(func(p *profile) *float64 { return &p.Low })},
		"first":      {dedup.First(func(p *profile) *float64 { return &p.Low })},
		"with_where": {dedup.First(func(p *profile) *float64 { return &p.Low }).Where(isActive)},
		"two":        {dedup.Sum(func(p *profile) *float64 { return &p.Low }), dedup.Sum(func(p *profile) *float64 { return &p.High })},
	} {
		o := dedup.Options[profile]{Merge: merge}
		if merge != nil {
			o.Keep = dedup.KeepMerge
		}
		digest := newProfiles(t, dedup.StateOptions[profile]{Options: o, Hold: true}).Digest()
		require.NotContains(t, seen, digest, "%s is as %s", name, seen[digest])
		seen[digest] = name
	}
}
