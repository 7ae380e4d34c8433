package dedup_test

import (
	"bytes"
	goflag "flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/internal/statetest"
	"github.com/millrace-go/millrace/stream"
)

var update = goflag.Bool("update", false, "rewrite the golden files and the fuzz corpus")

// sampleState has an entry of each kind but those of KeepNone: keys, the group of null keys, a key that began anew, ties.
func sampleState(t require.TestingT) *dedup.State[click, int] {
	s := newClicks(t, sampleOptions())
	for i, c := range []click{{1, "a", 10}, {2, "b", 11}, {1, "c", 10}, {0, "d", 12}, {3, "e", 13}, {3, "f", 40}, {2, "g", 14}, {0, "h", 12}} {
		_, err := s.PushAt(c, int64(10*i))
		require.NoError(t, err)
	}
	return s
}

func sampleOptions() dedup.StateOptions[click] {
	return dedup.StateOptions[click]{
		Options: dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}, Tie: dedup.TieFail, NullKey: isNullClick, NullKeys: dedup.NullsEqual},
		TTL:     20 * time.Second, At: clickAt, Disorder: 30 * time.Second, Refresh: dedup.RefreshAny,
		Expired: stream.Discard[click]("nobody looks"),
		Late:    stream.Discard[stream.Late[click]]("nobody looks"),
	}
}

func sampleTarget() statetest.Target {
	return statetest.Target{
		Name: "FuzzState_Restore", Op: "State.Restore",
		Sample: func(t testing.TB) stream.State { return sampleState(t) },
		Broken: brokenStates,
		GoOn: func(t testing.TB, s stream.State) {
			state := s.(*dedup.State[click, int])
			for i := range 6 { // ties and a limit of positions are errors; rows that are not conserved panic
				if _, err := state.Push(click{ID: i % 3, At: 40 + 20*i}); err != nil {
					return
				}
			}
			_ = state.Flush(stream.Discard[click]("nobody looks"))
		},
	}
}

