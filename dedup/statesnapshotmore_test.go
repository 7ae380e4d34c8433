package dedup_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/internal/statetest"
	"github.com/millrace-go/millrace/stream"
)

// mergedOptions have a reducer of each kind: 0 picks, 1 picks by an order of its own, 2 and 3 total.
func mergedOptions() dedup.StateOptions[profile] {
	return dedup.StateOptions[profile]{Options: dedup.Options[profile]{
		Keep: dedup.KeepMerge, By: []dedup.Comparator[profile]{dedup.Max(func(p profile) int { return p.At }).Named("at")},
		NullKey: profile.IsNull,
		Merge: []dedup.Reducer[profile]{
			dedup.Last(func(p *profile) *string { return &p.City }).Where(func(p *profile) bool { return p.City != "" }),
			dedup.FirstPtr(func(p *profile) **int { return &p.Boss }),
			dedup.SumPtr(func(p *profile) **int { return &p.Points }),
			dedup.Union(func(p *profile) *[]string { return &p.Tags }),
		},
	}}
}

// mergedState has keys with donors and without, one row alone, and a row without a key.
func mergedState(t require.TestingT) *profileState {
	s := newProfiles(t, mergedOptions())
	one, four := 1, 4
	for i, p := range []profile{
		{ID: 1, At: 1, City: "oslo"}, {ID: 2, At: 1, Boss: &one, Tags: []string{"b", "a"}}, {ID: 1, At: 3, Points: &four}, {ID: 0, At: 9, City: "rome"},
		{ID: 1, At: 2, Boss: &four, Points: &one, Tags: []string{"c"}}, {ID: 3, At: 1},
	} {
		_, err := s.PushAt(p, int64(3*i))
		require.NoError(t, err)
	}
	return s
}

func mergedTarget() statetest.Target {
	return statetest.Target{
		Name: "FuzzState_RestoreMerged", Op: "State.Restore",
		Sample: func(t testing.TB) stream.State { return mergedState(t) },
		Broken: brokenMerges,
		GoOn: func(t testing.TB, s stream.State) {
			state, n := s.(*profileState), 5
			for i := range 6 { // a limit of positions is an error; rows that are not conserved panic
				if _, err := state.Push(profile{ID: i % 3, At: i, Points: &n, Boss: &n, Tags: []string{"d"}, City: "bern"}); err != nil {
					return
				}
			}
			_ = state.Merge(mergedState(t))
			_ = state.Flush(stream.Discard[profile]("nobody looks"))
		},
	}
}

// brokenMerges are damaged behind right checksums, in what is known beside a best row.
func brokenMerges(t testing.TB) []statetest.Broken {
	good := statetest.Snapshot(t, mergedState(t))
	codec, err := rowcodec.New[profile]()
	require.NoError(t, err)
	record := func(p profile) string {
		b, err := codec.Append(nil, &p)
		require.NoError(t, err)
		require.Less(t, len(b), 1<<7)
		return string(append([]byte{byte(len(b))}, b...))
	}
	five := 5
	plain, totals, donor := record(profile{ID: 1}), record(profile{Points: &five}), record(profile{ID: 1, City: "oslo", Boss: &five})
	u := func(n int) any { return uint64(n) }
	// One key, 1, of three rows, first seen at 5; the best stood at 6, next is 9.
	entry := func(beside ...any) []byte {
		parts := []any{uint64(0), uint64(9), int64(-1 << 63), uint64(3), "\x00", uint64(2), "\x00\x00", uint64(1), uint64(2), "\x00\x00\x00\x00\x00\x00",
			uint64(1), uint64(1), "\x01\x02", uint64(5), uint64(1), plain}
		return statetest.Build(good, append(parts, beside...)...)
	}
	whole := []any{u(2), u(15), u(0), totals, u(0), u(3), donor}
	with := func(at int, v any) []byte {
		parts := append([]any{}, whole...)
		parts[at] = v
		return entry(parts...)
	}
	list := []statetest.Broken{
		{Name: "donors_of_a_liar", Bytes: with(0, u(6)), Says: "rows beside the best one is 5, want one per reducer at most"},
		{Name: "counted_too_much", Bytes: with(1, u(31)), Says: "other fields than there are reducers"},
		{Name: "always_is_missing", Bytes: with(1, u(7)), Says: "other fields than there are reducers"},
		{Name: "pick_of_nobody", Bytes: with(5, u(1)), Says: "other picks than rows give"},
		{Name: "pick_of_two", Bytes: with(2, u(1)), Says: "a field that two rows give"},
		{Name: "donor_of_nothing", Bytes: with(5, u(0)), Says: "a row that gives no field"},
		{Name: "donor_of_a_total", Bytes: with(5, u(7)), Says: "other picks than rows give"},
		{Name: "donor_not_seen", Bytes: with(4, u(4)), Says: "position of a row that gives a field is 9, want less than 9"},
		{Name: "donor_of_a_liar", Bytes: with(4, uint64(1<<62)), Says: "position of a row that gives a field"},
		{Name: "no_total", Bytes: with(3, plain), Says: "no total for SumPtr of Points"},
		{Name: "totals_broken", Bytes: with(3, "\x02\x01\x01"), Says: "totals: "},
		{Name: "donor_broken", Bytes: with(6, "\x02\x01\x01"), Says: "row: "},
		{Name: "donors_out_of_order", Bytes: entry(u(3), u(15), u(0), totals, u(1), u(1), donor, u(0), u(2), donor), Says: "rows out of order"},
		{Name: "beside_a_row_without_a_key", Bytes: statetest.Build(good, uint64(0), uint64(9), int64(-1<<63), uint64(1), "\x00\x00", uint64(1), "\x00\x00\x00\x00\x00\x00\x00\x00\x00",
			uint64(1), uint64(32+3), uint64(5), uint64(0), plain, u(1), u(12), u(0), totals), Says: "nothing, for it has no key"},
	}
	for i := range list {
		list[i].Class = stream.ErrCorrupt
	}
	for name, change := range map[string]func(o *dedup.StateOptions[profile]){
		"other_reducer": func(o *dedup.StateOptions[profile]) {
			o.Merge[1] = dedup.LastPtr(func(p *profile) **int { return &p.Boss })
		},
		"other_field": func(o *dedup.StateOptions[profile]) {
			o.Merge[1] = dedup.FirstPtr(func(p *profile) **int { return &p.Deputy })
		},
		"other_where":  func(o *dedup.StateOptions[profile]) { o.Merge[1] = o.Merge[1].Where(hasTags) },
		"other_number": func(o *dedup.StateOptions[profile]) { o.Merge = o.Merge[:3] },
		"other_keep":   func(o *dedup.StateOptions[profile]) { o.Keep, o.Merge = dedup.KeepBest, nil },
	} {
		o := mergedOptions()
		change(&o)
		list = append(list, statetest.Broken{Name: name, Bytes: statetest.Snapshot(t, newProfiles(t, o)), Class: stream.ErrConflict, Says: "digest of the configuration"})
	}
	if err := mergedState(t).Restore(bytes.NewReader(entry(whole...))); err != nil {
		t.Fatalf("the entry that the others are made of: %v", err)
	}
	return list
}

func hasTags(p *profile) bool { return p.Tags != nil }

func TestState_RestoreMergedRefuses(t *testing.T) { statetest.Refused(t, mergedTarget()) }

func FuzzState_RestoreMerged(f *testing.F) { statetest.Fuzz(f, mergedTarget(), *update) }

// The bytes of a snapshot are frozen.
func TestState_SnapshotMergedGolden(t *testing.T) { requireGolden(t, "state_merge_v1", mergedState(t)) }
