package stream_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

type tickScans = stream.Scans[tick, float64, []int, []int]

// positionsSoFar emits the positions of the key's events since its state was new, twice where there are many.
func positionsSoFar(list *[]int, e tick, emit func([]int)) {
	*list = append(*list, e.Pos)
	emit(append([]int(nil), *list...))
	if len(*list) > 3 {
		emit(nil)
	}
}

func newTickScans(t require.TestingT, o stream.ScanByOptions[tick]) *tickScans {
	s, err := stream.NewScans(tick.key, positionsSoFar, o)
	require.NoError(t, err)
	return s
}

// Pushing a stream in any chunks, with a snapshot into another process at every cut, emits what one run does, and leaves
// the same bytes. One run is ScanBy.
func TestScans_Law_ChunkedEqualsWhole(t *testing.T) {
	eachCase(t, 1000, func(t require.TestingT, r *rand.Rand) {
		o := stream.ScanByOptions[tick]{At: tick.at, TTL: time.Duration(r.IntN(3) * r.IntN(40)), Disorder: time.Duration(r.IntN(20))}
		events := randomTicks(r, r.Int64N(30), r.IntN(3))
		if r.IntN(2) == 0 { // many keys that come once: the table is tidied
			for i := range events {
				events[i].Key = float64(r.IntN(200))
			}
		}
		var got, want [][]int
		var late, wantLate, operatorLate []stream.Late[tick]
		o.Late = stream.Into(&wantLate)
		whole := newTickScans(t, o)
		o.Late = stream.Into(&operatorLate)
		operator := stream.ScanBy(stream.Of(events...), tick.key, positionsSoFar, o)
		o.Late = stream.Into(&late)
		o.Resources.Memory = int64(r.IntN(2)) << 30 // no part of the configuration
		chunked := newTickScans(t, o)
		advances := r.IntN(2) == 0 // by a watermark from elsewhere, too
		for _, e := range events {
			if r.IntN(4) == 0 {
				b := snapshotOf(t, chunked)
				require.Equal(t, snapshotOf(t, whole), b)
				next := newTickScans(t, o)
				if r.IntN(2) == 0 { // what it held before does not matter
					require.NoError(t, next.Push(tick{Key: 77, T: 5}, stream.Discard[[]int]("thrown away by Restore")))
				}
				require.NoError(t, next.Restore(bytes.NewReader(b)))
				require.Equal(t, b, snapshotOf(t, next), "a snapshot of what was restored is the same bytes")
				require.Equal(t, chunked.Stats(), next.Stats())
				chunked = next
			}
			if advances && r.IntN(6) == 0 {
				to := time.Unix(0, e.T+int64(r.IntN(20)))
				whole.Advance(to)
				chunked.Advance(to)
			}
			require.NoError(t, whole.Push(e, stream.Into(&want)))
			require.NoError(t, chunked.Push(e, stream.Into(&got)))
		}
		require.Equal(t, want, got)
		require.Equal(t, fmt.Sprint(wantLate), fmt.Sprint(late))
		require.Equal(t, whole.Stats(), chunked.Stats())
		require.Equal(t, snapshotOf(t, whole), snapshotOf(t, chunked))
		if !advances {
			emitted, err := stream.Collect(operator)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(emitted), fmt.Sprint(want))
			require.Equal(t, fmt.Sprint(wantLate), fmt.Sprint(operatorLate))
		}
	})
}

// A state that is over by a watermark from elsewhere is found by no element, and is in no snapshot; an element before that
// watermark is late.
func TestScans_Advance(t *testing.T) {
	var late []stream.Late[tick]
	s := newTickScans(t, stream.ScanByOptions[tick]{At: tick.at, TTL: 10, Late: stream.Into(&late)})
	var got [][]int
	push := func(pos int, at int64) { require.NoError(t, s.Push(tick{Key: 1, T: at, Pos: pos}, stream.Into(&got))) }
	push(1, 100)
	s.Advance(time.Unix(0, 109))
	push(2, 109)
	s.Advance(time.Unix(0, 119))
	empty := newTickScans(t, stream.ScanByOptions[tick]{At: tick.at, TTL: 10})
	require.Less(t, len(snapshotOf(t, s)), len(snapshotOf(t, empty))+10, "the state is over")
	push(3, 118)
	s.Advance(time.Unix(0, 0))
	push(4, 120)
	require.Equal(t, [][]int{{1}, {1, 2}, {4}}, got)
	require.Equal(t, []stream.Late[tick]{{Event: tick{Key: 1, T: 118, Pos: 3}, Index: 2, Watermark: time.Unix(0, 119).UTC()}}, late)
	require.Equal(t, stream.WindowStats{In: 4, Counted: 3, Late: 1}, s.Stats())
	watermark, ok := s.Watermark()
	require.True(t, ok)
	require.Equal(t, time.Unix(0, 120).UTC(), watermark)
	_, ok = empty.Watermark()
	require.False(t, ok)

	ageless := newTickScans(t, stream.ScanByOptions[tick]{})
	before := snapshotOf(t, ageless)
	ageless.Advance(time.Unix(1, 0))
	require.Equal(t, before, snapshotOf(t, ageless))
	require.NoError(t, ageless.Push(tick{T: 5}, stream.Into(&got)))
	_, ok = ageless.Watermark()
	require.False(t, ok, "no time is looked at")
	require.Equal(t, stream.WindowStats{In: 1, Counted: 1}, ageless.Stats())
}