// brokenStates are damaged behind right checksums, too.
func brokenStates(t testing.TB) []statetest.Broken {
	good := statetest.Snapshot(t, sampleState(t))
	payload := statetest.Payload(good)
	second := int64(time.Second)
	// One key, 1, first seen at 5 at 10 s, its row the first; the counts say so.
	head := []any{uint64(0), uint64(9), -20 * second, uint64(1), "\x00\x00\x00\x00", uint64(1), "\x00\x00\x00\x00\x00\x00\x00"}
	key, row := "\x01\x02", "\x04\x02\x01a\x14"
	entry := func(parts ...any) []byte { return statetest.Build(good, append(append([]any{}, head...), parts...)...) }
	whole := []any{uint64(1), uint64(1), key, 10 * second, uint64(5), uint64(0), row}
	with := func(at int, v any) []byte {
		parts := append([]any{}, whole...)
		parts[at] = v
		return entry(parts...)
	}
	other := func(change func(o *dedup.StateOptions[click])) []byte {
		o := sampleOptions()
		change(&o)
		return statetest.Snapshot(t, newClicks(t, o))
	}
	corrupt, conflict := stream.ErrCorrupt, stream.ErrConflict
	list := []statetest.Broken{
		{Name: "empty", Class: corrupt, Says: "dedup: State.Restore: at byte 0: end of input is after 0 bytes, want 32: corrupt input"},
		{Name: "not_a_snapshot", Bytes: bytes.Repeat([]byte("x"), 100), Class: corrupt, Says: "magic"},
		{Name: "empty_payload", Bytes: statetest.Reframe(good, nil), Class: corrupt, Says: "shortest varint"},
		{Name: "trailing", Bytes: statetest.Reframe(good, append(payload, 0)), Class: corrupt, Says: "rest of the payload"},
		{Name: "origin", Bytes: statetest.Build(good, uint64(2)), Class: corrupt, Says: "origin of positions is 2, want 0 or 1"},
		{Name: "next_of_a_liar", Bytes: statetest.Build(good, uint64(0), uint64(1<<63)), Class: corrupt, Says: "next position is 9223372036854775808"},
		{Name: "count_of_a_liar", Bytes: statetest.Build(good, uint64(0), uint64(1), int64(0), uint64(1<<62)), Class: corrupt, Says: "a count is"},
		{Name: "not_conserved", Bytes: statetest.Build(good, append(append([]any{}, head...), uint64(0))...), Class: corrupt, Says: "with 0 rows held and 0 keys"},
		{Name: "entries_of_a_liar", Bytes: entry(uint64(1 << 60)), Class: corrupt, Says: "shortest varint"},
		{Name: "no_kind", Bytes: with(1, uint64(0)), Class: corrupt, Says: "kind of an entry is 0"},
		{Name: "kind_too_large", Bytes: with(1, uint64(64+1)), Class: corrupt, Says: "kind of an entry is 65"},
		{Name: "spent_without_keep_none", Bytes: with(1, uint64(8+1)), Class: corrupt, Says: "kind of an entry is 9"},
		{Name: "key_without_key", Bytes: with(1, uint64(32+1)), Class: corrupt, Says: "kind of an entry is 33"},
		{Name: "null_row_under_equal", Bytes: with(1, uint64(32+3)), Class: corrupt, Says: "kind of an entry is 35"},
		{Name: "key_cut", Bytes: with(2, "\x05\x02"), Class: corrupt, Says: "key: "},
		{Name: "time_not_seen", Bytes: with(3, 11*second), Class: corrupt, Says: "time of an entry is 11000000000"},
		{Name: "time_over", Bytes: with(3, -41*second), Class: corrupt, Says: "time of an entry"},
		{Name: "time_before_all", Bytes: with(3, int64(math.MinInt64)), Class: corrupt, Says: "time of an entry"},
		{Name: "first_not_seen", Bytes: with(4, uint64(9)), Class: corrupt, Says: "position is 9, want less than 9"},
		{Name: "row_not_seen", Bytes: with(5, uint64(4)), Class: corrupt, Says: "position is 9, want less than 9"},
		{Name: "position_of_a_liar", Bytes: with(4, uint64(1<<62)), Class: corrupt, Says: "position is"},
		{Name: "row_broken", Bytes: with(6, "\x04\x02\x09a\x14"), Class: corrupt, Says: "row: "},
		{Name: "row_too_long", Bytes: with(6, "\x05\x02\x01a\x14\x00"), Class: corrupt, Says: "row: 1 of its 5 bytes are left"},
		{Name: "key_twice", Bytes: entry(append(append([]any{uint64(2)}, whole[1:]...), append(append([]any{}, whole[1:4]...), uint64(6), uint64(0), row)...)...), Class: corrupt, Says: "entry is of key 1, first seen at 6, want another, in order"},
		{Name: "group_before_key", Bytes: entry(append([]any{uint64(2), uint64(32 + 2), 10 * second, uint64(1), uint64(0), row}, whole[1:]...)...), Class: corrupt, Says: "entry is of key 1, first seen at 5, want another, in order"},
		{Name: "tied_with_itself", Bytes: entry(uint64(1), uint64(16+1), key, 10*second, uint64(5), uint64(0), uint64(0), row), Class: corrupt, Says: "position of the row that ties is 0, want positive"},
		{Name: "tied_not_seen", Bytes: entry(uint64(1), uint64(16+1), key, 10*second, uint64(5), uint64(0), uint64(4), row), Class: corrupt, Says: "position is 9, want less than 9"},
	}
	for name, change := range map[string]func(o *dedup.StateOptions[click]){
		"other_ttl":       func(o *dedup.StateOptions[click]) { o.TTL++ },
		"other_refresh":   func(o *dedup.StateOptions[click]) { o.Refresh = dedup.RefreshWrite },
		"other_disorder":  func(o *dedup.StateOptions[click]) { o.Disorder++ },
		"other_tie":       func(o *dedup.StateOptions[click]) { o.Tie = dedup.TieLast },
		"other_order":     func(o *dedup.StateOptions[click]) { o.Order = dedup.OrderWinner },
		"other_names":     func(o *dedup.StateOptions[click]) { o.By[0] = o.By[0].Named("newest") },
		"other_nulls":     func(o *dedup.StateOptions[click]) { o.NullKeys = dedup.NullsDistinct },
		"other_same":      func(o *dedup.StateOptions[click]) { o.Same = func(a, b click) bool { return a == b } },
		"other_tombstone": func(o *dedup.StateOptions[click]) { o.Tombstone = isGone },
	} {
		list = append(list, statetest.Broken{Name: name, Bytes: other(change), Class: conflict, Says: "digest of the configuration"})
	}
	if err := sampleState(t).Restore(bytes.NewReader(entry(whole...))); err != nil {
		t.Fatalf("the entry that the others are made of: %v", err)
	}
	return list
}

func TestState_RestoreRefuses(t *testing.T) { statetest.Refused(t, sampleTarget()) }

func FuzzState_Restore(f *testing.F) { statetest.Fuzz(f, sampleTarget(), *update) }

// The bytes of a snapshot are frozen.
func TestState_SnapshotGolden(t *testing.T) { requireGolden(t, "state_v1", sampleState(t)) }

func requireGolden(t *testing.T, name string, s stream.State) {
	path := filepath.Join("testdata", name+".golden")
	got := fmt.Sprintf("%x\n", snapshotOf(t, s))
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// All counts are in a snapshot, in the order of their declaration.
func TestState_SnapshotHasAllCounts(t *testing.T) {
	require.Equal(t, 13, reflect.TypeFor[dedup.Stats]().NumField(), "a new count needs a place in Stats.counts, and a new version")
}

// Equal states are equal bytes, whatever order the rows came in and whatever was there before.
func TestState_SnapshotIsCanonical(t *testing.T) {
	o := dedup.StateOptions[click]{Options: dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}}}
	var want []byte
	for round := range 20 {
		s := newClicks(t, o)
		clicks := make([]int, 200)
		for i := range clicks {
			clicks[i] = (i*(2*round+1) + round) % len(clicks)
		}
		if round%2 == 0 {
			for i := range 200 {
				_, err := s.Push(click{ID: i + 1000})
				require.NoError(t, err)
			}
			empty := newClicks(t, o)
			require.NoError(t, s.Restore(bytes.NewReader(snapshotOf(t, empty))))
		}
		for _, i := range clicks {
			if (2*round+1)%5 == 0 {
				continue // not a permutation
			}
			_, err := s.PushAt(click{ID: i % 30, Page: fmt.Sprint(i), At: i % 4}, int64(i))
			require.NoError(t, err)
		}
		if (2*round+1)%5 == 0 {
			continue
		}
		if got := snapshotOf(t, s); want == nil {
			want = got
		} else {
			require.Equal(t, want, got)
		}
	}
}

// shut has state that no codec can be compiled for.
type shut struct{ id int }

type shutCodec struct{}

func (shutCodec) Append(dst []byte, v *shut) ([]byte, error) { return append(dst, byte(v.id)), nil }
func (shutCodec) Held(*shut) int64                           { return 0 }
func (shutCodec) Decode(src []byte, v *shut) ([]byte, error) {
	if len(src) == 0 {
		return src, io.ErrUnexpectedEOF
	}
	v.id = int(src[0])
	return src[1:], nil
}

func TestState_UseCodecs(t *testing.T) {
	make := func() *dedup.State[shut, shut] {
		s, err := dedup.New(func(v shut) shut { return v }, dedup.StateOptions[shut]{Hold: true})
		require.NoError(t, err)
		for i := range 3 {
			_, err := s.Push(shut{i})
			require.NoError(t, err)
		}
		return s
	}
	s := make()
	for _, want := range []string{"key type", "row type"} {
		for _, err := range []error{s.Snapshot(io.Discard), s.Restore(bytes.NewReader(nil))} {
			var typed *stream.OptionError
			require.ErrorAs(t, err, &typed)
			require.Equal(t, want, typed.Option)
		}
		if want == "key type" {
			s.UseCodecs(shutCodec{}, nil)
		} else {
			s.UseCodecs(nil, shutCodec{})
		}
	}
	b := snapshotOf(t, s)
	next := make()
	next.UseCodecs(shutCodec{}, shutCodec{})
	require.NoError(t, next.Restore(bytes.NewReader(b)))
	require.Equal(t, b, snapshotOf(t, next))
}

// A panic of the key function finishes the state; one of a writer below is heard.
func TestState_SnapshotWriteErrors(t *testing.T) {
	s := sampleState(t)
	good := snapshotOf(t, s)
	for n := range len(good) {
		require.Error(t, s.Snapshot(&shortWriter{n}), "after %d bytes", n)
	}
	require.Equal(t, good, snapshotOf(t, s))
}

type shortWriter struct{ left int }

func (w *shortWriter) Write(b []byte) (int, error) {
	if len(b) > w.left {
		return w.left, io.ErrShortWrite
	}
	w.left -= len(b)
	return len(b), nil
}

// Restore books what the state holds, and no more, good or not.
func TestState_RestoreBooks(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	good := snapshotOf(t, sampleState(t))
	o := sampleOptions()
	o.Resources.Budget = budget
	s := newClicks(t, o)
	require.NoError(t, s.Restore(bytes.NewReader(good)))
	used := budget.Used()
	require.Positive(t, used)
	require.NoError(t, s.Restore(bytes.NewReader(good)))
	require.Equal(t, used, budget.Used())
	require.Error(t, s.Restore(bytes.NewReader(good[:len(good)-9])))
	require.Equal(t, used, budget.Used())

	o.Resources = stream.Resources{Memory: 100}
	s = newClicks(t, o)
	require.ErrorIs(t, s.Restore(bytes.NewReader(good)), stream.ErrLimit)
	require.Zero(t, s.Stats())
}

// Equal states are equal bytes where positions say nothing, too: rows that share one, in whatever order they came.
func TestState_Snapshot_OfRowsThatShareAPosition(t *testing.T) {
	timed := dedup.StateOptions[click]{Options: dedup.Options[click]{NullKey: isNullClick}, TTL: time.Hour, At: clickAt, Disorder: time.Hour, Hold: true,
		Expired: stream.Discard[click]("nothing expires")}
	for _, o := range []dedup.StateOptions[click]{{Options: dedup.Options[click]{NullKey: isNullClick}, Hold: true}, timed} {
		var want []byte
		var flushedFirst string
		for turn := range 40 {
			s := newClicks(t, o)
			for i := range 40 {
				n := (i*7 + turn) % 40
				_, err := s.PushAt(click{0, strconv.Itoa(n), n / 5}, int64(n%3))
				require.NoError(t, err)
			}
			got := snapshotOf(t, s)
			if turn == 0 {
				want = got
			}
			require.Equal(t, want, got)
			require.Equal(t, want, snapshotOf(t, restored(t, s, newClicks(t, o))))
			var out bytes.Buffer
			require.NoError(t, s.Flush(func(c click) error { _, err := fmt.Fprintln(&out, c); return err }))
			if turn == 0 {
				flushedFirst = out.String()
			}
			require.Equal(t, flushedFirst, out.String())
		}
	}
}