// Counts and watermark come back with a snapshot, also into a state that had failed; an element that fails is missing on
// the right side.
func TestScans_Stats(t *testing.T) {
	far := func(v int) time.Time { return time.Unix(int64(v)<<40, 0) }
	s, err := stream.NewScans(func(v int) int { return v }, func(*int, int, func(int)) {}, stream.ScanByOptions[int]{At: far, TTL: 1})
	require.NoError(t, err)
	none := stream.Discard[int]("nothing is emitted")
	require.Zero(t, s.Stats())
	require.NoError(t, s.Push(0, none))
	good := snapshotOf(t, s)
	require.ErrorIs(t, s.Push(1, none), stream.ErrSchema)
	require.Equal(t, stream.WindowStats{In: 2, Counted: 1, OutOfRange: 1}, s.Stats())
	require.NoError(t, s.Restore(bytes.NewReader(good)))
	require.Equal(t, stream.WindowStats{In: 1, Counted: 1}, s.Stats())
	watermark, ok := s.Watermark()
	require.True(t, ok)
	require.Equal(t, time.Unix(0, 0).UTC(), watermark)
}

// An error of the sink ends the call and the state; what is emitted after it is dropped.
func TestScans_SinkError(t *testing.T) {
	s, err := stream.NewScans(func(v int) int { return v }, func(n *int, v int, emit func(int)) { emit(1); emit(2); emit(3) }, stream.ScanByOptions[int]{})
	require.NoError(t, err)
	var got []int
	require.ErrorIs(t, s.Push(7, func(v int) error {
		if got = append(got, v); v == 2 {
			return errBoom
		}
		return nil
	}), errBoom)
	require.Equal(t, []int{1, 2}, got)
	require.ErrorIs(t, s.Push(7, stream.Into(&got)), errBoom)
	require.ErrorIs(t, s.Snapshot(io.Discard), errBoom)
}

func sampleScans(t require.TestingT) *tickScans {
	s := newTickScans(t, stream.ScanByOptions[tick]{At: tick.at, TTL: 10, Disorder: 3, Late: stream.Discard[stream.Late[tick]]("they are counted")})
	for i, e := range []tick{{Key: 3, T: 0}, {Key: 1, T: 9}, {Key: 2, T: 12}, {Key: 3, T: 8}, {Key: 1, T: 11}, {Key: 1, T: 14}} {
		e.Pos = i
		require.NoError(t, s.Push(e, stream.Discard[[]int]("nobody looks")))
	}
	return s
}

func TestScans_SnapshotGolden(t *testing.T) { requireGolden(t, "scans_v1.golden", sampleScans(t)) }

func brokenScans(t require.TestingT) []brokenSnapshot {
	good := snapshotOf(t, sampleScans(t))
	build := builder(good)
	key := func(b byte) string { return "\x08\x00\x00\x00\x00\x00\x00" + string([]byte{b, 0x40}) }
	list := "\x02\x02\x0e" // []int{7}
	other := func(o stream.ScanByOptions[tick]) []byte { return snapshotOf(t, newTickScans(t, o)) }
	return []brokenSnapshot{
		{"cut", good[:len(good)-1], stream.ErrCorrupt, "end of input"},
		{"other_state", snapshotOf(t, sampleTicks(t)), stream.ErrConflict, `kind of state is "windows", want "scans"`},
		{"other_ttl", other(stream.ScanByOptions[tick]{At: tick.at, TTL: 11, Disorder: 3}), stream.ErrConflict, "digest"},
		{"other_disorder", other(stream.ScanByOptions[tick]{At: tick.at, TTL: 10, Disorder: 4}), stream.ErrConflict, "digest"},
		{"empty_payload", reframe(good, nil), stream.ErrCorrupt, "a shortest varint"},
		{"trailing", reframe(good, append(payloadOf(good), 0)), stream.ErrCorrupt, "rest of the payload is 1 bytes or more, want 0"},
		{"elements_overflow", build(int64(5), ^uint64(0)), stream.ErrCorrupt, "number of elements is 18446744073709551615"},
		{"more_keys_than_elements", build(int64(5), uint64(2), uint64(1), uint64(2)), stream.ErrCorrupt, "number of keys is 2, want at most that of elements in time"},
		{"more_late_than_elements", build(int64(5), uint64(1), uint64(2), uint64(0)), stream.ErrCorrupt, "number of late elements is 2, want at most that of elements"},
		{"late_before_a_watermark", build(int64(math.MinInt64), uint64(1), uint64(1), uint64(0)), stream.ErrCorrupt, "and none before a watermark"},
		{"late_overflows", build(int64(5), uint64(1), ^uint64(0)), stream.ErrCorrupt, "number of late elements is 18446744073709551615"},
		{"keys_of_a_liar", build(int64(5), uint64(1<<40), uint64(0), uint64(1<<40)), stream.ErrCorrupt, "a shortest varint"},
		{"is_over", build(int64(5), uint64(1), uint64(0), uint64(1), key(0), int64(-5), list), stream.ErrCorrupt, "want one whose state is not over"},
		{"count_overflows_soon", build(int64(5), uint64(1<<62), uint64(0)), stream.ErrCorrupt, "number of elements is 4611686018427387904, want less"},
		{"latest_in_future", build(int64(5), uint64(1), uint64(0), uint64(1), key(0), int64(9), list), stream.ErrCorrupt, "want one that the watermark has followed"},
		{"latest_at_no_time", build(int64(5), uint64(1), uint64(0), uint64(1), key(0), int64(math.MaxInt64), list), stream.ErrCorrupt, "want one that the watermark has followed"},
		{"key_before_watermark", build(int64(math.MinInt64), uint64(1), uint64(0), uint64(1), key(0), int64(5), list), stream.ErrCorrupt, "want one that the watermark has followed"},
		{"same_key_twice", build(int64(5), uint64(2), uint64(0), uint64(2), key(0), int64(5), list, key(0), int64(5), list), stream.ErrCorrupt, "want another, in order of hash"},
		{"key_short", build(int64(5), uint64(1), uint64(0), uint64(1), "\x02\x00\x00", int64(5), list), stream.ErrCorrupt, "key: rowcodec"},
		{"state_broken", build(int64(5), uint64(1), uint64(0), uint64(1), key(0), int64(5), "\x01\x09"), stream.ErrCorrupt, "state: rowcodec"},
		{"state_cut", build(int64(5), uint64(1), uint64(0), uint64(1), key(0), int64(5)), stream.ErrCorrupt, "a shortest varint"},
	}
}

func TestScans_RestoreRefuses(t *testing.T) {
	requireRefused(t, "Scans.Restore", func() stream.State { return sampleScans(t) }, brokenScans(t))
	ageless := newTickScans(t, stream.ScanByOptions[tick]{})
	bad := builder(snapshotOf(t, ageless))(int64(5), uint64(0), uint64(0), uint64(0))
	require.ErrorContains(t, ageless.Restore(bytes.NewReader(bad)), "watermark is 1970-01-01 00:00:00.000000005 +0000 UTC, want none")
}

// Restore revives a state that had failed; memory is bounded while it runs, and what it books is given back.
func TestScans_RestoreAndMemory(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	o := stream.ScanByOptions[tick]{At: tick.at, TTL: 10, Disorder: 3, Resources: stream.Resources{Budget: budget}}
	s := newTickScans(t, o)
	good := snapshotOf(t, sampleScans(t))
	requireRestoreBooks(t, s, budget, good)
	require.PanicsWithError(t, errBoom.Error(), func() { _ = s.Push(tick{T: 14}, func([]int) error { panic(errBoom) }) })
	require.Zero(t, budget.Used())
	require.ErrorContains(t, s.Push(tick{T: 14}, stream.Discard[[]int]("nobody looks")), "stream: Scans: the call before it did not return")
	require.NoError(t, s.Restore(bytes.NewReader(good)))
	require.Equal(t, good, snapshotOf(t, s))

	o.Resources = stream.Resources{Memory: 100}
	s = newTickScans(t, o)
	require.ErrorIs(t, s.Restore(bytes.NewReader(good)), stream.ErrLimit)
}

func TestScans_UseCodecs(t *testing.T) {
	s, err := stream.NewScans(func(v int) odd { return odd{v % 2} }, func(n *odd, v int, emit func(int)) { n.n += v; emit(n.n) }, stream.ScanByOptions[int]{})
	require.NoError(t, err)
	requireCodecs(t, s, []string{"key type", "state type"}, func(i int) {
		s.UseCodecs([]stream.Codec[odd]{oddCodec{}, nil}[i], []stream.Codec[odd]{nil, oddCodec{}}[i])
	})
	var sums []int
	for i := range 6 {
		require.NoError(t, s.Push(i, stream.Into(&sums)))
		b := snapshotOf(t, s)
		require.NoError(t, s.Restore(bytes.NewReader(b)))
		require.Equal(t, b, snapshotOf(t, s))
	}
	require.Equal(t, []int{0, 1, 2, 4, 6, 9}, sums)
}

func FuzzScans_Restore(f *testing.F) {
	fuzzRestore(f, "FuzzScans_Restore", func(t require.TestingT) stream.State { return sampleScans(t) }, brokenScans, func(t require.TestingT, s stream.State) {
		require.NoError(t, s.(*tickScans).Push(tick{Key: 1, T: 20}, stream.Discard[[]int]("nobody looks")))
	})
}
